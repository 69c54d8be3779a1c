"""The versions of a model at the command line: what is listed, promoted, refused, rolled back."""

import json
import re
from pathlib import Path

import pytest
import yaml

TODAY = "2025-03-02"
CUSTOMER_ID = re.compile(r"\bC0\d{4}\b")


@pytest.fixture
def business(moved: Path, shop, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shop with its trained workspace; its settings file is the command's default."""
    settings = yaml.safe_load(shop.settings.read_text(encoding="utf-8"))
    settings["sources"]["orders"]["path"] = str(shop.orders)
    folder = moved.parent
    settings["workspace"] = str(moved)
    (folder / "regulars.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    monkeypatch.setenv("REGULARS_SETTINGS", str(folder / "regulars.yml"))
    return folder


def listed(run) -> dict[str, dict]:
    """What `models` tells of each version."""
    ended = run("models", "--json")
    assert ended.code == 0
    return {one["version"]: one for one in json.loads(ended.out)}


def champion_of(run) -> str | None:
    (*found,) = (number for number, one in listed(run).items() if one["champion"])
    return found[0] if found else None


def test_the_first_version_is_listed_with_what_the_gate_said(business, run):
    (one,) = listed(run).values()
    assert one["champion"]
    assert one["as_of"] == "2025-02-04"
    assert (one["gate"], one["gate_mode"], one["gate_against"]) == ("promoted", "first", None)
    assert re.fullmatch(r"[0-9a-f]{64}", one["digest"])
    table = run("models").out
    assert one["digest"][:12] in table
    assert "champion" in table.splitlines()[-1]


def test_a_card_is_printed_as_markdown_and_as_json(business, run):
    card = run("models", "card")
    assert card.out.startswith("# Model card: regulars version 1\n")
    for title in ("What it predicts", "How it is made", "What it learned from", "Calibration"):
        assert f"## {title}\n" in card.out
    assert "Is champion now." in card.out
    told = json.loads(run("models", "card", "1", "--json").out)
    assert told["schema"] == "regulars.model-card/1"
    assert told["data"]["customers_count"] == 700
    assert told["gate"]["decision"] == "promoted"
    assert told["quality"]["scopes"][0]["figures"]["auc"]["challenger"]["low"] > 0.5


def test_a_card_is_kept_in_the_workspace_and_comes_from_mlflow_without_it(business, run, moved):
    before = run("models", "card", "1", "--json").out
    kept = sorted(path.name for path in (moved / "cards").iterdir())
    assert kept == ["1.json", "1.md"]
    for path in (moved / "cards").iterdir():
        path.unlink()
    assert run("models", "card", "1", "--json").out == before
    # A card of another registry's version 1 is not this one's.
    other = json.loads(before)
    other["model"]["digest"] = "0" * 64
    (moved / "cards" / "1.json").write_text(json.dumps(other), encoding="utf-8")
    assert run("models", "card", "1", "--json").out == before


def test_no_customer_is_on_a_card_or_in_the_evidence(business, run, moved):
    told = [run("models", "card").out, run("models", "card", "--json").out]
    told += [path.read_text(encoding="utf-8") for path in (moved / "cards").iterdir()]
    gates = list((moved / "artifacts").rglob("gate.json"))
    assert len(gates) == 1
    told += [path.read_text(encoding="utf-8") for path in gates]
    assert [text for text in told if CUSTOMER_ID.search(text)] == []


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("models", "card", "7"), "There is no version 7"),
        (("promote", "7"), "There is no version 7"),
        (("rollback",), "There is no earlier champion"),
        (("rollback", "--to", "7"), "There is no version 7"),
        (("rollback", "--to", "1"), "Version 1 is the champion already"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(business, run, command, sentence):
    ended = run(*command)
    assert ended.code == 1
    assert sentence in ended.err
    assert champion_of(run) == "1"


def test_promoting_the_champion_again_changes_nothing(business, run):
    ended = run("promote", "1")
    assert ended.code == 0
    assert "Version 1 is champion already." in ended.out


@pytest.mark.timeout(280)
def test_a_version_is_refreshed_rolled_back_refused_and_promoted_with_a_reason(
    business, run, monkeypatch
):
    again = run("train", "--now", TODAY)
    assert again.code == 0, again.err
    assert "Gate (refresh): nothing worse than the champion" in again.out
    assert "Version 2 of regulars is the champion now." in again.out

    back = run("rollback", "--now", TODAY)
    assert back.code == 0, back.err
    assert "Version 1 is the champion again, version 2 is withdrawn" in back.out
    assert "regulars score" in back.out
    assert champion_of(run) == "1"
    assert listed(run)["2"]["withdrawn"] == "rolled back to version 1 on 2025-03-02"

    # The same data, settings and seed make the same model: somebody said no to it.
    same = run("train", "--now", TODAY)
    assert "which was rolled back" in same.out
    assert "Version 3 of regulars was not made champion" in same.out
    assert champion_of(run) == "1"

    for number in ("2", "3"):
        refused = run("promote", number, "--now", TODAY)
        assert refused.code == 1
        assert "rolled back" in refused.out
        assert "--despite-gate" in refused.out
    assert run("promote", "3", "--despite-gate", "  ").code == 1
    assert champion_of(run) == "1"

    forced = run("promote", "3", "--despite-gate", "audited by hand", "--json", "--now", TODAY)
    assert forced.code == 0, forced.err
    told = json.loads(forced.out)
    assert (told["moved"], told["before"], told["despite_gate"]) == (True, "1", "audited by hand")
    assert champion_of(run) == "3"
    assert listed(run)["3"]["despite_gate"].startswith("audited by hand (the gate: ")
    card = run("models", "card").out
    assert "Became champion on 2025-03-02 instead of version 1 (by hand)." in card
    assert "Was promoted despite the gate: audited by hand" in card
    assert run("score", "--now", TODAY).code == 0
