"""Whatever the rows and their order, the account of a reading adds up and totals stay."""

import random
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.errors import UnreadableFile

HEADER = "customer_id,timestamp,amount\n"
GOOD = "ada,2026-01-02,10.50\n"

rows = st.lists(
    st.tuples(
        st.sampled_from(["ada", "bob", "", "-", "cyd "]),
        st.sampled_from(["2026-01-02", "2026-05-01T10:00", "03/04/2026", "2030-01-01", "soon"]),
        st.sampled_from(["10.50", "-1", "0", "ten", "0.333"]),
    ),
    max_size=30,
)
property_test = settings(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)


@given(rows=rows, seed=st.integers(0, 9))
@property_test
def test_shuffling_rows_changes_no_total(read, rows, seed):
    lines = [",".join(row) for row in rows]
    shuffled = random.Random(seed).sample(lines, len(lines))
    first, second = (read(HEADER + "\n".join(part)) for part in (lines, shuffled))
    assert first.account.refused_by_code == second.account.refused_by_code
    assert first.account.duplicate_count == second.account.duplicate_count
    assert sorted(map(str, first.rows.to_pylist())) == sorted(map(str, second.rows.to_pylist()))


@given(rows=rows)
@property_test
def test_rows_sent_twice_change_no_order(read, rows):
    lines = "".join(",".join(row) + "\n" for row in rows)
    once, twice = read(HEADER + lines), read(HEADER + lines + lines)
    assert twice.rows.equals(once.rows)
    assert twice.account.refused_share == pytest.approx(once.account.refused_share)


hostile = st.text(st.sampled_from('az09.,;-+:/ TZe"\n\r\0\ud7ffé€\u200d'), max_size=60)


@given(body=hostile, bits=st.binary(max_size=40), lines=st.lists(hostile, max_size=4))
@settings(property_test, max_examples=40)
def test_whatever_stands_in_the_rows_the_account_adds_up(read, body, bits, lines):
    fields = ["12345678901234567890", "9" * 19, *lines, body]
    rows = "\n".join(f"{text},{text},{text}" for text in fields)
    for keys in ({}, {"timestamp_format": "epoch-seconds"}, {"timestamp_format": "%d/%m/%Y"}):
        with suppress(UnreadableFile):  # much junk is no text at all
            reading = read((HEADER + GOOD + rows + "\n").encode() + bits, **keys)
            judged = (
                reading.account.accepted_count
                + reading.account.duplicate_count
                + reading.account.refused_count
            )
            assert reading.account.read_count == judged
