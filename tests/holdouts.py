"""Made-up holdouts with a known truth, for the report of the backtest."""

from datetime import date

import numpy as np
import pandas as pd

from training.evaluation import Holdout, segments
from training.models.customer_model import Horizons

CUTOFFS = (date(2025, 1, 1), date(2025, 3, 2))
HORIZONS = Horizons(churn_days=60, value_days=60, interval=0.8)
ABOUT = {
    "business": "A shop & <b>more</b>",
    "currency": "EUR",
    "product": "regulars 0",
    "definition": {
        "churn": "no-order-60d@1",
        "churn_horizon_days": 60,
        "value_horizon_days": 60,
        "margin": 0.5,
    },
    "data": {
        "order_days_count": 5000,
        "customers_count": 900,
        "first_day": "2024-01-01",
        "last_day": "2025-04-30",
        "markets": ["AT", "CZ", "LI"],
        "features_count": 3,
        "catalogue": "0123456789abcdef0123",
        "fingerprint": "fedcba9876543210fedc",
    },
}


def holdouts(*, customers: int = 900, seed: int = 1) -> list[Holdout]:
    """Two days on which the champion knows the truth, `bg-nbd` half of it, `zero` nothing.

    Market LI has some 3 % of the customers, the others the rest.
    """
    rng = np.random.default_rng(seed)
    risk = rng.beta(2, 2, customers)
    basket = rng.gamma(2, 30, customers)
    people = pd.DataFrame(
        {
            "customer_id": [f"secret-{number:04d}" for number in range(customers)],
            "market": rng.choice(["AT", "CZ", "LI"], customers, p=[0.6, 0.37, 0.03]),
            "segment": segments(pd.Series(rng.choice([1, 3, 4], customers))),
            "past_value": basket * 2,
        }
    )
    return [_holdout(cutoff, people, risk, rng) for cutoff in CUTOFFS]


def _holdout(
    cutoff: date, people: pd.DataFrame, risk: np.ndarray, rng: np.random.Generator
) -> Holdout:
    count = len(people)
    churned = rng.random(count) < risk
    basket = people["past_value"].to_numpy() / 2
    expected = (1 - risk) * basket
    told = {
        "champion": (risk, expected),
        "bg-nbd": ((risk + rng.beta(2, 2, count)) / 2, expected * rng.gamma(2, 0.5, count)),
        "zero": (np.full(count, 0.5), np.zeros(count)),
    }
    predictions = {
        name: pd.DataFrame({"churn_probability": probability, "expected_value": value})
        for name, (probability, value) in told.items()
    }
    predictions["champion"]["value_low"] = 0.0
    predictions["champion"]["value_high"] = 2 * basket
    return Holdout(
        cutoff=cutoff,
        horizons=HORIZONS,
        predictions=predictions,
        churned=churned,
        realised_value=np.where(churned, 0.0, basket * rng.gamma(4, 0.25, count)),
        active=rng.random(count) < 0.9,
        customers=people,
        learned_until=(pd.Timestamp(cutoff) - pd.Timedelta(days=60)).date(),
    )
