"""A small system that keeps every rule, and systems that each break one: for the verification."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from shop import histories_of, order_table, simulated_orders

from features.contracts import FOREVER
from features.histories import Histories
from features.matrix import feature_columns, matrix
from features.shape import Shape
from training.labels import outcomes
from training.models.boosting import held_out_rows
from training.panel import Panel, data_end, plan_panel
from training.verification.case import Case
from training.verification.system import System
from training.verification.worlds import corrected_later, late_replaced, with_columns

CUTOFF = date(2024, 10, 1)
HORIZON_DAYS = 30
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 7,
    "min_data_in_leaf": 5,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 1,
    "verbose": -1,
}
Features = Callable[..., pd.DataFrame]


def shop_events(customers: int = 60) -> dict[str, pa.Table]:
    """Orders paid for 30 days each; some came late, some were corrected, at several times."""
    rows = order_table(simulated_orders(customers=customers, days=360, seed=2))
    numbers = [str(number) for number in range(rows.num_rows)]
    paid = pc.add(rows["day"].cast(pa.int32()).cast(pa.int64()), 30)
    events = {"orders": with_columns(rows, event_id=pa.array(numbers), paid_until_day=paid)}
    for month in (5, 8, 11):
        rng = np.random.default_rng(month)
        events = dict(corrected_later(events, date(2024, month, 1), rng).events)
    rng = np.random.default_rng(1)
    return dict(late_replaced(events, date(2024, 9, 1), rng).events)


def shape_of(events, groups=()) -> Shape:
    return replace(histories_of(events).shape, groups=tuple(groups))


def case_of(system: System, *, groups=(), events=None, **keys) -> Case:
    """A case of the small shop."""
    events = events or shop_events()
    return Case(system, events, shape_of(events, groups), CUTOFF, 1, **keys)


def panel(features: Features, histories: Histories, as_of: date) -> Panel:
    """What the small system learns from: nothing from `as_of` on."""
    known = histories.before(as_of)
    end = data_end(known, as_of)
    plan = plan_panel(known.first_day, end, HORIZON_DAYS)
    rows = features(known, plan.cutoffs)
    days = plan.label_days
    return Panel(rows, outcomes(known, rows, horizon_days=days, seen_until=end), plan)


def small_system(
    features: Features = matrix,
    panel_of: Callable[[Features, Histories, date], Panel] = panel,
    held_out: Callable[[Panel], np.ndarray] = lambda one: held_out_rows(one.customers, seed=1),
) -> System[lgb.Booster]:
    """Few small trees on one panel; what is given in the place of a default may break a rule."""

    def fit(histories: Histories, as_of: date) -> lgb.Booster:
        learned = panel_of(features, histories, as_of)
        rows = lgb.Dataset(
            learned.features[learned.feature_names],
            learned.labels["churned"],
            params={"verbose": -1},
        )
        return lgb.train(PARAMETERS, rows, 8)

    def predict(model: lgb.Booster, rows: pd.DataFrame) -> pd.DataFrame:
        said = model.predict(rows[feature_columns(rows)])
        return pd.DataFrame({"churn_probability": said}, index=rows.index)

    return System(
        features=features,
        panels=lambda histories, as_of: [panel_of(features, histories, as_of)],
        held_out=held_out,
        fit=fit,
        predict=predict,
        digest=lambda model, _: model.model_to_string(),
    )


# What breaks a rule: features


def late_rows_at_their_day(histories: Histories, cutoffs: Sequence[date]) -> pd.DataFrame:
    """Counts a late row from the day on which it happened."""
    return matrix(_with_tiles(histories, lambda tiles: tiles["day"]), cutoffs)


def newest_versions_only(histories: Histories, cutoffs: Sequence[date]) -> pd.DataFrame:
    """Takes the corrected value for what was always known; late rows are kept apart rightly."""

    def corrected(tiles: pa.Table) -> pa.Table:
        was_replaced = pc.not_equal(tiles["known_to"], FOREVER)
        customers = tiles["customer_id"].filter(was_replaced).combine_chunks()
        theirs = pc.is_in(tiles["customer_id"], value_set=customers)
        first = pc.if_else(theirs, tiles["day"], tiles["known_from"])
        return _set(tiles, "known_from", first).filter(pc.invert(was_replaced))

    return matrix(
        replace(histories, tiles={name: corrected(one) for name, one in histories.tiles.items()}),
        cutoffs,
    )


def encoded_by_what_followed(histories: Histories, cutoffs: Sequence[date]) -> pd.DataFrame:
    """Gives each number of order days the churn rate of all rows that have it."""
    rows = matrix(histories, cutoffs)
    until = max(cutoffs) + timedelta(days=HORIZON_DAYS)
    churned = outcomes(histories, rows, horizon_days=HORIZON_DAYS, seen_until=until)["churned"]
    return rows.assign(encoded_share=churned.groupby(rows["order_days_count"]).transform("mean"))


def scaled_by_everything(histories: Histories, cutoffs: Sequence[date]) -> pd.DataFrame:
    """Divides spend by the mean order day of all times."""
    mean = pc.mean(histories.orders["order_value_minor"]).as_py()
    rows = matrix(histories, cutoffs)
    return rows.assign(scaled_ratio=rows["spend_value"] / mean)


def numbered(histories: Histories, cutoffs: Sequence[date]) -> pd.DataFrame:
    """Has the number of the row as a column."""
    rows = matrix(histories, cutoffs)
    return rows.assign(row_count=np.arange(len(rows), dtype=np.float64))


# What breaks a rule: panels


def features_of_the_label_days(features: Features, histories: Histories, as_of: date) -> Panel:
    """Looks ten days into each label."""
    whole = panel(features, histories, as_of)
    shift = pd.Timedelta(days=10)
    spine = whole.features[["customer_id", "cutoff"]]
    known = histories.before(as_of)
    rows = features(known, spine.assign(cutoff=spine["cutoff"] + shift))
    rows = rows.assign(cutoff=rows["cutoff"] - shift)
    days = whole.plan.label_days
    labels = outcomes(known, rows, horizon_days=days, seen_until=as_of)
    return replace(whole, features=rows, labels=labels)


def labels_from_tomorrow(features: Features, histories: Histories, as_of: date) -> Panel:
    """Learns from labels that are complete only 20 days after the day of prediction."""
    return panel(features, histories, as_of + timedelta(days=20))


def encoded_by_own_label(features: Features, histories: Histories, as_of: date) -> Panel:
    """Encodes a column by the labels of the panel itself."""
    whole = panel(features, histories, as_of)
    share = whole.labels["churned"].groupby(whole.features["order_days_count"]).transform("mean")
    return replace(whole, features=whole.features.assign(orders_count=share))


def everybody_twice(features: Features, histories: Histories, as_of: date) -> Panel:
    """Has every row a second time."""
    whole = panel(features, histories, as_of)
    rows, labels = (
        pd.concat([one, one], ignore_index=True) for one in (whole.features, whole.labels)
    )
    return replace(whole, features=rows, labels=labels)


def drawn_by_row(one: Panel) -> np.ndarray:
    """Holds out rows, not customers."""
    return np.random.default_rng(1).random(len(one.features)) < 0.2


OWN = '''"""Features of a business that break a rule."""

import numpy as np

from features.declarations import Floats, Source
from features.kernel import AsOf
from features.measures import ORDER_DAYS, ORDER_VALUE, PAID_UNTIL

orders = Source("orders")


@orders.feature(needs={needs})
def {name}(known: AsOf) -> Floats:
    """One that breaks a rule."""
    {body}
'''
ALL_TILES = """tiles = known.index.families["orders"]
    found = np.zeros(known.index.customer_count)
    np.{merge}.at(found, tiles.codes, tiles.column({measure}.name))
    return found[known.codes]"""

OWN_LEAKS = {
    "the cutoff's own day": OWN.format(
        name="until_today_count",
        needs=(),
        body="return AsOf(known.index, known.codes, known.cutoff_days + 1).total(ORDER_DAYS)",
    ),
    "a total of the whole life": OWN.format(
        name="whole_life_value",
        needs=(),
        body=ALL_TILES.format(merge="add", measure="ORDER_VALUE"),
    ),
    "an end that is not known yet": OWN.format(
        name="paid_until_days",
        needs=("paid_until_day",),
        body=ALL_TILES.format(merge="maximum", measure="PAID_UNTIL"),
    ),
    "the place among all": OWN.format(
        name="place_score", needs=(), body="return known.codes.astype(float)"
    ),
    "a date that is not declared": OWN.format(
        name="date_score", needs=(), body="return (known.cutoff_days % 365).astype(float)"
    ),
}


def _with_tiles(histories: Histories, known_from: Callable[[pa.Table], object]) -> Histories:
    tiles = {
        name: _set(one, "known_from", known_from(one)) for name, one in histories.tiles.items()
    }
    return replace(histories, tiles=tiles)


def _set(tiles: pa.Table, name: str, values: object) -> pa.Table:
    return tiles.set_column(tiles.schema.get_field_index(name), name, values)
