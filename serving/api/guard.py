"""What a request must pass before any of its bytes are parsed: type, size and time of its body.

An ASGI layer of its own, so that it also stands before routes that are not ours. It reads the whole
body, so the layers below never wait for a slow sender, and answers every failure as a problem.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.problems import (
    BUSY,
    NOT_JSON,
    SLOW_BODY,
    TOO_LARGE,
    Problem,
    internal_problem,
    problem_of,
)

MAX_BODY_BYTES = 8 * 2**20
BODY_SECONDS = 5.0  # below the time limit of the whole request
MAX_ARRIVING_BYTES = 16 * MAX_BODY_BYTES  # of all bodies together that are not whole yet
_PASSED = "regulars.guarded"
# The rest of a refused body would arrive as the next request of the connection.
_CLOSE = {"Connection": "close"}


class Guard:
    """Passes requests without a body, and those with an acceptable JSON body, whole."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_bytes: int = MAX_BODY_BYTES,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        """Stand before `app`."""
        self.app = app
        self.max_bytes = max_bytes
        self.body_seconds = body_seconds
        self._arriving_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a problem, or let the request pass with its body in one piece."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            if _PASSED in scope:  # the body has passed a guard further out
                await self.app(scope, receive, watched)
                return
            scope[_PASSED] = True
            body = await self._body(scope, receive)
            if body is not None:
                await self.app(scope, _replayed(body, receive), watched)
        except Exception as error:
            if started:
                raise
            problem = problem_of(error) or internal_problem(error, scope)
            await problem.response()(scope, receive, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body, empty if there is none; None if the client has gone. Raises Problem."""
        headers = Headers(scope=scope)
        length = headers.get("content-length", "0")
        has_body = "transfer-encoding" in headers or length != "0"
        if not has_body:
            return b""
        _check_type(headers)
        if length.isdecimal() and int(length[:20]) > self.max_bytes:
            raise self._too_large()
        try:
            async with asyncio.timeout(self.body_seconds):
                return await self._received(receive)
        except TimeoutError:
            detail = f"A body has to arrive within {self.body_seconds:g} seconds."
            raise Problem(SLOW_BODY, detail, headers=_CLOSE) from None

    async def _received(self, receive: Receive) -> bytes | None:
        body = bytearray()
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                part = message.get("body", b"")
                body += part
                self._arriving_bytes += len(part)
                if len(body) > self.max_bytes:
                    raise self._too_large()
                if self._arriving_bytes > MAX_ARRIVING_BYTES:
                    raise Problem(BUSY, "Too many bodies arrive at once.", headers=_CLOSE)
                if not message.get("more_body", False):
                    return bytes(body)
        finally:
            self._arriving_bytes -= len(body)

    def _too_large(self) -> Problem:
        return Problem(TOO_LARGE, f"At most {self.max_bytes:,} bytes.", headers=_CLOSE)


def _check_type(headers: Headers) -> None:
    """Nothing for JSON in UTF-8 that is not compressed. Raises Problem."""
    kind, _, parameters = headers.get("content-type", "").partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    if kind.strip().lower() != "application/json" or charset not in {"", "charset=utf-8"}:
        detail = "Send JSON in UTF-8 with the header Content-Type: application/json."
        raise Problem(NOT_JSON, detail, headers=_CLOSE)
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem(NOT_JSON, "Send the body uncompressed.", headers=_CLOSE)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then whatever the connection says."""
    waiting = [body]

    async def replay() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replay
