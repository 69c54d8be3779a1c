"""One customer: the score in words, its reasons, and the orders that it rests on."""

from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from features.markets import minor_unit_digits
from serving.calibration import mark_of
from serving.store import Score
from serving.web.charts import timeline_chart
from serving.web.customer_list import reason_texts, rhythm_text
from serving.web.edition import Edition
from serving.web.views import ChartView, CustomerView, ReasonView, ScoreView, Stat, TableView

TIMELINE_COLUMNS = ("day", "orders", "value", "refunds")


def customer_view(edition: Edition, score: Score, tiles: pa.Table | None) -> CustomerView:
    """What is known of a customer, with or without a score."""
    texts, reason = edition.texts, score.unavailable_reason
    unavailable = None
    if reason is not None:
        unavailable = texts(f"unavailable.{reason}"), texts(f"unavailable.{reason}.why")
    return CustomerView(
        customer_id=score.customer_id,
        back_href=edition.links.customers(),
        facts=_facts(edition, score),
        score=_score(edition, score) if reason is None else None,
        unavailable=unavailable,
        timeline=_timeline(edition, score, tiles),
    )


def _facts(edition: Edition, score: Score) -> tuple[tuple[str, str], ...]:
    texts = edition.texts
    silence = max((edition.generation.as_of - score.last_order_on).days, 0)
    last = texts("fact.last-order.value", silence, day=texts.day(score.last_order_on))
    facts = [
        (texts("fact.last-order"), last),
        (texts("fact.rhythm"), rhythm_text(edition, score)),
        (texts("fact.order-days"), texts.number(score.order_days_count)),
        (texts("fact.spend"), edition.money(score.spend_value)),
    ]
    if len(edition.settings.markets) > 1:
        facts.append((texts("fact.market"), score.market))
    return tuple(facts)


def _score(edition: Edition, score: Score) -> ScoreView:
    texts, generation = edition.texts, edition.generation
    probability, band = score.churn_probability or 0.0, score.band or "low"
    of_hundred = min(max(round(probability * 100), 1), 99)
    sentence = texts(
        "score.probability.sentence",
        of_hundred,
        days=texts.number(generation.churn_horizon_days),
        as_of=texts.day(generation.as_of),
    )
    mark = mark_of(generation.quality, score.market)
    if mark is not None and mark.is_off:
        sentence = texts("calibration.ranking")
    percentile = score.percentile
    return ScoreView(
        probability=Stat(
            texts("score.probability"),
            texts.percent(probability),
            sentence,
            edition.definition("churn-probability"),
        ),
        meter=round(probability * 100),
        band=band,
        band_label=texts(f"band.{band}.risk"),
        percentile="" if percentile is None else texts("score.percentile", percentile),
        stats=tuple(_money_stats(edition, score)),
        reasons=tuple(
            ReasonView(
                text,
                reason.direction,
                texts(f"reason.{reason.direction}"),
                texts(f"reason.weight.{reason.weight}"),
            )
            for reason, text in zip(score.reasons, reason_texts(edition, score), strict=True)
        ),
    )


def _money_stats(edition: Edition, score: Score) -> list[Stat]:
    """Value at stake and expected value; an amount that the model did not give is left out."""
    texts, stats = edition.texts, []
    days = texts.number(edition.generation.value_horizon_days)
    churn_days = texts.number(edition.generation.churn_horizon_days)
    if score.value_at_stake is not None and score.cltv_if_retained is not None:
        stays = edition.money(score.cltv_if_retained)
        stats.append(
            Stat(
                texts("score.stake"),
                edition.money(score.value_at_stake),
                texts("score.stake.sentence", churn_days=churn_days, stays=stays),
                edition.definition("value-at-stake"),
            )
        )
    if score.cltv is not None and score.cltv_low is not None and score.cltv_high is not None:
        interval = {
            "interval": texts.percent(edition.generation.value_interval),
            "low": edition.money(score.cltv_low),
            "high": edition.money(score.cltv_high),
        }
        stats.append(
            Stat(
                texts("score.expected"),
                edition.money(score.cltv),
                texts("score.expected.sentence", days=days, **interval),
                edition.definition("expected-value"),
            )
        )
    return stats


def _timeline(edition: Edition, score: Score, tiles: pa.Table | None) -> ChartView | None:
    """The customer's order days and refunds, oldest first; None where no days are kept."""
    if tiles is None or tiles.num_rows == 0:
        return None
    texts = edition.texts
    rows, points = [], []
    for tile in sorted(tiles.to_pylist(), key=lambda tile: tile["day"]):
        ordered, refunded = _amounts(edition, tile)
        day = texts.day(tile["day"])
        if tile["order_days"]:
            points.append(_point(tile["day"], ordered, texts("timeline.order"), day, edition))
        if tile["refund_value_minor"]:
            points.append(_point(tile["day"], -refunded, texts("timeline.refund"), day, edition))
        refund = edition.money(refunded) if refunded else ""
        rows.append((day, texts.number(tile["orders"]), edition.money(ordered), refund))
    order_days = sum(1 for tile in tiles["order_days"].to_pylist() if tile)
    alternative = texts(
        "timeline.alternative", order_days, first=rows[0][0], last=rows[-1][0],
        as_of=texts.day(edition.generation.as_of),
    )  # fmt: skip
    spec = timeline_chart(
        points, _marks(edition, score), alternative, texts, edition.generation.currency
    )
    columns = tuple(texts(f"timeline.column.{name}") for name in TIMELINE_COLUMNS)
    table = TableView(texts("timeline.caption"), columns, tuple(reversed(rows)))
    return ChartView("timeline", spec, alternative, table)


def _amounts(edition: Edition, tile: dict[str, Any]) -> tuple[float, float]:
    scale = 10 ** minor_unit_digits(edition.generation.currency)
    return tile["order_value_minor"] / scale, tile["refund_value_minor"] / scale


def _point(day: date, amount: float, kind: str, day_text: str, edition: Edition) -> dict[str, Any]:
    told = edition.texts("timeline.told", kind=kind, day=day_text, amount=edition.money(amount))
    return {"day": day.isoformat(), "amount": amount, "kind": kind, "told": told}


def _marks(edition: Edition, score: Score) -> list[tuple[date, str]]:
    """The as-of day, and the day on which an order was due by the customer's own rhythm."""
    marks = [(edition.generation.as_of, edition.texts("timeline.as-of"))]
    if score.usual_gap_days is not None:
        due = score.last_order_on + timedelta(days=round(score.usual_gap_days))
        marks.append((due, edition.texts("timeline.due")))
    return marks
