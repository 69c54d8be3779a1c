"""Model cards where they are kept: with the run in MLflow, and as files of the workspace."""

import json
from pathlib import Path

from training.champions import DESPITE_TAG, WITHDRAWN_TAG, moves
from training.judging import Sheet
from training.model_card_text import card_markdown
from training.registry import CHAMPION_ALIAS, Registered, champion
from training.tracking import CARD_NAME, GATE_FILE, log_card, recorded, use_workspace

FOLDER = "cards"


def keep_card(workspace: Path, card: Sheet) -> None:
    """Record the card with the current run and write it to the workspace, as JSON and Markdown."""
    text = card_markdown(card)
    log_card(card, text)
    folder = workspace / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    number = card["model"]["version"]
    told = json.dumps(card, indent=2, allow_nan=False)
    (folder / f"{number}.json").write_text(told + "\n", encoding="utf-8")
    (folder / f"{number}.md").write_text(text, encoding="utf-8")


def card_of(workspace: Path, registered: Registered) -> Sheet | None:
    """The card of a version: the workspace's own copy if it is that version's, else the run's."""
    version = registered.version
    path = workspace / FOLDER / f"{version.number}.json"
    try:
        card: Sheet = json.loads(path.read_text(encoding="utf-8"))
        # Another registry may have counted up to this number too.
        if card["model"]["digest"] == version.digest:
            return card
    except (OSError, ValueError, KeyError, TypeError):
        pass
    use_workspace(workspace)
    return recorded(version.run_id, f"{CARD_NAME}.json")


def gate_of(workspace: Path, registered: Registered) -> Sheet | None:
    """What the gate decided of a version, with all its figures; None if it was never judged."""
    use_workspace(workspace)
    return recorded(registered.version.run_id, GATE_FILE)


def standing(workspace: Path, registered: Registered) -> list[str]:
    """What became of a version after its run, in sentences."""
    client, number = use_workspace(workspace), registered.version.number
    told = []
    for move in moves(client):
        on = f" on {move.on}" if move.on else ""
        if move.version == number:
            instead = f" instead of version {move.before}" if move.before else ""
            told.append(f"Became {CHAMPION_ALIAS}{on}{instead} ({move.how}).")
        elif move.before == number:
            told.append(f"Was followed by version {move.version}{on} ({move.how}).")
    if DESPITE_TAG in registered.tags:
        told.append(f"Was promoted despite the gate: {registered.tags[DESPITE_TAG]}")
    if WITHDRAWN_TAG in registered.tags:
        told.append(f"Was {registered.tags[WITHDRAWN_TAG]}.")
    present = champion(client)
    is_now = present is not None and present.number == number
    return [*told, f"Is {CHAMPION_ALIAS} now." if is_now else f"Is not {CHAMPION_ALIAS} now."]
