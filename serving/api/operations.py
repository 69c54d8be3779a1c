"""What every operation of the OpenAPI document says beside its own.

Its tag, the headers of its answers and an example of each problem are the same for every route, so
that a new route need not repeat them.
"""

from typing import Any

from serving.api.problems import (
    BAD_CURSOR,
    INVALID,
    KINDS,
    MALFORMED,
    MEDIA_TYPE,
    NOT_READY,
    UNKNOWN_CUSTOMER,
    FieldError,
    Kind,
    Problem,
)

JSON = "application/json"
TAGS = {
    "customers": "One customer: the score and its past",
    "scores": "Scores of many customers, stored or of histories sent along",
    "journal": "What happened, in order",
    "models": "The model behind the scores",
    "events": "New events in",
    "outcomes": "What came of actions, in",
    "audiences": "Lists of customers to act on",
    "webhooks": "Where events are pushed to",
    "privacy": "The rights of a person",
}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "the ETag of the answer that is known already",
    "schema": {"type": "string"},
}
ACCEPT_LANGUAGE = {
    "name": "Accept-Language",
    "in": "header",
    "description": "the languages wanted for texts",
    "schema": {"type": "string"},
}
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "the one of the request, or made here; it stands in the log",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
    },
    "RateLimit": {
        "description": "requests left, and for how many seconds",
        "schema": {"type": "string", "pattern": '^"(key|address|refused)";r=[0-9]+;t=[0-9]+$'},
    },
    "RateLimit-Policy": {
        "description": "requests of a window, and its seconds",
        "schema": {"type": "string", "pattern": '^"(key|address|refused)";q=[0-9]+;w=[0-9]+$'},
    },
    "ETag": {
        "description": "for If-None-Match",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[^"]+"$'},
    },
    "Retry-After": {
        "description": "seconds to wait",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "what kind of key is wanted",
        "required": True,
        "schema": {"type": "string", "pattern": "^Bearer "},
    },
}
_EVERYWHERE = "X-Request-Id", "RateLimit", "RateLimit-Policy"
_OF_STATUS = {
    "401": ("WWW-Authenticate",),
    "429": ("Retry-After",),
    "503": ("Retry-After",),
}
# Where one status stands for several kinds, the likeliest.
_USUAL = {400: MALFORMED, 404: UNKNOWN_CUSTOMER, 422: INVALID, 503: NOT_READY}


def complete(path: str, operation: dict[str, Any]) -> None:
    """Tag the operation, and describe its parameters, answers and problems to the end.

    Raises KeyError for a path whose tag is not described.
    """
    tag = path.split("/")[2].partition(":")[0]
    operation["tags"] = [tag]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _given(parameter["schema"])
    for status, answer in operation["responses"].items():
        answer["headers"] = headers(*_EVERYWHERE, *_OF_STATUS.get(status, ())) | answer.get(
            "headers", {}
        )
        if status >= "400":
            content = answer["content"].pop(JSON)
            example = _problem(int(status), with_body="requestBody" in operation).body()
            answer["content"] = {MEDIA_TYPE: content | {"example": example}}


def headers(*names: str) -> dict[str, dict[str, str]]:
    """The headers of an answer, by where they are described."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def tags_of(operations: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The tags in use with their descriptions. Raises KeyError for one that has none."""
    used = dict.fromkeys(tag for operation in operations for tag in operation["tags"])
    return [{"name": tag, "description": TAGS[tag]} for tag in used]


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of a parameter that is there: an address cannot say null."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return kinds[0] | {name: part for name, part in schema.items() if name != "anyOf"}


def _problem(status: int, *, with_body: bool) -> Problem:
    kind = _kind(status, with_body=with_body)
    if kind is INVALID:
        place = "#/customer_ids/3" if with_body else "?limit"
        return Problem(kind, errors=[FieldError(pointer=place, detail="What is wrong here")])
    return Problem(kind)


def _kind(status: int, *, with_body: bool) -> Kind:
    if status == BAD_CURSOR.status and not with_body:
        return BAD_CURSOR
    return _USUAL.get(status) or next(kind for kind in KINDS if kind.status == status)
