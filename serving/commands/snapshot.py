"""`regulars predict table`: a snapshot table with labels in, another's probabilities out."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataError
from features.sources.snapshot import SnapshotTable, read_snapshot
from serving.commands.one_shot import check_out, write_beside
from serving.commands.terminal import terminal_table
from serving.table_reasons import table_reasons
from training.models.customer_model import Progress
from training.offers import expected_loss, expected_profit
from training.snapshot_evaluation import SHOWN, folds_count
from training.snapshot_tables import (
    SnapshotAsked,
    SnapshotPredictions,
    number_column,
    predict_snapshot,
)

Floats = npt.NDArray[np.float64]

_HEADER = ("", "AUC", "log loss", "Brier", "calibration error", "lift of the top tenth")


@dataclass(frozen=True, slots=True)
class Offer:
    """What is known of money: a column of values, a cost or a column of costs, who is kept."""

    value: str | None
    cost: str | None
    kept_share: float


def predict_table_file(
    train: Path, rows: Path, out: Path, asked: SnapshotAsked, offer: Offer, *, progress: Progress
) -> str:
    """Write the predictions of the customers of `rows` to `out`; gives a summary of what was done.

    Raises UnreadableFile, MissingColumns, DataError or NotEnoughData.
    """
    for file in (train, rows):
        check_out(file, out)
    progress("reading")
    learned, wanted = read_snapshot(train), read_snapshot(rows)
    value, cost = _money(wanted, offer)
    predicted = predict_snapshot(learned, wanted, asked, progress=progress)
    table, told = predicted.table, []
    probability = table["churn_probability"].to_numpy()
    if value is not None:
        table = table.assign(expected_loss=expected_loss(probability, value))
        told.append(_told_loss(table["expected_loss"]))
    if value is not None and cost is not None:
        profit = expected_profit(probability, value, cost, kept_share=offer.kept_share)
        table = table.assign(expected_profit=profit)
        told.append(_told_profit(table["expected_profit"], offer.kept_share))
    table = table.join(table_reasons(predicted.columns, predicted.contributions))
    write_beside(table, out)
    return "\n".join([*_told(predicted), *told, _told_written(table, out)])


def _money(rows: SnapshotTable, offer: Offer) -> tuple[Floats | None, Floats | None]:
    """Value and cost per asked customer. Raises DataError for a cost without value or below 0."""
    if offer.value is None and offer.cost is None:
        return None, None
    if offer.value is None:
        message = "--cost needs --value: name the column with what a customer is worth."
        raise DataError(message)
    value = number_column(rows, offer.value, "--value")
    if offer.cost is None:
        return value, None
    amount = _amount(offer.cost)
    if amount is None:
        cost = number_column(rows, offer.cost, "--cost")
    else:
        cost = np.full(len(value), amount)
    if (cost < 0).any():
        message = f"--cost {offer.cost}: an offer cannot cost less than nothing; correct it."
        raise DataError(message)
    return value, cost


def _amount(text: str) -> float | None:
    try:
        amount = float(text)
    except ValueError:
        return None
    return amount if math.isfinite(amount) else None


def _told(predicted: SnapshotPredictions) -> list[str]:
    lines = [
        f"Learned from {predicted.customers_count:,} customers, {predicted.churn_rate:.1%} of whom "
        f"left, in {predicted.columns.shape[1]} column(s); model: {predicted.chosen}.",
    ]
    if predicted.leaks:
        names = ", ".join(one.as_text() for one in predicted.leaks)
        lines.append(
            f"LEAK: not learned from, because each alone tells the label, as only what is written "
            f"afterwards does: {names}. If one is known before a customer leaves, learn from it "
            f"with --allow-leak NAME."
        )
    rows = [
        [name, *(f"{figures[shown]:.3f}" for shown in SHOWN)]
        for name, figures in predicted.figures.items()
    ]
    table = terminal_table(_HEADER, rows)
    parts = folds_count(predicted.customers_count)
    judged = f"Judged on {parts} parts of it, each predicted from the others:"
    return [*lines, judged, table, *predicted.notes]


def _told_loss(loss: pd.Series) -> str:
    missing = f"; {int(loss.isna().sum()):,} have no value" if loss.isna().any() else ""
    return f"Expected loss, probability × value, is {loss.sum():,.0f} in all{missing}."


def _told_profit(profit: pd.Series, kept_share: float) -> str:
    worth = profit[profit > 0]
    return (
        f"An offer is worth its cost for {len(worth):,} customer(s), {worth.sum():,.0f} in all, "
        f"if it keeps {kept_share:.0%} of those who would leave: an assumption (--kept-share) "
        "until a trial has measured it."
    )


def _told_written(table: pd.DataFrame, out: Path) -> str:
    mean = table["churn_probability"].mean()
    return f"Wrote {len(table):,} customers to {out}: {mean:.1%} of them are expected to leave."
