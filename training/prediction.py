"""One-shot prediction: orders in, what every customer will do out, nothing stored."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from features.histories import Histories
from features.matrix import matrix
from training.models.customer_model import Horizons, Progress, fit_customer_model, no_progress
from training.panel import require_customers

PREDICTION_COLUMNS = (
    "customer_id",
    "churn_probability",
    "expected_value",
    "value_low",
    "value_high",
    "expected_orders",
    "alive_probability",
)


@dataclass(frozen=True, slots=True)
class Predictions:
    """A row per customer, and what was odd in the data and was done about it."""

    table: pd.DataFrame
    notes: tuple[str, ...]


def predict_orders(
    histories: Histories,
    cutoff: date,
    horizons: Horizons,
    *,
    min_customers: int,
    seed: int,
    progress: Progress = no_progress,
) -> Predictions:
    """A row for every customer who ordered before the cutoff, learned from before it only.

    Columns are `PREDICTION_COLUMNS`: chance of no order within the churn horizon, then expected
    spend with its interval and expected order days within the value horizon, and the chance that
    the customer has not left for good. Raises NotEnoughData below `min_customers`.
    """
    known = histories.before(cutoff)
    rows = matrix(known, [cutoff])
    require_customers(len(rows), min_customers, cutoff)
    model = fit_customer_model(known, cutoff, horizons, seed=seed, progress=progress)
    progress("prediction")
    predicted = model.predict(rows).assign(customer_id=rows["customer_id"])
    return Predictions(predicted[list(PREDICTION_COLUMNS)], model.facts.notes)
