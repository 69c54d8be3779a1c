"""The text of a first `regulars.yml`: what was guessed, every key explained, ready for changes."""

import json
import os
from pathlib import Path

from features.market_settings import Market
from features.markets import is_known_currency
from features.readiness import HORIZONS_NEEDED, WINDOWS_DAYS, Readiness
from features.settings import ValueSettings
from features.sources.guess import Guess
from features.sources.values import EPOCH_FORMATS

_MEANING = {
    "customer_id": "who ordered",
    "timestamp": "when",
    "amount": "money of the row, or a product such as quantity*unit_price",
    "order_id": "rows with one id are one order",
    "quantity": "units bought",
    "product": "what was bought",
    "currency": "rows in another currency than the market's are refused",
    "market": "market of the row, as named below",
    "paid_until": "first day no longer paid, for subscriptions",
    "discount": "money taken off, already left out of the amount",
    "cost": "what the goods cost the business",
    "category": "category of the product",
    "channel": "where it was bought",
    "event_id": "identity of the row",
    "arrived_at": "when the business came to know the row",
}
_COMMENT_COLUMN = 46


def settings_text(
    guess: Guess, readiness: Readiness, *, folder: Path, business: str = "My business"
) -> str:
    """The settings file for a guessed source; its path is relative to `folder`.

    `folder` is where the file will be written. The text loads with `load_settings`.
    """
    lines = [
        "# What Regulars needs to know about this business. Change what is wrong; every key left",
        "# out has a default. Any value can come from the environment, such as",
        "# REGULARS_VALUE__MARGIN=0.4.",
        *_comments("Doubtful, please check:", guess.doubts),
        "",
        _line(0, "business", business, "the name on the page"),
        "",
        *_source_lines(guess, folder),
        "",
        *_market_lines(guess),
        "",
        *_goal_lines(readiness),
    ]
    return "\n".join(lines) + "\n"


def _source_lines(guess: Guess, folder: Path) -> list[str]:
    source = guess.source
    path = Path(os.path.relpath(guess.path.resolve(), folder.resolve())).as_posix()
    lines = [
        "sources:",
        "  orders:",
        _line(4, "path", path, "relative to this file"),
        _line(4, "format", source.format, "csv or parquet"),
    ]
    if source.format == "csv":
        lines += [
            "    csv:",
            _line(6, "separator", source.csv.separator, "between columns"),
            _line(6, "decimal", source.csv.decimal, "decimal sign of amounts: . or ,"),
            _line(6, "thousands", source.csv.thousands, "sign between thousands, if there is one"),
            _line(6, "encoding", source.csv.encoding, "such as utf-8, cp1252 or cp1250"),
        ]
    lines.append("    columns:")
    mapped = source.columns.mapped()
    lines += [
        _line(6, role, mapped[role], meaning)
        for role, meaning in _MEANING.items()
        if role in mapped
    ]
    if source.timestamp_format is not None:
        kind = "one of " + ", ".join(EPOCH_FORMATS)
        if source.timestamp_format not in EPOCH_FORMATS:
            kind = "how times are written; without this key ISO 8601"
        lines.append(_line(4, "timestamp_format", source.timestamp_format, kind))
    return [
        *lines,
        _line(4, "duplicates", source.duplicates, "rows equal in every column: drop or keep"),
        _line(
            4,
            "max_refused_share",
            source.max_refused_share,
            "above this share of bad rows nothing is taken",
        ),
        _line(
            4, "max_guest_share", source.max_guest_share, "the same for rows without a customer id"
        ),
    ]


def _market_lines(guess: Guess) -> list[str]:
    is_read = guess.currency is not None and is_known_currency(guess.currency)
    default = Market(currency=guess.currency) if is_read and guess.currency else Market()
    currency_note = "ISO 4217, read from the file" if is_read else "ISO 4217; change it"
    lines = ["# The first market is that of rows that name none."] if guess.markets else []
    lines.append("markets:")
    for name in guess.markets or ("default",):
        lines += [
            f"  {_text(name)}:",
            _line(4, "time_zone", default.time_zone, "decides the day, such as Europe/Prague"),
            _line(4, "currency", default.currency, currency_note),
        ]
    return lines


def _goal_lines(readiness: Readiness) -> list[str]:
    value = ValueSettings()
    fitting = [days for days in WINDOWS_DAYS if HORIZONS_NEEDED * days <= readiness.history_days]
    horizon = max([*fitting, readiness.churn_window_days])
    return [
        f"# {readiness.window_reason}",
        "churn:",
        "  # For subscriptions: kind: subscription-end, with grace_days, and above it a column",
        "  # paid_until (the first day that a payment no longer pays for), one row a payment.",
        _line(2, "kind", "no-order", "a customer has churned when no order came for this long"),
        _line(2, "within_days", readiness.churn_window_days, "how long"),
        "",
        "value:",
        _line(2, "horizon_days", horizon, "how far ahead orders are valued"),
        _line(2, "margin", value.margin, "contribution margin of an order; 1 is revenue"),
        _line(2, "discount_rate", value.discount_rate, "per year"),
        _line(2, "interval", value.interval, "share of customers between low and high value"),
    ]


def _comments(title: str, sentences: tuple[str, ...]) -> list[str]:
    if not sentences:
        return []
    return ["#", f"# {title}", *(f"# - {' '.join(sentence.split())}" for sentence in sentences)]


def _line(indent: int, key: str, value: str | float, comment: str) -> str:
    text = f"{' ' * indent}{key}: {_text(value) if isinstance(value, str) else value}"
    return f"{text:{_COMMENT_COLUMN}} # {comment}"


def _text(value: str) -> str:
    """A text as YAML; JSON's quoting is YAML's, and keeps a tab or `no` what it is."""
    is_plain = value.replace("_", "").replace("-", "").isalpha() and value.casefold() not in _WORDS
    return value if is_plain and value.isascii() else json.dumps(value, ensure_ascii=False)


_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"}
