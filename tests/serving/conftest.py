"""What the tests of this folder share: a small shop, its scores, and a client of its API."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from features.settings import Market, NoOrderChurn, Settings
from features.source_settings import OrderColumns, OrdersSource, Sources
from serving.api.app import make_app
from serving.state import ServerState
from serving.store import Generation, Reason, Score, ScoreStore

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette asks for another HTTP client than ours
    from starlette.testclient import TestClient

PUBLISHED_AT = datetime(2026, 9, 1, 4, tzinfo=UTC)

GENERATION = Generation(
    business="Shop",
    as_of=date(2026, 9, 1),
    valid_until=date(2026, 9, 8),
    published_at=PUBLISHED_AT,
    histories="0123456789abcdef",
    model_name="churn",
    model_version="17",
    run_id="run-17",
    model_digest="0" * 64,
    churn_definition="no-order-90d@1",
    churn_horizon_days=90,
    value_horizon_days=365,
    value_interval=0.8,
    currency="EUR",
    quality={"grade": "B", "churn": {"champion": {"auc": 0.76, "ece": float("nan")}}},
)

SCORE = Score(
    customer_id="C-1042",
    market="cz",
    last_order_on=date(2026, 6, 22),
    order_days_count=5,
    spend_value=412.5,
    usual_gap_days=28.0,
    churn_probability=0.62,
    percentile=94,
    band="high",
    alive_probability=0.51,
    expected_orders=1.25,
    cltv=184.2,
    cltv_low=96.1,
    cltv_high=310.8,
    cltv_if_retained=402.0,
    value_at_stake=249.24,
    value_band="high",
    reasons=(
        Reason("silence.own", "raises", "high", 71.0, 28.0, "days"),
        Reason("money", "lowers", "low", 82.5, 40.0, "money"),
    ),
)

NO_SCORE = Score(
    customer_id="new/á b",
    market="cz",
    last_order_on=date(2026, 8, 30),
    order_days_count=1,
    spend_value=9.0,
    unavailable_reason="too_little_history",
)


class FakeScorer:
    """Gives every customer the same chance, and keeps the orders it was asked about."""

    generation = replace(GENERATION, generation=1)

    def __init__(self) -> None:
        self.orders: pa.Table | None = None
        self.as_of: date | None = None

    def score_orders(self, orders: pa.Table, as_of: date) -> list[Score]:
        self.orders, self.as_of = orders, as_of
        names = orders["customer_id"].unique().to_pylist()
        return [replace(SCORE, customer_id=name) for name in reversed(names)]


@pytest.fixture(scope="session")
def generation() -> Generation:
    return GENERATION


@pytest.fixture(scope="session")
def score() -> Score:
    return SCORE


@pytest.fixture(scope="session")
def no_score() -> Score:
    return NO_SCORE


def settings_in(tmp_path: Path) -> Settings:
    columns = OrderColumns(customer_id="id", timestamp="at", amount="amount")
    orders = OrdersSource(path=tmp_path / "orders.csv", format="csv", columns=columns)
    return Settings(
        workspace=tmp_path / "workspace",
        sources=Sources(orders=orders),
        markets={
            "cz": Market(time_zone="Europe/Prague", currency="EUR"),
            "vn": Market(time_zone="Asia/Ho_Chi_Minh", currency="EUR"),
        },
        churn=NoOrderChurn(within_days=90),
    )


def state_of(settings: Settings, scorer: FakeScorer) -> ServerState:
    return ServerState(
        lambda: settings,
        load_scorer=lambda *_: scorer,
        clock=lambda: datetime(2026, 9, 1, 5, tzinfo=UTC),
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[ScoreStore]:
    store = ScoreStore.embedded(settings.workspace)
    yield store
    store.close()


@pytest.fixture
def scorer() -> FakeScorer:
    return FakeScorer()


@pytest.fixture
def empty_state(settings: Settings, scorer: FakeScorer) -> Iterator[ServerState]:
    state = state_of(settings, scorer)
    yield state
    state.close()


@pytest.fixture(scope="module")
def lasting_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerState]:
    """The published shop, for tests that only ask."""
    state = state_of(settings_in(tmp_path_factory.mktemp("shop")), FakeScorer())
    state.store.publish(GENERATION, [SCORE, NO_SCORE])
    yield state
    state.close()


@pytest.fixture
def state(empty_state: ServerState) -> ServerState:
    empty_state.store.publish(GENERATION, [SCORE, NO_SCORE])
    return empty_state


@pytest.fixture(scope="session")
def client_of() -> Callable[..., TestClient]:
    def client(
        state: ServerState,
        # A program on the machine itself, which needs no key until there is one.
        client: tuple[str, int] = ("127.0.0.1", 50_000),
        base_url: str = "http://127.0.0.1",
        **options: Any,
    ) -> TestClient:
        return TestClient(
            make_app(state, **options),
            base_url=base_url,
            client=client,
            raise_server_exceptions=False,
        )

    return client


@pytest.fixture
def client(state: ServerState, client_of: Callable[..., TestClient]) -> TestClient:
    return client_of(state)
