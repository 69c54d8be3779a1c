"""Accounts of parts of a source add up to the account of the whole, and are kept as they are."""

import json
from datetime import date

import pytest

from features.account import NO_CUSTOMER_ID, Account, Note
from features.errors import DataError

JANUARY = Account(
    read_count=10,
    accepted_count=6,
    duplicate_count=1,
    event_count=6,
    refused_by_code={"amount": 1, "future": 2},
    notes=(Note("files were read.", 1), Note("empty lines were passed over.", 2, ("a.csv",))),
    same_from=date(2026, 1, 31),
    same_until=date(2026, 3, 1),
)
FEBRUARY = Account(
    read_count=5,
    accepted_count=3,
    duplicate_count=0,
    event_count=4,
    refused_by_code={"amount": 1, NO_CUSTOMER_ID: 1},
    notes=(Note("files were read.", 1), Note("empty lines were passed over.", 1, ("b.csv",))),
    same_from=date(2026, 2, 28),
)


def test_an_account_that_does_not_add_up_is_refused():
    with pytest.raises(DataError, match="3 rows were read but 1 accepted, 1 duplicate and 0"):
        Account(3, 1, 1, 1)


def test_two_parts_add_up_and_every_note_is_told_once():
    both = JANUARY.plus(FEBRUARY)
    assert both.summary() == (
        "15 rows read: 9 accepted, 1 duplicate, 5 refused (of which 1 without a customer id); "
        "they became 10 events"
    )
    assert both.broken_by_code() == {"amount": 2, "future": 2}
    assert both.sentences() == [
        "2 files were read.",
        "a.csv, b.csv: 3 empty lines were passed over.",
    ]


def test_both_parts_are_the_same_only_on_days_on_which_each_is():
    both = JANUARY.plus(FEBRUARY)
    days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
    assert [both.is_same_on(day) for day in days] == [False, True, False]
    assert FEBRUARY.is_same_on(date(2100, 1, 1))


def test_rows_that_repeat_another_part_are_duplicates_of_the_whole():
    assert FEBRUARY.repeating(2).summary().startswith("5 rows read: 1 accepted, 2 duplicate")


def test_an_account_is_read_back_from_json_as_it_was():
    for account in (JANUARY, FEBRUARY):
        assert Account.from_dict(json.loads(json.dumps(account.to_dict()))) == account


def test_a_note_names_three_files_and_counts_the_others():
    note = Note("empty lines were passed over.", 1200, ("a", "b", "c", "d", "e"))
    assert note.sentence == "a, b, c and 2 more: 1,200 empty lines were passed over."
