"""The OpenAPI document: valid, complete, and every example in it is what its schema asks for."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import openapi_spec_validator
import pytest

from serving.api import documentation
from serving.api.app import openapi_document
from serving.api.inputs import asked_id
from serving.api.operations import TAGS
from serving.api.problems import KINDS, MEDIA_TYPE

DOCUMENT = openapi_document()
OPERATIONS = {
    operation["operationId"]: operation
    for operations in DOCUMENT["paths"].values()
    for operation in operations.values()
}
EVERY = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
WORD = re.compile(r"[a-z]+([A-Z][a-z]+)+")


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body of an operation, by the status it comes with."""
    parts = {"request": operation.get("requestBody", {})} | operation["responses"]
    for status, part in parts.items():
        for content in part.get("content", {}).values():
            yield status, content


def validator(schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema | {"components": DOCUMENT["components"]})


def test_the_document_is_valid_openapi_3_1():
    openapi_spec_validator.validate(DOCUMENT, cls=openapi_spec_validator.OpenAPIV31SpecValidator)
    assert DOCUMENT["openapi"].startswith("3.1")


def test_every_reference_leads_somewhere():
    text = json.dumps(DOCUMENT)
    references = set(re.findall(r'"#/components/(\w+)/([\w-]+)"', text))
    described = {(kind, name) for kind, parts in DOCUMENT["components"].items() for name in parts}
    assert references <= described
    # What nobody refers to would be a class in every generated client.
    unused = {(kind, name) for kind, name in described - references if kind != "securitySchemes"}
    assert unused == set()


def test_an_operation_has_a_name_of_its_own():
    named = [one for operations in DOCUMENT["paths"].values() for one in operations.values()]
    assert len(named) == len(OPERATIONS)
    assert [name for name in OPERATIONS if not WORD.fullmatch(name)] == []


@EVERY
def test_an_operation_says_what_it_does_and_needs(operation):
    assert len(operation["summary"]) > 10
    assert operation["tags"]
    assert set(operation["tags"]) <= set(TAGS)
    assert operation["security"][0]["key"]
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description"), parameter["name"]


@EVERY
def test_every_body_of_an_operation_has_an_example_that_is_right(operation):
    found = dict(contents(operation))
    for status, content in found.items():
        assert "example" in content, status
        validator(content["schema"]).validate(content["example"])
    assert len(found) > 4


@EVERY
def test_an_operation_says_how_it_fails(operation):
    failures = {
        status: answer for status, answer in operation["responses"].items() if status >= "400"
    }
    assert {"401", "403", "422", "429", "503"} <= set(failures)
    if "requestBody" in operation:
        assert {"400", "408", "413", "415"} <= set(failures)
    for status, answer in failures.items():
        (content,) = answer["content"].items()
        assert content[0] == MEDIA_TYPE
        example = content[1]["example"]
        assert str(example["status"]) == status
        assert example["type"].removeprefix("/docs#") in {kind.name for kind in KINDS}


@EVERY
def test_an_answer_names_its_headers(operation):
    for status, answer in operation["responses"].items():
        assert {"X-Request-Id", "RateLimit", "RateLimit-Policy"} <= set(answer["headers"])
        assert ("Retry-After" in answer["headers"]) == (status in {"429", "503"})
        assert ("WWW-Authenticate" in answer["headers"]) == (status == "401")
        if status == "304":
            assert "ETag" in answer["headers"]
            names = {one["name"] for one in operation["parameters"]}
            assert "If-None-Match" in names


def test_limits_are_named_in_the_text():
    text = DOCUMENT["info"]["description"]
    assert [limit for limit in documentation.LIMITS.values() if limit not in text] == []


@EVERY
def test_no_parameter_can_be_null_since_an_address_has_no_null(operation):
    for parameter in operation.get("parameters", ()):
        assert {"type": "null"} not in parameter["schema"].get("anyOf", ())


@pytest.mark.parametrize("customer_id", ["a", "a/b c", "\u00e1", "x" * 200, "\U0001f642", " "])
def test_an_id_that_the_document_allows_is_accepted(customer_id):
    of_id = DOCUMENT["components"]["schemas"]["BatchGet"]["properties"]["customer_ids"]["items"]
    validator(of_id).validate(customer_id)
    assert asked_id(customer_id) == customer_id


@pytest.mark.parametrize("customer_id", ["", "a\u0000", "\u007f", "\u0085b", "\na", "x" * 201])
def test_an_id_that_is_refused_breaks_the_document(customer_id):
    of_id = DOCUMENT["components"]["schemas"]["BatchGet"]["properties"]["customer_ids"]["items"]
    assert not validator(of_id).is_valid(customer_id)
    with pytest.raises(ValueError, match="An id has|control character"):
        asked_id(customer_id)


def test_the_id_in_a_path_is_described_as_the_one_in_a_body():
    of_id = DOCUMENT["components"]["schemas"]["BatchGet"]["properties"]["customer_ids"]["items"]
    for path, operations in DOCUMENT["paths"].items():
        if "{customer_id}" in path:
            (found,) = [one for one in operations["get"]["parameters"] if one["in"] == "path"]
            assert found["schema"] | of_id == found["schema"]


@pytest.mark.parametrize("amount", [10**12, -(10**12), "1e3", "1,5", True])
def test_an_amount_that_is_refused_breaks_the_document(amount):
    of_amount = DOCUMENT["components"]["schemas"]["OrderInput"]["properties"]["amount"]
    assert not validator(of_amount).is_valid(amount)


def test_the_committed_document_is_that_of_the_api(root: Path):
    """Written anew by: regulars openapi --out docs/openapi.json"""
    committed = (root / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert json.loads(committed) == DOCUMENT


def test_the_server_gives_the_same_document(client):
    assert client.get("/openapi.json").json() == DOCUMENT


def test_every_operation_has_an_example_that_the_page_shows(client):
    page = client.get("/docs").text
    for path in DOCUMENT["paths"]:
        assert path in page
    assert set(OPERATIONS) <= set(documentation.EXAMPLES)
