"""What is measured, each part run in a process of its own."""

import time
from collections.abc import Callable
from datetime import date

import lightgbm as lgb
import numpy as np

from benchmarks.quality_bench.systems import SEED
from benchmarks.quality_bench.tasks import TASKS, orders_of
from benchmarks.training_bench.panel import Fit, bare_fit, made_up, product_fit
from features.histories import Histories
from features.matrix import matrix
from training.models.boosting import SMALL_TREES, lightgbm_parameters, sized
from training.models.customer_model import Horizons, fit_customer_model
from training.panel import Panel, build_panel, data_end, plan_panel

TASK = TASKS["cdnow-full-39-39"]
Told = dict[str, float]


def whole_way() -> Told:
    """CDNOW: features, models, predictions with intervals and reasons for every customer."""
    histories = orders_of(TASK.orders, None)
    started = time.process_time()
    known = histories.before(TASK.cutoff)
    days = TASK.horizon_days
    model = fit_customer_model(known, TASK.cutoff, Horizons(days, days, 0.9), seed=SEED)
    fitted = time.process_time()
    rows = matrix(known, [TASK.cutoff])
    predicted = model.predict(rows)
    told = time.process_time()
    reasons = model.churn.contributions(rows, days)
    money = model.value.contributions(rows, days)
    ended = time.process_time()
    if not (np.isfinite(predicted.to_numpy()).all() and len(reasons) == len(money) == len(rows)):
        message = "a prediction is no number"
        raise ValueError(message)
    return {
        "cpu_seconds": ended - started,
        "fit": fitted - started,
        "predict": told - fitted,
        "reasons": ended - told,
        "customers": float(len(rows)),
    }


def plain_way() -> Told:
    """The same orders: the product's panel, and LightGBM alone for churn and value on it."""
    histories = orders_of(TASK.orders, None)
    started = time.process_time()
    known = histories.before(TASK.cutoff)
    panel = build_panel(known, plan_panel(*_span(known, TASK.cutoff)), as_of=TASK.cutoff)
    features = panel.features[panel.feature_names]
    rows = matrix(known, [TASK.cutoff])[panel.feature_names]
    for objective, label in (("binary", "churned"), ("tweedie", "realised_value")):
        values = np.maximum(panel.labels[label].to_numpy(dtype=np.float64), 0)
        parameters = sized(len(features)) | lightgbm_parameters(SMALL_TREES)
        parameters |= {"objective": objective, "seed": SEED}
        trees = lgb.train(parameters, lgb.Dataset(features, values), 100)
        trees.predict(rows, num_threads=1)
        trees.predict(rows, pred_contrib=True, num_threads=1)
    return {"cpu_seconds": time.process_time() - started, "rows": float(len(features))}


def _span(known: Histories, cutoff: date) -> tuple[date, date, int]:
    return known.first_day, data_end(known, cutoff), TASK.horizon_days


def product_panel(rows_count: int) -> Told:
    """The product's models on a made-up panel of so many rows."""
    return _on_panel(rows_count, product_fit)


def bare_panel(rows_count: int) -> Told:
    """LightGBM's own fits of the same panel."""
    return _on_panel(rows_count, bare_fit)


def _on_panel(rows_count: int, of: Callable[[Panel], Fit]) -> Told:
    fit = of(made_up(rows_count))
    started = time.process_time()
    trees = fit()
    seconds = time.process_time() - started
    return {"cpu_seconds": seconds, "rows": float(rows_count), "trees": float(trees)}
