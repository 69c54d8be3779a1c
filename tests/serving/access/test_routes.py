"""Every route of the server, with every kind of key: nobody gets in who may not."""

from datetime import timedelta

import pytest
from asked_routes import asked_routes
from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.routing import Route

from serving.access.keys import SCOPES, new_secret
from serving.api.app import make_app
from serving.api.permissions import declared, needs, require_scopes

NOT_OURS = "/nowhere"
ROUTES = asked_routes()
EVERY = pytest.mark.parametrize("route", ROUTES, ids=str)


def ask(client, route, key=None, **options):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return client.request(route.method, route.path, headers=headers, json=route.body, **options)


def test_there_are_routes_to_ask():
    assert len(ROUTES) >= 8
    assert {one.scope for one in ROUTES} <= set(SCOPES)


@EVERY
def test_a_route_is_closed_without_a_key(outside, new_key, route):
    new_key()
    answer = ask(outside, route)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["type"] == "/docs#no-key"


@EVERY
def test_a_route_is_closed_to_others_before_any_key_was_made(outside, route):
    assert ask(outside, route).status_code == 401


@EVERY
def test_a_wrong_key_opens_nothing(outside, new_key, route):
    right = new_key().secret
    for wrong in (new_secret(), right[:-1] + ("a" if right[-1] != "a" else "b"), right[4:]):
        answer = ask(outside, route, wrong)
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert wrong not in answer.text


@EVERY
def test_a_revoked_key_opens_nothing(outside, new_key, key_store, clock, route):
    made = new_key()
    key_store.revoke(made.key.key_id, clock())
    assert ask(outside, route, made.secret).status_code == 401


@EVERY
def test_an_expired_key_opens_nothing(outside, new_key, clock, route):
    made = new_key(expires_at=clock())
    assert ask(outside, route, made.secret).status_code == 401


@EVERY
def test_a_key_with_every_scope_but_the_route_s_is_refused(outside, new_key, route):
    made = new_key(*(one for one in SCOPES if one != route.scope))
    answer = ask(outside, route, made.secret)
    assert answer.status_code == 403
    assert answer.json()["type"] == "/docs#forbidden"
    assert f'scope="{route.scope}"' in answer.headers["www-authenticate"]


@EVERY
def test_a_key_with_the_scope_of_the_route_opens_it(outside, new_key, clock, route):
    made = new_key(route.scope, expires_at=clock() + timedelta(seconds=1))
    assert route.is_answered(ask(outside, route, made.secret).status_code)


@EVERY
def test_a_key_in_the_query_is_no_key(outside, new_key, route):
    secret = new_key().secret
    assert ask(outside, route, params={"key": secret, "access_token": secret}).status_code == 401


def test_two_keys_in_one_request_are_none(outside, new_key):
    both = [("Authorization", f"Bearer {new_key().secret}")] * 2
    assert outside.get("/v1/models/current", headers=both).status_code == 401


def test_what_does_not_exist_needs_a_key_too(outside, new_key):
    secret = new_key().secret
    assert outside.get("/v1/nowhere").status_code == 401
    headers = {"Authorization": f"Bearer {secret}"}
    assert outside.get("/v1/nowhere", headers=headers).status_code == 404


def test_a_route_without_a_scope_cannot_be_served(state):
    router = APIRouter(prefix="/v1")
    router.get("/secret")(lambda: "told")
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)
    with pytest.raises(TypeError, match="no scope is declared for GET /v1/secret"):
        require_scopes(app.routes)
    with pytest.raises(TypeError, match="no scope is declared for GET /v1/page"):
        make_app(state, extra_routes=[Route("/v1/page", lambda _: Response())])


def test_a_route_with_a_scope_can_be_served():
    router = APIRouter(prefix="/v1")
    router.get("/secret", dependencies=[needs("admin")])(lambda: "told")
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)
    require_scopes(app.routes)
    assert [one.scope for one in declared(app.routes)] == ["admin"]


def test_the_openapi_document_says_which_scope_an_operation_needs(client):
    document = client.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    found = {
        (method.upper(), path): operation["security"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
    for one in ROUTES:
        if one.pattern.startswith("/v1/"):
            assert found[one.method, one.pattern] == [{"key": [one.scope]}]


@pytest.mark.parametrize("path", ["/docs", "/docs.css", "/openapi.json"])
def test_the_documentation_is_open(outside, path):
    assert outside.get(path).status_code == 200
