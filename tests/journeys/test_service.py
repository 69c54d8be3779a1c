"""The server as a shop runs it: real scores, real requests, a real end; and the bento of it."""

import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

pytestmark = pytest.mark.timeout(240)

BIN = Path(sys.executable).parent
STARTS_WITHIN_SECONDS = 60
ENDS_WITHIN_SECONDS = 15
MARK = "0.0.0+bento"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Running:
    """A server of its own, its client, and the mark that all its processes carry."""

    process: subprocess.Popen[bytes]
    client: httpx.Client
    mark: str
    log: Path

    def processes(self) -> list[int]:
        """Every process that lives and was started for this server."""
        found = []
        for one in psutil.process_iter():
            try:
                if one.environ().get("JOURNEY") == self.mark and one.status() != "zombie":
                    found.append(one.pid)
            except psutil.Error:
                continue
        return found


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def environment(mark: Path, **more: object) -> dict[str, str]:
    """A user's shell: the venv first, no settings named, MLflow's and BentoML's things aside."""
    foreign = ("REGULARS_", "MLFLOW_", "BENTOML_", "PROMETHEUS_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    own = {
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
        "BENTOML_HOME": str(mark / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "JOURNEY": str(mark),
    }
    return kept | own | {name: str(value) for name, value in more.items()}


@contextmanager
def serving(command: list[object], folder: Path, aside: Path, **more: object) -> Iterator[Running]:
    """The server while it is ready; whatever happens, nothing of it outlives this."""
    port = free_port()
    with (aside / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(part) for part in [*command, "--port", port]],
            cwd=folder, env=environment(aside, **more), stdout=log, stderr=log,
        )  # fmt: skip
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        running = Running(process, client, str(aside), aside / "log")
        try:
            wait_until_ready(running)
            yield running
        finally:
            for pid in running.processes():
                psutil.Process(pid).kill()
            process.wait(timeout=30)


def wait_until_ready(server: Running) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if server.client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(server.log.read_text(encoding="utf-8"))


def orders_of(shop, customer_id: str) -> list[dict[str, str]]:
    """The rows of a customer, as the file has them."""
    with shop.orders.open(encoding="utf-8", newline="") as stream:
        return [
            {"timestamp": row["ordered_on"], "amount": row["amount"]}
            for row in csv.DictReader(stream)
            if row["customer_id"] == customer_id
        ]


@pytest.fixture(scope="module")
def server(shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    aside = tmp_path_factory.mktemp("serve")
    with serving([BIN / "regulars", "serve"], shop.folder, aside) as running:
        yield running


@pytest.fixture(scope="module")
def ids(shop) -> list[str]:
    """Every customer of the shop."""
    with shop.orders.open(encoding="utf-8", newline="") as stream:
        return sorted({row["customer_id"] for row in csv.DictReader(stream)})


@pytest.fixture(scope="module")
def stored(server: Running, ids: list[str]) -> list[dict]:
    """What the server says of every customer."""
    answer = server.client.post("/v1/scores:batchGet", json={"customer_ids": ids})
    assert answer.status_code == 200
    return [one["score"] for one in answer.json()["results"]]


def test_every_customer_of_the_file_is_known_and_the_active_have_numbers(stored, ids, shop):
    assert [one["customer_id"] for one in stored] == ids
    available = [one for one in stored if one["available"]]
    assert f"{len(available)} of 700 customers scored" in shop.ended["score"].out
    for one in available:
        assert 0 < one["churn"]["probability"] < 1
        assert len(one["reasons"]) <= 3
        assert {one["as_of"], one["valid_until"]} == {"2025-02-04", "2025-02-11"}
    assert sum(bool(one["reasons"]) for one in available) > 0.9 * len(available)
    assert {one["reason"] for one in stored if not one["available"]} == {"already_churned"}


def test_one_customers_score_is_the_same_as_in_a_batch(server, stored):
    for one in stored[:20]:
        answer = server.client.get(one["links"]["self"])
        assert (answer.status_code, answer.json()) == (200, one)


def test_raw_orders_of_a_stored_customer_give_the_stored_score(server, stored, shop):
    chosen = [one for one in stored if one["available"]][:50] + stored[:10]
    wanted = {one["customer_id"]: {**one, "links": None} for one in chosen}
    customers = [{"customer_id": name, "orders": orders_of(shop, name)} for name in wanted]
    answer = server.client.post("/v1/scores:predict", json={"customers": customers})
    assert answer.status_code == 200, answer.text
    got = {one["customer_id"]: {**one["score"], "links": None} for one in answer.json()["results"]}
    assert got == wanted


def test_the_page_and_the_model_card_tell_of_the_same_model(server):
    page, card = server.client.get("/"), server.client.get("/v1/models/current").json()
    said = " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert f"Model grade {card['quality']['grade']} " in said
    assert card["as_of"] == "2025-02-04"


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/customers/nobody/score", None, 404),
        ("GET", "/v1/nowhere", None, 404),
        ("POST", "/v1/scores:batchGet", b'{"customer_ids": [', 400),
        ("POST", "/v1/scores:predict", b"\x80\x04", 400),
        ("POST", "/v1/scores:batchGet", b'{"customer_ids": "C00001"}', 422),
        ("POST", "/v1/scores:predict", b'{"customers": [{"customer_id": "a", "orders": []}]}', 422),
    ],
)
def test_what_is_wrong_is_answered_as_a_problem(server, method, path, body, status):
    headers = {"Content-Type": "application/json"}
    answer = server.client.request(method, path, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == PROBLEM
    assert answer.json()["status"] == status


def test_a_customer_that_is_unknown_spoils_only_its_own_result(server, ids):
    answer = server.client.post("/v1/scores:batchGet", json={"customer_ids": [ids[0], "nobody"]})
    assert [one["status"] for one in answer.json()["results"]] == [200, 404]


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT], ids=lambda way: way.name)
def test_a_server_that_is_told_to_end_leaves_nothing_behind(shop, tmp_path, way):
    with serving([BIN / "regulars", "serve"], shop.folder, tmp_path) as server:
        assert server.process.pid in server.processes()
        server.process.send_signal(way)
        assert server.process.wait(timeout=ENDS_WITHIN_SECONDS) == 0
        deadline = time.monotonic() + 5
        while server.processes() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert server.processes() == []
        assert "Traceback" not in server.log.read_text(encoding="utf-8")


def test_serving_writes_nothing_beside_the_workspace(shop, server):
    beside = {
        path.name for path in shop.folder.iterdir() if path.name not in {".lock", ".ended.json"}
    }
    assert beside == {"orders.csv", "regulars.yml", ".regulars"}


# The bento


@pytest.fixture(scope="module")
def checkout(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone would hold: what git tracks or would, as it is now."""
    folder = tmp_path_factory.mktemp("checkout") / "regulars"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=root, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, folder / name)
    # A mark by which the code that answers shows that it is the bento's and no other.
    marked = folder / "serving" / "api" / "documentation.py"
    text = marked.read_text(encoding="utf-8")
    marked.write_text(re.sub(r'API_VERSION = ".*"', f'API_VERSION = "{MARK}"', text), "utf-8")
    return folder


def test_a_bento_of_the_checkout_is_built_offline_and_serves(shop, checkout, tmp_path):
    build = [BIN / "bentoml", "build", "--output", "tag"]
    # No address that answers: whoever asks an index fails here.
    offline = dict.fromkeys(("http_proxy", "https_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    built = subprocess.run(
        build, check=False, cwd=checkout, env=environment(tmp_path, **offline),
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    tag = built.stdout.strip().removeprefix("__tag__:")
    (bento,) = (tmp_path / "bentoml" / "bentos" / "regulars").glob("*/src")
    assert (bento / "features" / "sources" / "data" / "cdnow.parquet").is_file()
    assert (bento / "serving" / "texts" / "cs" / "LC_MESSAGES" / "messages.po").is_file()
    assert not (bento / "tests").exists()
    command = [BIN / "bentoml", "serve", tag, "--host", "127.0.0.1"]
    with serving(command, tmp_path, tmp_path, REGULARS_SETTINGS=shop.settings) as server:
        assert server.client.get("/readyz").status_code == 200
        assert server.client.get("/v1/customers/C00001/score").status_code == 200
        assert server.client.get("/openapi.json").json()["info"]["version"] == MARK
