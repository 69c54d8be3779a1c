"""Bad requests to every route below `/v1`: each is refused as a problem that tells where.

Routes come from the route table and bodies from the OpenAPI document, see asked_routes.py.
"""

import asyncio
import json

import jsonschema
import pytest
from asked_routes import asked_routes, changed, leaves, objects, pointer
from fastapi import FastAPI
from starlette.middleware import Middleware

from serving.api.app import make_app, openapi_document
from serving.api.guard import MAX_BODY_BYTES, Guard
from serving.api.json_body import MAX_NUMBER_CHARS
from serving.api.problems import MEDIA_TYPE, install_handlers

PERSON = "jan.novak@example.com"  # in every bad request, in no answer
JSON = {"Content-Type": "application/json"}
ROUTES = [one for one in asked_routes() if one.pattern.startswith("/v1/")]
# Here a bad item spoils only its own result, as a batch of events would for its sender.
PER_ITEM = ("POST /v1/events", "POST /v1/outcomes")
WRITING = [one for one in ROUTES if one.body is not None]
ON_EVERY_ROUTE = pytest.mark.parametrize("route", ROUTES, ids=str)
ON_EVERY_BODY = pytest.mark.parametrize("route", WRITING, ids=str)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW")
PROBLEM_BODY = jsonschema.Draft202012Validator(
    {
        "$ref": "#/components/schemas/ProblemBody",
        "components": openapi_document()["components"],
    }
)
NOT_JSON = {
    "no type": {},
    "text": {"Content-Type": "text/plain"},
    "pickle": {"Content-Type": "application/vnd.bentoml+pickle"},
    "Arrow": {"Content-Type": "application/vnd.apache.arrow.stream"},
    "several parts": {"Content-Type": "multipart/form-data; boundary=x"},
    "a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "another charset": {"Content-Type": "application/json; charset=latin-1"},
    "compressed": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
}


@pytest.fixture(scope="module")
def client(lasting_state, client_of):
    return client_of(lasting_state)


@pytest.fixture
def fresh(state, client_of):
    """A client of a shop of its own, for right requests: they may write or erase."""
    return client_of(state)


def assert_refused(answer, status, place=None):
    """A problem as the document describes it, that repeats nothing of the request."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.headers["x-request-id"]
    assert answer.headers["ratelimit"]
    assert answer.headers["cache-control"] == "no-store"
    problem = answer.json()
    PROBLEM_BODY.validate(problem)
    assert problem["status"] == status
    assert "novak" not in answer.text
    if place is not None:
        assert problem["errors"][0]["pointer"] == place
        assert problem["errors"][0]["detail"]


def assert_field_refused(route, answer, steps):
    """A field is refused with its place, or its item alone where each has a result of its own."""
    if str(route) in PER_ITEM and any(isinstance(step, int) for step in steps):
        assert answer.status_code < 300
        found = [value for way, value in leaves(answer.json()) if way[-1] == "status"]
        assert [one for one in found if one not in (200, 201, "accepted", "duplicate")]
        assert "novak" not in answer.text
    else:
        assert_refused(answer, 422, pointer(steps))


def send(client, route, content, headers=JSON):
    return client.request(route.method, route.path, content=content, headers=headers)


def test_the_table_holds_every_route():
    assert len(ROUTES) >= 7
    assert len(WRITING) >= 2
    described = {
        f"{method.upper()} {path}"
        for path, operations in openapi_document()["paths"].items()
        for method in operations
    }
    assert {str(one) for one in ROUTES} == described


@ON_EVERY_ROUTE
@pytest.mark.parametrize("headers", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_not_plain_json_is_refused(client, route, headers):
    assert_refused(send(client, route, PERSON.encode(), headers), 415)


@ON_EVERY_BODY
def test_json_may_name_its_encoding(fresh, route):
    headers = {"Content-Type": 'Application/JSON; Charset="UTF-8"'}
    assert route.is_answered(send(fresh, route, route.text, headers).status_code)


MALFORMED = {
    "nothing": lambda text: b"",
    "cut": lambda text: text[:-1],
    "more behind it": lambda text: text + b" x",
    "a byte order mark": lambda text: b"\xef\xbb\xbf" + text,
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "no UTF-8": lambda text: text[:-1] + b', "x": "\xff"}',
    "a control character": lambda text: text[:-1] + b', "x": "\x01"}',
    "a comma too many": lambda text: text[:-1] + b",}",
    "a comment": lambda text: b"/* */" + text,
    "single quotes": lambda text: text.replace(b'"', b"'"),
    "a key twice": lambda text: text[:-1] + b", " + text[1:],
    "lists in lists": lambda text: b"[" * 100_000 + b"]" * 100_000,
    "objects in objects": lambda text: b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
}


@ON_EVERY_BODY
@pytest.mark.parametrize("spoil", MALFORMED.values(), ids=MALFORMED)
def test_broken_json_is_refused(client, route, spoil):
    assert_refused(send(client, route, spoil(route.text)), 400, "#")


BAD_VALUES = {
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "a number without end": b"9" * (MAX_NUMBER_CHARS + 1),
    "5,000 digits": b"1." + b"9" * 5_000,
    "half a character": b'"jan.novak\\ud800"',
    "the other half": b'"\\uDfffjan.novak"',
    "two objects in one": b'{"a": 1, "a": "jan.novak"}',
}


@ON_EVERY_BODY
@pytest.mark.parametrize("value", BAD_VALUES.values(), ids=BAD_VALUES)
def test_a_value_that_is_none_is_refused_with_its_place(client, route, value):
    for steps, _ in leaves(route.body):
        text = json.dumps(changed(route.body, steps, PERSON)).encode()
        text = text.replace(json.dumps(PERSON).encode(), value)
        assert_refused(send(client, route, text), 400, pointer(steps))


@ON_EVERY_BODY
def test_half_a_character_in_a_name_is_refused(client, route):
    text = route.text[:-1] + b', "jan.novak\\ud800": 1}'
    assert_refused(send(client, route, text), 400, "#/?")


@ON_EVERY_BODY
@pytest.mark.parametrize("content", [None, [], [PERSON], PERSON, 1, True], ids=str)
def test_what_is_no_object_is_refused(client, route, content):
    assert_refused(send(client, route, json.dumps(content).encode()), 422, "#")


@ON_EVERY_BODY
def test_an_empty_object_is_refused_with_what_is_missing(client, route):
    answer = send(client, route, b"{}")
    assert_refused(answer, 422)
    places = {one["pointer"] for one in answer.json()["errors"]}
    assert places <= {pointer((name,)) for name in route.body} | {"#"}


@ON_EVERY_BODY
def test_a_text_with_a_control_character_is_refused_with_its_place(client, route):
    for steps, value in leaves(route.body):
        if isinstance(value, str):
            content = changed(route.body, steps, f"{value}\u0000jan.novak")
            assert_field_refused(route, send(client, route, json.dumps(content).encode()), steps)


@ON_EVERY_BODY
def test_an_unknown_name_is_refused_with_its_place(client, route):
    for steps in objects(route.body):
        content = changed(route.body, (*steps, "colour"), PERSON)
        answer = send(client, route, json.dumps(content).encode())
        assert_field_refused(route, answer, (*steps, "colour"))
        content = changed(route.body, (*steps, PERSON), 1)
        assert_field_refused(route, send(client, route, json.dumps(content).encode()), steps)


@ON_EVERY_ROUTE
def test_an_unknown_query_parameter_is_refused(client, route):
    asked = {"params": {"colour": PERSON}, "headers": JSON if route.body is not None else {}}
    content = None if route.body is None else route.text
    answer = client.request(route.method, route.path, content=content, **asked)
    assert_refused(answer, 422, "?colour")


@ON_EVERY_BODY
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(client, route):
    for steps in objects(route.body):
        inner = route.body
        for step in steps:
            inner = inner[step]
        for name in inner:
            content = changed(route.body, (*steps, f"{name}x"), 1)
            answer = send(client, route, json.dumps(content).encode())
            assert_field_refused(route, answer, (*steps, f"{name}x"))
            # An item is read by a reader of its own, which knows the table.
            assert answer.status_code < 300 or f"did you mean {name}?" in answer.text


def test_a_parameter_that_is_nearly_right_is_answered_with_the_right_one(client):
    answer = client.get("/v1/scores", params={"changed_sinc": "2026-09-01"})
    assert_refused(answer, 422, "?changed_sinc")
    assert "did you mean changed_since?" in answer.json()["errors"][0]["detail"]


@ON_EVERY_BODY
def test_a_body_beyond_the_limit_is_refused_by_its_length(client, route):
    headers = JSON | {"Content-Length": str(MAX_BODY_BYTES + 1)}
    assert_refused(send(client, route, route.text, headers), 413)


@ON_EVERY_BODY
def test_a_body_that_does_not_come_is_waited_for_only_so_long(lasting_state, route):
    app = make_app(lasting_state)
    app.user_middleware = [
        Middleware(Guard, body_seconds=0.01) if one.cls is Guard else one
        for one in app.user_middleware
    ]
    scope = {
        "type": "http", "http_version": "1.1", "method": route.method, "scheme": "http",
        "path": route.path, "raw_path": route.path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"),
                    (b"content-length", b"500")],
        "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    sent = []

    async def receive():
        await asyncio.sleep(30)

    async def send(message):
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408
    PROBLEM_BODY.validate(json.loads(sent[1]["body"]))


@pytest.mark.parametrize("path", sorted({one.path for one in ROUTES}))
def test_another_method_is_told_which_are_allowed(client, path):
    allowed = sorted({one.method for one in ROUTES if one.path == path})
    for method in METHODS:
        if method not in allowed:
            answer = client.request(method, path)
            assert answer.status_code == 405
            assert answer.headers["allow"] == ", ".join(allowed)
            assert answer.headers["x-request-id"]
            if method != "HEAD":
                assert_refused(answer, 405)


def test_an_address_of_two_routes_allows_the_methods_of_both(client):
    app = FastAPI()
    install_handlers(app)
    app.get("/things/{name}")(lambda: None)
    app.delete("/things/{name}")(lambda: None)
    answer = type(client)(app).put("/things/a")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, GET")


def test_two_halves_of_a_character_are_one(client):
    answer = client.post(
        "/v1/scores:batchGet", content=b'{"customer_ids": ["\\ud83d\\ude42"]}', headers=JSON
    )
    assert answer.json()["results"][0]["customer_id"] == "\U0001f642"


BAD_IDS = {
    "none": "",
    "NUL": "%00jan.novak",
    "a line break": "jan.novak%0d%0aX",
    "no UTF-8": "jan.novak%ff",
    "half a character": "jan.novak%ed%a0%80",
    "very long": "jan.novak" * 23,
}


@pytest.mark.parametrize("route", [one for one in ROUTES if "{" in one.pattern], ids=str)
@pytest.mark.parametrize("bad", BAD_IDS.values(), ids=BAD_IDS)
def test_a_bad_id_is_refused(client, route, bad):
    path = route.path.replace("C-1042", bad)
    answer = client.request(route.method, f"http://127.0.0.1{path}")
    assert_refused(answer, answer.status_code)
    assert answer.status_code in {404, 422}


@pytest.mark.parametrize("route", [one for one in ROUTES if "{" in one.pattern], ids=str)
@pytest.mark.parametrize(
    "odd", ["jan%2Fnovak", "..%2F..%2Fetc", "%25jan.novak", "%C3%A1jan.novak", "%F0%9F%99%82novak"]
)
def test_an_odd_id_is_only_unknown(client, route, odd):
    path = route.path.replace("C-1042", odd)
    assert_refused(client.request(route.method, f"http://127.0.0.1{path}"), 404)


@ON_EVERY_ROUTE
def test_json_is_answered_whatever_is_accepted(fresh, route):
    for accepted in ("text/html", "application/xml", "application/problem+json;q=0", "x/" * 500):
        answer = fresh.request(
            route.method, route.path, headers={"Accept": accepted}, json=route.body
        )
        assert route.is_answered(answer.status_code)
        assert answer.headers["content-type"] in {"application/json", MEDIA_TYPE}
        answer = fresh.request(
            route.method, f"{route.path}?colour=1", headers={"Accept": accepted}, json=route.body
        )
        assert_refused(answer, 422)


@ON_EVERY_ROUTE
def test_many_and_large_headers_do_no_harm(fresh, route):
    headers = {f"X-{number}": "x" for number in range(200)} | {"X-Large": "x" * 60_000}
    answer = fresh.request(route.method, route.path, headers=headers, json=route.body)
    assert route.is_answered(answer.status_code)
