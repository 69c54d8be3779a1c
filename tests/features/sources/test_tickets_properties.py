"""Whatever the rows of tickets and their order: the account adds up, nothing leaks, nothing doubles."""

import random
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.contracts import FOREVER
from features.schema import TICKETS

HEADER = "number,customer_id,timestamp,arrived,closed,stars\n"
COLUMNS = {"event_id": "number", "closed_at": "closed", "score": "stars", "arrived_at": "arrived"}
FIRST = date(2026, 1, 1)
DAYS = [(FIRST + timedelta(days=n)).isoformat() for n in range(6)]

good_rows = st.tuples(
    st.sampled_from(["t1", "t2", "t3", ""]),
    st.sampled_from(["ada", "bob"]),
    st.just(DAYS[0]),
    st.sampled_from(["", *DAYS]),
    st.sampled_from(["", *DAYS]),
    st.sampled_from(["", "4", "4.0", "5"]),
)
bad_rows = st.tuples(
    st.sampled_from(["t1", ""]),
    st.sampled_from(["", "ada"]),
    st.sampled_from(["soon", "03/04/2026", DAYS[3]]),
    st.sampled_from(["", "never", "2031-01-01"]),
    st.sampled_from(["", DAYS[0], "2031-01-01"]),
    st.sampled_from(["", "NaN", "1e99"]),
)
some_rows = st.lists(good_rows | bad_rows, max_size=12)
property_test = settings(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)


def lines(rows: list[tuple[str, ...]]) -> str:
    return "".join(",".join(row) + "\n" for row in rows)


def tickets(read, rows, **keys):
    return read(HEADER + lines(rows), table=TICKETS, columns=COLUMNS, **keys)


def as_told(reading) -> list[tuple[str, str]]:
    pairs = zip(reading.rows.to_pylist(), reading.keys.to_pylist(), strict=True)
    return sorted((str(row), str(key)) for row, key in pairs)


@given(rows=some_rows)
@property_test
def test_every_row_is_accounted_for_once(read, rows):
    reading = tickets(read, rows)
    judged = (
        reading.account.accepted_count
        + reading.account.duplicate_count
        + reading.account.refused_count
    )
    assert reading.account.read_count == judged == len(rows)
    refused = reading.refused["row"].to_pylist()
    assert refused == sorted(set(refused))


@given(rows=some_rows, seed=st.integers(0, 9))
@property_test
def test_shuffling_rows_changes_no_event(read, rows, seed):
    shuffled = random.Random(seed).sample(rows, len(rows))
    first, second = tickets(read, rows), tickets(read, shuffled)
    assert as_told(first) == as_told(second)
    assert first.account.refused_by_code == second.account.refused_by_code


@given(rows=some_rows)
@property_test
def test_rows_sent_twice_change_no_event(read, rows):
    # Rows of one id that contradict each other are refused, once or twice.
    assert as_told(tickets(read, rows)) == as_told(tickets(read, rows + rows))


@given(rows=some_rows, later=st.lists(good_rows, max_size=4), cutoff=st.sampled_from(DAYS[1:]))
@property_test
def test_rows_that_arrive_later_change_nothing_that_was_known(read, rows, later, cutoff):
    arriving = [(*row[:3], cutoff, *row[4:]) for row in later]
    before = date.fromisoformat(cutoff)
    known = as_told(tickets(read, rows, before=before))
    assert as_told(tickets(read, rows + arriving, before=before)) == known


@given(rows=st.lists(good_rows, max_size=12), cutoff=st.sampled_from(DAYS[1:]))
@property_test
def test_an_end_that_has_not_come_yet_tells_nothing(read, rows, cutoff):
    still_open = [row if row[4] < cutoff else (*row[:4], "", "") for row in rows]
    before = date.fromisoformat(cutoff)
    first, second = (tickets(read, part, before=before) for part in (rows, still_open))
    assert as_told(first) == as_told(second)


@given(rows=st.lists(good_rows, max_size=12))
@property_test
def test_of_one_event_one_version_holds_at_a_time(read, rows):
    reading = tickets(read, rows)
    held: dict[tuple[int, int], list[tuple[date, date]]] = {}
    for row, key in zip(reading.rows.to_pylist(), reading.keys.to_pylist(), strict=True):
        held.setdefault((key["key_0"], key["key_1"]), []).append(
            (row["known_from"], row["known_to"])
        )
    for every in held.values():
        assert all(start <= end for start, end in every)
        spans = sorted(span for span in every if span[0] < span[1])
        assert all(end == start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))
        assert spans[-1][1] == FOREVER
