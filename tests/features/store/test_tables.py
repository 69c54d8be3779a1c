"""Customers are spread over buckets alike in Python, Arrow and SQL; damage is noticed."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stored_events import CONNECTION, Event, build_tiles, event_table

from features.errors import DamagedStore, DataError, SettingsError
from features.store.histories import read, write
from features.store.tables import bucket_numbers, bucket_of, bucket_sql

ids = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
)


@settings(deadline=None)
@given(ids=ids, buckets=st.sampled_from([1, 2, 64, 256]))
def test_python_arrow_and_sql_agree_on_the_bucket(ids, buckets):
    expected = [bucket_of(customer_id, buckets) for customer_id in ids]
    column = pa.chunked_array([pa.array(ids, pa.string())])
    assert bucket_numbers(column, buckets).tolist() == expected
    with CONNECTION.cursor() as connection:
        connection.register("customers", pa.table({"customer_id": column}))
        sql = f"SELECT {bucket_sql(buckets)} FROM customers"
        assert [row[0] for row in connection.sql(sql).fetchall()] == expected


@pytest.mark.parametrize("buckets", [0, 3, 512])
def test_a_number_of_buckets_that_is_no_power_of_two_is_refused(tmp_path, buckets):
    with (
        pytest.raises(SettingsError, match="power of two up to 256"),
        write(tmp_path, buckets=buckets),
    ):
        pass


@pytest.fixture
def stored(tmp_path):
    events = [
        Event(f"c{number % 40}", number % 30, number, id=f"e{number}") for number in range(900)
    ]
    with write(tmp_path, buckets=4) as draft:
        draft.append("orders", event_table(events[:600]), build_tiles)
        draft.compact()
        draft.append("orders", event_table(events[600:]), build_tiles)
        draft.publish()
    return tmp_path


def read_all(folder):
    stored = read(folder)
    for bucket in stored.buckets():
        stored.read_events("orders", bucket)
        for family in stored.families():
            stored.read_tiles(family, bucket)


def flip(path, place):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_flipped_bit_in_any_file_is_noticed_and_named(stored):
    paths = [*stored.glob("*/*/*.parquet"), *stored.glob("manifests/*")]
    assert len(paths) > 12
    for path in paths:
        flip(path, path.stat().st_size // 2)
        with pytest.raises(DamagedStore, match=rf"{path.name}.*regulars train"):
            read_all(stored)
        flip(path, path.stat().st_size // 2)
    read_all(stored)


def test_a_flipped_bit_in_a_list_of_keys_is_noticed_before_it_hides_a_duplicate(stored):
    # 900 events with ids are looked up again: every block of every list is touched.
    events = [
        Event(f"c{number % 40}", number % 30, number, id=f"e{number}") for number in range(900)
    ]
    for path in stored.glob("files/keys.orders/*"):
        for place in range(3, path.stat().st_size, 997):
            flip(path, place)
            with (
                pytest.raises(DamagedStore, match=rf"{path.name}.*regulars train"),
                write(stored) as draft,
            ):
                draft.append("orders", event_table(events), build_tiles)
            flip(path, place)
    with write(stored) as draft:
        appended = draft.append("orders", event_table(events), build_tiles)
    assert len(appended.duplicate_positions) == 900


def test_a_truncated_file_is_noticed(stored):
    path = next(stored.glob("files/keys.orders/*"))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedStore, match=path.name), write(stored) as draft:
        draft.append(
            "orders", event_table([Event(f"c{n}", id=str(n)) for n in range(99)]), build_tiles
        )


def test_an_empty_pointer_is_damage_and_not_a_new_store(stored):
    (stored / "current").write_text("")
    with pytest.raises(DamagedStore, match="current is empty"), write(stored):
        pass
    assert len(list(stored.glob("files/*/*"))) > 12


def test_a_store_that_cannot_be_trusted_is_replaced_by_starting_afresh(stored):
    flip(stored / "current", 0)
    with pytest.raises(DamagedStore, match="regulars train"):
        read(stored)
    with pytest.raises(DamagedStore, match="regulars train"), write(stored):
        pass
    flip(stored / "current", 0)
    read_all(stored)  # a refused writer has removed nothing
    flip(stored / "current", 0)
    with write(stored, buckets=2, fresh=True) as draft:
        draft.append("orders", event_table([Event("zoe")]), build_tiles)
        draft.publish()
    assert set(read(stored).tiles_of("zoe")) == {"orders", "products"}
    assert len(read(stored).buckets()) == 2


def test_asking_for_what_is_not_stored_says_what_is(stored):
    with pytest.raises(DataError, match="hold no visits; they hold orders, products"):
        read(stored).read_tiles("visits", 0)
    with pytest.raises(DataError, match=r"hold no events\.visits; they hold events\.orders"):
        read(stored).read_events("visits", 0)
