"""The words of page and reasons as gettext catalogues, and numbers as each language writes them.

`messages.pot` holds every text in English under its id (the context of the message); a language has
`<language>/LC_MESSAGES/messages.po`. Both are read by Babel at the first use, so nothing has to be
compiled. After a change of the template, `pybabel update -i serving/texts/messages.pot -d
serving/texts` brings it to the languages, and what is not translated yet stays English.
"""

import gettext
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from babel.core import Locale, negotiate_locale
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from features.markets import money_text

FOLDER = Path(__file__).parent
TEMPLATE = "messages.pot"
CATALOGUE = Path("LC_MESSAGES", "messages.po")
FALLBACK = "en"
ONE_PERCENT = 0.01

Source = tuple[str, ...]
"""A text in English, or its singular and its plural."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of one language; calling it gives the text of a key."""

    language: str
    sources: Mapping[str, Source]
    translations: gettext.NullTranslations

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
        source = self.sources[key]
        if len(source) == 1:
            return self.translations.pgettext(key, source[0]).format(**values)
        if count is None:
            message = f"the text {key} has plural forms and needs a count"
            raise TypeError(message)
        singular, plural = source
        form = self.translations.npgettext(key, singular, plural, count)
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
    """English, which the template is written in, and the languages that have a catalogue."""
    found = (path.parents[1].name for path in folder.glob(f"*/{CATALOGUE}"))
    return [FALLBACK, *sorted(found)]


@cache
def texts_of(language: str, folder: Path = FOLDER) -> Texts:
    """The texts of one language."""
    translations = gettext.NullTranslations()
    if language != FALLBACK:
        compiled = io.BytesIO()
        write_mo(compiled, catalogue_of(folder / language / CATALOGUE))
        compiled.seek(0)
        translations = gettext.GNUTranslations(compiled)
    return Texts(language, _sources(folder), translations)


def catalogue_of(path: Path) -> Catalog:
    """The messages of a file."""
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


@cache
def _sources(folder: Path) -> Mapping[str, Source]:
    found = {}
    for message in catalogue_of(folder / TEMPLATE):
        if message.context is not None:
            text = message.id
            found[message.context] = (text,) if isinstance(text, str) else tuple(text)
    return found


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
