"""All checks of a system on the events of a business, each timed, as one report."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from features.errors import RegularsError
from training.models.customer_model import Progress, no_progress
from training.verification.case import Case, Outcome
from training.verification.checks import CLAIMS, Claim
from training.verification.system import Model

SCHEMA = "regulars.verify/1"

Result = Literal["holds", "fails", "not tried"]


@dataclass(frozen=True, slots=True)
class Check:
    """One claim, what was done to test it, and the first difference if it fails.

    A customer is told by her place among the sorted ids of those that were looked at.
    """

    name: str
    claim: str
    done: str
    result: Result
    difference: str | None
    changed_count: int
    compared_count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified, and every check."""

    cutoff: str
    seed: int
    customers_count: int
    rows_count: int
    features_count: int
    events_counts: dict[str, int]
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that found a difference."""
        return tuple(one for one in self.checks if one.result == "fails")

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-able data."""
        told = {"schema": SCHEMA, "holds": not self.failed, **asdict(self)}
        return told | {"checks": [asdict(one) for one in self.checks]}

    def as_json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)


def verify(
    case: Case[Model],
    *,
    timer: Callable[[], float],
    claims: Sequence[Claim] = CLAIMS,
    progress: Progress = no_progress,
) -> Verification:
    """Every claim, checked on this case; `timer` gives seconds since some moment.

    Raises what the system raises in the world as it is, such as NotEnoughData.
    """
    progress("the world as it is")
    base = case.base
    checks = []
    for claim in claims:
        progress(claim.name)
        started = timer()
        outcome = _outcome(claim, case)
        checks.append(_check(claim, outcome, timer() - started))
    return Verification(
        cutoff=case.cutoff.isoformat(),
        seed=case.seed,
        customers_count=len(case.people.places),
        rows_count=len(base.features),
        features_count=len(case.histories({}).catalogue.features),
        events_counts={name: rows.num_rows for name, rows in case.events.items()},
        checks=tuple(checks),
    )


def _outcome(claim: Claim, case: Case[Model]) -> Outcome:
    try:
        return claim.check(case)
    except RegularsError as error:
        told = str(error)
    except Exception as error:  # noqa: BLE001 - whatever the owner's code does in it is a finding
        told = f"{type(error).__name__}: {error}"
    return Outcome(
        "the system was asked in a changed world", f"it answered before, not there: {told}", 0, 0
    )


def _check(claim: Claim, outcome: Outcome, seconds: float) -> Check:
    result: Result = "holds" if outcome.was_tried else "not tried"
    return Check(
        name=claim.name,
        claim=claim.sentence,
        done=outcome.done,
        result="fails" if outcome.difference else result,
        difference=outcome.difference,
        changed_count=outcome.changed_count,
        compared_count=outcome.compared_count,
        seconds=round(seconds, 2),
    )
