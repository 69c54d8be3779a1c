"""Which events are stored: for each file of events a sorted list of identities, searched in place.

Twenty thousand rows must be compared with any number of stored ones in half a second. A list is
mapped into memory and only the blocks of 64 identities that may hold a wanted one are touched, so
the work follows the batch and not the history. A block has a checksum of its own, compared when
the block is touched; the head of the file (first identity and checksum of every block, 1/64 of
it) is compared with its SHA-256.

    head      uint64 (blocks, 2)       first key_0 of the block, checksum of the block
    blocks    uint64 (blocks, 64, 2)   key_0 and version, sorted; the last block is filled up

`version` mixes key_1 and the content, so (key_0, version) says in 128 bits that the very same
event is stored; key_0 alone says in 64 bits that a version of it may be.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from features.store.generations import File, damaged, present

KEY_COLUMNS = ("key_0", "key_1", "content_0", "content_1")
BLOCK_ROWS = 64

Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

# Odd, so that a change of any single word changes the sum.
_WEIGHTS: Words = np.arange(1, 4 * BLOCK_ROWS, 2, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
_FILL = np.iinfo(np.uint64).max


@dataclass(frozen=True, slots=True)
class Needles:
    """Events to look up; every array of shape (n_events,).

    Without an id an event is known by its content, day included: it cannot be in a file of other
    days. With an id it can be anywhere, for a correction may move it to another day.
    """

    key_0: Words
    version: Words
    days: Positions
    buckets: npt.NDArray[np.uint8]
    has_id: Mask

    @classmethod
    def of(cls, rows: pa.Table, buckets: npt.NDArray[np.uint8]) -> "Needles":
        """The events of a batch, whose customers are in these buckets."""
        return cls(
            key_0=words(rows, "key_0"),
            version=versions(rows),
            days=rows["day"].cast(pa.int32()).to_numpy().astype(np.int64),
            buckets=buckets,
            has_id=rows["event_id"].is_valid().to_numpy(),
        )


def words(rows: pa.Table, name: str) -> Words:
    """A column of 64-bit hashes as an array."""
    return rows[name].to_numpy()


def versions(rows: pa.Table) -> Words:
    """A mix of key_1 and content, shape (n_events,)."""
    mixed = words(rows, "key_1") * np.uint64(0xBF58476D1CE4E5B9)
    mixed += words(rows, "content_0") * np.uint64(0x94D049BB133111EB)
    mixed += words(rows, "content_1") * np.uint64(0xD6E8FEB86659FD93)
    return mixed


def key_list(rows: pa.Table) -> tuple[Words, Words]:
    """Head and blocks of the list of these events."""
    key_0, version = words(rows, "key_0"), versions(rows)
    order = np.argsort(key_0)
    if (np.diff(key_0[order]) == 0).any():
        order = np.lexsort((version, key_0))
    records = np.full((-(-len(order) // BLOCK_ROWS) * BLOCK_ROWS, 2), _FILL, dtype=np.uint64)
    records[: len(order), 0] = key_0[order]
    records[: len(order), 1] = version[order]
    blocks = records.reshape(-1, BLOCK_ROWS, 2)
    return np.column_stack([blocks[:, 0, 0], _checksums(blocks)]), blocks


def write_keys(path: Path, head: Words, blocks: Words) -> None:
    """Write such a list."""
    with path.open("wb") as file:
        file.write(head.astype("<u8").tobytes())
        file.write(blocks.astype("<u8").data)


def head_digest(head: Words) -> str:
    """SHA-256 of a head as it is written."""
    return hashlib.sha256(head.astype("<u8").tobytes()).hexdigest()


def look_up(folder: Path, files: Sequence[File], needles: Needles) -> tuple[Mask, Mask]:
    """Whether a version of each event is stored, and whether this very version is.

    Raises DamagedStore if what is read of a list is not what was written.
    """
    stored = np.zeros(len(needles.key_0), dtype=np.bool_)
    same = stored.copy()
    # Neighbours in this order touch neighbouring blocks.
    by_key = np.argsort(needles.key_0)
    by_bucket = by_key[np.argsort(needles.buckets[by_key], kind="stable")]
    bounds = np.searchsorted(needles.buckets[by_bucket], np.arange(257))
    for file in files:
        if file.bucket is None:
            chosen = by_key
        else:
            chosen = by_bucket[bounds[file.bucket] : bounds[file.bucket + 1]]
        days = needles.days[chosen]
        possible = (days >= file.first_day) & (days <= file.last_day)
        chosen = chosen[possible | needles.has_id[chosen]]
        if len(chosen):
            path = present(folder, file)
            key_0, version = _blocks(path, file, needles.key_0[chosen])
            found, equal = _found(key_0, version, needles.key_0[chosen], needles.version[chosen])
            stored[chosen] |= found
            same[chosen] |= equal
    return stored, same


def _blocks(path: Path, file: File, wanted: Words) -> tuple[Words, Words]:
    """Sorted identities and versions of every block that may hold a wanted identity."""
    n_blocks = -(-file.rows // BLOCK_ROWS)
    content = np.memmap(path, dtype="<u8", mode="r")
    head = np.asarray(content[: 2 * n_blocks]).reshape(-1, 2)
    if head_digest(head) != file.head_sha256:
        raise damaged(path, "was changed after writing")
    first = np.ascontiguousarray(head[:, 0])
    # Versions of one identity may begin at the end of the block before and fill several.
    lowest = np.maximum(np.searchsorted(first, wanted, "left") - 1, 0)
    highest = np.maximum(np.searchsorted(first, wanted, "right") - 1, 0)
    touched = np.zeros(n_blocks + 1, dtype=np.int64)
    np.add.at(touched, lowest, 1)
    np.add.at(touched, highest + 1, -1)
    numbers = np.flatnonzero(np.cumsum(touched))
    blocks = np.asarray(content[2 * n_blocks :]).reshape(n_blocks, BLOCK_ROWS, 2)[numbers]
    if not np.array_equal(_checksums(blocks), head[numbers, 1]):
        raise damaged(path, "was changed after writing")
    return blocks[:, :, 0].ravel(), blocks[:, :, 1].ravel()


def _found(key_0: Words, version: Words, wanted: Words, wanted_version: Words) -> tuple[Mask, Mask]:
    """Whether each wanted identity is in the list, and whether its wanted version is."""
    start = np.searchsorted(key_0, wanted, "left")
    count = np.searchsorted(key_0, wanted, "right") - start
    equal = np.zeros(len(wanted), dtype=np.bool_)
    for place in range(int(count.max(initial=0))):
        some = np.flatnonzero(count > place)
        equal[some] |= version[start[some] + place] == wanted_version[some]
    return count > 0, equal


def _checksums(blocks: Words) -> Words:
    """Weighted sum of each block's words, modulo 2^64."""
    return blocks.reshape(len(blocks), -1) @ _WEIGHTS
