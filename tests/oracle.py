"""A second way to most features: plain loops over raw events, without tiles, for tests to compare.

Slow and simple on purpose: it shares no code with the product but the names of the columns.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from math import isnan, nan, sqrt
from typing import Any

import pyarrow as pa

Row = Mapping[str, Any]
EPOCH = date(1970, 1, 1)
FOREVER = date(9999, 12, 31)
WINDOWS = (7, 30, 90, 180, 365)


def rows_by_hand(
    events: Mapping[str, pa.Table], cutoff: date, *, known_then: bool = True
) -> dict[str, dict[str, float]]:
    """Features by customer, of everyone who had ordered before the cutoff."""
    known = {
        table: [row for row in rows.to_pylist() if _is_known(row, cutoff, known_then=known_then)]
        for table, rows in events.items()
    }
    buyers = {row["customer_id"] for row in known["orders"] if row["kind"] == "order"}
    return {
        buyer: features_of_one(
            {
                table: [row for row in rows if row["customer_id"] == buyer]
                for table, rows in known.items()
            },
            cutoff,
        )
        for buyer in sorted(buyers)
    }


def _is_known(row: Row, cutoff: date, *, known_then: bool) -> bool:
    if not known_then:
        return row["day"] < cutoff and row["known_to"] == FOREVER
    return row["day"] < cutoff and row["known_from"] < cutoff <= row["known_to"]


def features_of_one(known: Mapping[str, list[Row]], cutoff: date) -> dict[str, float]:
    """Features of one customer from her events, all of which were known."""
    one = _Customer(known, cutoff)
    for part in (_orders, _money, _rhythm, _basket, _visits, _emails, _tickets):
        part(one)
    for part in (_surveys, _loyalty, _subscriptions, _contacts, _customers):
        part(one)
    return one.found


class _Customer:
    def __init__(self, known: Mapping[str, list[Row]], cutoff: date) -> None:
        self.known, self.cutoff = known, cutoff
        self.found: dict[str, float] = {}

    def rows(self, table: str, where: Callable[[Row], bool] = lambda row: True) -> list[Row]:
        return [row for row in self.known.get(table, []) if where(row)]

    def within(self, rows: Iterable[Row], window: int | None) -> list[Row]:
        if window is None:
            return list(rows)
        first = self.cutoff - timedelta(days=window)
        return [row for row in rows if row["day"] >= first]

    def windowed(
        self,
        name: str,
        over: Iterable[int],
        of: Callable[[int | None], float],
        *,
        life: bool = True,
    ) -> None:
        stem, unit = name.rsplit("_", 1)
        for window in over:
            self.found[f"{stem}_{window}d_{unit}"] = of(window)
        if life:
            self.found[name] = of(None)

    def since_last(self, rows: Iterable[Row]) -> float:
        days = [row["day"] for row in rows]
        return (self.cutoff - max(days)).days if days else nan

    def since_first(self, rows: Iterable[Row]) -> float:
        days = [row["day"] for row in rows]
        return (self.cutoff - min(days)).days if days else nan


def _days(rows: Iterable[Row]) -> list[date]:
    return sorted({row["day"] for row in rows})


def _sum(rows: Iterable[Row], column: str) -> int:
    return sum(row[column] or 0 for row in rows)


def _over(one: float, other: float) -> float:
    return nan if other == 0 or isnan(other) else one / other


def _is(*kinds: str) -> Callable[[Row], bool]:
    return lambda row: row["kind"] in kinds


def _orders(one: _Customer) -> None:
    orders, refunds = one.rows("orders", _is("order")), one.rows("orders", _is("refund"))
    days = _days(orders)
    found = one.found
    found["recency_days"] = one.since_last(orders)
    found["tenure_days"] = one.since_first(orders)
    found["first_to_last_order_days"] = (days[-1] - days[0]).days
    one.windowed("order_days_count", WINDOWS, lambda w: len(_days(one.within(orders, w))))
    found["repeat_order_days_count"] = len(days) - 1
    found["orders_count"] = len(
        {row["order_id"] for row in orders if row["order_id"] is not None}
    ) + sum(row["order_id"] is None for row in orders)
    found["lines_per_order_ratio"] = _over(len(orders), found["orders_count"])
    one.windowed("refunds_count", (90, 180, 365), lambda w: len(one.within(refunds, w)))
    one.windowed(
        "refunded_share",
        (180,),
        lambda w: _over(
            -_sum(one.within(refunds, w), "amount_minor"),
            _sum(one.within(orders, w), "amount_minor"),
        ),
    )
    found["last_refund_days"] = one.since_last(refunds)
    found["weekend_order_days_share"] = _over(sum(day.weekday() >= 5 for day in days), len(days))
    weekdays = [day.weekday() for day in days]
    found["usual_weekday_share"] = max(map(weekdays.count, weekdays)) / len(days)
    timed = [row["minute"] for row in orders if row["minute"] is not None]
    found["night_lines_share"] = _over(sum(m < 6 * 60 for m in timed), len(timed))
    found["morning_lines_share"] = _over(sum(6 * 60 <= m < 12 * 60 for m in timed), len(timed))
    found["evening_lines_share"] = _over(sum(m >= 18 * 60 for m in timed), len(timed))
    quarter = (one.cutoff.month - 1) // 3
    same = sum((day.month - 1) // 3 == quarter for day in days)
    found["same_quarter_order_days_share"] = same / len(days)
    ages = [(one.cutoff - day).days for day in days]
    earlier = [age for age in ages if 320 <= age <= 3 * 365 + 45]
    near = [age for age in earlier if any(abs(age - 365 * year) <= 45 for year in (1, 2, 3))]
    found["same_season_order_days_share"] = _over(len(near), len(earlier))
    paid = [
        row["paid_until_day"] for row in one.rows("orders") if row["paid_until_day"] is not None
    ]
    found["paid_ahead_days"] = max(paid, default=nan) - (one.cutoff - EPOCH).days


def _money(one: _Customer) -> None:
    every, orders = one.rows("orders"), one.rows("orders", _is("order"))
    days, found = _days(orders), one.found

    def of_day(day: date) -> float:
        return _sum((row for row in orders if row["day"] == day), "amount_minor") / 100

    by_day = [of_day(day) for day in days]
    one.windowed("spend_value", WINDOWS, lambda w: _sum(one.within(every, w), "amount_minor") / 100)
    one.windowed(
        "order_day_value",
        (90, 365),
        lambda w: _over(
            _sum(one.within(orders, w), "amount_minor") / 100, len(_days(one.within(orders, w)))
        ),
    )
    found["first_order_day_value"], found["last_order_day_value"] = by_day[0], by_day[-1]
    found["repeat_order_day_value"] = _over(sum(by_day[1:]), len(days) - 1)
    one.windowed(
        "largest_order_day_value",
        (365,),
        lambda w: max(map(of_day, _days(one.within(orders, w))), default=nan),
    )
    costed = [row for row in orders if row["cost_minor"] is not None]
    margins = [{**row, "margin": row["amount_minor"] - row["cost_minor"]} for row in costed]
    one.windowed("margin_value", (90, 365), lambda w: _sum(one.within(margins, w), "margin") / 100)
    one.windowed(
        "margin_share",
        (365,),
        lambda w: _over(
            _sum(one.within(margins, w), "margin"), _sum(one.within(margins, w), "amount_minor")
        ),
    )
    one.windowed(
        "discount_value", (90, 365), lambda w: _sum(one.within(orders, w), "discount_minor") / 100
    )
    cheaper = sum((row["discount_minor"] or 0) > 0 for row in orders)
    found["discounted_lines_share"] = cheaper / len(orders)


def _rhythm(one: _Customer) -> None:
    days, found = _days(one.rows("orders", _is("order"))), one.found
    gaps = [(later - sooner).days for sooner, later in zip(days, days[1:], strict=False)]
    silence = (one.cutoff - days[-1]).days
    mean = _over(sum(gaps), len(gaps))
    found["usual_gap_days"] = mean
    found["last_gap_days"] = gaps[-1] if gaps else nan
    found["longest_gap_days"] = max(gaps, default=nan)
    found["silence_ratio"] = _over(silence, mean)
    found["silence_to_longest_gap_ratio"] = _over(silence, found["longest_gap_days"])
    squares = _over(sum(gap * gap for gap in gaps), len(gaps))
    found["gap_spread_days"] = sqrt(max(squares - mean * mean, 0)) if gaps else nan


def _basket(one: _Customer) -> None:
    orders, found = one.rows("orders", _is("order")), one.found

    def different(column: str, window: int | None) -> int:
        return len({row[column] for row in one.within(orders, window)} - {None})

    one.windowed("units_count", (90, 365), lambda w: _sum(one.within(orders, w), "quantity"))
    counted = [row for row in orders if row["quantity"] is not None]
    money, units = _sum(counted, "amount_minor") / 100, _sum(counted, "quantity")
    found["unit_price_value"] = _over(money, units)
    one.windowed("products_count", (90, 365), lambda w: different("product", w))
    pairs = {(row["product"], row["day"]) for row in orders if row["product"] is not None}
    products = [product for product, _ in pairs]
    found["products_per_order_day_ratio"] = len(pairs) / len(_days(orders))
    again = {product for product in products if products.count(product) > 1}
    found["products_again_share"] = _over(len(again), len(set(products)))
    one.windowed("categories_count", (90, 365), lambda w: different("category", w))
    one.windowed("channels_count", (365,), lambda w: different("channel", w))


def _visits(one: _Customer) -> None:
    visits, orders, found = one.rows("visits"), one.rows("orders", _is("order")), one.found
    days = _days(visits)
    one.windowed("visits_count", WINDOWS, lambda w: len(one.within(visits, w)))
    one.windowed("visit_days_count", (30, 90, 365), lambda w: len(_days(one.within(visits, w))))
    found["last_visit_days"] = one.since_last(visits)
    span = (days[-1] - days[0]).days if days else nan
    found["usual_visit_gap_days"] = _over(span, len(days) - 1) if days else nan
    found["visits_7d_to_30d_ratio"] = _over(
        len(one.within(visits, 7)) / 7, len(one.within(visits, 30)) / 30
    )
    one.windowed(
        "visits_per_order_day_ratio",
        (90, 365),
        lambda w: _over(len(one.within(visits, w)), len(_days(one.within(orders, w)))),
    )
    one.windowed("visit_minutes", (30, 90), lambda w: _sum(one.within(visits, w), "seconds") / 60)
    one.windowed(
        "visit_kinds_count",
        (30, 90),
        lambda w: len({row["kind"] for row in one.within(visits, w)} - {None}),
    )
    one.windowed(
        "visit_channels_count",
        (90,),
        lambda w: len({row["channel"] for row in one.within(visits, w)} - {None}),
    )


def _emails(one: _Customer) -> None:
    def count(window: int | None, *kinds: str) -> int:
        return len(one.within(one.rows("emails", _is(*kinds)), window))

    over = (30, 90, 365)
    one.windowed("emails_sent_count", over, lambda w: count(w, "sent"))
    one.windowed("emails_opened_share", over, lambda w: _over(count(w, "opened"), count(w, "sent")))
    one.windowed(
        "emails_clicked_share", over, lambda w: _over(count(w, "clicked"), count(w, "sent"))
    )
    one.found["last_email_opened_days"] = one.since_last(one.rows("emails", _is("opened")))
    one.found["last_email_clicked_days"] = one.since_last(one.rows("emails", _is("clicked")))
    one.found["emails_bounced_count"] = count(None, "bounced")
    one.found["emails_rejected_count"] = count(None, "complained", "unsubscribed")


def _tickets(one: _Customer) -> None:
    opened, closed = one.rows("tickets", _is("opened")), one.rows("tickets", _is("closed"))
    found = one.found
    one.windowed("tickets_count", (30, 90, 365), lambda w: len(one.within(opened, w)))
    found["last_ticket_days"] = one.since_last(opened)
    found["tickets_open_count"] = len(opened) - len(closed)

    def taken(window: int | None) -> float:
        rows = one.within(closed, window)
        days = [(row["day"] - EPOCH).days - row["opened_day"] for row in rows]
        return _over(sum(days), len(days))

    one.windowed("ticket_resolution_days", (365,), taken)

    def satisfaction(window: int | None) -> float:
        rows = [r for r in one.within(closed, window) if r["score_hundredths"] is not None]
        return _over(_sum(rows, "score_hundredths") / 100, len(rows))

    one.windowed("ticket_satisfaction_score", (365,), satisfaction)


def _surveys(one: _Customer) -> None:
    surveys, found = one.rows("surveys"), one.found
    one.windowed("survey_answers_count", (365,), lambda w: len(one.within(surveys, w)))
    found["last_survey_days"] = one.since_last(surveys)
    for kind in ("nps", "csat"):
        rows = [r for r in surveys if r["kind"] == kind and r["score_hundredths"] is not None]
        last_day = max((row["day"] for row in rows), default=None)
        last = [row for row in rows if row["day"] == last_day]
        found[f"mean_{kind}_score"] = _over(_sum(rows, "score_hundredths") / 100, len(rows))
        found[f"last_{kind}_score"] = _over(_sum(last, "score_hundredths") / 100, len(last))
    found["survey_comments_count"] = sum(row["comment"] is not None for row in surveys)


def _loyalty(one: _Customer) -> None:
    earned, spent = one.rows("loyalty", _is("earned")), one.rows("loyalty", _is("spent"))
    expired, found = one.rows("loyalty", _is("expired")), one.found
    one.windowed("earned_points", (30, 90, 365), lambda w: _sum(one.within(earned, w), "points"))
    one.windowed("spent_points", (90, 365), lambda w: _sum(one.within(spent, w), "points"))
    found["balance_points"] = sum(
        sign * _sum(rows, "points") for sign, rows in ((1, earned), (-1, spent), (-1, expired))
    )
    cutoff = (one.cutoff - EPOCH).days
    found["expiring_30d_points"] = _sum(
        (
            row
            for row in earned
            if row["expires_day"] is not None and cutoff <= row["expires_day"] < cutoff + 30
        ),
        "points",
    )
    found["last_points_spent_days"] = one.since_last(spent)
    tiers = [r for r in one.rows("loyalty", _is("tier")) if r["tier_level"] is not None]
    found["last_tier_change_days"] = one.since_last(tiers)
    levels = [max(row["tier_level"] for row in tiers if row["day"] == day) for day in _days(tiers)]
    found["tier_level"] = levels[-1] if levels else nan
    found["tier_change_level"] = levels[-1] - levels[-2] if len(levels) > 1 else nan


def _subscriptions(one: _Customer) -> None:
    started = one.rows("subscriptions", _is("started"))
    ended, found = one.rows("subscriptions", _is("ended")), one.found
    running = len(started) - len(ended)
    found["subscriptions_running_count"] = running
    since = _sum(started, "started_day") - _sum(ended, "started_day")
    found["subscription_age_days"] = _over(running * (one.cutoff - EPOCH).days - since, running)
    found["subscribed_days"] = one.since_first(started)
    one.windowed("subscriptions_started_count", (90, 365), lambda w: len(one.within(started, w)))
    one.windowed("subscriptions_ended_count", (90, 365), lambda w: len(one.within(ended, w)))
    found["last_subscription_ended_days"] = one.since_last(ended)
    found["running_price_value"] = (_sum(started, "price_minor") - _sum(ended, "price_minor")) / 100
    found["plans_count"] = len({row["plan"] for row in started} - {None})


def _contacts(one: _Customer) -> None:
    contacts, offers = one.rows("contacts"), one.rows("contacts", _is("offer"))
    orders = one.rows("orders", _is("order"))
    one.windowed("contacts_count", (7, 30, 90, 365), lambda w: len(one.within(contacts, w)))
    one.windowed("offers_count", (30, 90, 365), lambda w: len(one.within(offers, w)))
    one.found["last_contact_days"] = one.since_last(contacts)
    one.found["last_offer_days"] = one.since_last(offers)
    one.windowed(
        "contacts_per_order_day_ratio",
        (365,),
        lambda w: _over(len(one.within(contacts, w)), len(_days(one.within(orders, w)))),
    )
    one.found["contact_cost_365d_value"] = _sum(one.within(contacts, 365), "cost_minor") / 100


def _customers(one: _Customer) -> None:
    profiles = one.rows("customers")
    one.found["profile_changed_days"] = one.since_last(profiles)
    cutoff = (one.cutoff - EPOCH).days
    for column, name, per in (
        ("registered_day", "registered_days", 1),
        ("born_day", "age_years", 365.25),
    ):
        told = [row for row in profiles if row[column] is not None]
        last_day = max((row["day"] for row in told), default=None)
        latest = [row[column] for row in told if row["day"] == last_day]
        one.found[name] = (cutoff - max(latest)) / per if latest else nan
