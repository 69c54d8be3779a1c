"""Customer histories: the stored day tiles of every customer, published as whole generations.

A generation is a folder with `tiles.parquet` and `manifest.json` (digests, markets, currency).
It is written aside, then renamed, then `current` points to it: a reader sees one whole generation,
a killed writer leaves the last one in place. Parquet has no checksum of its own, so every load
compares the digest.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.errors import DamagedStore, NotReady
from features.tiles import TILE_COLUMNS, build_tiles

EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Histories:
    """Day tiles of many customers, sorted by customer and day, with what is needed to read them.

    `available` holds the optional order columns that the source had (`quantity`, `product`).
    """

    tiles: pa.Table
    markets: tuple[str, ...]
    currency: str
    available: frozenset[str]

    @classmethod
    def from_orders(cls, orders: pa.Table, *, markets: Sequence[str], currency: str) -> Self:
        """Histories of accepted orders (`schema.ORDERS`), for one customer or for millions."""
        optional = {column.needs for column in TILE_COLUMNS if column.needs}
        available = {name for name in optional if orders[name].null_count < orders.num_rows}
        return cls(
            tiles=build_tiles(orders, tuple(markets)),
            markets=tuple(markets),
            currency=currency,
            available=frozenset(available),
        )

    @property
    def customer_ids(self) -> pa.Array:
        """Every customer once, in the order of the tiles."""
        return self.tiles["customer_id"].unique()

    @property
    def first_day(self) -> date:
        """The day of the oldest tile."""
        return pc.min(self.tiles["day"]).as_py()

    @property
    def last_day(self) -> date:
        """The day of the newest tile."""
        return pc.max(self.tiles["day"]).as_py()

    def of(self, customer_ids: Sequence[str]) -> Self:
        """The histories of these customers only; unknown ids are left out."""
        mask = pc.is_in(self.tiles["customer_id"], pa.array(customer_ids, pa.string()))
        return self._with(self.tiles.filter(mask))

    def before(self, cutoff: date) -> Self:
        """The histories as they were at the start of this day."""
        return self._with(self.tiles.filter(pc.less(self.tiles["day"], pa.scalar(cutoff))))

    def _with(self, tiles: pa.Table) -> Self:
        return type(self)(
            tiles=tiles, markets=self.markets, currency=self.currency, available=self.available
        )

    def column(self, name: str) -> np.ndarray:
        """A tile column as int64, shape (n_tiles,)."""
        return self.tiles[name].combine_chunks().to_numpy(zero_copy_only=False)

    def days(self) -> np.ndarray:
        """Day of each tile as days since 1970-01-01, int64, shape (n_tiles,)."""
        return self.tiles["day"].cast(pa.int32()).to_numpy().astype(np.int64)


def fingerprint(histories: Histories) -> str:
    """SHA-256 of the content: equal histories give equal fingerprints, however they came."""
    digest = hashlib.sha256()
    digest.update(json.dumps(_described(histories), sort_keys=True).encode())
    for name in ("customer_id", "day", *(column.name for column in TILE_COLUMNS)):
        array = histories.tiles[name].combine_chunks()
        values = array.cast(pa.int32()) if name == "day" else array
        if name == "customer_id":
            digest.update("\x00".join(values.to_pylist()).encode())
        else:
            digest.update(values.to_numpy(zero_copy_only=False).tobytes())
    return digest.hexdigest()


def publish(histories: Histories, folder: Path) -> str:
    """Write a generation under `folder`, make it the current one, return its name."""
    name = fingerprint(histories)[:16]
    target = folder / name
    if not is_whole(target):
        aside = folder / f".{name}.{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        pq.write_table(histories.tiles, aside / "tiles.parquet", compression="zstd")
        manifest = _described(histories) | {"sha256": _sha256(aside / "tiles.parquet")}
        (aside / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        aside.rename(target)
    pointer = folder / f".current.{os.getpid()}"
    pointer.write_text(name, encoding="utf-8")
    pointer.replace(folder / "current")
    return name


def load(folder: Path) -> Histories:
    """The current generation under `folder`.

    Raises NotReady if there is none, DamagedStore if a file is not the one its manifest names.
    """
    pointer = folder / "current"
    if not pointer.exists():
        message = f"There are no histories in {folder} yet. Make them with: regulars train"
        raise NotReady(message)
    generation = folder / pointer.read_text(encoding="utf-8").strip()
    try:
        manifest = json.loads((generation / "manifest.json").read_text(encoding="utf-8"))
        intact = _sha256(generation / "tiles.parquet") == manifest["sha256"]
    except (OSError, ValueError, KeyError) as error:
        message = f"The histories in {generation} are damaged ({error}). Run regulars train again."
        raise DamagedStore(message) from error
    if not intact:
        message = f"{generation}/tiles.parquet was changed after writing. Run regulars train again."
        raise DamagedStore(message)
    return Histories(
        tiles=pq.read_table(generation / "tiles.parquet"),
        markets=tuple(manifest["markets"]),
        currency=manifest["currency"],
        available=frozenset(manifest["available"]),
    )


def customer_tiles(folder: Path, name: str, customer_id: str) -> pa.Table:
    """The tiles of one customer from a published generation, read without the others'.

    Raises DamagedStore if the generation is gone or cannot be read.
    """
    path = folder / name / "tiles.parquet"
    try:
        return pq.read_table(path, filters=[("customer_id", "=", customer_id)])
    except (OSError, pa.ArrowException) as error:
        message = f"The histories in {path.parent} cannot be read. Run regulars score again."
        raise DamagedStore(message) from error


def is_whole(generation: Path) -> bool:
    """Whether a generation is there and its file is the one that its manifest names."""
    try:
        manifest = json.loads((generation / "manifest.json").read_text(encoding="utf-8"))
        return _sha256(generation / "tiles.parquet") == manifest["sha256"]
    except (OSError, ValueError, KeyError):
        return False


def _described(histories: Histories) -> dict[str, object]:
    return {
        "markets": list(histories.markets),
        "currency": histories.currency,
        "available": sorted(histories.available),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
