"""Customer histories as they are stored: read whole or customer by customer, written by one.

    with write(folder) as draft:
        appended = draft.append("orders", events, build_tiles, {"paid_until_day": "max"})
        draft.publish({"currency": "USD"})
    stored = read(folder)
    for bucket in stored.buckets():
        tiles = stored.read_tiles("orders", bucket)

A draft may take any number of batches; readers see all of them or none. What is not published is
as if it had never been.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.errors import DataError, NotReady, SettingsError
from features.store.events import EVENT_ORDER, Appended, append_events, sorted_events
from features.store.generations import File, Manifest, Step, Writer, current, only_writer
from features.store.tables import EVENTS, KEYS, MOST_BUCKETS, TILES, OpenTables, Tables, bucket_of
from features.store.tiles import BuildTiles, merged, rebuild_tiles, update_tiles

MOST_DELTAS = 16  # of a table; each is opened for every bucket that is read
MOST_DELTA_ROWS = 8_192  # per bucket: larger deltas would make an erasure slow
MOST_FILES = 4  # of a bucket, before they are merged into one


class Stored:
    """One generation of histories. Every method raises DamagedStore on a damaged file."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        """The generation of this manifest."""
        self.name = manifest.name
        self.facts = manifest.facts
        self._merges = manifest.merges
        self._tables = Tables(folder, manifest.buckets, manifest.files)

    def buckets(self) -> range:
        """Numbers of the buckets: every customer is in one."""
        return range(self._tables.bucket_count)

    def families(self) -> list[str]:
        """Names of the families of tiles."""
        return sorted({name.split(".")[2] for name in self._tables.names(TILES)})

    def tables(self) -> list[str]:
        """Names of the tables of events."""
        return [name.removeprefix(EVENTS) for name in self._tables.names(EVENTS)]

    def read_tiles(self, family: str, bucket: int) -> pa.Table:
        """Tiles of a bucket sorted by customer, value if any, day and days of knowledge.

        A key has one row.
        """
        return self._tiles(family, bucket)

    def tiles_of(self, customer_id: str) -> dict[str, pa.Table]:
        """Tiles of one customer by family, read without the others'."""
        bucket = bucket_of(customer_id, self._tables.bucket_count)
        return {family: self._tiles(family, bucket, customer_id) for family in self.families()}

    def read_events(
        self, table: str, bucket: int, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """Events of a bucket, every version of them, sorted by customer and day."""
        name = _known(EVENTS + table, self._tables.names(EVENTS))
        wanted = None if columns is None else [*dict.fromkeys([*columns, *EVENT_ORDER])]
        rows = sorted_events(self._tables.rows(name, bucket, wanted))
        return rows if columns is None else rows.select(columns)

    def _tiles(self, family: str, bucket: int, customer_id: str | None = None) -> pa.Table:
        names = [name for name in self._tables.names(TILES) if name.split(".")[2] == family]
        if not names:
            _known(family, self.families())
        parts = [self._tables.rows(name, bucket, customer_id=customer_id) for name in names]
        return merged(pa.concat_tables(parts), self._merges)


class Draft:
    """The next generation, in the making."""

    def __init__(self, writer: Writer, manifest: Manifest) -> None:
        """A draft that starts from this generation."""
        self.facts: Mapping[str, Any] = manifest.facts
        self._writer = writer
        self._merges = dict(manifest.merges)
        self._tables = OpenTables(writer, manifest.buckets, manifest.files)
        self._purge = False

    def append(
        self,
        table: str,
        events: pa.Table,
        build_tiles: BuildTiles,
        merges: Mapping[str, str] | None = None,
    ) -> Appended:
        """What became of a batch of accepted events; their tiles follow.

        `events` has `customer_id`, `event_id`, `day`, `known_from`, `known_to`, the 64-bit hashes
        `key_0`, `key_1` (identity, customer included; without `event_id` the day too), `content_0`
        and `content_1`, and whatever else `build_tiles` needs. `merges` says how columns of
        tiles merge: sum (if not named), max, min, or.
        """
        self._merges |= merges or {}
        appended, change = append_events(self._tables, table, events)
        update_tiles(self._tables, table, change, build_tiles, self._merges)
        if any(len(self._tables.files_of(name, None)) > MOST_DELTAS for name in self._all_tables()):
            self.compact()
        return appended

    def identities(self, table: str) -> pa.Table:
        """`key_0` and `key_1` of every stored version of the events of a table."""
        names = self._tables.names(EVENTS)
        if EVENTS + table not in names:
            return pa.table({name: pa.array([], pa.uint64()) for name in ("key_0", "key_1")})
        buckets = range(self._tables.bucket_count)
        wanted = ["key_0", "key_1"]
        parts = [self._tables.rows(EVENTS + table, bucket, wanted) for bucket in buckets]
        return pa.concat_tables(parts).select(wanted)

    def check(self, table: str) -> None:
        """Nothing, if the files of a table's events are those that the manifest names.

        Raises DamagedStore.
        """
        self._tables.check({EVENTS + table, KEYS + table})

    def forget(self, table: str) -> None:
        """Drop all events of a table, and their tiles."""
        tiles = f"{TILES}{table}."
        self._tables.files = [
            file
            for file in self._tables.files
            if file.table not in {EVENTS + table, KEYS + table} and not file.table.startswith(tiles)
        ]

    def compact(self, *, whole: bool = False) -> None:
        """Give the rows of deltas files of their own bucket; `whole` leaves one file per bucket."""
        most = 1 if whole else MOST_FILES
        for bucket in range(self._tables.bucket_count):
            for table in self._all_tables():
                deltas = [
                    file
                    for file in self._tables.files_of(table, None)
                    if _rows_of(file, bucket) and bucket not in file.moved
                ]
                files = self._tables.files_of(table, bucket)
                if len(files) + bool(deltas) > most:
                    rows = self._tables.rows(table, bucket)
                    self._tables.replace(table, bucket, self._tidy(table, rows))
                elif deltas:
                    parts = [self._tables.part(file, bucket) for file in deltas]
                    rows = pa.concat_tables(parts, promote_options="default")
                    self._tables.add_to_bucket(table, bucket, self._tidy(table, rows))
        self._tables.drop_deltas()

    def erase(self, customer_ids: Sequence[str]) -> dict[str, int]:
        """Rows removed of these customers, by table.

        Nothing of them is left in any file once the draft is published: the previous generation
        goes too.
        """
        self._purge = True
        ids = pa.array(customer_ids, pa.string())
        touched = {bucket_of(one, self._tables.bucket_count) for one in customer_ids}
        removed: Counter[str] = Counter()
        for file in list(self._tables.files):
            buckets = touched if file.bucket is None else touched & {file.bucket}
            if file.table in self._all_tables() and self._holds(file, buckets, ids):
                removed[file.table] += self._tables.remove(file, ids)
        return dict(+removed)

    def rebuild_tiles(
        self, build_tiles: BuildTiles, merges: Mapping[str, str] | None = None
    ) -> None:
        """Make all tiles again from the stored events, for a change of what a tile is."""
        self._merges = dict(merges or {})
        rebuild_tiles(self._tables, build_tiles, self._merges)

    def publish(self, facts: Mapping[str, Any] | None = None) -> str:
        """Make the draft the current generation and return its name.

        `facts` (JSON) replace those of the generation before, if given.
        """
        self.facts = self.facts if facts is None else facts
        rows = max((self._delta_rows(table) for table in self._all_tables()), default=0)
        if rows > MOST_DELTA_ROWS * self._tables.bucket_count:
            self.compact()
        manifest = Manifest(
            self._tables.bucket_count, self.facts, self._merges, tuple(self._tables.files)
        )
        self._writer.publish(manifest, purge=self._purge)
        return manifest.name

    def _all_tables(self) -> list[str]:
        return self._tables.names(EVENTS) + self._tables.names(TILES)

    def _delta_rows(self, table: str) -> int:
        return sum(file.rows for file in self._tables.files_of(table, None))

    def _tidy(self, table: str, rows: pa.Table) -> pa.Table:
        return sorted_events(rows) if table.startswith(EVENTS) else merged(rows, self._merges)

    def _holds(self, file: File, buckets: Iterable[int], customer_ids: pa.Array) -> bool:
        """Whether a file holds one of these customers, be her rows of use or not."""
        columns = ["customer_id"]
        parts = (self._tables.part(file, bucket, columns)["customer_id"] for bucket in buckets)
        return any(pc.any(pc.is_in(part, customer_ids)).as_py() for part in parts)


def read(folder: Path) -> Stored:
    """The current generation of the histories in a folder.

    Raises NotReady if there is none, DamagedStore if its manifest is damaged.
    """
    return Stored(folder, current(folder))


@contextmanager
def write(
    folder: Path, *, buckets: int = 64, fresh: bool = False, on_step: Step = lambda _: None
) -> Iterator[Draft]:
    """A draft of the next generation, for one writer at a time.

    `buckets` counts for a new store only. `fresh` starts from nothing, whatever is stored. Raises
    NotReady if another writer is at work, DamagedStore if the current manifest is damaged.
    """
    if buckets not in {1 << power for power in range(MOST_BUCKETS.bit_length())}:
        message = f"{buckets} buckets: choose a power of two up to {MOST_BUCKETS}."
        raise SettingsError(message)
    with only_writer(folder):
        writer, manifest = Writer(folder, on_step), Manifest(buckets)
        if not fresh:
            manifest = _manifest_or_new(folder, buckets)
            writer.sweep()
        yield Draft(writer, manifest)


def _manifest_or_new(folder: Path, buckets: int) -> Manifest:
    try:
        return current(folder)
    except NotReady:
        return Manifest(buckets)


def _rows_of(file: File, bucket: int) -> int:
    return file.starts[bucket + 1] - file.starts[bucket]


def _known(name: str, names: Sequence[str]) -> str:
    if name not in names:
        message = f"The histories hold no {name}; they hold {', '.join(names)}."
        raise DataError(message)
    return name
