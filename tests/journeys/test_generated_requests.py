"""Requests that Schemathesis makes up from the API's own document, against the real application.

Cases come from seeds that follow one another, so the same two numbers make the same requests:
`REGULARS_FUZZ_SEED=1 REGULARS_FUZZ_CASES=5000 pytest tests/journeys/test_generated_requests.py`.
`make fuzz` sends 5,000; without a number there are fewer, every written case among them.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.config._checks import (
    NEGATIVE_DATA_REJECTION_EXPECTED_STATUSES as REFUSED,
)
from schemathesis.config._checks import (
    POSITIVE_DATA_ACCEPTANCE_EXPECTED_STATUSES as ACCEPTED,
)
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from features.settings import load_settings
from serving.access.key_store import Grant, KeyStore
from serving.access.keys import SCOPES
from serving.access.pepper import Pepper
from serving.api.app import Api, make_app
from serving.api.problems import MEDIA_TYPE
from serving.database import address_of
from serving.state import ServerState

pytestmark = pytest.mark.timeout(900)

SEED = int(os.environ.get("REGULARS_FUZZ_SEED", "1"))
CASES = int(os.environ.get("REGULARS_FUZZ_CASES", "800"))
EXAMPLES = 20  # of each operation in one round
NOW = datetime(2025, 3, 1, tzinfo=UTC)
NO_LIMIT = 10**9
# What a document cannot say, so that requests which keep to it are refused all the same.
BEYOND_THE_DOCUMENT = {
    # Cursors carry a checksum; those of the journal lead to events that may be gone.
    "after": ("400", "410"),
    # Only plausible years; JSON Schema knows no years.
    "changed_since": ("422",),
    # Orders lie before `as_of`, in markets of the business, with a purchase among them.
    "predictScores": ("422",),
    # One name for two bodies is refused, or its first request still runs, or was erased.
    "Idempotency-Key": ("410", "422"),
}
# A bad item spoils only its own result: the answer as a whole is 200.
PER_ITEM = ("sendEvents", "sendOutcomes")


@dataclass
class Told:
    """What came of a run."""

    cases: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    checks: set[str] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    wrong: dict[str, str] = field(default_factory=dict)

    def add(self, recorder: ScenarioRecorder) -> None:
        """Count a scenario, and keep the first of each kind of failure."""
        for case_id, node in recorder.cases.items():
            self.cases += 1
            self.operations.add(node.value.operation.label)
            interaction = recorder.interactions.get(case_id)
            if interaction is not None and interaction.response is not None:
                self._look(node.value.operation.label, interaction.response)
        for checks in recorder.checks.values():
            for one in checks:
                self.checks.add(one.name)
                if one.failure_info is not None:
                    what = one.failure_info.failure
                    told = f"{what.message}\n{one.failure_info.code_sample}"
                    self.wrong.setdefault(f"{one.name}: {what.title} ({what.operation})", told)

    def _look(self, operation: str, response: Any) -> None:
        status = int(response.status_code)
        self.statuses[status] += 1
        kind = response.headers.get("content-type", [""])[0]
        if status >= 400 and kind != MEDIA_TYPE:
            self.wrong.setdefault(f"{operation}: an error {status} is {kind}", response.text)
        if "x-request-id" not in response.headers:
            self.wrong.setdefault(f"{operation}: an answer without X-Request-Id", response.text)


def configured(app: Api, seed: int, headers: dict[str, str], **more: Any) -> SchemathesisConfig:
    """Every check, with the exceptions that the document's words cannot say."""
    return SchemathesisConfig.from_dict(
        {
            "seed": seed,
            "headers": headers,
            "generation": {"max-examples": EXAMPLES, "database": "none"},
            "operations": list(_exceptions(app.openapi())),
        }
        | more
    )


def _exceptions(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        for operation in operations.values():
            names = {one["name"] for one in operation.get("parameters", ())}
            names.add(operation["operationId"])
            more = [status for name in names for status in BEYOND_THE_DOCUMENT.get(name, ())]
            alone = ["200"] if operation["operationId"] in PER_ITEM else []
            yield {
                "include-operation-id": operation["operationId"],
                "checks": {
                    "positive_data_acceptance": {"expected-statuses": [*ACCEPTED, *more]},
                    "negative_data_rejection": {"expected-statuses": [*REFUSED, *alone]},
                },
            }


def run(app: Any, told: Told, config: SchemathesisConfig) -> None:
    """Let Schemathesis ask, and note what came of it."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=config)
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            told.add(event.recorder)
        elif isinstance(event, events.NonFatalError):
            told.wrong[f"Schemathesis: {event.label}"] = str(event.info.format())
        elif isinstance(event, events.FatalError):
            raise event.exception


def assert_nothing_wrong(told: Told) -> None:
    parts = [f"{name}\n{what}" for name, what in told.wrong.items()]
    again = f"again with REGULARS_FUZZ_SEED={SEED} REGULARS_FUZZ_CASES={CASES}"
    assert not parts, "\n\n".join([*parts, again])


@pytest.fixture
def folder(shop, tmp_path: Path) -> Path:
    """A copy of the shop: keys are made in it, and requests may write."""
    return shutil.copytree(shop.folder, tmp_path / "shop")


@pytest.fixture
def state(folder: Path) -> Iterator[ServerState]:
    settings = load_settings(folder / "regulars.yml")
    limits = {name: NO_LIMIT for name in type(settings.serve).model_fields if "_minute" in name}
    settings = settings.model_copy(update={"serve": settings.serve.model_copy(update=limits)})
    state = ServerState(lambda: settings, clock=lambda: NOW)
    yield state
    state.close()


@pytest.fixture
def secret(state: ServerState) -> str:
    """A key that may do everything."""
    store = KeyStore(address_of(state.settings))
    pepper = Pepper(state.settings.workspace, {}).made()
    made = store.create(Grant(SCOPES, "generated requests"), pepper, NOW)
    store.close()
    return made.secret


def test_no_generated_request_breaks_the_contract(state, secret):
    app, told = make_app(state), Told()
    headers = {"Authorization": f"Bearer {secret}"}
    run(app, told, configured(app, SEED, headers))
    for seed in range(SEED + 1, SEED + 1_000):
        if told.cases >= CASES or told.wrong:
            break
        # What is written in the document was sent in the first round.
        phases = {"examples": {"enabled": False}, "coverage": {"enabled": False}}
        run(app, told, configured(app, seed, headers, phases=phases))
    assert_nothing_wrong(told)
    assert told.cases >= CASES
    asked = {
        f"{method.upper()} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }
    assert told.operations == asked
    assert {"ignored_auth", "negative_data_rejection", "unsupported_method"} <= told.checks
    assert {200, 304, 401, 404, 405, 422} <= set(told.statuses)


def test_no_generated_request_of_the_own_machine_breaks_the_contract(state):
    app, told = make_app(state), Told()

    async def here(scope, receive, send):
        if scope["type"] == "http":
            own = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [*own, (b"host", b"localhost")]
            scope |= {"client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 80)}
        await app(scope, receive, send)

    # The own machine needs no key until the first one was made.
    checks = {"ignored_auth": {"enabled": False}}
    phases = {"coverage": {"enabled": False}, "stateful": {"enabled": False}}
    generation = {"max-examples": 10, "database": "none", "with-security-parameters": False}
    more = {"checks": checks, "phases": phases, "generation": generation}
    run(here, told, configured(app, SEED, {}, **more))
    assert_nothing_wrong(told)
    assert told.statuses[200] > 0
    assert told.statuses[401] == 0
