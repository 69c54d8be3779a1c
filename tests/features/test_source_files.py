"""Files that were read before are read again only if something says that it would matter.

That a file is not read is proved by `breaks`: what it leaves cannot be parsed.
"""

import hashlib
import json
import sqlite3
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import fsspec
import pytest
import yaml
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import TooManyRefused, UnreadableFile
from features.histories import fingerprint
from features.ingestion import ingest
from features.matrix import matrix
from features.settings import load_settings
from features.store.histories import read, write

TODAY = date(2026, 6, 30)
TOMORROW = TODAY + timedelta(days=1)
HEAD = "id,at,amount\n"
JANUARY = HEAD + "ada,2026-01-05,10.00\nbob,2026-01-06,20.00\nada,2026-01-20,5.00\n"
FEBRUARY = HEAD + "ada,2026-02-05,10.00\ncyd,2026-02-06,7.00\n"
BROKEN = b"\x00\x01 no table at all \x00\xff" * 9
COLUMNS = {"customer_id": "id", "timestamp": "at", "amount": "amount"}


class Shop:
    """A folder of orders and the settings that describe it."""

    def __init__(self, folder: Path, workspace: Path | None = None, **source: object) -> None:
        self.orders = folder / "orders"
        self.orders.mkdir(parents=True, exist_ok=True)
        self.workspace = workspace or folder / "work"
        self.settings_path = self.workspace.with_suffix(".yml")
        self.rates = folder / "rates.csv"
        self.described(**source)

    def described(self, *, markets: object = None, **source: object) -> None:
        orders = {"path": str(self.orders), "format": "csv", "columns": COLUMNS}
        sources = {"orders": orders | {"max_refused_share": 1.0, **source}}
        if self.rates.exists():
            sources["rates"] = {"path": str(self.rates), "format": "csv"}
        described = {"sources": sources, "churn": {"within_days": 30}}
        described |= {"workspace": str(self.workspace)} | ({"markets": markets} if markets else {})
        self.settings_path.write_text(yaml.safe_dump(described))

    def has(self, **files: str) -> None:
        """Have these files in the folder, and no others."""
        for path in self.orders.iterdir():
            path.unlink()
        for name, text in files.items():
            (self.orders / f"{name}.csv").write_text(text)

    def ingest(self, today: date = TODAY):
        self.done = ingest(load_settings(self.settings_path), today=today)
        return self.done.tables["orders"]

    @property
    def histories(self) -> Path:
        return self.workspace / "histories"

    def remembers(self, **facts: object) -> None:
        """Publish the same histories with other facts."""
        with write(self.histories) as draft:
            draft.publish({**draft.facts, **facts})

    def breaks(self, name: str) -> None:
        """A file that cannot be parsed, remembered as if it were the one that was read."""
        (self.orders / f"{name}.csv").write_bytes(BROKEN)
        seen = json.loads(json.dumps(read(self.histories).facts["seen"]))
        seen["orders"]["files"][f"{name}.csv"] = hashlib.sha256(BROKEN).hexdigest()
        self.remembers(seen=seen)

    def refused(self) -> str:
        path = self.workspace / "refused" / "orders.refused.csv"
        return path.read_text() if path.exists() else ""

    def spend(self, day: date = TODAY) -> dict[str, float]:
        rows = matrix(self.done.histories, [day])
        return dict(zip(rows["customer_id"], rows["spend_value"], strict=True))


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def test_an_unchanged_file_is_not_parsed_again(shop):
    shop.has(a=JANUARY)
    shop.ingest()
    shop.breaks("a")
    known = read(shop.histories).name
    one = shop.ingest()
    assert (one.new_count, one.known_count, one.new_files_count) == (0, 3, 0)
    assert shop.done.account()[0].startswith("orders: 3 rows read: 3 accepted")
    assert "unchanged since, not read again" in shop.done.account()[0]
    assert shop.done.generation == known


def test_an_added_file_is_read_alone_and_the_account_is_that_of_all(shop):
    shop.has(a=JANUARY)
    shop.ingest()
    shop.breaks("a")
    (shop.orders / "b.csv").write_text(FEBRUARY)
    one = shop.ingest()
    assert (one.new_count, one.known_count, one.new_files_count) == (2, 3, 1)
    assert "5 rows read: 5 accepted" in one.told()
    assert "1 new file was read, the others are unchanged" in one.told()
    assert one.account.sentences() == ["2 files were read."]
    assert shop.spend() == {"ada": 25.0, "bob": 20.0, "cyd": 7.0}


def test_news_of_a_folder_are_its_new_files(shop):
    shop.described(holds="news")
    shop.has(a=JANUARY)
    shop.ingest()
    shop.breaks("a")
    (shop.orders / "b.csv").write_text(FEBRUARY)
    assert shop.ingest().new_count == 2


@pytest.mark.parametrize(
    "files",
    [
        {"a": JANUARY.replace("5.00", "6.00"), "b": FEBRUARY},
        {"a": JANUARY},
        {"a": JANUARY, "c": FEBRUARY},
        {"a": JANUARY, "b": FEBRUARY, "c": "amount,at,id\n1.00,2026-03-01,eve\n"},
        {"a": JANUARY, "b": FEBRUARY, "c": HEAD + "eve,2026-03-01 10:00,1.00\n"},
    ],
    ids=["changed", "removed", "renamed", "columns in another order", "times of day"],
)
def test_other_files_than_added_ones_are_read_with_all(shop, files):
    shop.has(a=JANUARY, b=FEBRUARY)
    shop.ingest()
    shop.has(**files)
    one = shop.ingest()
    assert one.new_files_count is None
    assert one.account.read_count == sum(text.count("\n") - 1 for text in files.values())


OTHERWISE = [
    {"columns": COLUMNS | {"quantity": "amount"}},
    {"markets": {"home": {"time_zone": "Asia/Tokyo"}}},
    {"holds": "news"},
    {"duplicates": "keep"},
    {"timestamp_format": "%Y-%m-%d"},
]


@pytest.mark.parametrize("otherwise", OTHERWISE, ids=lambda one: next(iter(one)))
def test_rows_described_otherwise_are_read_again(shop, otherwise):
    shop.has(a=JANUARY)
    shop.ingest()
    shop.breaks("a")
    shop.described(**otherwise)
    with pytest.raises(UnreadableFile, match=r"a\.csv"):
        shop.ingest()


def test_other_rates_have_all_rows_read_again(shop):
    shop.rates.write_text("day,currency,rate\n2026-01-05,EUR,1.00\n")
    shop.described()
    shop.has(a=JANUARY)
    shop.ingest()
    shop.breaks("a")
    assert shop.ingest().new_files_count == 0
    shop.rates.write_text("day,currency,rate\n2026-01-05,EUR,1.10\n")
    with pytest.raises(UnreadableFile, match=r"a\.csv"):
        shop.ingest()


def test_another_version_of_the_product_reads_all_rows_again(shop, tmp_path, monkeypatch):
    shop.has(a=JANUARY)
    shop.ingest()
    shop.breaks("a")
    about = tmp_path / "site" / "regulars-99.dist-info" / "METADATA"
    about.parent.mkdir(parents=True)
    about.write_text("Metadata-Version: 2.1\nName: regulars\nVersion: 99\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(UnreadableFile, match=r"a\.csv"):
        shop.ingest()


def test_a_generation_that_remembers_no_files_has_all_read_and_gives_the_same_one(shop):
    shop.has(a=JANUARY)
    shop.ingest()
    first = shop.done.generation
    facts = dict(read(shop.histories).facts)
    facts.pop("seen")
    with write(shop.histories) as draft:
        assert draft.publish(facts) != first
    assert shop.ingest().new_files_count is None
    assert shop.done.generation == first


def test_a_row_of_tomorrow_is_taken_the_day_after_and_unchanged_until_then(shop):
    shop.has(a=JANUARY + f"eve,{TODAY + timedelta(days=2)},9.00\n")
    shop.ingest()
    assert shop.ingest(TOMORROW).new_files_count == 0
    one = shop.ingest(TODAY + timedelta(days=2))
    assert (one.new_count, one.account.refused_count) == (1, 0)
    assert shop.spend(TODAY + timedelta(days=3))["eve"] == 9.0


def test_on_a_day_before_the_newest_row_all_is_read_again(shop):
    shop.has(a=JANUARY + f"eve,{TOMORROW},9.00\n")
    shop.ingest(TOMORROW)
    assert shop.ingest(TODAY).account.refused_count == 1


def test_an_end_that_lay_ahead_is_an_event_once_it_came(shop, tmp_path):
    text = yaml.safe_load(shop.settings_path.read_text())
    columns = {"customer_id": "id", "timestamp": "start", "ended_on": "end"}
    path = tmp_path / "plans.csv"
    text["sources"]["subscriptions"] = {"path": str(path), "format": "csv", "columns": columns}
    shop.settings_path.write_text(yaml.safe_dump(text))
    path.write_text(f"id,start,end\nada,2026-01-01,{TOMORROW}\n")
    shop.has(a=JANUARY)
    shop.ingest()
    assert shop.done.tables["subscriptions"].account.event_count == 1
    shop.ingest(TOMORROW)
    assert shop.done.tables["subscriptions"].account.event_count == 2
    assert shop.done.tables["orders"].new_files_count == 0


def test_refused_rows_of_unchanged_files_stay_in_the_file_of_refused_rows(shop):
    bad = 'eve,soon,"1\n2"\n'
    shop.has(a=JANUARY, b=FEBRUARY + bad)
    shop.ingest()
    (shop.orders / "aa.csv").write_text(HEAD + "fay,later,1\n")
    one = shop.ingest()
    assert (one.new_files_count, one.account.refused_count) == (1, 2)
    both = shop.refused()
    assert [line.split(",")[0] for line in both.splitlines() if ".csv" in line] == [
        "aa.csv",
        "b.csv",
    ]
    assert shop.ingest().new_files_count == 0
    assert shop.refused() == both
    whole = Shop(shop.orders.parent, shop.workspace.with_name("whole"))
    whole.ingest()
    assert whole.refused() == both


def test_without_the_file_of_refused_rows_all_is_read_and_it_is_written_again(shop):
    shop.has(a=JANUARY + "eve,soon,1\n")
    shop.ingest()
    refused = shop.refused()
    (shop.workspace / "refused" / "orders.refused.csv").unlink()
    assert shop.ingest().new_files_count is None
    assert shop.refused() == refused


def test_stricter_limits_count_for_rows_that_were_read_before(shop):
    shop.has(a=JANUARY + "eve,soon,1\n")
    shop.ingest()
    shop.described(max_refused_share=0.1)
    with pytest.raises(TooManyRefused, match=r"1 of 4 rows \(25.0%\) were refused"):
        shop.ingest()


def test_a_bad_row_of_a_small_new_file_is_weighed_against_all_rows(shop):
    shop.described(max_refused_share=0.1)
    shop.has(a=JANUARY + "".join(f"c{n},2026-03-01,1\n" for n in range(20)))
    shop.ingest()
    (shop.orders / "b.csv").write_text(HEAD + "eve,soon,1\n")
    assert shop.ingest().account.refused_count == 1


def test_rows_that_contradict_unchanged_ones_are_judged_with_them(shop):
    shop.described(columns=COLUMNS | {"event_id": "event"})
    head = "id,at,amount,event\n"
    shop.has(a=head + "ada,2026-01-05,10.00,e1\nbob,2026-01-05,1.00,e2\n")
    shop.ingest()
    (shop.orders / "b.csv").write_text(head + "ada,2026-01-05,4.00,e1\n")
    one = shop.ingest()
    assert (one.new_files_count, one.account.refused_by_code) == (None, {"conflict": 2})
    assert "a.csv" in shop.refused()
    assert "b.csv" in shop.refused()
    assert shop.spend() == {"bob": 1.0}


def test_damage_is_noticed_though_nothing_is_read(shop):
    shop.has(a=JANUARY)
    shop.ingest()
    for path in (shop.histories / "files").glob("events.orders/*.parquet"):
        path.write_bytes(path.read_bytes()[:-7])
    assert shop.ingest().new_count == 3
    assert shop.ingest().new_files_count == 0


def test_a_database_tells_no_digest_and_is_always_read(shop):
    place = shop.workspace.parent / "shop.db"
    with sqlite3.connect(place) as connection:
        connection.execute("CREATE TABLE orders (id TEXT, at TEXT, amount TEXT)")
        connection.execute("INSERT INTO orders VALUES ('ada', '2026-01-05', '1')")
    connection.close()
    shop.described(path=None, format="database", url=f"sqlite:///{place}", table="orders")
    shop.ingest()
    assert shop.ingest().new_files_count is None


class Meanwhile(MemoryFileSystem):
    """A store in memory; each of `then` happens once, as files are opened one after the other."""

    protocol = "meanwhile"
    store: ClassVar = {}
    pseudo_dirs: ClassVar = [""]
    then: ClassVar = []

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.replace("meanwhile://", "memory://"))

    def _open(self, path, *args, **keys):
        if self.then:
            self.then.pop(0)()
        return super()._open(path, *args, **keys)


@pytest.fixture
def store(shop):
    fsspec.register_implementation("meanwhile", Meanwhile, clobber=True)
    store = fsspec.filesystem("meanwhile")
    store.store.clear()
    store.pipe("/orders/a.csv", JANUARY.encode())
    shop.described(path="meanwhile://orders/")
    shop.ingest()
    return store


def test_files_of_a_store_are_known_again(shop, store):
    assert shop.ingest().new_files_count == 0
    store.pipe("/orders/b.csv", FEBRUARY.encode())
    assert shop.ingest().new_files_count == 1
    assert shop.spend() == {"ada": 25.0, "bob": 20.0, "cyd": 7.0}


def test_if_another_run_publishes_meanwhile_all_is_read(shop, store):
    def forget():
        with write(shop.histories) as draft:
            draft.forget("orders")
            draft.publish({**draft.facts, "seen": {}})

    store.then.append(forget)
    assert shop.ingest().new_count == 3


def test_a_file_that_changes_while_it_is_read_is_read_again_next_time(shop, store):
    def change():
        store.pipe("/orders/a.csv", FEBRUARY.encode())

    store.pipe("/orders/a.csv", (JANUARY + "eve,2026-03-01,1\n").encode())
    store.then.extend([lambda: None, change])  # between the digest and the rows
    assert shop.ingest().account.read_count == 2
    assert shop.ingest().new_files_count is None
    assert shop.ingest().new_files_count == 0


def test_a_word_keeps_its_bit_while_its_events_stay_stored(shop):
    shop.described(columns=COLUMNS | {"channel": "channel"})
    head = "id,at,amount,channel\n"
    web = "ada,2026-06-01,1,web\n"
    for files in (
        {"b": head + web},
        {"b": head + web, "c": head + "bob,2026-06-02,1,app\nada,2026-06-03,2,web\n"},
        {"b": head + web + "ada,2026-06-04,3,web\nbob,2026-06-04,1,at the till\n"},
    ):
        shop.has(**files)
        shop.ingest()
        counts = matrix(shop.done.histories, [TODAY]).set_index("customer_id")["channels_count"]
        assert counts["ada"] == 1


GOOD = ["ada,2026-01-05,1\n", "bob,2026-01-06,2\n", "cyd,2026-02-01,-3\n"]
ODD = ["eve,soon,1\n", ",2026-01-05,1\n", "\n", "ada,2026-01-06,1.005\n"]
AHEAD = f"fay,{TOMORROW},4\n"
rows = st.sampled_from([*GOOD, AHEAD]) | st.sampled_from(ODD)
texts = st.lists(rows, min_size=1, max_size=4).map(lambda some: HEAD + "".join(some))
steps = st.lists(
    st.tuples(st.sampled_from("abcd"), st.none() | texts, st.booleans()), min_size=2, max_size=5
)


@given(first=texts, steps=steps)
@settings(max_examples=25, deadline=None)
def test_whatever_became_of_the_files_the_histories_are_those_of_the_last_ones(first, steps):
    with TemporaryDirectory() as name:
        shop, files, day = Shop(Path(name), max_guest_share=1.0), {"m": first}, TODAY
        for number, (file, text, is_next_day) in enumerate([("m", first, False), *steps]):
            files = {key: old for key, old in files.items() if key != file}
            files |= {} if text is None else {file: text}
            day += timedelta(days=is_next_day)
            if not files:
                continue
            shop.has(**files)
            one = shop.ingest(day)
            fresh = Shop(Path(name), Path(name) / f"fresh-{number}", max_guest_share=1.0)
            whole = fresh.ingest(day)
            assert fingerprint(shop.done.histories) == fingerprint(fresh.done.histories)
            assert one.account.summary() == whole.account.summary()
            if whole.account.refused_count:
                assert shop.refused() == fresh.refused()


VERSIONS = [
    "ada,2026-01-05,1,e1,2026-01-05\n",
    "ada,2026-01-05,2,e1,2026-01-09 10:00\n",
    "ada,2026-01-05,2,e1,2026-01-07\n",
    "ada,2026-01-04,3,e1,2026-01-09 12:00\n",
    "bob,2026-01-05,1,,2026-01-05\n",
    "cyd,2026-03-05,1,e2,2026-02-05\n",
    "cyd,2026-03-06,1,e2,2026-02-04\n",
]
versions = st.lists(st.sampled_from(VERSIONS), max_size=3).map(
    lambda rows: "id,at,amount,event,arrived\n" + "".join(rows)
)


@given(st.lists(versions, min_size=2, max_size=5))
@settings(max_examples=20, deadline=None)
def test_corrections_in_new_files_give_what_reading_all_files_gives(added):
    columns = COLUMNS | {"event_id": "event", "arrived_at": "arrived"}
    with TemporaryDirectory() as name:
        knows = Shop(Path(name), columns=columns)
        forgets = Shop(Path(name), Path(name) / "forgets", columns=columns)
        for number, text in enumerate(added):
            (knows.orders / f"{number}.csv").write_text(text)
            one = knows.ingest()
            if number:
                forgets.remembers(seen={})
            other = forgets.ingest()
            assert other.new_files_count is None
            assert fingerprint(knows.done.histories) == fingerprint(forgets.done.histories)
            assert one.account.summary() == other.account.summary()
