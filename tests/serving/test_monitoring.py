"""What operators are told of the metrics is what the metrics are."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from serving.drift import KEY, Drift

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
RULES = yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))[
    "groups"
][0]["rules"]
NAME = re.compile(r"\bregulars_\w+")
DRIFT = Drift("2026-08-31", 0.31, {"recency_days": 0.02, "spend_value": 0.4})


@pytest.fixture
def text(state, generation, score, no_score, client_of, monkeypatch):
    told = replace(generation, quality={**generation.quality, KEY: DRIFT.to_dict()})
    state.store.publish(told, [score, no_score])
    monkeypatch.setattr(state, "refused_rows", lambda: {("orders", "bad_amount"): 3})
    client = client_of(state)
    client.get("/v1/customers/C-1042/score")
    return client.get("/metrics").text


def families(text):
    return set(re.findall(r"^# TYPE (\w+)", text, flags=re.MULTILINE))


def test_the_page_tells_every_metric_and_no_other(text):
    told = {name.removesuffix("_total") for name in re.findall(r"`(regulars_\w+)[`{]", PAGE)}
    there = {name.removesuffix("_total") for name in families(text)}
    made_up = {name for name in there if name.endswith("_created")}
    assert told == there - made_up


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_asks_for_metrics_that_are_there(rule, text):
    asked = NAME.findall(rule["expr"])
    assert asked
    for name in asked:
        assert re.search(rf"^{name}[{{ ]", text, flags=re.MULTILINE), name


def test_bands_reasons_and_refused_rows_are_counted(text):
    assert 'regulars_scores_band_customers{band="high"} 1.0' in text
    assert 'regulars_scores_band_customers{band="low"} 0.0' in text
    assert 'regulars_scores_unavailable_customers{reason="too_little_history"} 1.0' in text
    assert 'regulars_rows_refused{code="bad_amount",table="orders"} 3.0' in text


def test_model_age_and_drift_are_those_of_the_generation(text, generation):
    name, version = generation.model_name, generation.model_version
    assert f'regulars_model{{name="{name}",version="{version}"}} 1.0' in text
    # From the beginning of 31 August to 05:00 on 1 September.
    assert f"regulars_model_age_seconds {29 * 3600.0}" in text
    assert 'regulars_feature_drift{feature="spend_value"} 0.4' in text
    assert "regulars_features_drifted 1.0" in text
    assert "regulars_score_drift 0.31" in text


def test_scores_of_an_earlier_version_tell_no_drift(client):
    text = client.get("/metrics").text
    assert "regulars_scores_customers 2.0" in text
    assert "drift" not in text
    assert "regulars_model_age_seconds" not in text


def test_the_model_card_tells_drift(state, generation, client_of):
    told = replace(generation, quality={"grade": "B", KEY: DRIFT.to_dict()})
    state.store.publish(told, [])
    card = client_of(state).get("/v1/models/current").json()
    assert card["drift"] == DRIFT.to_dict()
    assert card["quality"] == {"grade": "B"}
