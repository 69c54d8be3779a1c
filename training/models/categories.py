"""Words among the features: which of them trees may tell apart, and what trees kept of them.

A feature of words holds their codes (`features.word_codes`), numbers without an order, so the trees
take it as a category. Which words a panel is large enough to speak of is learned from the rows that
the trees are grown on, never from the label; every other word is missing to the trees, be it rare
or never seen before. LightGBM writes the codes that it was given into the text of its model.
"""

from collections.abc import Mapping

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from features.word_codes import is_word

Floats = npt.NDArray[np.float64]
Words = Mapping[str, tuple[float, ...]]
"""The codes of a feature that are told apart, sorted, by the feature's name."""

FEWEST_CUSTOMERS = 100
"""Of a word: with fewer its share of churners is mostly chance."""
MOST_WORDS = 50
"""Of a feature: those of the most customers."""

CAUTION: dict[str, object] = {"min_data_per_group": 100, "cat_smooth": 50.0, "cat_l2": 50.0}
"""How LightGBM is kept from sorting words by chance."""


def learned_words(features: pd.DataFrame, customers: npt.NDArray[np.int64]) -> Words:
    """The words of each such feature that enough customers have; `customers` numbers each row's."""
    return {
        str(name): _frequent(features[name].to_numpy(dtype=np.float64), customers)
        for name in features.columns
        if is_word(str(name))
    }


def as_categories(features: pd.DataFrame, words: Words) -> pd.DataFrame:
    """The features with their words as categories; itself where there are none."""
    if not words:
        return features
    told = {}
    for name, kept in words.items():
        places = _places(features[name].to_numpy(dtype=np.float64), np.array(kept))
        codes = np.where(np.isnan(places), -1, places).astype(np.int64)
        told[name] = pd.Categorical.from_codes(codes, categories=pd.Index(kept))
    return features.assign(**told)


def as_learned(trees: lgb.Booster, features: pd.DataFrame) -> pd.DataFrame | Floats:
    """The features as these trees know them, columns in their order; words they lack as missing."""
    kept = trees.pandas_categorical
    if not kept:
        return features
    rows = features.to_numpy(dtype=np.float64, copy=True)
    places = [at for at, name in enumerate(features.columns) if is_word(str(name))]
    for at, codes in zip(places, kept, strict=True):
        rows[:, at] = _places(rows[:, at], np.array(codes, dtype=np.float64))
    return rows


def _places(values: Floats, codes: Floats) -> Floats:
    """The place of each value among sorted codes, NaN where it is none of them."""
    if not len(codes):
        return np.full(len(values), np.nan)
    at = np.minimum(codes.searchsorted(values), len(codes) - 1)
    return np.where(codes[at] == values, at, np.nan)


def _frequent(values: Floats, customers: npt.NDArray[np.int64]) -> tuple[float, ...]:
    whose = pd.DataFrame({"code": values, "customer": customers}).dropna().drop_duplicates()
    counts = whose["code"].value_counts()
    enough = counts[counts >= FEWEST_CUSTOMERS]
    order = np.lexsort((enough.index.to_numpy(), -enough.to_numpy()))[:MOST_WORDS]
    return tuple(sorted(enough.index.to_numpy(dtype=np.float64)[order].tolist()))
