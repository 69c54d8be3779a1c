"""What is asked in every check: a system, the events of a business, a day of prediction."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import Generic

import numpy as np
import pandas as pd
import pyarrow as pa

from features.catalog import Catalogue
from features.histories import Histories
from features.shape import Shape
from training.panel import Panel
from training.verification.comparison import People, Words, answers_difference
from training.verification.system import Answers, Model, System, answers
from training.verification.worlds import Changed, Events


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check did and found; `difference` is None where everything agrees.

    `changed_count` is how many events were changed, `compared_count` how many rows were compared.
    A check that had nothing to try proves nothing, and says so.
    """

    done: str
    difference: Words
    changed_count: int
    compared_count: int
    was_tried: bool = True


@dataclass(frozen=True)
class Case(Generic[Model]):
    """A system and the world as it is; each check asks again in another world.

    `stored` are the histories of the same customers that training and scoring read, if they are
    kept anywhere.
    """

    system: System[Model]
    events: Events
    shape: Shape
    cutoff: date
    seed: int
    stored: Histories | None = None

    @cached_property
    def people(self) -> People:
        """Everybody who has an event."""
        ids: set[str] = set()
        for rows in self.events.values():
            ids.update(rows["customer_id"].unique().to_pylist())
        return People.of(sorted(ids))

    @cached_property
    def base(self) -> Answers[Model]:
        """What the system says of the world as it is."""
        return self.asked(self.events)

    @property
    def rng(self) -> np.random.Generator:
        """Chance that is the same whenever a check is made, and whichever others are."""
        return np.random.default_rng(self.seed)

    def histories(self, events: Events) -> Histories:
        """Histories of other events of the same shape."""
        return Histories.from_events(events, self.shape)

    def asked(self, events: Events) -> Answers[Model]:
        """What the system says of other events, for the same day of prediction."""
        return answers(self.system, self.histories(events), self.cutoff)

    def compared(self, changed: Changed, done: str, *, nothing: str) -> Outcome:
        """The same answers are expected in a changed world; `nothing` says why it is unchanged."""
        if not changed.count:
            return Outcome(nothing, None, 0, 0, was_tried=False)
        difference = answers_difference(self.base, self.asked(changed.events), self.people)
        return Outcome(done, difference, changed.count, self.base.rows_count)


class Timeless(Histories):
    """Histories whose catalogue lacks the features that are told by the date itself."""

    __slots__ = ()

    @property
    def catalogue(self) -> Catalogue:
        """The measures and features, without those declared `calendar`."""
        whole = Histories(self.tiles, self.shape).catalogue
        kept = tuple(one for one in whole.features if not one.calendar)
        return Catalogue(whole.measures, kept)

    @classmethod
    def without_calendar(cls, histories: Histories) -> "Timeless":
        """The same histories with fewer features."""
        return cls(histories.tiles, histories.shape)


def told_back(
    found: Answers[Model], *, names: Mapping[str, str] | None = None, days: int = 0
) -> Answers[Model]:
    """The answers of a world with other names, or so many days later, in words of the first one.

    `names` gives the first name of each customer.
    """

    def rows(table: pd.DataFrame) -> pd.DataFrame:
        table = table.assign(cutoff=table["cutoff"] - pd.Timedelta(days=days))
        if names is not None:
            first = [names.get(one, one) for one in table["customer_id"]]
            table = table.assign(customer_id=pd.array(first, dtype="str"))
        return table

    def panel(one: Panel) -> Panel:
        cutoffs = tuple(cutoff - timedelta(days=days) for cutoff in one.plan.cutoffs)
        return replace(one, features=rows(one.features), plan=replace(one.plan, cutoffs=cutoffs))

    return replace(
        found,
        features=rows(found.features),
        panels=[panel(one) for one in found.panels],
        predictions=rows(found.predictions),
    )


def with_rows(events: Events, table: str, more: pa.Table) -> Events:
    """The events with more rows in one table."""
    return {**events, table: pa.concat_tables([events[table], more])}
