"""What the routes that follow scores answer, without HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, cast

from features.markets import decimal_text
from serving.access.keys import Caller
from serving.api.cursors import bad_cursor, cursor_of, place_of
from serving.api.follow_shapes import (
    ChangeObject,
    CodeObject,
    EventObject,
    HistoryEntry,
    HistoryPage,
    JournalPage,
    Next,
    Paging,
    PastAmount,
    ScoresPage,
)
from serving.api.inputs import clean_text
from serving.api.lookups import Look
from serving.api.problems import EVENTS_GONE, FORBIDDEN, UNKNOWN_CUSTOMER, Problem
from serving.api.score_object import DIGITS, score_path
from serving.state import ServerState
from serving.store import BAND_CHANGED, JournalEvent, PastScore, change

NOBODY = ""  # comes before every customer id
_TEXT_OR_NONE = (str, type(None))


@dataclass(frozen=True, slots=True)
class Followed:
    """Which changed scores are wanted."""

    band: str | None = None
    market: str | None = None
    since: datetime | None = None


def get_history(
    state: ServerState, customer_id: str, caller: Caller, *, after: str | None, limit: int
) -> HistoryPage:
    """Past scores of one customer. Raises Problem for an id that has none, or a bad cursor."""
    known = clean_text(customer_id)
    if caller.markets is not None:
        _require_seen(state, known, caller)
    before: int | None = None
    if after is not None:
        (before,) = place_of("history", after, (int,))
    # One more than wanted: the last entry is compared with it, and it tells that there is more.
    found = state.store.history(known, limit=limit + 1, before=before)
    if not found and before is None:
        raise Problem(UNKNOWN_CUSTOMER)
    entries = [_entry(past) for past in found[:limit]]
    for entry, (now, then) in zip(entries, pairwise(found), strict=False):
        entry["changed"] = _changed(then, now)
    paging = Paging(more=len(found) > limit)
    if paging["more"]:
        paging["next"] = Next(after=cursor_of("history", found[limit - 1].generation.generation))
    return HistoryPage(customer_id=customer_id, entries=entries, paging=paging)


def get_changed(
    state: ServerState, followed: Followed, look: Look, *, after: str | None, limit: int
) -> ScoresPage:
    """A page of changed scores, read from the current generation. Raises Problem."""
    generation = state.generation()
    market = _market_seen(followed.market, look.caller)
    filters = (followed.band, market)
    if after is not None:
        types = (_TEXT_OR_NONE, _TEXT_OR_NONE, int, str)
        *of_cursor, since, last = place_of("scores", after, types)
        if tuple(of_cursor) != filters:
            raise bad_cursor(
                "The cursor is of other filters; send the band and market it began with."
            )
        place = since, last
    else:
        place = _first_place(state, followed.since)
    found = state.store.changed(
        generation.generation, after=place, band=followed.band, market=market,
        limit=limit + 1,
    )  # fmt: skip
    shown, more = found[:limit], len(found) > limit
    if shown:
        place = shown[-1].since, shown[-1].score.customer_id
    return ScoresPage(
        scores=[look.of(one.score, generation) for one in shown],
        paging=Paging(more=more, next=Next(after=cursor_of("scores", *filters, *place))),
    )


def get_journal(
    state: ServerState, caller: Caller, *, after: str | None, limit: int
) -> JournalPage:
    """A page of the journal. Raises Problem for a bad cursor, or one whose events are gone."""
    if caller.markets is not None:
        raise Problem(FORBIDDEN, "The journal tells of all markets; the key is for some.")
    journal, place = state.store.journal, 0
    if after is not None:
        (place,) = place_of("journal", after, (int,))
        if journal.first() > place + 1:
            detail = "Begin again without a cursor, after reading all scores anew."
            raise Problem(EVENTS_GONE, detail)
    found = journal.events(after=place, limit=limit + 1)
    shown, more = found[:limit], len(found) > limit
    last = shown[-1].sequence if shown else place
    return JournalPage(
        events=[_event(one) for one in shown],
        paging=Paging(more=more, next=Next(after=cursor_of("journal", last))),
    )


def _require_seen(state: ServerState, customer_id: str, caller: Caller) -> None:
    """Nothing, if the customer's market is one of the key's; else Problem, as of nobody known."""
    score = state.store.scores(state.generation().generation, [customer_id]).get(customer_id)
    if score is None or not caller.sees(score.market):
        raise Problem(UNKNOWN_CUSTOMER)


def _market_seen(market: str | None, caller: Caller) -> str | None:
    """The market to filter by. Raises Problem for one that the key is not for."""
    if caller.markets is None:
        return market
    if market is None and len(caller.markets) == 1:
        return next(iter(caller.markets))
    if market is None or not caller.sees(market):
        raise Problem(FORBIDDEN, "The key is for some markets; name one of them as market.")
    return market


def _first_place(state: ServerState, since: datetime | None) -> tuple[int, str]:
    if since is None:
        return 0, NOBODY
    moment = since if since.tzinfo else since.replace(tzinfo=UTC)
    return state.store.published_by(moment) + 1, NOBODY


def _entry(past: PastScore) -> HistoryEntry:
    generation, probability = past.generation, past.churn_probability
    parts = {
        "as_of": generation.as_of.isoformat(),
        "published_at": _time(generation.published_at),
        "available": past.unavailable_reason is None,
        "reason": past.unavailable_reason,
        "definition": generation.churn_definition,
        "probability": None if probability is None else round(probability, DIGITS),
        "band": past.band,
        "cltv": _amount(past),
        "reasons": [CodeObject(code=code, direction=way) for code, way in past.reasons],
        "model_version": generation.model_version,
    }
    known = {name: part for name, part in parts.items() if part is not None}
    return cast("HistoryEntry", known)


def _amount(past: PastScore) -> PastAmount | None:
    if past.cltv is None:
        return None
    currency = past.generation.currency
    return PastAmount(amount=decimal_text(past.cltv, currency), currency=currency)


def _changed(then: PastScore, now: PastScore) -> ChangeObject:
    found = change(then, now)
    return ChangeObject(
        probability_delta=found.probability_delta,
        band_before=found.band_before,
        band_after=found.band_after,
        reasons_appeared=list(found.reasons_appeared),
        reasons_disappeared=list(found.reasons_disappeared),
        model_changed=found.model_changed,
        definition_changed=found.definition_changed,
    )


def _event(event: JournalEvent) -> EventObject:
    data: dict[str, Any] = dict(event.data)
    if event.customer_id is not None:
        data |= {"customer_id": event.customer_id, "link": score_path(event.customer_id)}
    if event.kind == BAND_CHANGED:
        data |= {"before": event.before, "after": event.after}
    if event.as_of is not None:
        data["as_of"] = event.as_of.isoformat()
    return EventObject(
        id=f"evt_{event.sequence}", type=event.kind, timestamp=_time(event.occurred_at), data=data
    )


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
