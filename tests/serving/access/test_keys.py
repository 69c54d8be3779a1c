"""API keys: made once, kept as digests, known to a running server in less than a second."""

import stat
import time
from datetime import timedelta

import pytest

from features.errors import SettingsError, UnknownKey
from features.settings import StoreSettings
from serving.access.gate import STALE_SECONDS, Gate
from serving.access.key_store import Grant, KeyStore
from serving.access.keys import LENGTH
from serving.access.pepper import Pepper
from serving.database import address_of


@pytest.fixture
def gate(settings, key_store, pepper, clock):
    gate = Gate(KeyStore(address_of(settings)), lambda: pepper, clock)
    yield gate
    gate.close()


def test_neither_the_key_nor_the_pepper_stands_in_the_database(settings, new_key, pepper):
    secret = new_key().secret
    assert len(secret) == LENGTH
    kept = b"".join(path.read_bytes() for path in settings.workspace.glob("scores.db*"))
    assert b"CRM" in kept
    assert secret[13:].encode() not in kept
    assert pepper not in kept


def test_the_pepper_is_its_owner_s_alone(settings, pepper):
    path = settings.workspace / "pepper"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Pepper(settings.workspace, {}).made() == pepper
    path.chmod(0o640)
    with pytest.raises(SettingsError, match="can be read by others than its owner"):
        Pepper(settings.workspace, {}).read()


def test_a_pepper_of_the_environment_needs_no_file(tmp_path):
    assert Pepper(tmp_path, {"REGULARS_PEPPER": "x" * 32}).made() == b"x" * 32
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsError, match="REGULARS_PEPPER must hold 32 to 64 characters"):
        Pepper(tmp_path, {"REGULARS_PEPPER": "short"}).read()


def test_under_another_pepper_no_key_opens(settings, new_key, clock):
    secret = new_key().secret.encode()
    gate = Gate(KeyStore(address_of(settings)), lambda: b"y" * 32, clock)
    gate.load()
    assert gate.caller(secret) is None
    gate.close()


def test_keys_are_kept_where_the_scores_are(settings):
    assert address_of(settings).database == str(settings.workspace / "scores.db")
    address = "postgresql://regulars:${STORE_PASSWORD}@db/scores"
    moved = settings.model_copy(update={"store": StoreSettings(address=address)})
    told = address_of(moved, {"STORE_PASSWORD": "p@ss"})
    assert told.render_as_string(hide_password=False) == "postgresql://regulars:p%40ss@db/scores"
    with pytest.raises(SettingsError, match="STORE_PASSWORD"):
        address_of(moved, {})


def test_looking_for_keys_makes_no_database(settings, key_store):
    assert (key_store.keys(), key_store.revision()) == ([], 0)
    assert not (settings.workspace / "scores.db").exists()


def test_a_running_gate_learns_of_keys_and_revocations_in_less_than_a_second(
    gate, new_key, key_store, clock
):
    gate.load()
    made = new_key("scores:read")

    def seconds_until(is_open: bool) -> float:
        start = time.monotonic()
        while (gate.caller(made.secret.encode()) is not None) != is_open:
            assert time.monotonic() - start < 10
            time.sleep(0.01)
        return time.monotonic() - start

    seconds_until(is_open=True)
    key_store.revoke(made.key.key_id, clock())
    assert seconds_until(is_open=False) < 1


def test_a_key_ends_by_time_alone(gate, new_key, clock):
    secret = new_key(expires_at=clock() + timedelta(hours=1)).secret.encode()
    gate.load()
    assert gate.caller(secret) is not None
    clock.pass_by(hours=1)
    gate.look()
    assert gate.caller(secret) is None


def test_after_a_rotation_both_keys_work_until_the_overlap_ends(
    gate, new_key, key_store, pepper, clock
):
    old = new_key("privacy", markets=("cz",))
    new = key_store.rotate(old.key.key_id, pepper, clock(), timedelta(hours=24))
    gate.load()
    assert gate.caller(old.secret.encode()).scopes == {"privacy"}
    assert gate.caller(new.secret.encode()).markets == {"cz"}
    clock.pass_by(hours=24)
    gate.look()
    assert gate.caller(old.secret.encode()) is None
    assert gate.caller(new.secret.encode()) is not None
    with pytest.raises(UnknownKey, match="is expired already"):
        key_store.rotate(old.key.key_id, pepper, clock(), timedelta(0))


def test_an_id_that_is_none_is_told(key_store, new_key, clock):
    new_key()
    with pytest.raises(UnknownKey, match="There is no key 'x'"):
        key_store.revoke("x", clock())


def test_the_day_of_the_last_use_is_kept_and_no_more(gate, new_key, key_store, clock):
    secret = new_key().secret.encode()
    gate.load()
    gate.look()
    assert key_store.keys()[0].last_used_on is None
    gate.caller(secret)
    gate.look()
    assert key_store.keys()[0].last_used_on == clock().date()
    clock.pass_by(days=1)
    gate.look()
    assert key_store.keys()[0].last_used_on < clock().date()


def test_without_a_look_at_the_database_for_long_the_gate_trusts_nobody(
    settings, new_key, pepper, clock
):
    new_key()
    store = KeyStore(address_of(settings))
    gate = Gate(store, lambda: pepper, clock, clock.seconds)
    assert not gate.is_fresh
    gate._look()
    assert gate.is_fresh
    store.close()
    for path in settings.workspace.glob("scores.db*"):
        path.write_bytes(b"no database" * 500)
    clock.pass_by(seconds=STALE_SECONDS - 1)
    gate.look()
    assert gate.is_fresh
    clock.pass_by(seconds=1)
    assert not gate.is_fresh


def test_keys_live_in_postgresql_by_changing_the_address(postgres, pepper, clock, monkeypatch):
    address = postgres.url.replace("${CRM_PASSWORD}", "s3cret%40%2F%3A%3F")
    store = KeyStore(address)
    assert (store.keys(), store.revision()) == ([], 0)
    made = store.create(Grant(("scores:read",), "CRM", ("cz",)), pepper, clock())
    gate = Gate(KeyStore(address), lambda: pepper, clock)
    gate.load()
    assert gate.caller(made.secret.encode()).markets == {"cz"}
    store.note_use([made.key.key_id], clock().date())
    store.revoke(made.key.key_id, clock())
    gate.look()
    assert gate.caller(made.secret.encode()) is None
    assert store.keys()[0].last_used_on == clock().date()
    gate.close()
    store.close()
