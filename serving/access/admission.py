"""May this request pass? One plain function over bytes and text, for any server to ask.

The order: too many from this address (429), the key (401), too many with this key (429). Whether
the key may do what the route does is asked once the route is known, by `Caller.may`.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Literal

from features.serve_settings import ServeSettings
from serving.access.gate import Gate
from serving.access.keys import LOCAL, Caller
from serving.access.limiter import Limit, Windows, network_of

_BEARER = b"Bearer "
# A server in front adds one of these; then the neighbour is not who asks.
FORWARDING = frozenset(
    {b"x-forwarded-for", b"x-forwarded-host", b"forwarded", b"via", b"x-real-ip"}
)


class Area(Enum):
    """Which rule an address is under."""

    OPEN = "open"  # health, documentation, style sheets
    API = "api"  # needs a key
    METRICS = "metrics"  # needs a key, but not on this machine: no person is in them
    PAGE = "page"  # this machine only, until people can sign in


# Asked with a key from elsewhere, so each of their routes says what it needs.
KEYED = frozenset({Area.API, Area.METRICS})
_OPEN = frozenset({"/livez", "/readyz", "/healthz", "/docs", "/docs.css", "/openapi.json"})


def area_of(path: str) -> Area:
    """The rule that a path is under; what nobody thought of is as closed as the page.

    >>> [area_of(one).value for one in ("/v1/scores", "/docs", "/customers/x", "//v1/scores")]
    ['api', 'open', 'page', 'page']
    """
    if path.startswith("/v1/"):
        return Area.API
    if path == "/metrics":
        return Area.METRICS
    if path in _OPEN or path.startswith("/static/"):
        return Area.OPEN
    return Area.PAGE


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request may not pass; `retry_seconds` only where waiting helps."""

    why: Literal["no-key", "wrong-key", "too-many", "not-here", "unsure"]
    retry_seconds: int = 0
    headers: tuple[tuple[str, str], ...] = ()


class Admission:
    """Keys and limits of one process."""

    def __init__(
        self, gate: Gate, settings: ServeSettings, timer: Callable[[], float] | None = None
    ) -> None:
        """Count from zero."""
        windows = Windows() if timer is None else Windows(timer)
        self.gate = gate
        self._needs_keys = settings.keys == "required"
        self.by_key = Limit("key", settings.key_requests_per_minute, windows)
        self.by_address = Limit("address", settings.address_requests_per_minute, windows)
        self._refused = Limit("refused", settings.refusals_per_minute, windows)

    def admit(
        self, area: Area, authorization: bytes | None, address: str, *, is_local: bool
    ) -> Caller | Refusal:
        """The caller, or why not. `is_local` is what `is_local` says of the connection."""
        if area is Area.OPEN:  # not counted: who asks for health must always get an answer
            return LOCAL
        network = network_of(address)
        if not self.by_address.hit(network):
            return self._too_many(self.by_address, network)
        is_trusted = is_local and not self._needs_keys
        if area is Area.PAGE:
            return LOCAL if is_trusted else Refusal("not-here")
        if authorization is None and is_trusted and area is Area.METRICS:
            return LOCAL
        return self._keyed(authorization, network, is_trusted=is_trusted)

    def _keyed(
        self, authorization: bytes | None, network: str, *, is_trusted: bool
    ) -> Caller | Refusal:
        if not self.gate.is_fresh:
            return Refusal("unsure", retry_seconds=5)
        if authorization is None:
            return LOCAL if is_trusted and not self.gate.has_keys else Refusal("no-key")
        caller = self.gate.caller(secret_of(authorization))
        if caller is None:
            # Only wrong ones are slowed down: a neighbour behind the same address goes on.
            if not self._refused.hit(network):
                return self._too_many(self._refused, network)
            return Refusal("wrong-key")
        if not self.by_key.hit(caller.key_id):
            return self._too_many(self.by_key, caller.key_id)
        return caller

    def headers(self, caller: Caller, address: str) -> tuple[tuple[str, str], ...]:
        """`RateLimit` and `RateLimit-Policy` of an answer: the key's, or else the address's."""
        if caller is LOCAL:
            return _told(self.by_address, network_of(address))
        return _told(self.by_key, caller.key_id)

    def _too_many(self, limit: Limit, who: str) -> Refusal:
        return Refusal("too-many", limit.seconds_left(who), _told(limit, who))


def _told(limit: Limit, who: str) -> tuple[tuple[str, str], ...]:
    if limit.is_open:
        return ()
    return ("RateLimit-Policy", limit.policy), ("RateLimit", limit.state(who))


def secret_of(authorization: bytes) -> bytes:
    """The key in an `Authorization` header, or nothing.

    >>> secret_of(b"Bearer abc"), secret_of(b"bearer  abc "), secret_of(b"Basic abc")
    (b'abc', b'abc', b'')
    """
    if authorization.startswith(_BEARER):
        return authorization[len(_BEARER) :].strip()
    scheme, _, rest = authorization.partition(b" ")
    return rest.strip() if scheme.lower() == b"bearer" else b""


def is_local(server: str | None, client: str | None, headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a request comes from this machine, from nobody's behalf, to this machine's name.

    Both ends of the connection are loopback, no proxy forwards it, and `Host` is a loopback name:
    else a web page elsewhere could lead its own name here and read the answers in a browser.
    """
    if not (_is_loopback(server) and _is_loopback(client)):
        return False
    hosts = [value for name, value in headers if name == b"host"]
    return (
        len(hosts) == 1
        and _names_loopback(hosts[0])
        and not any(name in FORWARDING for name, _ in headers)
    )


@lru_cache(maxsize=1024)
def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


@lru_cache(maxsize=64)
def _names_loopback(host: bytes) -> bool:
    name = host.decode("latin-1").lower()
    name = name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]
    return name == "localhost" or _is_loopback(name)
