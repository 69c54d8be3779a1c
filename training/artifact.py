"""A model as a folder of data: LightGBM text, JSON, and a manifest with a digest of every file.

Nothing here runs code from the folder. LightGBM's text parser can crash on a damaged file, so
digests are compared before it sees one; golden rows (made from quantiles, never real customers)
then prove that the model still says what it said when it was saved.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from features.catalog import catalogue
from features.errors import ModelRefused, SettingsError
from features.shape import Shape
from features.word_codes import is_word
from training.models.anchor import Anchor, Beyond
from training.models.attribution import Reference
from training.models.calibration import Calibration
from training.models.churn import ChurnModel
from training.models.customer_model import CustomerModel, Horizons, ModelFacts
from training.models.horizons import HorizonCurve
from training.models.intervals import ValueInterval
from training.models.lifetime_value import ValueModel
from training.models.mixture import Choice

FORMAT = 4
OWN_FILE = "features_"
"""What the files of own feature groups are called beside a model that MLflow gives away."""

TREES = ("churn_plain", "churn_anchored", "value_plain", "value_scaled", "value_anchored")
GOLDEN_TOLERANCE = 1e-9
GOLDEN_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def save_model(model: CustomerModel, features: pd.DataFrame, folder: Path) -> str:
    """Write the model's folder; gives the manifest's digest, which vouches for all of it.

    `features` are the rows that the model was made for; only their quantiles are kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    churn, value = model.churn, model.value
    trees = (churn.plain, churn.anchored, value.plain, value.scaled, value.anchored)
    for name, booster in zip(TREES, trees, strict=True):
        (folder / f"{name}.txt").write_text(booster.model_to_string(), encoding="utf-8")
    _write(folder / "parameters.json", _parameters(model))
    _write(folder / "facts.json", model.facts.to_dict())
    golden = golden_rows(features, model.facts.feature_names)
    answers = model.predict(golden)
    _write(folder / "golden.json", {"rows": _columns(golden), "answers": _columns(answers)})
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
    _write(folder / "manifest.json", {"format": FORMAT, "files": files})
    return _sha256(folder / "manifest.json")


def load_model(
    folder: Path, *, digest: str | None = None, groups: tuple[ModuleType, ...] = ()
) -> CustomerModel:
    """The model of a folder, checked before and after loading.

    `digest` is what `save_model` gave, kept apart from the folder; `groups` are the business's own
    feature groups. Raises ModelRefused for a folder that is incomplete, changed, of another format
    or of another feature catalogue.
    """
    _check_files(folder, digest)
    try:
        facts = _facts(json.loads((folder / "facts.json").read_text(encoding="utf-8")))
    except (KeyError, TypeError) as error:
        message = (
            f"The model in {folder} was made by another version of regulars, whose facts this one "
            "does not read. Train again with: regulars train"
        )
        raise ModelRefused(message) from error
    found = _catalogue_version(folder, facts, groups)
    if facts.catalogue_version != found:
        message = (
            f"The model in {folder} was made with feature catalogue {facts.catalogue_version}, "
            f"this version has {found}. Train again with: regulars train"
        )
        raise ModelRefused(message)
    model = _assemble(folder, facts)
    _check_golden(model, json.loads((folder / "golden.json").read_text(encoding="utf-8")), folder)
    return model


def cached_folder(workspace: Path, number: str, digest: str) -> Path:
    """Where the workspace keeps its own copy of a registered version."""
    return workspace / "models" / f"{number}-{digest[:12]}"


def golden_rows(features: pd.DataFrame, names: tuple[str, ...]) -> pd.DataFrame:
    """Made-up customers, one per quantile of every feature: nobody's data, everybody's range.

    Of words, which have no quantiles, each has one of the commonest.
    """
    rows = features[list(names)].quantile(list(GOLDEN_QUANTILES)).reset_index(drop=True)
    for name in filter(is_word, names):
        commonest = features[name].value_counts().index[: len(rows)]
        rows[name] = np.resize(commonest, len(rows)) if len(commonest) else np.nan
    return rows


def _parameters(model: CustomerModel) -> dict[str, Any]:
    return {
        "anchor": model.churn.anchor.to_dict(),
        "churn": {
            "typical": model.churn.typical,
            "reference": model.churn.reference.to_dict(),
            "stretch": model.churn.stretch.to_dict(),
            "beyond": asdict(model.churn.beyond),
            "choice": model.churn.choice.to_dict(),
            "calibration": model.churn.calibration.to_dict(),
        },
        "value": {
            "typical": model.value.typical,
            "reference": model.value.reference.to_dict(),
            "growth": model.value.growth.to_dict(),
            "beyond": asdict(model.value.beyond),
            "choice": model.value.choice.to_dict(),
        },
        "interval": model.interval.to_dict(),
    }


def _assemble(folder: Path, facts: ModelFacts) -> CustomerModel:
    parameters = json.loads((folder / "parameters.json").read_text(encoding="utf-8"))
    trees = {
        name: lgb.Booster(model_str=(folder / f"{name}.txt").read_text(encoding="utf-8"))
        for name in TREES
    }
    anchor = Anchor.from_dict(parameters["anchor"])
    of_churn, of_value = parameters["churn"], parameters["value"]
    churn = ChurnModel(
        trees["churn_plain"],
        trees["churn_anchored"],
        anchor,
        Beyond(**of_churn["beyond"]),
        HorizonCurve.from_dict(of_churn["stretch"]),
        Choice.from_dict(of_churn["choice"]),
        Calibration.from_dict(of_churn["calibration"]),
        Reference.from_dict(of_churn["reference"]),
        of_churn["typical"],
    )
    value = ValueModel(
        trees["value_plain"],
        trees["value_scaled"],
        trees["value_anchored"],
        anchor,
        Beyond(**of_value["beyond"]),
        HorizonCurve.from_dict(of_value["growth"]),
        Choice.from_dict(of_value["choice"]),
        Reference.from_dict(of_value["reference"]),
        of_value["typical"],
    )
    return CustomerModel(churn, value, ValueInterval.from_dict(parameters["interval"]), facts)


def _facts(fields: dict[str, Any]) -> ModelFacts:
    read = {
        **fields,
        "horizons": Horizons(**fields["horizons"]),
        "cutoffs": tuple(fields["cutoffs"]),
        "feature_names": tuple(fields["feature_names"]),
        "notes": tuple(fields["notes"]),
    }
    return ModelFacts(**read)


def _catalogue_version(folder: Path, facts: ModelFacts, groups: tuple[ModuleType, ...]) -> str:
    try:
        return catalogue(Shape.from_dict(facts.shape, groups)).version
    except SettingsError as error:
        message = f"The model in {folder} does not fit. {error}"
        raise ModelRefused(message) from error


def _check_files(folder: Path, digest: str | None) -> None:
    manifest_path = folder / "manifest.json"
    if not manifest_path.is_file():
        message = f"{folder} is no whole model: it has no manifest.json."
        raise ModelRefused(message)
    if digest is not None and _sha256(manifest_path) != digest:
        message = f"{manifest_path} is not the one that was registered."
        raise ModelRefused(message)
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    if manifest.get("format") != FORMAT:
        found = manifest.get("format")
        message = f"{folder} has model format {found}, this version reads {FORMAT}."
        raise ModelRefused(message)
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            message = f"{path} is missing or was changed after the model was saved."
            raise ModelRefused(message)


def _check_golden(model: CustomerModel, golden: dict[str, Any], folder: Path) -> None:
    rows = pd.DataFrame(golden["rows"], dtype=np.float64)
    answers = model.predict(rows)
    expected = pd.DataFrame(golden["answers"], dtype=np.float64)[list(answers.columns)]
    if not np.allclose(answers, expected, rtol=GOLDEN_TOLERANCE, atol=GOLDEN_TOLERANCE):
        message = f"The model in {folder} no longer gives the answers that it was saved with."
        raise ModelRefused(message)


def _columns(table: pd.DataFrame) -> dict[str, list[float | None]]:
    return {
        str(name): [None if np.isnan(value) else float(value) for value in table[name]]
        for name in table.columns
    }


def _write(path: Path, content: object) -> None:
    text = json.dumps(content, indent=1, sort_keys=True, allow_nan=False)
    path.write_text(text, encoding="utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
