"""Stories that must end in one sentence: no honest number is possible, or somebody else is at work."""

from datetime import timedelta

import pytest
from filelock import FileLock
from shop import FIRST_DAY, histories, simulated_orders
from threadpoolctl import threadpool_limits

from features.errors import ModelRefused, NotEnoughData, NotReady
from features.matrix import matrix
from features.settings import Settings
from serving.batch import Customers, score_and_publish
from serving.commands.jobs import alone
from serving.commands.one_shot import OneShot, predict_file
from training.artifact import save_model
from training.evaluation import evaluate
from training.models.customer_model import Horizons, fit_customer_model
from training.pipeline import train

CUTOFF = FIRST_DAY + timedelta(days=300)
HORIZONS = Horizons(60, 60, 0.8)


def shop_settings(workspace, **values) -> Settings:
    return Settings.model_validate(
        {
            "workspace": workspace,
            "sources": {
                "orders": {
                    "path": "orders.csv",
                    "format": "csv",
                    "columns": {"customer_id": "c", "timestamp": "t", "amount": "a"},
                }
            },
            "markets": {"US": {}},
            "churn": {"within_days": 60},
            "value": {"horizon_days": 60},
            **values,
        }
    )


def test_days_that_nobody_has_seen_are_not_taken_for_silence():
    known = histories(simulated_orders(customers=300))
    with pytest.raises(NotEnoughData, match="nothing is known of the days between"):
        fit_customer_model(known, FIRST_DAY + timedelta(days=500), HORIZONS, seed=1)


def test_orders_without_money_are_told_and_worth_next_to_nothing():
    rows = [(name, when, 0) for name, when, _ in simulated_orders(customers=300)]
    known = histories(rows)
    model = fit_customer_model(known, CUTOFF, HORIZONS, seed=1)
    assert any("has an amount above 0" in note for note in model.facts.notes)
    said = model.predict(matrix(known.before(CUTOFF), [CUTOFF]))
    assert (said["expected_value"] < 1).all()


def test_a_holdout_on_which_nobody_was_active_is_told():
    rest = CUTOFF - timedelta(days=25)
    rows = [row for row in simulated_orders() if not rest <= row[1] < CUTOFF]
    with pytest.raises(NotEnoughData, match="nobody was active"):
        evaluate(histories(rows), CUTOFF, Horizons(20, 20, 0.8), seed=1)


def test_an_early_day_of_prediction_needs_as_many_customers(tmp_path):
    settings = shop_settings(tmp_path, as_of=FIRST_DAY + timedelta(days=130), min_customers=690)
    with pytest.raises(NotEnoughData, match="below the 690 needed"):
        train(settings, histories(simulated_orders()))


def test_a_champion_does_not_answer_for_other_settings(tmp_path, monkeypatch):
    known = histories(simulated_orders(customers=300))
    model = fit_customer_model(known, CUTOFF, HORIZONS, seed=1)
    monkeypatch.setattr("serving.batch.fetch_champion", lambda *_: (model, None))
    changed = shop_settings(tmp_path, churn={"within_days": 30})
    with pytest.raises(ModelRefused, match=r"answers for churn in 60 days .* ask for 30"):
        score_and_publish(
            changed, Customers(lambda: [known], "name"), as_of=CUTOFF, published_at=None
        )


def test_one_job_at_a_time_works_in_a_workspace(tmp_path):
    settings = shop_settings(tmp_path)
    busy = pytest.raises(NotReady, match="Another run is at work")
    with FileLock(tmp_path / ".lock"), busy, alone(settings):
        pytest.fail("two jobs at once")


def test_predictions_never_overwrite_the_orders(tmp_path):
    orders = tmp_path / "orders.csv"
    orders.write_text("customer_id,timestamp,amount\na,2024-01-01,1\n", encoding="utf-8")
    with pytest.raises(Exception, match="is the file that is read"):
        predict_file(
            orders, orders, OneShot(CUTOFF, 30, 0.8), today=CUTOFF, progress=lambda _: None
        )
    assert orders.read_text(encoding="utf-8").startswith("customer_id")


def test_the_number_of_threads_changes_no_byte_of_a_model(tmp_path):
    known = histories(simulated_orders(customers=300))
    rows = matrix(known.before(CUTOFF), [CUTOFF])
    digests = set()
    for threads in (1, 2):
        with threadpool_limits(threads):
            model = fit_customer_model(known, CUTOFF, HORIZONS, seed=1)
        digests.add(save_model(model, rows, tmp_path / str(threads)))
    assert len(digests) == 1
