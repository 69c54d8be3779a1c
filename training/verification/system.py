"""What is verified: features, panels, fit and predictions as functions of histories."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.histories import Histories
from features.matrix import KEYS, matrix
from training.artifact import save_model
from training.models.boosting import held_out_rows
from training.models.customer_model import CustomerModel, Horizons, fit_customer_model
from training.panel import Panel, build_panel, data_end, plan_panel

Model = TypeVar("Model")
Bools = npt.NDArray[np.bool_]

ROW = ("customer_id", "cutoff")
"""The columns that name a row."""


@dataclass(frozen=True, slots=True)
class System(Generic[Model]):
    """The functions that are asked in every world; each gets whole histories, future included.

    `features` gives rows (keys, then features) at cutoffs, `panels` what is learned from for a day
    of prediction, `held_out` which rows of a panel are watched and not learned from, `fit` a model
    for a day of prediction, `predict` a row per row of features with the same index, `digest` a
    text that is the same for the same model to the last bit.
    """

    features: Callable[[Histories, Sequence[date]], pd.DataFrame]
    panels: Callable[[Histories, date], Sequence[Panel]]
    held_out: Callable[[Panel], Bools]
    fit: Callable[[Histories, date], Model]
    predict: Callable[[Model, pd.DataFrame], pd.DataFrame]
    digest: Callable[[Model, pd.DataFrame], str]


@dataclass(frozen=True, slots=True)
class Answers(Generic[Model]):
    """What a system says in one world of one day of prediction.

    Tables have the columns of `ROW`; `features` also those that the system's features have.
    """

    features: pd.DataFrame
    panels: Sequence[Panel]
    model: Model
    digest: str
    predictions: pd.DataFrame

    @property
    def rows_count(self) -> int:
        """Rows that can be compared: features with predictions, and the panels'."""
        return len(self.features) + sum(len(one.features) for one in self.panels)


def answers(system: System[Model], histories: Histories, cutoff: date) -> Answers[Model]:
    """Everything that a system says of these histories, for predictions at the start of a day."""
    features = system.features(histories, [cutoff])
    panels = system.panels(histories, cutoff)
    model = system.fit(histories, cutoff)
    return Answers(
        features=features,
        panels=panels,
        model=model,
        digest=system.digest(model, features),
        predictions=predicted(system, model, features),
    )


def predicted(system: System[Model], model: Model, features: pd.DataFrame) -> pd.DataFrame:
    """The predictions of rows, with the columns that name them."""
    return with_row(features, system.predict(model, features))


def with_row(features: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """Columns of the same rows behind those that name them."""
    keys = features[list(ROW)].reset_index(drop=True)
    return pd.concat([keys, more.reset_index(drop=True)], axis="columns")


def product_system(horizons: Horizons, *, seed: int) -> System[CustomerModel]:
    """The product's own functions, as training and scoring call them."""

    def panels(histories: Histories, as_of: date) -> Sequence[Panel]:
        known = histories.before(as_of)
        end = data_end(known, as_of)
        days = dict.fromkeys((horizons.churn_days, horizons.value_days))
        plans = dict.fromkeys(plan_panel(known.first_day, end, one) for one in days)
        return [
            build_panel(known, plan, as_of=end, grace_days=horizons.grace_days) for plan in plans
        ]

    return System(
        features=matrix,
        panels=panels,
        held_out=lambda panel: held_out_rows(panel.customers, seed=seed),
        fit=lambda histories, as_of: fit_customer_model(histories, as_of, horizons, seed=seed),
        predict=lambda model, features: model.predict(features),
        digest=_saved_digest,
    )


def _saved_digest(model: CustomerModel, features: pd.DataFrame) -> str:
    """What `save_model` vouches for: every file of the model's folder."""
    rows = features.drop(columns=[name for name in KEYS if name in features])
    with tempfile.TemporaryDirectory() as aside:
        return save_model(model, rows, Path(aside) / "model")
