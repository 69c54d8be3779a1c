"""The feature catalogue, read from the group files: every column with unit and meaning."""

import hashlib
from types import ModuleType

from features.declarations import Feature
from features.groups import (
    basket,
    frequency,
    money,
    recency,
    returns,
    rhythm,
    subscription,
    trend,
)
from features.tiles import tile_sql

GROUPS: tuple[ModuleType, ...] = (
    recency,
    frequency,
    money,
    rhythm,
    trend,
    returns,
    basket,
    subscription,
)


def group_name(group: ModuleType) -> str:
    """The group's name: that of its file."""
    return group.__name__.rsplit(".", 1)[-1]


def features_of(group: ModuleType) -> tuple[Feature, ...]:
    """The features that a group file declares, in its order."""
    declared: list[Feature] = []
    for value in vars(group).values():
        if isinstance(value, Feature):
            declared.append(value)
        elif isinstance(value, tuple) and all(isinstance(part, Feature) for part in value):
            declared.extend(value)
    return tuple(declared)


def catalogue(available: frozenset[str] | None = None) -> tuple[Feature, ...]:
    """Every feature, or those that a source with these optional columns can have."""
    every = [one for group in GROUPS for one in features_of(group)]
    return tuple(
        one for one in every if available is None or one.needs is None or one.needs in available
    )


def version() -> str:
    """Changes when a name, a unit, a meaning or the tiles' SQL changes; kept with every model."""
    text = "\n".join(f"{one.name}\t{one.unit}\t{one.meaning}" for one in catalogue())
    return hashlib.sha256(f"{text}\n{tile_sql()}".encode()).hexdigest()[:12]
