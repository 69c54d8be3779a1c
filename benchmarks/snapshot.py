"""How good the model of snapshot tables is on public tables, beside baselines, on five folds.

    python benchmarks/snapshot.py FOLDER            telco, hillstrom, breast-cancer
    python benchmarks/snapshot.py FOLDER telco      one of them

FOLDER holds `telco/customers.parquet` (IBM's Telco churn table, 7,043 subscribers) and
`hillstrom/customers.parquet` (the MineThatData e-mail test, 64,000 customers, `visit` is the label,
judged on three folds for its size). Nothing is tuned on them: every fold chooses its model anew.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.datasets import load_breast_cancer

# A script beside this one bears the name of the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from training.models.snapshot import SnapshotClassifier
from training.snapshot_evaluation import SHOWN, cross_validated

SEED = 1


@dataclass(frozen=True, slots=True)
class Task:
    """A table, its label, and the columns that are no features of it."""

    table: str
    label: str
    apart: tuple[str, ...]


TASKS = {
    "telco": Task("telco", "churned", ("customer_id",)),
    "hillstrom": Task("hillstrom", "visit", ("customer_id", "conversion", "spend")),
}


def main(folder: Path, names: list[str]) -> None:
    """Print one table per task, a line per system."""
    for name in names or [*TASKS, "breast-cancer"]:
        table, labels = _read(folder, name)
        started = time.process_time()
        figures = cross_validated(table, labels, seed=SEED, with_trees=True)
        seconds = time.process_time() - started
        chosen = SnapshotClassifier(random_state=SEED).fit(table, labels).chosen_
        print(
            f"\n{name}: {len(table):,} rows, {labels.mean():.4f} of the label, {seconds:.0f} CPU s,"
            f" chosen on all rows: {chosen}"
        )
        print(f"{'':22}" + "".join(f"{shown:>17}" for shown in SHOWN))
        for system, found in figures.items():
            print(f"{system:22}" + "".join(f"{found[shown]:>17.4f}" for shown in SHOWN))


def _read(folder: Path, name: str) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    if name == "breast-cancer":
        data = load_breast_cancer(as_frame=True)
        return data.data, data.target.to_numpy() == 0
    task = TASKS[name]
    table = pd.read_parquet(folder / task.table / "customers.parquet")
    labels = table[task.label].to_numpy(dtype=bool)
    return table.drop(columns=[task.label, *task.apart]), labels


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
