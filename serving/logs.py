"""What the server writes down: JSON, a line each, on one stream, without personal data.

Of a request it says the route's pattern, never the path or the query, which hold customers' ids.
"""

import logging
from collections.abc import MutableMapping
from contextvars import ContextVar
from typing import Any, TextIO

import structlog

PACKAGES = ("features", "training", "serving")
request_ids: ContextVar[dict[str, str] | None] = ContextVar("request_ids", default=None)

_STAMPED = structlog.processors.TimeStamper(fmt="iso", utc=True, key="at")


class AccessLog:
    """One line for each request, or for a share of them."""

    def __init__(self, stream: TextIO, share: float = 1.0) -> None:
        """Write to this stream; failures of the server are written whatever the share."""
        self._log = structlog.wrap_logger(
            structlog.WriteLogger(stream),
            processors=[_STAMPED, structlog.processors.JSONRenderer()],
            wrapper_class=structlog.BoundLogger,
            cache_logger_on_first_use=True,
        )
        self._share = share
        self._due = 0.0

    def write(self, *, status: int, **about: Any) -> None:
        """Write the line, if it is due."""
        # Counted, not drawn: every tenth is every tenth.
        self._due += self._share
        if self._due >= 1.0:
            self._due -= 1.0
        elif status < 500:
            return
        self._log.msg("request", status=status, **about)


def configure(stream: TextIO) -> None:
    """Let every message of ours be a line of JSON on this stream."""
    handler = logging.StreamHandler(stream)
    before: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        _STAMPED,
        _with_ids,
    ]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    for name in PACKAGES:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(logging.INFO)


def _with_ids(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with the ids of the request that it happened in."""
    event.update(request_ids.get() or {})
    return event
