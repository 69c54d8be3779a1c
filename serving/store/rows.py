"""Scores as rows of tables and back, and what of a score is the customer's own."""

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC
from typing import Any

from serving.store.shapes import Generation, Reason, Score
from serving.store.tables import HISTORY, SCORES

WriteDocument = Callable[[Score, Generation], tuple[bytes, str]]
"""A score's ready answer and its ETag."""

CONTENT_BYTES = 12
# Texts, then chances and counts, then money: as far as an answer shows them, then the reasons.
_TOLD = "\0".join(["%s"] * 7 + ["%.6f"] * 4 + ["%.2f"] * 6 + ["%s"])
RAISES, LOWERS = "+", "-"

SCORE_COLUMNS = tuple(column.name for column in SCORES.columns)
HISTORY_COLUMNS = tuple(column.name for column in HISTORY.columns)
_GENERATION_FIELDS = tuple(one.name for one in fields(Generation))
_SCORE_FIELDS = tuple(one.name for one in fields(Score) if one.name != "reasons")
_to_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to write: all scores, and those that changed, for the history."""

    scores: list[Row]
    history: list[Row]


def rows_of(
    scores: Sequence[Score],
    generation: Generation,
    before: dict[str, tuple[bytes, int]],
    document: WriteDocument | None,
) -> Rows:
    """Rows of a numbered generation; `before` is content and last change of these customers.

    Raises ValueError for a score that is neither a number nor unavailable: a database would turn
    it into a silent gap.
    """
    number, seed, rows = generation.generation, _seed(generation), Rows([], [])
    for score in scores:
        _check_numbers(score)
        reasons = _to_json([_reason_row(one) for one in score.reasons])
        content = _content(score, reasons, seed)
        last = before.get(score.customer_id)
        changed_in = last[1] if last is not None and last[0] == content else number
        body, etag = document(score, generation) if document else (None, None)
        rows.scores.append(_score_row(score, number, (reasons, content, changed_in, etag, body)))
        if changed_in == number:
            rows.history.append(_history_row(score, number))
    return rows


def _score_row(score: Score, number: int, last: Row) -> Row:
    """The values of `SCORE_COLUMNS`."""
    return (
        number, score.customer_id, score.market, score.unavailable_reason,
        score.churn_probability, score.percentile, score.band, score.alive_probability,
        score.expected_orders, score.cltv, score.cltv_low, score.cltv_high,
        score.cltv_if_retained, score.value_at_stake, score.value_band,
        score.last_order_on.isoformat(), score.order_days_count, score.spend_value,
        score.usual_gap_days, *last,
    )  # fmt: skip


def _reason_row(one: Reason) -> Row:
    return (one.code, one.direction, one.weight, one.value, one.typical, one.unit, one.meaning)


def _history_row(score: Score, number: int) -> Row:
    """The values of `HISTORY_COLUMNS`."""
    codes = ",".join(
        (RAISES if one.direction == "raises" else LOWERS) + one.code for one in score.reasons
    )
    return (
        score.customer_id, number, score.churn_probability, score.band, score.cltv,
        score.unavailable_reason, codes,
    )  # fmt: skip


def told_codes(text: str) -> tuple[tuple[str, str], ...]:
    """Codes and directions of a row of the history.

    >>> told_codes("+silence.own,-money")
    (('silence.own', 'raises'), ('money', 'lowers'))
    """
    codes = text.split(",") if text else []
    return tuple((code[1:], "raises" if code[0] == RAISES else "lowers") for code in codes)


def score_of(row: Any) -> Score:
    """The score of a row of `scores`."""
    values = {name: row[name] for name in _SCORE_FIELDS}
    return Score(**values, reasons=tuple(Reason(*reason) for reason in row["reasons"]))


def generation_of(row: Any) -> Generation:
    """The generation of a row of `score_generations`."""
    # SQLite forgets the zone of a time; it was UTC when written.
    values = {name: row[name] for name in _GENERATION_FIELDS}
    return Generation(**values | {"published_at": row["published_at"].replace(tzinfo=UTC)})


def _seed(generation: Generation) -> hashlib.blake2b:
    """What decides how a customer's numbers are to be read, without the day and the model."""
    shared = (
        generation.churn_definition, generation.churn_horizon_days, generation.value_horizon_days,
        generation.value_interval, generation.currency,
    )  # fmt: skip
    return hashlib.blake2b(repr(shared).encode(), digest_size=CONTENT_BYTES)


def _content(score: Score, reasons: str, seed: hashlib.blake2b) -> bytes:
    told = _TOLD % (
        score.market, score.unavailable_reason, score.percentile, score.band, score.value_band,
        score.last_order_on, score.order_days_count,
        _number(score.churn_probability), _number(score.alive_probability),
        _number(score.expected_orders), _number(score.usual_gap_days),
        score.spend_value, _number(score.cltv), _number(score.cltv_low), _number(score.cltv_high),
        _number(score.cltv_if_retained), _number(score.value_at_stake), reasons,
    )  # fmt: skip
    digest = seed.copy()
    digest.update(told.encode())
    return digest.digest()


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _check_numbers(score: Score) -> None:
    numbers = (score.churn_probability, score.cltv, score.value_at_stake)
    whole = all(number is not None and math.isfinite(number) for number in numbers)
    if whole == (score.unavailable_reason is not None):
        message = "a score must have its numbers or a reason why it has none"
        raise ValueError(message)


def only_once(scores: Iterable[Score]) -> None:
    """Nothing, if no customer is here twice. Raises ValueError."""
    ids = [score.customer_id for score in scores]
    if len(set(ids)) < len(ids):
        message = "a customer has two scores in one generation"
        raise ValueError(message)
