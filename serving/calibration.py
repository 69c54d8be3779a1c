"""The marks of calibration that a model brings: which market is off, and what a score says of it.

A market that was not checked itself, for want of customers or because it is new, takes the mark of
the whole. What could not be checked at all is not ok: calibration is earned, not assumed. Models of
earlier versions bring no marks; their scores say nothing of calibration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.texts import Texts

NOT_CALIBRATED = "model_not_calibrated_for_market"
KEY = "calibration"
OFF = ("flagged", "withheld")

Quality = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of the calibration where a customer is; `scope` is market, all or none."""

    scope: str
    checked_on: str
    state: str

    @property
    def is_ok(self) -> bool:
        """Whether probabilities may be read as such."""
        return self.state == "ok"

    @property
    def is_off(self) -> bool:
        """Whether they are known not to agree with what happened."""
        return self.state in OFF

    @property
    def is_withheld(self) -> bool:
        """Whether they may not be shown."""
        return self.state == "withheld"


def mark_of(quality: Quality, market: str) -> Mark | None:
    """The mark of a market; None for a model that brings none."""
    marks = quality.get(KEY)
    if not marks:
        return None
    own, whole = marks["markets"].get(market, {}), marks["all"]
    for scope, one in (("market", own), ("all", whole)):
        if (state := one.get("state", "unchecked")) != "unchecked":
            return Mark(scope, marks["checked_on"], state)
    return Mark("none", marks["checked_on"], "unchecked")


def with_counts(quality: Quality, customers: Mapping[str, int]) -> dict[str, Any]:
    """The quality with the number of customers whom a flag or a withheld score concerns.

    `customers` counts those of each market who have not churned yet. What is counted stands under
    `customers`, by state and market.
    """
    if not quality.get(KEY):
        return dict(quality)
    counts: dict[str, dict[str, int]] = {state: {} for state in OFF}
    for market, count in sorted(customers.items()):
        mark = mark_of(quality, market)
        if mark is not None and mark.state in counts:
            counts[mark.state][market] = count
    return {**quality, KEY: {**quality[KEY], "customers": counts}}


def calibration_sentences(quality: Quality, texts: Texts) -> tuple[str, ...]:
    """What is to be said of markets that are off; nothing where none is."""
    marks = quality.get(KEY) or {}
    told = []
    for state in OFF:
        counts: dict[str, int] = marks.get("customers", {}).get(state, {})
        if counts:
            tolerance = texts.percent(marks["rule"][f"{state}_over"])
            names = ", ".join(counts)
            key = f"calibration.{state}"
            told.append(texts(key, sum(counts.values()), markets=names, tolerance=tolerance))
    return tuple(told)
