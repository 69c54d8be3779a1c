"""A challenger before the gate: whom it is compared with, on which days, and what was decided.

The rule of fairness: no model is judged on an outcome that it learned from. On a holdout

* the challenger is its holdout model: the same recipe learned before the holdout's cutoff;
* the champion is itself if it was made as of the cutoff or earlier; else it is *its* holdout model,
  which was kept with the version, if that one was made as of the cutoff or earlier. A champion's
  holdout model is older than the challenger's by as much as the champion is, so what is compared
  is what would be in use;
* otherwise (the challenger's data end before the champion's) there is no comparison, and then no
  promotion without a reason given by hand.

A champion that cannot answer what the settings ask now (other horizons, features that are gone,
a damaged file) is no opponent: scoring would refuse it too.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd

from features.errors import ModelRefused
from features.settings import Settings
from features.shape import Shape
from training.champions import withdrawn
from training.evaluation import CHAMPION, Attempt
from training.gate import CHALLENGER, INCUMBENT, RULE, Mode, Ruling, evidence, rule
from training.judging import Sheet, Stack
from training.models.customer_model import CustomerModel, Horizons, ModelFacts
from training.recipe import Recipe, changed_parts, recipe_of
from training.registry import (
    Registered,
    champion_registered,
    fetch_holdout_model,
    fetch_version,
)
from training.tracking import Client

SCHEMA = "regulars.gate/1"
RECIPE_TAG = "regulars.recipe"
RECIPE_NAME = "models"

Words = dict[str, str]


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The champion at the gate: `opponent` is what can be judged, `judged_as` says what that is.

    `unusable` says why it cannot answer what the settings ask now. `facts` and `recipe` are
    the champion's own, None if its files cannot be read.
    """

    registered: Registered
    opponent: CustomerModel | None = None
    judged_as: str | None = None
    unusable: str | None = None
    facts: ModelFacts | None = None
    recipe: Recipe = field(default_factory=dict)

    @property
    def number(self) -> str:
        """The number of its version."""
        return self.registered.version.number


@dataclass(frozen=True, slots=True)
class Candidate:
    """What stands before the gate: the final model's facts and digest, and the attempt judged."""

    facts: ModelFacts
    digest: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Decision:
    """What the gate said of a candidate, with all its figures; JSON-able by `to_dict`."""

    passed: bool
    mode: Mode
    reasons: tuple[str, ...]
    against: str | None
    details: Sheet

    @property
    def sentence(self) -> str:
        """The reasons in one sentence, without a full stop."""
        return "; ".join(self.reasons)

    def to_dict(self) -> Sheet:
        """The decision as it is recorded."""
        return {
            "schema": SCHEMA,
            "decision": "promoted" if self.passed else "refused",
            "mode": self.mode,
            "reasons": list(self.reasons),
            "against": self.against,
            **self.details,
        }


def find_incumbent(
    client: Client,
    settings: Settings,
    cutoff: date,
    horizons: Horizons,
    shape: Shape,
) -> Incumbent | None:
    """The champion and what of it may be judged at this cutoff; None without a champion.

    Raises NotReady if the registry does not answer.
    """
    found = champion_registered(client)
    if found is None:
        return None
    groups = shape.groups
    try:
        model = fetch_version(settings.workspace, found.version, groups)
    except ModelRefused as error:
        return Incumbent(found, unusable=str(error).rstrip("."))
    facts, recipe = model.facts, recipe_of(model.facts, found.tags.get(RECIPE_TAG, ""))
    unusable = shape.differs_from(Shape.from_dict(facts.shape, groups))
    if facts.horizons != horizons:
        unusable = "it answers for other horizons or another definition than the settings ask for"
    if unusable:
        return Incumbent(found, unusable=unusable, facts=facts, recipe=recipe)
    if seen_nothing_after(model, cutoff):
        return Incumbent(found, model, "itself", facts=facts, recipe=recipe)
    try:
        earlier = fetch_holdout_model(settings.workspace, found, groups)
    except ModelRefused:
        # A damaged holdout model makes nobody champion: it only leaves nothing to compare with.
        earlier = None
    if earlier is not None and seen_nothing_after(earlier, cutoff):
        return Incumbent(found, earlier, "its holdout model", facts=facts, recipe=recipe)
    return Incumbent(found, facts=facts, recipe=recipe)


def seen_nothing_after(model: CustomerModel, cutoff: date) -> bool:
    """Whether a model learned from nothing at or after this day."""
    return date.fromisoformat(model.facts.as_of) <= cutoff


def decided(
    client: Client, settings: Settings, candidate: Candidate, incumbent: Incumbent | None
) -> Decision:
    """The gate's decision about a candidate."""
    holdout, baseline = candidate.attempt.holdout, settings.baseline_name
    incumbent, said = _predictions(candidate.attempt, incumbent, baseline)
    recipe = recipe_of(candidate.facts)
    mode, changed = mode_of(recipe, incumbent)
    stack = Stack.of([holdout.saying(said)], margin=settings.value.margin)
    sheets = evidence(stack, baseline, seed=settings.seed)
    ruling = rule(sheets, mode)
    no_match = _no_match(candidate, incumbent)
    for reason in (no_match, _withdrawn(client, candidate, mode, recipe)):
        if reason:
            ruling = Ruling(passed=False, reasons=(reason,))
    if incumbent is not None and incumbent.unusable:
        no_opponent = f"version {incumbent.number} cannot stay, because {incumbent.unusable}"
        ruling = Ruling(ruling.passed, (no_opponent, *ruling.reasons))
    if incumbent is None:
        ruling = Ruling(ruling.passed, ("there is no champion yet", *ruling.reasons))
    details = {
        "changed": changed,
        "challenger": _about(candidate.facts, candidate.attempt.model.facts, "its holdout model"),
        "champion": _about_incumbent(incumbent),
        "baseline": baseline,
        "cutoff": holdout.cutoff.isoformat(),
        "rule": RULE,
        "scopes": sheets,
    }
    against = incumbent.number if incumbent else None
    return Decision(ruling.passed, mode, ruling.reasons, against, details)


def mode_of(recipe: Recipe, incumbent: Incumbent | None) -> tuple[Mode, list[str]]:
    """Which evidence is asked for, and the parts of the recipe that changed."""
    if incumbent is None:
        return "first", []
    if incumbent.unusable or incumbent.facts is None:
        return "replacement", []
    changed = changed_parts(recipe, incumbent.recipe)
    return ("change" if changed else "refresh"), changed


def _predictions(
    attempt: Attempt, incumbent: Incumbent | None, baseline: str
) -> tuple[Incumbent | None, dict[str, pd.DataFrame]]:
    """What each said of the holdout's customers; a champion without its features is none."""
    said = {
        CHALLENGER: attempt.holdout.predictions[CHAMPION],
        baseline: attempt.holdout.predictions[baseline],
    }
    if incumbent is None or incumbent.opponent is None:
        return incumbent, said
    missing = sorted(set(incumbent.opponent.facts.feature_names) - set(attempt.rows.columns))
    if missing:
        why = f"it needs features that are gone, such as {missing[0]}"
        return Incumbent(incumbent.registered, unusable=why, facts=incumbent.facts), said
    return incumbent, said | {INCUMBENT: incumbent.opponent.predict(attempt.rows)}


def _no_match(candidate: Candidate, incumbent: Incumbent | None) -> str | None:
    """Why a candidate cannot be compared fairly with a champion that could stay; None if it can."""
    if incumbent is None or incumbent.unusable or incumbent.facts is None:
        return None
    if candidate.facts.as_of < incumbent.facts.as_of:
        return (
            f"it was made as of {candidate.facts.as_of}, the champion as of "
            f"{incumbent.facts.as_of}: older data refresh nothing"
        )
    if incumbent.opponent is None:
        return (
            f"the champion saw what happened after {candidate.attempt.holdout.cutoff}, and no "
            "whole holdout model was kept with it, so the two cannot be compared fairly"
        )
    return None


def _withdrawn(client: Client, candidate: Candidate, mode: Mode, recipe: Recipe) -> str | None:
    """Why a candidate is refused that repeats what somebody rolled back from."""
    for one in withdrawn(client):
        number = one.version.number
        if one.version.digest == candidate.digest:
            return f"it is the same model as version {number}, which was rolled back"
        if mode == "change" and _recipe_of_version(one) == _short(recipe):
            return f"its recipe is that of version {number}, which was rolled back"
    return None


RECIPE_PARTS_TAG = "regulars.recipe_parts"


def tags_of(candidate: Candidate, decision: Decision) -> Words:
    """What the registry tells of a version without opening a file."""
    recipe = recipe_of(candidate.facts)
    return {
        RECIPE_TAG: recipe[RECIPE_NAME],
        RECIPE_PARTS_TAG: _short(recipe),
        "regulars.as_of": candidate.facts.as_of,
        "regulars.grade": str(candidate.facts.quality.get("grade", "")),
        "regulars.fingerprint": candidate.facts.data_fingerprint,
        "regulars.gate": "promoted" if decision.passed else "refused",
        "regulars.gate_mode": decision.mode,
        "regulars.gate_against": decision.against or "",
        "regulars.gate_reasons": decision.sentence[:2000],
    }


def _short(recipe: Recipe) -> str:
    return "; ".join(f"{name} {recipe[name]}" for name in sorted(recipe))


def _recipe_of_version(registered: Registered) -> str:
    return registered.tags.get(RECIPE_PARTS_TAG, "")


def _about(facts: ModelFacts, judged: ModelFacts, judged_as: str) -> dict[str, Any]:
    return {
        "as_of": facts.as_of,
        "recipe": recipe_of(facts),
        "judged_as": judged_as,
        "judged_learned_before": judged.as_of,
    }


def _about_incumbent(incumbent: Incumbent | None) -> dict[str, Any] | None:
    if incumbent is None:
        return None
    opponent = incumbent.opponent
    return {
        "version": incumbent.number,
        "as_of": incumbent.facts.as_of if incumbent.facts else None,
        "recipe": incumbent.recipe,
        "judged_as": incumbent.judged_as,
        "judged_learned_before": opponent.facts.as_of if opponent else None,
        "unusable": incumbent.unusable,
    }
