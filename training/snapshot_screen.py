"""Which columns of a snapshot table are learned from, and in a sentence why the others are not."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.errors import DataError
from features.sources.columns import position
from features.sources.snapshot import SnapshotTable
from features.sources.snapshot_columns import ColumnType, column_type, typed
from training.leaks import Telling, telling
from training.models.snapshot_design import is_number

Bools = npt.NDArray[np.bool_]

ID_SHARE = 0.95
"""Texts that differ in this share of their rows are names or ids."""
FEWEST_IDS = 50
FEWEST_TO_COMPARE = 10

_ID_NAME = re.compile(r"(^|[_\W])(id|ids|key|uuid|guid|index|row|nr|no)$", re.IGNORECASE)
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Screened:
    """Two tables with the same typed columns, and what was decided about the others."""

    train: pd.DataFrame
    rows: pd.DataFrame
    notes: tuple[str, ...]
    leaks: tuple[Telling, ...] = ()


def screen(
    train: SnapshotTable, rows: SnapshotTable, *, apart: Sequence[str], drop: Sequence[str]
) -> Screened:
    """The columns both tables have and that can tell something, in the order of `train`.

    `apart` are id and label, `drop` what people want to leave out; both as `train` writes them.
    Raises DataError where the tables write a column in different ways or none is left.
    """
    notes: list[str] = []
    at = {name: position(list(rows.texts.columns), name) for name in train.texts.columns}
    wanted = [name for name in train.texts.columns if name not in {*apart, *drop}]
    lacking = [name for name in wanted if at[name] is None]
    if lacking:
        notes.append(f"Not in {rows.title}, so not learned from: {', '.join(lacking)}.")
    names = [name for name in wanted if at[name] is not None]
    known = {name.casefold() for name in train.texts.columns}
    if extra := [name for name in rows.texts.columns if name.casefold() not in known]:
        notes.append(f"Not in {train.title}, so not used: {', '.join(extra)}.")
    kinds = {name: column_type(train, name) for name in names}
    learned = {name: typed(train, name, kinds[name]) for name in names}
    useless = {name: why for name in names if (why := _uselessness(name, learned[name]))}
    notes += (
        f"Left out, {why}: {', '.join(name for name in names if useless.get(name) == why)}."
        for why in dict.fromkeys(useless.values())
    )
    kept = [name for name in names if name not in useless]
    if not kept:
        message = (
            f"No column of {train.title} is left to learn from "
            f"({' '.join(notes) or 'it has id and label only'}); add columns that tell something."
        )
        raise DataError(message)
    asked = {
        name: _typed_alike(rows, str(rows.texts.columns[at[name] or 0]), name, kinds[name])
        for name in kept
    }
    notes += _told_values(train, rows, learned, asked)
    return Screened(_finite(learned, kept), _finite(asked, kept), tuple(notes))


def without_leaks(
    screened: Screened, churned: Bools, *, allowed: Sequence[str], seed: int
) -> Screened:
    """The same without the columns that alone tell the label, but for those allowed.

    Raises DataError if no other column is left.
    """
    found = [
        one for one in telling(screened.train, churned, seed=seed) if one.column not in allowed
    ]
    leaks = tuple(one for one in found if one.is_leak)
    kept = screened.train.columns.difference([one.column for one in leaks], sort=False)
    if not len(kept):
        told = ", ".join(one.as_text() for one in leaks)
        message = f"Every column alone tells the label: {told}. Allow one with --allow-leak NAME."
        raise DataError(message)
    notes = (*screened.notes, *_told_doubts([one for one in found if one.is_doubtful]))
    return Screened(screened.train[kept], screened.rows[kept], notes, leaks)


def _told_doubts(doubtful: Sequence[Telling]) -> Iterator[str]:
    if doubtful:
        names = ", ".join(f"{one.column} ({one.left_in_pure_cells:.0%})" for one in doubtful)
        yield (
            "please check: some values occur only where a customer left, for this share of those "
            f"who did: {names}. What is written afterwards should be left out by --drop."
        )


def _uselessness(name: str, values: pd.Series) -> str | None:
    filled = values.dropna()
    if not len(filled):
        return "empty"
    different = filled.nunique()
    if different == 1 and len(filled) == len(values):
        return "the same in every row"
    if not is_number(values):
        is_id = len(filled) >= FEWEST_IDS and different >= ID_SHARE * len(filled)
        return "different in nearly every row, like an id or a name" if is_id else None
    if pd.api.types.is_datetime64_any_dtype(values.dtype) or different < len(filled):
        return None
    number = filled.to_numpy()
    is_whole = bool(np.isfinite(number).all() and (number == np.floor(number)).all())
    is_counted = np.ptp(number) == len(number) - 1 and len(number) >= FEWEST_IDS
    if is_whole and (is_counted or _ID_NAME.search(name)):
        return "numbers that count or name the rows"
    return None


def _typed_alike(rows: SnapshotTable, name: str, learned_as: str, kind: ColumnType) -> pd.Series:
    if kind.kind == "time" and rows.kinds[name] == "moment":
        kind = ColumnType("time")
    if kind.kind == "time" and rows.kinds[name] == "number":
        message = f"Column {name!r} of {rows.title} holds numbers, but was learned from as times."
        raise DataError(f"{message} Write it the same way in both, or --drop {learned_as!r}.")
    if kind.kind == "number" and rows.kinds[name] == "moment":
        message = f"Column {name!r} of {rows.title} holds times, but was learned from as numbers."
        raise DataError(f"{message} Write it the same way in both, or --drop {learned_as!r}.")
    return typed(rows, name, kind)


def _told_values(
    train: SnapshotTable,
    rows: SnapshotTable,
    learned: Mapping[str, pd.Series],
    asked: Mapping[str, pd.Series],
) -> Iterator[str]:
    """What is worth telling of single values; DataError if two tables share no value."""
    infinite = {
        f"{name} of {table.title}": count
        for table, columns in ((train, learned), (rows, asked))
        for name, values in columns.items()
        if name in asked and values.dtype == np.float64 and (count := int(np.isinf(values).sum()))
    }
    for where, count in infinite.items():
        yield f"{count:,} infinite value(s) in {where} count as missing."
    for name, values in asked.items():
        if is_number(values):
            continue
        filled = values.dropna()
        unseen = filled[~filled.isin(learned[name].dropna().unique())]
        if len(unseen) == len(filled) >= FEWEST_TO_COMPARE:
            message = (
                f"Column {name!r} has no value in both tables ({_some(learned[name])} in "
                f"{train.title}, {_some(values)} in {rows.title}); write it the same way in both, "
                f"or leave it out with --drop {name!r}."
            )
            raise DataError(message)
        if len(unseen):
            yield (
                f"{len(unseen):,} row(s) of {rows.title} have a value of {name} that {train.title} "
                f"has not ({_some(unseen)}): treated as a rare one."
            )


def _some(values: pd.Series) -> str:
    found = sorted(values.dropna().unique())
    return ", ".join(map(repr, found[:_SHOWN])) + (", …" if len(found) > _SHOWN else "")


def _finite(columns: Mapping[str, pd.Series], kept: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: columns[name].replace([np.inf, -np.inf], np.nan)
            if columns[name].dtype == np.float64
            else columns[name]
            for name in kept
        }
    )
