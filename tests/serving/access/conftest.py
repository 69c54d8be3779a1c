"""A running set of keys, and a clock that the test moves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from features.settings import Settings
from serving.access.key_store import Grant, KeyStore, NewKey
from serving.access.keys import SCOPES
from serving.access.pepper import Pepper
from serving.database import address_of
from serving.state import ServerState

NOW = datetime(2026, 9, 1, 5, tzinfo=UTC)


@dataclass
class Clock:
    """A time that stands still until it is moved; also counts seconds, as a timer does."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return (self.now - NOW).total_seconds()

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pepper(settings: Settings) -> bytes:
    return Pepper(settings.workspace, {}).made()


@pytest.fixture
def key_store(settings: Settings):
    store = KeyStore(address_of(settings))
    yield store
    store.close()


@pytest.fixture
def new_key(key_store: KeyStore, pepper: bytes) -> Callable[..., NewKey]:
    def made(*scopes: str, **more: Any) -> NewKey:
        return key_store.create(Grant(scopes or SCOPES, "CRM", **more), pepper, NOW)

    return made


@pytest.fixture
def outside(state: ServerState, client_of):
    """A client on another machine."""
    return client_of(state, client=("203.0.113.9", 50_000), base_url="http://scores.example")
