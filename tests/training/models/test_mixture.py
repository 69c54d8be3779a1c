"""The mean of members, and when the past may change their weights."""

import numpy as np
import pytest

from training.models.mixture import Choice, Tried, chosen, log_loss_of, mixed, tweedie_loss

EQUAL = {"a": 0.5, "b": 0.5}
RANDOM = np.random.default_rng(1)
TRUTH = RANDOM.normal(0, 1.5, 4_000)


def tried(noise: float, *, seed: int) -> Tried:
    """Member a knows the truth, member b adds noise to it."""
    random = np.random.default_rng(seed)
    happened = (random.random(len(TRUTH)) < 1 / (1 + np.exp(-TRUTH))).astype(float)
    return Tried({"a": TRUTH, "b": TRUTH + random.normal(0, noise, len(TRUTH))}, happened)


def test_the_mean_is_weighted_and_ignores_the_order_of_names():
    members = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 6.0])}
    assert mixed(members, {"a": 0.75, "b": 0.25}).tolist() == [1.5, 3.0]
    assert mixed(members, {"b": 0.25, "a": 0.75}).tolist() == [1.5, 3.0]


def test_one_past_cutoff_changes_nothing_however_clear_it_is():
    choice = chosen([tried(6.0, seed=1)], EQUAL, log_loss_of)
    assert choice.weights == EQUAL
    assert choice.losses[0]["a"] < choice.losses[0]["mean"] < choice.losses[0]["b"]


def test_a_member_that_was_clearly_better_each_time_stands_alone():
    choice = chosen([tried(6.0, seed=1), tried(6.0, seed=2)], EQUAL, log_loss_of)
    assert choice.weights == {"a": 1.0, "b": 0.0}


def test_a_member_that_was_better_once_and_worse_once_does_not():
    once = tried(6.0, seed=1)
    turned = Tried({"a": once.members["b"], "b": once.members["a"]}, once.outcome)
    assert chosen([once, turned], EQUAL, log_loss_of).weights == EQUAL


def test_equal_members_keep_their_weights_in_nearly_all_tries():
    kept = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        pair = []
        for _ in range(2):
            happened = (random.random(500) < 0.3).astype(float)
            members = {name: random.normal(-0.85, 0.1, 500) for name in EQUAL}
            pair.append(Tried(members, happened))
        kept += chosen(pair, EQUAL, log_loss_of).weights == EQUAL
    assert kept >= 190


def test_a_choice_survives_its_way_through_json():
    choice = chosen([tried(1.0, seed=1)], EQUAL, log_loss_of)
    assert Choice.from_dict(choice.to_dict()) == choice


@pytest.mark.parametrize("spend", [0.0, 3.0, 40.0])
def test_the_money_loss_is_least_at_the_true_mean(spend):
    around = np.log(max(spend, 1e-3)) + np.array([-0.5, 0.0, 0.5])
    losses = tweedie_loss(around, np.full(3, spend))
    assert losses.argmin() == (0 if spend == 0 else 1)
