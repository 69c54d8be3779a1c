"""The score object: one customer's score as the REST contract writes it.

Money is a decimal string, an unknown customer is never here (that is a problem, not a score), and
what is not known is left out. The flat view has one name per CRM property; there a value that is
not known is null, so that a CRM can clear its field.
"""

from functools import partial
from typing import cast
from urllib.parse import quote

from features.markets import decimal_text
from serving.api.score_shapes import (
    AnyScore,
    Calibration,
    Churn,
    Cltv,
    FlatScore,
    Links,
    ModelName,
    Number,
    Orders,
    ReasonObject,
)
from serving.calibration import mark_of
from serving.reasons import LANGUAGES, reason_text
from serving.store import MOST_REASONS, Generation, Reason, Score

DIGITS = 6  # of chances and counts; more would be noise


def score_path(customer_id: str) -> str:
    """The address of a customer's score, on this server.

    >>> score_path("a/b c")
    '/v1/customers/a%2Fb%20c/score'
    """
    return f"/v1/customers/{quote(customer_id, safe='')}/score"


def score_object(
    score: Score, generation: Generation, *, language: str = LANGUAGES[0], stored: bool = True
) -> AnyScore:
    """The score as the contract's object; `stored=False` leaves out the link to fetch it again."""
    parts = {
        "customer_id": score.customer_id,
        "available": score.unavailable_reason is None,
        "reason": score.unavailable_reason,
        "as_of": generation.as_of.isoformat(),
        "valid_until": generation.valid_until.isoformat(),
        "market": score.market,
    }
    if score.unavailable_reason is None:
        parts |= {
            "churn": _churn(score, generation),
            "cltv": _cltv(score, generation),
            "orders": _orders(score, generation),
            "reasons": [_reason(one, generation.currency, language) for one in score.reasons],
        }
    parts["model"] = ModelName(
        name=generation.model_name, version=generation.model_version, run_id=generation.run_id
    )
    path = score_path(score.customer_id)
    parts["links"] = Links(self=path, history=f"{path}/history") if stored else None
    return cast("AnyScore", _known(parts))


def flat_score(score: Score, generation: Generation, *, language: str = LANGUAGES[0]) -> FlatScore:
    """The score under one name per CRM property; every name is there, null if not known."""
    texts: list[str | None] = [
        reason_text(one, currency=generation.currency, language=language) for one in score.reasons
    ]
    calibration = _calibration(score, generation)
    first, second, third = (texts + [None] * MOST_REASONS)[:MOST_REASONS]
    money = partial(_money, currency=generation.currency)
    return FlatScore(
        regulars_customer_id=score.customer_id,
        regulars_available=score.unavailable_reason is None,
        regulars_unavailable_reason=score.unavailable_reason,
        regulars_as_of=generation.as_of.isoformat(),
        regulars_valid_until=generation.valid_until.isoformat(),
        regulars_market=score.market,
        regulars_churn_probability=_chance(score.churn_probability),
        regulars_churn_percentile=score.percentile,
        regulars_churn_band=score.band,
        regulars_churn_definition=generation.churn_definition,
        regulars_churn_horizon_days=generation.churn_horizon_days,
        regulars_churn_calibration_scope=calibration and calibration["scope"],
        regulars_churn_calibration_checked_on=calibration and calibration["checked_on"],
        regulars_churn_calibration_ok=calibration and calibration["ok"],
        regulars_alive_probability=_chance(score.alive_probability),
        regulars_expected_orders=_chance(score.expected_orders),
        regulars_cltv_amount=money(score.cltv),
        regulars_cltv_low=money(score.cltv_low),
        regulars_cltv_high=money(score.cltv_high),
        regulars_cltv_interval=generation.value_interval,
        regulars_cltv_if_retained=money(score.cltv_if_retained),
        regulars_cltv_horizon_days=generation.value_horizon_days,
        regulars_value_at_stake=money(score.value_at_stake),
        regulars_currency=generation.currency,
        regulars_reason_1=first,
        regulars_reason_2=second,
        regulars_reason_3=third,
        regulars_model_version=generation.model_version,
        regulars_run_id=generation.run_id,
    )


def _churn(score: Score, generation: Generation) -> Churn:
    parts = {
        "definition": generation.churn_definition,
        "horizon_days": generation.churn_horizon_days,
        "probability": _chance(score.churn_probability),
        "percentile": score.percentile,
        "band": score.band,
        "alive_probability": _chance(score.alive_probability),
        "calibration": _calibration(score, generation),
    }
    return cast("Churn", _known(parts))


def _calibration(score: Score, generation: Generation) -> Calibration | None:
    mark = mark_of(generation.quality, score.market)
    if mark is None or score.unavailable_reason is not None:
        return None
    parts = {"scope": mark.scope, "checked_on": mark.checked_on, "ok": mark.is_ok}
    return cast("Calibration", parts)


def _cltv(score: Score, generation: Generation) -> Cltv | None:
    if score.cltv is None:
        return None
    money = partial(_money, currency=generation.currency)
    parts = {
        "horizon_days": generation.value_horizon_days,
        "basis": "contribution_margin",
        "amount": money(score.cltv),
        "low": money(score.cltv_low),
        "high": money(score.cltv_high),
        "interval": generation.value_interval,
        "currency": generation.currency,
        "amount_if_retained": money(score.cltv_if_retained),
        "value_at_stake": money(score.value_at_stake),
    }
    return cast("Cltv", _known(parts))


def _orders(score: Score, generation: Generation) -> Orders:
    expected = _chance(score.expected_orders)
    parts = {
        "last_on": score.last_order_on.isoformat(),
        "days_count": score.order_days_count,
        "spend": _money(score.spend_value, currency=generation.currency),
        "currency": generation.currency,
        "usual_gap_days": _short(score.usual_gap_days),
        "expected": expected,
        "horizon_days": None if expected is None else generation.value_horizon_days,
    }
    return cast("Orders", _known(parts))


def _reason(reason: Reason, currency: str, language: str) -> ReasonObject:
    is_money = reason.unit == "money"
    shown = partial(_money, currency=currency) if is_money else _short
    return ReasonObject(
        code=reason.code,
        direction=reason.direction,
        weight=reason.weight,
        value=shown(reason.value),
        typical=shown(reason.typical),
        unit=currency if is_money else reason.unit,
        text=reason_text(reason, currency=currency, language=language),
        lang=language,
    )


def _known(parts: dict[str, object]) -> dict[str, object]:
    return {name: part for name, part in parts.items() if part is not None}


def _chance(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _money(value: float | None, *, currency: str) -> str | None:
    return None if value is None else decimal_text(value, currency)


def _short(value: float | None) -> Number | None:
    """A number without digits that say nothing: 71 instead of 71.0."""
    if value is None:
        return None
    return int(value) if value.is_integer() else round(value, DIGITS)
