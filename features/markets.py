"""What differs by market: the local day and the currency.

A customer's day begins at midnight where the market is; money is kept in the currency's minor
units (cents), because sums of integers are exact in every engine and in every order.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import Locale, UnknownLocaleError
from babel.numbers import format_currency, get_currency_precision, get_currency_symbol, is_currency

WHOLE_FROM = 10  # below this the digits after the point are most of what an amount says
DECIMALS = re.compile(r"\.0+")


@cache
def minor_unit_digits(currency: str) -> int:
    """Digits after the decimal point of an ISO 4217 currency: 2 for USD, 0 for JPY.

    >>> minor_unit_digits("USD"), minor_unit_digits("JPY")
    (2, 0)
    """
    return get_currency_precision(currency)


def is_known_currency(currency: str) -> bool:
    """Whether this is an ISO 4217 code, upper case."""
    return is_currency(currency)


def is_known_time_zone(name: str) -> bool:
    """Whether this is a name of the IANA time zone database."""
    return name in available_timezones()


@cache
def time_zone(name: str) -> ZoneInfo:
    """The time zone of this IANA name."""
    return ZoneInfo(name)


def money_text(value: float | Decimal, currency: str, *, language: str = "en") -> str:
    """An amount as people of this language write it, rounded to whole units from 10 up.

    >>> money_text(1234.5, "USD"), money_text(4.2, "EUR"), money_text(-0.004, "EUR")
    ('$1,235', '€4.20', '€0')
    """
    amount = Decimal(str(value))
    digits = minor_unit_digits(currency) if abs(amount) < WHOLE_FROM else 0
    # Rounded here, half up, because babel rounds half to even: 0.5 would be shown as nothing.
    amount = amount.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    if amount == amount.to_integral_value():
        amount, digits = amount.to_integral_value() + 0, 0  # + 0 takes the sign off a zero
    try:
        pattern = currency_pattern(currency, language)
    except UnknownLocaleError:
        return f"{currency} {amount:,.{digits}f}"
    pattern = DECIMALS.sub("." + "0" * digits if digits else "", pattern)
    locale = language.replace("-", "_")
    return format_currency(amount, currency, pattern, locale=locale, currency_digits=False)


@cache
def currency_pattern(currency: str, language: str) -> str:
    """How a language writes amounts, such as `¤#,##0.00`. Raises UnknownLocaleError."""
    locale = Locale.parse(language, sep="-")
    pattern = str(locale.currency_formats["standard"].pattern)
    symbol = get_currency_symbol(currency, locale)
    # "CZK 420", not "CZK420": a symbol of letters stands apart from the digits.
    return pattern.replace("¤#", "¤\u00a0#") if symbol[-1].isalpha() else pattern


def decimal_text(value: float, currency: str) -> str:
    """An amount as a decimal string with the currency's own digits, for the API.

    >>> decimal_text(184.2, "EUR")
    '184.20'
    """
    return f"{value:.{minor_unit_digits(currency)}f}"
