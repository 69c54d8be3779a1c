"""Tiles merge by their columns' own rule, and are read by bucket or by customer."""

from datetime import date

import pyarrow as pa
import pytest
from stored_events import FIRST_DAY, MERGES, Event, all_tiles, build_tiles, event_table

from features.store.histories import read, write
from features.store.tiles import merged


def stored(folder, *batches):
    with write(folder, buckets=4) as draft:
        for batch in batches:
            draft.append("orders", event_table(batch), build_tiles, MERGES)
        draft.publish({"currency": "USD"})
    return read(folder)


def test_tiles_of_one_day_merge_each_column_by_its_rule(tmp_path):
    (tile,) = all_tiles(stored(tmp_path, [Event(amount=3)], [Event(amount=11)]), "orders")
    found = [tile[name] for name in ("events", "total", "largest", "smallest", "kinds")]
    assert found == [2, 14, 11, 3, 0b1010]


def test_tiles_are_sorted_by_customer_value_and_day(tmp_path):
    events = [Event(f"c{n % 5}", n % 3, product=p) for n in range(30) for p in ("tea", None, "ink")]
    found = stored(tmp_path, events[::2], events[1::2])
    tiles = [found.read_tiles("products", bucket).to_pylist() for bucket in found.buckets()]
    # No value sorts before any.
    keys = [[(t["customer_id"], t["value"] or "", t["day"]) for t in bucket] for bucket in tiles]
    assert keys == [sorted(set(bucket)) for bucket in keys]
    assert sum(map(len, keys)) == 5 * 3 * 3


def test_one_customers_tiles_are_those_of_her_bucket(tmp_path):
    events = [Event(f"c{n % 9}", n) for n in range(90)]
    found = stored(tmp_path, events[:50], events[50:])
    every = all_tiles(found, "orders")
    for customer in ("c0", "c7"):
        alone = found.tiles_of(customer)["orders"].to_pylist()
        assert len(alone) == 10
        assert alone == [tile for tile in every if tile["customer_id"] == customer]
    assert found.tiles_of("nobody")["orders"].num_rows == 0


def test_facts_are_kept_until_others_are_told(tmp_path):
    stored(tmp_path, [Event()])
    with write(tmp_path) as draft:
        draft.append("orders", event_table([Event("bob")]), build_tiles)
        draft.publish()
    assert read(tmp_path).facts == {"currency": "USD"}
    with write(tmp_path) as draft:
        draft.publish({"currency": "EUR"})
    assert read(tmp_path).facts == {"currency": "EUR"}


def test_tiles_can_be_made_again_by_another_rule(tmp_path):
    stored(tmp_path, [Event(amount=3)], [Event(amount=4)])

    def counted(table, events):
        days = events.group_by(["customer_id", "day", "known_from", "known_to"])
        return {"days": days.aggregate([([], "count_all")])}

    with write(tmp_path) as draft:
        draft.rebuild_tiles(counted)
        draft.publish()
    assert read(tmp_path).families() == ["days"]
    assert [tile["count_all"] for tile in all_tiles(read(tmp_path), "days")] == [2]


@pytest.mark.parametrize("far", [date(9999, 12, 31), date(1, 1, 1)])
def test_days_at_the_ends_of_the_calendar_are_told_apart(far):
    days = [FIRST_DAY, far, far, FIRST_DAY]
    tiles = pa.table(
        {
            "customer_id": ["b", "a", "b", "b"],
            "day": days,
            "known_from": days,
            "known_to": days,
            "events": [1, 2, 3, 4],
        }
    )
    found = merged(tiles, {}).select(["customer_id", "day", "events"]).to_pylist()
    expected = sorted([("a", far, 2), ("b", far, 3), ("b", FIRST_DAY, 5)])
    assert [tuple(row.values()) for row in found] == expected
