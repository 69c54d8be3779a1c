"""What the scripts of peers share: the purchases they read, the answers they write.

Runs in the environment of a peer, with numpy and pandas and nothing of the product.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.quality_bench.simulation import Bought, Floats, value_interval

COLUMNS = ("frequency", "recency", "T", "monetary_value")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a fitted model says of every customer, its parameters, and what was odd in a fit."""

    no_order: Floats
    orders: Floats
    order_value: Floats
    alive: Floats
    parameters: Mapping[str, float]
    note: str = ""


Model = Callable[[pd.DataFrame, float], Answer]


def run(models: Mapping[str, Model]) -> None:
    """Fit each model on the purchases, write a file per model, print what each cost as JSON."""
    given = _arguments()
    purchases = pd.read_csv(given.summary, float_precision="round_trip")
    report: dict[str, dict[str, object]] = {}
    for name, model in models.items():
        before = _cpu_seconds()
        try:
            answer = model(purchases, given.weeks)
        except Exception as failure:  # noqa: BLE001 - whatever a library raises is its result
            first = (str(failure).strip().splitlines() or [""])[0]
            report[name] = {"failed": f"{type(failure).__name__}: {first}"}
            continue
        report[name] = {"cpu_seconds": _cpu_seconds() - before, "note": answer.note}
        table = _table(purchases, answer, given.weeks, given.seed)
        table.to_csv(given.out / f"{name}.csv", index=False)
    sys.stdout.write(json.dumps(report) + "\n")


def _table(purchases: pd.DataFrame, answer: Answer, weeks: float, seed: int) -> pd.DataFrame:
    bought = Bought(*(purchases[name].to_numpy(dtype=np.float64) for name in COLUMNS))
    low, high = value_interval(bought, answer.alive, answer.parameters, weeks, seed=seed)
    return pd.DataFrame(
        {
            "churn_probability": answer.no_order,
            "expected_value": answer.orders * answer.order_value,
            "value_low": low,
            "value_high": high,
        }
    )


def _cpu_seconds() -> float:
    """Of this process and of the compilers that it started."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--summary", type=Path, required=True)
    parser.add_argument("--weeks", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    return parser.parse_args()
