"""A request's body as a checked model; the one place where JSON from outside is read.

Stricter than the standard library: no NaN, no repeated keys (parsers disagree about them), no
endless numbers, UTF-8 only, no halves of characters. Numbers with a decimal point stay exact
(`Decimal`): they are money.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

from serving.api.problems import INVALID, MALFORMED, Problem, field_errors

Model = TypeVar("Model", bound=BaseModel)

# JSON may write these, such as \ud800, and no text can hold: a database fails on it.
_HALF = re.compile("[\ud800-\udfff]")
_MAY_HOLD_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")

MAX_NUMBER_CHARS = 40
MAX_NAME_CHARS = 50
MAX_POINTER_CHARS = 200


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands in the parsed tree where something was refused, so that its place can be told."""

    detail: str


def read_model(body: bytes, model: type[Model]) -> Model:
    """The body as this model.

    Raises Problem: `malformed-json` for what is no acceptable JSON, `invalid-request` for a field.
    """
    content = parse_json(body)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise Problem(INVALID, errors=field_errors(found, model=model)) from None


def parse_json(body: bytes) -> object:
    """The body as plain Python values. Raises Problem `malformed-json` with the place."""
    refused: list[_Refused] = []

    def refuse(detail: str) -> _Refused:
        refused.append(_Refused(detail))
        return refused[-1]

    def number(text: str, kind: type[int] | type[Decimal]) -> int | Decimal | _Refused:
        if len(text) > MAX_NUMBER_CHARS:
            return refuse(f"A number has more than {MAX_NUMBER_CHARS} characters")
        return kind(text)

    def members(pairs: list[tuple[str, object]]) -> dict[str, object] | _Refused:
        found = dict(pairs)
        return found if len(found) == len(pairs) else refuse("A key stands here more than once")

    try:
        content = json.loads(
            body.decode("utf-8"),
            parse_int=lambda text: number(text, int),
            parse_float=lambda text: number(text, Decimal),
            parse_constant=lambda text: refuse(f"{text} is no JSON number"),
            object_pairs_hook=members,
        )
    except UnicodeDecodeError as error:
        _malformed("#", f"Byte {error.start + 1} is no UTF-8")
    except json.JSONDecodeError as error:
        _malformed("#", f"{error.msg} at line {error.lineno}, column {error.colno}")
    except RecursionError:
        _malformed("#", "Lists or objects are nested too deeply")
    if refused or _MAY_HOLD_HALVES.search(body):
        # A refused value whose key stands twice is in the tree no more.
        default = ("#", refused[0].detail) if refused else None
        found = next(_refusals(content), default)
        if found is not None:
            _malformed(*found)
    return content


def _malformed(pointer: str, detail: str) -> NoReturn:
    raise Problem.at(pointer, detail, kind=MALFORMED) from None


def _refusals(content: object) -> Iterator[tuple[str, str]]:
    """Pointer and reason of everything that was refused in this tree."""
    waiting: list[tuple[str, object]] = [("#", content)]
    while waiting:  # no recursion: the tree may be almost as deep as the parser allows
        pointer, node = waiting.pop()
        if isinstance(node, _Refused):
            yield pointer[:MAX_POINTER_CHARS], node.detail
        elif isinstance(node, str):
            if _HALF.search(node):
                yield pointer[:MAX_POINTER_CHARS], "Half of a character is in it"
        elif isinstance(node, list):
            waiting += [(f"{pointer}/{at}", item) for at, item in enumerate(node)]
        elif isinstance(node, dict):
            # A key may hold anything, so only one that looks like a name goes into the answer.
            names = {key: key if _is_name(key) else "?" for key in node}
            waiting += [(f"{pointer}/{names[key]}", node[key]) for key in node]
            waiting += [(f"{pointer}/?", key) for key in node if names[key] == "?"]


def _is_name(key: str) -> bool:
    return key.isascii() and key.isidentifier() and len(key) <= MAX_NAME_CHARS
