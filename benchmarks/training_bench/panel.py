"""A made-up panel of any size, the product's models on it, and the bare fits that they contain."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from training.models.anchor import Anchor, Now, fit_anchors, panel_offset
from training.models.boosting import (
    MAX_ROUNDS,
    PATIENCE_ROUNDS,
    SMALL_TREES,
    Recipe,
    held_out_rows,
    lightgbm_parameters,
    sized,
)
from training.models.churn import BY_SILENCE, fit_churn_model
from training.models.lifetime_value import MEMBERS, fit_value_model, spend_of
from training.models.mixture import Choice
from training.panel import Panel, PanelPlan

Floats = npt.NDArray[np.float64]

SEED = 1
CUTOFFS = tuple(date(2026, 1, 1) + timedelta(days=28 * number) for number in range(4))
LABEL_DAYS = 91
FEATURES = 60
OF_ANCHOR = 5
WEEKS_SEEN = 52


def made_up(rows_count: int) -> Panel:
    """A panel of so many rows, a quarter of them customers: Pareto/NBD with noise beside it.

    Of 60 features five are what purchase models read; the others tell of rate and money with noise
    of every size, a tenth of them missing.
    """
    rng = np.random.default_rng(SEED)
    count = rows_count // len(CUTOFFS)
    rate, money = rng.gamma(0.6, 1 / 8.0, count), rng.lognormal(3, 0.7, count)
    leaves_after = rng.exponential(1, count) / rng.gamma(0.6, 1 / 12.0, count)
    first = rng.uniform(1, WEEKS_SEEN - 16, count)
    features, labels = [], []
    for number, cutoff in enumerate(CUTOFFS):
        age = first + 4 * number
        active_for = np.minimum(age, leaves_after)
        orders = rng.poisson(rate * active_for)
        latest = active_for * rng.beta(np.maximum(orders, 1), 1) * (orders > 0)
        table = _table(rng, cutoff, age, orders, latest, money)
        drawn = _noisy(rng, np.log(rate), np.log(money), latest - age)
        features.append(pd.concat([table, drawn], axis=1))
        ahead = np.clip(leaves_after - age, 0, LABEL_DAYS / 7)
        later = rng.poisson(rate * ahead)
        value = later * money * rng.lognormal(0, 0.3, count)
        told = {"churned": later == 0, "realised_orders": later, "realised_value": value.round(2)}
        labels.append(pd.DataFrame(told))
    plan = PanelPlan(CUTOFFS, LABEL_DAYS)
    return Panel(pd.concat(features, ignore_index=True), pd.concat(labels, ignore_index=True), plan)


Fit = Callable[[], int]
"""A fit that says how many trees it grew."""


def product_fit(panel: Panel) -> Fit:
    """Churn and value models as training fits them, anchors and typical customer included."""
    return partial(_fit_product, panel)


def bare_fit(panel: Panel) -> Fit:
    """The same five fits by LightGBM alone: the same rows, parameters, offsets and stopping.

    What the trees start from is made before: it is not of LightGBM.
    """
    anchors = fit_anchors(panel)
    churned, spend = panel.labels["churned"].to_numpy(dtype=np.float64), spend_of(panel)
    targets = [
        ("binary", churned, None),
        ("binary", churned, panel_offset(panel, anchors, Anchor.churn_logit)),
        ("tweedie", spend, None),
        ("tweedie", spend, panel_offset(panel, anchors, Anchor.log_order_value_at)),
        ("tweedie", spend, panel_offset(panel, anchors, Anchor.log_value)),
    ]
    features = panel.features[panel.feature_names].to_numpy(dtype=np.float32)
    watched = held_out_rows(panel.customers, seed=SEED)
    return lambda: sum(_bare(features, watched, *target) for target in targets)


def _fit_product(panel: Panel) -> int:
    anchors = fit_anchors(panel)
    rows = panel.features[panel.at(panel.plan.latest)].reset_index(drop=True)
    now = Now(rows, pd.Series(data=True, index=rows.index), Anchor.fit(rows))
    recipe = Recipe(SEED)
    churn = fit_churn_model(
        panel,
        panel_offset(panel, anchors, Anchor.churn_logit),
        now,
        [LABEL_DAYS],
        Choice(BY_SILENCE),
        recipe,
    )
    value = fit_value_model(
        panel,
        panel_offset(panel, anchors, Anchor.log_value),
        panel_offset(panel, anchors, Anchor.log_order_value_at),
        now,
        [LABEL_DAYS],
        Choice(MEMBERS),
        recipe,
    )
    fitted = (churn.plain, churn.anchored, value.plain, value.scaled, value.anchored)
    return sum(trees.num_trees() for trees in fitted)


def _bare(
    features: npt.NDArray[np.float32],
    watched: npt.NDArray[np.bool_],
    objective: str,
    values: Floats,
    offset: Floats | None,
) -> int:
    parameters = sized(len(features)) | lightgbm_parameters(SMALL_TREES)
    parameters |= {"objective": objective, "seed": SEED}

    def data(mask: npt.NDArray[np.bool_]) -> lgb.Dataset:
        start = None if offset is None else offset[mask]
        return lgb.Dataset(features[mask], values[mask], init_score=start, params=parameters)

    learn = data(~watched)
    stopping = lgb.early_stopping(PATIENCE_ROUNDS, verbose=False)
    watch = data(watched).set_reference(learn)
    trial = lgb.train(parameters, learn, MAX_ROUNDS, [watch], callbacks=[stopping])
    whole = data(np.ones(len(features), dtype=bool))
    return lgb.train(parameters, whole, max(trial.best_iteration, 1)).num_trees()


def _table(
    rng: np.random.Generator,
    cutoff: date,
    age: Floats,
    orders: npt.NDArray[np.int64],
    latest: Floats,
    money: Floats,
) -> pd.DataFrame:
    spent = money * rng.lognormal(0, 0.3, len(money))
    return pd.DataFrame(
        {
            "customer_id": np.arange(len(age)).astype(str),
            "cutoff": pd.Timestamp(cutoff),
            "repeat_order_days_count": orders.astype(np.float64),
            "first_to_last_order_days": np.floor(latest * 7),
            "tenure_days": np.floor(age * 7) + 1,
            "order_day_value": spent.round(2),
            "repeat_order_day_value": np.where(orders > 0, spent.round(2), np.nan),
        }
    )


def _noisy(rng: np.random.Generator, *signals: Floats) -> pd.DataFrame:
    columns = {}
    for number in range(FEATURES - OF_ANCHOR):
        signal = signals[number % len(signals)]
        noise = (0.5 + number / 10) * np.std(signal) * rng.normal(size=len(signal))
        found = np.where(rng.random(len(signal)) < 0.1, np.nan, signal + noise)
        columns[f"told_{number}"] = found.astype(np.float32)
    return pd.DataFrame(columns)
