"""The score object, as the contract of the API writes it."""

from dataclasses import replace

import pytest

from serving.api.score_object import flat_score, score_object
from serving.api.score_shapes import FlatScore
from serving.store import Reason


def test_a_score_explains_itself(score, generation):
    assert score_object(score, generation) == {
        "customer_id": "C-1042",
        "available": True,
        "as_of": "2026-09-01",
        "valid_until": "2026-09-08",
        "market": "cz",
        "churn": {
            "definition": "no-order-90d@1",
            "horizon_days": 90,
            "probability": 0.62,
            "percentile": 94,
            "band": "high",
            "alive_probability": 0.51,
        },
        "cltv": {
            "horizon_days": 365,
            "basis": "contribution_margin",
            "amount": "184.20",
            "low": "96.10",
            "high": "310.80",
            "interval": 0.8,
            "currency": "EUR",
            "amount_if_retained": "402.00",
            "value_at_stake": "249.24",
        },
        "orders": {
            "last_on": "2026-06-22",
            "days_count": 5,
            "spend": "412.50",
            "currency": "EUR",
            "usual_gap_days": 28,
            "expected": 1.25,
            "horizon_days": 365,
        },
        "reasons": [
            {
                "code": "silence.own",
                "direction": "raises",
                "weight": "high",
                "value": 71,
                "typical": 28,
                "unit": "days",
                "text": "No order for 71 days; usually every 28 days.",
                "lang": "en",
            },
            {
                "code": "money",
                "direction": "lowers",
                "weight": "low",
                "value": "82.50",
                "typical": "40.00",
                "unit": "EUR",
                "text": score_object(score, generation)["reasons"][1]["text"],
                "lang": "en",
            },
        ],
        "model": {"name": "churn", "version": "17", "run_id": "run-17"},
        "links": {
            "self": "/v1/customers/C-1042/score",
            "history": "/v1/customers/C-1042/score/history",
        },
    }


def test_a_customer_without_a_score_is_told_why_and_has_no_numbers(no_score, generation):
    assert score_object(no_score, generation) == {
        "customer_id": "new/á b",
        "available": False,
        "reason": "too_little_history",
        "as_of": "2026-09-01",
        "valid_until": "2026-09-08",
        "market": "cz",
        "model": {"name": "churn", "version": "17", "run_id": "run-17"},
        "links": {
            "self": "/v1/customers/new%2F%C3%A1%20b/score",
            "history": "/v1/customers/new%2F%C3%A1%20b/score/history",
        },
    }


def test_what_is_not_known_is_left_out(score, generation):
    bare = replace(score, cltv=None, alive_probability=None, expected_orders=None, reasons=())
    found = score_object(bare, generation)
    assert "cltv" not in found
    assert "alive_probability" not in found["churn"]
    assert not {"expected", "horizon_days"} & set(found["orders"])
    assert found["reasons"] == []


@pytest.mark.parametrize(
    ("currency", "amount"), [("EUR", "184.20"), ("JPY", "184"), ("KWD", "184.200")]
)
def test_money_has_the_digits_of_its_currency(score, generation, currency, amount):
    found = score_object(score, replace(generation, currency=currency))
    assert found["cltv"]["amount"] == amount


def test_a_score_of_a_history_that_is_not_stored_has_no_link(score, generation):
    assert "links" not in score_object(score, generation, stored=False)


def test_a_number_that_is_no_whole_one_keeps_its_digits(score, generation):
    reason = Reason("basket", "raises", "low", 1.5, None, "units")
    texts = "serving.api.score_object.reason_text"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, lambda *_, **__: "text")
        found = score_object(replace(score, reasons=(reason,)), generation)["reasons"][0]
    assert (found["value"], found["typical"]) == (1.5, None)


def test_the_flat_view_always_has_every_name(score, no_score, generation):
    names = set(FlatScore.__annotations__)
    assert set(flat_score(score, generation)) == names
    assert set(flat_score(no_score, generation)) == names
    assert all(name.startswith("regulars_") for name in names)


def test_the_flat_view_holds_what_the_object_holds(score, generation):
    flat = flat_score(score, generation)
    assert flat["regulars_churn_probability"] == 0.62
    assert flat["regulars_churn_band"] == "high"
    assert flat["regulars_cltv_amount"] == "184.20"
    assert flat["regulars_value_at_stake"] == "249.24"
    assert flat["regulars_reason_1"] == "No order for 71 days; usually every 28 days."
    assert flat["regulars_reason_3"] is None


def test_the_flat_view_of_no_score_clears_every_number(no_score, generation):
    flat = flat_score(no_score, generation)
    assert flat["regulars_available"] is False
    assert flat["regulars_unavailable_reason"] == "too_little_history"
    assert flat["regulars_churn_probability"] is None
    assert flat["regulars_cltv_amount"] is None
