"""Drift: how far a distribution has moved since it was last looked at."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from features.declarations import Floats

DECILES = np.arange(1, 10) / 10
LEAST_SHARE = 1e-4  # an empty bin counts as one row in ten thousand: its logarithm must exist
MOST_WORDS = 20  # with a bin of their own

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Distribution:
    """A sample as the shares of its bins: between `edges`, above the last one, and missing."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]

    @classmethod
    def of(cls, values: Floats) -> Self:
        """The sample in its own deciles."""
        known = values[~np.isnan(values)]
        edges = np.unique(np.quantile(known, DECILES)) if len(known) else np.empty(0)
        return cls._in_bins(edges, values)

    @classmethod
    def of_words(cls, codes: Floats) -> Self:
        """The sample of codes of words, the commonest in bins of their own."""
        words, counts = np.unique(codes[~np.isnan(codes)], return_counts=True)
        common = np.sort(words[np.argsort(-counts, kind="stable")[:MOST_WORDS]])
        # A code is whole, so that nothing else lies between these two edges.
        return cls._in_bins(np.unique(np.concatenate([common - 0.5, common + 0.5])), codes)

    @classmethod
    def _in_bins(cls, edges: Floats, values: Floats) -> Self:
        counts = _counts(values, edges)
        shares = counts / max(counts.sum(), 1)
        return cls(tuple(edges.tolist()), tuple(shares.tolist()))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The distribution that was kept as data."""
        return cls(tuple(data["edges"]), tuple(data["shares"]))

    def to_dict(self) -> dict[str, list[float]]:
        """The distribution as JSON-able data."""
        return {"edges": list(self.edges), "shares": list(self.shares)}

    def counts(self, values: Floats) -> Counts:
        """How many of another sample fall into each bin; counts of its parts add up."""
        return _counts(values, np.asarray(self.edges))

    def moved(self, counts: Counts) -> float:
        """The population stability index against these counts; NaN if either has no rows.

        Sum over bins of (q - p) ln(q / p), where p and q are the shares then and now. Below 0.1
        little has moved, above 0.25 much. Sources: Siddiqi (2006), "Credit Risk Scorecards", Wiley;
        Yurdakul (2018), "Statistical Properties of Population Stability Index", Western Michigan
        University.
        """
        total, then = counts.sum(), np.asarray(self.shares)
        if not total or not then.sum():
            return float("nan")
        then, now = np.maximum(then, LEAST_SHARE), np.maximum(counts / total, LEAST_SHARE)
        return float(np.sum((now - then) * np.log(now / then)))


def population_stability_index(reference: Floats, newest: Floats) -> float:
    """The PSI of two samples of one feature, both of shape (n_rows,); NaN if one has no rows.

    The bins are the deciles of the reference, missing values being a bin of their own.

    >>> ages = np.arange(100.0)
    >>> population_stability_index(ages, ages)
    0.0
    >>> round(population_stability_index(ages, ages + 20), 2)
    1.6
    """
    then = Distribution.of(reference)
    return then.moved(then.counts(newest))


class Moved:
    """How far a population has moved from the distributions of another one, part by part."""

    def __init__(self, reference: Mapping[str, Distribution]) -> None:
        """Compare with these distributions, by the name of the column."""
        self._reference = reference
        self._counts: dict[str, Counts] = {}

    @property
    def names(self) -> Iterable[str]:
        """The columns that can be compared."""
        return self._reference.keys()

    def add(self, name: str, values: Floats) -> None:
        """Count the values of a column of one more part."""
        found = self._reference[name].counts(values)
        self._counts[name] = self._counts[name] + found if name in self._counts else found

    def indices(self) -> dict[str, float]:
        """The stability index of every column that was counted and has rows on both sides."""
        moved = {name: self._reference[name].moved(one) for name, one in self._counts.items()}
        return {name: one for name, one in moved.items() if not np.isnan(one)}


def _counts(values: Floats, edges: Floats) -> Counts:
    """The number of values in each bin, that of missing values last."""
    bins = np.searchsorted(edges, values)
    bins[np.isnan(values)] = len(edges) + 1
    return np.bincount(bins, minlength=len(edges) + 2)
