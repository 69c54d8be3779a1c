"""Customers of a made-up provider, a row each, whose chance of leaving is known."""

from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ["tenure_months", "monthly_charge", "contract", "city", "partner", "joined"]


def snapshot(count: int = 400, *, seed: int = 5) -> pd.DataFrame:
    """Id, six columns and `churned`; contract and tenure decide, the others are noise."""
    rng = np.random.default_rng(seed)
    tenure = rng.integers(0, 72, count)
    monthly = rng.random(count) < 0.5
    log_odds = -1.2 + 2.0 * monthly - 0.05 * tenure + 1.0
    charge = rng.normal(60, 20, count).round(2)
    return pd.DataFrame(
        {
            "customer_id": [f"c{number:05d}" for number in rng.permutation(count)],
            "tenure_months": tenure,
            "monthly_charge": np.where(rng.random(count) < 0.1, np.nan, charge),
            "contract": np.where(monthly, "month", "year"),
            "city": rng.choice(["Oslo", "Rome", "Ulm"], count),
            "partner": rng.random(count) < 0.5,
            "joined": pd.Timestamp("2026-01-01") - pd.to_timedelta(tenure * 30, unit="D"),
            "churned": rng.random(count) < 1 / (1 + np.exp(-log_odds)),
        }
    )


def written(table: pd.DataFrame, path: Path) -> Path:
    """The table as a CSV or Parquet file."""
    if path.suffix == ".csv":
        table.to_csv(path, index=False)
    else:
        table.to_parquet(path, index=False)
    return path
