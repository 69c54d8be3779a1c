"""What the text of one column means, as SQL: numbers, times, days, words, flags.

A column at position 3 is `c3` as it stood and `t3` without outer blanks. Every expression gives
null where the text is empty or cannot be read; whether that refuses the row is told elsewhere.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from features.settings_parts import CsvFormat
from features.sources.chunks import Kind

MAX_AMOUNT = 10**12
US_PER_DAY = 86_400_000_000
EPOCH_FORMATS = {"epoch-seconds": 1_000_000, "epoch-milliseconds": 1_000, "epoch-microseconds": 1}
"""Names that timestamp_format may have besides strptime patterns, and their microseconds."""

ISO_TIME = (
    r"^(\d{4}-\d{2}-\d{2})(?:[Tt ]((?:[01]\d|2[0-3]):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d{1,9})?)?)"
    r"\s*(Z|z|UTC|[+-]\d{2}(?::?[0-5]\d)?)?)?$"
)
NUMERIC_DATE = r"^\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}.*"
_NOT_FINITE = r"^[+-]?(nan|inf|infinity)$"
_EXPONENT = r"[+-]?(?:\d+\.?\d*|\.\d+)[eE][+-]?\d+"
_MAX_EPOCH_US = 10**16
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
# Spreadsheets and web forms leave no-break blanks and zero-width signs around an id.
_BLANKS = (
    " \t\r\n\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2007\u2009\u200a"
    "\u200b\u200c\u200d\u202f\u2060\u3000\ufeff"
)


class Check(NamedTuple):
    """A rule: its condition is true for rows that break it; the role tells what the column is."""

    condition: str
    code: str
    column: int
    role: str


class Number:
    """A column of numbers as SQL: its text, its exact value, and the rules it may break."""

    def __init__(self, at: int, kind: Kind, form: CsvFormat) -> None:
        """The column at this position; numbers of a Parquet file are written in one way only."""
        self.at = at
        self.text = text_of(at)
        decimal, thousands = (".", "") if kind == "number" else (form.decimal, form.thousands)
        plain = self.text
        if thousands == " ":
            plain = f"translate({plain}, chr(160) || chr(8239), '  ')"
        point, between = f"\\{decimal}", f"\\{thousands}" if thousands else ""
        whole = rf"(?:\d+|\d{{1,3}}(?:{between}\d{{3}})+)" if between else r"\d+"
        pattern = rf"^[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)$"
        if kind == "number":  # a float far from 1 is shown with an exponent
            pattern = rf"(?:{pattern}|^{_EXPONENT}$)"
        self.is_number = f"regexp_matches({plain}, {quoted(pattern)})"
        clean = f"replace({plain}, {quoted(thousands)}, '')" if thousands else plain
        clean = f"replace({clean}, ',', '.')" if decimal == "," else clean
        self.value = f"CASE WHEN {self.is_number} THEN TRY_CAST({clean} AS DECIMAL(37,18)) END"

    @property
    def whole(self) -> str:
        """The value as a whole number, null if it is none."""
        fits = f"abs({self.value}) < {MAX_AMOUNT} AND {self.value} = trunc({self.value})"
        return f"CASE WHEN {fits} THEN TRY_CAST({self.value} AS BIGINT) END"

    def checks(self, code: str, role: str, *, required: bool) -> list[Check]:
        """The rules for a decimal number, the most telling first."""
        huge = (
            f"regexp_full_match({self.text}, {quoted(_EXPONENT)}) AND "
            f"coalesce(abs(TRY_CAST({self.text} AS DOUBLE)), 'inf'::DOUBLE) >= {MAX_AMOUNT}"
        )
        rules = [
            (f"regexp_matches(lower({self.text}), {quoted(_NOT_FINITE)})", "not_finite"),
            (huge, "out_of_range"),
            (f"NOT {self.is_number}", code),
            (f"coalesce(abs({self.value}) >= {MAX_AMOUNT}, true)", "out_of_range"),
        ]
        given = "" if required else f"{self.text} <> '' AND "
        return [Check(f"{given}({rule})", name, self.at, role) for rule, name in rules]


def moment(role: str, at: int, kind: Kind, pattern: str | None) -> str:
    """SQL of three columns, named after the role: `_us` as written, `_zoned` and `_leap`.

    Microseconds since 1970: of UTC if the text names a zone, else of the clock on the wall.
    """
    text = text_of(at)
    names = (f"{role}_us", f"{role}_zoned", f"{role}_leap")
    if pattern is not None and pattern in EPOCH_FORMATS and kind != "moment":
        return _named((epoch_us(text, pattern), "true", "false"), names)
    if pattern is not None and kind != "moment":
        is_zoned = str("%z" in pattern or "%Z" in pattern).lower()
        us = f"epoch_us(TRY_STRPTIME({text}, {quoted(pattern)}))"
        return _named((us, is_zoned, "false"), names)
    iso = f"{role}_iso"
    parts = f"regexp_extract({text}, {quoted(ISO_TIME)}, ['day', 'clock', 'zone'])"
    clock = f"replace(replace({iso}['clock'], ':60', ':59'), ',', '.')"
    written = f"{iso}['day'] || ' ' || coalesce(nullif({clock}, ''), '00:00')"
    zone, sign = f"replace({iso}['zone'], ':', '')", f"{iso}['zone'][1]"
    minutes = (
        f"CASE WHEN {sign} IN ('+', '-') THEN (CASE {sign} WHEN '-' THEN -1 ELSE 1 END)"
        f" * (60 * TRY_CAST({zone}[2:3] AS BIGINT)"
        f" + coalesce(TRY_CAST({zone}[4:5] AS BIGINT), 0)) ELSE 0 END"
    )
    us = f"epoch_us(TRY_CAST({written} AS TIMESTAMP)) - 60000000 * {minutes}"
    found = (us, f"{iso}['zone'] <> ''", f"{iso}['clock'] LIKE '%:60%'")
    return f"{parts} AS {iso}, {_named(found, names)}"


def _named(expressions: Sequence[str], names: Sequence[str]) -> str:
    return ", ".join(f"{sql} AS {name}" for sql, name in zip(expressions, names, strict=True))


def day(at: int, kind: Kind, pattern: str | None) -> str:
    """SQL of a day as days since 1970, null if it is empty or unreadable."""
    text = text_of(at)
    if pattern is None or kind == "moment":
        written = f"TRY_CAST(regexp_extract({text}, {quoted(ISO_TIME)}, 1) AS TIMESTAMP)"
        us = f"epoch_us({written})"
    elif pattern in EPOCH_FORMATS:
        us = epoch_us(text, pattern)
    else:
        us = f"epoch_us(TRY_STRPTIME({text}, {quoted(pattern)}))"
    return f"{us} // {US_PER_DAY}"


def epoch_us(text: str, pattern: str) -> str:
    """SQL of the microseconds since 1970 of a count, null if it is none or far from our time."""
    # The engine stops at an overflow instead of giving null, so the product is taken wide.
    us = f"TRY_CAST({text} AS BIGINT)::HUGEINT * {EPOCH_FORMATS[pattern]}"
    return f"CASE WHEN {us} BETWEEN -{_MAX_EPOCH_US} AND {_MAX_EPOCH_US} THEN ({us})::BIGINT END"


def word(at: int, words: Mapping[str, str]) -> str:
    """SQL of a word in a-z, 0-9 and _: the one that the settings say, else the text's own."""
    written = f"lower(nfc_normalize({text_of(at)}))"
    plain = f"regexp_replace(strip_accents({written}), '[^a-z0-9]+', '_', 'g')"
    slug = f"nullif(trim({plain}, '_'), '')"
    if not words:
        return slug
    cases = " ".join(
        f"WHEN {quoted(unicodedata.normalize('NFC', text.strip()).lower())} THEN {quoted(meant)}"
        for text, meant in words.items()
    )
    return f"CASE {written} {cases} ELSE {slug} END"


def flag(at: int, words: Mapping[str, str]) -> str:
    """SQL of yes or no."""
    cases = " ".join(f"WHEN {quoted(text)} THEN {meant}" for text, meant in _FLAGS.items())
    return f"CASE {word(at, words)} {cases} END"


def text(at: int) -> str:
    """SQL of a text as it stands, in one Unicode form."""
    return f"nullif(nfc_normalize({text_of(at)}), '')"


def trimmed(at: int) -> str:
    """SQL of a column without outer blanks; most values have none, which is told faster."""
    return (
        f"CASE WHEN regexp_matches(c{at}, '(?s)^[!-~](.*[!-~])?$') THEN c{at} "
        f"ELSE trim(coalesce(c{at}, ''), {quoted(_BLANKS)}) END AS t{at}"
    )


def text_of(at: int) -> str:
    """SQL of the trimmed text of a column, '' where there is none."""
    return f"t{at}"


def piece(sql: str, label: str = "") -> str:
    """SQL of a text with its length, so that `ab|c` is not `a|bc`; nothing for a labelled null."""
    nothing = "''" if label else "'-'"
    return f"coalesce({quoted(label)} || strlen({sql})::VARCHAR || ':' || {sql}, {nothing})"


def halves(name: str) -> str:
    """SQL of a column of 128 bits as two of 64, `_0` the lower and `_1` the upper half."""
    # Splitting one digest is three times as fast as asking for the halves of the text.
    lower = f"({name} & {2**64 - 1}::UHUGEINT)::UBIGINT AS {name}_0"
    return f"{lower}, ({name} >> 64)::UBIGINT AS {name}_1"


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"
