"""Errors as `application/problem+json` (RFC 9457), one shape for everything that goes wrong.

A problem says what is wrong and where (`errors`), never what was sent: a value may be personal.
`type` points to the sentence that explains it on the page `/docs`.
"""

import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NotRequired

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from sqlalchemy.exc import SQLAlchemyError
from starlette._utils import get_route_path
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path
from typing_extensions import TypedDict

from features.errors import NotReady, RegularsError
from serving.api.meant import meant

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 30
ERRORS_SHOWN = 20  # more would only repeat the same mistake
FRAMES = 8  # of a traceback in the log; those further out are the server's
UNKNOWN_NAME = "The name is not known here"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]{1,50}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the last part of its `type`, its status and its title."""

    name: str
    status: int
    title: str


MALFORMED = Kind("malformed-json", 400, "The body is not acceptable JSON")
BAD_CURSOR = Kind("bad-cursor", 400, "The cursor is not one of this list")
BAD_KEY = Kind("bad-idempotency-key", 400, "The Idempotency-Key cannot be used")
NO_KEY = Kind("no-key", 401, "This needs an API key")
FORBIDDEN = Kind("forbidden", 403, "The API key is not for this")
PAGE_CLOSED = Kind("page-closed", 403, "The page is open on the server's own machine only")
NO_ROUTE = Kind("no-such-route", 404, "There is nothing at this address")
UNKNOWN_CUSTOMER = Kind("unknown-customer", 404, "No customer with this id is known")
METHOD = Kind("method-not-allowed", 405, "The address does not answer this method")
SLOW_BODY = Kind("slow-body", 408, "The body did not arrive in time")
EVENTS_GONE = Kind("events-gone", 410, "Events behind this cursor are no longer kept")
STILL_RUNNING = Kind("still-running", 409, "The first request with this key is not done yet")
ERASED = Kind("answer-erased", 410, "The answer was erased with the customer it was about")
TOO_LARGE = Kind("body-too-large", 413, "The body is larger than the limit")
NOT_JSON = Kind("not-json", 415, "Only application/json is accepted")
INVALID = Kind("invalid-request", 422, "A field of the request breaks its contract")
OTHER_REQUEST = Kind("other-request", 422, "The Idempotency-Key belongs to another request")
TOO_MANY = Kind("too-many-requests", 429, "There were too many requests")
INTERNAL = Kind("internal", 500, "The server failed")
NOT_READY = Kind("not-ready", 503, "There are no scores to answer from yet")
BUSY = Kind("busy", 503, "The server has as much to do as it can take")

KINDS = (
    MALFORMED, BAD_CURSOR, BAD_KEY, NO_KEY, FORBIDDEN, PAGE_CLOSED, NO_ROUTE, UNKNOWN_CUSTOMER,
    METHOD, SLOW_BODY, STILL_RUNNING, EVENTS_GONE, ERASED, TOO_LARGE, NOT_JSON, INVALID,
    OTHER_REQUEST, TOO_MANY, INTERNAL, NOT_READY, BUSY,
)  # fmt: skip


class FieldError(TypedDict):
    """Where in the request something is wrong, and what.

    `pointer` is a JSON pointer into the body (`#/customer_ids/3`), `?name` for a query parameter,
    or `{name}` for a part of the path.
    """

    pointer: str
    detail: str


class ProblemBody(TypedDict):
    """The body of every answer that is an error."""

    type: str
    title: str
    status: int
    detail: NotRequired[str]
    errors: NotRequired[list[FieldError]]


class Problem(Exception):
    """Something to answer with a problem instead of a result."""

    def __init__(
        self,
        kind: Kind,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Describe the problem; `detail` and `errors` must not repeat personal values."""
        super().__init__(kind.title)
        self.kind = kind
        self.detail = detail
        self.errors = list(errors[:ERRORS_SHOWN])
        self.headers = dict(headers or {})

    @classmethod
    def at(cls, pointer: str, detail: str, *, kind: Kind = INVALID) -> "Problem":
        """A problem with one place."""
        return cls(kind, errors=[FieldError(pointer=pointer, detail=detail)])

    def body(self) -> ProblemBody:
        """The problem as RFC 9457 writes it."""
        body = ProblemBody(
            type=f"/docs#{self.kind.name}", title=self.kind.title, status=self.kind.status
        )
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = self.errors
        return body

    def response(self) -> Response:
        """The answer to send."""
        headers = {"Cache-Control": "no-store"} | self.headers
        if self.kind.status == HTTPStatus.SERVICE_UNAVAILABLE:
            headers.setdefault("Retry-After", str(RETRY_SECONDS))
        return JSONResponse(
            self.body(), status_code=self.kind.status, media_type=MEDIA_TYPE, headers=headers
        )


def field_errors(
    errors: Sequence[Any], *, root: str = "#", model: object = None
) -> list[FieldError]:
    """What pydantic found wrong, as pointers, without the values that it saw.

    With the model, a name that is not known is answered with the one that is close to it.

    >>> field_errors([{"loc": ("customer_ids", 3), "msg": "Too long", "type": "too_long"}])
    [{'pointer': '#/customer_ids/3', 'detail': 'Too long'}]
    """
    return [_field_error(error, root, model) for error in errors[:ERRORS_SHOWN]]


def _field_error(error: Mapping[str, Any], root: str, model: object) -> FieldError:
    steps = list(error["loc"])
    detail = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] in {"model_type", "model_attributes_type"}:
        detail = "This must be a JSON object"
    elif error["type"] == "extra_forbidden":
        close = meant(model, steps)
        detail = f"The name is not known here; did you mean {close}?" if close else UNKNOWN_NAME
        # A name that nobody declared can hold anything, a person's address too.
        if not _PLAIN_KEY.fullmatch(str(steps[-1])):
            steps.pop()
            detail = "A name in here is not known"
    return FieldError(pointer=_pointer(steps, root), detail=detail)


def _pointer(steps: Sequence[int | str], root: str) -> str:
    escaped = [str(step).replace("~", "~0").replace("/", "~1") for step in steps]
    return "/".join([root, *escaped]) if root == "#" else root + ".".join(escaped)


def internal_problem(error: Exception, scope: Mapping[str, Any]) -> Problem:
    """The answer to an error of ours, after a log line that repeats no value of the request."""
    frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)[-FRAMES:]))
    # The message of a foreign error can hold data (SQL parameters do), so only its name is kept.
    log.error("%s while answering %s\n%s", type(error).__name__, scope["method"], frames)
    return Problem(INTERNAL, "The fault is logged. Trying again may help.")


def problem_of(error: Exception) -> Problem | None:
    """The problem that a known error stands for, or None."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, NotReady):
        return Problem(NOT_READY, str(error))
    if isinstance(error, RegularsError):
        return Problem(NOT_READY, "The scores cannot be read now; the operator's log says why.")
    if isinstance(error, SQLAlchemyError):
        return Problem(NOT_READY, "The score store cannot be read now.")
    return None


def install_handlers(app: FastAPI) -> None:
    """Let every known error of this application be answered with its problem."""

    def known(_: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem is None:
            raise error
        if not isinstance(error, Problem):
            log.warning("%s: %s", problem.kind.name, type(error).__name__)
        return problem.response()

    for error_class in (Problem, RegularsError, SQLAlchemyError):
        app.add_exception_handler(error_class, known)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)


def _answer_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    kinds = {404: NO_ROUTE, 405: METHOD, 413: TOO_LARGE, 415: NOT_JSON}
    phrase = HTTPStatus(error.status_code).phrase
    kind = kinds.get(error.status_code, Kind("other", error.status_code, phrase))
    headers = dict(error.headers or {})
    if kind is METHOD:
        headers["Allow"] = ", ".join(_methods(request))
    return Problem(kind, headers=headers).response()


def _methods(request: Request) -> list[str]:
    """What the address answers, by whichever of its routes; a router tells of the first alone."""
    path, found = get_route_path(request.scope), set[str]()
    for route in iter_route_contexts(request.app.routes):
        if route.path and compile_path(route.path)[0].match(path):
            found |= set(getattr(route, "methods", None) or ())
    return sorted(found)


def _answer_invalid(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [one | {"loc": one["loc"][1:]} for one in error.errors()]
    models = [one.field_info.annotation for one in request.scope["route"].dependant.query_params]
    model = models[0] if len(models) == 1 else None
    return Problem(INVALID, errors=field_errors(found, root="?", model=model)).response()
