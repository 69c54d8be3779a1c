"""Answers as the OpenAPI document shows them."""

from typing import Any

_CURSOR = "9Yk3sQ5dWyJzY29yZXMiLG51bGwsbnVsbCw0MSwiQy0xMDQyIl0"

HISTORY: dict[str, Any] = {
    "customer_id": "C-1042",
    "entries": [
        {
            "as_of": "2026-09-01",
            "published_at": "2026-09-01T04:00:00+00:00",
            "available": True,
            "definition": "no-order-90d@1",
            "probability": 0.62,
            "band": "high",
            "cltv": {"amount": "184.20", "currency": "EUR"},
            "reasons": [{"code": "silence.own", "direction": "raises"}],
            "model_version": "17",
            "changed": {
                "probability_delta": 0.21,
                "band_before": "medium",
                "band_after": "high",
                "reasons_appeared": ["silence.own"],
                "reasons_disappeared": ["pace"],
                "model_changed": False,
                "definition_changed": False,
            },
        }
    ],
    "paging": {"more": True, "next": {"after": _CURSOR}},
}
FEED: dict[str, Any] = {
    "scores": [
        {
            "customer_id": "C-1042",
            "available": False,
            "reason": "already_churned",
            "as_of": "2026-09-01",
            "valid_until": "2026-09-08",
            "market": "DE",
            "model": {"name": "churn", "version": "17", "run_id": "8f0c"},
            "links": {
                "self": "/v1/customers/C-1042/score",
                "history": "/v1/customers/C-1042/score/history",
            },
        }
    ],
    "paging": {"more": False, "next": {"after": _CURSOR}},
}
JOURNAL: dict[str, Any] = {
    "events": [
        {
            "id": "evt_5127",
            "type": "score.band_changed",
            "timestamp": "2026-09-01T04:00:00+00:00",
            "data": {
                "customer_id": "C-1042",
                "before": "medium",
                "after": "high",
                "as_of": "2026-09-01",
                "link": "/v1/customers/C-1042/score",
            },
        }
    ],
    "paging": {"more": False, "next": {"after": _CURSOR}},
}
