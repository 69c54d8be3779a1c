"""The API told to machines (`/openapi.json`) and to people (`/docs`), from the same routes."""

from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from serving.api import follow_examples, problems, score_examples
from serving.api.guard import BODY_SECONDS, MAX_BODY_BYTES
from serving.api.inputs import MAX_CUSTOMERS, MAX_ID_CHARS, MAX_IDS, MAX_ORDERS, BatchGet, Predict
from serving.api.operations import HEADERS, JSON, complete, tags_of

API_VERSION = "1"
LIMITS = {
    "Key": "Authorization: Bearer <API key>, with the scope that the operation names",
    "Requests": "a minute as RateLimit-Policy says; 429 and Retry-After beyond",
    "Body": f"{MAX_BODY_BYTES:,} bytes, arriving within {BODY_SECONDS:g} seconds",
    "Ids of one batch": f"{MAX_IDS:,}",
    "Customers of one prediction": f"{MAX_CUSTOMERS:,}, with {MAX_ORDERS:,} orders together",
    "Length of an id": f"{MAX_ID_CHARS} characters; control characters are refused",
}
DESCRIPTION = (
    "Churn and customer lifetime value, with definition, horizon, interval, reasons and model in "
    "every answer. JSON in UTF-8 only; money is a decimal text with a currency; every error is "
    "application/problem+json (RFC 9457). Limits: "
    + "; ".join(f"{name.lower()}: {limit}" for name, limit in LIMITS.items())
    + "."
)
EXAMPLES = {
    "getScore": "curl http://localhost:3000/v1/customers/C-1042/score",
    "getScoreHistory": "curl http://localhost:3000/v1/customers/C-1042/score/history",
    "listChangedScores": (
        "curl 'http://localhost:3000/v1/scores?changed_since=2026-09-01T00:00:00Z&band=high'"
    ),
    "readJournal": "curl 'http://localhost:3000/v1/journal?limit=100'",
    "getCurrentModel": "curl http://localhost:3000/v1/models/current",
    "batchGetScores": (
        "curl http://localhost:3000/v1/scores:batchGet \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        """  -d '{"customer_ids": ["C-1042", "C-1043"]}'"""
    ),
    "predictScores": (
        "curl http://localhost:3000/v1/scores:predict \\\n"
        "  -H 'Content-Type: application/json' \\\n"
        """  -d '{"customers": [{"customer_id": "new", "orders": [\n"""
        """        {"timestamp": "2026-05-01T10:00:00+02:00", "amount": "49.90"},\n"""
        """        {"timestamp": "2026-06-03", "amount": 25}]}], "as_of": "2026-09-01"}'"""
    ),
}


class Told(NamedTuple):
    """An answer of an operation, and the body that asks for it."""

    answer: dict[str, Any]
    body: dict[str, Any] | None = None


ANSWERS = {
    "getScore": Told(score_examples.SCORE),
    "getScoreHistory": Told(follow_examples.HISTORY),
    "listChangedScores": Told(follow_examples.FEED),
    "readJournal": Told(follow_examples.JOURNAL),
    "getCurrentModel": Told(score_examples.MODEL),
    "batchGetScores": Told(score_examples.SCORES, score_examples.IDS_ASKED),
    "predictScores": Told(score_examples.PREDICTED, score_examples.ORDERS_ASKED),
}
_SCHEMAS = "#/components/schemas/"
_SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Operation(NamedTuple):
    """One operation as the page shows it."""

    method: str
    path: str
    summary: str
    example: str


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """The part of an operation that describes its body, for bodies that we parse ourselves."""
    schema = {"$ref": f"{_SCHEMAS}{model.__name__}"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document with our request bodies, examples, tags, headers and problems.

    Raises KeyError for an operation without an example.
    """
    schemas = document["components"]["schemas"]
    for model in (BatchGet, Predict):
        schema = model.model_json_schema(ref_template=_SCHEMAS + "{model}")
        schemas |= schema.pop("$defs", {}) | {model.__name__: schema}
    for _, path, operation in _operations(document):
        complete(path, operation)
        told = ANSWERS[operation["operationId"]]
        operation["responses"]["200"]["content"][JSON]["example"] = told.answer
        if told.body is not None:
            operation["requestBody"]["content"][JSON]["example"] = told.body
    document["components"]["headers"] = HEADERS
    document["tags"] = tags_of([one for _, _, one in _operations(document)])
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def routes(openapi: Callable[[], dict[str, Any]]) -> list[Route]:
    """The page `/docs` and its style sheet."""
    templates = Environment(
        loader=PackageLoader("serving.api", "templates"), autoescape=True, undefined=StrictUndefined
    )
    style = resources.files("serving.api").joinpath("templates", "docs.css").read_text("utf-8")

    def docs(_: Request) -> Response:
        document = openapi()
        operations = [
            Operation(method.upper(), path, one["summary"], EXAMPLES[one["operationId"]])
            for method, path, one in _operations(document)
        ]
        text = templates.get_template("docs.html").render(
            operations=operations, limits=LIMITS, kinds=problems.KINDS, version=API_VERSION
        )
        return HTMLResponse(text, headers=_SECURITY)

    def docs_style(_: Request) -> Response:
        return Response(style, media_type="text/css", headers=_SECURITY)

    return [Route("/docs", docs), Route("/docs.css", docs_style)]
