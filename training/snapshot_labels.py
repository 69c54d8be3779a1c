"""Who left, from a column of a snapshot table, and whose row is whose."""

import numpy as np
import numpy.typing as npt

from features.errors import DataError, NotEnoughData
from features.sources.snapshot import SnapshotTable
from features.sources.snapshot_columns import NO_VALUE

Bools = npt.NDArray[np.bool_]

FEWEST_CUSTOMERS = 100
FEWEST_OF_A_CLASS = 10

_YES = frozenset({"yes", "y", "true", "t", "1", "1.0"})
_NO = frozenset({"no", "n", "false", "f", "0", "0.0"})
_SHOWN_VALUES = 5


def labels_of(table: SnapshotTable, name: str, positive: str | None) -> Bools:
    """Per row whether the customer left.

    Without `positive` the two values are yes and no, true and false, or 1 and 0.

    Raises DataError for a missing label, other than two values or values of unknown meaning,
    NotEnoughData for too few rows or too few of a class.
    """
    texts = table.texts[name]
    missing = (texts.isna() | texts.str.lower().isin(NO_VALUE)).to_numpy()
    if missing.any():
        message = (
            f"{int(missing.sum()):,} row(s) of {table.title} have no label in {name!r}, the first "
            f"of them row {table.rows[missing][0]:,}; fill it in, or take the rows out: nobody can "
            "tell from here whether they stayed."
        )
        raise DataError(message)
    values = sorted(texts.unique())
    if positive is not None:
        churned = (texts == _written(table, name, values, positive)).to_numpy()
    else:
        texts = texts.str.lower()  # Yes and YES are one value
        _check_words(table, name, values)
        churned, values = texts.isin(_YES).to_numpy(), sorted(texts.unique())
    if len(values) > 2:
        message = (
            f"Column {name!r} of {table.title} has {len(values):,} values ({_shown(values)}), "
            "where a label has two; name a column that says only whether the customer left."
        )
        raise DataError(message)
    _check_counts(table, name, churned)
    return churned


def check_ids(table: SnapshotTable, name: str) -> None:
    """Nothing, if every row has an id of its own. Raises DataError that names the first row."""
    ids = table.texts[name]
    missing = ids.isna().to_numpy()
    if missing.any():
        message = (
            f"{int(missing.sum()):,} row(s) of {table.title} have no {name!r}, the first of them "
            f"row {table.rows[missing][0]:,}; fill it in, or take the rows out."
        )
        raise DataError(message)
    again = ids.duplicated().to_numpy()
    if again.any():
        at = int(np.flatnonzero(again)[0])
        first = int(np.flatnonzero((ids == ids.iloc[at]).to_numpy())[0])
        message = (
            f"{table.title} has {int(again.sum()):,} row(s) too many: row {table.rows[at]:,} has "
            f"the {name!r} of row {table.rows[first]:,}; a snapshot has one row a customer."
        )
        raise DataError(message)


def _written(table: SnapshotTable, name: str, values: list[str], positive: str) -> str:
    alike = [value for value in values if value.casefold() == positive.strip().casefold()]
    if positive in values or len(alike) == 1:
        return positive if positive in values else alike[0]
    message = (
        f"No row of {table.title} has {positive!r} in {name!r}; its values are {_shown(values)}. "
        "Correct --positive."
    )
    raise DataError(message)


def _check_words(table: SnapshotTable, name: str, values: list[str]) -> None:
    unclear = [value for value in values if value.lower() not in _YES | _NO]
    if not unclear:
        return
    cure = "name a column of two values, or make it one"
    if len(values) == 2:
        cure = f"say which of them means that the customer left, such as --positive {values[0]!r}"
    message = (
        f"Column {name!r} of {table.title} holds {_shown(unclear)}, which is neither yes nor no, "
        f"true nor false, 1 nor 0; {cure}."
    )
    raise DataError(message)


def _check_counts(table: SnapshotTable, name: str, churned: Bools) -> None:
    left, stayed = int(churned.sum()), int((~churned).sum())
    if not left or not stayed:
        who = "nobody left" if not left else "everybody left"
        message = (
            f"By {name!r} of {table.title} {who}; a model needs customers of both kinds. Check "
            "--label and --positive."
        )
        raise DataError(message)
    if len(churned) < FEWEST_CUSTOMERS or min(left, stayed) < FEWEST_OF_A_CLASS:
        message = (
            f"unavailable, because {table.title} has {len(churned):,} customers, of whom {left:,} "
            f"left and {stayed:,} stayed; an honest model needs {FEWEST_CUSTOMERS} customers and "
            f"{FEWEST_OF_A_CLASS} of either kind."
        )
        raise NotEnoughData(message)


def _shown(values: list[str]) -> str:
    shown = ", ".join(repr(value) for value in values[:_SHOWN_VALUES])
    return shown + (", …" if len(values) > _SHOWN_VALUES else "")
