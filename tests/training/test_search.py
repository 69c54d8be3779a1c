"""Trials of trees: the start first, the budget kept, and no trace of where it was stopped."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from features.tree_settings import TreeSettings
from training.search import Budget, Search

START = TreeSettings(leaves=60, learning_rate=0.3)
ENDLESS = 1e9


def loss(trees: TreeSettings, day: int) -> float:
    """Lowest at 10 leaves and a rate of 0.05, a little higher on the second day."""
    return abs(math.log(trees.leaves / 10)) + abs(math.log(trees.learning_rate / 0.05)) + day / 9


def nobody(name: str, trees: TreeSettings, losses: Sequence[float]) -> None:
    """Keep nothing."""


def budget(trials: int, seconds: float = ENDLESS, step: float = 0.0) -> Budget:
    """Of a clock that goes on by so many seconds whenever it is asked."""
    ticks = iter(range(1_000_000))
    return Budget(trials, seconds, lambda: next(ticks) * step)


def search(folder: Path, name: str = "churn-1", seed: int = 1) -> Search:
    return Search(folder / "tuning.db", name, START, seed=seed)


def test_the_start_is_the_first_trial_even_beyond_the_space_that_is_searched(tmp_path):
    far = TreeSettings(leaves=256, learning_rate=1, bins=3)
    one = Search(tmp_path / "tuning.db", "far", far, seed=1)
    told = []
    one.run(loss, 2, budget(1), lambda *parts: told.append(parts))
    assert told == [("trial 1", far, [loss(far, 0), loss(far, 1)])]
    assert one.best == far


def test_better_trees_are_found(straight):
    one = straight
    assert loss(one.best, 0) < loss(START, 0) / 2
    assert one.best == min(one.tried, key=lambda trees: loss(trees, 0))


def test_trials_are_counted_over_all_runs(tmp_path):
    search(tmp_path).run(loss, 2, budget(5), nobody)
    told = []
    again = search(tmp_path)
    again.run(loss, 2, budget(8), lambda name, *_: told.append(name))
    assert told == ["trial 6", "trial 7", "trial 8"]
    again.run(loss, 2, budget(8), nobody)
    assert again.count == 8


def test_when_the_clock_has_run_out_no_further_trial_begins(tmp_path):
    one = search(tmp_path)
    # The clock is asked once at first, and once before each trial but the start's.
    one.run(loss, 2, budget(100, seconds=40, step=10), nobody)
    assert one.count == 4


def test_the_start_has_its_trial_however_short_the_time(tmp_path):
    one = search(tmp_path)
    one.run(loss, 2, budget(100, seconds=0), nobody)
    assert one.tried == [START]


@pytest.fixture(scope="module")
def straight(tmp_path_factory) -> Search:
    """A search of 14 trials that nobody stopped; chance alone proposes the first ten."""
    one = search(tmp_path_factory.mktemp("straight"))
    one.run(loss, 2, budget(14), nobody)
    return one


@pytest.mark.parametrize("stopped_at", [0, 3, 12])
def test_a_search_that_was_stopped_tries_what_it_would_have_tried(tmp_path, straight, stopped_at):
    def stopped(trees: TreeSettings, day: int) -> float:
        if search(tmp_path).count == stopped_at and day == 0:
            raise KeyboardInterrupt
        return loss(trees, day)

    with pytest.raises(KeyboardInterrupt):
        search(tmp_path).run(stopped, 2, budget(14), nobody)
    again = search(tmp_path)
    assert again.count == stopped_at
    again.run(loss, 2, budget(14), nobody)
    assert again.tried == straight.tried
    assert again.best == straight.best


def test_what_is_worse_than_most_on_the_first_day_is_not_tried_on_the_second(tmp_path):
    days = []
    one = search(tmp_path)
    one.run(loss, 2, budget(12), lambda _name, _trees, losses: days.append(len(losses)))
    assert days[:5] == [2] * 5
    assert set(days) == {1, 2}


def test_another_seed_and_another_study_try_other_trees(tmp_path):
    seeded = Search(tmp_path / "seed.db", "churn-1", START, seed=2)
    searches = [search(tmp_path), search(tmp_path, name="value-1"), seeded]
    for one in searches:
        one.run(loss, 2, budget(3), nobody)
    assert len({one.tried[1].model_dump_json() for one in searches}) == 3
