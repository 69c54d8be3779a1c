"""Why a row was refused, in one sentence with its cure."""

import re
import unicodedata
from dataclasses import dataclass

from features.quality import NO_CUSTOMER_ID
from features.settings import OrdersSource

_SHOWN_CHARS = 40
_COMMA = re.compile(r"[+-]?[\d.\s']*,\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,\s']\d{3})+([.,]\d+)?")
_EPOCH = re.compile(r"\d{10}|\d{13}|\d{16}")


@dataclass(frozen=True, slots=True)
class Explainer:
    """What is wrong with a value, told in the words of a source and its market."""

    source: OrdersSource
    currency: str
    markets: tuple[str, ...]

    def reason(self, code: str, value: str) -> str:
        """One sentence for this code; ids of customers are never part of it."""
        shown = value if len(value) <= _SHOWN_CHARS else value[:_SHOWN_CHARS] + "…"
        return _REASONS[code](self, shown)


def _no_customer(_about: Explainer, _value: str) -> str:
    return "The row names no customer; it is counted as a guest order."


def _customer(_about: Explainer, _value: str) -> str:
    return "The customer id is longer than 200 characters; map the column that holds the id."


def _control(_about: Explainer, _value: str) -> str:
    return "The customer id holds a control character; remove it in the export."


def _not_finite(_about: Explainer, value: str) -> str:
    return f"The amount {value!r} is no number of money; write a number, or leave the row out."


def _out_of_range(_about: Explainer, value: str) -> str:
    return f"The amount {value!r} is a million millions or more; check the column and its unit."


def _amount(about: Explainer, value: str) -> str:
    return f"The amount {value!r} {_amount_hint(about, value)}."


def _open_end(_about: Explainer, _value: str) -> str:
    return (
        "The end of the paid time is empty; an end that is filled in later would tell the past its "
        "future, so write one row a payment with the day until which it pays."
    )


def _quantity(_about: Explainer, value: str) -> str:
    return f"The quantity {value!r} is no whole number; write units as 1, 2, 3."


def _amount_hint(about: Explainer, value: str) -> str:
    form = about.source.csv
    signs = [sign for sign in value if unicodedata.category(sign) == "Sc" or sign.isalpha()]
    if not value:
        return "is empty; write 0 or leave the row out"
    if signs:
        return "carries a currency sign or letters; write the number alone, such as 10.50"
    if "(" in value or value.endswith("-"):
        return "is written as in a ledger; write a refund with a leading minus, such as -10.50"
    if _GROUPED.fullmatch(value) and not form.thousands:
        return (
            "groups its thousands; set sources.orders.csv.thousands to the sign between "
            f"them and csv.decimal to its decimal sign (now {form.decimal!r})"
        )
    if form.decimal == "." and _COMMA.fullmatch(value):
        return "has a decimal comma; set sources.orders.csv.decimal to ','"
    return f"is no decimal number with {form.decimal!r} as its decimal sign; write it as 10.50"


def _ambiguous(_about: Explainer, value: str) -> str:
    return (
        f"The date {value!r} may be day or month first; set sources.orders.timestamp_format, "
        "such as %d/%m/%Y or %m/%d/%Y"
        " (with the time: %d/%m/%Y %H:%M)."
    )


def _date(about: Explainer, value: str) -> str:
    pattern = about.source.timestamp_format
    if not value:
        return "The date is empty; every order needs one."
    if pattern:
        return (
            f"The date {value!r} is not written as {pattern} or does not exist; "
            "mend it, or correct sources.orders.timestamp_format."
        )
    if _EPOCH.fullmatch(value):
        unit = {10: "seconds", 13: "milliseconds", 16: "microseconds"}[len(value)]
        return (
            f"The date {value!r} is a count since 1970; "
            f"set sources.orders.timestamp_format to epoch-{unit}."
        )
    return (
        f"The date {value!r} is no ISO 8601 date or does not exist; write it as 2026-01-31 "
        "or 2026-01-31T18:30:00, or set sources.orders.timestamp_format."
    )


def _implausible(_about: Explainer, value: str) -> str:
    return f"The date {value!r} is before 1980 or after 2100; check the column and its unit."


def _future(_about: Explainer, value: str) -> str:
    return f"The date {value!r} is in the future; check the column, its format and its zone."


def _other_currency(about: Explainer, value: str) -> str:
    return (
        f"The currency {value!r} is not {about.currency}, that of the market; put each "
        "currency in a file of its own, or correct markets.NAME.currency."
    )


def _unknown_market(about: Explainer, value: str) -> str:
    return (
        f"The market {value!r} is not in the settings ({', '.join(about.markets)}); "
        "add it under markets."
    )


_REASONS = {
    NO_CUSTOMER_ID: _no_customer,
    "customer_id": _customer,
    "control_character": _control,
    "unreadable_date": _date,
    "ambiguous_date": _ambiguous,
    "implausible_date": _implausible,
    "future": _future,
    "amount": _amount,
    "not_finite": _not_finite,
    "out_of_range": _out_of_range,
    "other_currency": _other_currency,
    "unknown_market": _unknown_market,
    "quantity": _quantity,
    "open_end": _open_end,
}
