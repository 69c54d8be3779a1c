"""A shop of 300 customers with published scores, for tests of the page."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from features.measures import ORDER_DAYS, ORDER_LINES, ORDERS, ORDERS_WITHOUT_ID
from features.settings import Settings
from serving.store import Generation, Reason, Score, ScoreStore
from serving.web.routes import page_routes

AS_OF = date(2026, 9, 1)
TODAY = date(2026, 9, 3)
SCRIPT_ID = "<script>alert(1)</script>"
SLASH_ID = "a/b"
UNAVAILABLE = {
    "U-churned": "already_churned",
    "U-new": "too_little_history",
    "U-objected": "objected_to_profiling",
    "U-market": "model_not_calibrated_for_market",
}
QUALITY: dict[str, Any] = {
    "holdout": {
        "cutoff": "2026-06-03", "churn_horizon_days": 90, "value_horizon_days": 365,
        "customers_count": 5123, "churn_rate": 0.61,
    },
    "churn": {
        "champion": {"auc": 0.781, "log_loss": 0.532, "brier": 0.178, "ece": 0.016,
                     "top_decile_lift": 1.58},
        "baseline": {"auc": 0.752, "log_loss": 0.561, "brier": 0.191, "ece": 0.043,
                     "top_decile_lift": 1.51},
    },
    "value": {
        "champion": {"ngini": 0.71, "spearman": 0.44, "decile_mape": 0.11, "bias": 1.02,
                     "rmse": 81.2, "interval_coverage": 0.81, "interval_coverage_buyers": 0.72},
        "baseline": {"ngini": 0.66, "spearman": 0.42, "decile_mape": 0.19, "bias": 0.93,
                     "rmse": 79.5, "interval_coverage": 0.74, "interval_coverage_buyers": 0.61},
    },
    "baseline_name": "bg-nbd",
    "grade": "B",
    "grade_rule": "Beats the baseline in ranking and calibration; value within 15% per tenth.",
}  # fmt: skip


@dataclass
class Shop:
    """A state of the page with everything in memory but the store."""

    store: ScoreStore
    settings: Settings
    tiles: dict[str, pa.Table] = field(default_factory=dict)

    def customer_tiles(self, customer_id: str) -> pa.Table | None:
        """The tiles of a customer, if the shop kept them."""
        return self.tiles.get(customer_id)


def shop_settings() -> Settings:
    """A business with two markets in one currency."""
    return Settings.model_validate(
        {
            "business": "Kaffee & Kuchen",
            "sources": {
                "orders": {
                    "path": "orders.csv",
                    "format": "csv",
                    "columns": {"customer_id": "id", "timestamp": "at", "amount": "amount"},
                }
            },
            "markets": {
                "DE": {"time_zone": "Europe/Berlin", "currency": "EUR"},
                "AT": {"time_zone": "Europe/Vienna", "currency": "EUR"},
            },
            "churn": {"within_days": 90},
            "bands": {"high": 0.7, "medium": 0.4},
            "value": {"margin": 0.4},
        }
    )


def shop_generation(**changes: Any) -> Generation:
    """What all scores of the shop share."""
    about: dict[str, Any] = {
        "business": "Kaffee & Kuchen", "as_of": AS_OF, "valid_until": AS_OF + timedelta(days=7),
        "published_at": datetime(2026, 9, 1, 4, tzinfo=UTC), "histories": "h",
        "model_name": "churn", "model_version": "17", "model_digest": "d", "run_id": "r",
        "churn_definition": "no-order-90d@1",
        "churn_horizon_days": 90, "value_horizon_days": 365, "value_interval": 0.8,
        "currency": "EUR", "quality": QUALITY,
    }  # fmt: skip
    return Generation(**(about | changes))


def order_days(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """Days of orders before the as-of day and the typical gap; some stopped, some go on."""
    gap = float(np.exp(rng.normal(3.4, 0.45)))
    silence = int(rng.exponential(2.2) * gap) + 1
    gaps = np.maximum(1, rng.gamma(4, gap / 4, size=rng.integers(3, 40)).round()).astype(int)
    back = silence + np.concatenate([[0], np.cumsum(gaps)])
    return back[back < 1100], gap


def customer_tiles(customer_id: str, back: np.ndarray, rng: np.random.Generator) -> pa.Table:
    """Day tiles with an order on each day, and a refund now and then."""
    value = (rng.gamma(3, 14, size=len(back)) * 100).astype(int)
    refund = np.where(rng.random(len(back)) < 0.08, value // 2, 0)
    ones = pa.array(np.ones(len(back), dtype=np.int64))
    columns = {
        measure.name: ones for measure in (ORDER_DAYS, ORDERS, ORDERS_WITHOUT_ID, ORDER_LINES)
    }
    days = [AS_OF - timedelta(days=int(ago)) for ago in back]
    columns |= {
        "order_value_minor": pa.array(value),
        "refund_lines": pa.array((refund > 0).astype(np.int64)),
        "refund_value_minor": pa.array(refund),
    }
    table = {"customer_id": pa.array([customer_id] * len(back)), "day": pa.array(days)} | columns
    return pa.table(table).sort_by("day")


def customer_score(customer_id: str, back: np.ndarray, gap: float, spend: float,
                   rng: np.random.Generator) -> Score:  # fmt: skip
    """A score that follows from the silence in the customer's own rhythm."""
    silence = int(back.min())
    probability = float(1 / (1 + np.exp(-(silence / gap - 2.4) * 1.3 + rng.normal(0, 0.3))))
    stays = spend / max(back.max() - silence, 30) * 365 * 0.4 * float(rng.lognormal(0, 0.25))
    value = stays * (1 - probability)
    reasons = [
        Reason("silence.own", "raises" if silence > 1.5 * gap else "lowers", "high",
               float(silence), round(gap), "days"),
        Reason("pace", "raises" if probability > 0.4 else "lowers", "medium",
               float((back < 180).sum()), 5.0, "orders"),
        Reason("frequency", "lowers", "low", float(len(back)), 9.0, "orders"),
    ]  # fmt: skip
    return Score(
        customer_id=customer_id, market="DE" if rng.random() < 0.8 else "AT",
        last_order_on=AS_OF - timedelta(days=silence), order_days_count=len(back),
        spend_value=spend, usual_gap_days=round(gap, 1), churn_probability=probability,
        percentile=0, band="", alive_probability=1 - probability, expected_orders=365 / gap,
        cltv=value, cltv_low=value * 0.4, cltv_high=value * 1.8, cltv_if_retained=stays,
        value_at_stake=probability * stays, value_band="", reasons=tuple(reasons),
    )  # fmt: skip


def shop_scores(count: int = 300) -> tuple[list[Score], dict[str, pa.Table]]:
    """Scores of `count` customers with two awkward ids, and 40 customers without a score."""
    rng = np.random.default_rng(7)
    ids = [SCRIPT_ID, SLASH_ID, *(f"C-{number:04}" for number in range(1, count - 41))]
    drafts, tiles = [], {}
    for customer_id in ids:
        back, gap = order_days(rng)
        tiles[customer_id] = customer_tiles(customer_id, back, rng)
        spend = sum(tiles[customer_id]["order_value_minor"].to_pylist()) / 100
        drafts.append(customer_score(customer_id, back, gap, spend, rng))
    risk = np.argsort(np.argsort([draft.churn_probability or 0 for draft in drafts]))
    worth = np.argsort(np.argsort([draft.cltv_if_retained or 0 for draft in drafts]))
    bands = shop_settings().bands
    scores = [
        _changed(
            draft,
            percentile=int(100 * risk[place] / len(drafts)),
            band=bands.of(draft.churn_probability or 0),
            value_band=("low", "medium", "high")[int(3 * worth[place] / len(drafts))],
        )
        for place, draft in enumerate(drafts)
    ]
    reasons = ["already_churned"] * 24 + ["too_little_history"] * 10 + ["objected_to_profiling"] * 2
    nameless = {f"N-{number:02}": reason for number, reason in enumerate(reasons)}
    return scores + [_unscored(*pair) for pair in (nameless | UNAVAILABLE).items()], tiles


def _unscored(customer_id: str, reason: str) -> Score:
    return Score(
        customer_id=customer_id, market="DE", last_order_on=date(2026, 1, 15), order_days_count=1,
        spend_value=35.5, unavailable_reason=reason,
    )  # fmt: skip


def _changed(score: Score, **changes: Any) -> Score:
    values = {name: getattr(score, name) for name in Score.__dataclass_fields__}
    return Score(**(values | changes))


@pytest.fixture
def empty_shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop before its first publication."""
    store = ScoreStore.embedded(tmp_path)
    yield Shop(store, shop_settings())
    store.close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with its scores published; nobody may publish again in it."""
    store = ScoreStore.embedded(tmp_path_factory.mktemp("shop"))
    scores, tiles = shop_scores()
    store.publish(shop_generation(), scores)
    yield Shop(store, shop_settings(), tiles)
    store.close()


Get = Callable[..., httpx.Response]


def getter(shop: Shop, *, today: date = TODAY, below: str = "") -> Get:
    """A function that asks the page of a shop for an address, without a port."""
    routes = page_routes(shop, today=lambda: today)
    app = Starlette(routes=[Mount(below, routes=routes)] if below else routes)

    async def ask(address: str, **options: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            return await client.get(address, **options)

    return lambda address, **options: asyncio.run(ask(address, **options))


@pytest.fixture
def get(shop: Shop) -> Get:
    """Asks the page of the published shop."""
    return getter(shop)


@pytest.fixture
def get_of() -> Callable[..., Get]:
    """Makes an asker for a shop of the test's own."""
    return getter


@pytest.fixture
def publish() -> Callable[..., None]:
    """Publishes the usual scores in an empty shop, with changes to what they share."""

    def published(shop: Shop, **changes: Any) -> None:
        scores, shop.tiles = shop_scores()
        shop.store.publish(shop_generation(**changes), scores)

    return published
