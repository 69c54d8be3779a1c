"""The shapes of pages: past scores, changed scores, events of the journal."""

from typing import Any, NotRequired

from typing_extensions import TypedDict

from serving.api.score_shapes import AnyScore, FlatScore


class Next(TypedDict):
    """Where a list goes on."""

    after: str


class Paging(TypedDict):
    """Whether a list goes on now; `next` of a feed is there even if it does not yet."""

    more: bool
    next: NotRequired[Next]


class CodeObject(TypedDict):
    """A reason's code and whether it raised or lowered the risk."""

    code: str
    direction: str


class ChangeObject(TypedDict):
    """What is different from the entry before; null where there is nothing to compare."""

    probability_delta: float | None
    band_before: str | None
    band_after: str | None
    reasons_appeared: list[str]
    reasons_disappeared: list[str]
    model_changed: bool
    definition_changed: bool


class PastAmount(TypedDict):
    """The value expected then."""

    amount: str
    currency: str


class HistoryEntry(TypedDict):
    """A score as it was from `as_of` on, until the next entry."""

    as_of: str
    published_at: str
    available: bool
    reason: NotRequired[str]
    definition: str
    probability: NotRequired[float]
    band: NotRequired[str]
    cltv: NotRequired[PastAmount]
    reasons: list[CodeObject]
    model_version: str
    changed: NotRequired[ChangeObject]


class HistoryPage(TypedDict):
    """Past scores of one customer, the newest first."""

    customer_id: str
    entries: list[HistoryEntry]
    paging: Paging


class ScoresPage(TypedDict):
    """Scores that changed, those that changed first first."""

    scores: list[AnyScore | FlatScore]
    paging: Paging


class EventObject(TypedDict):
    """An event; `id` is the one that a webhook of it has."""

    id: str
    type: str
    timestamp: str
    data: dict[str, Any]


class JournalPage(TypedDict):
    """Events, the oldest first."""

    events: list[EventObject]
    paging: Paging
