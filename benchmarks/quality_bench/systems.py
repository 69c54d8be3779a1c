"""Who is judged on a task: the product, its baselines, the peers, and the ceiling.

Everybody but the ceiling learns strictly from before the cutoff.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd

from benchmarks.quality_bench.simulation import LEVEL, Bought, value_interval
from benchmarks.quality_bench.tasks import Task
from features.histories import Histories
from features.matrix import feature_columns, matrix
from features.settings import Settings
from training.evaluation import fit_baselines
from training.labels import outcomes
from training.models.baselines import (
    Baseline,
    BgNbdGammaGamma,
    ParetoNbdGammaGamma,
    fit_bg_nbd_gamma_gamma,
    fit_pareto_nbd_gamma_gamma,
)
from training.models.boosting import (
    SMALL_TREES,
    Recipe,
    Rows,
    Target,
    fit_trees,
    lightgbm_parameters,
    raw_score,
)
from training.models.customer_model import Horizons, fit_customer_model
from training.models.lifetime_value import spend_of
from training.models.purchase_summary import DAYS_PER_WEEK, summarise
from training.panel import Panel, build_panel, data_end, plan_panel

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

OURS, PLAIN, CEILING = "regulars", "lightgbm", "ceiling"
SEED: int = Settings.model_fields["seed"].default
"""That of the product, unless another is asked for."""
FOLDS = 5
RULES = ("rfm-cells", "recency-rule", "zero")
QUANTILE_ROUNDS = 150


@dataclass(frozen=True, slots=True)
class Said:
    """What a system said of every customer, what it cost, and what is to be known of it.

    `table` has `churn_probability` and `expected_value`, perhaps `value_low` and `value_high`.
    """

    table: pd.DataFrame
    cpu_seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Posed:
    """A task as it is posed: what is known, whom to predict, and what happened to them."""

    task: Task
    known: Histories
    rows: pd.DataFrame
    churned: Bools
    realised_value: Floats
    matrix_cpu_seconds: float
    seed: int

    @property
    def weeks(self) -> float:
        """The horizon in weeks."""
        return self.task.horizon_days / DAYS_PER_WEEK

    def purchases(self) -> pd.DataFrame:
        """What purchase models are told: repeat order days, recency and age in weeks, money."""
        summary = summarise(self.rows)
        return pd.DataFrame(
            {
                "frequency": summary.frequency,
                "recency": summary.recency_weeks,
                "T": summary.age_weeks,
                "monetary_value": np.nan_to_num(summary.mean_value),
            }
        )


def posed(task: Task, histories: Histories, *, seed: int = SEED) -> Posed:
    """The task with everybody seen before its cutoff."""
    known = histories.before(task.cutoff)
    started = time.process_time()
    rows = matrix(known, [task.cutoff])
    seconds = time.process_time() - started
    seen_until = task.cutoff + timedelta(days=task.horizon_days)
    happened = outcomes(histories, rows, horizon_days=task.horizon_days, seen_until=seen_until)
    churned = happened["churned"].to_numpy(dtype=bool)
    value = happened["realised_value"].to_numpy(dtype=np.float64)
    return Posed(task, known, rows, churned, value, seconds, seed)


def own_systems(given: Posed) -> dict[str, Said]:
    """The product, its baselines and the ceiling, by name."""
    said = {
        OURS: _timed(_regulars, given),
        PLAIN: _timed(_plain_lightgbm, given),
    }
    said |= purchase_systems(given) | _rules(given)
    return said | {CEILING: _timed(_ceiling, given)}


def purchase_systems(given: Posed) -> dict[str, Said]:
    """The product's own purchase models, by name."""
    return {
        "bg-nbd": _purchase_model(fit_bg_nbd_gamma_gamma, given),
        "pareto-nbd": _purchase_model(fit_pareto_nbd_gamma_gamma, given),
    }


def _timed(system: Callable[[Posed], pd.DataFrame], given: Posed) -> Said:
    """What a system that reads features says; the features of the customers are on its bill."""
    started = time.process_time()
    table = system(given)
    return Said(table, time.process_time() - started + given.matrix_cpu_seconds)


def _regulars(given: Posed) -> pd.DataFrame:
    days = given.task.horizon_days
    horizons = Horizons(days, days, interval=LEVEL)
    model = fit_customer_model(given.known, given.task.cutoff, horizons, seed=given.seed)
    columns = ["churn_probability", "expected_value", "value_low", "value_high"]
    return model.predict(given.rows)[columns]


def _plain_lightgbm(given: Posed) -> pd.DataFrame:
    """LightGBM on the product's panel without an anchor, stretched the plain way.

    The probability p within the labels becomes p^(H / label), money grows in proportion; the
    interval is one of quantile trees.
    """
    panel = _panel(given)
    features = panel.features[panel.feature_names]
    churned = panel.labels["churned"].to_numpy(dtype=np.float64)
    spend = spend_of(panel)
    stretch = given.task.horizon_days / panel.plan.label_days
    binned = Rows(features, panel.customers, Recipe(given.seed))
    churn, value = (
        fit_trees(binned, target)
        for target in (Target("binary", churned), Target("tweedie", spend))
    )
    low, high = (
        _quantile(features, spend, share, given) * stretch
        for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
    )
    expected = np.exp(raw_score(value, given.rows)) * stretch
    return pd.DataFrame(
        {
            "churn_probability": _probability(churn, given.rows) ** stretch,
            "expected_value": expected,
            "value_low": np.maximum(np.minimum(low, expected), 0),
            "value_high": np.maximum(high, expected),
        }
    )


def _panel(given: Posed) -> Panel:
    end = data_end(given.known, given.task.cutoff)
    plan = plan_panel(given.known.first_day, end, given.task.horizon_days)
    return build_panel(given.known, plan, as_of=end)


def _quantile(features: pd.DataFrame, spend: Floats, share: float, given: Posed) -> Floats:
    parameters = lightgbm_parameters(SMALL_TREES)
    parameters |= {"objective": "quantile", "alpha": share, "seed": given.seed}
    data = lgb.Dataset(features, spend)
    trees = lgb.train({**parameters, "num_threads": 1}, data, QUANTILE_ROUNDS)
    rows = given.rows[features.columns]
    return np.asarray(trees.predict(rows, num_threads=1), dtype=np.float64)


def _probability(trees: lgb.Booster, rows: pd.DataFrame) -> Floats:
    return 1 / (1 + np.exp(-raw_score(trees, rows)))


def _purchase_model(
    fit: Callable[[pd.DataFrame], BgNbdGammaGamma | ParetoNbdGammaGamma], given: Posed
) -> Said:
    """A purchase model of the product's own; its interval is drawn from its parameters."""
    started = time.process_time()
    model = fit(given.rows)
    table = _predicted(model, given)
    seconds = time.process_time() - started
    bought = Bought(*(given.purchases()[name].to_numpy() for name in given.purchases()))
    parameters = _numbers(model.orders.to_dict()) | _numbers(model.order_value.to_dict())
    alive = model.orders.alive_probability(summarise(given.rows))
    low, high = value_interval(bought, alive, parameters, given.weeks, seed=given.seed)
    notes = filter(None, (model.orders.note, model.order_value.note))
    return Said(table.assign(value_low=low, value_high=high), seconds, " ".join(notes))


def _numbers(fields: Mapping[str, object]) -> dict[str, float]:
    return {name: value for name, value in fields.items() if isinstance(value, float)}


def _predicted(baseline: Baseline, given: Posed) -> pd.DataFrame:
    days = given.task.horizon_days
    return pd.DataFrame(
        {
            "churn_probability": baseline.churn_probability(given.rows, days),
            "expected_value": baseline.expected_value(given.rows, days),
        }
    )


def _rules(given: Posed) -> dict[str, Said]:
    """Rules learned at one earlier cutoff; what they cost is the panel, and not told apart."""
    days = given.task.horizon_days
    baselines = fit_baselines(given.known, given.task.cutoff, Horizons(days, days, interval=LEVEL))
    return {
        one.name: Said(_predicted(one, given), float("nan"))
        for one in baselines
        if one.name in RULES
    }


def _ceiling(given: Posed) -> pd.DataFrame:
    """What plain LightGBM reaches that sees the holdout of the other four fifths of customers.

    Nobody could have known it: it says how much these features hold, and is not to be beaten or
    compared with.
    """
    features = given.rows[feature_columns(given.rows)]
    fold = np.random.default_rng(given.seed).permutation(len(features)) % FOLDS
    targets = {
        "churn_probability": Target("binary", given.churned.astype(np.float64)),
        "expected_value": Target("tweedie", np.maximum(given.realised_value, 0)),
    }
    table = pd.DataFrame(0.0, index=range(len(features)), columns=list(targets))
    for number in range(FOLDS):
        seen, asked = fold != number, fold == number
        numbers = np.arange(int(seen.sum()), dtype=np.int64)
        binned = Rows(features[seen], numbers, Recipe(given.seed))
        for column, target in targets.items():
            trees = fit_trees(binned, target.rows(seen))
            raw = raw_score(trees, features[asked])
            said = 1 / (1 + np.exp(-raw)) if target.objective == "binary" else np.exp(raw)
            table.loc[asked, column] = said
    return table
