"""Routes to follow scores: a customer's history, what changed for whom, the journal of events.

Lists come in pages. `paging.next.after` leads to the next one; of a feed it is always there, so
that a reader keeps the last cursor and asks on with it later.
"""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from serving.api.answers import PathId, json_response, language_of, path_id
from serving.api.cursors import MAX_CURSOR_CHARS
from serving.api.follow_shapes import HistoryPage, JournalPage, ScoresPage
from serving.api.follows import Followed, get_changed, get_history, get_journal
from serving.api.inputs import Input, Moment, Wanted
from serving.api.lookups import Look
from serving.api.operations import ACCEPT_LANGUAGE
from serving.api.permissions import caller_of, needs
from serving.api.problems import ProblemBody
from serving.state import ServerState

MAX_HISTORY, MAX_PAGE, MAX_EVENTS = 100, 500, 1_000

After = Annotated[
    str | None,
    Field(default=None, max_length=MAX_CURSOR_CHARS, description="the cursor of the page before"),
]


class HistoryAsked(Input):
    """Which part of a history is wanted."""

    after: After = None
    limit: int = Field(default=24, ge=1, le=MAX_HISTORY, strict=False, description="entries")


class FeedAsked(Wanted):
    """Which scores are wanted, and how they are to look."""

    changed_since: Moment | None = Field(
        default=None,
        description="scores that changed in a publication after this time (UTC without an offset); "
        "without it, all; a cursor goes before it",
    )
    band: Literal["high", "medium", "low"] | None = Field(
        default=None, description="the churn band that the customer is in now"
    )
    market: str | None = Field(default=None, max_length=200, description="a market's name")
    after: After = None
    limit: int = Field(default=100, ge=1, le=MAX_PAGE, strict=False, description="scores")


class JournalAsked(Input):
    """Which part of the journal is wanted."""

    after: After = None
    limit: int = Field(default=100, ge=1, le=MAX_EVENTS, strict=False, description="events")


def add_following(router: APIRouter, state: ServerState) -> None:
    """Add the routes of this module."""

    @router.get(
        "/customers/{customer_id:path}/score/history",
        operation_id="getScoreHistory",
        dependencies=[needs("scores:read")],
        summary="Past scores of one customer and what changed, the newest first",
        responses=_answers(HistoryPage, 400, 404),
    )
    def history(
        request: Request, customer_id: PathId, asked: Annotated[HistoryAsked, Query()]
    ) -> Response:
        known = path_id(request, customer_id, suffix=b"/score/history")
        caller = caller_of(request)
        return json_response(
            get_history(state, known, caller, after=asked.after, limit=asked.limit)
        )

    @router.get(
        "/scores",
        operation_id="listChangedScores",
        dependencies=[needs("scores:read")],
        summary="Scores that changed, at least once each, whatever is published meanwhile",
        responses=_answers(ScoresPage, 400),
        openapi_extra={"parameters": [ACCEPT_LANGUAGE]},
    )
    def changed(request: Request, asked: Annotated[FeedAsked, Query()]) -> Response:
        look = Look(asked.view, language_of(request, asked.lang), caller_of(request))
        followed = Followed(asked.band, asked.market, asked.changed_since)
        return json_response(
            get_changed(state, followed, look, after=asked.after, limit=asked.limit),
            {"Content-Language": look.language},
        )

    @router.get(
        "/journal",
        operation_id="readJournal",
        dependencies=[needs("scores:read")],
        summary="What happened, in order: the events that webhooks push",
        responses=_answers(JournalPage, 400, 410),
    )
    def journal(request: Request, asked: Annotated[JournalAsked, Query()]) -> Response:
        caller = caller_of(request)
        return json_response(get_journal(state, caller, after=asked.after, limit=asked.limit))


def _answers(model: object, *statuses: int) -> dict[int | str, dict[str, Any]]:
    answers: dict[int | str, dict[str, Any]] = {200: {"model": model}}
    return answers | {
        status: {"model": ProblemBody} for status in (401, 403, *statuses, 422, 429, 503)
    }
