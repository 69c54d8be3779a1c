"""What was read twice counts once; corrections keep what was known before."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_events import (
    FIRST_DAY,
    FOREVER,
    MERGES,
    Event,
    all_events,
    build_tiles,
    event_table,
    everything,
)

from features.store.histories import read, write


def append(folder, *batches, buckets=2, compact_every=0):
    """Append batches, each in a generation of its own; what became of them."""
    results = []
    for number, batch in enumerate(batches, 1):
        with write(folder, buckets=buckets) as draft:
            results.append(draft.append("orders", event_table(batch), build_tiles, MERGES))
            if compact_every and number % compact_every == 0:
                draft.compact(whole=number % 2 == 0)
            draft.publish()
    return results


def versions(folder):
    """(amount, known from, known to) of every stored version; days since the first."""
    far = (FOREVER - FIRST_DAY).days
    found = [
        (row["amount"], (row["known_from"] - FIRST_DAY).days, (row["known_to"] - FIRST_DAY).days)
        for row in all_events(read(folder))
    ]
    return sorted(
        (amount, since, None if until == far else until) for amount, since, until in found
    )


def test_reading_the_same_file_twice_changes_nothing(tmp_path):
    batch = [Event(f"c{number}", number, id=f"e{number}") for number in range(50)]
    append(tmp_path, batch)
    before = read(tmp_path).name
    (again,) = append(tmp_path, batch)
    assert (again.accepted_count, again.duplicate_positions.tolist()) == (0, list(range(50)))
    assert read(tmp_path).name == before


def test_overlapping_files_give_their_exact_union(tmp_path):
    days = [Event(f"c{day % 7}", day, day) for day in range(60)]
    first, second = append(tmp_path, days[:40], days[20:])
    assert (first.accepted_count, second.accepted_count) == (40, 20)
    assert second.duplicate_positions.tolist() == list(range(20))
    assert len(all_events(read(tmp_path))) == 60


def test_the_first_of_equal_rows_of_a_batch_is_stored(tmp_path):
    batch = [Event(amount=1), Event(amount=2), Event(amount=1), Event(amount=1)]
    (appended,) = append(tmp_path, batch)
    assert appended.duplicate_positions.tolist() == [2, 3]
    assert versions(tmp_path) == [(1, 0, None), (2, 0, None)]


@pytest.mark.parametrize("compact_every", [0, 1])
def test_a_later_version_corrects_and_both_are_kept(tmp_path, compact_every):
    batches = [Event(amount=10, known=1, id="e")], [Event(amount=20, known=5, id="e")]
    first, second = append(tmp_path, *batches, compact_every=compact_every)
    assert (first.correction_count, first.changed_customers) == (0, ())
    assert (second.accepted_count, second.correction_count) == (1, 1)
    assert second.changed_customers == ("ada",)
    assert versions(tmp_path) == [(10, 1, 5), (20, 5, None)]


def test_a_correction_may_move_an_event_to_another_day(tmp_path):
    append(tmp_path, [Event(day=900, id="e")], [Event(day=3, known=1, id="e")])
    days = [(row["day"] - FIRST_DAY).days for row in all_events(read(tmp_path))]
    assert sorted(days) == [3, 900]


@pytest.mark.parametrize("known", [0, 5])
def test_another_content_that_is_not_known_later_contradicts(tmp_path, known):
    batch = [Event(id="new"), Event(amount=20, known=known, id="e")]
    _, second = append(tmp_path, [Event(amount=10, known=5, id="e")], batch)
    assert (second.accepted_count, second.conflict_positions.tolist()) == (1, [1])
    assert (20, known, None) not in versions(tmp_path)


def test_an_old_file_read_after_its_correction_is_a_duplicate(tmp_path):
    old, new = [Event(amount=10, known=1, id="e")], [Event(amount=20, known=5, id="e")]
    *_, again = append(tmp_path, old, new, old)
    assert again.duplicate_positions.tolist() == [0]
    assert versions(tmp_path) == [(10, 1, 5), (20, 5, None)]


def test_corrections_within_a_batch_are_chained_whatever_their_order(tmp_path):
    batch = [Event(amount=amount, known=amount, id="e") for amount in (7, 3, 5, 5)]
    (appended,) = append(tmp_path, [*batch, Event(amount=99, known=5, id="e")])
    assert (appended.accepted_count, appended.correction_count) == (3, 2)
    assert appended.duplicate_positions.tolist() == [3]
    assert appended.conflict_positions.tolist() == [4]
    assert versions(tmp_path) == [(3, 3, 5), (5, 5, 7), (7, 7, None)]


def test_many_versions_of_one_event_are_all_known(tmp_path):
    # More than a block of the list of keys holds.
    batch = [Event(amount=number, known=number, id="e") for number in range(300)]
    _, again = append(tmp_path, batch, batch)
    assert len(again.duplicate_positions) == 300


def test_events_of_two_tables_do_not_meet(tmp_path):
    with write(tmp_path) as draft:
        for table in ("orders", "visits"):
            appended = draft.append(table, event_table([Event(id="e")]), build_tiles, MERGES)
            assert appended.accepted_count == 1
        draft.publish()
    assert read(tmp_path).tables() == ["orders", "visits"]
    assert read(tmp_path).tiles_of("ada")["orders"]["events"].to_pylist() == [2]


def test_columns_are_read_alone(tmp_path):
    append(tmp_path, [Event(amount=2, day=1), Event(amount=1)], buckets=1)
    assert read(tmp_path).read_events("orders", 0, ["amount"]).to_pydict() == {"amount": [1, 2]}


names = st.sampled_from(["ada", "bob", "cyd", "dan", "eve"])
lists_of_events = st.lists(
    st.builds(Event, customer=names, day=st.integers(0, 3), amount=st.integers(-3, 3)),
    min_size=1,
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(events=lists_of_events, cuts=st.lists(st.integers(0, 25), max_size=4), data=st.data())
def test_the_same_is_stored_however_events_are_split_and_ordered(
    tmp_path_factory, events, cuts, data
):
    shuffled = data.draw(st.permutations(events))
    bounds = sorted(min(cut, len(events)) for cut in cuts)
    pieces = [shuffled[a:b] for a, b in zip([0, *bounds], [*bounds, len(events)], strict=True)]
    at_once, split = tmp_path_factory.mktemp("at_once"), tmp_path_factory.mktemp("split")
    append(at_once, events)
    append(split, *pieces, *pieces[:2], compact_every=data.draw(st.integers(0, 3)))
    assert everything(at_once) == everything(split)


@settings(max_examples=25, deadline=None)
@given(
    events=st.lists(
        st.builds(
            Event,
            customer=names,
            day=st.integers(0, 3),
            amount=st.integers(0, 3),
            known=st.integers(0, 6),
            id=st.sampled_from(["1", "2", "3"]),
        ),
        min_size=1,
        max_size=25,
    ),
    compact_every=st.integers(0, 3),
)
def test_tiles_follow_corrections_as_if_they_were_made_from_all_events(
    tmp_path_factory, events, compact_every
):
    # Versions in the order in which they became known, as a nightly export brings them.
    folder = tmp_path_factory.mktemp("corrected")
    nights = [[one for one in events if one.known == night] for night in range(7)]
    append(folder, *nights, compact_every=compact_every)
    followed = everything(folder)
    with write(folder) as draft:
        draft.rebuild_tiles(build_tiles, MERGES)
        draft.publish()
    assert everything(folder) == followed
    assert_one_version_at_a_time(followed[0])


def assert_one_version_at_a_time(events):
    """On any day at most one version of an event is known."""
    for day in range(8):
        known = FIRST_DAY + timedelta(day)
        keys = [
            (row["key_0"], row["key_1"])
            for row in events
            if row["known_from"] <= known < row["known_to"]
        ]
        assert len(keys) == len(set(keys))
