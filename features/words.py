"""The words that settings count: safe in SQL and as a part of a column's name."""

import re
import unicodedata
from collections.abc import Iterable

from features.errors import SettingsError

_UNSAFE = re.compile(r"['\"`\\]|[^ -~\u00a0-\uffff]")


def literal(word: str) -> str:
    """The word as a text in SQL, the same for every engine.

    Engines differ in how a quote or a backslash is written, so a word with one is refused. Raises
    SettingsError.

    >>> literal("Web shop")
    "'Web shop'"
    """
    if _UNSAFE.search(word) or not word.strip():
        message = (
            f"{word!r} cannot be counted: it is empty or has a quote, a backslash or a sign that "
            "is no letter. Leave it out, or write it otherwise in the source."
        )
        raise SettingsError(message)
    return f"'{word}'"


def slug(word: str) -> str:
    """The word as a part of a name: of a-z, 0-9 and underscores.

    Letters without a likeness there are written as their numbers, so that words stay apart.

    >>> slug("Web shop"), slug("Café"), slug("店")
    ('web_shop', 'cafe', 'u5e97')
    """
    plain = unicodedata.normalize("NFKD", word.casefold())
    letters = (
        one if one.isascii() else f"u{ord(one):x}"
        for one in plain
        if not unicodedata.combining(one)
    )
    return re.sub(r"[^a-z0-9]+", "_", "".join(letters)).strip("_")


def check_words(column: str, words: Iterable[str]) -> None:
    """Nothing, if each of these words of a column can be counted under a name of its own.

    Raises SettingsError for a word that is not safe in SQL, for two words that would give the same
    name, and for one that gives none.
    """
    taken: dict[str, str] = {}
    for word in words:
        literal(word)
        name = slug(word)
        if not name:
            message = f"{column}: {word!r} has no letter or digit to make a name of; leave it out"
            raise SettingsError(message)
        if name in taken:
            message = f"{column}: {taken[name]!r} and {word!r} would both be named {name}; keep one"
            raise SettingsError(message)
        taken[name] = word
