"""Between HTTP and the rest: the id in a path, the language asked for, JSON answers, ETags."""

import hashlib
import json
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote, unquote_to_bytes

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from serving.api.inputs import ID_SHAPE, asked_id
from serving.api.problems import INVALID, NO_ROUTE, Problem, field_errors
from serving.reasons import LANGUAGES

MAX_LANGUAGE_RANGES = 20
# Only described here; `path_id` checks it, since it sees the bytes.
PathId = Annotated[str, Path(description="the id, every sign percent-encoded"), ID_SHAPE]
_WEIGHT = re.compile(r"[01](\.\d{0,3})?", re.ASCII)


def path_id(request: Request, matched: str, *, suffix: bytes = b"/score") -> str:
    """The customer id of `/v1/customers/{customer_id}/score`, any characters percent-encoded.

    `matched` is the server's decoding, which replaces what is no UTF-8; the bytes of the path tell.
    Raises Problem.
    """
    raw = bytes(request.scope.get("raw_path") or quote(request.scope["path"]).encode())
    encoded = raw.partition(b"/v1/customers/")[2].removesuffix(suffix)
    try:
        customer_id = asked_id(unquote_to_bytes(encoded).decode("utf-8"))
    except UnicodeDecodeError:
        raise Problem.at("{customer_id}", "The id is no UTF-8") from None
    except ValueError as error:
        raise Problem.at("{customer_id}", str(error)) from None
    if customer_id != matched:
        raise Problem(NO_ROUTE, "Only the id is percent-encoded, not the rest of the path.")
    return customer_id


def require_known_query(request: Request) -> None:
    """Nothing, if the route takes parameters, whose model then refuses others. Raises Problem."""
    if not request.scope["route"].dependant.query_params and request.query_params:
        unknown = {"loc": [next(iter(request.query_params))], "type": "extra_forbidden", "msg": ""}
        raise Problem(INVALID, errors=field_errors([unknown], root="?"))


def language_of(request: Request, lang: str | None) -> str:
    """The language of texts: `?lang=`, else the best of Accept-Language, else English."""
    asked = [lang] if lang else _accepted(request.headers.get("accept-language", ""))
    primary = [one.strip().lower().replace("_", "-").partition("-")[0] for one in asked]
    return next((one for one in primary if one in LANGUAGES), "en")


def _accepted(header: str) -> list[str]:
    """Language ranges of the header, the most wanted first; what cannot be read counts as 0."""
    ranges = [part.partition(";") for part in header.split(",")[:MAX_LANGUAGE_RANGES]]
    weighed = [(_weight(parameter), name) for name, _, parameter in ranges]
    return [name for weight, name in sorted(weighed, key=lambda one: -one[0]) if weight > 0]


def _weight(parameter: str) -> float:
    text = parameter.strip()
    if not text:
        return 1.0
    digits = text.removeprefix("q=")
    return float(digits) if _WEIGHT.fullmatch(digits) else 0.0


def json_response(content: object, headers: Mapping[str, str] | None = None) -> Response:
    """The content as UTF-8 JSON that nobody but the caller may keep."""
    return body_response(json_bytes(content), headers)


def json_bytes(content: object) -> bytes:
    """The content as UTF-8 JSON, as short as it can be."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()


def body_response(body: bytes, headers: Mapping[str, str] | None = None) -> Response:
    """A ready JSON body that nobody but the caller may keep."""
    return Response(
        body,
        media_type="application/json",
        headers={"Cache-Control": "private, no-cache", "Vary": "Accept-Language"}
        | dict(headers or {}),
    )


def etag_of(body: bytes) -> str:
    """The ETag of a body: right whatever changed, the scores, the texts or this program."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def revalidated(request: Request, response: Response, etag: str | None = None) -> Response:
    """The response with its ETag; 304 without a body if the caller has it already."""
    etag = etag or etag_of(bytes(response.body))
    response.headers["ETag"] = etag
    known = request.headers.get("if-none-match", "").split(",")
    if not any(one.strip().removeprefix("W/") in {etag, "*"} for one in known):
        return response
    kept = ("etag", "cache-control", "vary", "content-language")
    headers = {name: response.headers[name] for name in kept if name in response.headers}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
