"""What the values of a column look like: times, numbers, ids. All of it is guessing, told as such.

Times are tried with the engine that will read them, so that a guess is a format that works.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb
import pyarrow as pa

from features.sources.values import EPOCH_FORMATS, ISO_TIME, epoch_us

MOST = 0.95
"""Share of values that must fit before a guess is made."""

_DATES = (
    *(f"%d{s}%m{s}%Y" for s in "/.-"),
    *(f"%m{s}%d{s}%Y" for s in "/.-"),
    *(f"%d{s}%m{s}%y" for s in "/.-"),
    *(f"%m{s}%d{s}%y" for s in "/.-"),
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%d. %m. %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%b %d %Y",
)
_CLOCKS = (
    "",
    " %H:%M",
    " %H:%M:%S",
    " %H:%M:%S.%f",
    " %I:%M %p",
    " %I:%M:%S %p",
    "T%H:%M:%S",
    ", %H:%M",
    ", %H:%M:%S",
    " %H:%M:%S %z",
    " %H.%M",
    " %H%M%S",
    "%H%M%S",
)
_EPOCH_DIGITS = {10: "epoch-seconds", 13: "epoch-milliseconds", 16: "epoch-microseconds"}
_FEW = 300
_TIME_SHAPE = re.compile(  # 31.1.2026 …, 20260131 or 1769814000, 31 Jan 2026, Jan 31, 2026
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-].*|\d{8,16}.*|\d{1,2}[. -]+[^\W\d]+.*\d.*"
    r"|[^\W\d]{3,}\.? \d{1,2},? \d{4}.*"
)
_NUMBER = re.compile(r"[+-]?[\d.,'\s]*\d[.,]?")
_MARK = r"(?:[$\u00a2-\u00a5\u20a0-\u20bf]|[A-Z]{3}|K\u010d|z\u0142|kr|Fr)\.?"
_CURRENCY_MARK = re.compile(rf"^{_MARK}\s?(?=[\d.+-])|\s?{_MARK}$")


@dataclass(frozen=True, slots=True)
class TimeGuess:
    """How a column writes its times: None as pattern is ISO 8601; `other` fits no worse."""

    pattern: str | None
    has_clock: bool
    other: str | None = None


@dataclass(frozen=True, slots=True)
class NumberGuess:
    """How a column writes its numbers; `is_sure` is false if both readings of a sign fit."""

    decimal: Literal[".", ","]
    thousands: Literal["", ",", ".", " ", "'"]
    is_sure: bool


def filled(values: Sequence[str]) -> list[str]:
    """The values that say something, without outer blanks."""
    stripped = (value.strip() for value in values)
    return [value for value in stripped if value and value.casefold() not in {"null", "nan", "n/a"}]


def time_guess(values: Sequence[str]) -> TimeGuess | None:
    """How these values write times, or None if most of them are none."""
    texts = filled(values)
    shaped = sum(bool(_TIME_SHAPE.fullmatch(text)) for text in texts[:_FEW])
    if not texts or shaped < MOST * len(texts[:_FEW]):
        return None
    shares = _shares(texts[:_FEW], [ISO_TIME, *_epochs(texts)])
    if shares[ISO_TIME] >= MOST:
        return TimeGuess(None, has_clock=any(re.search(r"[1-9]", text[10:19]) for text in texts))
    for pattern in _epochs(texts):
        if shares[pattern] >= MOST:
            return TimeGuess(pattern, has_clock=True)
    patterns = _possible(texts)
    shares = _shares(texts[:_FEW], patterns)
    likely = [pattern for pattern in patterns if shares[pattern] >= MOST * 0.5]
    shares = _shares(texts, likely)
    best = sorted(likely, key=lambda pattern: -shares[pattern])
    if not best or shares[best[0]] < MOST:
        return None
    rivals = [rival for rival in best[1:] if shares[rival] == shares[best[0]]]
    return TimeGuess(best[0], "%H" in best[0] or "%I" in best[0], rivals[0] if rivals else None)


def _possible(texts: Sequence[str]) -> list[str]:
    """The patterns that read at least one of a few values spread over the sample."""
    few = texts[:: max(1, len(texts) // 7)][:8]
    patterns = (date + clock for date in _DATES for clock in _CLOCKS)
    return [pattern for pattern in patterns if any(_fits(text, pattern) for text in few)]


def _fits(text: str, pattern: str) -> bool:
    try:
        datetime.strptime(text, pattern)  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return True


def _epochs(texts: Sequence[str]) -> list[str]:
    digits = {len(text) for text in texts[:_FEW] if text.isdecimal()}
    return [_EPOCH_DIGITS[count] for count in sorted(digits) if count in _EPOCH_DIGITS]


def _shares(texts: Sequence[str], patterns: Sequence[str]) -> dict[str, float]:
    """Share of the texts that each pattern reads as a time of 1980 to 2100."""
    if not patterns:
        return {}
    counts = ", ".join(
        f"count(*) FILTER (year({_read(pattern)}) BETWEEN 1980 AND 2100)" for pattern in patterns
    )
    with duckdb.connect(config={"enable_external_access": False, "threads": 1}) as connection:
        connection.register("sample", pa.table({"v": pa.array(texts, pa.string())}))
        found = connection.execute(f"SELECT {counts} FROM sample").fetchone() or ()  # noqa: S608
    return {pattern: count / len(texts) for pattern, count in zip(patterns, found, strict=True)}


def _read(pattern: str) -> str:
    if pattern == ISO_TIME:
        return f"CASE WHEN regexp_matches(v, '{ISO_TIME}') THEN TRY_CAST(v[1:10] AS DATE) END"
    if pattern in EPOCH_FORMATS:
        return f"make_timestamp({epoch_us('v', pattern)})"
    if "%z" in pattern:
        return f"make_timestamp(epoch_us(TRY_STRPTIME(v, '{pattern}')))"
    return f"TRY_STRPTIME(v, '{pattern}')"


def number_share(values: Sequence[str]) -> float:
    """Share of the values that are numbers, in whatever notation, a currency sign allowed."""
    texts = filled(values)
    fitting = sum(bool(_NUMBER.fullmatch(_CURRENCY_MARK.sub("", text))) for text in texts)
    return fitting / max(len(texts), 1)


def number_guess(values: Sequence[str]) -> NumberGuess:
    """How these values write their decimals and thousands.

    Most values decide: one that is written otherwise must not turn all the others over.
    """
    texts = [_CURRENCY_MARK.sub("", text).strip() for text in filled(values)]
    texts = [re.sub(r"[\u00a0\u202f]", " ", text) for text in texts]
    blank = next((sign for sign in (" ", "'") if any(sign in text for text in texts)), "")
    votes = Counter(filter(None, map(_decimal_of, texts)))
    if votes:
        decimal = votes.most_common(1)[0][0]
        other = "." if decimal == "," else ","
        parted = any(_is_parted(text, other) for text in texts)
        return _numbers(decimal, other if parted else blank, is_sure=True)
    # Three digits after every sign may be thousands or decimals: commas part thousands, more often.
    if any("," in text for text in texts):
        return _numbers(".", ",", is_sure=False)
    return _numbers(".", blank, is_sure=not any("." in text for text in texts))


def _decimal_of(text: str) -> str | None:
    """The decimal sign that a value alone proves, if it does."""
    signs = [sign for sign in text if sign in ",."]
    if not signs:
        return None
    if len(set(signs)) > 1:
        return signs[-1]
    if len(signs) > 1:
        return "." if signs[0] == "," else ","
    return None if _is_parted(text, signs[0]) else signs[0]


def _is_parted(text: str, sign: str) -> bool:
    """Whether this sign stands between groups of three digits of the whole number."""
    return bool(re.match(rf"[+-]?[1-9]\d{{0,2}}(?:\{sign}\d{{3}})+(?!\d)", text))


def _numbers(decimal: str, thousands: str, *, is_sure: bool) -> NumberGuess:
    return NumberGuess(decimal, thousands, is_sure)  # type: ignore[arg-type]


def whole_share(values: Sequence[str]) -> float:
    """Share of the values that are whole numbers."""
    texts = filled(values)
    fitting = sum(bool(re.fullmatch(r"[+-]?\d+([.,]0+)?", text)) for text in texts)
    return fitting / max(len(texts), 1)
