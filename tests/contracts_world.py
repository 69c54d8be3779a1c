"""Made-up subscribers whose hazard is known: by the contract's month, and by how they behave."""

import math
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from events import events_of
from shop import histories_of

from features.histories import Histories
from training.spells import day_of, months_later

FIRST = date(2024, 1, 1)
LAST = date(2025, 3, 1)
REASONS = ("price", "support")


def true_hazard(month: int, *, is_keen: bool) -> float:
    """Chance to leave at the end of this month of the contract."""
    return (0.08 if is_keen else 0.4) / math.sqrt(month)


def subscribers(*, count: int = 400, seed: int = 7, payments: bool = False) -> dict[str, pa.Table]:
    """Events of monthly contracts; the keen half visits every ten days, the others never again.

    Who is not keen leaves because of the price three times in four. As `payments` the contracts
    are orders that say until when they pay.
    """
    rng = np.random.default_rng(seed)
    orders, visits, contracts = [], [], []
    for number in range(count):
        who, is_keen = f"c{number:04d}", number % 2 == 0
        start = FIRST + timedelta(days=int(rng.integers(0, 300)))
        month = 1
        while True:
            begins, ends = _month(start, month - 1), _month(start, month)
            if begins >= LAST:
                break
            orders.append(_payment(who, begins, ends, paid_time=payments, is_first=month == 1))
            days = range(0, (ends - begins).days, 10) if is_keen else ()
            visits += [{"customer_id": who, "day": begins + timedelta(days=at)} for at in days]
            if rng.random() < true_hazard(month, is_keen=is_keen):
                reason = REASONS[int(rng.random() > (0.25 if is_keen else 0.75))]
                contracts.append(
                    {"customer_id": who, "day": ends, "kind": "ended", "reason": reason}
                )
                break
            month += 1
        contracts.append({"customer_id": who, "day": start, "kind": "started"})
    rows = {"orders": [one for one in orders if one], "visits": visits}
    rows = {name: [one for one in some if one["day"] < LAST] for name, some in rows.items()}
    if not payments:
        rows["subscriptions"] = [one for one in contracts if one["day"] < LAST]
    return events_of(**rows)


def world(**keys: object) -> tuple[Histories, dict[str, pa.Table]]:
    """Histories of such subscribers, and their events."""
    events = subscribers(**keys)
    return histories_of(events), events


def _month(start: date, months: int) -> date:
    (day,) = months_later(np.array([day_of(start)]), months)
    return date.fromordinal(date(1970, 1, 1).toordinal() + int(day))


def _payment(who: str, begins: date, ends: date, *, paid_time: bool, is_first: bool):
    if paid_time:
        return {"customer_id": who, "day": begins, "paid_until_day": day_of(ends)}
    return {"customer_id": who, "day": begins} if is_first else None
