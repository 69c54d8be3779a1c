"""Exact TreeSHAP values of small trees, looked up instead of computed row by row.

What a tree adds for a row depends only on which way the row goes at each of the tree's splits.
With eight leaves these are seven yes or no, so the values of all 128 answers fit a table, and a row
costs seven comparisons and a look-up. The tables hold the same values that LightGBM computes
(`pred_contrib`). Sources: Lundberg et al. (2020), "From local explanations to global understanding
with explainable AI for trees", Nature Machine Intelligence 2; Yang (2021), "Fast TreeSHAP".
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import factorial
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

MOST_SPLITS = 9  # of a tree; a table has 2 to the power of it rows
CHUNK_ROWS = 4_096  # as many as the processor's own memory holds the columns of
NO_VALUE = 1e-35  # LightGBM takes what is closer to zero for a zero


@dataclass(slots=True)
class _Leaf:
    """A leaf: its value, and per feature on the way to it how the way is taken.

    `covers` is the share of learned rows that went this way at the feature's splits; a row goes it
    too if its answers under `masks` are `wanted`.
    """

    value: float
    covers: dict[int, float] = field(default_factory=dict)
    masks: dict[int, int] = field(default_factory=dict)
    wanted: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Table:
    """A tree's splits in the order of their bits, and its values by answer and feature."""

    splits: list[dict[str, Any]]
    features: list[int]
    values: Floats  # (features, answers)


class TreeTables:
    """The tables of all trees of a booster."""

    def __init__(self, tables: list[_Table], features_count: int) -> None:
        """Hold the tables; `tables_of` makes them."""
        self._tables = tables
        self._features_count = features_count

    def contributions(self, rows: Floats) -> Floats:
        """TreeSHAP values per row and feature; shapes (n_rows, n_features) both."""
        found = np.empty((len(rows), self._features_count))
        for start in range(0, len(rows), CHUNK_ROWS):
            part = rows[start : start + CHUNK_ROWS]
            found[start : start + CHUNK_ROWS] = self._of_chunk(np.ascontiguousarray(part.T)).T
        return found

    def _of_chunk(self, columns: Floats) -> Floats:
        missing = np.isnan(columns)
        known = np.where(missing, 0.0, columns)
        found = np.zeros_like(columns)
        for table in self._tables:
            answers = np.zeros(columns.shape[1], dtype=np.intp)
            for bit, split in enumerate(table.splits):
                answers += _goes_left(split, known, missing).astype(np.intp) << bit
            for place, feature in enumerate(table.features):
                found[feature] += table.values[place].take(answers)
        return found


def tables_of(trees: lgb.Booster) -> TreeTables | None:
    """The tables of these trees; None where a tree has too many leaves or splits by category."""
    found = trees.dump_model()["tree_info"]
    if any(one["num_leaves"] > MOST_SPLITS + 1 or one["num_cat"] for one in found):
        return None
    read = [_read(one["tree_structure"]) for one in found if one["num_leaves"] > 1]
    values = iter(_leaf_values([leaf for _, leaves in read for leaf in leaves]))
    tables = [_table(splits, leaves, values) for splits, leaves in read]
    return TreeTables(tables, trees.num_feature())


def _goes_left(
    split: dict[str, Any], known: Floats, missing: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    feature, how = split["split_feature"], split["missing_type"]
    left: npt.NDArray[np.bool_] = known[feature] <= split["threshold"]
    if how == "None":
        return left
    absent = missing[feature]
    if how == "Zero":
        absent = absent | (np.abs(known[feature]) <= NO_VALUE)
    return np.where(absent, split["default_left"], left)


def _read(root: dict[str, Any]) -> tuple[list[dict[str, Any]], list[_Leaf]]:
    """The splits and the leaves of a tree."""
    splits: list[dict[str, Any]] = []
    leaves: list[_Leaf] = []

    def walk(node: dict[str, Any], way: list[tuple[int, int, bool, float]]) -> None:
        if "split_feature" not in node:
            leaves.append(_leaf(node["leaf_value"], way))
            return
        bit = len(splits)
        splits.append(node)
        for child, left in ((node["left_child"], True), (node["right_child"], False)):
            rows = child.get("internal_count", child.get("leaf_count", 0))
            step = (node["split_feature"], bit, left, rows / node["internal_count"])
            walk(child, [*way, step])

    walk(root, [])
    return splits, leaves


def _leaf(value: float, way: list[tuple[int, int, bool, float]]) -> _Leaf:
    leaf = _Leaf(value)
    for feature, bit, left, share in way:
        leaf.covers[feature] = leaf.covers.get(feature, 1.0) * share
        leaf.masks[feature] = leaf.masks.get(feature, 0) | 1 << bit
        leaf.wanted[feature] = leaf.wanted.get(feature, 0) | left << bit
    return leaf


def _leaf_values(leaves: list[_Leaf]) -> list[Floats]:
    """Per leaf the Shapley values of its features, by which of them let a row pass.

    Shape (2 ** features, features). In a coalition a feature counts 1 or 0, as the row passes it or
    not; outside it counts the share of learned rows that passed.
    """
    found: list[Floats] = [np.empty(0)] * len(leaves)
    by_size: dict[int, list[int]] = defaultdict(list)
    for place, leaf in enumerate(leaves):
        by_size[len(leaf.covers)].append(place)
    for size, places in by_size.items():
        covers = np.array([list(leaves[place].covers.values()) for place in places])
        value = np.array([leaves[place].value for place in places])
        passes = (np.arange(1 << size)[:, None] >> np.arange(size) & 1).astype(np.float64)
        for place, one in zip(places, _shapley_of_leaves(covers, value, passes), strict=True):
            found[place] = one
    return found


def _shapley_of_leaves(covers: Floats, value: Floats, passes: Floats) -> Floats:
    """Shapley values of leaves with equally many features; shape (leaves, answers, features)."""
    leaves, size = covers.shape
    found = np.empty((leaves, len(passes), size))
    weights = [factorial(k) * factorial(size - 1 - k) / factorial(size) for k in range(size)]
    for feature in range(size):
        # By the number of features in the coalition, the sum of its members' products.
        sums = np.zeros((size, leaves, len(passes)))
        sums[0] = 1.0
        for other in range(size):
            if other != feature:
                joined = sums[:-1] * passes[:, other]
                sums *= covers[:, other][:, None]
                sums[1:] += joined
        gain = passes[:, feature] - covers[:, feature][:, None]
        found[:, :, feature] = value[:, None] * gain * np.tensordot(weights, sums, axes=1)
    return found


def _table(splits: list[dict[str, Any]], leaves: list[_Leaf], values: Iterator[Floats]) -> _Table:
    features = sorted({split["split_feature"] for split in splits})
    place_of = {feature: place for place, feature in enumerate(features)}
    answers = np.arange(1 << len(splits))
    found = np.zeros((len(features), len(answers)))
    for leaf in leaves:
        passed = np.zeros(len(answers), dtype=np.intp)
        for bit, feature in enumerate(leaf.covers):
            passed += ((answers & leaf.masks[feature]) == leaf.wanted[feature]).astype(
                np.intp
            ) << bit
        places = [place_of[feature] for feature in leaf.covers]
        found[places] += next(values)[passed].T
    return _Table(splits, features, found)
