"""What happened after each cutoff: churned, what was spent, how often.

Churn by inactivity: no order day in [cutoff, cutoff + horizon). A label is mature when its whole
horizon has been seen; labels that are not mature do not exist here.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from features.histories import Histories
from features.kernel import AsOf, TileIndex
from features.tiles import ORDER_DAYS, ORDER_VALUE, REFUND_VALUE


def outcomes(
    histories: Histories, cutoffs: Sequence[date], *, horizon_days: int, seen_until: date
) -> pd.DataFrame:
    """Labels of the rows of `features.matrix.matrix` at these cutoffs, in the same order.

    Columns: `churned` (bool), `realised_orders` (order days), `realised_value` (money ordered less
    refunds, in whole units). `seen_until` is the first day not seen; a cutoff whose horizon
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
    return pd.DataFrame(
        {
            "churned": orders == 0,
            "realised_orders": orders.astype(np.int64),
            "realised_value": value,
        }
    )
