"""Of an erased customer no byte is left, and nobody else is touched."""

import pytest
from stored_events import MERGES, Event, build_tiles, event_table, everything, whole_files

from features.store.histories import read, write

MARKER = "marker-5e1f"


def fill(folder, *, compacted):
    """A store with a customer in old files, in deltas, and in deltas whose rows have moved."""
    others = [
        Event(f"c{number % 50}", number % 9, number, id=f"e{number}") for number in range(300)
    ]
    hers = [Event(MARKER, day, day, id=f"m{day}") for day in range(9)]
    corrected = [Event(MARKER, 1, 77, known=4, id="m1")]
    for batch in (
        others[:100] + hers[:4],
        others[100:200] + hers[4:7],
        corrected,
        others[200:] + hers[7:],
    ):
        with write(folder, buckets=4) as draft:
            draft.append("orders", event_table(batch), build_tiles, MERGES)
            if compacted:
                draft.compact()
            draft.publish()
    # A killed writer's left-over.
    with write(folder) as draft:
        draft.append("orders", event_table([Event(MARKER, 55)]), build_tiles, MERGES)


def holding(folder, customer_id):
    """Files that hold the id, compressed pages apart."""
    return [
        path for path in whole_files(folder) if customer_id.encode() in (folder / path).read_bytes()
    ]


@pytest.mark.parametrize("compacted", [False, True])
def test_no_byte_of_an_erased_customer_is_left(tmp_path, compacted):
    fill(tmp_path, compacted=compacted)
    assert len(holding(tmp_path, MARKER)) > 3
    others = [
        [row for row in rows if row["customer_id"] != MARKER] for rows in everything(tmp_path)
    ]
    old = set(whole_files(tmp_path))
    with write(tmp_path) as draft:
        removed = draft.erase([MARKER, "nobody"])
        draft.publish()
    assert removed == {"events.orders": 10, "tiles.orders.orders": 10, "tiles.orders.products": 10}
    assert holding(tmp_path, MARKER) == []
    assert list(everything(tmp_path)) == others
    assert not any(name.startswith("aside") for name in whole_files(tmp_path))
    assert len(list((tmp_path / "manifests").iterdir())) == 1
    assert old - set(whole_files(tmp_path))
    lists = [path.stem for path in tmp_path.glob("files/keys.orders/*")]
    assert sorted(lists) == sorted(path.stem for path in tmp_path.glob("files/events.orders/*"))


def test_her_identities_are_forgotten_too(tmp_path):
    fill(tmp_path, compacted=False)
    with write(tmp_path) as draft:
        draft.erase([MARKER])
        again = draft.append(
            "orders", event_table([Event(MARKER, 8, 8, id="m8")]), build_tiles, MERGES
        )
    assert again.accepted_count == 1


def test_erasing_twice_changes_nothing(tmp_path):
    fill(tmp_path, compacted=False)
    names = []
    for _ in range(2):
        with write(tmp_path) as draft:
            removed = draft.erase([MARKER])
            names.append(draft.publish())
    assert removed == {}
    assert names[0] == names[1]


def test_deltas_that_are_alike_lose_her_and_nothing_else(tmp_path):
    with write(tmp_path) as draft:
        for night in "123":
            batch = [Event("ada", id=night), Event(MARKER, id=night)]
            draft.append("orders", event_table(batch), build_tiles, MERGES)
        assert draft.erase([MARKER])["tiles.orders.orders"] == 3
        draft.publish()
    assert read(tmp_path).tiles_of("ada")["orders"]["events"].to_pylist() == [3]
    assert holding(tmp_path, MARKER) == []


def test_an_id_that_begins_alike_stays(tmp_path):
    with write(tmp_path) as draft:
        draft.append("orders", event_table([Event("c1"), Event("c10")]), build_tiles, MERGES)
        draft.erase(["c1"])
        draft.publish()
    assert read(tmp_path).tiles_of("c10")["orders"].num_rows == 1
    assert read(tmp_path).tiles_of("c1")["orders"].num_rows == 0


def test_the_last_customer_can_be_erased(tmp_path):
    with write(tmp_path) as draft:
        draft.append("orders", event_table([Event()]), build_tiles, MERGES)
        draft.publish()
    with write(tmp_path) as draft:
        draft.erase(["ada"])
        draft.publish()
    assert read(tmp_path).tiles_of("ada") == {}
    assert [path for path in whole_files(tmp_path) if path.startswith("files")] == []
