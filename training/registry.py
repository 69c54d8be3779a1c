"""The one door to MLflow's model registry: versions, the alias `champion`, checked downloads."""

import importlib.metadata
import json
import shutil
import tempfile
from pathlib import Path
from types import ModuleType

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models.signature import infer_signature
from mlflow.tracking import MlflowClient

from features.errors import ModelRefused, NotReady
from training.artifact import OWN_FILE, cached_folder, load_model
from training.models.customer_model import CustomerModel, Version
from training.tracking import use_workspace

MODEL_NAME = "regulars"
CHAMPION_ALIAS = "champion"
DIGEST_TAG = "regulars.digest"
# What MLflow answers for a model, and for an alias, that does not exist.
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
REQUIREMENTS = (
    *("lightgbm", "numpy", "pandas", "scipy", "pyarrow", "duckdb", "babel", "mlflow", "sqlglot"),
)


def register(
    folder: Path, digest: str, *, run_id: str, groups: tuple[ModuleType, ...] = ()
) -> Version:
    """Log the model folder to the current run and register it as a new version.

    The files of the business's own feature groups travel with it, for outside users only. The
    pyfunc flavour (models from code) and its signature are for outside users; the example in
    it is a made-up row, nobody's data.
    """
    model = load_model(folder, digest=digest, groups=groups)
    example = _example(folder)
    source = Path(__file__).parent
    logged = mlflow.pyfunc.log_model(
        name="model",
        python_model=str(source / "mlflow_model.py"),
        artifacts={"model": str(folder), **own_files(groups)},
        code_paths=[str(source), str(source.parent / "features")],
        signature=infer_signature(example, model.predict(example)),
        input_example=example.head(1),
        pip_requirements=[f"{name}=={importlib.metadata.version(name)}" for name in REQUIREMENTS],
    )
    client = MlflowClient()
    # MLflow's own shortcut prints to the terminal; these two calls do the same in silence.
    if not client.search_registered_models(f"name = '{MODEL_NAME}'"):
        client.create_registered_model(MODEL_NAME)
    version = client.create_model_version(
        MODEL_NAME,
        source=logged.model_uri,
        run_id=run_id,
        tags={DIGEST_TAG: digest},
        model_id=logged.model_id,
    )
    return Version(MODEL_NAME, str(version.version), run_id, digest)


def promote(client: MlflowClient, version: Version) -> None:
    """Make this version the champion."""
    client.set_registered_model_alias(MODEL_NAME, CHAMPION_ALIAS, version.number)


def champion(client: MlflowClient) -> Version | None:
    """The version that the alias `champion` names, or None."""
    try:
        found = client.get_model_version_by_alias(MODEL_NAME, CHAMPION_ALIAS)
    except MlflowException as error:
        if error.error_code not in NOT_THERE:
            message = "MLflow's registry does not answer. Try again when it is back."
            raise NotReady(message) from error
        return None
    return Version(MODEL_NAME, str(found.version), found.run_id, found.tags.get(DIGEST_TAG, ""))


def fetch_champion(
    workspace: Path, groups: tuple[ModuleType, ...] = ()
) -> tuple[CustomerModel, Version]:
    """The champion, downloaded into `workspace/models/VERSION` and checked against its digest.

    `groups` are the business's own feature groups.
    Raises NotReady without a champion, ModelRefused for files that are not the registered ones.
    """
    client = use_workspace(workspace)
    version = champion(client)
    if version is None:
        message = "There is no champion yet. Train one with: regulars train"
        raise NotReady(message)
    if not version.digest:
        message = f"Version {version.number} has no digest: it was not registered by regulars."
        raise ModelRefused(message)
    folder = cached_folder(workspace, version.number, version.digest)
    try:
        return load_model(folder, digest=version.digest, groups=groups), version
    except ModelRefused:
        # No copy yet, or a damaged one: the registry has the files.
        _download(client, version, folder, groups)
    return load_model(folder, digest=version.digest, groups=groups), version


def _download(
    client: MlflowClient, version: Version, folder: Path, groups: tuple[ModuleType, ...]
) -> None:
    """Bring the files of a version to `folder`, checked before they get that name."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    uri = client.get_model_version_download_uri(version.name, version.number)
    # A private folder beside the target: nobody else can change the files before the check.
    with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
        got = Path(mlflow.artifacts.download_artifacts(artifact_uri=uri, dst_path=aside))
        files = next(got.glob("**/manifest.json")).parent
        load_model(files, digest=version.digest, groups=groups)
        shutil.rmtree(folder, ignore_errors=True)
        files.rename(folder)


def own_files(groups: tuple[ModuleType, ...]) -> dict[str, str]:
    """The files of a business's own feature groups as MLflow's artifacts, by name."""
    return {f"{OWN_FILE}{place}": str(group.__file__) for place, group in enumerate(groups)}


def _example(folder: Path) -> pd.DataFrame:
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    return pd.DataFrame(golden["rows"], dtype="float64")
