"""What the server holds, and when it opens it."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from shop import store_orders

from features.errors import DamagedStore, NotReady, SettingsError
from features.schema import ORDERS
from serving.business import settings_from_environment
from serving.state import ServerState


def orders_on(*days: date, customer_id: str = "C-1042") -> pa.Table:
    rows = [
        {
            "customer_id": customer_id,
            "occurred_at": datetime(day.year, day.month, day.day, 12, tzinfo=UTC),
            "day": day,
            "kind": "order",
            "amount_minor": 1_000,
            "market": "cz",
        }
        for day in days
    ]
    return ORDERS.filled({name: [row[name] for row in rows] for name in rows[0]})


def publish_orders(state: ServerState, *days: date) -> str:
    orders = orders_on(*days)
    return store_orders(orders, state.histories_folder, markets=("cz",), currency="EUR")


def test_nothing_is_opened_before_it_is_asked_for(tmp_path):
    def read_settings():
        pytest.fail("the settings were read")

    ServerState(read_settings).close()
    assert list(tmp_path.iterdir()) == []


def test_the_settings_are_those_that_the_environment_names(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_SETTINGS", str(tmp_path / "missing.yml"))
    with pytest.raises(SettingsError, match=r"There is no .*missing\.yml"):
        settings_from_environment()


def test_demo_means_the_bundled_orders(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_SETTINGS", "demo")
    monkeypatch.setenv("REGULARS_WORKSPACE", str(tmp_path))
    settings = settings_from_environment()
    assert settings.workspace == tmp_path
    assert settings.sources.orders.path.exists()


def test_without_scores_there_is_no_generation_to_answer_from(empty_state):
    with pytest.raises(NotReady, match="regulars score"):
        empty_state.generation()


def test_the_model_is_loaded_once_per_generation(settings, scorer, generation, score):
    loaded = []
    state = ServerState(lambda: settings, load_scorer=lambda *_: loaded.append(1) or scorer)
    state.store.publish(generation, [score])
    first = state.generation()
    assert state.scorer(first) is state.scorer(first)
    state.store.publish(generation, [score])
    state.scorer(state.generation())
    assert len(loaded) == 2
    state.close()


def test_tiles_are_those_known_when_the_scores_were_made(state, generation, score):
    assert state.customer_tiles("C-1042") is None
    name = publish_orders(state, date(2026, 5, 1), date(2026, 8, 31), date(2026, 9, 1))
    state.store.publish(replace(generation, histories=name), [score])
    assert state.customer_tiles("C-1042")["day"].to_pylist() == [
        date(2026, 5, 1),
        date(2026, 8, 31),
    ]
    assert state.customer_tiles("nobody") is None


def test_tiles_are_those_of_the_histories_that_are_current(state, generation, score):
    name = publish_orders(state, date(2026, 5, 1))
    state.store.publish(replace(generation, histories=name), [score])
    assert state.customer_tiles("C-1042").num_rows == 1
    publish_orders(state, date(2026, 5, 1), date(2026, 8, 1))
    assert state.customer_tiles("C-1042").num_rows == 2


def test_damaged_histories_are_refused(state, generation, score):
    name = publish_orders(state, date(2026, 5, 1))
    state.store.publish(replace(generation, histories=name), [score])
    files = (state.histories_folder / "files").glob("tiles.orders.orders/*.parquet")
    for file in files:
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(DamagedStore, match="regulars train"):
        state.customer_tiles("C-1042")
