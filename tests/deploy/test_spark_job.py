"""The job for a cluster runs as its README says, and makes what DuckDB makes."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml
from local_spark import SETTINGS
from shop import FIRST_DAY, histories_of, order_table, simulated_orders

from features.histories import fingerprint, load
from features.matrix import matrix
from features.settings import load_settings
from training.artifact import save_model
from training.models.customer_model import Horizons, fit_customer_model

AS_OF = FIRST_DAY + timedelta(days=300)
SUBMIT = Path(sys.executable).with_name("spark-submit")


@pytest.fixture(scope="module")
def job(root, tmp_path_factory):
    """What a run of the job left behind, beside the histories and the model it should equal."""
    folder = tmp_path_factory.mktemp("job")
    orders = order_table(row for row in simulated_orders(customers=400) if row[1] < AS_OF)
    pq.write_table(orders, folder / "orders.parquet")
    known = histories_of({"orders": orders})
    model = fit_customer_model(known, AS_OF, Horizons(60, 90, 0.9), seed=1)
    digest = save_model(model, matrix(known, [AS_OF]), folder / "model")
    settings = yaml.safe_load((root / "deploy/spark/regulars.yml").read_text(encoding="utf-8"))
    settings["spark"] = {"partitions": 4, "config": dict(SETTINGS.config)}
    (folder / "regulars.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [
        *(SUBMIT, "--master", "local[2]", "--driver-java-options", "-XX:TieredStopAtLevel=1"),
        *(root / "deploy/spark/job.py", "--settings", folder / "regulars.yml"),
        *("--events", f"orders={folder / 'orders.parquet'}", "--output", folder / "out"),
        *("--cutoffs", AS_OF.isoformat(), "--model", folder / "model", "--digest", digest),
        *("--sample-share", "1"),
    ]
    python = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    environment = {**os.environ, **python, "PYTHONPATH": str(root)}
    done = subprocess.run(  # noqa: PLW1510 - its words are shown below
        [str(word) for word in command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, known, model


def table(folder, name):
    rows = pq.read_table(folder / "out" / name).to_pandas(date_as_object=False)
    return rows.sort_values("customer_id").reset_index(drop=True)


def test_the_settings_beside_the_job_are_valid(root):
    assert load_settings(root / "deploy/spark/regulars.yml").engine == "spark"


def test_the_job_leaves_the_tiles_that_duckdb_makes(job):
    folder, known, _ = job
    assert fingerprint(load(folder / ".regulars" / "sample")) == fingerprint(known)
    assert pq.read_table(folder / "out/tiles/orders").num_rows == known.orders.num_rows


def test_the_job_leaves_the_matrix_and_the_scores_of_every_customer(job):
    folder, known, model = job
    rows, scores = table(folder, "matrix"), table(folder, "scores")
    expected = matrix(known, [AS_OF])
    said = model.predict(expected)
    assert rows["customer_id"].tolist() == expected["customer_id"].tolist()
    for name in model.facts.feature_names:
        assert np.array_equal(rows[name], expected[name], equal_nan=True), name
    for name in said.columns:
        assert np.array_equal(scores[name], said[name]), name
