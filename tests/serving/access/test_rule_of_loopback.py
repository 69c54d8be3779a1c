"""Who needs no key: this machine, asked for itself, by its own name, before the first key."""

import pytest
from starlette.responses import Response
from starlette.routing import Route

from features.serve_settings import ServeSettings
from serving.state import ServerState

SCORE = "/v1/customers/C-1042/score"
PAGE = [Route("/customers/{customer_id:path}", lambda _: Response("page"))]


@pytest.fixture
def here(state, client_of):
    return client_of(state, extra_routes=PAGE)


def test_this_machine_needs_no_key_until_there_is_one(here, state, client_of, new_key):
    assert here.get(SCORE).status_code == 200
    secret = new_key("scores:read").secret
    later = client_of(state)
    assert later.get(SCORE).status_code == 401
    assert later.get(SCORE, headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_a_revoked_key_does_not_open_the_api_to_this_machine_again(
    state, client_of, new_key, key_store, clock
):
    key_store.revoke(new_key().key.key_id, clock())
    assert client_of(state).get(SCORE).status_code == 401


def test_the_page_and_the_metrics_stay_open_to_this_machine(here, new_key):
    new_key()
    assert here.get("/customers/C-1042").text == "page"
    assert here.get("/metrics").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"X-Forwarded-For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"Via": "1.1 proxy"},
        {"X-Real-IP": "203.0.113.9"},
    ],
    ids=str,
)
def test_what_comes_through_a_proxy_or_by_another_name_is_not_this_machine(here, headers):
    assert here.get(SCORE, headers=headers).status_code == 401
    assert here.get("/customers/C-1042", headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:3000", "127.0.0.1:80", "[::1]:3000"])
def test_this_machine_has_several_names(here, host):
    assert here.get(SCORE, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("client", "base_url"),
    [
        (("203.0.113.9", 1), "http://127.0.0.1"),
        (("127.0.0.1", 1), "http://192.0.2.1"),
        (("10.0.0.1", 1), "http://10.0.0.2"),
    ],
)
def test_a_connection_that_leaves_the_machine_is_not_of_this_machine(
    state, client_of, client, base_url
):
    outside = client_of(state, client=client, base_url=base_url, extra_routes=PAGE)
    assert outside.get(SCORE, headers={"Host": "localhost"}).status_code == 401
    closed = outside.get("/customers/C-1042", headers={"Host": "localhost"})
    assert closed.status_code == 403
    assert "until people can sign in" in closed.json()["detail"].lower()


def test_with_keys_required_nothing_is_open_to_this_machine_either(settings, store, client_of):
    required = settings.model_copy(update={"serve": ServeSettings(keys="required")})
    state = ServerState(lambda: required)
    closed = client_of(state, extra_routes=PAGE)
    asked = [closed.get(path).status_code for path in (SCORE, "/metrics", "/customers/x", "/docs")]
    assert asked == [401, 401, 403, 200]
    state.close()


def test_customers_of_another_market_do_not_exist_for_a_key(outside, new_key):
    headers = {"Authorization": f"Bearer {new_key('scores:read', markets=('vn',)).secret}"}
    foreign = outside.get(SCORE, headers=headers)
    unknown = outside.get("/v1/customers/nobody/score", headers=headers)
    assert (foreign.status_code, foreign.json()) == (404, unknown.json())
    batch = outside.post(
        "/v1/scores:batchGet", json={"customer_ids": ["C-1042", "nobody"]}, headers=headers
    ).json()["results"]
    assert [one["status"] for one in batch] == [404, 404]
    assert batch[0]["problem"] == batch[1]["problem"]
    order = {"timestamp": "2026-05-01", "amount": "49.90"}
    for market, status in (("cz", 403), ("vn", 200)):
        body = {"customers": [{"customer_id": "new", "orders": [order | {"market": market}]}]}
        answer = outside.post("/v1/scores:predict", json=body, headers=headers)
        assert answer.status_code == status


def test_a_key_for_a_market_sees_its_customers(outside, new_key):
    headers = {"Authorization": f"Bearer {new_key('scores:read', markets=('cz',)).secret}"}
    assert outside.get(SCORE, headers=headers).status_code == 200


def test_what_follows_scores_is_told_of_the_markets_of_a_key_only(
    outside, new_key, state, generation, score
):
    state.store.publish(generation, [score])
    past, feed, journal = "/v1/customers/C-1042/score/history", "/v1/scores", "/v1/journal"
    other, own, two = ("vn",), ("cz",), ("cz", "vn")
    secrets = {one: new_key("scores:read", markets=one).secret for one in (other, own, two)}

    def asked(markets: tuple[str, ...], path: str, **params: str):
        headers = {"Authorization": f"Bearer {secrets[markets]}"}
        return outside.get(path, headers=headers, params=params)

    foreign, unknown = asked(other, past), asked(other, past.replace("C-1042", "nobody"))
    assert (foreign.status_code, foreign.json()) == (404, unknown.json())
    assert asked(own, past).json()["entries"]
    assert asked(other, feed).json()["scores"] == []
    assert [one["customer_id"] for one in asked(own, feed).json()["scores"]] == ["C-1042"]
    assert asked(other, feed, market="cz").status_code == 403
    assert asked(two, feed).status_code == 403
    assert asked(two, feed, market="cz").json()["scores"]
    assert asked(own, journal).status_code == 403
