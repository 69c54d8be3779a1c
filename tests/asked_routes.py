"""Every route that needs a key with a request to it, from the route table and the examples of OpenAPI.

A new route is in here by itself, so no rule that holds for all can forget it.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from serving.api.app import make_app
from serving.api.permissions import declared
from serving.state import ServerState


@dataclass(frozen=True)
class Asked:
    """One route, an address of it, the scope it needs and a body that it takes."""

    method: str
    path: str
    pattern: str
    scope: str
    body: Any = None

    @property
    def text(self) -> bytes:
        return json.dumps(self.body).encode()

    def is_answered(self, status: int) -> bool:
        """Whether this is an answer to a right request; a thing of the example may be unknown."""
        return status < 300 or (status == 404 and "{" in self.pattern.replace("{customer_id}", ""))

    def __str__(self) -> str:
        return f"{self.method} {self.pattern}"


def asked_routes() -> list[Asked]:
    """Every route that needs a key."""
    app = make_app(ServerState())
    document = app.openapi()["paths"]
    found = []
    for one in declared(app.routes):
        pattern = re.sub(r":\w+\}", "}", one.path)
        operation = document.get(pattern, {}).get(one.method.lower(), {})
        content = operation.get("requestBody", {}).get("content", {})
        body = content["application/json"]["example"] if content else None
        # The shop of the tests is not in the market of the examples.
        body = json.loads(json.dumps(body).replace('"DE"', '"cz"'))
        path = re.sub(r"\{\w+\}", "C-1042", pattern)
        found.append(Asked(one.method, path, pattern, one.scope or "", body))
    return found


def leaves(content: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value that holds no others, with the way to it."""
    if isinstance(content, dict):
        for name, part in content.items():
            yield from leaves(part, (*steps, name))
    elif isinstance(content, list):
        for at, part in enumerate(content):
            yield from leaves(part, (*steps, at))
    else:
        yield steps, content


def objects(content: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every object, the outermost first."""
    if isinstance(content, dict):
        yield steps
    parts = content.items() if isinstance(content, dict) else enumerate(content)
    for name, part in parts:
        if isinstance(part, dict | list):
            yield from objects(part, (*steps, name))


def changed(content: Any, steps: tuple[Any, ...], value: Any) -> Any:
    """The same content with another value at this place."""
    if not steps:
        return value
    copy = deepcopy(content)
    inner = copy
    for step in steps[:-1]:
        inner = inner[step]
    inner[steps[-1]] = value
    return copy


def pointer(steps: tuple[Any, ...]) -> str:
    """The JSON pointer to a place of a body."""
    return "/".join(["#", *map(str, steps)])
