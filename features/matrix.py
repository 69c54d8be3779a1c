"""The one door to features: the same rows for training, batch scoring and one live customer."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from features.catalog import catalogue
from features.histories import EPOCH, Histories
from features.kernel import AsOf, TileIndex

KEYS = ("customer_id", "market", "cutoff")


def matrix(histories: Histories, cutoffs: Sequence[date]) -> pd.DataFrame:
    """Features of every customer at every cutoff by which she had ordered.

    One row per customer and cutoff, cutoff by cutoff and then in the order of the tiles. Columns
    are `customer_id`, `market` (of the last order), `cutoff`, then the features as float64, NaN
    where unknown. What happened at or after a row's cutoff changes nothing of the row.
    """
    index = TileIndex(histories)
    known = AsOf.cutoffs(index, cutoffs)
    ids = index.customer_ids.to_numpy(zero_copy_only=False)
    markets = pd.CategoricalDtype(list(histories.markets))
    columns: dict[str, object] = {
        "customer_id": pd.array(ids[known.codes], dtype="str"),
        "market": pd.Categorical.from_codes(known.market_numbers(), dtype=markets),
        "cutoff": np.datetime64(EPOCH, "s") + known.cutoff_days.astype("timedelta64[D]"),
    }
    for one in catalogue(histories.available):
        columns[one.name] = np.asarray(one.compute(known), dtype=np.float64)
    return pd.DataFrame(columns)


def feature_columns(rows: pd.DataFrame) -> list[str]:
    """The names of the feature columns of a matrix, keys left out."""
    return [name for name in rows.columns if name not in KEYS]
