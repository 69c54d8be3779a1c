"""The one door to MLflow's tracking: where runs are kept and what every run records.

Without MLFLOW_TRACKING_URI, runs live in SQLite under the workspace. No row of a customer and no
customer's id is ever recorded.
"""

import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Set before MLflow is imported: no telemetry, no four minutes of retries when a server is down, and
# no progress bar of its own beside ours.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
# Bars of its own would run through the steps that a command shows.
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.settings import Settings
from features.tree_settings import ModelTrees, TreeSettings
from training.evaluation import Holdout
from training.pictures import calibration_figure, gain_figure
from training.verification.verify import Verification

Client = MlflowClient
"""MLflow's client, for the signatures of others."""

EXPERIMENT = "regulars"
GATE_FILE = "gate.json"
CARD_NAME = "model_card"

# Its progress messages are not ours to show; its warnings are.
logging.getLogger("mlflow").setLevel(logging.WARNING)


def use_workspace(workspace: Path) -> MlflowClient:
    """A client of the workspace's store, or of the server that the environment names."""
    workspace.mkdir(parents=True, exist_ok=True)
    given = os.environ.get("MLFLOW_TRACKING_URI")
    address = given or f"sqlite:///{workspace / 'mlflow.db'}"
    mlflow.set_tracking_uri(address)
    if not given:
        # MLflow puts the address into the environment, where the next workspace would find it.
        os.environ.pop("MLFLOW_TRACKING_URI", None)
    client = MlflowClient(address)
    if os.environ.get("MLFLOW_RUN_ID") is None:
        if client.get_experiment_by_name(EXPERIMENT) is None:
            # Said explicitly, because MLflow would otherwise write below the current folder.
            location = (workspace / "artifacts").resolve().as_uri()
            client.create_experiment(EXPERIMENT, artifact_location=location)
        mlflow.set_experiment(EXPERIMENT)
    return client


@contextmanager
def tracked_run(settings: Settings, name: str) -> Iterator[str]:
    """Open a run that records the settings; gives its id. An error ends it as FAILED."""
    use_workspace(settings.workspace)
    with mlflow.start_run(run_name=name) as run:
        # Paths say where this machine keeps things; they are nobody else's business.
        described = settings.model_dump(mode="json", exclude={"workspace", "sources", "trees"})
        mlflow.log_params(_flat(described))
        mlflow.log_dict(described, "settings.json")
        yield run.info.run_id


def log_data(facts: dict[str, Any]) -> None:
    """Record what the run learned from: counts and the fingerprint of the histories, no rows."""
    mlflow.log_params({f"data.{name}": value for name, value in facts.items()})


def log_trees(trees: ModelTrees) -> None:
    """Record how the trees of each model are grown."""
    mlflow.log_params(_flat(trees.model_dump(), "trees."))


def log_trial(name: str, trees: TreeSettings, losses: Sequence[float]) -> None:
    """Record a trial of tuning as a run within the open one: its trees, its loss by past day."""
    with mlflow.start_run(run_name=name, nested=True):
        mlflow.log_params(trees.model_dump())
        for step, loss in enumerate(losses):
            mlflow.log_metric("loss", loss, step=step)
        mlflow.log_metric("mean_loss", sum(losses) / len(losses))


def log_tuning(report: dict[str, Any]) -> None:
    """Record what tuning found, whether it was better by more than chance or not."""
    mlflow.log_dict(report, "tuning.json")
    for name, found in report.items():
        numbers = ("start_loss", "best_loss", "gain", "error")
        mlflow.log_metrics({f"{name}.{number}": found[number] for number in numbers})


def log_holdout(holdout: Holdout, *, step: int | None = None) -> None:
    """Record the metrics of every system, for the active and for everybody, and two pictures."""
    reports = {"active": holdout.report(), "everybody": holdout.everybody()}
    metrics = {
        f"{slice_name}.{system}.{metric}": value
        for slice_name, report in reports.items()
        for system, parts in report["systems"].items()
        for part in parts.values()
        for metric, value in part.items()
        if not math.isnan(value)  # a metric that does not exist for a system
    }
    mlflow.log_metrics(metrics, step=step)
    folder = f"holdout/{holdout.cutoff}"
    mlflow.log_dict(reports, f"{folder}/metrics.json")
    mlflow.log_figure(calibration_figure(holdout), f"{folder}/calibration.png")
    mlflow.log_figure(gain_figure(holdout), f"{folder}/gain.png")


def log_gate(decision: dict[str, Any]) -> None:
    """Record what the gate decided: a tag for people to filter by, and every figure as JSON."""
    mlflow.set_tags(
        {
            "regulars.gate": decision["decision"],
            "regulars.gate_mode": decision["mode"],
            "regulars.gate_against": decision["against"] or "",
            "regulars.gate_reasons": "; ".join(decision["reasons"])[:2000],
        }
    )
    mlflow.log_dict(decision, GATE_FILE)


def log_card(card: dict[str, Any], text: str) -> None:
    """Record the card of the version that the run made."""
    mlflow.log_dict(card, f"{CARD_NAME}.json")
    mlflow.log_text(text, f"{CARD_NAME}.md")


def recorded(run_id: str, name: str) -> dict[str, Any] | None:
    """A JSON file that a run recorded, or None if it has none of this name."""
    try:
        found: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{run_id}/{name}")
    except (MlflowException, OSError):
        return None
    return found


def log_backtest(report: dict[str, Any], files: Iterable[Path]) -> None:
    """Record every figure with its interval per cutoff and on average, and the report's files."""
    whole = report["slices"][0]
    for step, sheet in enumerate(whole["over_time"]):
        mlflow.log_metrics(_figures(sheet, "backtest"), step=step)
    mlflow.log_metrics(_figures(whole["mean"], "backtest_mean"))
    for path in files:
        mlflow.log_artifact(str(path), "backtest")


def has_runs(workspace: Path) -> bool:
    """Whether runs are kept anywhere yet: on a server, or in the workspace."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (workspace / "mlflow.db").exists()


def log_verification(settings: Settings, found: Verification) -> None:
    """Record which checks held, as a run with a report that tells no customer's values."""
    report = found.to_dict()
    report["checks"] = [
        {key: value for key, value in one.items() if key != "difference"}
        for one in report["checks"]
    ]
    with tracked_run(settings, "verify"):
        mlflow.log_metric("verify.failed_count", len(found.failed))
        mlflow.log_dict(report, "verify.json")


def _figures(sheet: dict[str, Any], prefix: str) -> dict[str, float]:
    """The figures of a sheet by name; nothing, if it could not be judged."""
    told = {
        f"{prefix}.{system}.{figure}": found
        for figure, systems in sheet.get("figures", {}).items()
        for system, found in systems.items()
    }
    told |= {
        f"{prefix}.difference.{figure}": found
        for figure, found in sheet.get("differences", {}).items()
    }
    return {
        name + suffix: found[key]
        for name, found in told.items()
        for suffix, key in (("", "value"), (".low", "low"), (".high", "high"))
        if found[key] is not None
    }


def _flat(nested: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in nested.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat
