"""Whether the orders of a business are enough for an honest model, line by line, with the cure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

import duckdb
import pyarrow as pa

from features.account import Account
from features.source_settings import OrdersSource

WINDOWS_DAYS = (30, 60, 90, 180, 365)
LONG_GAP_SHARE = 0.2
"""A window is proposed if fewer than this share of a customer's gaps are longer than it."""

HORIZONS_NEEDED = 3
"""One horizon to learn from, one to judge by, and one before them to know the customers."""

COLUMNS = ("customer_id", "day", "kind")
"""Columns of the orders that readiness is judged by."""

Level = Literal["ok", "warning", "missing"]

_REPEAT_SHARE = 0.1
_REFUND_SHARE = 0.2
_GUEST_SHARE = 0.2
_DUPLICATE_SHARE = 0.05
_REFUSED_SHARE = 0.001
_ONE_ID_SHARE = 0.05
_RECENT_DAYS = 30
_STALE_DAYS = 45
_MARKS = {"ok": "ok     ", "warning": "warning", "missing": "missing"}


class Line(NamedTuple):
    """One finding: how good it is, what was found, and what to do if it is not ok."""

    name: str
    level: Level
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was found about the orders, and whether a model can be made from it."""

    lines: tuple[Line, ...]
    customer_count: int
    history_days: int
    churn_window_days: int
    window_reason: str
    unavailable_reason: str | None

    @property
    def is_ready(self) -> bool:
        """Whether nothing that is needed is missing."""
        return self.unavailable_reason is None

    def as_text(self) -> str:
        """The report for people, one line a finding."""
        width = max(len(line.name) for line in self.lines)
        rows = [
            f"{_MARKS[line.level]}  {line.name:{width}}  {line.found}"
            + (f" {line.advice}" if line.level != "ok" else "")
            for line in self.lines
        ]
        verdict = self.unavailable_reason or "ready"
        return "\n".join([*rows, "", self.window_reason, f"Predictions: {verdict}."])


class _Facts(NamedTuple):
    """Counts over the accepted orders."""

    row_count: int
    refund_count: int
    order_count: int  # customer-days with an order: what counts as coming back
    customer_count: int
    repeat_count: int
    first_on: date | None
    last_on: date | None
    recent_count: int
    month_count: int  # calendar months with an order
    largest_count: int  # rows of the commonest customer id

    @property
    def history_days(self) -> int:
        """Days from the first to the last order, both counted."""
        if self.first_on is None or self.last_on is None:
            return 0
        return (self.last_on - self.first_on).days + 1


def assess(
    account: Account,
    orders: pa.Table,
    source: OrdersSource,
    *,
    min_customers: int,
    horizon_days: int | None = None,
    today: date | None = None,
) -> Readiness:
    """The readiness of these orders; without a horizon, for the churn window proposed.

    `orders` need `COLUMNS` only; `account` is that of their source, which may have brought only the
    newest of them. `today` allows to say how old the last order is.
    """
    facts = _facts(orders)
    long_gap_shares = _long_gap_shares(orders)
    window_days, window_reason = _proposed_window(facts.history_days, long_gap_shares)
    horizon = horizon_days or window_days
    lines = (
        *_size_lines(facts, source, min_customers, horizon),
        *_shape_lines(facts, today),
        *_account_lines(account, source, facts),
    )
    return Readiness(
        lines=lines,
        customer_count=facts.customer_count,
        history_days=facts.history_days,
        churn_window_days=window_days,
        window_reason=window_reason,
        unavailable_reason=_unavailable(lines),
    )


def _size_lines(
    facts: _Facts, source: OrdersSource, min_customers: int, horizon_days: int
) -> list[Line]:
    customers, days = facts.customer_count, facts.history_days
    needed_days = HORIZONS_NEEDED * horizon_days
    repeat_share = facts.repeat_count / max(customers, 1)
    return [
        Line(
            "customers",
            "ok" if customers >= min_customers else "missing",
            f"{customers:,} customers, {min_customers:,} needed.",
            f"{customers:,} customers is below the {min_customers:,} needed; "
            "give a longer history or more markets in one file.",
        ),
        Line(
            "repeat customers",
            _level(
                repeat_share >= _REPEAT_SHARE,
                # A subscription may be paid once for all its time.
                facts.repeat_count > 0 or source.columns.paid_until is not None,
            ),
            f"{facts.repeat_count:,} customers ({repeat_share:.0%}) ordered on two days or more.",
            "few customers ever came back, so there is little to learn from; check that the "
            "customer id stays the same from order to order."
            if facts.repeat_count
            else "no customer ordered on a second day; map the column that holds the customer, "
            "not the order.",
        ),
        Line(
            "history",
            "ok" if days >= needed_days else "missing",
            f"{days:,} days ({facts.first_on} to {facts.last_on}), {needed_days:,} needed "
            f"({HORIZONS_NEEDED} x {horizon_days}).",
            f"{days:,} days of history is below the {needed_days:,} needed "
            f"({HORIZONS_NEEDED} x {horizon_days}); give older orders or a shorter window.",
        ),
        Line(
            "orders per customer",
            "ok",
            f"{facts.order_count / max(customers, 1):.2f} order days per customer.",
        ),
    ]


def _shape_lines(facts: _Facts, today: date | None) -> list[Line]:
    months = _months_between(facts.first_on, facts.last_on)
    empty_count = months - facts.month_count
    recent_share = facts.recent_count / max(facts.row_count, 1)
    expected_share = min(1.0, _RECENT_DAYS / max(facts.history_days, 1))
    one_id_share = facts.largest_count / max(facts.row_count, 1)
    refund_share = facts.refund_count / max(facts.row_count, 1)
    lines = [
        Line(
            "gaps",
            _level(empty_count == 0),
            f"{empty_count} of {months} months have no order.",
            "A part of the export may be lacking.",
        ),
        Line(
            "last 30 days",
            _level(recent_share >= expected_share / 4),
            f"{recent_share:.1%} of rows are from the last {_RECENT_DAYS} days "
            f"(even trade would give {expected_share:.1%}).",
            "The end of the export may be lacking.",
        ),
        Line(
            "largest customer",
            _level(one_id_share <= _ONE_ID_SHARE or facts.customer_count < 20),
            f"The commonest customer id holds {one_id_share:.1%} of rows.",
            "It may stand for guests or a till; leave its customer id empty if so.",
        ),
        Line(
            "refunds",
            _level(refund_share <= _REFUND_SHARE),
            f"{refund_share:.1%} of rows are refunds.",
            "Check the sign of the amount column.",
        ),
    ]
    if today is not None and facts.last_on is not None:
        age_days = (today - facts.last_on).days
        lines.append(
            Line(
                "age",
                _level(age_days <= _STALE_DAYS),
                f"The last order is {age_days:,} days old.",
                "Scores will be as of the day after it; give newer orders to act on them.",
            )
        )
    return lines


def _account_lines(account: Account, source: OrdersSource, facts: _Facts) -> list[Line]:
    duplicate_share = account.duplicate_count / max(account.read_count, 1)
    broken = account.broken_by_code()
    by_code = ", ".join(f"{code} {count:,}" for code, count in broken.items())
    return [
        Line(
            "rows",
            _level(facts.row_count > 0, facts.row_count > 0),
            account.summary() + ".",
            "no row could be used; see the refused rows and their reasons.",
        ),
        Line(
            "guests",
            _level(
                account.guest_share <= _GUEST_SHARE, account.guest_share <= source.max_guest_share
            ),
            f"{account.guest_share:.1%} of rows name no customer.",
            f"{account.guest_share:.1%} of rows name no customer (max_guest_share is "
            f"{source.max_guest_share:.1%}) and cannot be predicted; check that the right column "
            "is mapped.",
        ),
        Line(
            "duplicates",
            _level(duplicate_share <= _DUPLICATE_SHARE),
            f"{duplicate_share:.1%} of rows repeat another row.",
            "If equal rows are separate orders, set duplicates to keep.",
        ),
        Line(
            "refused",
            _level(
                account.refused_share <= _REFUSED_SHARE,
                account.refused_share <= source.max_refused_share,
            ),
            f"{sum(broken.values()):,} rows are broken" + (f" ({by_code})." if broken else "."),
            f"{account.refused_share:.1%} of rows are broken (max_refused_share is "
            f"{source.max_refused_share:.1%}); see the refused rows and their reasons.",
        ),
    ]


def _level(is_good: bool, is_possible: bool = True) -> Level:  # noqa: FBT001, FBT002
    if is_good:
        return "ok"
    return "warning" if is_possible else "missing"


def _unavailable(lines: Sequence[Line]) -> str | None:
    missing = [line.advice.rstrip(".") for line in lines if line.level == "missing"]
    return f"unavailable, because {'; '.join(missing)}" if missing else None


def _proposed_window(history_days: int, long_gap_shares: dict[int, float]) -> tuple[int, str]:
    """The churn window and the sentence that says why."""
    allowed = [days for days in WINDOWS_DAYS if HORIZONS_NEEDED * days <= history_days]
    fitting = [days for days in WINDOWS_DAYS if long_gap_shares[days] < LONG_GAP_SHARE]
    wanted = fitting[0] if fitting else WINDOWS_DAYS[-1]
    window = min(wanted, allowed[-1]) if allowed else WINDOWS_DAYS[0]
    reason = (
        f"Proposed churn window: {window} days; {long_gap_shares[window]:.0%} of the gaps between "
        "two order days of one customer are longer"
    )
    if window < wanted:
        reason += f" ({wanted} days would be better, but need {3 * wanted:,} days of history)"
    return window, reason + "."


def _months_between(first_on: date | None, last_on: date | None) -> int:
    if first_on is None or last_on is None:
        return 0
    return (last_on.year - first_on.year) * 12 + last_on.month - first_on.month + 1


_FACTS_SQL = """
    WITH days AS (SELECT DISTINCT customer_id, day FROM orders WHERE kind = 'order'),
    customers AS (SELECT customer_id, count(*) AS n FROM days GROUP BY customer_id)
    SELECT (SELECT count(*) FROM orders),
        (SELECT count(*) FROM orders WHERE kind = 'refund'),
        (SELECT count(*) FROM days),
        (SELECT count(*) FROM customers),
        (SELECT count(*) FROM customers WHERE n > 1),
        (SELECT min(day) FROM days),
        (SELECT max(day) FROM days),
        (SELECT count(*) FROM orders WHERE day > (SELECT max(day) FROM days) - ?),
        (SELECT count(DISTINCT 12 * year(day) + month(day)) FROM days),
        (SELECT coalesce(max(n), 0) FROM
            (SELECT count(*) AS n FROM orders GROUP BY customer_id))
"""

_GAPS_SQL = """
    SELECT g, count(*) FROM (
        SELECT day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS g
        FROM (SELECT DISTINCT customer_id, day FROM orders WHERE kind = 'order'))
    WHERE g IS NOT NULL GROUP BY g
"""


def _facts(orders: pa.Table) -> _Facts:
    rows = _query(orders, _FACTS_SQL, [_RECENT_DAYS])
    return _Facts(*rows[0])


def _long_gap_shares(orders: pa.Table) -> dict[int, float]:
    gaps = _query(orders, _GAPS_SQL, [])
    total = max(sum(count for _, count in gaps), 1)
    return {days: sum(count for gap, count in gaps if gap > days) / total for days in WINDOWS_DAYS}


def _query(orders: pa.Table, sql: str, values: list[int]) -> list[tuple]:  # type: ignore[type-arg]
    with duckdb.connect(config={"enable_external_access": False, "threads": 1}) as connection:
        connection.register("orders", orders)
        return connection.execute(sql, values).fetchall()
