"""What the server writes down: a line of JSON for each request, and no person in it."""

import io
import json
import logging
import re

import pytest

from serving import logs
from serving.logs import AccessLog

SCORE = "/v1/customers/C-1042/score"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
CANARY = "canary-9z1"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def logged(state, client_of, stream):
    return client_of(state, log_stream=stream)


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_line_with_its_route(logged, stream):
    answer = logged.get(SCORE)
    (line,) = lines(stream)
    assert line["request_id"] == answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{32}", line["request_id"])
    assert line["ms"] >= 0
    assert line["at"].endswith("Z")
    kept = {name: line[name] for name in ("event", "method", "route", "status", "key")}
    assert kept == {
        "event": "request",
        "method": "GET",
        "route": "/v1/customers/{customer_id:path}/score",
        "status": 200,
        "key": "local",
    }


def test_no_customer_stands_in_the_log(logged, stream):
    logged.get(f"/v1/customers/{CANARY}/score?lang={CANARY}")
    logged.get(f"/{CANARY}", headers={"Authorization": f"Bearer {CANARY}", "Cookie": CANARY})
    logged.post("/v1/scores:batchGet", json={"customer_ids": [CANARY]})
    logged.post("/v1/scores:predict", json={"customers": [{"customer_id": CANARY}]})
    logged.request(CANARY, SCORE)
    assert len(lines(stream)) == 5
    assert CANARY not in stream.getvalue()


def test_an_id_that_comes_with_a_request_goes_on_with_it(logged, stream):
    answer = logged.get(SCORE, headers={"X-Request-Id": "job-7", "Traceparent": TRACE})
    assert answer.headers["x-request-id"] == "job-7"
    assert answer.headers["traceparent"] == TRACE
    (line,) = lines(stream)
    assert (line["request_id"], line["trace_id"]) == ("job-7", TRACE.split("-")[1])


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "ida'\"", "{}", "a/b", "%0d%0a"])
def test_an_id_that_is_not_clean_is_made_anew(logged, stream, given):
    answer = logged.get(SCORE, headers={"X-Request-Id": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-request-id"])
    assert len(lines(stream)) == 1


@pytest.mark.parametrize(
    "given", ["", "00", TRACE[:-1], TRACE.upper(), f"01{TRACE[2:]}", f"00-{'0' * 32}{TRACE[35:]}"]
)
def test_a_trace_that_is_none_is_passed_over(logged, stream, given):
    answer = logged.get(SCORE, headers={"Traceparent": given})
    assert answer.status_code == 200
    assert "traceparent" not in answer.headers
    assert "trace_id" not in lines(stream)[0]


def test_a_share_of_the_requests_and_every_failure_are_written(stream):
    log = AccessLog(stream, share=0.25)
    for status in [200] * 7 + [500] + [200] * 4:
        log.write(status=status, route="/")
    assert [line["status"] for line in lines(stream)] == [200, 500, 200]
    nothing = io.StringIO()
    AccessLog(nothing, share=0).write(status=200)
    assert nothing.getvalue() == ""


def test_a_refused_request_is_written_too(state, client_of, stream):
    client = client_of(state, log_stream=stream, client=("203.0.113.9", 1))
    answer = client.get(SCORE)
    (line,) = lines(stream)
    assert (answer.status_code, line["status"], line["key"]) == (401, 401, None)
    assert answer.headers["x-request-id"] == line["request_id"]


def test_other_messages_are_json_with_the_request_they_belong_to(stream):
    kept = {name: logging.getLogger(name) for name in logs.PACKAGES}
    before = {name: (one.handlers, one.propagate, one.level) for name, one in kept.items()}
    logs.configure(stream)
    try:
        here = logs.request_ids.set({"request_id": "job-7"})
        logging.getLogger("serving.api").warning("not %s\nforged", "ready")
        logs.request_ids.reset(here)
        (line,) = lines(stream)
        assert (line["event"], line["level"]) == ("not ready\nforged", "warning")
        assert (line["logger"], line["request_id"]) == ("serving.api", "job-7")
    finally:
        for name, (handlers, propagate, level) in before.items():
            kept[name].handlers, kept[name].propagate = handlers, propagate
            kept[name].setLevel(level)
