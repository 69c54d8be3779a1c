"""Orders sent over HTTP as the inside orders table, by the rules that orders of a file obey."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

import pyarrow as pa

from features.contracts import EPOCH
from features.markets import minor_unit_digits, time_zone
from features.schema import ORDERS
from features.settings import Settings
from features.source_settings import OrderColumns
from serving.api.inputs import CustomerInput, OrderInput
from serving.api.problems import ERRORS_SHOWN, INVALID, FieldError, Problem

MAX_TOTAL = 2**62


OPTIONAL = {
    "order_id": "order_id",
    "product": "product",
    "quantity": "quantity",
    "paid_until_day": "paid_until",
}  # column of the table: column of the settings
COLUMNS = (
    "customer_id",
    "occurred_at",
    "day",
    "minute",
    "kind",
    "amount_minor",
    "market",
    *OPTIONAL,
)
NOT_SENT = ("discount", "cost", "category", "channel")  # columns of orders that inputs lack
NEEDED_IF_MAPPED = ("product", "quantity", "paid_until_day")  # features are made of them


@dataclass(frozen=True, slots=True)
class _Row:
    """One order with its customer and its place in the request."""

    customer_id: str
    order: OrderInput
    pointer: str


def orders_table(customers: list[CustomerInput], settings: Settings, as_of: date) -> pa.Table:
    """The orders of all customers as `features.schema.ORDERS`.

    Optional columns that the settings do not map are left empty, as the model never saw them, and
    orders that repeat another one in every field are dropped if the settings drop such rows. Raises
    Problem with a pointer for an unknown market, an order at or after the start of `as_of` (that
    would be the future), a customer with refunds only, and orders without what the model needs.
    """
    columns: dict[str, list[object]] = {name: [] for name in COLUMNS}
    errors: list[FieldError] = []
    for row in _rows(customers, repeated=settings.sources.orders.duplicates == "keep"):
        try:
            values = _values(row, settings, as_of)
        except Problem as problem:
            errors += problem.errors
            if len(errors) >= ERRORS_SHOWN:
                break
            continue
        for name, value in values.items():
            columns[name].append(value)
    mapped = settings.sources.orders.columns
    errors = (
        errors
        or _without_order(customers, columns)
        or _beyond_sums(columns)
        or _without_column(columns, mapped)
    )
    if errors:
        raise Problem(INVALID, errors=errors)
    for name, mapped_name in OPTIONAL.items():
        if getattr(mapped, mapped_name) is None:
            columns[name] = [None] * len(columns[name])
    return ORDERS.filled(columns)


def require_orders_only(settings: Settings) -> None:
    """Nothing, if a request can hold all that the model learned from.

    Raises Problem for a business whose model also learned from other tables, or from columns of
    orders that a request does not have: without them a score would be wrong.
    """
    tables = sorted(settings.sources.given().keys() - {"orders", "consents"})
    mapped = settings.sources.orders.columns
    columns = [name for name in NOT_SENT if getattr(mapped, name) is not None]
    if tables or columns:
        detail = (
            f"The model also learned from {', '.join(tables + columns)}, which a request cannot "
            "hold; ask for the customer's stored score"
        )
        raise Problem.at("#/customers", detail)


def _without_order(
    customers: list[CustomerInput], columns: dict[str, list[object]]
) -> list[FieldError]:
    rows = zip(columns["customer_id"], columns["kind"], strict=True)
    buyers = {customer_id for customer_id, kind in rows if kind == "order"}
    detail = "There are only refunds; a score needs at least one order"
    return [
        FieldError(pointer=f"#/customers/{at}/orders", detail=detail)
        for at, one in enumerate(customers)
        if one.customer_id not in buyers
    ]


def _beyond_sums(columns: dict[str, list[object]]) -> list[FieldError]:
    """An error if the amounts together are too much for 64 bits, in which they are added up."""
    total = sum(abs(amount) for amount in columns["amount_minor"] if isinstance(amount, int))
    if total < MAX_TOTAL:
        return []
    return [FieldError(pointer="#/customers", detail="The amounts together are beyond all money")]


def _without_column(columns: dict[str, list[object]], mapped: OrderColumns) -> list[FieldError]:
    return [
        FieldError(
            pointer=f"#/customers/0/orders/0/{OPTIONAL[name]}",
            detail=f"No order has a {OPTIONAL[name]}; the model learned from it, so send it",
        )
        for name in NEEDED_IF_MAPPED
        if getattr(mapped, OPTIONAL[name]) is not None and all(one is None for one in columns[name])
    ]


def _rows(customers: list[CustomerInput], *, repeated: bool) -> Iterator[_Row]:
    for at, customer in enumerate(customers):
        seen: set[OrderInput] = set()
        for order_at, order in enumerate(customer.orders):
            if order in seen and not repeated:
                continue
            seen.add(order)
            yield _Row(customer.customer_id, order, f"#/customers/{at}/orders/{order_at}")


def _values(row: _Row, settings: Settings, as_of: date) -> dict[str, object]:
    order = row.order
    market = settings.default_market if order.market is None else order.market
    if market not in settings.markets:
        known = ", ".join(sorted(settings.markets))
        raise Problem.at(f"{row.pointer}/market", f"No such market; there are: {known}")
    occurred_at, day, minute = _local(order.timestamp, settings.markets[market].time_zone)
    if day >= as_of:
        detail = f"The order is not before {as_of}, the day to score; leave it out or set as_of"
        raise Problem.at(f"{row.pointer}/timestamp", detail)
    amount_minor = minor_units(order.amount, settings.currency)
    return {
        "customer_id": row.customer_id,
        "occurred_at": occurred_at,
        "day": day,
        "minute": minute,
        "kind": "refund" if amount_minor < 0 else "order",
        "amount_minor": amount_minor,
        "market": market,
        "order_id": order.order_id,
        "product": order.product,
        "quantity": order.quantity,
        "paid_until_day": None if order.paid_until is None else (order.paid_until - EPOCH).days,
    }


def _local(moment: datetime, zone: str) -> tuple[datetime, date, int]:
    """The moment in UTC, and its day and minute where the market is."""
    local_zone = time_zone(zone)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=local_zone)
    local = aware.astimezone(local_zone)
    return aware.astimezone(UTC), local.date(), 60 * local.hour + local.minute


def minor_units(amount: Decimal, currency: str) -> int:
    """The amount in whole minor units, halves to even.

    >>> minor_units(Decimal("184.205"), "EUR"), minor_units(Decimal(-3), "JPY")
    (18420, -3)
    """
    scaled = amount.scaleb(minor_unit_digits(currency))
    return int(scaled.to_integral_value(rounding=ROUND_HALF_EVEN))
