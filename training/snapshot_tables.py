"""A snapshot table: learned from, judged on its own folds, asked of another table's customers."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataError
from features.sources.columns import position
from features.sources.snapshot import SnapshotTable
from features.sources.snapshot_columns import column_type, typed
from training.leaks import Telling
from training.models.customer_model import Progress, no_progress
from training.models.snapshot import SnapshotClassifier
from training.snapshot_evaluation import BASE, OURS, cross_validated
from training.snapshot_labels import check_ids, labels_of
from training.snapshot_screen import screen, without_leaks

Floats = npt.NDArray[np.float64]

SUSPICIOUS_AUC = 0.97


@dataclass(frozen=True, slots=True)
class SnapshotAsked:
    """What was asked: the columns of label and id, which value means left, what to leave out."""

    label: str
    customer_id: str
    positive: str | None = None
    drop: tuple[str, ...] = ()
    allow_leak: tuple[str, ...] = ()
    seed: int = 1


@dataclass(frozen=True, slots=True)
class SnapshotPredictions:
    """Per asked customer, in their order: id and `churn_probability`, `columns`, `contributions`.

    `columns` are those learned from, as they were read, `contributions` what each moved the
    log-odds of leaving by. `figures` are every system's on the folds of the table learned from,
    `chosen` the model that did best there, `leaks` the columns refused, `notes` what else was
    decided.
    """

    table: pd.DataFrame
    columns: pd.DataFrame
    contributions: pd.DataFrame
    figures: dict[str, dict[str, float]]
    chosen: str
    customers_count: int
    churn_rate: float
    notes: tuple[str, ...]
    leaks: tuple[Telling, ...]


def predict_snapshot(
    train: SnapshotTable,
    rows: SnapshotTable,
    asked: SnapshotAsked,
    *,
    progress: Progress = no_progress,
) -> SnapshotPredictions:
    """Chance of leaving of every customer of `rows`, learned from the labels of `train`.

    The label's column of `rows`, if it has one, is never read. The order of the rows of either
    table changes no figure. Raises MissingColumns, DataError or NotEnoughData.
    """
    progress("columns")
    label, own_id = train.column(asked.label, "--label"), train.column(asked.customer_id, "--id")
    rows_id = rows.column(asked.customer_id, "--id")
    _check_apart(label, own_id)
    check_ids(train, own_id)
    check_ids(rows, rows_id)
    churned = labels_of(train, label, asked.positive)
    drop = [train.column(name, "--drop") for name in asked.drop]
    allowed = [train.column(name, "--allow-leak") for name in asked.allow_leak]
    screened = screen(train, rows, apart=(own_id, label), drop=drop)
    # By id, so that the order of the file decides nothing.
    order = np.argsort(train.texts[own_id].to_numpy(dtype=str), kind="stable")
    churned = churned[order]
    in_order = screened.train.iloc[order].reset_index(drop=True)
    progress("leaks")
    screened = replace(screened, train=in_order)
    kept = without_leaks(screened, churned, allowed=allowed, seed=asked.seed)
    figures = cross_validated(kept.train, churned, seed=asked.seed, progress=progress)
    told = _told_rows(train.texts[own_id], rows, rows_id, label)
    progress("fitting")
    model = SnapshotClassifier(random_state=asked.seed).fit(kept.train, churned)
    progress("prediction")
    predicted = pd.DataFrame({asked.customer_id: _ids(rows, rows_id)})
    predicted["churn_probability"] = model.predict_proba(kept.rows)[:, 1]
    return SnapshotPredictions(
        table=predicted,
        columns=kept.rows,
        contributions=model.contributions(kept.rows),
        figures=figures,
        chosen=model.chosen_,
        customers_count=len(churned),
        churn_rate=float(churned.mean()),
        notes=(*train.notes, *rows.notes, *told, *kept.notes, *_told_figures(figures)),
        leaks=kept.leaks,
    )


def number_column(table: SnapshotTable, name: str, flag: str) -> Floats:
    """A column of money of the asked customers; NaN where it is missing or infinite.

    Raises MissingColumns or DataError that names the option `flag`.
    """
    column = table.column(name, flag)
    kind = column_type(table, column)
    if kind.kind != "number":
        message = f"Column {column!r} of {table.title} holds no numbers; name another with {flag}."
        raise DataError(message)
    values = typed(table, column, kind).to_numpy(dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _check_apart(label: str, own_id: str) -> None:
    if label == own_id:
        message = f"{label!r} cannot be both the label and the id; correct --label or --id."
        raise DataError(message)


def _ids(table: SnapshotTable, name: str) -> pd.Series:
    """The ids as the source has them: whole numbers of a Parquet file stay numbers."""
    ids = table.texts[name]
    if table.kinds[name] == "number" and ids.str.fullmatch(r"-?\d{1,18}").all():
        return ids.astype("int64")
    return ids.astype("str")


def _told_rows(learned: pd.Series, rows: SnapshotTable, rows_id: str, label: str) -> Iterator[str]:
    asked = rows.texts[rows_id]
    if count := int(asked.isin(set(learned)).sum()):
        yield (
            f"{count:,} customer(s) of {rows.title} were learned from as well. If it is the same "
            "snapshot, their probabilities have seen the answer: judge by the figures above, not "
            "by them."
        )
    if position(list(rows.texts.columns), label) is not None:
        yield f"{rows.title} has the label's column {label!r} too; it was not used."


def _told_figures(figures: dict[str, dict[str, float]]) -> Iterator[str]:
    if figures[OURS]["log_loss"] >= figures[BASE]["log_loss"]:
        yield (
            "No model did better than the base rate on these customers: the probabilities tell "
            "them hardly apart. More customers or other columns would help."
        )
    if (found := figures[OURS]["auc"]) > SUSPICIOUS_AUC:
        yield (
            f"An AUC of {found:.3f} is suspicious: several columns together may know the label. "
            "Ask of each whether it is known before a customer leaves; leave others out by --drop."
        )
