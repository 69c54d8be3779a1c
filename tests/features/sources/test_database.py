"""A table of a database is a source like any file: every value exact, nothing can be changed."""

import socket
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, date, datetime

import ibis
import pytest
import sqlalchemy as sa
from postgres import PASSWORD, USER
from sqlalchemy.pool import NullPool

from features.account import Note
from features.errors import DataError, MissingTable, UnreachableSource, UnreadableFile
from features.market_settings import Market
from features.schema import ORDERS
from features.source_settings import OrderColumns, OrdersSource
from features.sources.chunks import check_types
from features.sources.columns import About, locate
from features.sources.database import DatabaseRows
from features.sources.database_url import database_url
from features.sources.frames import IbisRows
from features.sources.judge import Days, Judge
from features.sources.rows import Markets

ENVIRONMENT = {"CRM_PASSWORD": PASSWORD}


@pytest.fixture
def sqlite_path(tmp_path):
    """An empty SQLite file; the signs of an address stand in its name."""
    path = tmp_path / "shop #1 %.db"
    sqlite3.connect(path).close()
    return path


@pytest.fixture
def sqlite_url(sqlite_path):
    """Its address."""
    return f"sqlite:///{sqlite_path}"


@pytest.fixture(params=["sqlite", "postgres"])
def crm(request, sqlite_url):
    """Run statements in a database and open it: once SQLite, once PostgreSQL."""
    url = sqlite_url if request.param == "sqlite" else request.getfixturevalue("postgres").url
    engine = sa.create_engine(
        database_url(url, ENVIRONMENT).set(
            drivername="sqlite" if request.param == "sqlite" else "postgresql+psycopg"
        ),
        poolclass=NullPool,
    )

    def opened(*statements: str, **keys: object) -> DatabaseRows:
        with engine.begin() as connection:
            for statement in ('DROP TABLE IF EXISTS "Or ders"', *statements):
                connection.execution_options(no_parameters=True).exec_driver_sql(statement)
        return DatabaseRows(url, environment=ENVIRONMENT, **keys)

    yield opened
    engine.dispose()


CREATE = 'CREATE TABLE "Or ders" (id TEXT, amount NUMERIC, day DATE)'
THREE = """INSERT INTO "Or ders" VALUES ('c', 3, '2026-01-03'), ('a', 1.5, '2026-01-01'),
    ('b', NULL, NULL)"""


def test_a_table_is_read_in_the_order_asked_for(crm, rows):
    source = crm(CREATE, THREE, table="Or ders", order_by=["id"])
    assert source.names == ("id", "amount", "day")
    assert rows(source) == [
        ("Or ders", 2, "a", "1.5", "2026-01-01"),
        ("Or ders", 3, "b", None, None),
        ("Or ders", 4, "c", "3", "2026-01-03"),
    ]
    assert source.notes() == []
    assert len(rows(source)) == 3


def test_a_query_may_hold_any_sign(crm, rows):
    query = """-- one order
        SELECT id, ':a %s 100% ?' AS note FROM "Or ders" WHERE id LIKE 'a%' ORDER BY id"""
    assert rows(crm(CREATE, THREE, query=query)) == [("query", 2, "a", ":a %s 100% ?")]


def test_an_empty_table_is_told(crm, rows):
    source = crm(CREATE, table="Or ders")
    assert (rows(source), source.notes()) == ([], [Note("The table has columns and no rows.")])


def test_the_same_orders_are_counted_whatever_their_order_in_the_table(crm):
    source = crm(CREATE, THREE, THREE, table="Or ders")
    reading = read(source, at="day")
    assert (
        reading.account.read_count,
        reading.account.accepted_count,
        reading.account.duplicate_count,
    ) == (6, 2, 2)
    assert set(reading.refused["file"].to_pylist()) == {"Or ders"}
    assert set(reading.refused["content"].to_pylist()) == {"b,,"}


def read(source, *, at):
    columns = OrderColumns(customer_id="id", timestamp=at, amount="amount")
    orders = OrdersSource(path=source.title, format="parquet", columns=columns)
    places = locate(source.names, columns, About(source.title, "orders"))
    check_types(source, places.needed())
    shop = type(
        "Shop", (), {"markets": {"home": Market()}, "default_market": "home", "currency": "USD"}
    )()
    days = Days(date(2026, 6, 30), None)
    judge = Judge(ORDERS, orders, Markets.of(shop), source, places, days)
    for chunk in source.chunks(2):
        judge.take(chunk)
    return judge.reading(source.notes())


def test_a_table_of_nearly_the_name_is_guessed_at(crm):
    with pytest.raises(MissingTable, match=r"no table 'orders'; did you mean Or ders\?$"):
        crm(CREATE, table="orders")


def test_sqlite_values_keep_their_meaning_whatever_the_column_says(sqlite_path, sqlite_url, rows):
    with closing(sqlite3.connect(sqlite_path)) as connection, connection:
        connection.execute("CREATE TABLE orders (a INTEGER, b TEXT)")
        values = [(17850, "x"), (17850.0, "001"), (1e-7, None), (2**63 - 1, ""), ("1,5", "é")]
        connection.executemany("INSERT INTO orders VALUES (?, ?)", values)
    source = DatabaseRows(sqlite_url, table="orders")
    assert [row[2] for row in rows(source)] == [
        "17850", "17850", "0.0000001", "9223372036854775807", "1,5",
    ]  # fmt: skip
    assert source.kinds == ("text", "text")
    assert DatabaseRows(sqlite_url, query="SELECT a FROM orders WHERE a < 9").kinds == ("number",)


def test_bytes_are_no_value(sqlite_url):
    source = DatabaseRows(sqlite_url, query="SELECT x'00ff' AS id, 1 AS amount")
    with pytest.raises(DataError, match=r"'id' of query of shop .* is of type blob, .* flatten"):
        check_types(source, [0])
    check_types(source, [1])


def test_a_locked_sqlite_file_is_told(sqlite_path, sqlite_url, monkeypatch):
    monkeypatch.setattr("features.sources.drivers.CONNECT_SECONDS", 0)
    with closing(sqlite3.connect(sqlite_path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE orders (a)")
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(UnreachableSource, match=r"\(database is locked\); .* no other program"):
            DatabaseRows(sqlite_url, table="orders")


def test_a_damaged_sqlite_file_is_refused_while_it_is_read(sqlite_path, sqlite_url, rows):
    with closing(sqlite3.connect(sqlite_path)) as connection, connection:
        connection.execute("CREATE TABLE orders (a TEXT)")
        connection.executemany("INSERT INTO orders VALUES (?)", [("x" * 500,)] * 5_000)
    with sqlite_path.open("r+b") as file:
        file.seek(1 << 20)
        file.write(b"\xff" * (1 << 20))
    source = DatabaseRows(sqlite_url, table="orders")
    with pytest.raises(UnreadableFile, match=r"damaged one \(database disk image is malformed\)"):
        rows(source)


POSTGRES_VALUES = [
    ("10.50::numeric(10,2)", "10.50", "number"),
    ("1e30::numeric", "1000000000000000000000000000000", "number"),
    ("'NaN'::numeric", "NaN", "number"),
    ("0.1::float8 + 0.2::float8", "0.30000000000000004", "number"),
    ("17850::float8", "17850", "number"),
    ("9223372036854775807::int8", "9223372036854775807", "number"),
    ("date '2026-01-31'", "2026-01-31", "moment"),
    ("date 'infinity'", "infinity", "moment"),
    ("timestamp '2026-01-31 12:00:00.5'", "2026-01-31 12:00:00.5", "moment"),
    ("timestamptz '2026-01-31 12:00:00+05:30'", "2026-01-31 06:30:00+00", "moment"),
    ("'a'::varchar", "a", "text"),
    (
        "'0b7e0d1e-0000-4000-8000-00000000000a'::uuid",
        "0b7e0d1e-0000-4000-8000-00000000000a",
        "text",
    ),
    ("interval '1 day'", "1 day", "text"),
    ("NULL", None, "text"),
]


@pytest.mark.parametrize(("value", "text", "kind"), POSTGRES_VALUES)
def test_a_postgres_value_is_what_the_server_writes(postgres, rows, value, text, kind):
    source = DatabaseRows(postgres.url, query=f"SELECT {value} AS a", environment=ENVIRONMENT)
    assert rows(source) == [("query", 2, text)]
    assert (source.kinds, source.unfit) == ((kind,), {})


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("true", "bool"),
        (r"'\x00'::bytea", "bytea"),
        ("'{}'::jsonb", "jsonb"),
        ("ARRAY[1]", r"int4\[\]"),
        ("ROW(1, 2)", "record"),
    ],
)
def test_a_postgres_column_of_no_single_value_is_refused_if_it_is_needed(postgres, value, kind):
    source = DatabaseRows(postgres.url, query=f"SELECT {value} AS a", environment=ENVIRONMENT)
    with pytest.raises(DataError, match=rf"'a' of query of postgresql.* is of type {kind}, which"):
        check_types(source, [0])
    assert sum(chunk.table.num_rows for chunk in source.chunks()) == 1


def test_a_time_with_a_zone_is_the_moment_that_the_server_holds(postgres):
    query = "SELECT 'ada' AS id, timestamptz '2026-01-02 12:00:00+02' AS at, 10.5 AS amount"
    source = DatabaseRows(postgres.url, query=query, environment=ENVIRONMENT)
    reading = read(source, at="at")
    assert reading.rows["occurred_at"].to_pylist() == [datetime(2026, 1, 2, 10, tzinfo=UTC)]
    assert reading.rows["amount_minor"].to_pylist() == [1050]


def test_a_table_of_a_schema_and_a_view_are_found(crm_postgres, rows):
    crm_postgres(
        "CREATE SCHEMA IF NOT EXISTS crm",
        "CREATE OR REPLACE VIEW crm.paid AS SELECT 'ada' AS id",
    )
    url, rest = crm_postgres.url, {"environment": ENVIRONMENT}
    assert rows(DatabaseRows(url, table="crm.paid", **rest)) == [("crm.paid", 2, "ada")]
    with pytest.raises(MissingTable, match=r"no table 'paid'; did you mean crm.paid\?"):
        DatabaseRows(url, table="paid", **rest)


@pytest.fixture
def crm_postgres(postgres):
    """Run statements in PostgreSQL."""
    url = database_url(postgres.url, ENVIRONMENT).set(drivername="postgresql+psycopg")

    def execute(*statements: str) -> None:
        with sa.create_engine(url, poolclass=NullPool).begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    execute.url = postgres.url
    return execute


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; DROP TABLE kept",
        "SELECT 1; COMMIT; DROP TABLE kept",
        "WITH gone AS (DELETE FROM kept RETURNING *) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', true)",
        "SELECT * FROM nothing",
        "VALUES (1) UNION DELETE FROM kept",
    ],
)
def test_a_query_changes_nothing_in_postgres(crm_postgres, rows, query):
    crm_postgres("DROP TABLE IF EXISTS kept", "CREATE TABLE kept AS SELECT 1 AS a")
    with pytest.raises(DataError, match=r"^postgresql://127.0.0.1:\d+/postgres refused to be read"):
        rows(DatabaseRows(crm_postgres.url, query=query, environment=ENVIRONMENT))
    kept = DatabaseRows(crm_postgres.url, table="kept", environment=ENVIRONMENT)
    assert rows(kept) == [("kept", 2, "1")]


def test_a_fault_in_the_middle_of_a_table_is_told(postgres, rows):
    query = "SELECT 1 / (3 - n) AS a FROM generate_series(1, 3) AS n"
    with pytest.raises(DataError, match=r"refused to be read \(division by zero\)"):
        rows(DatabaseRows(postgres.url, query=query, environment=ENVIRONMENT))


def test_rows_of_postgres_come_some_at_a_time(postgres):
    query = "SELECT generate_series(1, 100000000000) AS n"
    source = DatabaseRows(postgres.url, query=query, environment=ENVIRONMENT)
    chunks = source.chunks(1_000)
    assert [next(chunks).table.num_rows for _ in range(3)] == [1_000] * 3
    chunks.close()


def test_a_wrong_password_is_told_but_never_repeated(postgres):
    with pytest.raises(UnreachableSource, match="password authentication failed") as raised:
        DatabaseRows(postgres.url, table="a", environment={"CRM_PASSWORD": "wr0ng-secret"})
    assert "wr0ng-secret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_whole_address_may_come_from_the_environment(postgres, rows):
    url = database_url(postgres.url, ENVIRONMENT).render_as_string(hide_password=False)
    source = DatabaseRows("${CRM_URL}", query="SELECT 1 AS a", environment={"CRM_URL": url})
    assert rows(source) == [("query", 2, "1")]
    assert PASSWORD not in source.title


def test_a_server_that_never_answers_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        held: list[object] = []
        threading.Thread(target=lambda: held.append(silent.accept()), daemon=True).start()
        url = f"postgresql://me:s3cret@127.0.0.1:{silent.getsockname()[1]}/crm?connect_timeout=2"
        with pytest.raises(UnreachableSource, match=r"/crm cannot be read \(connection timeout"):
            DatabaseRows(url, table="a")


def test_ibis_reads_the_same_rows_from_postgres(crm_postgres, postgres, rows):
    crm_postgres(
        "DROP TABLE IF EXISTS paid",
        "CREATE TABLE paid AS SELECT 'ada' AS id, 10.50::numeric(10,2) AS amount, "
        "timestamptz '2026-01-02 12:00:00+02' AS at",
    )
    connection = ibis.postgres.connect(
        host="127.0.0.1", port=postgres.port, user=USER, password=PASSWORD, database="postgres"
    )
    source = IbisRows(connection.table("paid"), title="paid")
    assert rows(source) == [("paid", 2, "ada", "10.50", "2026-01-02 10:00:00.000000Z")]
    assert source.kinds == ("text", "number", "moment")
    connection.disconnect()
