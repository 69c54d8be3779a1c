"""Prometheus metrics: how requests go, and how old the scores are that they are answered from.

Labels hold the route's pattern, never the path: a path has a customer's id in it, and one label
per customer would keep every id in memory and show it to whoever reads the metrics.
"""

from timeit import default_timer

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.gauges import ScoresCollector
from serving.state import ServerState

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one application."""

    def __init__(self, state: ServerState) -> None:
        """Count from zero; the state is asked each time the metrics are read."""
        # A registry of its own, so that several applications can live in one process.
        self._registry = CollectorRegistry()
        self._registry.register(ScoresCollector(state))
        self._requests = Counter(
            "regulars_requests",
            "Requests answered.",
            ("route", "method", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "regulars_request_seconds",
            "Seconds from a request's headers to its answer's last byte.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )

    def observe(self, *, route: str, method: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class Counted:
    """An ASGI layer that counts every answer of the application below."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        """Stand before `app`."""
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and look at the status that comes back."""
        if scope["type"] != "http" or _PASSED in scope:
            await self.app(scope, receive, send)
            return
        scope[_PASSED] = True
        start, status = default_timer(), 499  # 499: the client went before there was an answer

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            self.metrics.observe(
                route=route_of(scope),
                method=known_method(scope),
                status=status,
                seconds=default_timer() - start,
            )


_PASSED = "regulars.counted"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def known_method(scope: Scope) -> str:
    """The method, or `other` for what a stranger made up."""
    return str(scope["method"]) if scope["method"] in _METHODS else "other"


def route_of(scope: Scope) -> str:
    """The pattern that matched; for pages, which tell none, the endpoint's name; else `none`."""
    pattern = getattr(scope.get("route"), "path", "")
    return str(pattern or getattr(scope.get("endpoint"), "__name__", "none"))
