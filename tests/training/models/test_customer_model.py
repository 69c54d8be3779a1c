"""The fitted model on a simulated shop: better than chance, consistent, and without a future."""

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from shop import FIRST_DAY, histories, simulated_orders

from features.errors import ModelRefused, NotEnoughData
from features.matrix import matrix
from training.artifact import load_model, save_model
from training.evaluation import CHAMPION, evaluate
from training.labels import outcomes
from training.metrics import auc
from training.models.calibration import Calibration
from training.models.customer_model import CustomerModel, Horizons, fit_customer_model

CUTOFF = FIRST_DAY + timedelta(days=300)
HORIZONS = Horizons(churn_days=60, value_days=90, interval=0.9)
ROWS = simulated_orders()


@pytest.fixture(scope="module")
def fitted() -> tuple[CustomerModel, pd.DataFrame]:
    known = histories(ROWS)
    return fit_customer_model(known, CUTOFF, HORIZONS, seed=1), matrix(
        known.before(CUTOFF), [CUTOFF]
    )


def test_the_model_ranks_churners_far_better_than_chance(fitted):
    model, rows = fitted
    labels = outcomes(
        histories(ROWS), rows, horizon_days=60, seen_until=CUTOFF + timedelta(days=90)
    )
    said = model.predict(rows)["churn_probability"].to_numpy()
    # The simulated truth itself reaches about 0.87 on such shops.
    assert auc(labels["churned"].to_numpy(), said) > 0.8
    assert abs(said.mean() - labels["churned"].mean()) < 0.08


def test_predictions_hold_together(fitted):
    model, rows = fitted
    said = model.predict(rows)
    assert said.notna().all().all()
    for name in ("churn_probability", "no_order_probability", "alive_probability"):
        assert said[name].between(0, 1).all()
    assert (said["value_low"] <= said["expected_value"]).all()
    assert (said["expected_value"] <= said["value_high"]).all()
    assert (said["value_low"] >= 0).all()
    assert (said["alive_probability"] >= 1 - said["churn_probability"] - 1e-12).all()
    assert (said["expected_orders"] >= 1 - said["no_order_probability"] - 1e-12).all()


def test_a_customer_alone_is_predicted_as_among_others_to_the_last_bit(fitted):
    model, rows = fitted
    together = model.predict(rows.head(50))
    alone = pd.concat([model.predict(rows.iloc[[at]]) for at in range(50)])
    pd.testing.assert_frame_equal(alone, together, check_exact=True)


def test_orders_at_or_after_the_cutoff_change_no_prediction(fitted):
    model, rows = fitted
    altered = [row for row in ROWS if row[1] < CUTOFF]
    altered += [(f"C{number:05d}", CUTOFF, 999_999) for number in range(100)]
    again = fit_customer_model(histories(altered), CUTOFF, HORIZONS, seed=1)
    pd.testing.assert_frame_equal(again.predict(rows), model.predict(rows), check_exact=True)


def test_the_same_data_and_seed_give_the_same_model(fitted, tmp_path):
    model, rows = fitted
    again = fit_customer_model(histories(ROWS), CUTOFF, HORIZONS, seed=1)
    assert save_model(model, rows, tmp_path / "a") == save_model(again, rows, tmp_path / "b")


def test_a_saved_model_says_the_same(fitted, tmp_path):
    model, rows = fitted
    digest = save_model(model, rows, tmp_path / "model")
    loaded = load_model(tmp_path / "model", digest=digest)
    pd.testing.assert_frame_equal(loaded.predict(rows), model.predict(rows), check_exact=True)
    assert loaded.facts == model.facts


def test_columns_in_another_order_change_nothing_and_a_missing_one_is_named(fitted):
    model, rows = fitted
    turned = rows[rows.columns[::-1]]
    pd.testing.assert_frame_equal(model.predict(turned), model.predict(rows), check_exact=True)
    with pytest.raises(ModelRefused, match="spend_90d_value"):
        model.predict(rows.drop(columns="spend_90d_value"))


@pytest.mark.parametrize(
    "name",
    [
        "churn_plain.txt",
        "churn_anchored.txt",
        "value_plain.txt",
        "value_scaled.txt",
        "value_anchored.txt",
        "parameters.json",
        "facts.json",
        "golden.json",
    ],
)
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_a_damaged_model_is_refused_before_it_is_parsed(fitted, tmp_path, name, damage):
    model, rows = fitted
    save_model(model, rows, tmp_path / "model")
    path = tmp_path / "model" / name
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[len(content) // 3] ^= 4
        path.write_bytes(content)
    elif damage == "truncate":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.unlink()
    with pytest.raises(ModelRefused, match="missing or was changed"):
        load_model(tmp_path / "model")


def test_a_swapped_manifest_is_refused_by_the_registered_digest(fitted, tmp_path):
    model, rows = fitted
    save_model(model, rows, tmp_path / "model")
    with pytest.raises(ModelRefused, match="not the one that was registered"):
        load_model(tmp_path / "model", digest="0" * 64)


def test_the_model_folder_holds_no_pickle_and_no_customer(fitted, tmp_path):
    model, rows = fitted
    save_model(model, rows, tmp_path / "model")
    for path in (tmp_path / "model").iterdir():
        content = path.read_bytes()
        assert not content.startswith(b"\x80")
        assert b"C00001" not in content


@pytest.mark.parametrize("days", [0, -1, 3_651])
def test_a_horizon_beyond_reason_is_refused(fitted, days):
    model, rows = fitted
    with pytest.raises(ModelRefused, match=f"A horizon of {days} days is not answered"):
        model.answers(rows, days)


def test_answers_for_any_horizon_hold_together(fitted):
    model, rows = fitted
    horizons = (1, 10, 37, 60, 90, 200, 365, 1_000, 3_650)
    answers = [model.answers(rows, days) for days in horizons]
    for shorter, longer in pairwise(answers):
        assert (longer["no_order_probability"] <= shorter["no_order_probability"]).all()
        for rising in ("expected_orders", "expected_value", "value_high"):
            assert (longer[rising] >= shorter[rising] - 1e-12).all(), rising
    for one in answers:
        assert (one["alive_probability"] >= 1 - one["no_order_probability"]).all()
        assert (one["value_median"] <= one["value_high"]).all()
        assert np.isfinite(one.to_numpy()).all()


def test_a_lifetime_is_worth_its_years_one_by_one(fitted):
    model, rows = fitted
    worth = model.lifetime_value(rows, margin=0.5, discount_rate=0.0)
    whole = 0.5 * model.answers(rows, 3_650)["expected_value"]
    np.testing.assert_allclose(worth, whole, rtol=1e-12)
    discounted = model.lifetime_value(rows, margin=0.5, discount_rate=0.1)
    assert (discounted < worth).all()
    assert (discounted > 0).all()


def test_contributions_and_the_typical_customer_make_the_churn_score(fitted):
    model, rows = fitted
    for days in (60, 90, 400):
        told = model.churn.contributions(rows, days).sum(axis=1) + model.churn.typical_logit
        said = model.churn.churn_probability(rows, days)
        np.testing.assert_allclose(told, np.log(said / (1 - said)), atol=1e-6)


def test_contributions_add_up_to_the_money_that_is_expected(fitted):
    model, rows = fitted
    told = model.value.contributions(rows, 90)
    expected = model.predict(rows)["expected_value"]
    np.testing.assert_allclose(told.sum(axis=1), expected, rtol=1e-9)
    assert np.ptp(told["typical"]) == 0


def test_a_horizon_beyond_the_labels_earns_no_calibration():
    model = fit_customer_model(histories(ROWS), CUTOFF, Horizons(200, 200, 0.9), seed=1)
    assert model.churn.label_days < 200
    assert model.churn.calibration == Calibration()


def test_contributions_tell_who_is_riskier(fitted):
    model, rows = fitted
    told = model.churn.contributions(rows, 60).sum(axis=1)
    said = model.predict(rows)["churn_probability"]
    assert np.corrcoef(told.rank(), said.rank())[0, 1] > 0.95


def test_no_order_before_the_cutoff_is_told():
    with pytest.raises(NotEnoughData, match="no order before"):
        fit_customer_model(histories(ROWS), FIRST_DAY, HORIZONS, seed=1)


def test_an_evaluation_compares_every_system_on_the_same_rows():
    holdout = evaluate(histories(ROWS), CUTOFF, HORIZONS, seed=1)
    report = holdout.everybody()
    assert set(report["systems"]) == {
        CHAMPION,
        "lightgbm",
        "bg-nbd",
        "pareto-nbd",
        "rfm-cells",
        "recency-rule",
        "zero",
    }
    ours, zero = report["systems"][CHAMPION], report["systems"]["zero"]
    assert ours["churn"]["log_loss"] < zero["churn"]["log_loss"]
    assert ours["value"]["rmse"] < zero["value"]["rmse"]
    assert holdout.report()["customers_count"] <= report["customers_count"]
