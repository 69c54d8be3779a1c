"""What happened after each cutoff: churned, what was spent, how often.

Two definitions of churn. By silence: no order day in [cutoff, cutoff + horizon). By a
subscription's end: when the horizon is over, the time paid for, and the grace after it, are over
too; whoever pays on the very day until which she had paid is in time. A label is mature when its
whole horizon has been seen; others do not exist here.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from features.histories import Histories
from features.kernel import AsOf
from features.matrix import asked
from features.measures import ORDER_DAYS, ORDER_VALUE, PAID_UNTIL, REFUND_VALUE
from features.tile_index import TileIndex


def outcomes(
    histories: Histories,
    rows: pd.DataFrame,
    *,
    horizon_days: int,
    seen_until: date,
    grace_days: int | None = None,
) -> pd.DataFrame:
    """Labels of these rows of `features.matrix.matrix` (`customer_id`, `cutoff`), in their order.

    Columns: `churned` (bool), `realised_orders` (order days), `realised_value` (money ordered less
    refunds, in whole units). With `grace_days` churn is a subscription's end, without it silence.
    What happened is told by all that is known today, late arrivals and corrections included.
    `seen_until` is the first day not seen; a cutoff whose horizon reaches beyond it raises
    ValueError.
    """
    for cutoff in pd.DatetimeIndex(rows["cutoff"].unique()).date:
        if cutoff + timedelta(days=horizon_days) > seen_until:
            message = f"labels of {cutoff} need {horizon_days} days; seen until {seen_until}"
            raise ValueError(message)
    index = TileIndex.of(histories)
    codes, cutoff_days = asked(index, rows)
    at_end = AsOf(index, codes, cutoff_days + horizon_days)
    orders = at_end.total(ORDER_DAYS, horizon_days)
    value = at_end.money(ORDER_VALUE, horizon_days) - at_end.money(REFUND_VALUE, horizon_days)
    churned = orders == 0
    if grace_days is not None:
        churned = at_end.latest_maximum(PAID_UNTIL) + grace_days < at_end.cutoff_days
    return pd.DataFrame(
        {
            "churned": churned,
            "realised_orders": orders.astype(np.int64),
            "realised_value": value,
        }
    )


def active(features: pd.DataFrame, *, horizon_days: int, grace_days: int | None) -> pd.Series:
    """Whether each row's customer has not churned already at its cutoff, by the same definition."""
    if grace_days is None:
        return features["recency_days"] <= horizon_days
    return features["paid_ahead_days"] + grace_days >= 0
