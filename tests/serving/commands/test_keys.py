"""`regulars keys`: shown once, listed without the secret, told what is wrong."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.errors import SettingsError, UnknownKey
from features.serve_settings import ServeSettings
from serving.cli import app
from serving.commands.keys import overlap_of
from serving.commands.server import _environment, who_may_ask

SETTINGS = """
workspace: workspace
sources:
  orders: {path: orders.csv, format: csv, columns: {customer_id: id, timestamp: at, amount: a}}
markets: {cz: {currency: EUR}, de: {currency: EUR}}
churn: {within_days: 90}
"""


@pytest.fixture
def run(tmp_path: Path):
    path = tmp_path / "regulars.yml"
    path.write_text(SETTINGS, encoding="utf-8")

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["keys", *words, "--settings", str(path)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_a_key_is_shown_once_and_listed_without_its_secret(run):
    made = json.loads(run("create", "--scope", "scores:read", "--label", "CRM", "--json"))
    assert re.fullmatch(r"rgl_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", made["key"])
    text = run("create", "--scope", "audiences", "--scope", "metrics", "--label", "B", "--market", "de")  # fmt: skip
    assert text.startswith("rgl_")
    listed = run("list", "--json")
    first, second = json.loads(listed)
    assert (first["id"], first["state"], first["markets"]) == (made["id"], "active", None)
    assert (second["scopes"], second["markets"]) == (["audiences", "metrics"], ["de"])
    assert made["key"][13:] not in listed
    assert "digest" not in listed
    assert "CRM" in run("list")


def test_a_key_is_rotated_and_revoked(run):
    made = json.loads(run("create", "--scope", "scores:read", "--label", "CRM", "--json"))
    new = json.loads(run("rotate", made["id"], "--overlap", "0", "--json"))
    assert (new["label"], new["scopes"]) == ("CRM", ["scores:read"])
    assert "opens nothing any more" in run("revoke", new["id"])
    assert [one["state"] for one in json.loads(run("list", "--json"))] == ["expired", "revoked"]
    with pytest.raises(UnknownKey, match="There is no key 'nobody'"):
        run("revoke", "nobody")


def test_what_a_key_cannot_be_is_told(run):
    assert "is none of scores:read" in " ".join(
        run("create", "--scope", "everything", "--label", "x", code=2).replace("│", " ").split()
    )
    with pytest.raises(SettingsError, match="There is no market fr; the settings have cz, de"):
        run("create", "--scope", "admin", "--label", "x", "--market", "fr")
    with pytest.raises(SettingsError, match="would have ended on 2020-01-31 already"):
        run("create", "--scope", "admin", "--label", "x", "--expires", "2020-01-31")
    assert "There are no API keys" in run("list")


@pytest.mark.parametrize("text", ["", "1", "h", "24 h", "-1h", "1w", "1.5h"])
def test_an_overlap_that_is_no_time_is_told(text):
    with pytest.raises(SettingsError, match="is no time"):
        overlap_of(text)


def test_serving_says_who_may_ask(settings):
    required = settings.model_copy(update={"serve": ServeSettings(keys="required")})
    assert "without a key, until" in who_may_ask(settings, "127.0.0.1")
    assert "there is none yet" in who_may_ask(settings, "0.0.0.0")
    assert "there is none yet" in who_may_ask(required, "127.0.0.1")


def test_beyond_loopback_keys_are_required_whatever_the_settings_say(monkeypatch):
    monkeypatch.setenv("REGULARS_SERVE__KEYS", "loopback")
    assert _environment("demo", "0.0.0.0")["REGULARS_SERVE__KEYS"] == "required"
    assert _environment("demo", "::1")["REGULARS_SERVE__KEYS"] == "loopback"
