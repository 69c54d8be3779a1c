"""The checks that change the world: one function per claim, each gives what it did and found."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from features.errors import RegularsError
from features.matrix import matrix
from training.labels import outcomes
from training.panel import Panel
from training.verification import canary, worlds
from training.verification.case import Case, Outcome, Timeless, told_back, with_rows
from training.verification.comparison import (
    Words,
    answers_difference,
    panels_difference,
    rows_difference,
)
from training.verification.system import ROW, Model, answers, predicted

WEEKS = 57
"""How far the calendar is shifted: month, quarter and year are others, the weekday is not."""

ALONE_COUNT = 25


def future_deleted(case: Case[Model]) -> Outcome:
    """What happens at or after the cutoff may as well never happen."""
    changed = worlds.future_deleted(case.events, case.cutoff)
    done = f"{changed.count:,} events at or after {case.cutoff} deleted"
    return case.compared(changed, done, nothing=f"nothing happened at or after {case.cutoff}")


def future_altered(case: Case[Model]) -> Outcome:
    """What happens at or after the cutoff may happen to others, for other amounts."""
    changed = worlds.future_altered(case.events, case.cutoff, case.rng)
    done = f"{changed.count:,} events at or after {case.cutoff} given to others, amounts tripled"
    return case.compared(changed, done, nothing=f"nothing happened at or after {case.cutoff}")


def future_added(case: Case[Model]) -> Outcome:
    """More may happen at and after the cutoff."""
    changed = worlds.future_added(case.events, case.cutoff, case.rng)
    done = f"{changed.count:,} events added from {case.cutoff} on, half of them on that very day"
    return case.compared(changed, done, nothing="there are no events")


def past_cutoffs(case: Case[Model]) -> Outcome:
    """What is learned from at a past cutoff knows nothing from that cutoff on but its label."""
    cutoffs = sorted({cutoff for panel in case.base.panels for cutoff in panel.plan.cutoffs})
    changed_count = compared_count = 0
    difference: Words = None
    for cutoff in cutoffs:
        altered = worlds.future_altered(case.events, cutoff, case.rng)
        late = worlds.late_replaced(altered.events, cutoff, case.rng)
        world = worlds.corrected_later(late.events, cutoff, case.rng)
        changed_count += altered.count + late.count + world.count
        other = case.system.panels(case.histories(world.events), case.cutoff)
        mine, theirs = ([_until(one, cutoff) for one in some] for some in (case.base.panels, other))
        compared_count += sum(len(one.features) for one in mine)
        difference = difference or panels_difference(mine, theirs, case.people)
    done = (
        f"at each of {len(cutoffs)} cutoffs learned from, events from it on given to others, late "
        f"rows (with an event_id also corrections) planted: {changed_count:,} events in all"
    )
    return Outcome(done, difference, changed_count, compared_count)


def late_rows(case: Case[Model]) -> Outcome:
    """What happened before the cutoff but arrives at or after it is not known yet."""
    changed = worlds.late_replaced(case.events, case.cutoff, case.rng)
    done = (
        f"{changed.count:,} rows of before {case.cutoff} that arrive on it or later: those of the "
        "business removed, others planted"
    )
    return case.compared(changed, done, nothing=f"nothing happened before {case.cutoff}")


def corrections(case: Case[Model]) -> Outcome:
    """A correction that arrives at or after the cutoff changes nothing that was known then."""
    changed = worlds.corrected_later(case.events, case.cutoff, case.rng)
    done = (
        f"{changed.count:,} rows of before {case.cutoff} corrected on it or later, to another day "
        "and three times the amount; those of the business undone"
    )
    nothing = "no table has an event_id, without which no row can be corrected"
    return case.compared(changed, done, nothing=nothing)


def calendar(case: Case[Model]) -> Outcome:
    """The date itself tells only those features that are declared to be told by it."""
    changed = worlds.shifted(case.events, WEEKS)
    days = 7 * WEEKS
    first = Timeless.without_calendar(case.histories(case.events))
    later = Timeless.without_calendar(case.histories(changed.events))
    base = answers(case.system, first, case.cutoff)
    other = answers(case.system, later, case.cutoff + timedelta(days=days))
    back = told_back(other, days=days)
    difference = answers_difference(base, back, case.people, with_model=False)
    whole = case.histories({}).catalogue.features
    count = len(whole) - len(first.catalogue.features)
    done = (
        f"all {changed.count:,} events moved {WEEKS} weeks; the {count} features declared calendar "
        "left out, models trained without them"
    )
    return Outcome(done, difference, changed.count, base.rows_count)


def canary_unseen(case: Case[Model]) -> Outcome:
    """A column that is the label, but arrives on the day of prediction, has no effect."""
    shape = replace(case.shape, groups=(*case.shape.groups, canary))
    case = replace(case, shape=shape)
    rows, churned = _labelled(case)
    market = shape.markets[0]
    late = canary.planted(rows, churned, market, arrives=case.cutoff)
    # The same rows, had they arrived at once: the column then is the label, or nothing is proved.
    known_from = worlds.with_columns(late, known_from=late["day"])
    in_time = case.histories(with_rows(case.events, "orders", known_from))
    seen = rows.assign(churned=churned).merge(matrix(in_time, rows), on=list(ROW))
    if not (churned.any() and (seen["canary_count"] == seen["churned"]).all()):
        message = "the planted column is not the label, so it proves nothing"
        return Outcome(message, None, 0, 0, was_tried=False)
    done = (
        f"{late.num_rows:,} orders of kind '{canary.KIND}' planted that arrive on {case.cutoff}; "
        f"had they arrived in time, a feature would be the label in all {len(seen):,} rows"
    )
    try:
        other = case.asked(with_rows(case.events, "orders", late))
    except RegularsError as error:
        if canary.KIND in str(error):
            return Outcome(f"{done}; refused by name", None, late.num_rows, len(rows))
        raise
    difference = answers_difference(case.base, other, case.people)
    return Outcome(done, difference, late.num_rows, case.base.rows_count)


def order_and_names(case: Case[Model]) -> Outcome:
    """Neither the order of rows nor what customers are called tells anything."""
    ids = case.people.places.to_list()
    width = len(str(len(ids)))
    # The order of names stays, so that chance falls on the same customers in the fit.
    names = {one: f"{place:0{width}}" for place, one in enumerate(ids)}
    changed = worlds.renamed(case.events, names, case.rng)
    back = told_back(case.asked(changed.events), names={new: old for old, new in names.items()})
    difference = answers_difference(case.base, back, case.people, with_model=False)
    done = f"{changed.count:,} rows shuffled, {len(ids):,} customers renamed, trained anew"
    return Outcome(done, difference, changed.count, case.base.rows_count)


def names_exchanged(case: Case[Model]) -> Outcome:
    """A customer's rows and predictions do not depend on where among the others she stands."""
    ids = case.people.places.to_list()
    other_ids = [ids[place] for place in case.rng.permutation(len(ids))]
    names = dict(zip(ids, other_ids, strict=True))
    changed = worlds.renamed(case.events, names, case.rng)
    histories = case.histories(changed.events)
    features = case.system.features(histories, [case.cutoff])
    found = replace(
        case.base,
        features=features,
        panels=case.system.panels(histories, case.cutoff),
        predictions=predicted(case.system, case.base.model, features),
    )
    back = told_back(found, names={new: old for old, new in names.items()})
    done = f"{len(ids):,} customers exchange names, {changed.count:,} rows shuffled, the same model"
    difference = answers_difference(case.base, back, case.people)
    return Outcome(done, difference, changed.count, case.base.rows_count)


def alone(case: Case[Model]) -> Outcome:
    """A customer's row and prediction alone are those among all."""
    features, predictions = case.base.features, case.base.predictions
    ids = features["customer_id"].unique()
    drawn = [str(one) for one in case.rng.permutation(ids)[:ALONE_COUNT]]
    rows, said = [], []
    for one in drawn:
        events = worlds.of_customers(case.events, pa.array([one]))
        row = case.system.features(case.histories(events), [case.cutoff])
        rows.append(row)
        said.append(predicted(case.system, case.base.model, row))
    mine = features["customer_id"].isin(drawn)
    difference = rows_difference(
        "features", features[mine], pd.concat(rows), case.people
    ) or rows_difference("predictions", predictions[mine], pd.concat(said), case.people)
    done = f"{len(drawn)} customers, each asked about without all others"
    return Outcome(done, difference, 0, len(drawn))


def stored(case: Case[Model]) -> Outcome:
    """What training and scoring read is what the stored events add up to."""
    if case.stored is None:
        return Outcome("no histories are stored", None, 0, 0, was_tried=False)
    anew = case.histories(case.events)
    odd = [
        family
        for family, tiles in anew.tiles.items()
        if not tiles.equals(case.stored.tiles[family].select(tiles.column_names).cast(tiles.schema))
    ]
    count = sum(tiles.num_rows for tiles in case.stored.tiles.values())
    done = f"{count:,} stored day tiles made again from the stored events"
    told = f"tiles: those of {', '.join(odd)} differ; make them again with: regulars ingest --anew"
    return Outcome(done, told if odd else None, 0, count)


def embargo(case: Case[Model]) -> Outcome:
    """Labels that are learned end by the day of prediction, each row there once."""
    told = [_embargo_difference(panel, case) for panel in case.base.panels]
    count = sum(len(panel.features) for panel in case.base.panels)
    done = "; ".join(
        f"{len(panel.plan.cutoffs)} cutoffs, {panel.plan.cutoffs[0]} to {panel.plan.latest}, "
        f"labels of {panel.plan.label_days} days end by {_label_end(panel).date()}"
        for panel in case.base.panels
    )
    return Outcome(done, next((one for one in told if one), None), 0, count)


def held_out(case: Case[Model]) -> Outcome:
    """Nobody is learned from and watched at once."""
    counts = []
    difference: Words = None
    for panel in case.base.panels:
        watched = np.asarray(case.system.held_out(panel), dtype=bool)
        ids = panel.features["customer_id"]
        both = sorted(set(ids[watched]) & set(ids[~watched]))
        counts.append((ids[watched].nunique(), ids[~watched].nunique()))
        if both:
            told = case.people.told(both[0])
            difference = difference or f"{told} is on both sides, as are {len(both):,} in all"
    done = "; ".join(
        f"{there:,} customers watched, {here:,} learned from" for there, here in counts
    )
    rows = sum(len(panel.features) for panel in case.base.panels)
    return Outcome(done, difference, 0, rows)


def _until(panel: Panel, cutoff: date) -> Panel:
    """The features of a panel up to a cutoff, which is the last whose past is unchanged."""
    kept = (panel.features["cutoff"] <= pd.Timestamp(cutoff)).to_numpy()
    rows = panel.features[kept]
    return Panel(rows, panel.labels[kept][[]], panel.plan)


def _labelled(case: Case[Model]) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows of the panel with their labels, those of the day of prediction with what followed."""
    panel = case.base.panels[0]
    now = case.base.features[list(ROW)]
    days = panel.plan.label_days
    until = case.cutoff + timedelta(days=days)
    histories = case.histories(case.events)
    after = outcomes(histories, now, horizon_days=days, seen_until=until)["churned"]
    rows = pd.concat([panel.features[list(ROW)], now], ignore_index=True)
    return rows, np.concatenate([panel.labels["churned"], after]).astype(bool)


def _label_end(panel: Panel) -> pd.Timestamp:
    return panel.features["cutoff"].max() + pd.Timedelta(days=panel.plan.label_days)


def _embargo_difference(panel: Panel, case: Case[Model]) -> Words:
    end = _label_end(panel).date()
    if end > case.cutoff:
        return f"labels: they reach until {end}, beyond the day of prediction {case.cutoff}"
    twice = panel.features[list(ROW)].duplicated()
    if twice.any():
        told = case.people.told(str(panel.features["customer_id"][twice].iloc[0]))
        return f"panel: {told} is there twice at one cutoff; {twice.sum():,} rows are"
    return None


@dataclass(frozen=True, slots=True)
class Claim:
    """A check by its name, and what it claims in one sentence."""

    name: str
    check: Callable[[Case], Outcome]  # type: ignore[type-arg]

    @property
    def sentence(self) -> str:
        """What holds if the check holds."""
        return str(self.check.__doc__).strip().splitlines()[0]


CLAIMS: tuple[Claim, ...] = (
    Claim("future deleted", future_deleted),
    Claim("future altered", future_altered),
    Claim("future added", future_added),
    Claim("past cutoffs", past_cutoffs),
    Claim("late rows", late_rows),
    Claim("corrections", corrections),
    Claim("calendar", calendar),
    Claim("canary", canary_unseen),
    Claim("stored", stored),
    Claim("embargo", embargo),
    Claim("held out", held_out),
    Claim("order and names", order_and_names),
    Claim("names exchanged", names_exchanged),
    Claim("alone", alone),
)
