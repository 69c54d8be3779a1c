"""The REST API: scores of stored customers, scores of histories sent along, the model's card.

Each request takes one published generation at its start and answers from that one alone.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, TextIO

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import BaseRoute

from serving.access.access import Access
from serving.api import documentation
from serving.api.answers import (
    PathId,
    body_response,
    json_response,
    language_of,
    path_id,
    require_known_query,
    revalidated,
)
from serving.api.door import Door, InFlight
from serving.api.following import add_following
from serving.api.guard import Guard
from serving.api.inputs import BatchGet, Predict, Wanted
from serving.api.json_body import read_model
from serving.api.lookups import (
    Look,
    ModelCard,
    Results,
    get_ready,
    get_score,
    get_scores,
    model_card,
    predict,
)
from serving.api.metrics import MEDIA_TYPE, Counted, Metrics
from serving.api.operations import ACCEPT_LANGUAGE, IF_NONE_MATCH, headers
from serving.api.permissions import NeedsRoute, caller_of, needs, require_scopes
from serving.api.problems import BUSY, Problem, ProblemBody, install_handlers
from serving.api.score_shapes import AnyScore, FlatScore
from serving.api.traced import Traced
from serving.logs import AccessLog
from serving.state import ServerState

PREDICTING = 2  # at a time; more would only make each other slower
WAITING_TO_PREDICT = 16

Asked = Annotated[Wanted, Query()]


class Api(FastAPI):
    """The application; its OpenAPI document also describes bodies that it parses itself."""

    metrics: Metrics
    access: Access
    layers: list[Middleware]  # for every request, the outermost first

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = documentation.completed(super().openapi())
        return self.openapi_schema


def make_app(
    state: ServerState,
    extra_routes: Sequence[BaseRoute] = (),
    *,
    log_stream: TextIO | None = None,
) -> Api:
    """The whole application, for any ASGI server; `extra_routes` are those of the page.

    With a stream, a line of JSON is written to it for each request.
    """
    app = Api(
        title="Regulars",
        version=documentation.API_VERSION,
        description=documentation.DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        dependencies=[Depends(require_known_query)],
    )
    app.metrics = Metrics(state)
    app.access = Access(lambda: state.settings, state.clock)
    app.layers = _layers(app, log_stream)
    install_handlers(app)
    app.include_router(_router(state))

    def metrics(_: Request) -> Response:
        return Response(app.metrics.text(), media_type=MEDIA_TYPE)

    pages = documentation.routes(app.openapi)
    measured = NeedsRoute("/metrics", metrics, scope="metrics")
    app.router.routes.extend([measured, *pages, *extra_routes])
    require_scopes(app.routes)
    # The outermost first.
    app.user_middleware = [*app.layers, Middleware(InFlight, access=app.access)]
    return app


def _layers(app: Api, log_stream: TextIO | None) -> list[Middleware]:
    @lru_cache(maxsize=1)
    def access_log() -> AccessLog | None:
        share = app.access.settings.serve.log_share
        return None if log_stream is None else AccessLog(log_stream, share)

    return [
        Middleware(Traced, access_log=access_log),
        Middleware(Counted, metrics=app.metrics),
        Middleware(Door, access=app.access),
        Middleware(Guard),
    ]


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document, without a business and without a server."""
    return make_app(ServerState()).openapi()


def _answers(model: object, *statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route can answer, for the OpenAPI document."""
    answers: dict[int | str, dict[str, Any]] = {200: {"model": model}}
    return answers | {
        status: {"model": ProblemBody} for status in (401, 403, *statuses, 422, 429, 503)
    }


def _router(state: ServerState) -> APIRouter:
    router = APIRouter(prefix="/v1")
    _add_reading(router, state)
    add_following(router, state)
    _add_posting(router, state)
    return router


def _look(request: Request, wanted: Wanted) -> Look:
    return Look(
        view=wanted.view,
        language=language_of(request, wanted.lang),
        caller=caller_of(request),
    )


def _add_reading(router: APIRouter, state: ServerState) -> None:
    @router.get(
        # `:path`, because an id may hold a slash.
        "/customers/{customer_id:path}/score",
        operation_id="getScore",
        dependencies=[needs("scores:read")],
        summary="The score of one customer",
        responses=_answers(AnyScore | FlatScore, 404)
        | {
            200: {"model": AnyScore | FlatScore, "headers": headers("ETag")},
            304: {"description": "Not modified", "headers": headers("ETag")},
        },
        openapi_extra={"parameters": [IF_NONE_MATCH, ACCEPT_LANGUAGE]},
    )
    def one_score(request: Request, customer_id: PathId, wanted: Asked) -> Response:
        look = _look(request, wanted)
        headers, asked = {"Content-Language": look.language}, path_id(request, customer_id)
        if (ready := get_ready(state, asked, look)) is not None:
            return revalidated(request, body_response(ready[0], headers), ready[1])
        return revalidated(request, json_response(get_score(state, asked, look), headers))

    @router.get(
        "/models/current",
        operation_id="getCurrentModel",
        dependencies=[needs("scores:read")],
        summary="The model behind the published scores, with its grades",
        responses=_answers(ModelCard),
    )
    def current_model() -> Response:
        return json_response(model_card(state))


def _add_posting(router: APIRouter, state: ServerState) -> None:
    predicting = anyio.CapacityLimiter(PREDICTING)

    @router.post(
        "/scores:batchGet",
        operation_id="batchGetScores",
        dependencies=[needs("scores:read")],
        summary="The scores of up to 1,000 customers",
        responses=_answers(Results, 400, 408, 413, 415),
        openapi_extra=documentation.request_body(BatchGet) | {"parameters": [ACCEPT_LANGUAGE]},
    )
    async def many_scores(request: Request, wanted: Asked) -> Response:
        body, look = await request.body(), _look(request, wanted)
        return await _in_thread(lambda: get_scores(state, read_model(body, BatchGet), look))

    @router.post(
        "/scores:predict",
        operation_id="predictScores",
        dependencies=[needs("scores:read")],
        summary="Scores of order histories that need not be stored",
        responses=_answers(Results, 400, 408, 413, 415),
        openapi_extra=documentation.request_body(Predict) | {"parameters": [ACCEPT_LANGUAGE]},
    )
    async def predicted_scores(request: Request, wanted: Asked) -> Response:
        if predicting.statistics().tasks_waiting >= WAITING_TO_PREDICT:
            raise Problem(BUSY, "Too many predictions are waiting.")
        body, look = await request.body(), _look(request, wanted)
        return await _in_thread(
            lambda: predict(state, read_model(body, Predict), look), limiter=predicting
        )


async def _in_thread(
    answer: Callable[[], object], *, limiter: anyio.CapacityLimiter | None = None
) -> Response:
    """The answer as JSON, computed beside the event loop so that other requests go on."""
    return await anyio.to_thread.run_sync(lambda: json_response(answer()), limiter=limiter)
