"""The outermost layer: a request's id and its place in a trace, and its line in the log."""

import os
import re
from collections.abc import Callable
from timeit import default_timer

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.access.keys import Caller
from serving.api.metrics import known_method, route_of
from serving.api.permissions import CALLER
from serving.logs import AccessLog, request_ids

_PASSED = "regulars.traced"
_CLEAN = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TRACE = re.compile(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")
_NO_TRACE, _NO_PARENT = b"0" * 32, b"0" * 16


class Traced:
    """Names every request, passes the trace on, and writes its line."""

    def __init__(self, app: ASGIApp, access_log: Callable[[], AccessLog | None]) -> None:
        """Stand before `app`; without a log only the headers are set."""
        self.app = app
        self.access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and add the ids to what comes back."""
        if scope["type"] != "http" or _PASSED in scope:
            await self.app(scope, receive, send)
            return
        scope[_PASSED] = True
        start, status = default_timer(), 499  # 499: the client went before there was an answer
        told, ids = ids_of(scope["headers"])

        async def telling(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), *told]
            await send(message)

        here = request_ids.set(ids)
        try:
            await self.app(scope, receive, telling)
        finally:
            request_ids.reset(here)
            log = self.access_log()
            if log is not None:
                caller = scope.get(CALLER)
                log.write(
                    status=status,
                    method=known_method(scope),
                    route=route_of(scope),
                    ms=round((default_timer() - start) * 1000, 2),
                    key=caller.key_id if isinstance(caller, Caller) else None,
                    **ids,
                )


def ids_of(headers: list[tuple[bytes, bytes]]) -> tuple[list[tuple[bytes, bytes]], dict[str, str]]:
    """The headers that an answer gets, and the ids that log lines get.

    >>> ids_of([(b"x-request-id", b"job-7")])
    ([(b'x-request-id', b'job-7')], {'request_id': 'job-7'})
    """
    request_id = trace = b""
    for name, value in headers:
        if name == b"x-request-id" and _CLEAN.fullmatch(value):
            request_id = value
        elif name == b"traceparent":
            trace = value
    request_id = request_id or os.urandom(16).hex().encode()
    told, ids = [(b"x-request-id", request_id)], {"request_id": request_id.decode()}
    found = _TRACE.fullmatch(trace)
    # All zeros is what the specification calls invalid, to be passed over.
    if found and found[1] != _NO_TRACE and found[2] != _NO_PARENT:
        told.append((b"traceparent", trace))
        ids["trace_id"] = found[1].decode()
    return told, ids
