"""What holds for every feature in every world: time, order, names and parts change nothing."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from everything import FIRST_DAY, MARKETS, every_table
from hypothesis import given, settings
from hypothesis import strategies as st

import features.kernel
import features.matrix
from features.audit import another_future, on_time
from features.contracts import FOREVER
from features.histories import Histories
from features.kernel import AsOf
from features.matrix import KEYS, matrix
from features.schema import EVENT_TABLES
from features.shape import Shape
from features.tiles import tile_keys

CUTOFF = FIRST_DAY + timedelta(days=300)
CUTOFFS = [FIRST_DAY + timedelta(days=days) for days in (2, 150, 300, 410)]
TABLES = [name for name in EVENT_TABLES if name != "consents"]  # no feature is made of consents
COUNTED = (
    ("visits.kind", ("search", "like")),
    ("orders.channel", ("channel 1",)),
    ("orders.category", ("category 2", "category 3")),
)
SHAPE = Shape.of(
    every_table(seed=1),
    markets=MARKETS,
    currency="USD",
    counted=COUNTED,
    calendars=((None, None), ("DE", "BY"), ("JP", None)),
)

seeds = st.integers(0, 10_000)
late_shares = st.sampled_from([0.0, 0.3])
some = settings(deadline=None, max_examples=5)


def world(seed, *, late_share=0.3, rows=40, customers=5):
    """Events of every table; each order row is an order of its own, so none is in two parts."""
    events = every_table(rows=rows, customers=customers, late_share=late_share, seed=seed)
    ids = pa.array([f"order {number}" for number in range(rows)])
    return {**events, "orders": changed(events["orders"], order_id=ids)}


def changed(rows, **columns):
    for name, values in columns.items():
        at = rows.schema.get_field_index(name)
        field = rows.schema.field(at)
        is_one = isinstance(values, date)
        array = pa.repeat(pa.scalar(values, field.type), rows.num_rows) if is_one else values
        rows = rows.set_column(at, field, array.cast(field.type))
    return rows


def rows_of(events, cutoffs=(CUTOFF,), **keys):
    return matrix(Histories.from_events(events, SHAPE), list(cutoffs), **keys)


def same(one, other):
    pd.testing.assert_frame_equal(one, other, check_exact=True)


# Time


@given(seed=seeds, late_share=late_shares)
@some
def test_nothing_at_or_after_the_cutoff_changes_a_bit(seed, late_share):
    events = world(seed, late_share=late_share)
    rng = np.random.default_rng(seed)
    for cutoff in CUTOFFS:
        other = {name: another_future(rows, cutoff, rng) for name, rows in events.items()}
        same(rows_of(other, [cutoff]), rows_of(events, [cutoff]))


@pytest.mark.parametrize("table", TABLES)
def test_an_event_on_the_last_day_before_the_cutoff_does_change_something(table):
    events = world(3, rows=200)
    last = CUTOFF - timedelta(days=1)
    once_more = changed(events[table], day=last, known_from=last, known_to=FOREVER)
    more = {**events, table: pa.concat_tables([events[table], once_more])}
    before, after = rows_of(events), rows_of(more)
    mine = {one.name for one in Histories(({}), SHAPE).catalogue.features if table in one.needs}
    after = after[after["customer_id"].isin(before["customer_id"])].reset_index(drop=True)
    differs = [name for name in mine if not before[name].equals(after[name])]
    assert differs


class CountsTheCutoff(AsOf):
    """A mutant that says <= where the kernel says <."""

    def _end(self, family):
        return self._start(family, -1)


def counts_the_cutoff(days, cutoffs, window_days):
    known = days <= cutoffs
    return known if window_days is None else known & (days >= cutoffs - window_days)


@pytest.mark.parametrize(
    ("module", "name", "mutant", "late"),
    [
        (features.matrix, "AsOf", CountsTheCutoff, False),
        (features.kernel, "_in_window", counts_the_cutoff, False),
        (features.matrix, "seen_otherwise", lambda index, codes, days: np.zeros(len(codes), bool), True),
    ],
)  # fmt: skip
def test_a_kernel_that_counts_the_cutoff_or_late_events_is_caught(
    monkeypatch, module, name, mutant, late
):
    events = world(5, rows=100, late_share=0.0)
    other = {
        table: another_future(rows, CUTOFF, np.random.default_rng(1), late=late)
        for table, rows in events.items()
    }
    same(rows_of(other), rows_of(events))
    monkeypatch.setattr(module, name, mutant)
    with pytest.raises(AssertionError):
        same(rows_of(other), rows_of(events))


@given(seed=seeds)
@some
def test_rows_are_those_of_a_world_that_knew_no_more(seed):
    events = world(seed)
    for cutoff in CUTOFFS:
        as_known = {}
        for name, rows in events.items():
            held = pc.and_(
                pc.less(rows["known_from"], cutoff), pc.greater_equal(rows["known_to"], cutoff)
            )
            then = rows.filter(held)
            as_known[name] = changed(then, known_from=then["day"], known_to=FOREVER)
        same(rows_of(as_known, [cutoff]), rows_of(events, [cutoff]))


@given(seed=seeds)
@some
def test_not_asked_as_known_then_all_has_come_on_its_day(seed):
    events = world(seed)
    in_time = {name: on_time(rows) for name, rows in events.items()}
    same(rows_of(in_time, CUTOFFS), rows_of(events, CUTOFFS, known_then=False))


@given(seed=seeds)
@some
def test_a_correction_counts_from_the_day_on_which_it_came(seed):
    events = world(seed, late_share=0.0)
    rng = np.random.default_rng(seed)
    corrected = {name: _corrected(rows, rng) for name, rows in events.items()}
    first = {name: rows.slice(0, events[name].num_rows) for name, rows in corrected.items()}
    kept = {name: changed(rows, known_to=FOREVER) for name, rows in first.items()}
    same(rows_of(corrected), rows_of(kept))
    much_later = CUTOFF + timedelta(days=400)
    second = {
        name: pa.concat_tables(
            [
                rows.slice(0, events[name].num_rows).filter(
                    pc.equal(rows["known_to"].slice(0, events[name].num_rows), FOREVER)
                ),
                rows.slice(events[name].num_rows),
            ]
        )
        for name, rows in corrected.items()
    }
    same(rows_of(corrected, [much_later]), rows_of(second, [much_later]))


def _corrected(rows, rng):
    """The rows, half of them replaced after the cutoff by another row of the same day."""
    count = rows.num_rows
    found_out = pa.array([CUTOFF + timedelta(int(n)) for n in rng.integers(0, 50, count)])
    replaced = pa.array(rng.random(count) < 0.5)
    held = changed(rows, known_to=pc.if_else(replaced, found_out, pa.scalar(FOREVER)))
    other = rows.take(pa.array(rng.permutation(count)))
    right = changed(other, customer_id=rows["customer_id"], day=rows["day"], known_from=found_out)
    return pa.concat_tables([held, right.filter(replaced)])


@given(seed=seeds, weeks=st.sampled_from([1, 26, 52, 313]))
@some
def test_a_shift_by_whole_weeks_changes_only_what_is_of_the_calendar(seed, weeks):
    events = world(seed)
    shifted = {name: _later(rows, weeks * 7) for name, rows in events.items()}
    cutoffs = [cutoff + timedelta(days=7 * weeks) for cutoff in CUTOFFS]
    free = [one.name for one in Histories({}, SHAPE).catalogue.features if not one.calendar]
    same(rows_of(shifted, cutoffs)[free], rows_of(events, CUTOFFS)[free])


def _later(rows, days):
    for name in rows.column_names:
        kind = rows.schema.field(name).type
        if pa.types.is_date32(kind):
            numbers = rows[name].cast(pa.int32())
            forever = pc.equal(rows[name], FOREVER)
            moved = pc.if_else(forever, numbers, pc.add(numbers, pa.scalar(days, pa.int32())))
            rows = changed(rows, **{name: moved.cast(pa.date32())})
        elif name.endswith("_day") and name != "born_day":
            rows = changed(rows, **{name: pc.add(rows[name], days)})
    return rows


# Order, names and parts


@given(seed=seeds)
@some
def test_the_order_of_rows_changes_nothing(seed):
    events, rng = world(seed), np.random.default_rng(seed)
    shuffled = {
        name: rows.take(pa.array(rng.permutation(rows.num_rows))) for name, rows in events.items()
    }
    same(rows_of(shuffled, CUTOFFS), rows_of(events, CUTOFFS))


@given(seed=seeds)
@some
def test_one_customer_and_one_cutoff_alone_give_the_rows_of_the_panel(seed):
    events = world(seed)
    histories = Histories.from_events(events, SHAPE)
    panel = matrix(histories, CUTOFFS)
    same(pd.concat([matrix(histories, [cutoff]) for cutoff in CUTOFFS], ignore_index=True), panel)
    for customer in set(events["orders"]["customer_id"].to_pylist()):
        mine = panel[panel["customer_id"] == customer].reset_index(drop=True)
        same(matrix(histories.of([customer]), CUTOFFS), mine)
        hers = {
            name: rows.filter(pc.equal(rows["customer_id"], customer))
            for name, rows in events.items()
        }
        same(rows_of(hers, CUTOFFS), mine)


@given(seed=seeds)
@some
def test_a_cutoff_per_customer_gives_the_rows_of_the_panel(seed):
    histories = Histories.from_events(world(seed), SHAPE)
    panel = matrix(histories, CUTOFFS)
    chosen = panel.sample(frac=0.6, random_state=seed)
    chosen = pd.concat([chosen, chosen.head(2)])  # the same may be asked twice
    asked = chosen[["customer_id", "cutoff"]].reset_index(drop=True)
    same(matrix(histories, asked), chosen.reset_index(drop=True))


@given(seed=seeds)
@some
def test_other_names_of_customers_only_move_rows(seed):
    events = world(seed)
    ids = sorted(set(pa.concat_arrays([c for r in events.values() for c in r["customer_id"].chunks]).to_pylist()))  # fmt: skip
    names = dict(
        zip(ids, np.random.default_rng(seed).permutation(len(ids)).astype(str), strict=True)
    )
    renamed = {
        name: changed(
            rows, customer_id=pa.array([names[one] for one in rows["customer_id"].to_pylist()])
        )
        for name, rows in events.items()
    }
    before, after = rows_of(events), rows_of(renamed)
    before["customer_id"] = before["customer_id"].map(names).astype(after["customer_id"].dtype)
    same(before.sort_values("customer_id", ignore_index=True), after)


@given(seed=seeds)
@some
def test_tiles_of_two_parts_of_a_day_merge_to_those_of_the_whole(seed):
    events, rng = world(seed), np.random.default_rng(seed)
    in_first = {name: rng.random(rows.num_rows) < 0.5 for name, rows in events.items()}
    one, other = (
        Histories.from_events(
            {name: rows.filter(pa.array(in_first[name] == part)) for name, rows in events.items()},
            SHAPE,
        )
        for part in (True, False)
    )
    families = one.catalogue.families
    both = {
        family: pa.concat_tables([tiles, other.tiles[family]]).sort_by(
            [(key, "ascending") for key in tile_keys(families[family])]
        )
        for family, tiles in one.tiles.items()
    }
    same(matrix(replace(one, tiles=both), CUTOFFS), rows_of(events, CUTOFFS))


@given(seed=seeds)
@some
def test_histories_before_a_cutoff_have_its_rows(seed):
    histories = Histories.from_events(world(seed), SHAPE)
    for cutoff in CUTOFFS:
        same(matrix(histories.before(cutoff), [cutoff]), matrix(histories, [cutoff]))


@given(seed=seeds)
@some
def test_no_feature_is_infinite_and_no_count_is_unknown(seed):
    rows = rows_of(world(seed), CUTOFFS)
    values = rows.drop(columns=list(KEYS))
    assert not np.isinf(values.to_numpy()).any()
    assert not values.filter(regex="_count$").isna().any(axis=None)
