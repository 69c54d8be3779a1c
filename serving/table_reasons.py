"""Why a customer of a snapshot table has the probability he or she has, in plain sentences."""

import numpy as np
import pandas as pd

REASONS_COUNT = 3
SMALLEST_REASON = 0.05
"""In log-odds: what moves a probability of a half by hardly more than a hundredth is no reason."""


def table_reasons(values: pd.DataFrame, contributions: pd.DataFrame) -> pd.DataFrame:
    """`reason_1` to `reason_3` per row, the strongest first, None where there is none so strong.

    `contributions` are log-odds of leaving per row and column, `values` the columns themselves.
    """
    parts = contributions.to_numpy()
    columns = list(values.columns)
    written = [_written(values[name]) for name in columns]
    strongest = np.argsort(-np.abs(parts), axis=1, kind="stable")[:, :REASONS_COUNT]
    reasons: dict[str, list[str | None]] = {}
    for place in range(REASONS_COUNT):
        reasons[f"reason_{place + 1}"] = [
            _sentence(columns[order[place]], written[order[place]][row], parts[row, order[place]])
            if place < len(order)
            else None
            for row, order in enumerate(strongest)
        ]
    return pd.DataFrame(reasons, index=values.index, dtype=object)


def _sentence(column: str, value: str, part: float) -> str | None:
    if abs(part) < SMALLEST_REASON:
        return None
    return f"{column} is {value}, which {'raises' if part > 0 else 'lowers'} the risk"


def _written(values: pd.Series) -> list[str]:
    """Each value as people write it: 12.5, 2026-01-31, true; `missing` where there is none."""
    codes, found = pd.factorize(values)
    texts = [*map(_text, found), "missing"]
    return [texts[code] for code in codes]


def _text(value: object) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.0f}" if float(value).is_integer() else f"{value:.6g}"
    if isinstance(value, pd.Timestamp | np.datetime64):
        stamp = pd.Timestamp(value)
        is_day = stamp == stamp.normalize()
        return f"{stamp:%Y-%m-%d}" if is_day else f"{stamp:%Y-%m-%d %H:%M}"
    return str(value)
