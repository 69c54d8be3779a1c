"""Why a row was refused, in one sentence with its cure."""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from features.account import NO_CUSTOMER_ID
from features.currencies import last_days
from features.errors import SettingsError
from features.source_settings import TableSource
from features.sources.columns import About
from features.sources.rows import Markets
from features.sources.statement import MOMENTS, YEARS, YEARS_OF
from features.sources.values import Check

_SHOWN_CHARS = 40
_SHOWN_ROWS = 5
_COMMA = re.compile(r"[+-]?[\d.\s']*,\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3}([.,\s']\d{3})+([.,]\d+)?")
_EPOCH = re.compile(r"\d{10}|\d{13}|\d{16}")
_ROW_OF = {
    "orders": "order",
    "visits": "visit",
    "emails": "message",
    "tickets": "ticket",
    "surveys": "answer",
    "loyalty": "change",
    "subscriptions": "subscription",
    "contacts": "contact",
    "consents": "consent",
    "customers": "customer",
}


@dataclass(frozen=True, slots=True)
class Explainer:
    """What is wrong with a value, told in the words of a table, its source and the markets."""

    table: str
    source: TableSource
    markets: Markets

    def reason(self, check: Check, value: str) -> str:
        """One sentence for this rule; ids of customers are never part of it."""
        shown = value if len(value) <= _SHOWN_CHARS else value[:_SHOWN_CHARS] + "…"
        return _REASONS[check.code](_Told(self, check.role), shown)

    def wrong_constant(self, check: Check, value: str) -> SettingsError:
        """The error for a value of the settings that no row could have."""
        key = About("", self.table).key(f"columns.{check.role}")
        return SettingsError(f"{key} is '={value}': {self.reason(check, value)}")


@dataclass(frozen=True, slots=True)
class _Told:
    """What a sentence is about."""

    explainer: Explainer
    role: str

    @property
    def noun(self) -> str:
        """What the value is called."""
        return self.role.replace("_", " ")

    @property
    def row(self) -> str:
        """What a row is called."""
        return _ROW_OF[self.explainer.table]

    @property
    def source(self) -> TableSource:
        """How the source is described."""
        return self.explainer.source

    def key(self, name: str) -> str:
        """The full name of a key of the source."""
        return About("", self.explainer.table).key(name)


def contradiction(rows: Sequence[int]) -> str:
    """The reason for rows of one id that tell different things."""
    shown = ", ".join(map(str, rows[:_SHOWN_ROWS])) + (", …" if len(rows) > _SHOWN_ROWS else "")
    return (
        f"Rows {shown} have one event id and different contents, and nothing says which is right; "
        "map arrived_at, the time at which each row became known, or mend the export."
    )


def _no_customer(about: _Told, _value: str) -> str:
    return f"The row names no customer; it is counted as a guest {about.row}."


def _customer(_about: _Told, _value: str) -> str:
    return "The customer id is longer than 200 characters; map the column that holds the id."


def _control(_about: _Told, _value: str) -> str:
    return "The customer id holds a control character; remove it in the export."


def _not_finite(about: _Told, value: str) -> str:
    what = "number" if about.role == "score" else "number of money"
    return f"The {about.noun} {value!r} is no {what}; write a number, or leave the row out."


def _out_of_range(about: _Told, value: str) -> str:
    return (
        f"The {about.noun} {value!r} is a million millions or more; check the column and its unit."
    )


def _amount(about: _Told, value: str) -> str:
    return f"The {about.noun} {value!r} {_amount_hint(about, value)}."


def _open_end(_about: _Told, _value: str) -> str:
    return (
        "The end of the paid time is empty; an end that is filled in later would tell the past its "
        "future, so write one row a payment with the day until which it pays."
    )


def _count(about: _Told, value: str) -> str:
    return f"The {about.noun} {value!r} is no whole number; write it as 1, 2, 3."


def _negative(about: _Told, value: str) -> str:
    return f"The {about.noun} {value!r} is below zero; write it without a sign."


def _word(about: _Told, value: str) -> str:
    if not value:
        return f"The {about.noun} is empty; every {about.row} needs one."
    return (
        f"The {about.noun} {value!r} has no letter of a-z and no digit; "
        f"say in {about.key('words')} what it means."
    )


def _flag(about: _Told, value: str) -> str:
    if not value:
        return f"The field {about.noun} is empty; write yes or no."
    return (
        f"{value!r} is neither yes, true or 1 nor no, false or 0; "
        f"say in {about.key('words')} which it means."
    )


def _ends_before(about: _Told, value: str) -> str:
    return f"The end {value!r} is before the {about.row} began; mend one of the two dates."


def _amount_hint(about: _Told, value: str) -> str:
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
            f"groups its thousands; set {about.key('csv.thousands')} to the sign between "
            f"them and csv.decimal to its decimal sign (now {form.decimal!r})"
        )
    if form.decimal == "." and _COMMA.fullmatch(value):
        return f"has a decimal comma; set {about.key('csv.decimal')} to ','"
    return f"is no decimal number with {form.decimal!r} as its decimal sign; write it as 10.50"


def _ambiguous(about: _Told, value: str) -> str:
    return (
        f"The date {value!r} may be day or month first; set {about.key('timestamp_format')}, "
        "such as %d/%m/%Y or %m/%d/%Y"
        " (with the time: %d/%m/%Y %H:%M)."
    )


def _date(about: _Told, value: str) -> str:
    pattern = about.source.timestamp_format
    if not value:
        return f"The date is empty; every {about.row} needs one."
    if pattern:
        return (
            f"The date {value!r} is not written as {pattern} or does not exist; "
            f"mend it, or correct {about.key('timestamp_format')}."
        )
    if _EPOCH.fullmatch(value):
        unit = {10: "seconds", 13: "milliseconds", 16: "microseconds"}[len(value)]
        return (
            f"The date {value!r} is a count since 1970; "
            f"set {about.key('timestamp_format')} to epoch-{unit}."
        )
    return (
        f"The date {value!r} is no ISO 8601 date or does not exist; write it as 2026-01-31 "
        f"or 2026-01-31T18:30:00, or set {about.key('timestamp_format')}."
    )


def _implausible(about: _Told, value: str) -> str:
    first, last = YEARS_OF.get(about.role, YEARS)
    never = (
        "" if about.role in {*MOMENTS, "paid_until"} else "; leave it empty if there is no such day"
    )
    return (
        f"The date {value!r} is before {first} or after {last}; "
        f"check the column and its unit{never}."
    )


def _future(_about: _Told, value: str) -> str:
    return f"The date {value!r} is in the future; check the column, its format and its zone."


def _unknown_currency(_about: _Told, value: str) -> str:
    close = difflib.get_close_matches(value.upper(), last_days(), n=1, cutoff=0.6)
    meant = f"; did you mean {close[0]}?" if close else ", such as EUR."
    return f"The currency {value!r} is no ISO 4217 code{meant}"


def _obsolete_currency(_about: _Told, value: str) -> str:
    last = last_days()[value.upper()]
    return (
        f"The currency {value!r} was money until {last} only; "
        "write the amount in the one that replaced it."
    )


def _no_rate(about: _Told, value: str) -> str:
    return (
        f"There is no exchange rate from {value or 'the currency of the row'} to "
        f"{about.explainer.markets.currency} for the day of the row or the week before it; "
        "add it to the file of sources.rates."
    )


def _other_currency(about: _Told, value: str) -> str:
    return (
        f"The currency {value!r} is not {about.explainer.markets.currency}, that of the market; "
        "put each currency in a file of its own, or correct markets.NAME.currency."
    )


def _unknown_market(about: _Told, value: str) -> str:
    names = ", ".join(about.explainer.markets.currencies)
    return f"The market {value!r} is not in the settings ({names}); add it under markets."


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
    "no_rate": _no_rate,
    "unknown_market": _unknown_market,
    "unknown_currency": _unknown_currency,
    "obsolete_currency": _obsolete_currency,
    "quantity": _count,
    "count": _count,
    "negative": _negative,
    "number": _amount,
    "word": _word,
    "flag": _flag,
    "ends_before": _ends_before,
    "open_end": _open_end,
}
