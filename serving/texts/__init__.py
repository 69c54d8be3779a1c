"""The words of the page: one JSON catalogue per language, and numbers as that language writes them.

A catalogue maps a key to a text with `{names}` in it, or, where a count decides the form, to the
plural forms of the language by their CLDR names (`one`, `few`, `many`, `other`).
"""

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from babel.core import Locale, negotiate_locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from features.markets import money_text

FOLDER = Path(__file__).parent
FALLBACK = "en"
ONE_PERCENT = 0.01

Entry = str | dict[str, str]


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of one language; calling it gives the text of a key."""

    language: str
    entries: dict[str, Entry]

    @property
    def locale(self) -> Locale:
        """The language's rules for plurals, numbers and dates."""
        return Locale.parse(self.language, sep="-")

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`, for the `dir` of the document."""
        return self.locale.text_direction

    def __call__(self, key: str, count: int | None = None, /, **values: str) -> str:
        """The text of a key with its values filled in; `count` picks the plural form.

        Raises KeyError for a key that is not there.

        >>> texts_of("en")("rhythm.every", 2)
        'usually every 2 days'
        """
        entry = self.entries[key]
        if isinstance(entry, str):
            return entry.format(**values)
        if count is None:
            message = f"the text {key} has plural forms and needs a count"
            raise TypeError(message)
        form = entry.get(self.locale.plural_form(count), entry["other"])
        return form.format(count=self.number(count), **values)

    def number(self, value: float, *, digits: int = 0) -> str:
        """A number with the language's separators and exactly this many decimals."""
        decimals = f".{'0' * digits}" if digits else ""
        return format_decimal(value, f"#,##0{decimals}", locale=self.locale)

    def percent(self, share: float) -> str:
        """A share in whole percent; what is neither none nor all is not rounded to it.

        >>> [texts_of("en").percent(share) for share in (0, 0.001, 0.62, 0.999, 1)]
        ['0%', '< 1%', '62%', '> 99%', '100%']
        """
        if 0 < share < ONE_PERCENT:
            return f"< {format_percent(ONE_PERCENT, locale=self.locale)}"
        if 1 - ONE_PERCENT < share < 1:
            return f"> {format_percent(1 - ONE_PERCENT, locale=self.locale)}"
        return format_percent(share, locale=self.locale)

    def money(self, value: float, currency: str) -> str:
        """An amount of this currency."""
        return money_text(value, currency, language=self.language)

    def day(self, day: date) -> str:
        """A date with its month in letters, so that no order of day and month misleads."""
        return format_date(day, "medium", locale=self.locale)


def languages(folder: Path = FOLDER) -> list[str]:
    """The languages that have a catalogue."""
    return sorted(path.stem for path in folder.glob("*.json"))


@cache
def texts_of(language: str, folder: Path = FOLDER) -> Texts:
    """The catalogue of one language."""
    path = folder / f"{language}.json"
    return Texts(language, json.loads(path.read_text(encoding="utf-8")))


def wanted_language(accept_language: str, available: list[str]) -> str:
    """The best language for an `Accept-Language` header.

    >>> wanted_language("de, cs;q=0.9, en;q=0.8", ["cs", "en"])
    'cs'
    """
    wishes = []
    for part in accept_language.split(","):
        tag, _, parameter = part.strip().partition(";")
        wishes.append((_weight(parameter), tag.strip()))
    ordered = [tag for _, tag in sorted(wishes, key=lambda wish: -wish[0]) if tag]
    return negotiate_locale(ordered, available, sep="-") or FALLBACK


def _weight(parameter: str) -> float:
    try:
        return float(parameter.strip().removeprefix("q=") or 1)
    except ValueError:
        return 0.0
