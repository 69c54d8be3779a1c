"""`regulars retention` from files to a report, for both ways of telling contracts."""

import csv
import json
import re

import pyarrow as pa
import pytest
from contracts_world import FIRST, LAST, subscribers

SUBSCRIPTIONS = """\
business: Gym
sources:
  orders:
    path: orders.csv
    format: csv
    columns: {customer_id: who, timestamp: "on", amount: paid}
  subscriptions:
    path: contracts.csv
    format: csv
    columns: {customer_id: who, timestamp: since, ended_on: until, reason: why}
churn: {within_days: 60}
as_of: 2025-03-01
"""
PAYMENTS = """\
business: Gym
sources:
  orders:
    path: orders.csv
    format: csv
    columns: {customer_id: who, timestamp: "on", amount: paid, paid_until: until}
churn: {kind: subscription-end, within_days: 30, grace_days: 3}
value: {horizon_days: 30}
as_of: 2025-03-01
"""


def write(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def contracts(events: pa.Table) -> list[tuple[str, str, str, str]]:
    """One row a contract, as a business exports them."""
    found: dict[str, list[str]] = {}
    for row in sorted(events.to_pylist(), key=lambda row: row["kind"], reverse=True):
        if row["kind"] == "started":
            found[row["customer_id"]] = [row["day"].isoformat(), "", ""]
        else:
            found[row["customer_id"]][1:] = [row["day"].isoformat(), row["reason"]]
    return [(who, *rest) for who, rest in found.items()]


@pytest.fixture
def gym(tmp_path):
    """A folder with orders and contracts; every contract has an order."""
    events = subscribers(count=220)
    rows = contracts(events["subscriptions"])
    write(tmp_path / "contracts.csv", ("who", "since", "until", "why"), rows)
    write(tmp_path / "orders.csv", ("who", "on", "paid"), [(row[0], row[1], "20") for row in rows])
    (tmp_path / "regulars.yml").write_text(SUBSCRIPTIONS)
    return rows


def test_subscriptions_give_cohorts_reasons_and_a_judgement(run, gym):
    told = run("retention", "--months", "1", "--cutoffs", "2", "--now", LAST)
    assert told.code == 0, told.err
    left = sum(1 for row in gym if row[2])
    head = told.out.splitlines()[0]
    assert head == (
        f"220 contracts told by subscriptions before 2025-03-01: {left} ended, {220 - left} run "
        "(grace 0 days)."
    )
    assert re.search(rf"^ {FIRST:%Y-%m} +\d+ +\d+\.\d% \(\d+%–\d+%\)", told.out, re.MULTILINE)
    assert re.search(r"^ price +\d+", told.out, re.MULTILINE)
    assert re.search(r"^ hazard +0\.\d{3}", told.out, re.MULTILINE)
    as_json = run("retention", "-m", "1", "--cutoffs", "2", "--now", LAST, "--json")
    content = json.loads(as_json.out)
    assert (content["ended_count"], content["contracts_count"]) == (left, 220)
    assert [one["months"] for one in content["evaluation"]] == [1]
    by_reason = {name: one["ended_count"] for name, one in content["reasons"].items()}
    assert by_reason == {why: sum(row[3] == why for row in gym) for why in by_reason}


def test_payments_give_the_same_with_the_grace_of_the_settings(run, tmp_path):
    orders = subscribers(count=200, payments=True)["orders"].to_pylist()
    rows = [(row["customer_id"], row["day"], "20", row["paid_until_day"]) for row in orders]
    rows = [(who, on, paid, str(_date(until))) for who, on, paid, until in rows]
    write(tmp_path / "orders.csv", ("who", "on", "paid", "until"), rows)
    (tmp_path / "regulars.yml").write_text(PAYMENTS)
    told = run("retention", "-m", "1", "--cutoffs", "1", "--now", "2025-06-01")
    assert told.code == 0, told.err
    assert told.out.startswith("200 contracts told by payments before 2025-03-01: ")
    assert "(grace 3 days)" in told.out
    assert "kaplan-meier" in told.out


def test_a_business_without_contracts_is_told_what_is_missing(run, gym, tmp_path):
    text = SUBSCRIPTIONS.split("  subscriptions:", maxsplit=1)[0] + "churn: {within_days: 60}\n"
    (tmp_path / "regulars.yml").write_text(text)
    told = run("retention", "--now", LAST)
    assert told.code == 1
    assert told.err.startswith("regulars: retention is about contracts: it needs sources.subs")


def _date(days: int):
    return FIRST.fromordinal(719163 + days)
