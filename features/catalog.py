"""The feature catalogue, read from the group files: every column with unit and meaning."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import ModuleType

from features import measures as shared
from features.declarations import Feature, Measure
from features.groups import (
    basket,
    calendar,
    contacts,
    emails,
    frequency,
    habits,
    loyalty,
    margin,
    money,
    paid_time,
    profile,
    recency,
    returns,
    rhythm,
    subscriptions,
    surveys,
    tickets,
    trend,
    visits,
)
from features.shape import Shape
from features.tiles import families, tile_sql

GROUPS: tuple[ModuleType, ...] = (
    recency,
    frequency,
    money,
    rhythm,
    trend,
    returns,
    basket,
    habits,
    calendar,
    paid_time,
    margin,
    visits,
    emails,
    tickets,
    surveys,
    loyalty,
    subscriptions,
    contacts,
    profile,
)


@dataclass(frozen=True)
class Catalogue:
    """The measures and features that exist for a business, in a fixed order."""

    measures: tuple[Measure, ...]
    features: tuple[Feature, ...]

    @cached_property
    def families(self) -> dict[str, tuple[Measure, ...]]:
        """The measures by family of tiles."""
        return families(self.measures)

    @cached_property
    def columns(self) -> dict[str, dict[str, Measure]]:
        """The measures by family of tiles and name."""
        return {
            family: {measure.name: measure for measure in measures}
            for family, measures in self.families.items()
        }

    def of_table(self, table: str) -> tuple[Measure, ...]:
        """The measures that are made of the events of a table."""
        return tuple(measure for measure in self.measures if measure.table == table)

    @cached_property
    def version(self) -> str:
        """Changes when a name, a unit, a meaning or the tiles' SQL changes; kept with models."""
        lines = [f"{one.name}\t{one.unit}\t{one.meaning}" for one in self.features]
        lines += [tile_sql(columns) for columns in self.families.values()]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:12]


def group_name(group: ModuleType) -> str:
    """The group's name: that of its file."""
    return group.__name__.rsplit(".", 1)[-1]


def features_of(group: ModuleType, shape: Shape | None = None) -> tuple[Feature, ...]:
    """The features that a group file declares, in its order."""
    return tuple(one for one in _declared(group, shape) if isinstance(one, Feature))


def measures_of(group: ModuleType, shape: Shape | None = None) -> tuple[Measure, ...]:
    """The measures that a group file declares, in its order; those it only uses are not its own."""
    used = [] if group is shared else list(vars(shared).values())
    found = (one for one in _declared(group, shape) if isinstance(one, Measure))
    return tuple(one for one in found if one not in used)


@lru_cache(maxsize=64)
def catalogue(shape: Shape) -> Catalogue:
    """The measures and features of a business of this shape."""
    groups = (shared, *GROUPS, *shape.groups)
    measures = dict.fromkeys(one for group in groups for one in measures_of(group, shape))
    found = (one.available(shape.available) for one in measures)
    return Catalogue(
        tuple(one for one in found if one is not None),
        tuple(one for one in grouped(shape) if one.needs <= shape.available),
    )


def grouped(shape: Shape | None = None) -> dict[Feature, str]:
    """Every feature with the name of its group, in order; without a shape, those of the product.

    A feature that a group takes over from another one belongs to that one.
    """
    found: dict[Feature, str] = {}
    for group in (*GROUPS, *(shape.groups if shape else ())):
        for one in features_of(group, shape):
            found.setdefault(one, group_name(group))
    return found


def every_feature() -> tuple[Feature, ...]:
    """Every feature that the product declares, whatever a business has."""
    return tuple(one for group in GROUPS for one in features_of(group))


def _declared(group: ModuleType, shape: Shape | None) -> Iterator[Measure | Feature]:
    """What a group declares by itself, and by its function `of_words` for the counted words."""
    for value in vars(group).values():
        yield from declared(value)
    of_words = getattr(group, "of_words", None)
    if of_words is not None and shape is not None:
        for column, words in shape.counted:
            for word in words:
                yield from of_words(column, word)


def declared(value: object) -> Iterable[Measure | Feature]:
    """What one variable of a group declares: a measure, a feature, or one per window."""
    if isinstance(value, Measure | Feature):
        return [value]
    if isinstance(value, tuple) and all(isinstance(part, Measure | Feature) for part in value):
        return value
    return []
