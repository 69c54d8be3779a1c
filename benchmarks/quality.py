"""How good the predictions are on CDNOW, beside every baseline, on holdouts of the literature.

    python benchmarks/quality.py                     all three holdouts
    python benchmarks/quality.py cdnow-full-39-39    one of them

Everything is learned from before the cutoff; the holdout is read only to judge. Every customer
seen before the cutoff is judged, and the interval is one of 90 %.
"""

import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

# A script beside this one bears the name of the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features.ingestion import histories_of
from features.schema import ORDERS
from features.sources import cdnow
from features.sources.reading import read_table
from training.evaluation import evaluate
from training.models.customer_model import Horizons

WEEK_DAYS = 7
SHOWN = {
    "churn": ("auc", "log_loss", "brier", "ece"),
    "value": ("ngini", "spearman", "decile_mape", "bias", "rmse", "interval_coverage"),
}


@dataclass(frozen=True, slots=True)
class Task:
    """A cutoff after so many weeks, a horizon of so many."""

    cutoff: date
    horizon_days: int


TASKS = {
    "cdnow-full-39-39": Task(date(1997, 10, 1), 39 * WEEK_DAYS),
    "cdnow-full-52-26": Task(date(1997, 12, 31), 26 * WEEK_DAYS),
    "cdnow-full-65-13": Task(date(1998, 4, 1), 13 * WEEK_DAYS),
}


def main(names: list[str]) -> None:
    """Print one table per task, a line per system."""
    settings = cdnow.settings(Path(tempfile.gettempdir()))
    reading = read_table(ORDERS, settings.sources.orders, settings, today=date(1998, 7, 1))
    histories = histories_of(reading, settings)
    for name in names or list(TASKS):
        task = TASKS[name]
        started = time.process_time()
        holdout = evaluate(
            histories,
            task.cutoff,
            Horizons(task.horizon_days, task.horizon_days, interval=0.9),
            seed=settings.seed,
        )
        seconds = time.process_time() - started
        report = holdout.everybody()
        print(
            f"\n{name}: {report['customers_count']:,} customers, churn {report['churn_rate']:.4f}, "
            f"{seconds:.0f} CPU s with all baselines"
        )
        columns = [metric for metrics in SHOWN.values() for metric in metrics]
        print(f"{'':14}" + "".join(f"{column:>19}" for column in columns))
        for system, parts in report["systems"].items():
            figures = [
                parts[part].get(metric, float("nan"))
                for part, shown in SHOWN.items()
                for metric in shown
            ]
            print(f"{system:14}" + "".join(f"{figure:>19.4f}" for figure in figures))


if __name__ == "__main__":
    main(sys.argv[1:])
