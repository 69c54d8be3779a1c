"""The versions of the model: list them, show a card, promote one by hand, roll back."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from features.errors import NotReady, PromotionRefused
from features.settings import Settings
from features.user_groups import own_groups
from serving.commands.terminal import terminal_table
from training.champions import (
    DESPITE_TAG,
    WITHDRAWN_TAG,
    champion_before,
    note_reason,
    pardon,
    promote,
    roll_back,
)
from training.judging import Sheet
from training.kept_cards import card_of, gate_of, standing
from training.model_card_text import card_markdown, gate_markdown, standing_markdown
from training.registry import (
    Registered,
    all_versions,
    champion,
    fetch_version,
    newest_version,
    version_numbered,
)
from training.tracking import use_workspace

MOST_REASON_CHARACTERS = 1000
STALE = "The published scores are those of another version now. Make new ones with: regulars score"
SHOWN_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Versions:
    """The registered versions, the newest first."""

    versions: list[dict[str, Any]]

    def as_json(self) -> str:
        """The list as JSON."""
        return json.dumps(self.versions, indent=2)

    def as_text(self) -> str:
        """One line per version."""
        if not self.versions:
            return "There is no version yet. Train one with: regulars train"
        header = ("version", "as of", "grade", "champion", "gate", "mode", "digest", "remark")
        rows = [
            (
                one["version"],
                one["as_of"] or "-",
                one["grade"] or "-",
                "champion" if one["champion"] else "",
                one["gate"] or "-",
                one["gate_mode"] or "-",
                (one["digest"] or "-")[:SHOWN_DIGITS],
                one["despite_gate"] or one["withdrawn"] or "",
            )
            for one in self.versions
        ]
        return terminal_table(header, rows)


@dataclass(frozen=True, slots=True)
class Card:
    """The card of a version, and what became of it since."""

    card: Sheet
    standing: list[str]

    def as_json(self) -> str:
        """Both as JSON."""
        return json.dumps(self.card | {"standing": self.standing}, indent=2)

    def as_text(self) -> str:
        """Both as Markdown."""
        return card_markdown(self.card) + "\n" + standing_markdown(self.standing).rstrip("\n")


@dataclass(frozen=True, slots=True)
class Moved:
    """Whether a version became champion by hand, on what evidence, and what to do next."""

    version: str
    before: str | None
    moved: bool
    sentence: str
    gate: Sheet | None = None
    despite_gate: str | None = None

    def as_json(self) -> str:
        """The move as JSON."""
        told = {
            "version": self.version,
            "before": self.before,
            "moved": self.moved,
            "sentence": self.sentence,
            "despite_gate": self.despite_gate,
            "gate": self.gate,
        }
        return json.dumps(told, indent=2)

    def as_text(self) -> str:
        """The evidence, if there is any, then the sentence."""
        evidence = [gate_markdown(self.gate), ""] if self.gate else []
        return "\n".join([*evidence, self.sentence])


def list_versions(settings: Settings) -> Versions:
    """Every version with what the registry tells of it."""
    client = use_workspace(settings.workspace)
    present = champion(client)
    return Versions(
        [_line(one, present.number if present else None) for one in all_versions(client)]
    )


def show_card(settings: Settings, number: str | None) -> Card:
    """The card of a version; without a number the champion's.

    Raises NotReady if there is no such version or no card of it.
    """
    client = use_workspace(settings.workspace)
    if number is None:
        present = champion(client)
        if present is None:
            message = "There is no champion. Name a version; see: regulars models"
            raise NotReady(message)
        number = present.number
    found = version_numbered(client, number)
    card = card_of(settings.workspace, found)
    if card is None:
        message = f"Version {number} has no card: it was not made by this version of regulars."
        raise NotReady(message)
    return Card(card, standing(settings.workspace, found))


def promote_by_hand(
    settings: Settings, number: str | None, *, despite_gate: str | None, today: date
) -> Moved:
    """Make a version champion (without a number the newest), if the gate or a reason allows it.

    A refusal is told by `moved`; raises PromotionRefused if the champion changes meanwhile,
    ModelRefused for files that are not the registered ones, NotReady without such a version.
    """
    client = use_workspace(settings.workspace)
    found = version_numbered(client, number) if number else newest_version(client)
    number, present = found.version.number, champion(client)
    before = present.number if present else None
    if before == number:
        return Moved(number, before, moved=False, sentence=f"Version {number} is champion already.")
    gate = gate_of(settings.workspace, found)
    refusal = _refusal(found, gate, before)
    if refusal and despite_gate is None:
        sentence = (
            f"Version {number} was not promoted: {refusal}. Train again, or give a reason: "
            f"regulars promote {number} --despite-gate REASON"
        )
        return Moved(number, before, moved=False, sentence=sentence, gate=gate)
    # What cannot be loaded must not become champion, whatever the reason.
    fetch_version(settings.workspace, found.version, own_groups(settings.features.files))
    reason = _checked_reason(despite_gate) if refusal and despite_gate is not None else None
    promote(
        client,
        settings.workspace,
        found.version,
        instead_of=before,
        how="by hand",
        today=today,
    )
    pardon(client, number)
    if reason:
        told = f"{reason} (the gate: {refusal})"
        note_reason(client, number, told)
    sentence = f"Version {number} is the champion now. {STALE}"
    return Moved(number, before, moved=True, sentence=sentence, gate=gate, despite_gate=reason)


def roll_back_by_hand(settings: Settings, to: str | None, *, today: date) -> Moved:
    """Make the champion before (or the version `to`) champion again; mark the present one.

    Raises NotReady if there is none, PromotionRefused if it is champion already,
    ModelRefused if its files are not the registered ones.
    """
    client = use_workspace(settings.workspace)
    present = champion(client)
    before = present.number if present else None
    target = version_numbered(client, to) if to else champion_before(client)
    number = target.version.number
    if number == before:
        message = f"Version {number} is the champion already; there is nothing to roll back."
        raise PromotionRefused(message)
    fetch_version(settings.workspace, target.version, own_groups(settings.features.files))
    roll_back(client, settings.workspace, number, instead_of=before, today=today)
    pardon(client, number)
    left = f", version {before} is withdrawn" if before else ""
    sentence = f"Version {number} is the champion again{left}. {STALE}"
    return Moved(number, before, moved=True, sentence=sentence)


def _refusal(found: Registered, gate: Sheet | None, present: str | None) -> str | None:
    """Why the gate does not let this version pass now, or None if it does."""
    if WITHDRAWN_TAG in found.tags:
        return f"it was {found.tags[WITHDRAWN_TAG]}"
    if gate is None:
        return "it was never judged by the gate"
    if gate["decision"] != "promoted":
        return "the gate refused it, because " + "; ".join(gate["reasons"])
    if gate["against"] != present:
        judged, now = gate["against"] or "none", present or "none"
        return f"it was judged against champion {judged}, but the champion is {now} now"
    return None


def _checked_reason(reason: str) -> str:
    told = " ".join(reason.split())
    if not told or len(told) > MOST_REASON_CHARACTERS:
        message = f"A reason has 1 to {MOST_REASON_CHARACTERS} characters; nothing was changed."
        raise PromotionRefused(message)
    return told


def _line(found: Registered, present: str | None) -> dict[str, Any]:
    tags = found.tags
    return {
        "version": found.version.number,
        "as_of": tags.get("regulars.as_of"),
        "grade": tags.get("regulars.grade"),
        "champion": found.version.number == present,
        "gate": tags.get("regulars.gate"),
        "gate_mode": tags.get("regulars.gate_mode"),
        "gate_against": tags.get("regulars.gate_against") or None,
        "gate_reasons": tags.get("regulars.gate_reasons"),
        "digest": found.version.digest or None,
        "run_id": found.version.run_id,
        "withdrawn": tags.get(WITHDRAWN_TAG),
        "despite_gate": tags.get(DESPITE_TAG),
    }
