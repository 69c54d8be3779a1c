"""The one door to features: the same rows for training, batch scoring and one live customer.

A row is what was known of a customer strictly before a cutoff: events of earlier days that had
arrived by then, in the version that held then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self

import numpy as np
import pandas as pd

from features.catalog import Catalogue
from features.contracts import EPOCH
from features.declarations import Floats, Ints
from features.histories import Histories
from features.kernel import AsOf
from features.known_then import index_then, seen_otherwise
from features.measures import ORDER_DAYS
from features.tile_index import TileIndex

KEYS = ("customer_id", "market", "cutoff")


def matrix(
    histories: Histories, cutoffs: Sequence[date] | pd.DataFrame, *, known_then: bool = True
) -> pd.DataFrame:
    """Features of every customer at every cutoff by which she had ordered.

    One row per customer and cutoff, cutoff by cutoff and then in the order of the tiles; or, if
    `cutoffs` is a table of `customer_id` and `cutoff`, one row per row of it whose customer had
    ordered by then, in its order. Columns are `customer_id`, `market` (of the last order),
    `cutoff`, then the features as float64, NaN where unknown. What happened at or after a row's
    cutoff, or arrived then, changes nothing of the row; without `known_then` late arrivals and
    corrections count as if they had come on their day.
    """
    index = TileIndex.of(histories)
    codes, days = asked(index, cutoffs)
    rows = Rows.of(index, codes, days, histories.catalogue, known_then=known_then)
    ids = index.customer_ids.to_numpy(zero_copy_only=False)
    table = pd.DataFrame(
        rows.features.T, columns=[one.name for one in histories.catalogue.features]
    )
    keys = {
        "customer_id": pd.array(ids[rows.codes], dtype="str"),
        "market": pd.Categorical.from_codes(
            rows.market_numbers, dtype=pd.CategoricalDtype(list(histories.markets))
        ),
        "cutoff": np.datetime64(EPOCH, "s") + rows.cutoff_days.astype("timedelta64[D]"),
    }
    return pd.concat([pd.DataFrame(keys), table], axis="columns")


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a matrix as arrays: of shape (n_rows,), features (n_features, n_rows)."""

    codes: Ints
    cutoff_days: Ints
    market_numbers: Ints
    features: Floats

    @classmethod
    def of(
        cls,
        index: TileIndex,
        codes: Ints,
        cutoff_days: Ints,
        catalogue: Catalogue,
        *,
        known_then: bool = True,
    ) -> Self:
        """The rows of these customers and cutoffs, in their order, of those who had ordered."""
        otherwise = np.zeros(len(codes), dtype=bool)
        if known_then:
            otherwise = seen_otherwise(index, codes, cutoff_days)
        if not otherwise.any():
            return cls._straight(index, codes, cutoff_days, catalogue)[1]
        usual, other = np.flatnonzero(~otherwise), np.flatnonzero(otherwise)
        kept, rows = cls._straight(index, codes[usual], cutoff_days[usual], catalogue)
        then = index_then(index, codes[other], cutoff_days[other])
        numbers = np.arange(len(other))
        kept_then, rows_then = cls._straight(then, numbers, cutoff_days[other], catalogue)
        places = np.concatenate([usual[kept], other[kept_then]])
        order = np.argsort(places)
        return cls(
            codes[places[order]],
            cutoff_days[places[order]],
            np.concatenate([rows.market_numbers, rows_then.market_numbers])[order],
            np.concatenate([rows.features, rows_then.features], axis=1)[:, order],
        )

    @classmethod
    def _straight(
        cls, index: TileIndex, codes: Ints, cutoff_days: Ints, catalogue: Catalogue
    ) -> tuple[Ints, Self]:
        """Which of these had ordered, and their rows, from the index as it is."""
        known = AsOf(index, codes, cutoff_days)
        kept = np.flatnonzero(known.total(ORDER_DAYS))
        if len(kept) < len(codes):
            known = AsOf(index, codes[kept], cutoff_days[kept])
        values = feature_values(known, catalogue)
        return kept, cls(known.codes, known.cutoff_days, known.market_numbers, values)


def rows(
    histories: Histories, cutoffs: Sequence[date] | pd.DataFrame, *, known_then: bool = True
) -> Rows:
    """What `matrix` gives, as arrays: for one live customer a table takes longer than its values.

    Codes are places in `histories.customer_ids`, features those of `histories.catalogue`.
    """
    index = TileIndex.of(histories)
    codes, days = asked(index, cutoffs)
    return Rows.of(index, codes, days, histories.catalogue, known_then=known_then)


def feature_values(known: AsOf, catalogue: Catalogue) -> Floats:
    """The features of rows, shape (n_features, n_rows), in the catalogue's order."""
    values = np.empty((len(catalogue.features), len(known.codes)))
    for place, one in enumerate(catalogue.features):
        values[place] = one.compute(known)
    return values


def feature_columns(rows: pd.DataFrame) -> list[str]:
    """The names of the feature columns of a matrix, keys left out."""
    return [name for name in rows.columns if name not in KEYS]


def asked(index: TileIndex, cutoffs: Sequence[date] | pd.DataFrame) -> tuple[Ints, Ints]:
    """Customer codes and cutoff days of what was asked for, both of shape (n_asked,)."""
    if isinstance(cutoffs, pd.DataFrame):
        return _spine(index, cutoffs)
    days = np.array([(cutoff - EPOCH).days for cutoff in cutoffs], dtype=np.int64)
    codes = np.arange(index.customer_count, dtype=np.int64)
    return np.tile(codes, len(days)), np.repeat(days, len(codes))


def _spine(index: TileIndex, cutoffs: pd.DataFrame) -> tuple[Ints, Ints]:
    """Customer codes and cutoff days of a table of both; unknown customers are left out."""
    ids = pd.Index(index.customer_ids.to_numpy(zero_copy_only=False))
    codes = ids.get_indexer(cutoffs["customer_id"])
    days = cutoffs["cutoff"].to_numpy().astype("datetime64[D]").astype(np.int64)
    return codes[codes >= 0].astype(np.int64), days[codes >= 0]
