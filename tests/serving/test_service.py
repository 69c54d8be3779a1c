"""The server as it is run: `bentoml serve`, one port, real sockets."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from features.settings import load_settings
from serving.commands import keys
from serving.store import Generation, Score, ScoreStore

ROOT = Path(__file__).parents[2]
STARTS_WITHIN_SECONDS = 60
SETTINGS = """
business: Shop
workspace: workspace
sources:
  orders: {path: orders.csv, format: csv, columns: {customer_id: id, timestamp: at, amount: a}}
markets: {cz: {time_zone: Europe/Prague, currency: EUR}}
churn: {within_days: 90}
"""

pytestmark = pytest.mark.timeout(120)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_until(client: httpx.Client, path: str, status: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if client.get(path).status_code == status:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"{path} was not answered with {status} within {seconds} seconds")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server")
    (folder / "regulars.yml").write_text(SETTINGS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[httpx.Client]:
    """A client of a server that runs, without published scores."""
    port = free_port()
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Regulars"]
    environment = os.environ | {
        "REGULARS_SETTINGS": str(folder / "regulars.yml"),
        "BENTOML_HOME": str(folder / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "prometheus"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port)],
            cwd=ROOT, env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                wait_until(client, "/livez", 200, STARTS_WITHIN_SECONDS)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def published(
    server: httpx.Client, folder: Path, generation: Generation, score: Score
) -> httpx.Client:
    """The same client, after scores were published beside the running server."""
    fresh = replace(generation, published_at=datetime.now(UTC))
    store = ScoreStore.embedded(folder / "workspace")
    store.publish(fresh, [score, replace(score, customer_id="a/b")])
    store.close()
    return server


def test_before_the_first_publication_it_is_alive_but_not_ready(server):
    assert server.get("/livez").status_code == 200
    assert server.get("/readyz").status_code == 503
    assert server.get("/v1/models/current").status_code == 503


def test_a_publication_makes_it_ready_without_a_restart(published):
    wait_until(published, "/readyz", 200, 5)
    assert published.get("/v1/customers/C-1042/score").json()["churn"]["probability"] == 0.62
    assert published.get("/v1/customers/a%2Fb/score").json()["customer_id"] == "a/b"


def test_api_documentation_and_metrics_share_the_port(published):
    assert published.get("/openapi.json").json()["openapi"].startswith("3.1")
    assert published.get("/docs").headers["content-type"].startswith("text/html")
    metrics = published.get("/metrics").text
    assert "regulars_scores_customers 2.0" in metrics
    assert "regulars_scores_age_seconds" in metrics


@pytest.mark.parametrize("path", ["/nowhere", "/docs.json", "/assets/x", "/v1/customers/x"])
def test_what_is_not_ours_is_a_problem(published, path):
    answer = published.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/scores:batchGet", "/schema.json", "/livez", "/"])
def test_pickles_are_refused_before_any_route(published, path):
    headers = {"Content-Type": "application/vnd.bentoml+pickle"}
    answer = published.post(path, content=b"\x80\x04.", headers=headers)
    assert answer.status_code == 415
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_body_that_does_not_come_is_waited_for_only_so_long(published):
    head = (
        b"POST /v1/scores:batchGet HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: 500\r\n\r\n{"
    )
    with socket.create_connection((published.base_url.host, published.base_url.port), 9) as one:
        one.sendall(head)
        answer = one.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize("lengths", [b"-1", b"abc", b"5\r\nContent-Length: 7"])
def test_a_length_that_is_none_is_refused(published, lengths):
    head = b"POST /v1/scores:batchGet HTTP/1.1\r\nHost: x\r\nContent-Length: " + lengths
    with socket.create_connection((published.base_url.host, published.base_url.port), 9) as one:
        one.sendall(head + b"\r\n\r\n{}")
        assert one.recv(65_536).startswith(b"HTTP/1.1 400 ")


def test_slow_bodies_do_not_starve_an_honest_client(published):
    head = (
        b"POST /v1/scores:batchGet HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    )
    where = (published.base_url.host, published.base_url.port)
    slow = [socket.create_connection(where, 20) for _ in range(64)]
    try:
        for one in slow:
            one.sendall(head)
        body = {"customer_ids": ["C-1042"]}
        answers = [published.get("/v1/customers/C-1042/score") for _ in range(20)]
        answers += [published.post("/v1/scores:batchGet", json=body) for _ in range(20)]
        assert {one.status_code for one in answers} == {200}
        assert {one.recv(65_536)[:13] for one in slow} == {b"HTTP/1.1 408 "}
    finally:
        for one in slow:
            one.close()


def test_another_name_of_the_server_s_machine_needs_a_key(published):
    headers = {"Host": "scores.example"}
    assert published.get("/v1/customers/C-1042/score", headers=headers).status_code == 401
    assert published.get("/", headers=headers).status_code == 403
    assert published.get("/schema.json", headers=headers).status_code == 403
    assert published.get("/livez", headers=headers).status_code == 200


def test_the_log_has_a_line_of_json_for_a_request(published, folder):
    published.get("/v1/customers/C-1042/score", headers={"X-Request-Id": "job-7"})
    deadline, found = time.monotonic() + 5, []
    while not found and time.monotonic() < deadline:  # written after the answer is sent
        written = (folder / "log").read_text(encoding="utf-8").splitlines()
        found = [json.loads(one) for one in written if '"job-7"' in one]
    (line,) = found
    assert line["route"] == "/v1/customers/{customer_id:path}/score"
    assert line["status"] == 200


def test_neither_metrics_nor_the_log_hold_an_id(published, folder):
    published.get("/v1/customers/very-personal/score")
    published.get("/very-personal")
    assert "very-personal" not in published.get("/metrics").text
    assert "very-personal" not in (folder / "log").read_text(encoding="utf-8")


def test_a_key_is_known_to_the_running_server_and_its_revocation_too(published, folder):
    # Last: from the first key on, nothing below /v1 is answered without one.
    settings = load_settings(folder / "regulars.yml")
    now = datetime.now(UTC)
    made = keys.create(settings, keys.Asked(("scores:read",), "CRM", None, None), now)
    path, key = "/v1/customers/C-1042/score", {"Authorization": f"Bearer {made.new.secret}"}
    time.sleep(1)
    assert published.get(path).status_code == 401
    assert published.get(path, headers=key).status_code == 200
    keys.revoke(settings, made.new.key.key_id, now)
    time.sleep(1)
    assert published.get(path, headers=key).status_code == 401
    assert made.new.secret not in (folder / "log").read_text(encoding="utf-8")
