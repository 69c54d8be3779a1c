"""What a training run leaves in MLflow, for the product, for outsiders, and for nobody else."""

import json
import re
import shutil
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pandas as pd
import pytest
import yaml
from mlflow.entities import Run
from mlflow.entities.model_registry import ModelVersion
from mlflow.tracking import MlflowClient

from features import histories, stored
from features.errors import ModelRefused, NotReady
from features.histories import Histories
from features.matrix import matrix
from training.registry import fetch_champion
from training.tracking import use_workspace

AS_OF = date(2025, 2, 4)
ALIAS = "models:/regulars@champion"
SYSTEMS = (
    "champion",
    "lightgbm",
    "bg-nbd",
    "pareto-nbd",
    "rfm-cells",
    "recency-rule",
    "zero",
)
CUSTOMER_ID = re.compile(rb"\bC0\d{4}\b")


@pytest.fixture(autouse=True)
def own_tracking(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow remembers the last store in the environment; no test may hand it to the next."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")


@pytest.fixture(scope="module")
def client(shop) -> MlflowClient:
    return MlflowClient(f"sqlite:///{shop.workspace / 'mlflow.db'}")


@pytest.fixture(scope="module")
def trained(client: MlflowClient) -> Run:
    """The one run of the store."""
    experiment = client.get_experiment_by_name("regulars")
    (run,) = client.search_runs([experiment.experiment_id])
    return run


@pytest.fixture(scope="module")
def registered(client: MlflowClient) -> ModelVersion:
    return client.get_model_version_by_alias("regulars", "champion")


@pytest.fixture(scope="module")
def model_folder(client: MlflowClient) -> Path:
    """Where MLflow keeps the registered model's files."""
    return as_path(client.get_model_version_download_uri("regulars", "1"))


@pytest.fixture(scope="module")
def known(shop) -> Histories:
    return stored.load(shop.workspace / "histories")


@pytest.fixture(scope="module")
def seen(known: Histories) -> pd.DataFrame:
    """The features of every customer on the day of prediction."""
    return matrix(known.before(AS_OF), [AS_OF])


def as_path(uri: str) -> Path:
    return Path(unquote(urlparse(uri).path))


def parts_of_model(folder: Path) -> Path:
    """The folder with our own files within an MLflow model."""
    return next(folder.glob("**/manifest.json")).parent


# What is recorded


def test_a_run_records_its_settings_and_what_it_learned_from(trained, known):
    said = trained.data.params
    assert said["churn.within_days"] == "30"
    assert said["value.horizon_days"] == "90"
    assert said["seed"] == "1"
    assert said["data.as_of"] == "2025-02-04"
    assert said["data.customers"] == "700"
    assert int(said["data.panel_rows"]) > 700
    assert int(said["data.panel_cutoffs"]) > 1
    assert said["data.fingerprint"] == histories.fingerprint(known.before(AS_OF))
    assert trained.info.status == "FINISHED"


def test_no_path_of_this_machine_is_among_the_settings(trained, shop):
    assert [name for name, value in trained.data.params.items() if str(shop.folder) in value] == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_run_records_the_same_figures_of_the_champion_and_of_every_baseline(trained, system):
    figures = trained.data.metrics
    for people in ("active", "everybody"):
        for metric in ("auc", "log_loss", "ece", "ngini", "bias", "rmse"):
            assert f"{people}.{system}.{metric}" in figures


def test_a_run_keeps_pictures_of_level_and_order(client, trained):
    kept = [one.path for one in client.list_artifacts(trained.info.run_id, "holdout/2024-11-06")]
    assert sorted(Path(path).name for path in kept) == [
        "calibration.png",
        "gain.png",
        "metrics.json",
    ]
    folder = as_path(trained.info.artifact_uri) / "holdout" / "2024-11-06"
    for name in ("calibration.png", "gain.png"):
        content = (folder / name).read_bytes()
        assert content.startswith(b"\x89PNG")
        assert len(content) > 5_000


def test_the_registered_model_is_champion_and_carries_its_digest(registered, trained):
    assert (str(registered.version), registered.run_id) == ("1", trained.info.run_id)
    assert re.fullmatch(r"[0-9a-f]{64}", registered.tags["regulars.digest"])


def test_the_signature_names_what_comes_in_and_goes_out(model_folder, seen):
    described = yaml.safe_load((model_folder / "MLmodel").read_text(encoding="utf-8"))
    inputs = json.loads(described["signature"]["inputs"])
    outputs = [one["name"] for one in json.loads(described["signature"]["outputs"])]
    assert {one["name"] for one in inputs} == set(seen.columns[3:])
    assert {"churn_probability", "expected_value", "value_low", "value_high"} < set(outputs)


def test_the_input_example_is_nobody(model_folder, seen):
    example = json.loads((model_folder / "input_example.json").read_text(encoding="utf-8"))
    assert "customer_id" not in example["columns"]
    made_up = np.array(example["data"], dtype=float)
    real = seen[example["columns"]].to_numpy()
    assert len(made_up) == 1
    assert not any(np.array_equal(one, made_up[0], equal_nan=True) for one in real)


def test_no_customer_is_in_the_store_or_among_its_files(shop):
    files = [path for path in (shop.workspace / "artifacts").rglob("*") if path.is_file()]
    files.append(shop.workspace / "mlflow.db")
    assert len(files) > 20
    assert [str(path) for path in files if CUSTOMER_ID.search(path.read_bytes())] == []


def test_nothing_is_pickled(shop):
    files = [path for path in shop.workspace.rglob("*") if path.is_file()]
    suffixes = {".pkl", ".pickle", ".joblib", ".dill", ".pt"}
    assert [path for path in files if path.suffix in suffixes] == []
    # Every pickle since protocol 2 begins with PROTO and ends with STOP.
    assert [
        path
        for path in files
        if (content := path.read_bytes()) and content[0] == 0x80 and content[-1:] == b"."
    ] == []


def test_everything_is_kept_below_the_workspace(shop):
    beside = {
        path.name for path in shop.folder.iterdir() if path.name not in {".lock", ".ended.json"}
    }
    assert beside == {"orders.csv", "regulars.yml", ".regulars"}
    inside = {path.name for path in shop.workspace.iterdir()}
    folders = {"artifacts", "cards", "histories", "models"}
    assert inside - {".lock", ".champion.lock", ".scores.db.lock"} == folders | {
        "mlflow.db",
        "scores.db",
    }


# Who may load it


OUTSIDER = """
import sys

import mlflow
import pandas as pd

store, rows, out = sys.argv[1:]
mlflow.set_tracking_uri(store)
model = mlflow.pyfunc.load_model("models:/regulars@champion")
model.predict(pd.read_parquet(rows)).to_parquet(out)
"""


def test_an_outsider_gets_the_same_numbers_by_mlflows_own_door(
    shop, moved, seen, start_any, tmp_path
):
    seen.iloc[:, 3:].to_parquet(tmp_path / "rows.parquet")
    (tmp_path / "outsider.py").write_text(OUTSIDER, encoding="utf-8")
    arguments = ("outsider.py", f"sqlite:///{moved / 'mlflow.db'}", "rows.parquet", "out.parquet")
    ended = start_any(sys.executable, *arguments, folder=tmp_path)
    assert ended.code == 0, ended.err
    model, version = fetch_champion(moved)
    theirs = pd.read_parquet(tmp_path / "out.parquet")
    pd.testing.assert_frame_equal(theirs, model.predict(seen), check_exact=True)
    assert version.number == "1"


def own_copy(workspace):
    """The one model folder that the product keeps for itself."""
    (folder,) = (workspace / "models").iterdir()
    return folder


def test_the_products_own_copy_is_brought_anew_once_it_was_changed(moved):
    path = own_copy(moved) / "parameters.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole + " ", encoding="utf-8")
    assert fetch_champion(moved)[1].number == "1"
    assert path.read_text(encoding="utf-8") == whole


@pytest.mark.parametrize("name", ["churn_plain.txt", "facts.json", "golden.json"])
def test_damaged_files_of_the_registry_are_refused_and_not_kept(moved, model_folder, shop, name):
    shutil.rmtree(moved / "models")
    folder = parts_of_model(moved / model_folder.relative_to(shop.workspace))
    (folder / name).write_bytes((folder / name).read_bytes()[:-1])
    with pytest.raises(ModelRefused, match=rf"{name} is missing or was changed after"):
        fetch_champion(moved)
    assert list((moved / "models").iterdir()) == []


def test_files_whose_manifest_was_made_anew_are_refused(moved, model_folder, shop):
    shutil.rmtree(moved / "models")
    folder = parts_of_model(moved / model_folder.relative_to(shop.workspace))
    manifest = folder / "manifest.json"
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps(content, indent=2), encoding="utf-8")
    with pytest.raises(ModelRefused, match=r"manifest.json is not the one that was registered"):
        fetch_champion(moved)


def test_a_version_that_somebody_else_registered_is_refused(moved):
    client = MlflowClient(f"sqlite:///{moved / 'mlflow.db'}")
    client.delete_model_version_tag("regulars", "1", "regulars.digest")
    with pytest.raises(ModelRefused, match=r"no digest: it was not registered by regulars"):
        fetch_champion(moved)


def test_two_workspaces_in_one_process_keep_apart(moved, tmp_path):
    assert fetch_champion(moved)[1].number == "1"
    with pytest.raises(NotReady, match=r"There is no champion yet"):
        fetch_champion(tmp_path / "another")


def test_a_server_that_the_environment_names_goes_before_the_workspace(
    moved, tmp_path, monkeypatch
):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{moved / 'mlflow.db'}")
    client = use_workspace(tmp_path / "empty")
    assert str(client.get_model_version_by_alias("regulars", "champion").version) == "1"


# MLflow's own way to start it


@pytest.mark.timeout(200)
def test_every_entry_point_of_the_project_file_works(shop, root, start_any, tmp_path):
    project, kept = tmp_path / "project", tmp_path / "kept"
    project.mkdir()
    for name in ("MLproject", "mlproject.yml"):
        shutil.copy(root / name, project / name, follow_symlinks=False)
    (tmp_path / "orders.csv").write_bytes(shop.orders.read_bytes())
    text = shop.settings.read_text(encoding="utf-8")
    (tmp_path / "regulars.yml").write_text(f"{text}workspace: kept\n", encoding="utf-8")
    mlflow = _mlflow_run(start_any, project, f"sqlite:///{kept / 'mlflow.db'}", tmp_path)
    kept.mkdir()
    ended = {entry: mlflow(entry) for entry in ("train", "score", "backtest")}
    assert {entry: one.err for entry, one in ended.items() if one.code} == {}
    assert "Version 1 of regulars is the champion now." in ended["train"].out
    assert "of 700 customers scored" in ended["score"].out
    assert ended["backtest"].out.count("active customers") == 1
    # The run that MLflow opens around ours keeps its files in mlruns, which git ignores.
    assert {path.name for path in project.iterdir()} <= {"MLproject", "mlproject.yml", "mlruns"}


def _mlflow_run(start_any: Callable, project: Path, store: str, folder: Path) -> Callable:
    def run(entry: str):
        more = ("-P", "cutoffs=1") if entry == "backtest" else ()
        return start_any(
            *(Path(sys.executable).with_name("mlflow"), "run", ".", "-e", entry),
            *("--env-manager=local", "-P", f"settings={folder / 'regulars.yml'}", *more),
            folder=project,
            MLFLOW_TRACKING_URI=store,
        )

    return run
