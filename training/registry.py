"""The one door to MLflow's model registry: versions, their tags, checked downloads.

A version has two models: its own, and its holdout model, the same recipe learned before the
holdout's cutoff. The second one lets a later challenger be compared with it on days that it never
saw. Which version is champion, and who was before, is in `training.champions`.
"""

import importlib.metadata
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
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
HOLDOUT_DIGEST_TAG = "regulars.holdout_digest"
HOLDOUT_FOLDER = "holdout_model"
# What MLflow answers for a model, and for an alias, that does not exist.
NOT_THERE = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
REQUIREMENTS = (
    *("lightgbm", "numpy", "pandas", "scipy", "pyarrow", "duckdb", "babel", "mlflow", "sqlglot"),
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A version as the registry has it, with its tags."""

    version: Version
    tags: Mapping[str, str]


def register(
    folder: Path,
    digest: str,
    *,
    run_id: str,
    groups: tuple[ModuleType, ...] = (),
    tags: Mapping[str, str] | None = None,
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
        tags={**(tags or {}), DIGEST_TAG: digest},
        model_id=logged.model_id,
    )
    return Version(MODEL_NAME, str(version.version), run_id, digest)


def log_holdout_model(folder: Path) -> None:
    """Keep the folder of the holdout model with the current run."""
    mlflow.log_artifacts(str(folder), HOLDOUT_FOLDER)


def champion(client: MlflowClient) -> Version | None:
    """The version that the alias `champion` names, or None."""
    found = champion_registered(client)
    return found.version if found else None


def champion_registered(client: MlflowClient) -> Registered | None:
    """The same with its tags."""
    try:
        return _registered(client.get_model_version_by_alias(MODEL_NAME, CHAMPION_ALIAS))
    except MlflowException as error:
        _require_answer(error)
        return None


def version_numbered(client: MlflowClient, number: str) -> Registered:
    """The version of this number. Raises NotReady if there is none."""
    try:
        return _registered(client.get_model_version(MODEL_NAME, number))
    except MlflowException as error:
        _require_answer(error)
        message = f"There is no version {number}. List them with: regulars models"
        raise NotReady(message) from None


def all_versions(client: MlflowClient) -> list[Registered]:
    """Every version, the newest first."""
    found, token = [], None
    while True:
        page = client.search_model_versions(f"name = '{MODEL_NAME}'", page_token=token)
        found += [_registered(one) for one in page]
        token = page.token
        if not token:
            return sorted(found, key=lambda one: int(one.version.number), reverse=True)


def newest_version(client: MlflowClient) -> Registered:
    """The version that was registered last. Raises NotReady if there is none."""
    versions = all_versions(client)
    if not versions:
        message = "There is no version yet. Train one with: regulars train"
        raise NotReady(message)
    return versions[0]


def fetch_champion(
    workspace: Path, groups: tuple[ModuleType, ...] = ()
) -> tuple[CustomerModel, Version]:
    """The champion, downloaded into `workspace/models/VERSION` and checked against its digest.

    `groups` are the business's own feature groups.
    Raises NotReady without a champion, ModelRefused for files that are not the registered ones.
    """
    version = champion(use_workspace(workspace))
    if version is None:
        message = "There is no champion yet. Train one with: regulars train"
        raise NotReady(message)
    return fetch_version(workspace, version, groups), version


def fetch_version(
    workspace: Path, version: Version, groups: tuple[ModuleType, ...] = ()
) -> CustomerModel:
    """The model of a version, as `fetch_champion` brings the champion's."""
    client = use_workspace(workspace)
    if not version.digest:
        message = f"Version {version.number} has no digest: it was not registered by regulars."
        raise ModelRefused(message)
    folder = cached_folder(workspace, version.number, version.digest)
    try:
        return load_model(folder, digest=version.digest, groups=groups)
    except ModelRefused:
        # No copy yet, or a damaged one: the registry has the files.
        _download(client, version, folder, groups)
    return load_model(folder, digest=version.digest, groups=groups)


def fetch_holdout_model(
    workspace: Path, registered: Registered, groups: tuple[ModuleType, ...] = ()
) -> CustomerModel | None:
    """The holdout model of a version, or None if it was kept without.

    Raises ModelRefused if its files are missing or are not the registered ones.
    """
    digest = registered.tags.get(HOLDOUT_DIGEST_TAG)
    if not digest:
        return None
    use_workspace(workspace)
    with tempfile.TemporaryDirectory() as aside:
        try:
            got = mlflow.artifacts.download_artifacts(
                run_id=registered.version.run_id, artifact_path=HOLDOUT_FOLDER, dst_path=aside
            )
        except (MlflowException, OSError) as error:
            message = f"The holdout model of version {registered.version.number} is missing."
            raise ModelRefused(message) from error
        return load_model(Path(got), digest=digest, groups=groups)


def _registered(found: object) -> Registered:
    number, run_id = str(getattr(found, "version", "")), getattr(found, "run_id", "") or ""
    tags = dict(getattr(found, "tags", None) or {})
    return Registered(Version(MODEL_NAME, number, run_id, tags.get(DIGEST_TAG, "")), tags)


def _require_answer(error: MlflowException) -> None:
    if error.error_code not in NOT_THERE:
        message = "MLflow's registry does not answer. Try again when it is back."
        raise NotReady(message) from error


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
