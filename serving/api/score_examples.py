"""Requests and answers about scores as the OpenAPI document shows them."""

from typing import Any

SCORE: dict[str, Any] = {
    "customer_id": "C-1042",
    "available": True,
    "as_of": "2026-09-01",
    "valid_until": "2026-09-08",
    "market": "DE",
    "churn": {
        "definition": "no-order-90d@1",
        "horizon_days": 90,
        "probability": 0.62,
        "percentile": 94,
        "band": "high",
        "alive_probability": 0.71,
        "calibration": {"scope": "market", "checked_on": "2026-08-31", "ok": True},
    },
    "cltv": {
        "horizon_days": 365,
        "basis": "contribution_margin",
        "amount": "184.20",
        "low": "0.00",
        "high": "310.80",
        "interval": 0.8,
        "currency": "EUR",
        "amount_if_retained": "402.00",
        "value_at_stake": "249.24",
    },
    "orders": {
        "last_on": "2026-06-22",
        "days_count": 9,
        "spend": "812.40",
        "currency": "EUR",
        "usual_gap_days": 28.0,
        "expected": 2.4,
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
        }
    ],
    "model": {"name": "regulars", "version": "17", "run_id": "8f0c"},
    "links": {
        "self": "/v1/customers/C-1042/score",
        "history": "/v1/customers/C-1042/score/history",
    },
}
_UNKNOWN: dict[str, Any] = {
    "type": "/docs#unknown-customer",
    "title": "No customer with this id is known",
    "status": 404,
}
IDS_ASKED: dict[str, Any] = {"customer_ids": ["C-1042", "C-1043"]}
SCORES: dict[str, Any] = {
    "results": [
        {"customer_id": "C-1042", "status": 200, "score": SCORE},
        {"customer_id": "C-1043", "status": 404, "problem": _UNKNOWN},
    ]
}
ORDERS_ASKED: dict[str, Any] = {
    "customers": [
        {
            "customer_id": "new",
            "orders": [
                {"timestamp": "2026-05-01T10:00:00+02:00", "amount": "49.90"},
                {"timestamp": "2026-06-03", "amount": 25},
            ],
        }
    ],
    "as_of": "2026-09-01",
}
PREDICTED: dict[str, Any] = {
    "results": [
        {
            "customer_id": "new",
            "status": 200,
            "score": {
                "customer_id": "new",
                "available": False,
                "reason": "already_churned",
                "as_of": "2026-09-01",
                "valid_until": "2026-09-08",
                "market": "DE",
                "model": SCORE["model"],
            },
        }
    ]
}
MODEL: dict[str, Any] = {
    "name": "regulars",
    "version": "17",
    "run_id": "8f0c",
    "business": "Shop",
    "as_of": "2026-09-01",
    "valid_until": "2026-09-08",
    "published_at": "2026-09-01T04:00:00+00:00",
    "churn": {"definition": "no-order-90d@1", "horizon_days": 90},
    "cltv": {
        "horizon_days": 365,
        "basis": "contribution_margin",
        "interval": 0.8,
        "currency": "EUR",
    },
    "drift": {
        "learned_until": "2026-08-01",
        "churn_probability": 0.04,
        "features": {"recency_days": 0.02, "spend_value": 0.11},
    },
    "quality": {"grade": "B", "churn": {"champion": {"auc": 0.76}, "baseline": {"auc": 0.74}}},
}
