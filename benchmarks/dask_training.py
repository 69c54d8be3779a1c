"""Whether LightGBM on Dask learns what LightGBM alone learns, and twice the same.

    pip install "dask[dataframe,distributed]"
    python benchmarks/dask_training.py

Rows come from Parquet in fixed parts, two workers of one thread, `tree_learner="data"`.
"""

import sys
import tempfile
from pathlib import Path

import dask.dataframe as dd
import lightgbm as lgb
import numpy as np
import pandas as pd
from dask.distributed import Client, LocalCluster
from sklearn.metrics import roc_auc_score

# Another script here bears the name of a package: the repository is searched before this folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from features.tree_settings import TreeSettings
from training.models.boosting import lightgbm_parameters

ROWS, COLUMNS, RUNS = 60_000, 20, 3
OURS = lightgbm_parameters(TreeSettings())
SETTINGS = {
    **{key: OURS[key] for key in ("num_leaves", "learning_rate", "max_bin", "verbose")},
    "n_estimators": 80,
    "min_child_samples": 50,
    "random_state": 1,
}


def main() -> None:
    """Print how well each run ranks, and how far apart the runs are."""
    features, label = panel()
    alone = lgb.LGBMClassifier(**SETTINGS).fit(features, label).booster_.predict(features)
    print(f"alone: AUC {roc_auc_score(label, alone):.4f}")
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "panel.parquet"
        features.assign(label=label).to_parquet(path, row_group_size=5_000)
        cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
        with cluster, Client(cluster) as client:
            rows = dd.read_parquet(path, split_row_groups=True).persist()
            for _ in range(RUNS):
                model = lgb.DaskLGBMClassifier(client=client, tree_learner="data", **SETTINGS)
                model.fit(rows.drop(columns="label"), rows["label"])
                runs.append(model.to_local().booster_.predict(features))
                print(f"on Dask: AUC {roc_auc_score(label, runs[-1]):.4f}")
    apart = max(float(np.abs(runs[0] - other).max()) for other in runs[1:])
    print(f"largest difference of a prediction: {apart:.3f} between runs on Dask, ", end="")
    print(f"{float(np.abs(runs[0] - alone).max()):.3f} between Dask and alone")


def panel() -> tuple[pd.DataFrame, np.ndarray]:
    """Rows that know something of their label."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(ROWS, COLUMNS))
    score = values[:, 0] + values[:, 1] * values[:, 2] + rng.normal(size=ROWS)
    names = [f"feature_{number}_value" for number in range(COLUMNS)]
    return pd.DataFrame(values, columns=names), (score > 0).astype(np.int64)


if __name__ == "__main__":
    main()
