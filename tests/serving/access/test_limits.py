"""How often one may ask, and how many at once."""

import asyncio
import re

import pytest

from features.serve_settings import ServeSettings
from serving.access.admission import Admission, Area, Refusal
from serving.access.gate import Gate
from serving.access.keys import LOCAL
from serving.access.limiter import Limit, Windows
from serving.api.door import InFlight
from serving.state import ServerState

SCORE = "/v1/customers/C-1042/score"


@pytest.fixture
def client_under(settings, store, generation, score, client_of):
    """A client of a server with these settings, on this machine or elsewhere."""
    store.publish(generation, [score])
    states = []

    def client(*, on: dict | None = None, **serve):
        given = settings.model_copy(update={"serve": ServeSettings(**serve)})
        states.append(ServerState(lambda: given))
        return client_of(states[-1], **(on or {}))

    yield client
    for state in states:
        state.close()


def test_one_too_many_is_told_when_to_come_back(client_under):
    client = client_under(address_requests_per_minute=2)
    first, second, third = (client.get(SCORE) for _ in range(3))
    assert [one.status_code for one in (first, second, third)] == [200, 200, 429]
    assert first.headers["ratelimit-policy"] == '"address";q=2;w=60'
    assert re.fullmatch(r'"address";r=1;t=(59|60)', first.headers["ratelimit"])
    assert 1 <= int(third.headers["retry-after"]) <= 60
    assert third.headers["ratelimit"].startswith('"address";r=0;')
    assert third.headers["content-type"] == "application/problem+json"
    assert client.get("/docs").status_code == 200


def test_each_key_has_a_limit_of_its_own(client_under, new_key):
    keys = [{"Authorization": f"Bearer {new_key('scores:read').secret}"} for _ in range(2)]
    client = client_under(key_requests_per_minute=1)
    asked = [client.get(SCORE, headers=key) for key in (keys[0], keys[0], keys[1])]
    assert [one.status_code for one in asked] == [200, 429, 200]
    assert asked[0].headers["ratelimit-policy"] == '"key";q=1;w=60'


def test_who_tries_keys_is_slowed_down_and_his_neighbour_is_not(client_under, new_key):
    right = {"Authorization": f"Bearer {new_key('scores:read').secret}"}
    client = client_under(refusals_per_minute=2)
    wrong = {"Authorization": "Bearer rgl_wrong"}
    tried = [client.get(SCORE, headers=wrong).status_code for _ in range(4)]
    assert tried == [401, 401, 429, 429]
    assert client.get(SCORE, headers=right).status_code == 200


def test_without_a_number_there_is_no_limit(client_under):
    client = client_under(address_requests_per_minute=None)
    answer = client.get(SCORE)
    assert answer.status_code == 200
    assert "ratelimit" not in answer.headers


def test_a_window_begins_anew_when_it_is_over(clock):
    limit = Limit("key", 2, Windows(clock.seconds))
    assert [limit.hit("a") for _ in range(3)] == [True, True, False]
    assert limit.hit("b")
    clock.pass_by(seconds=59)
    assert not limit.hit("a")
    assert limit.state("a") == '"key";r=0;t=1'
    clock.pass_by(seconds=1)
    assert limit.hit("a")
    assert limit.state("a") == '"key";r=1;t=60'


def test_our_windows_count_as_the_library_s_own_strategy_does(clock):
    from limits import RateLimitItemPerMinute
    from limits.strategies import FixedWindowRateLimiter

    theirs, item = FixedWindowRateLimiter(Windows(clock.seconds)), RateLimitItemPerMinute(3)
    ours = Limit("key", 3, Windows(clock.seconds))
    for seconds in (0, 1, 30, 1, 27, 1, 1, 70, 1, 1, 1):
        clock.pass_by(seconds=seconds)
        assert ours.hit("a") == theirs.hit(item, "a")


def test_strangers_cannot_fill_the_memory_with_names(clock):
    windows = Windows(clock.seconds, max_windows=100)
    limit = Limit("address", 1, windows)
    for number in range(1_000):
        limit.hit(str(number))
    assert windows.reset() <= 100


def test_one_sender_of_many_addresses_is_one(settings, key_store, clock):
    gate = Gate(key_store, lambda: None, clock, clock.seconds)
    gate._look()
    admission = Admission(gate, ServeSettings(address_requests_per_minute=1), clock.seconds)
    first = admission.admit(Area.API, None, "2001:db8::1", is_local=True)
    again = admission.admit(Area.API, None, "2001:db8::2", is_local=True)
    other = admission.admit(Area.API, None, "2001:db8:1::1", is_local=True)
    assert (first, other) == (LOCAL, LOCAL)
    assert isinstance(again, Refusal)
    assert again.why == "too-many"


def test_more_at_once_than_the_server_takes_are_told_to_come_back(settings):
    class Access:
        pass

    access = Access()
    access.settings = settings.model_copy(update={"serve": ServeSettings(in_flight=2)})

    async def asked() -> list[int]:
        go, statuses = asyncio.Event(), []

        async def slow(scope, receive, send):
            await go.wait()
            await send({"type": "http.response.start", "status": 200, "headers": []})

        async def send(message):
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
                if message["status"] == 503:
                    assert (b"retry-after", b"1") in message["headers"]

        layer = InFlight(slow, access)
        scope = {"type": "http", "method": "GET", "path": SCORE, "headers": []}
        waiting = [asyncio.create_task(layer(dict(scope), None, send)) for _ in range(3)]
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(*waiting)
        await layer(dict(scope), None, send)
        return statuses

    assert asyncio.run(asked()) == [503, 200, 200, 200]
