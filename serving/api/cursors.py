"""Cursors: places in a list, told to the caller as a text that only this server reads.

A cursor carries a checksum, so one that was cut, mixed up or made by hand is refused instead of
leading to a wrong place.
"""

import base64
import binascii
import hashlib
import json
from typing import Any

from serving.api.problems import BAD_CURSOR, Problem

MAX_CURSOR_CHARS = 2_000
_CHECK_BYTES = 6


def cursor_of(kind: str, *place: str | int | None) -> str:
    """The cursor of a place in a list of this kind.

    >>> place_of("scores", cursor_of("scores", 17, "C-1042"), (int, str))
    [17, 'C-1042']
    """
    content = json.dumps([kind, *place], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(_check(content) + content).decode().rstrip("=")


def place_of(kind: str, cursor: str, types: tuple[type | tuple[type, ...], ...]) -> list[Any]:
    """The place that a cursor of this kind holds. Raises Problem."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        content = raw[_CHECK_BYTES:]
        if raw[:_CHECK_BYTES] != _check(content):
            raise bad_cursor()
        found, *place = json.loads(content)
    except (binascii.Error, ValueError):
        raise bad_cursor() from None
    right = [isinstance(one, kinds) for one, kinds in zip(place, types, strict=False)]
    if found != kind or len(place) != len(types) or not all(right):
        raise bad_cursor()
    return place


def bad_cursor(detail: str = "") -> Problem:
    """The problem of a cursor that leads nowhere."""
    told = detail or "Send a cursor back as it came in paging.next.after, or begin without one."
    return Problem.at("?after", told, kind=BAD_CURSOR)


def _check(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_CHECK_BYTES, person=b"regulars").digest()
