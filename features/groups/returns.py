"""What came back: refunds."""

from features.declarations import divided, windowed
from features.kernel import AsOf, Floats, Ints
from features.tiles import ORDER_VALUE, REFUND_VALUE, REFUNDS


@windowed(over=(180,))
def refunds_count(known: AsOf, window_days: int | None) -> Ints:
    """Rows that are refunds."""
    return known.total(REFUNDS, window_days)


@windowed(over=(180,))
def refunded_share(known: AsOf, window_days: int | None) -> Floats:
    """Part of the money ordered that was paid back."""
    return divided(known.money(REFUND_VALUE, window_days), known.money(ORDER_VALUE, window_days))
