"""Drift: how far a feature's distribution has moved between two cutoffs."""

import numpy as np

from features.declarations import Floats

DECILES = np.arange(1, 10) / 10
LEAST_SHARE = 1e-4  # an empty bin counts as one row in ten thousand: its logarithm must exist


def population_stability_index(reference: Floats, newest: Floats) -> float:
    """The PSI of two samples of one feature, both of shape (n_rows,); NaN if one has no rows.

    Sum over bins of (q - p) ln(q / p), where p and q are the shares of reference and newest in the
    deciles of the reference, missing values being a bin of their own. Below 0.1 little has moved,
    above 0.25 much. Sources: Siddiqi (2006), "Credit Risk Scorecards", Wiley; Yurdakul (2018),
    "Statistical Properties of Population Stability Index", Western Michigan University.

    >>> ages = np.arange(100.0)
    >>> population_stability_index(ages, ages)
    0.0
    >>> round(population_stability_index(ages, ages + 20), 2)
    1.6
    """
    if not len(reference) or not len(newest):
        return float("nan")
    known = reference[~np.isnan(reference)]
    edges = np.unique(np.quantile(known, DECILES)) if len(known) else np.empty(0)
    then, now = _shares(reference, edges), _shares(newest, edges)
    return float(np.sum((now - then) * np.log(now / then)))


def _shares(values: Floats, edges: Floats) -> Floats:
    """The share of each bin, that of missing values last."""
    bins = np.searchsorted(edges, values)
    bins[np.isnan(values)] = len(edges) + 1
    counts = np.bincount(bins, minlength=len(edges) + 2)
    return np.maximum(counts / len(values), LEAST_SHARE)
