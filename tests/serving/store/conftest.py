"""A store in each kind of database: SQLite in a folder, PostgreSQL with a database of its own."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgres import PASSWORD

from features.sources.database_url import database_url
from serving.store import ScoreStore

_numbers = count(1)


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'scores.db'}"
    server = database_url(request.getfixturevalue("postgres").url, {"CRM_PASSWORD": PASSWORD})
    name = f"scores_{next(_numbers)}"
    admin = sa.create_engine(
        server.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    admin.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def open_store(address: str) -> Iterator[Callable[..., ScoreStore]]:
    """Open the store once more, as another process would."""
    opened = []

    def open_one(**options: int) -> ScoreStore:
        opened.append(ScoreStore(address, **options))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., ScoreStore]) -> ScoreStore:
    return open_store()
