"""Where every request asks to come in, before a byte of its body is read."""

from contextlib import suppress
from typing import Any

from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette._utils import get_route_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from features.errors import RegularsError
from serving.access.access import Access
from serving.access.admission import KEYED, Area, Refusal, area_of, is_local
from serving.access.keys import Caller
from serving.api.permissions import CALLER, CHALLENGE
from serving.api.problems import BUSY, NO_KEY, NOT_READY, PAGE_CLOSED, TOO_MANY, Kind, Problem

_PASSED = "regulars.admitted"
_INVALID = {"WWW-Authenticate": f'{CHALLENGE["WWW-Authenticate"]}, error="invalid_token"'}
_REFUSALS: dict[str, tuple[Kind, str, dict[str, str]]] = {
    "no-key": (NO_KEY, "Send the header Authorization: Bearer <API key>.", CHALLENGE),
    "wrong-key": (NO_KEY, "The key is unknown, expired or revoked.", _INVALID),
    "too-many": (TOO_MANY, "Wait as long as Retry-After says.", {}),
    "not-here": (
        PAGE_CLOSED,
        "Until people can sign in, the page is shown only to a browser on the server's own "
        "machine, at its loopback address; programs ask below /v1 with an API key.",
        {},
    ),
    "unsure": (NOT_READY, "The API keys cannot be read now.", {}),
}


class Door:
    """Lets pass who may, with the caller in the scope; answers the others."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Stand before `app`."""
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a problem, or let the request pass."""
        if scope["type"] != "http" or _PASSED in scope:
            await self.app(scope, receive, send)
            return
        scope[_PASSED] = True
        area, address = area_of(get_route_path(scope)), _host(scope.get("client")) or ""
        outcome = await self._outcome(scope, area, address)
        if isinstance(outcome, Problem):
            await outcome.response()(scope, receive, send)
            return
        if area not in KEYED:
            await self.app(scope, receive, send)
            return
        scope[CALLER] = outcome
        told = [
            (name.lower().encode(), value.encode())
            for name, value in self.access.admission.headers(outcome, address)
        ]

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *told]
            await send(message)

        await self.app(scope, receive, telling)

    async def _outcome(self, scope: Scope, area: Area, address: str) -> Caller | Problem:
        admission, headers = self.access.admission, scope["headers"]
        if area in KEYED and not admission.gate.is_loaded:
            # Keys that cannot be read leave the gate not fresh, and what needs them unanswered.
            with suppress(RegularsError, SQLAlchemyError, OSError):
                await to_thread.run_sync(admission.gate.load)
        here = is_local(_host(scope.get("server")), address, headers)
        outcome = admission.admit(area, authorization_of(headers), address, is_local=here)
        return _problem(outcome, headers) if isinstance(outcome, Refusal) else outcome


class InFlight:
    """So many answers at once and no more; a request whose body still arrives counts for none."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        """Stand before `app`, behind whoever reads the body."""
        self.app = app
        self.access = access
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or say that the server is full; health and documentation always pass."""
        if scope["type"] != "http" or area_of(get_route_path(scope)) is Area.OPEN:
            await self.app(scope, receive, send)
            return
        if self._count >= self.access.settings.serve.in_flight:
            full = Problem(
                BUSY, "Too many requests are answered now.", headers={"Retry-After": "1"}
            )
            await full.response()(scope, receive, send)
            return
        self._count += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._count -= 1


def authorization_of(headers: list[tuple[bytes, bytes]]) -> bytes | None:
    """The header `Authorization`; two of them are no key at all."""
    given = [value for name, value in headers if name == b"authorization"]
    if not given:
        return None
    return given[0] if len(given) == 1 else b""


def _host(end: Any) -> str | None:
    """The address of one end of a connection; sockets in a file have none."""
    return str(end[0]) if end else None


def _problem(refusal: Refusal, headers: list[tuple[bytes, bytes]]) -> Problem:
    kind, detail, told = _REFUSALS[refusal.why]
    told = dict(told) | dict(refusal.headers)
    if refusal.retry_seconds:
        told["Retry-After"] = str(refusal.retry_seconds)
    # The rest of an unread body would arrive as the next request of the connection.
    lengths = [value for name, value in headers if name == b"content-length"]
    if lengths not in ([], [b"0"]) or any(name == b"transfer-encoding" for name, _ in headers):
        told["Connection"] = "close"
    return Problem(kind, detail, headers=told)
