"""Another world differs where it should, and what was known at the cutoff is the same."""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from events import CUTOFF, events_of

from features.contracts import FOREVER
from training.verification import worlds


@pytest.fixture
def events():
    """Five orders before the cutoff, one on it, one after; one came late, one was corrected late."""
    after = CUTOFF + timedelta(days=3)
    rows = [{"age": age, "event_id": str(age)} for age in (50, 40, 30, 0, -5)]
    rows.append({"age": 20, "event_id": "late", "known_from": after})
    rows.append({"age": 10, "event_id": "twice", "known_to": after})
    rows.append({"age": 10, "event_id": "twice", "known_from": after, "amount_minor": 7})
    return events_of(orders=rows, visits=[{"age": 9}, {"age": -1}])


def rng():
    return np.random.default_rng(1)


def known_then(changed):
    """What was known at the start of the cutoff, in the version that held."""
    told = {}
    for name, rows in changed.items():
        known = pc.and_(pc.less(rows["day"], CUTOFF), pc.less(rows["known_from"], CUTOFF))
        held = rows.filter(pc.and_(known, pc.greater_equal(rows["known_to"], CUTOFF)))
        kept = held.drop_columns(["known_to"]).to_pylist()
        told[name] = sorted(kept, key=lambda row: (row["day"], str(row["event_id"])))
    return told


def test_without_a_future_nothing_is_left_from_the_cutoff_on(events):
    changed = worlds.future_deleted(events, CUTOFF)
    assert changed.count == 3
    assert max(pc.max(rows["day"]).as_py() for rows in changed.events.values()) < CUTOFF


@pytest.mark.parametrize(
    "change",
    [worlds.future_altered, worlds.future_added, worlds.late_replaced, worlds.corrected_later],
)
def test_what_was_known_at_the_cutoff_stays_in_every_other_world(events, change):
    changed = change(events, CUTOFF, rng())
    assert changed.count > 0
    assert known_then(changed.events) == known_then(events)
    assert {n: rows.to_pylist() for n, rows in changed.events.items()} != {
        n: rows.to_pylist() for n, rows in events.items()
    }


def test_an_altered_future_keeps_its_days(events):
    changed = worlds.future_altered(events, CUTOFF, rng()).events["orders"]
    assert sorted(changed["day"].to_pylist()) == sorted(events["orders"]["day"].to_pylist())
    assert pc.max(changed["amount_minor"]).as_py() == 3000


def test_something_is_added_on_the_very_day_of_the_cutoff(events):
    many = {name: pa.concat_tables([rows] * 20) for name, rows in events.items()}
    added = worlds.future_added(many, CUTOFF, rng()).events["orders"]
    before = pc.sum(pc.equal(many["orders"]["day"], CUTOFF)).as_py()
    assert pc.sum(pc.equal(added["day"], CUTOFF)).as_py() > before


def test_the_businesss_own_late_rows_are_removed_and_others_come(events):
    changed = worlds.late_replaced(events, CUTOFF, rng())
    late_count = 0
    for rows in changed.events.values():
        late = pc.and_(pc.less(rows["day"], CUTOFF), pc.greater_equal(rows["known_from"], CUTOFF))
        late_count += pc.sum(late).as_py()
    assert late_count > 0
    assert changed.count == 2 + late_count


def test_a_table_without_identities_is_not_corrected(events):
    changed = worlds.corrected_later(events, CUTOFF, rng()).events
    assert changed["visits"].equals(events["visits"])
    orders = changed["orders"]
    assert pc.any(pc.less(orders["known_to"], FOREVER)).as_py()
    assert pc.min(orders["day"]) == pc.min(events["orders"]["day"])


def test_a_shifted_calendar_moves_every_day_but_the_end_of_time():
    events = events_of(orders=[{"age": 5, "known_to": CUTOFF}], subscriptions=[{"age": 5}])
    moved = worlds.shifted(events, 2).events
    week = timedelta(days=14)
    (order,), (subscription,) = (moved[name].to_pylist() for name in ("orders", "subscriptions"))
    (was,) = events["subscriptions"].to_pylist()
    assert order["known_to"] == CUTOFF + week
    assert subscription["known_to"] == date(9999, 12, 31)
    assert subscription["day"] == was["day"] + week
    assert subscription["occurred_at"] == was["occurred_at"] + week
    assert subscription["started_day"] == was["started_day"] + 14


def test_who_is_renamed_keeps_every_row(events):
    changed = worlds.renamed(events, {"ada": "bob"}, rng()).events["orders"]
    assert set(changed["customer_id"].to_pylist()) == {"bob"}
    assert sorted(changed["day"].to_pylist()) == sorted(events["orders"]["day"].to_pylist())
