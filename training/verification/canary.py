"""A column that is the label itself, known only on the day of prediction: nobody may learn from it.

As a feature group of a shape it counts planted rows of the orders. Each row with a churned label
has one on the day before its cutoff, which arrives on the day of prediction.
"""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from features.contracts import FOREVER
from features.declarations import Ints, Source
from features.kernel import AsOf
from features.schema import ORDERS

KIND = "canary"
DAY = timedelta(days=1)

orders = Source("orders")

CANARIES = orders.count("canaries", f"kind = '{KIND}'")


@orders.feature()
def canary_count(known: AsOf) -> Ints:
    """Planted rows of the day before the cutoff."""
    return known.total(CANARIES, 1)


def planted(rows: pd.DataFrame, churned: np.ndarray, market: str, *, arrives: date) -> pa.Table:
    """Orders that tell of these rows (`customer_id`, `cutoff`) who churned, not before a day."""
    told = rows[churned]
    days = [cutoff.date() - DAY for cutoff in told["cutoff"]]
    count = len(told)
    return ORDERS.filled(
        {
            "customer_id": told["customer_id"].tolist(),
            "occurred_at": pa.array((told["cutoff"] - DAY).to_numpy()),
            "day": days,
            "known_from": pa.array([arrives] * count, pa.date32()),
            "known_to": pa.array([FOREVER] * count, pa.date32()),
            "kind": [KIND] * count,
            "amount_minor": [0] * count,
            "market": [market] * count,
        }
    )
