"""Who is champion: moves of the alias, their history, the way back.

Every move is a compare-and-set under a lock of the workspace: whoever decided against another
champion than the present one is refused. (Workspaces on several machines that share one MLflow
server do not share this lock; between their check and their move the last one wins.) The moves are
kept as a tag of the registered model, the newest last.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from features.errors import NotReady, PromotionRefused
from training.models.customer_model import Version
from training.registry import (
    CHAMPION_ALIAS,
    MODEL_NAME,
    Registered,
    all_versions,
    champion,
    version_numbered,
)
from training.tracking import Client

MOVES_TAG = "regulars.moves"
WITHDRAWN_TAG = "regulars.withdrawn"
DESPITE_TAG = "regulars.despite_gate"
LOCK_NAME = ".champion.lock"
WAIT_SECONDS = 30
MOST_CHARACTERS = 5000
"""What MLflow's databases hold in such a tag; the oldest moves are dropped first."""

How = Literal["gate", "by hand", "rollback"]


@dataclass(frozen=True, slots=True)
class Move:
    """That a version became champion: instead of which, how, and on which day if it is known."""

    version: str
    before: str | None
    how: How
    on: str | None = None


def promote(
    client: Client,
    workspace: Path,
    version: Version,
    *,
    instead_of: str | None,
    how: How,
    today: date | None = None,
) -> None:
    """Make this version the champion, if the champion is still the one of number `instead_of`.

    Raises PromotionRefused if it is another one by now.
    """
    with _one_at_a_time(workspace):
        present = _number(champion(client))
        if present != instead_of:
            message = (
                f"The champion changed since version {version.number} was judged (it was "
                f"{instead_of or 'none'}, now it is {present or 'none'}), so it was not promoted."
            )
            raise PromotionRefused(message)
        _move(client, Move(version.number, present, how, today.isoformat() if today else None))


def roll_back(
    client: Client, workspace: Path, target: str, *, instead_of: str | None, today: date
) -> None:
    """Make the version `target` champion again and mark the present champion as withdrawn.

    Raises PromotionRefused if the champion is no longer the one of number `instead_of`.
    """
    with _one_at_a_time(workspace):
        present = _number(champion(client))
        if present != instead_of:
            message = f"The champion is version {present or 'none'} by now; nothing was changed."
            raise PromotionRefused(message)
        if present is not None:
            # Marked first: if this is interrupted, the mark alone does no harm.
            told = f"rolled back to version {target} on {today}"
            client.set_model_version_tag(MODEL_NAME, present, WITHDRAWN_TAG, told)
        _move(client, Move(target, present, "rollback", today.isoformat()))


def champion_before(client: Client) -> Registered:
    """The version that a rollback leads to; without a champion the last one there was.

    Raises NotReady if there is none.
    """
    present = _number(champion(client))
    versions = {one.version.number: one for one in all_versions(client)}
    for number in predecessors(moves(client), present):
        found = versions.get(number)  # a version may have been deleted
        if found is not None and WITHDRAWN_TAG not in found.tags:
            return found
    message = "There is no earlier champion. Name a version with --to; see: regulars models"
    raise NotReady(message)


def moves(client: Client) -> list[Move]:
    """Every move that is known, the oldest first."""
    if not client.search_registered_models(f"name = '{MODEL_NAME}'"):
        return []
    told = client.get_registered_model(MODEL_NAME).tags.get(MOVES_TAG, "[]")
    return [Move(**one) for one in json.loads(told)]


def predecessors(history: Sequence[Move], present: str | None) -> list[str]:
    """Earlier champions, the nearest first; what was rolled back is not among them.

    >>> first, second = Move("1", None, "gate"), Move("2", "1", "gate")
    >>> predecessors([first, second], "2")
    ['1']
    >>> predecessors([first, second, Move("1", "2", "rollback")], "1")
    []
    >>> predecessors([first, second], None)
    ['2', '1']
    """
    line: list[str] = []
    for move in history:
        if move.how == "rollback":
            withdrawn = move.before
            line = line[: line.index(move.version)] if move.version in line else line
            line = [number for number in line if number != withdrawn]
        line = [number for number in line if number != move.version]
        line.append(move.version)
    # An alias that was moved by other hands is in no line: then the whole line was before it.
    before = line[: line.index(present)] if present in line else line
    return before[::-1]


def withdrawn(client: Client) -> list[Registered]:
    """The versions that were rolled back from."""
    return [one for one in all_versions(client) if WITHDRAWN_TAG in one.tags]


def pardon(client: Client, number: str) -> None:
    """Take the mark of a rollback off a version that is promoted by hand."""
    if WITHDRAWN_TAG in version_numbered(client, number).tags:
        client.delete_model_version_tag(MODEL_NAME, number, WITHDRAWN_TAG)


def note_reason(client: Client, number: str, reason: str) -> None:
    """Keep with a version why it was promoted despite the gate."""
    client.set_model_version_tag(MODEL_NAME, number, DESPITE_TAG, reason)


def _move(client: Client, move: Move) -> None:
    # The alias first: a history that lacks the last move still leads back, one too many would not.
    client.set_registered_model_alias(MODEL_NAME, CHAMPION_ALIAS, move.version)
    client.set_registered_model_tag(MODEL_NAME, MOVES_TAG, _as_tag([*moves(client), move]))


def _as_tag(history: list[Move]) -> str:
    told = json.dumps([asdict(one) for one in history], separators=(",", ":"))
    return told if len(told) <= MOST_CHARACTERS else _as_tag(history[1:])


def _number(version: Version | None) -> str | None:
    return version.number if version else None


@contextmanager
def _one_at_a_time(workspace: Path) -> Iterator[None]:
    workspace.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(workspace / LOCK_NAME, timeout=WAIT_SECONDS):
            yield
    except Timeout:
        message = f"Somebody else is changing the champion in {workspace}. Try again."
        raise NotReady(message) from None
