"""When features of two shapes mean the same."""

import pytest

from features.shape import Shape

THEN = Shape(("cz", "de"), "EUR", frozenset({"orders"}), calendars=(("CZ", None), ("DE", "BY")))


@pytest.mark.parametrize(
    "now",
    [
        THEN,
        Shape(("de",), "EUR", frozenset({"orders", "visits"}), calendars=(("DE", "BY"),)),
        Shape(("cz", "hr"), "EUR", frozenset(), calendars=(("CZ", None), ("HR", None))),
    ],
)
def test_more_tables_and_markets_change_no_meaning(now):
    assert now.differs_from(THEN) is None


def test_another_currency_is_named():
    now = Shape(("cz",), "CZK", frozenset(), calendars=(("CZ", None),))
    assert now.differs_from(THEN) == "money was in EUR then and is in CZK now"


@pytest.mark.parametrize("calendars", [(), (("DE", "BE"),), (("AT", None),)])
def test_the_holidays_of_another_place_are_named(calendars):
    now = Shape(("de",), "EUR", frozenset(), calendars=calendars)
    assert now.differs_from(THEN) == "market de has the holidays of another place than then"
