"""A write sent twice is done once, through a small route that only the tests have."""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import anyio
import httpx
import pytest
from fastapi import APIRouter, Request

from serving.access import tables
from serving.access.replies import KEPT_DAYS, LEASE_SECONDS, Conflict, Replies, Reply, Write
from serving.api.app import make_app
from serving.api.idempotent import IdempotencyKey, answered_once
from serving.api.permissions import needs, require_scopes
from serving.api.problems import INVALID, Problem
from serving.database import address_of

WRITE = Write("key", "order-1", "POST /v1/notes?", b'{"a": 1}')
REPLY = Reply(201, b'{"done": 1}', customer_ids=("C-1042", "C-1043"))
CRASH = """
import os, signal, sys
from datetime import UTC, datetime
from serving.access.replies import Replies, Write

def die(body):
    os.kill(os.getpid(), signal.SIGKILL)

now = datetime(2026, 9, 1, 5, tzinfo=UTC)
Replies(sys.argv[1], b"p" * 32, lambda: now).once(
    Write("key", "order-1", "POST /v1/notes?", b'{"a": 1}'), die
)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, settings):
    if request.param == "sqlite":
        return address_of(settings).render_as_string(hide_password=False)
    running = request.getfixturevalue("postgres")
    address = running.url.replace("${CRM_PASSWORD}", "s3cret%40%2F%3A%3F")
    engine = tables.opened(address)
    tables.metadata.drop_all(engine)
    engine.dispose()
    return address


@pytest.fixture
def replies(address, clock):
    replies = Replies(address, b"p" * 32, clock)
    yield replies
    replies.close()


class Notes:
    """Work that counts how often it was done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self, body: bytes) -> Reply:
        self.done += 1
        asked = json.loads(body)
        if asked.get("bad"):
            raise Problem(INVALID, "It is bad.")
        return Reply(201, json.dumps({"done": self.done}).encode(), customer_ids=("C-1042",))


@pytest.fixture
def notes() -> Notes:
    return Notes()


def with_notes(app, notes):
    router = APIRouter(prefix="/v1")

    @router.post("/notes", dependencies=[needs("scores:write")])
    async def note(request: Request, name: IdempotencyKey = None):
        return await answered_once(request, app.access, name, notes)

    app.include_router(router)
    require_scopes(app.routes)
    return app


@pytest.fixture
def post(state, notes):
    app = with_notes(make_app(state), notes)
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))

    def post(body, name=None, **headers):
        given = headers | ({"Idempotency-Key": name} if name is not None else {})

        async def sent():
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as one:
                return await one.post("/v1/notes", json=body, headers=given)

        return anyio.run(sent)

    yield post
    app.access.close()


def test_the_same_write_is_done_once_and_answered_alike(post, notes):
    first, again = post({"a": 1}, "order-1"), post({"a": 1}, "order-1")
    assert (first.status_code, again.status_code, notes.done) == (201, 201, 1)
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_another_write_under_the_same_name_is_refused(post, notes):
    post({"a": 1}, "order-1")
    answer = post({"a": 2}, "order-1")
    assert (answer.status_code, answer.json()["type"]) == (422, "/docs#other-request")
    assert notes.done == 1


def test_without_a_name_every_write_is_done(post, notes):
    assert [post({"a": 1}).json()["done"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("name", ["", "x" * 256, "x" * 300, "a b"])
def test_a_name_that_is_none_is_refused(post, name, notes):
    assert (post({"a": 1}, name).status_code, notes.done) == (400, 0)


def test_a_refused_write_may_be_corrected_under_its_name(post, notes):
    assert post({"bad": True}, "order-1").status_code == 422
    assert post({"a": 1}, "order-1").status_code == 201


def test_names_of_different_keys_do_not_meet(replies):
    assert replies.once(WRITE, lambda _: REPLY) == REPLY
    other = Write("other", WRITE.name, WRITE.target, b"{}")
    assert replies.once(other, lambda _: Reply(200, b"{}")) == Reply(200, b"{}")


def test_while_the_first_still_runs_the_second_is_told_to_wait(replies):
    began, go = threading.Event(), threading.Event()

    def slow(_: bytes) -> Reply:
        began.set()
        assert go.wait(20)
        return REPLY

    running = threading.Thread(target=replies.once, args=(WRITE, slow))
    running.start()
    assert began.wait(20)
    meanwhile = replies.once(WRITE, lambda _: REPLY)
    go.set()
    running.join(20)
    assert meanwhile == Conflict("running", LEASE_SECONDS)
    assert replies.once(WRITE, pytest.fail).was_kept


def test_of_many_at_once_one_does_the_work(replies):
    done, outcomes = [], []

    def work(_: bytes) -> Reply:
        done.append(1)
        return REPLY

    def send() -> None:
        outcomes.append(replies.once(WRITE, work))

    threads = [threading.Thread(target=send) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert (len(outcomes), len(done)) == (8, 1)
    assert all(isinstance(one, Reply) or one.why == "running" for one in outcomes)


def test_a_write_that_was_killed_becomes_free_after_its_lease(address, replies, clock, root):
    process = subprocess.run(
        [sys.executable, "-c", CRASH, address],
        cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, capture_output=True, check=False,
    )  # fmt: skip
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()
    assert replies.once(WRITE, lambda _: REPLY) == Conflict("running", LEASE_SECONDS)
    clock.pass_by(seconds=LEASE_SECONDS)
    assert replies.once(WRITE, lambda _: REPLY) == REPLY
    assert replies.once(WRITE, pytest.fail).was_kept


def test_a_clock_set_back_locks_a_name_no_longer_than_its_lease(replies, clock):
    def overtaken(_: bytes) -> Reply:
        clock.pass_by(hours=-1)
        conflict = replies.once(WRITE, pytest.fail)
        assert conflict == Conflict("running", LEASE_SECONDS)
        clock.pass_by(hours=1)
        return REPLY

    assert replies.once(WRITE, overtaken) == REPLY


def test_an_answer_is_kept_for_seven_days(replies, clock):
    replies.once(WRITE, lambda _: REPLY)
    clock.pass_by(days=KEPT_DAYS)
    assert replies.once(WRITE, pytest.fail).was_kept
    clock.now += timedelta(seconds=1)
    again = replies.once(WRITE, lambda _: Reply(200, b"new"))
    assert again == Reply(200, b"new")


def test_the_answers_about_a_customer_can_be_erased(replies):
    replies.once(WRITE, lambda _: REPLY)
    other = Write("key", "order-2", "POST /v1/notes?", b"{}")
    replies.once(other, lambda _: Reply(200, b"{}", customer_ids=("C-9",)))
    assert replies.forget(["C-1042", "nobody"]) == 1
    assert replies.once(WRITE, pytest.fail) == Conflict("erased")
    assert replies.once(other, pytest.fail).was_kept
    assert replies.forget(["C-1042"]) == 0


def test_no_customer_and_no_name_stands_in_the_database(settings, clock):
    replies = Replies(address_of(settings), b"p" * 32, clock)
    secret = Reply(200, b"about-the-customer", customer_ids=("canary@example.com",))
    replies.once(Write("key", "canary-name", "POST /v1/notes?", b"canary-body"), lambda _: secret)
    replies.forget(["canary@example.com"])
    replies.close()
    kept = b"".join(path.read_bytes() for path in settings.workspace.glob("scores.db*"))
    assert b"replies" in kept
    assert b"canary" not in kept
    assert b"about-the-customer" not in kept
