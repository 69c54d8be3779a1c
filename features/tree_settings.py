"""How the trees of the models are grown: a file of their own, written by tuning or by hand."""

from pathlib import Path

import yaml
from pydantic import Field, ValidationError

from features.errors import SettingsError
from features.settings_parts import Part
from features.settings_reading import explained, read_mapping

TREES_NAME = "trees.yml"


class TreeSettings(Part):
    """How LightGBM grows the trees of one model.

    Small trees by default: on purchase histories larger ones lose ranking and level, and finer
    bins gain nothing.
    """

    leaves: int = Field(default=8, ge=2, le=256, description="leaves of a tree at most")
    learning_rate: float = Field(
        default=0.05, ge=0.001, le=1, description="how much of each tree is taken"
    )
    leaf_rows: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="rows of a leaf at least; without it 50, or 100 from 20,000 rows on",
    )
    l2_penalty: float = Field(default=5.0, ge=0, le=10_000, description="penalty on leaves' values")
    feature_share: float = Field(
        default=0.7, ge=0.01, le=1, description="share of the features that a tree may use"
    )
    bins: int = Field(
        default=63, ge=3, le=255, description="bins that a feature's values are put into at most"
    )


class ModelTrees(Part):
    """The trees of both models."""

    churn: TreeSettings = TreeSettings()
    value: TreeSettings = TreeSettings()


def load_trees(path: Path | None) -> ModelTrees:
    """The trees of this file; the product's own without one.

    Raises SettingsError that names the key, its line, and what to write instead.
    """
    if path is None:
        return ModelTrees()
    text, content = read_mapping(path, cure="Make one with: regulars tune")
    try:
        return ModelTrees(**content)
    except ValidationError as error:
        raise SettingsError(explained(error, path, text, whole=ModelTrees)) from None


def trees_text(trees: ModelTrees) -> str:
    """The file that `load_trees` reads back as these."""
    return yaml.safe_dump(trees.model_dump(exclude_none=True), sort_keys=False)
