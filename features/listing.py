"""The catalogue for people: what each feature means, how often it is known, how far it moved."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from types import ModuleType

import numpy as np

from features.catalog import GROUPS, features_of, group_name, grouped
from features.declarations import Feature
from features.drift import population_stability_index
from features.histories import Histories
from features.matrix import matrix


@dataclass(frozen=True, slots=True)
class Listed:
    """One feature of the catalogue.

    `window_days` is None for a whole life; `coverage_share` is the share of customers of whom it is
    known at the newest cutoff, `drift_psi` its stability index against the earlier one; both are
    None where there is nothing to measure.
    """

    name: str
    unit: str
    meaning: str
    group: str
    table: str
    window_days: int | None
    needs: tuple[str, ...]
    coverage_share: float | None = None
    drift_psi: float | None = None


def declared_features(groups: Iterable[ModuleType] = ()) -> list[Listed]:
    """Every feature of the product and of these groups, whatever a business has."""
    found: dict[Feature, str] = {}
    for group in (*GROUPS, *groups):
        for one in features_of(group):
            found.setdefault(one, group_name(group))
    return [_listed(one, group) for one, group in found.items()]


def measured_features(histories: Histories, newest: date, earlier: date) -> list[Listed]:
    """The features that these histories have, with coverage and drift between two cutoffs."""
    now = matrix(histories, [newest])
    then = matrix(histories, [earlier])
    # By name: the features of counted words are made anew each time that they are asked for.
    group_of = {one.name: group for one, group in grouped(histories.shape).items()}
    listed = []
    for one in histories.catalogue.features:
        values = now[one.name].to_numpy()
        psi = population_stability_index(then[one.name].to_numpy(), values)
        listed.append(
            replace(
                _listed(one, group_of[one.name]),
                coverage_share=float(1 - np.isnan(values).mean()) if len(values) else None,
                drift_psi=None if np.isnan(psi) else psi,
            )
        )
    return listed


def _listed(one: Feature, group: str) -> Listed:
    return Listed(
        one.name,
        one.unit,
        one.meaning,
        group,
        one.source,
        one.window_days,
        tuple(sorted(one.needs)),
    )
