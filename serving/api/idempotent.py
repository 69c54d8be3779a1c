"""Writes that are done once: between the header `Idempotency-Key` and the kept answers."""

import re
from collections.abc import Callable
from typing import Annotated

from anyio import to_thread
from fastapi import Header
from starlette.requests import Request
from starlette.responses import Response

from serving.access.access import Access
from serving.access.replies import Conflict, Reply, Write
from serving.api.permissions import caller_of
from serving.api.problems import BAD_KEY, ERASED, OTHER_REQUEST, STILL_RUNNING, Problem

MAX_NAME_CHARS = 255
_NAME = re.compile(rf"[\x21-\x7e]{{1,{MAX_NAME_CHARS}}}")

# What a route that writes takes as a parameter, so that its documentation says so.
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A name that you give this write. Sent again within 7 days with the same body, "
        "it is not done again and gets the same answer.",
        # Only described: what breaks it is a problem of its own, see below.
        json_schema_extra={"pattern": f"^{_NAME.pattern}$"},
    ),
]


async def answered_once(
    request: Request, access: Access, name: str | None, work: Callable[[bytes], Reply]
) -> Response:
    """The answer of `work` to the body, done once for each name; without a name, done each time.

    Runs in a thread. Raises Problem: 400 for a bad name, 409 while the first request runs, 410 if
    its answer was erased, 422 if the name belongs to another request.
    """
    body = await request.body()
    if name is None:
        return _response(await to_thread.run_sync(work, body))
    if not _NAME.fullmatch(name):
        detail = f"Use 1 to {MAX_NAME_CHARS} visible ASCII characters."
        raise Problem(BAD_KEY, detail)
    target = f"{request.method} {request.url.path}?{request.url.query}"
    write = Write(caller_of(request).key_id, name, target, body)
    outcome = await to_thread.run_sync(lambda: access.replies.once(write, work))
    if isinstance(outcome, Conflict):
        raise _problem(outcome)
    return _response(outcome)


def _response(reply: Reply) -> Response:
    headers = {"Cache-Control": "no-store"}
    if reply.was_kept:
        headers["Idempotency-Replayed"] = "true"
    return Response(reply.body, reply.status, headers, reply.media_type)


def _problem(conflict: Conflict) -> Problem:
    if conflict.why == "running":
        return Problem(STILL_RUNNING, headers={"Retry-After": str(conflict.retry_seconds)})
    if conflict.why == "erased":
        return Problem(ERASED, "It was done; it is not done again.")
    return Problem(OTHER_REQUEST, "Give every write a key of its own.")
