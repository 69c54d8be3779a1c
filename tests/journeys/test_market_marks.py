"""A market whose customers changed gets no numbers: from training to the API and the page."""

import csv
import json
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from shop import FIRST_DAY, simulated_orders

from features.settings import load_settings
from serving.api.app import make_app
from serving.state import ServerState
from serving.web.routes import page_routes

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette asks for another HTTP client than ours
    from starlette.testclient import TestClient

pytestmark = pytest.mark.timeout(400)

CUSTOMERS = 1500
CHANGED_ON = FIRST_DAY + timedelta(days=340)  # the day of the holdout
REASON = "model_not_calibrated_for_market"
SETTINGS = """
business: Three markets
sources:
  orders:
    path: orders.csv
    format: csv
    columns: {customer_id: customer, timestamp: day, amount: amount, market: market}
markets: {US: {}, FR: {}, LI: {}}
churn: {within_days: 60}
value: {horizon_days: 60}
"""


def write_world(folder: Path) -> None:
    """Orders of three markets; from one day on most customers of FR stay away."""
    rng = np.random.default_rng(11)
    markets = rng.choice(["US", "FR", "LI"], CUSTOMERS, p=[0.56, 0.4, 0.04])
    stays_away = (markets == "FR") & (rng.random(CUSTOMERS) < 0.75)
    (folder / "regulars.yml").write_text(SETTINGS, encoding="utf-8")
    with (folder / "orders.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow(["customer", "day", "amount", "market"])
        for who, day, cents in simulated_orders(customers=CUSTOMERS):
            number = int(who[1:])
            if day < CHANGED_ON or not stays_away[number]:
                rows.writerow([who, day.isoformat(), cents / 100, markets[number]])


@pytest.fixture(scope="module")
def walked(tmp_path_factory, start):
    """The folder of the world after train and score, and what both said."""
    folder = tmp_path_factory.mktemp("world")
    write_world(folder)
    said = {name: start(name, "--now", "2025-03-01", folder=folder) for name in ("train", "score")}
    assert [one.code for one in said.values()] == [0, 0], said
    return folder, said


@pytest.fixture(scope="module")
def client(walked) -> Iterator[TestClient]:
    state = ServerState(lambda: load_settings(walked[0] / "regulars.yml"))
    app = make_app(state, extra_routes=page_routes(state))
    yield TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000))
    state.close()


@pytest.fixture(scope="module")
def scores(client) -> list[dict]:
    ids = [f"C{number:05d}" for number in range(CUSTOMERS)]
    results = []
    for first in range(0, CUSTOMERS, 500):
        body = {"customer_ids": ids[first : first + 500]}
        results += client.post("/v1/scores:batchGet", json=body).json()["results"]
    return [one["score"] for one in results if one["status"] == 200]


def test_training_says_which_market_is_off_and_what_follows(walked):
    told = walked[1]["train"].out
    assert re.search(r"Calibration in market FR: .* its customers get no score\.", told)
    assert "Calibration in market US" not in told


def test_scoring_counts_the_customers_that_get_no_score(walked, scores):
    count = Counter(one.get("reason") for one in scores)[REASON]
    told = walked[1]["score"].out
    assert f"too far to be shown: {count} customers there have no score." in told
    assert f"{count:,} model not calibrated for market" in told


def test_whoever_still_comes_in_the_withheld_market_has_a_reason_and_no_number(scores):
    french = [one for one in scores if one["market"] == "FR"]
    assert {one["available"] for one in french} == {False}
    assert {one["reason"] for one in french} == {REASON, "already_churned"}
    assert not any({"churn", "cltv", "reasons"} & set(one) for one in french)
    assert {one["market"] for one in scores if one.get("reason") == REASON} == {"FR"}


def test_other_markets_are_scored_with_their_mark(client, scores):
    card = client.get("/v1/models/current").json()["calibration"]
    assert card["markets"]["FR"]["state"] == "withheld"
    assert card["markets"]["LI"] == {"state": "unchecked"}
    told = {
        (one["market"], one["churn"]["calibration"]["scope"]) for one in scores if one["available"]
    }
    assert told == {("US", "market"), ("LI", "all")}
    marks = [one["churn"]["calibration"] for one in scores if one["available"]]
    assert {one["checked_on"] for one in marks} == {"2025-02-03"}
    american = [one for one in scores if one["available"] and one["market"] == "US"]
    assert all(one["churn"]["calibration"]["ok"] for one in american)


def test_orders_sent_along_from_the_withheld_market_get_no_number_either(client):
    order = {"timestamp": "2025-01-20", "amount": "20.00"}
    asked = {
        "customers": [
            {"customer_id": market, "orders": [order | {"market": market}]}
            for market in ("FR", "US")
        ]
    }
    results = client.post("/v1/scores:predict", json=asked).json()["results"]
    french, american = (one["score"] for one in results)
    assert (french["available"], french["reason"]) == (False, REASON)
    assert american["churn"]["calibration"]["ok"] is True


def test_the_page_says_it_too(client):
    page = client.get("/").text
    assert "Model off in the market" in page
    assert re.search(r"In FR the probabilities were off by more than 20% on the hold-out", page)


def test_the_card_lists_the_mark_of_every_market(walked, start):
    folder = walked[0]
    text = start("models", "card", folder=folder).out
    assert re.search(r"^\| FR \| withheld \| \d+ \|", text, re.MULTILINE)
    assert "| LI | unchecked | - | - | - | - |" in text
    card = json.loads(start("models", "card", "--json", folder=folder).out)
    assert card["markets"]["markets"]["FR"]["state"] == "withheld"
    assert any(one.startswith("Calibration in market FR: ") for one in card["limits"])
