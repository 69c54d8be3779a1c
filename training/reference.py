"""What a model's customers looked like when it learned, so that scoring can tell drift."""

import numpy as np
import pandas as pd

from features.drift import Distribution
from features.word_codes import is_word
from training.labels import active
from training.models.customer_model import CustomerModel

CHURN_PROBABILITY = "churn_probability"


def reference_of(model: CustomerModel, rows: pd.DataFrame) -> dict[str, dict[str, list[float]]]:
    """Distributions of each feature and of the churn probability, as JSON-able data.

    `rows` are the features of all customers on the day that the model predicts at; counted are
    those who have not churned by then, the ones whom scores are for.
    """
    horizons = model.facts.horizons
    is_here = active(rows, horizon_days=horizons.churn_days, grace_days=horizons.grace_days)
    here = rows[is_here.to_numpy()]
    if here.empty:
        return {}
    told = {name: _distribution(here[name]) for name in model.facts.feature_names}
    told[CHURN_PROBABILITY] = Distribution.of(model.predict(here)[CHURN_PROBABILITY].to_numpy())
    return {name: one.to_dict() for name, one in told.items()}


def _distribution(column: pd.Series) -> Distribution:
    values = column.to_numpy(dtype=np.float64)
    return Distribution.of_words(values) if is_word(str(column.name)) else Distribution.of(values)
