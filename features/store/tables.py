"""Tables cut into buckets of customers: Parquet files of one bucket each, and deltas of all.

An append writes one delta per table instead of a file per bucket; reading a bucket takes its files
and its rows of every delta. Compaction gives the rows of deltas files of their own bucket, so a
bucket has a few files; when they become too many they are merged into one.

Tables are called `events.<table>` and `tiles.<table>.<family>`; `keys.<table>` lists which events
are stored and is written whenever events are.
"""

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.store.generations import File, Writer, checked, present
from features.store.keys import KEY_COLUMNS, Words, head_digest, key_list, write_keys

Ints = npt.NDArray[np.int64]
BucketNumbers = npt.NDArray[np.uint8]
IntsOrWords = Ints | Words

MOST_BUCKETS = 256
FEWEST_GROUP_ROWS = 2_048
MOST_GROUP_ROWS = 32_768

EVENTS, TILES, KEYS = "events.", "tiles.", "keys."


def bucket_of(customer_id: str, buckets: int) -> int:
    """The bucket of a customer: the first two hex digits of MD5, modulo the number of buckets.

    >>> bucket_of("C-1042", 64)
    31
    """
    return hashlib.md5(customer_id.encode(), usedforsecurity=False).digest()[0] % buckets


def bucket_sql(buckets: int, column: str = "customer_id") -> str:
    """The same as SQL that DuckDB and Spark read alike (they share no hex-to-number function)."""
    high, low = (
        f"(instr('0123456789abcdef', substr(md5({column}), {place}, 1)) - 1)" for place in (1, 2)
    )
    return f"(({high} * 16 + {low}) % {buckets})"


def bucket_numbers(customer_ids: pa.ChunkedArray, buckets: int) -> BucketNumbers:
    """The bucket of each row's customer; every distinct id is hashed once."""
    encoded = customer_ids.combine_chunks().dictionary_encode()
    numbers = [bucket_of(customer_id, buckets) for customer_id in encoded.dictionary.to_pylist()]
    return np.array(numbers, dtype=np.uint8)[encoded.indices.to_numpy()]


class Tables:
    """The tables of one generation. `files` is every file of it."""

    def __init__(self, folder: Path, bucket_count: int, files: Sequence[File]) -> None:
        """Tables of these files below a store's folder."""
        self.folder = folder
        self.bucket_count = bucket_count
        self.files = list(files)
        self._checked: set[str] = set()

    def names(self, prefix: str) -> list[str]:
        """Tables whose name starts so."""
        return sorted({file.table for file in self.files if file.table.startswith(prefix)})

    def files_of(self, table: str, bucket: int | None) -> list[File]:
        """The files of one bucket only, or the deltas."""
        return [file for file in self.files if file.table == table and file.bucket == bucket]

    def check(self, tables: AbstractSet[str]) -> None:
        """Nothing, if the files of these tables are whole. Raises DamagedStore."""
        for file in self.files:
            if file.table in tables:
                self._path(file)

    def rows(
        self,
        table: str,
        bucket: int,
        columns: Sequence[str] | None = None,
        customer_id: str | None = None,
    ) -> pa.Table:
        """Rows of a bucket, file after file; of one customer, if one is named.

        Raises DamagedStore if a file is not the one that its manifest names.
        """
        deltas = [file for file in self.files_of(table, None) if bucket not in file.moved]
        files = [*self.files_of(table, bucket), *deltas]
        parts = [self.part(file, bucket, columns, customer_id) for file in files]
        if not parts:
            any_file = next(file for file in self.files if file.table == table)
            schema = pq.read_schema(self._path(any_file))
            return schema.empty_table().select(columns or schema.names)
        return pa.concat_tables(parts, promote_options="default")

    def part(
        self,
        file: File,
        bucket: int | None = None,
        columns: Sequence[str] | None = None,
        customer_id: str | None = None,
    ) -> pa.Table:
        """Rows of one file: of a bucket, if one is named, and of a customer, if one is named."""
        start, end = 0, file.rows
        if file.starts and bucket is not None:
            start, end = file.starts[bucket : bucket + 2]
        with pq.ParquetFile(self._path(file), memory_map=True, pre_buffer=False) as parquet:
            groups, skipped = _groups(parquet.metadata, start, end, customer_id)
            wanted = None if columns is None else [*columns, "customer_id"]
            rows = parquet.read_row_groups(groups, columns=wanted, use_threads=False)
        if customer_id is not None:
            return rows.filter(pc.equal(rows["customer_id"], customer_id)).select(
                columns or rows.column_names
            )
        rows = rows.slice(start - skipped, end - start)
        return rows if columns is None else rows.select(columns)

    def _path(self, file: File) -> Path:
        """Path of a file, its digest compared the first time."""
        if file.path in self._checked:
            return present(self.folder, file)
        path = checked(self.folder, file)
        self._checked.add(file.path)
        return path


class OpenTables(Tables):
    """Tables that a writer changes; nothing is visible to readers before it publishes `files`."""

    def __init__(self, writer: Writer, bucket_count: int, files: Sequence[File]) -> None:
        """Tables of the current generation, to be changed."""
        super().__init__(writer.folder, bucket_count, files)
        self._writer = writer

    def add_delta(
        self, table: str, rows: pa.Table, buckets: BucketNumbers, columns: Sequence[IntsOrWords]
    ) -> None:
        """Add rows of all buckets, sorted by bucket and then by these columns."""
        order, _ = sorted_order([buckets.astype(np.int64), *columns])
        starts = np.searchsorted(buckets[order], np.arange(self.bucket_count + 1))
        self._add(table, None, in_order(rows, order), tuple(starts.tolist()))

    def add_to_bucket(self, table: str, bucket: int, rows: pa.Table) -> None:
        """Add rows of one bucket."""
        self._add(table, bucket, rows)

    def replace(self, table: str, bucket: int, rows: pa.Table) -> None:
        """Have these rows instead of all that the bucket holds now, in deltas too."""
        gone = {(table, bucket), (_keys_of(table), bucket)}
        self.files = [
            _moved(file, bucket) if file.table == table else file
            for file in self.files
            if (file.table, file.bucket) not in gone
        ]
        self._add(table, bucket, rows)

    def remove(self, file: File, customer_ids: pa.Array) -> int:
        """Rows of use in this file that were of these customers; it is written without them."""
        rows = self.part(file)
        theirs = pc.is_in(rows["customer_id"], customer_ids).to_numpy()
        kept_before = np.insert(np.cumsum(~theirs), 0, 0)
        starts = tuple(kept_before[np.array(file.starts, dtype=np.int64)].tolist())
        keys = (_keys_of(file.table), file.stem)
        # Two deltas of tiles can be alike to the last bit; each is a file of its own here.
        self.files.remove(file)
        self.files = [one for one in self.files if (one.table, one.stem) != keys]
        self._add(file.table, file.bucket, rows.filter(pa.array(~theirs)), starts, file.moved)
        moved = sum(
            int(theirs[slice(*file.starts[bucket : bucket + 2])].sum()) for bucket in file.moved
        )
        return int(theirs.sum()) - moved

    def drop_deltas(self) -> None:
        """Forget the deltas, once their rows are in files of their buckets."""
        self.files = [file for file in self.files if file.bucket is not None]

    def _add(
        self,
        table: str,
        bucket: int | None,
        rows: pa.Table,
        starts: tuple[int, ...] = (),
        moved: tuple[int, ...] = (),
    ) -> None:
        if not rows.num_rows:
            return
        days = pc.min_max(rows["day"].cast(pa.int32())).as_py()
        about = File(
            table,
            bucket,
            rows=rows.num_rows,
            first_day=days["min"],
            last_day=days["max"],
            starts=starts,
            moved=moved,
        )
        # A bucket of a delta is read without its neighbours.
        group_rows = rows.num_rows if bucket is not None else rows.num_rows // self.bucket_count
        group_rows = min(max(group_rows, FEWEST_GROUP_ROWS), MOST_GROUP_ROWS)
        added = self._writer.add(about, lambda path: _write(path, rows, group_rows))
        self.files.append(added)
        if table.startswith(EVENTS):
            self._add_keys(added, rows)

    def _add_keys(self, events: File, rows: pa.Table) -> None:
        head, blocks = key_list(rows)
        about = replace(
            events,
            table=_keys_of(events.table),
            name=f"{events.stem}.keys",
            head_sha256=head_digest(head),
            starts=(),
            moved=(),
        )
        self.files.append(self._writer.add(about, lambda path: write_keys(path, head, blocks)))


def sorted_order(columns: Sequence[IntsOrWords]) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Positions that sort rows by these columns, and whether each sorted row begins a new key.

    As many columns as fit are packed into one integer, for stored rows come in sorted runs and a
    stable sort of one integer takes those as they are.
    """
    packed, rest = _packed(columns)
    order = np.argsort(packed, kind="stable")
    differs = np.diff(packed[order]) != 0
    if rest and not differs.all():
        tied = np.flatnonzero(np.append(~differs, False) | np.insert(~differs, 0, False))
        among = order[tied]
        by_rest = [column[among] for column in reversed(rest)]
        order[tied] = among[np.lexsort((*by_rest, packed[among]))]
        for column in rest:
            differs |= np.diff(column[order]) != 0
    return order, np.insert(differs, 0, True)[: len(order)]


def ranks(column: pa.ChunkedArray) -> Ints:
    """Place of each row's value among the sorted distinct values; -1 for none."""
    if pa.types.is_date32(column.type):
        return column.cast(pa.int32()).to_numpy().astype(np.int64)
    encoded = column.combine_chunks().dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    places = np.empty(len(order) + 1, dtype=np.int64)
    places[order] = np.arange(len(order))
    places[-1] = -1
    return places[encoded.indices.fill_null(-1).to_numpy()]


def in_order(rows: pa.Table, order: Ints) -> pa.Table:
    """The rows in this order; untouched if that is theirs already."""
    if len(order) == rows.num_rows and (np.diff(order) == 1).all():
        return rows
    return rows.take(pa.array(order))


def _packed(columns: Sequence[IntsOrWords]) -> tuple[Ints, list[IntsOrWords]]:
    packed = np.zeros(len(columns[0]), dtype=np.int64)
    free_bits = 62
    for place, column in enumerate(columns):
        if column.dtype != np.int64 or not len(column):
            return packed, list(columns[place:])
        lowest = int(column.min())
        bits = (int(column.max()) - lowest).bit_length()
        if bits > free_bits:
            return packed, list(columns[place:])
        packed = (packed << bits) + (column - lowest)
        free_bits -= bits
    return packed, []


def _groups(
    metadata: pq.FileMetaData, start: int, end: int, customer_id: str | None
) -> tuple[list[int], int]:
    """Row groups that overlap [start, end) and may hold the customer; rows before the first."""
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    bounds = np.cumsum([0, *sizes])
    groups = [
        number
        for number, (first, last) in enumerate(pairwise(bounds))
        if first < end and last > start
    ]
    skipped = int(bounds[groups[0]]) if groups else start
    if customer_id is not None:
        place = metadata.schema.to_arrow_schema().get_field_index("customer_id")
        groups = [
            number
            for number in groups
            if _may_hold(metadata.row_group(number).column(place).statistics, customer_id)
        ]
    return groups, skipped


def _may_hold(statistics: pq.Statistics | None, customer_id: str) -> bool:
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(statistics.min <= customer_id <= statistics.max)


def _write(path: Path, rows: pa.Table, row_group_rows: int) -> None:
    # Hashes do not compress; trying costs more than writing.
    plain = [name for name in rows.column_names if name not in KEY_COLUMNS]
    pq.write_table(
        rows,
        path,
        row_group_size=row_group_rows,
        compression={name: "zstd" if name in plain else "none" for name in rows.column_names},
        use_dictionary=plain,
        write_statistics=["customer_id"],
    )


def _moved(file: File, bucket: int) -> File:
    if file.bucket is not None or bucket in file.moved:
        return file
    return replace(file, moved=(*file.moved, bucket))


def _keys_of(table: str) -> str:
    return KEYS + table.removeprefix(EVENTS)
