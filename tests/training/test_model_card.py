"""The card of a version says what the run found, where it is weak, and nobody's name."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from holdouts import HORIZONS, holdouts

from training.challenge import Decision
from training.evaluation import CHAMPION
from training.gate import CHALLENGER, RULE, evidence, rule
from training.judging import Stack
from training.model_card import Made, limits, model_card
from training.model_card_text import card_markdown, standing_markdown
from training.models.customer_model import ModelFacts, Version
from training.models.mixture import Choice

FACTS = ModelFacts(
    horizons=HORIZONS,
    as_of="2025-05-01",
    cutoffs=("2025-01-01", "2025-02-01"),
    churn_label_days=60,
    value_label_days=60,
    customers_count=5000,
    rows_count=10_000,
    churn_rate=0.5,
    data_fingerprint="fedcba",
    catalogue_version="abcdef",
    shape={},
    feature_names=("recency_days",),
    typical={},
    currency="EUR",
    seed=1,
    quality={"grade": "A", "grade_rule": "Ranks better"},
)
SETTINGS = SimpleNamespace(
    business="A shop",
    churn=SimpleNamespace(name="no-order-60d@1"),
    value=SimpleNamespace(margin=0.5),
)
HISTORIES = SimpleNamespace(
    first_day=pd.Timestamp("2024-01-01"),
    last_day=pd.Timestamp("2025-04-30"),
    markets=("AT", "CZ", "LI"),
)
MODEL = SimpleNamespace(
    facts=FACTS,
    churn=SimpleNamespace(choice=Choice({"plain": 0.25, "anchored": 0.75})),
    value=SimpleNamespace(choice=Choice({"anchored": 1.0})),
)


def made_of(holdout, model=MODEL):
    """The outcome of a run with this holdout."""
    said = {CHALLENGER: holdout.predictions[CHAMPION], "bg-nbd": holdout.predictions["bg-nbd"]}
    stack = Stack.of([holdout.saying(said)], margin=0.5)
    sheets = evidence(stack, "bg-nbd", seed=1, resamples_count=50)
    ruling = rule(sheets, "first")
    details = {
        "changed": [],
        "challenger": {},
        "champion": None,
        "baseline": "bg-nbd",
        "cutoff": holdout.cutoff.isoformat(),
        "rule": RULE,
        "scopes": sheets,
    }
    decision = Decision(ruling.passed, "first", ("there is no champion yet",), None, details)
    return Made(Version("regulars", "7", "run-7", "0" * 64), model, holdout, decision)


@pytest.fixture(scope="module")
def holdout():
    """Customers of three markets, of whom LI has a few; what the champion says is the truth."""
    return holdouts(customers=5000)[0]


@pytest.fixture(scope="module")
def card(holdout):
    return model_card(SETTINGS, HISTORIES, made_of(holdout))


def changed(holdout, **columns):
    """The holdout with other words of the champion."""
    told = holdout.predictions[CHAMPION].assign(**columns)
    return holdout.saying({**holdout.predictions, CHAMPION: told})


def test_a_card_is_json_without_nan(card):
    assert json.loads(json.dumps(card, allow_nan=False)) == card


def test_no_customer_is_on_a_card(card, holdout):
    assert holdout.customers["customer_id"].str.startswith("secret-").all()
    assert "secret-" not in json.dumps(card)
    assert "secret-" not in card_markdown(card)


def test_a_card_tells_definition_recipe_and_data(card):
    assert card["definition"]["churn"] == "no-order-60d@1"
    assert card["recipe"]["weights"] == {
        "churn": {"plain": 0.25, "anchored": 0.75},
        "value": {"anchored": 1.0},
    }
    assert card["data"]["fingerprint"] == "fedcba"
    assert card["data"]["catalogue"] == "abcdef"
    assert card["model"]["version"] == "7"


def test_quality_has_intervals_overall_and_per_market_beside_the_baseline(card):
    scopes = {one["name"]: one for one in card["quality"]["scopes"]}
    assert set(scopes) == {"all active customers", "AT", "CZ", "LI"}
    for name in ("all active customers", "AT", "CZ"):
        for system in (CHALLENGER, "bg-nbd"):
            found = scopes[name]["figures"]["log_loss"][system]
            assert found["low"] < found["value"] < found["high"]


def test_a_market_with_few_customers_shows_no_figure_and_stands_among_the_limits(card):
    (few,) = [one for one in card["quality"]["scopes"] if one["name"] == "LI"]
    assert set(few) == {"kind", "name", "judged", "customers"}
    assert any("market LI" in one and "withheld" in one for one in card["limits"])


def test_calibration_has_ten_groups_that_say_about_what_was_seen(card):
    assert len(card["calibration"]) == 10
    assert all(abs(one["said"] - one["seen"]) < 0.1 for one in card["calibration"])
    said = [one["said"] for one in card["calibration"]]
    assert said == sorted(said)


def test_a_good_model_has_no_limits_but_those_of_its_data(holdout):
    told = limits(made_of(holdout))
    assert len(told) == 2
    assert told[-1].startswith("One holdout:")


@pytest.mark.parametrize(
    ("sentence", "change"),
    [
        ("Level drift", lambda said: {"expected_value": said["expected_value"] * 1.4}),
        ("off by", lambda said: {"churn_probability": said["churn_probability"] ** 2}),
        ("Intervals of value covered", lambda _: {"value_high": 0.0}),
    ],
)
def test_a_weakness_of_the_figures_is_among_the_limits(holdout, sentence, change):
    weak = changed(holdout, **change(holdout.predictions[CHAMPION]))
    assert any(sentence in one for one in limits(made_of(weak)))
    assert not any(sentence in one for one in limits(made_of(holdout)))


def test_few_customers_short_labels_and_what_was_odd_are_among_the_limits():
    facts = replace(FACTS, value_label_days=30, notes=("Something was odd.",))
    few = holdouts(customers=900)[0]
    short = SimpleNamespace(facts=facts, churn=None, value=None)
    told = limits(made_of(few, short))
    assert any(one.startswith("Few rows: judged on 8") for one in told)
    assert "Something was odd." in told
    assert any("value was learned from 30 days and stretched" in one for one in told)


def test_markdown_holds_the_figures_of_the_json(card):
    text = card_markdown(card)
    whole = card["quality"]["scopes"][0]["figures"]["auc"][CHALLENGER]
    assert f"{whole['value']:.3f} ({whole['low']:.3f} to {whole['high']:.3f})" in text
    assert all(f"* {one}" in text for one in card["limits"])
    assert "**Promoted** (first):" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) > 40
    assert np.all([line.endswith("|") for line in rows])


def test_what_became_of_a_version_stands_below_its_card():
    assert standing_markdown(["Is champion now."]) == "## Since then\n\n* Is champion now.\n"
