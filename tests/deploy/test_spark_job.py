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
from shop import FIRST_DAY, order_table, simulated_orders

from features.histories import Histories
from features.ingestion import shape_of
from features.matrix import matrix
from features.settings import load_settings
from features.tiles import tile_keys
from training.registry import fetch_champion

AS_OF = FIRST_DAY + timedelta(days=300)
SUBMIT = Path(sys.executable).with_name("spark-submit")


@pytest.fixture(scope="module")
def job(root, tmp_path_factory):
    """What a run of the job left behind, beside the histories and the model it should equal."""
    folder = tmp_path_factory.mktemp("job")
    orders = order_table(row for row in simulated_orders(customers=400) if row[1] < AS_OF)
    pq.write_table(orders, folder / "orders.parquet")
    settings = yaml.safe_load((root / "deploy/spark/regulars.yml").read_text(encoding="utf-8"))
    settings |= {"min_customers": 100, "as_of": AS_OF, "value": {"horizon_days": 90}}
    settings["spark"] = {"partitions": 4, "config": dict(SETTINGS.config)}
    (folder / "regulars.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [
        *(SUBMIT, "--master", "local[2]", "--driver-java-options", "-XX:TieredStopAtLevel=1"),
        *(root / "deploy/spark/job.py", "--settings", folder / "regulars.yml"),
        *("--events", f"orders={folder / 'orders.parquet'}", "--output", folder / "out"),
        *("--cutoffs", AS_OF.isoformat(), "--train-share", "0.6", "--score"),
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
    settings = load_settings(folder / "regulars.yml")
    known = Histories.from_events({"orders": orders}, shape_of({"orders": orders}, settings))
    return folder, settings, known


def table(folder, name):
    rows = pq.read_table(folder / "out" / name).to_pandas(date_as_object=False)
    return rows.sort_values("customer_id").reset_index(drop=True)


def test_the_settings_beside_the_job_are_valid(root):
    assert load_settings(root / "deploy/spark/regulars.yml").engine == "spark"


def test_the_job_leaves_the_tiles_that_duckdb_makes(job):
    folder, _, known = job
    order = [(name, "ascending") for name in tile_keys(known.catalogue.families["orders"])]
    found = pq.read_table(folder / "out/tiles/orders").sort_by(order)
    assert found.to_pylist() == known.orders.to_pylist()


def test_the_job_leaves_the_matrix_and_the_champions_scores_of_every_customer(job):
    folder, settings, known = job
    rows, scores = table(folder, "matrix"), table(folder, "scores")
    expected = matrix(known, [AS_OF])
    model, _ = fetch_champion(settings.workspace)
    said = model.predict(expected)
    assert rows["customer_id"].tolist() == expected["customer_id"].tolist()
    for name in model.facts.feature_names:
        assert np.array_equal(rows[name], expected[name], equal_nan=True), name
    for name in said.columns:
        assert np.array_equal(scores[name], said[name]), name


def test_the_model_learned_from_a_sample_and_knows_the_shape_of_all(job):
    _, settings, known = job
    model, _ = fetch_champion(settings.workspace)
    everybody = len(matrix(known, [AS_OF]))
    assert 0.45 * everybody < model.facts.customers_count < 0.75 * everybody
    assert model.facts.shape == known.shape.to_dict()
