"""What was known then: rows for which something arrived late or was corrected afterwards.

Almost every row sees the same tiles whether or not one asks when they became known, so the running
totals of all tiles serve it. The few others are given tiles of their own, those that held at their
cutoff, and are then computed like any row.
"""

import numpy as np
import numpy.typing as npt

from features.contracts import NEVER
from features.declarations import Ints
from features.tile_index import Family, TileIndex


def seen_otherwise(index: TileIndex, codes: Ints, cutoff_days: Ints) -> npt.NDArray[np.bool_]:
    """Whether what was known at each row's cutoff differs from what is known of that time today."""
    otherwise = np.zeros(len(codes), dtype=bool)
    for family in index.families.values():
        if len(family.late):
            otherwise |= _seen_otherwise(family, codes, cutoff_days)
    return otherwise


def index_then(index: TileIndex, codes: Ints, cutoff_days: Ints) -> TileIndex:
    """An index in which row n is a customer of its own, code n, with the tiles that held then."""
    ids = index.customer_ids.take(codes)
    families = {
        name: Family(_held(family, codes, cutoff_days), family.measures)
        for name, family in index.families.items()
    }
    return TileIndex(index.shape, ids, families)


def _seen_otherwise(family: Family, codes: Ints, cutoff_days: Ints) -> npt.NDArray[np.bool_]:
    """Whether a row has a tile that came at or after its cutoff, or one that held only then."""
    happened = "happened_day" if family.lies_ahead else "day"
    late = {name: values[family.late] for name, values in family.raw.items()}
    order = np.argsort(late["code"], kind="stable")
    late = {name: values[order] for name, values in late.items()}
    first = np.searchsorted(late["code"], codes, side="left")
    last = np.searchsorted(late["code"], codes, side="right")
    row, tile = _pairs(first, last)
    cutoff = cutoff_days[row]
    unknown = late["known_from"][tile] >= cutoff
    replaced_later = (late["known_to"][tile] < NEVER) & (late["known_to"][tile] >= cutoff)
    differs = (late[happened][tile] < cutoff) & (unknown | replaced_later)
    return np.bincount(row[differs], minlength=len(codes)) > 0


def _held(family: Family, codes: Ints, cutoff_days: Ints) -> dict[str, Ints]:
    """The raw tiles of each row that held at its cutoff, with the row's number as their code."""
    raw = family.raw
    first = np.searchsorted(raw["code"], codes, side="left")
    last = np.searchsorted(raw["code"], codes, side="right")
    row, tile = _pairs(first, last)
    cutoff = cutoff_days[row]
    held = (raw["known_from"][tile] < cutoff) & (raw["known_to"][tile] >= cutoff)
    tiles = {name: values[tile[held]] for name, values in raw.items()}
    tiles["code"] = row[held]
    tiles["known_to"] = np.full(len(tiles["code"]), NEVER, dtype=np.int64)
    return tiles


def _pairs(first: Ints, last: Ints) -> tuple[Ints, Ints]:
    """Every (row, position) with first[row] <= position < last[row], row by row."""
    counts = last - first
    row = np.repeat(np.arange(len(first)), counts)
    before = np.cumsum(counts) - counts
    return row, np.arange(len(row)) - np.repeat(before - first, counts)
