"""`regulars tune` from files to a file of trees that training uses and a model remembers."""

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import yaml

TODAY = "2025-03-01"
SETTINGS = """\
business: Shop
sources:
  orders:
    path: orders.csv
    format: csv
    columns: {customer_id: customer_id, timestamp: ordered_on, amount: amount}
churn: {within_days: 60}
value: {horizon_days: 60}
as_of: 2025-02-01
"""
BAD = "churn: {leaves: 60, leaf_rows: 2, learning_rate: 0.9, l2_penalty: 0, feature_share: 1}\n"


@pytest.fixture
def shop(tmp_path, rows):
    """A shop whose trees were chosen badly for churn."""
    with (tmp_path / "orders.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("customer_id", "ordered_on", "amount"), *rows])
    (tmp_path / "regulars.yml").write_text(SETTINGS + "trees: trees.yml\n")
    (tmp_path / "trees.yml").write_text(BAD)
    return tmp_path


def states(folder) -> list[str]:
    """How the trials of the workspace stand; empty as long as there are none."""
    try:
        with sqlite3.connect(f"file:{folder / '.regulars/tuning.db'}?mode=ro", uri=True) as base:
            return [state for (state,) in base.execute("SELECT state FROM trials")]
    except sqlite3.OperationalError:
        return []


def test_a_killed_search_goes_on_and_training_uses_what_it_found(shop, run):
    clean = {name: told for name, told in os.environ.items() if not name.startswith("MLFLOW_")}
    command = [sys.executable, "-m", "serving.cli", "tune", "--trials", "4", "--now", TODAY]
    with subprocess.Popen(command, cwd=shop, env=clean, stdout=subprocess.DEVNULL) as process:
        while "COMPLETE" not in states(shop):
            assert process.poll() is None
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGKILL)
    before = states(shop)
    assert before.count("COMPLETE") < 8
    told = run("tune", "--trials", "4", "--now", TODAY, "--json")
    assert told.code == 0, told.err
    found = json.loads(told.out)
    after = states(shop)
    assert after.count("COMPLETE") + after.count("PRUNED") == 8
    assert "RUNNING" not in after
    assert found["churn"]["trials_count"] == found["value"]["trials_count"] == 4
    assert found["churn"]["is_better"]
    assert found["written"] == str(shop / "trees.yml")
    text = (shop / "trees.yml").read_text()
    assert text.startswith(
        "# How the models' trees are grown; found by regulars tune.\n# churn: 4 "
    )
    assert yaml.safe_load(text)["churn"] == found["churn"]["best"]
    trained = run("train", "--now", TODAY)
    assert trained.code == 0, trained.err
    kept = [json.loads(one.read_text()) for one in (shop / ".regulars").rglob("facts.json")]
    # Of the model, and of the one that was judged on the holdout.
    assert len({one["as_of"] for one in kept}) == len(kept) > 1
    assert all(one["trees"]["churn"] == found["churn"]["best"] for one in kept)


def test_where_nothing_is_better_nothing_is_written(shop, run):
    (shop / "regulars.yml").write_text(SETTINGS)
    (shop / "trees.yml").unlink()
    told = run("tune", "--trials", "1", "--now", TODAY)
    assert told.code == 0, told.err
    assert "churn: 1 tried on 2024-10-04 and " in told.out
    assert told.out.endswith("Nothing is written: no trees beat those in use.\n")
    assert not (shop / "trees.yml").exists()


def test_a_file_that_the_settings_do_not_name_is_left_alone(shop, run):
    (shop / "regulars.yml").write_text(SETTINGS)
    told = run("tune", "--trials", "1", "--now", TODAY)
    assert told.code == 1
    assert "trees.yml is there already, and the settings do not name it" in told.err
    assert (shop / "trees.yml").read_text() == BAD


@pytest.mark.parametrize("command", ["tune", "train"])
def test_wrong_trees_are_told_with_their_line(shop, run, command):
    (shop / "trees.yml").write_text("churn:\n  leaves: 0\n")
    told = run(command, "--now", TODAY)
    assert told.code == 1
    assert "trees.yml:2: churn.leaves: Input should be greater than or equal to 2" in told.err
