"""Which route needs which scope: said where the route is made, and asked of the one who comes."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from fastapi import Security
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import RouteContext, iter_route_contexts
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from serving.access.admission import KEYED, area_of
from serving.access.keys import Caller, Scope
from serving.api.problems import FORBIDDEN, NO_KEY, Problem

CALLER = "regulars.caller"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="regulars"'}


class Needs(SecurityBase):
    """A dependency of a route: the caller, if the scope is among those of the key."""

    def __init__(self, scope: Scope) -> None:
        """Describe the scheme for the OpenAPI document."""
        self.scope = scope
        self.model = HTTPBearer(
            bearerFormat="rgl_<id>_<secret>", description="An API key, from: regulars keys create"
        )
        self.scheme_name = "key"

    def __call__(self, request: Request) -> Caller:
        """The caller. Raises Problem without a key, or with one that is not for this."""
        caller = caller_of(request)
        if not caller.may(self.scope):
            wanted = f'{CHALLENGE["WWW-Authenticate"]}, error="insufficient_scope"'
            raise Problem(
                FORBIDDEN,
                f"The key lacks the scope {self.scope}.",
                headers={"WWW-Authenticate": f'{wanted}, scope="{self.scope}"'},
            )
        return caller


def needs(scope: Scope) -> Any:
    """The dependency that a route of FastAPI declares: `dependencies=[needs("scores:read")]`."""
    return Security(Needs(scope), scopes=[scope])


def caller_of(connection: HTTPConnection) -> Caller:
    """Who asks, as the door found out. Raises Problem if nobody stood at the door."""
    caller = connection.scope.get(CALLER)
    if not isinstance(caller, Caller):
        raise Problem(NO_KEY, headers=CHALLENGE)
    return caller


class NeedsRoute(Route):
    """A route of Starlette that needs a scope."""

    def __init__(self, path: str, endpoint: Any, *, scope: Scope) -> None:
        """Ask for the scope before the endpoint."""
        self.needs = Needs(scope)

        def checked(request: Request) -> Response:
            self.needs(request)
            return endpoint(request)

        checked.__name__ = endpoint.__name__
        super().__init__(path, checked)


class Declared(NamedTuple):
    """What one route needs."""

    method: str
    path: str
    scope: str | None  # None: nothing was declared


def declared(routes: Iterable[BaseRoute]) -> Iterator[Declared]:
    """Every route under the rule of keys, with its scope."""
    for route in iter_route_contexts(list(routes)):
        # What has no path of its own could answer any, so it has to be declared as well.
        path = route.path or type(route.original_route).__name__
        if not route.path or area_of(path) in KEYED:
            for method in sorted((getattr(route, "methods", None) or {"ANY"}) - {"HEAD"}):
                yield Declared(method, path, _scope_of(route))


def require_scopes(routes: Iterable[BaseRoute]) -> None:
    """Nothing, if every route says what it needs; else TypeError, so that none is served open."""
    silent = [f"{one.method} {one.path}" for one in declared(routes) if one.scope is None]
    if silent:
        message = f"no scope is declared for {', '.join(silent)}: dependencies=[needs(...)]"
        raise TypeError(message)


def _scope_of(route: RouteContext) -> str | None:
    if isinstance(route.original_route, NeedsRoute):
        return route.original_route.needs.scope
    asked = [one.dependency for one in getattr(route, "dependencies", ())]
    return next((one.scope for one in asked if isinstance(one, Needs)), None)
