"""What happened after each cutoff: churned, what was spent, how often.

Two definitions of churn. By silence: no order day in [cutoff, cutoff + horizon). By a
subscription's end: when the horizon is over, the time paid for, and the grace after it, are over
too. A label is mature when its whole horizon has been seen; others do not exist here.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from features.histories import Histories
from features.kernel import AsOf, TileIndex
from features.tiles import ORDER_DAYS, ORDER_VALUE, REFUND_VALUE


def outcomes(
    histories: Histories,
    cutoffs: Sequence[date],
    *,
    horizon_days: int,
    seen_until: date,
    grace_days: int | None = None,
) -> pd.DataFrame:
    """Labels of the rows of `features.matrix.matrix` at these cutoffs, in the same order.

    Columns: `churned` (bool), `realised_orders` (order days), `realised_value` (money ordered less
    refunds, in whole units). With `grace_days` churn is a subscription's end, without it silence.
    `seen_until` is the first day not seen; a cutoff whose horizon
    reaches beyond it raises ValueError.
    """
    for cutoff in cutoffs:
        if cutoff + timedelta(days=horizon_days) > seen_until:
            message = f"labels of {cutoff} need {horizon_days} days; seen until {seen_until}"
            raise ValueError(message)
    index = TileIndex(histories)
    at_cutoff = AsOf.cutoffs(index, cutoffs)
    at_end = AsOf(index, at_cutoff.codes, at_cutoff.cutoff_days + horizon_days)
    orders = at_end.total(ORDER_DAYS, horizon_days)
    value = at_end.money(ORDER_VALUE, horizon_days) - at_end.money(REFUND_VALUE, horizon_days)
    churned = orders == 0
    if grace_days is not None:
        churned = at_end.paid_until_day() + grace_days <= at_end.cutoff_days
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
    return features["paid_ahead_days"] + grace_days > 0
