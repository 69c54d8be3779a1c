"""A Python client that a generator makes from `docs/openapi.json`, against a running server.

Whatever the client needs has to be in the document: nothing of the client is written by hand.
"""

import csv
import importlib
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from types import SimpleNamespace

import pytest
import uvicorn
from filelock import FileLock

from features.settings import load_settings
from serving.access.key_store import Grant, KeyStore
from serving.access.pepper import Pepper
from serving.api.app import make_app
from serving.database import address_of
from serving.state import ServerState
from serving.store import Score

pytestmark = pytest.mark.timeout(240)

LOCK = Path(__file__).with_name("openapi-python-client.lock")
NOW = datetime(2025, 3, 1, tzinfo=UTC)
OPERATIONS = {
    "customers": ("get_score", "get_score_history"),
    "scores": ("batch_get_scores", "list_changed_scores", "predict_scores"),
    "journal": ("read_journal",),
    "models": ("get_current_model",),
}


@pytest.fixture(scope="session")
def generator() -> Path:
    """The generator in an environment of its own: its typer is older than ours."""
    folder = Path(sys.prefix) / "openapi-python-client"
    with FileLock(folder.with_suffix(".lock")):
        ready, wanted = folder / "ready.lock", LOCK.read_text(encoding="utf-8")
        if not ready.exists() or ready.read_text(encoding="utf-8") != wanted:
            quiet = ["--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)]
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            subprocess.run([folder / "bin" / "python", "-m", "pip", "install", *quiet], check=True)
            ready.write_text(wanted, encoding="utf-8")
    return folder / "bin" / "openapi-python-client"


@pytest.fixture(scope="module")
def client_package(
    generator: Path, root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SimpleNamespace]:
    """The modules of the generated client."""
    folder = tmp_path_factory.mktemp("generated")
    (folder / "config.yml").write_text("post_hooks: []\n", encoding="utf-8")
    command = [generator, "generate", "--meta", "none", "--config", folder / "config.yml"]
    made = subprocess.run(
        [*command, "--path", root / "docs" / "openapi.json",
         "--output-path", folder / "scores_client"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    # A warning means that a part of the document was left out.
    assert "arning" not in made.stdout + made.stderr, made.stdout
    sys.path.insert(0, str(folder))
    modules = {
        name: importlib.import_module(f"scores_client.api.{tag}.{name}")
        for tag, names in OPERATIONS.items()
        for name in names
    }
    package = importlib.import_module("scores_client")
    models = importlib.import_module("scores_client.models")
    yield SimpleNamespace(**modules, package=package, models=models)
    sys.path.remove(str(folder))
    for name in [one for one in sys.modules if one.partition(".")[0] == "scores_client"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def state(shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerState]:
    folder = shutil.copytree(shop.folder, tmp_path_factory.mktemp("client") / "shop")
    settings = load_settings(folder / "regulars.yml")
    state = ServerState(lambda: settings, clock=lambda: NOW)
    yield state
    state.close()


@pytest.fixture(scope="module")
def secret(state: ServerState) -> str:
    store = KeyStore(address_of(state.settings))
    pepper = Pepper(state.settings.workspace, {}).made()
    made = store.create(Grant(("scores:read",), "generated client"), pepper, NOW)
    store.close()
    return made.secret


@pytest.fixture(scope="module")
def address(state: ServerState, secret: str) -> Iterator[str]:
    """Where a server with a key runs, on a real port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        config = uvicorn.Config(make_app(state), log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        running = threading.Thread(target=server.run, kwargs={"sockets": [free]})
        running.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{free.getsockname()[1]}"
        server.should_exit = True
        running.join()


@pytest.fixture
def client(client_package, address: str, secret: str):
    with client_package.package.AuthenticatedClient(address, token=secret, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def known(state: ServerState, shop) -> Score:
    """A customer with a score."""
    with shop.orders.open(encoding="utf-8", newline="") as stream:
        ids = sorted({row["customer_id"] for row in csv.DictReader(stream)})
    scores = state.store.scores(state.generation().generation, ids)
    return next(one for one in scores.values() if one.churn_probability is not None)


def feed(client_package, client, after=None) -> tuple[list, str]:
    """All pages of changed scores behind a cursor, and the cursor to go on with."""
    found, more = [], {} if after is None else {"after": after}
    while True:
        page = client_package.list_changed_scores.sync(client=client, limit=300, **more)
        assert isinstance(page, client_package.models.ScoresPage)
        found += page.scores
        more = {"after": page.paging.next_.after}
        if not page.paging.more:
            return found, more["after"]


def test_a_score_comes_typed(client_package, client, known):
    score = client_package.get_score.sync(known.customer_id, client=client)
    assert isinstance(score, client_package.models.ScoreObject)
    assert score.customer_id == known.customer_id
    assert score.churn.probability == pytest.approx(known.churn_probability, abs=1e-4)
    assert score.churn.horizon_days == 30
    assert isinstance(score.cltv, client_package.models.Cltv)
    assert score.cltv.currency == "USD"
    assert score.additional_properties == {}


def test_a_customer_without_a_score_comes_as_another_type(client_package, client, shop):
    score = client_package.get_score.sync("C00000", client=client)
    assert isinstance(score, client_package.models.NoScoreObject)
    assert (score.available, score.reason) == (False, "already_churned")


def test_the_flat_view_comes_typed(client_package, client, known):
    flat = client_package.models.GetScoreView.FLAT
    score = client_package.get_score.sync(known.customer_id, client=client, view=flat)
    assert isinstance(score, client_package.models.FlatScore)
    assert score.regulars_churn_band == known.band


def test_texts_come_in_the_language_asked_for(client_package, client, known):
    asked = {"client": client, "accept_language": "cs-CZ"}
    score = client_package.get_score.sync(known.customer_id, **asked)
    assert {reason.lang for reason in score.reasons} == {"cs"}


def test_a_known_score_is_not_sent_again(client_package, client, known):
    first = client_package.get_score.sync_detailed(known.customer_id, client=client)
    again = client_package.get_score.sync_detailed(
        known.customer_id, client=client, if_none_match=first.headers["etag"]
    )
    assert (again.status_code, again.parsed) == (HTTPStatus.NOT_MODIFIED, None)


def test_a_batch_has_a_typed_result_for_each_id(client_package, client, known):
    body = client_package.models.BatchGet(customer_ids=[known.customer_id, "nobody"])
    found, missing = client_package.batch_get_scores.sync(client=client, body=body).results
    assert (found.status, missing.status) == (200, 404)
    assert isinstance(found.score, client_package.models.ScoreObject)
    assert isinstance(missing.problem, client_package.models.ProblemBody)
    assert missing.problem.type_ == "/docs#unknown-customer"


def test_raw_orders_are_scored(client_package, client, state, known, shop):
    models = client_package.models
    with shop.orders.open(encoding="utf-8", newline="") as stream:
        orders = [
            models.OrderInput.from_dict({"timestamp": row["ordered_on"], "amount": row["amount"]})
            for row in csv.DictReader(stream)
            if row["customer_id"] == known.customer_id
        ]
    customer = models.CustomerInput(customer_id=known.customer_id, orders=orders)
    body = models.Predict(customers=[customer])
    (result,) = client_package.predict_scores.sync(client=client, body=body).results
    assert isinstance(result.score, models.ScoreObject)
    assert result.score.churn.probability == pytest.approx(known.churn_probability, abs=1e-4)


def test_the_model_card_comes_typed(client_package, client):
    card = client_package.get_current_model.sync(client=client)
    assert isinstance(card, client_package.models.ModelCard)
    assert card.quality["grade"] in {"A", "B", "C", "D"}


def test_a_bad_field_is_a_typed_problem_with_its_place(client_package, client, known):
    asked = {"client": client, "after": "made by hand"}
    problem = client_package.list_changed_scores.sync(**asked)
    assert isinstance(problem, client_package.models.ProblemBody)
    assert problem.status == 400
    body = client_package.models.BatchGet(customer_ids=[known.customer_id, ""])
    problem = client_package.batch_get_scores.sync(client=client, body=body)
    assert isinstance(problem, client_package.models.ProblemBody)
    assert [one.pointer for one in problem.errors] == ["#/customer_ids/1"]


def test_an_unknown_customer_is_a_typed_problem(client_package, client):
    answer = client_package.get_score.sync_detailed("a/b ü", client=client)
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert isinstance(answer.parsed, client_package.models.ProblemBody)


def test_a_wrong_key_is_a_typed_problem(client_package, address, secret):
    wrong = client_package.package.AuthenticatedClient(address, token=secret[:-1])
    with wrong as client:
        answer = client_package.get_current_model.sync_detailed(client=client)
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert isinstance(answer.parsed, client_package.models.ProblemBody)
    assert answer.parsed.type_ == "/docs#no-key"


def test_a_reader_follows_a_publication(client_package, client, state, known):
    every, after = feed(client_package, client)
    assert len({one.customer_id for one in every}) == len(every) == 700
    current = state.generation()
    later = replace(current, published_at=datetime(2025, 3, 8, tzinfo=UTC))
    band = "low" if known.band != "low" else "high"
    state.store.publish(later, [replace(known, churn_probability=0.01, band=band)])
    changed, _ = feed(client_package, client, after)
    mine = [one for one in changed if one.customer_id == known.customer_id]
    assert [one.churn.probability for one in mine] == [0.01]
    page = client_package.get_score_history.sync(known.customer_id, client=client)
    assert isinstance(page, client_package.models.HistoryPage)
    assert [one.band for one in page.entries] == [band, known.band]
    assert page.entries[0].changed.band_before == known.band
    journal = client_package.read_journal.sync(client=client)
    assert isinstance(journal, client_package.models.JournalPage)
    events = {one.data["customer_id"]: one for one in journal.events}
    assert events[known.customer_id].type_ == "score.band_changed"
    assert events[known.customer_id].data["after"] == band
