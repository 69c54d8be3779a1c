"""A business with more than orders: files, a folder, a database, from settings to scores."""

import csv
import json
import os
import re
import sqlite3
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shop import FIRST_DAY, simulated_orders

from features.settings import load_settings

DATA = Path(os.environ.get("REGULARS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
TODAY = "2025-03-01"
LAST_DAY = FIRST_DAY + timedelta(days=399)
SETTINGS = """\
business: Corner shop
sources:
  orders:
    path: orders.csv
    format: csv
    columns: {customer_id: who, timestamp: "on", amount: paid}
  visits:
    path: visits/
    format: parquet
    columns: {customer_id: who, timestamp: at, kind: what, seconds: seconds}
    kinds: [search]
    holds: news
  tickets:
    format: database
    url: sqlite:///desk.db
    table: tickets
    columns: {customer_id: who, ticket_id: id, timestamp: opened, closed_at: closed, score: stars}
  surveys:
    path: surveys.csv
    format: csv
    csv: {separator: ;, decimal: ","}
    columns: {customer_id: who, timestamp: "on", kind: =nps, score: answer}
  loyalty:
    path: loyalty.csv
    format: csv
    columns: {customer_id: who, timestamp: "on", kind: what, points: points}
    words: {verdient: earned, eingelöst: spent}
  customers:
    path: customers.csv
    format: csv
    columns: {customer_id: who, registered: since, born: born}
churn: {within_days: 60}
value: {horizon_days: 60}
"""


def write(path: Path, head: str, rows: list[tuple[object, ...]], separator: str = ",") -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=separator).writerows([head.split(), *rows])


def visits_of(day: date, customers: list[str], path: Path) -> None:
    """One Parquet file of a day's visits: each customer searches once and views twice."""
    kinds = ["search", "view", "view"]
    rows = [
        {"who": who, "at": f"{day}T{10 + n}:00", "what": kind, "seconds": 30 * n}
        for who in customers
        for n, kind in enumerate(kinds)
    ]
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


@pytest.fixture
def business(tmp_path):
    """The files of a business, made of simulated orders: one of each kind about some customers."""
    orders = simulated_orders()
    customers = sorted({who for who, _, _ in orders})
    rng = np.random.default_rng(5)
    first = {}
    for who, day, _ in orders:
        first[who] = min(day, first.get(who, day))
    write(
        tmp_path / "orders.csv",
        "who on paid",
        [(who, on, cents / 100) for who, on, cents in orders],
    )
    for n, day in enumerate((LAST_DAY - timedelta(days=90), LAST_DAY)):
        chosen = [str(one) for one in rng.choice(customers, 200, replace=False)]
        visits_of(day, chosen, tmp_path / "visits" / f"{n}.parquet")
    with sqlite3.connect(tmp_path / "desk.db") as desk:
        desk.execute(
            "CREATE TABLE tickets (id TEXT, who TEXT, opened TEXT, closed TEXT, stars REAL)"
        )
        desk.executemany(
            "INSERT INTO tickets VALUES (?, ?, '2024-10-01 09:00', ?, ?)",
            [(f"T{n}", who, "2024-10-02 10:00", n % 5 + 1) for n, who in enumerate(customers[:100])]
            + [("T-open", customers[0], None, None)],
        )
    desk.close()
    write(
        tmp_path / "surveys.csv",
        "who on answer",
        [(who, "2024-09-01", f"{n % 10},5") for n, who in enumerate(customers[:80])],
        ";",
    )
    write(
        tmp_path / "loyalty.csv",
        "who on what points",
        [(who, "2024-08-01", "Verdient", 50) for who in customers[:60]]
        + [(who, "2024-08-09", "eingelöst", 20) for who in customers[:30]],
    )
    write(
        tmp_path / "customers.csv",
        "who since born",
        [(who, first[who], "1980-02-29" if n % 2 else "") for n, who in enumerate(customers)],
    )
    (tmp_path / "regulars.yml").write_text(SETTINGS, encoding="utf-8")
    return tmp_path


def test_every_table_of_a_business_goes_from_its_file_to_features_and_scores(run, business):
    told = run("ingest", "--now", TODAY)
    assert told.code == 0, told.err
    assert re.search(r"visits: 1,200 rows read: 1,200 accepted.* 1,200 new", told.out)
    assert re.search(r"tickets: 101 rows read: 101 accepted.*became 201 events; 201 new", told.out)

    listed = {
        one["name"]: one for one in json.loads(run("features", "list", "--json").out)["features"]
    }
    known = {one["table"] for one in listed.values() if one["coverage_share"]}
    assert known >= {"orders", "visits", "tickets", "surveys", "loyalty", "customers"}
    assert listed["age_years"]["coverage_share"] == pytest.approx(0.5, abs=0.01)

    trained = run("train", "--now", TODAY)
    assert trained.code == 0, trained.err
    assert "0 new, 1,200 known already" in trained.out
    assert "Version 1 of regulars" in trained.out
    scored = run("score", "--now", TODAY)
    assert scored.code == 0, scored.err
    assert "700 customers scored as of" in scored.out


def test_a_source_read_again_brings_nothing_and_a_new_day_its_own_rows(run, business):
    run("ingest", "--now", TODAY)
    again = run("ingest", "--now", TODAY).out.splitlines()
    accounts = [line for line in again if " rows read: " in line]
    assert len(accounts) == 6
    assert all("; 0 new, " in line for line in accounts)

    for file in (business / "visits").iterdir():
        file.unlink()  # a source of news brings the new file alone
    visits_of(LAST_DAY + timedelta(days=1), ["C00001", "C00002"], business / "visits" / "2.parquet")
    with (business / "orders.csv").open("a", encoding="utf-8") as stream:
        stream.write(f"C00001,{LAST_DAY + timedelta(days=1)},12.50\r\n")
    more = run("ingest", "--now", TODAY).out
    assert re.search(r"orders: .*; 1 new, ", more)
    assert "visits: 6 rows read: 6 accepted, 0 duplicate, 0 refused" in more
    assert re.search(r"visits: .*; 6 new, 0 known already", more)
    assert re.search(r"loyalty: .*; 0 new, 90 known already", more)


def test_check_accounts_for_every_table(run, business):
    with (business / "surveys.csv").open("a", encoding="utf-8") as stream:
        stream.write("C00001;2024-09-02;nine\r\n")
    refused = run("check", "--now", TODAY)
    assert refused.code == 1
    assert "surveys.csv" in refused.err
    settings = (business / "regulars.yml").read_text(encoding="utf-8")
    (business / "regulars.yml").write_text(
        settings.replace(
            "kind: =nps, score: answer}", "kind: =nps, score: answer}\n    max_refused_share: 0.1"
        ),
        encoding="utf-8",
    )
    checked = run("check", "--now", TODAY)
    assert checked.code == 0, checked.err
    assert "surveys: 81 rows read: 80 accepted, 0 duplicate, 1 refused" in checked.out
    assert "loyalty: 90 rows read: 90 accepted" in checked.out
    assert "Predictions: ready." in checked.out


# Data that nobody here wrote


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yml")), ids=lambda path: path.stem)
def test_an_example_is_a_settings_file(path):
    assert load_settings(path).sources.given()


@pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is absent")
def test_online_retail_goes_from_file_to_features_by_its_settings_alone(run, tmp_path, monkeypatch):
    invoices = DATA / "online_retail" / "transactions.parquet"
    monkeypatch.setenv("REGULARS_SOURCES__ORDERS__PATH", str(invoices))
    monkeypatch.setenv("REGULARS_WORKSPACE", str(tmp_path / "workspace"))
    told = run("ingest", "--settings", EXAMPLES / "online_retail.yml", "--now", TODAY)
    assert told.code == 0, told.err
    whole = duckdb.connect().read_parquet(str(invoices))
    with_id = whole.filter("customer_id IS NOT NULL")
    read, accepted = len(whole), len(with_id.distinct())
    guests = read - len(with_id)
    assert told.out.splitlines()[0] == (
        f"orders: {read:,} rows read: {accepted:,} accepted, {len(with_id) - accepted:,} duplicate,"
        f" {guests:,} refused (of which {guests:,} without a customer id); {accepted:,} new, "
        "0 known already"
    )
