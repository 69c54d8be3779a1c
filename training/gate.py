"""The gate: whether the evidence lets a challenger become champion.

What is compared was predicted out of time (`training.challenge` sees to that): the challenger, the
champion and the configured baseline on the same customers. Differences are taken within resamples
of customers (paired), overall and per market. A difference counts only if its interval leaves out
zero and if it is large enough to matter: with very many customers chance explains nothing, and two
seeds of one recipe already differ.

A refresh (the same recipe, data at least as new) passes unless the evidence says that it is worse.
A change of recipe passes only if it is also better than the champion in one figure. Four figures
are four chances to err, and so are markets: they share an error of 5 %, so each has to be clearer.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Literal

import numpy as np

from training.figures import FIGURES
from training.judged_figures import Resampled
from training.judging import FEWEST_CUSTOMERS, FEWEST_OF_A_FATE, Sheet, Stack
from training.metrics import Floats
from training.uncertainty import LEVEL, RESAMPLES_COUNT, Interval, interval, resamples

CHALLENGER = "challenger"
INCUMBENT = "champion"

Mode = Literal["first", "replacement", "refresh", "change"]

LEAST = {"log_loss": 0.005, "auc": 0.004, "ngini": 0.005, "level_error": 0.1}
"""The gate's figures, and the smallest difference in each that decides anything.

Resamples of customers do not know that a model learned with another seed is another model. These
sizes do: about three standard deviations of what the seed alone did to one recipe on CDNOW.
"""

BASELINE_DECIDES = ("log_loss", "auc", "ngini")
"""What a baseline can refuse by. Not the level: no recipe knows next season's, and a simple one
that says the same every season hits it by luck."""

RULE = {
    "level": LEVEL,
    "level_is_shared_by": "the four figures, and in markets by figures and markets",
    "least_difference": LEAST,
    "baseline_decides": list(BASELINE_DECIDES),
    "too_few": {
        "customers_below": FEWEST_CUSTOMERS,
        "churned_or_stayed_below": FEWEST_OF_A_FATE,
    },
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether the challenger may become champion, and why, in sentences."""

    passed: bool
    reasons: tuple[str, ...]


def evidence(
    stack: Stack, baseline: str, *, seed: int, resamples_count: int = RESAMPLES_COUNT
) -> list[Sheet]:
    """What the predictions show: one sheet overall, then one per market.

    `stack.said` holds the challenger, the baseline and, if there is one, the champion. A sheet has
    counts, `judged`, and if there are enough customers `figures` (figure, system, then value, low
    and high) and `differences` (of two systems in one figure, with a `verdict` on the first).
    Of several cutoffs each counts the same.
    """
    scopes = dict(_scopes(stack))
    judged = [key for key, found in scopes.items() if _judged(found)]
    drawn = _drawn({key: scopes[key] for key in judged}, stack, seed, resamples_count)
    markets = sum(kind == "market" for kind, _ in judged)
    sheets = []
    for key, found in scopes.items():
        kind, name = key
        counts = found.counts()
        # Of few customers not even how many churned is told: it could be one person's fate.
        told = counts if key in judged else {"customers_count": counts["customers_count"]}
        sheet: Sheet = {"kind": kind, "name": name, **told, "judged": key in judged}
        if key in judged:
            chances = len(LEAST) * (1 if kind == "all" else markets)
            sheet |= _compared(drawn[key], baseline, 1 - (1 - LEVEL) / chances)
        sheets.append(sheet)
    return sheets


def rule(sheets: list[Sheet], mode: Mode) -> Ruling:
    """What the evidence allows in this mode; `sheets` are what `evidence` gave."""
    whole = sheets[0]
    worse = [_told(sheet, one) for sheet in sheets for one in _blocking(sheet)]
    if mode in {"first", "replacement"}:
        return Ruling(passed=True, reasons=tuple(worse))
    if worse:
        return Ruling(passed=False, reasons=tuple(worse))
    if mode == "refresh":
        shown = "nothing worse than the champion or the baseline beyond noise"
        too_few = "too few customers to judge, and nothing that speaks against it"
        return Ruling(passed=True, reasons=(shown if whole["judged"] else too_few,))
    better = [
        _told(whole, one)
        for one in whole.get("differences", [])
        if (one["system"], one["opponent"], one["verdict"]) == (CHALLENGER, INCUMBENT, "better")
    ]
    if better:
        return Ruling(passed=True, reasons=tuple(better))
    return Ruling(passed=False, reasons=(_no_improvement(whole),))


def _no_improvement(whole: Sheet) -> str:
    if not whole["judged"]:
        return "too few customers to show that a changed recipe is better than the champion"
    if INCUMBENT not in whole["figures"]["log_loss"]:
        return "the champion cannot be judged fairly on this holdout, so nothing shows improvement"
    return (
        "a changed recipe has to be better than the champion, and no figure shows it beyond noise"
    )


def _scopes(stack: Stack) -> Iterator[tuple[tuple[str, str], Stack]]:
    yield ("all", "all active customers"), stack
    names = [str(name) for name in np.unique(stack.markets)]
    # A business of one market need not be judged twice.
    for name in names if len(names) > 1 else []:
        yield ("market", name), stack.only(stack.markets == name)


def _judged(found: Stack) -> list[Stack]:
    """The cutoffs of a scope that have enough customers."""
    parts = [found.only(found.cutoffs == cutoff) for cutoff in np.unique(found.cutoffs)]
    return [part for part in parts if part.counts()["judged"]]


Drawn = dict[str, dict[str, Floats]]
"""Figures by system: the value first, then the resamples."""


def _drawn(
    scopes: Mapping[tuple[str, str], Stack], stack: Stack, seed: int, count: int
) -> dict[tuple[str, str], Drawn]:
    """The gate's figures of every scope; a customer is drawn in all scopes and cutoffs at once."""
    parts = {key: _judged(found) for key, found in scopes.items()}
    values: dict[Any, list[dict[str, Floats]]] = {}
    systems: dict[Any, Resampled] = {}
    for key, cutoffs in parts.items():
        for at, part in enumerate(cutoffs):
            for name, table in part.said.items():
                exact = Resampled(part.rows, table, most=None)
                values[key, at, name] = [exact.decisive(np.ones((len(table), 1)))]
                systems[key, at, name] = Resampled(part.rows, table)
    people = int(stack.rows.customer.max()) + 1 if len(stack.rows.customer) else 0
    for weights in resamples(people, count=count, seed=seed) if systems else ():
        for key, system in systems.items():
            values[key].append(system.decisive(weights[system.rows.customer]))
    return {
        key: {
            name: {
                figure: np.mean(
                    [
                        np.concatenate([one[figure] for one in values[key, at, name]])
                        for at in range(len(cutoffs))
                    ],
                    axis=0,
                )
                for figure in (*LEAST, "bias")
            }
            for name in stack.said
        }
        for key, cutoffs in parts.items()
    }


def _compared(drawn: Drawn, baseline: str, level: float) -> Sheet:
    pairs = [(CHALLENGER, baseline)]
    if INCUMBENT in drawn:
        pairs = [(CHALLENGER, INCUMBENT), (CHALLENGER, baseline), (INCUMBENT, baseline)]
    figures = {
        figure: {
            name: _plain(interval(found[figure], FIGURES[figure].lowest, FIGURES[figure].highest))
            for name, found in drawn.items()
        }
        for figure in (*LEAST, "bias")
    }
    differences = [
        _difference(figure, (ours, drawn[ours][figure]), (theirs, drawn[theirs][figure]), level)
        for ours, theirs in pairs
        for figure in LEAST
    ]
    return {"figures": figures, "differences": differences}


def _difference(
    figure: str, ours: tuple[str, Floats], theirs: tuple[str, Floats], level: float
) -> Sheet:
    """One system less another within each resample, and what that shows."""
    found = _around(ours[1] - theirs[1], level)
    return {
        "system": ours[0],
        "opponent": theirs[0],
        "figure": figure,
        **_plain(found),
        "level": level,
        "verdict": _verdict(figure, found),
        "decides": theirs[0] == INCUMBENT or figure in BASELINE_DECIDES,
    }


def _around(change: Floats, level: float) -> Interval:
    """The first value and its bounds, from the spread of the others.

    Percentiles would need more resamples than there are: a shared error lies far out in the tails.
    """
    value, known = float(change[0]), change[1:][np.isfinite(change[1:])]
    if not math.isfinite(value) or len(known) < 2:
        return Interval(value, math.nan, math.nan)
    reach = NormalDist().inv_cdf((1 + level) / 2) * float(known.std(ddof=1))
    return Interval(value, value - reach, value + reach)


def _verdict(figure: str, difference: Interval) -> str:
    """Better or worse only beyond noise, and by enough to matter."""
    if not math.isfinite(difference.low) or not math.isfinite(difference.high):
        return "unknown"
    beyond_noise = difference.low > 0 or difference.high < 0
    if not beyond_noise or abs(difference.value) < LEAST[figure]:
        return "no difference shown"
    return "better" if (difference.value > 0) == (FIGURES[figure].better == "higher") else "worse"


def _blocking(sheet: Sheet) -> list[Sheet]:
    """The differences that speak against the challenger.

    A market in which the champion loses to the baseline too is a known weakness: that is no reason
    to keep an older model.
    """
    found = sheet.get("differences", [])
    known = {
        one["figure"] for one in found if one["system"] == INCUMBENT and one["verdict"] == "worse"
    }
    return [
        one
        for one in found
        if one["system"] == CHALLENGER
        and one["verdict"] == "worse"
        and one["decides"]
        and not (
            sheet["kind"] == "market" and one["opponent"] != INCUMBENT and one["figure"] in known
        )
    ]


def _told(sheet: Sheet, difference: Sheet) -> str:
    """The difference as a clause: what, where, by how much, how sure."""
    where = "" if sheet["kind"] == "all" else f" in market {sheet['name']}"
    figure = FIGURES[difference["figure"]]
    return (
        f"{figure.label} {difference['verdict']} than {difference['opponent']}{where} by "
        f"{abs(difference['value']):.4f} ({difference['low']:+.4f} to {difference['high']:+.4f})"
    )


def _plain(found: Interval) -> Sheet:
    parts = {"value": found.value, "low": found.low, "high": found.high}
    return {name: part if math.isfinite(part) else None for name, part in parts.items()}
