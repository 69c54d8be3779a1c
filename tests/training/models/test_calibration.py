"""A calibrator is used only where an unseen past day says that it helps."""

import numpy as np
import pandas as pd
import pytest

from training.models.calibration import Calibration, Said, earned_calibration
from training.models.mixture import log_loss_of


def day(seed: int, *, off: dict[str, float], slope: float = 1.0, count: int = 3_000) -> Said:
    """What was said of some customers whose true log-odds are `slope` x said + the market's."""
    random = np.random.default_rng(seed)
    markets = pd.Series(random.choice(list(off), count))
    said = random.normal(0, 1.5, count)
    truth = slope * said + markets.map(off).to_numpy()
    return Said(said, (random.random(count) < 1 / (1 + np.exp(-truth))).astype(float), markets)


def loss(calibration: Calibration, said: Said) -> float:
    frame = pd.DataFrame({"market": said.markets})
    return float(log_loss_of(calibration.of(said.log_odds, frame), said.happened).mean())


@pytest.mark.parametrize(
    ("off", "slope", "kind"),
    [
        ({"cz": 0.6, "de": 0.6}, 1.0, {"level", "platt", "markets"}),
        ({"cz": 0.0, "de": 0.0}, 0.5, {"platt"}),
        ({"cz": 0.9, "de": -0.9, "vn": 0.0}, 1.0, {"markets"}),
    ],
)
def test_what_was_off_on_both_days_is_mended_on_a_third(off, slope, kind):
    found = earned_calibration([day(seed, off=off, slope=slope) for seed in (1, 2)])
    assert found.kind in kind
    later = day(3, off=off, slope=slope)
    assert loss(found, later) < loss(Calibration(), later) - 0.005


def test_what_was_right_is_left_alone_in_nearly_all_tries():
    exact = {"cz": 0.0, "de": 0.0}
    kinds = [
        earned_calibration([day(seed, off=exact, count=600) for seed in (2 * n, 2 * n + 1)]).kind
        for n in range(1, 101)
    ]
    assert kinds.count("none") >= 95


def test_a_level_that_turned_between_the_days_is_left_alone():
    days = [day(1, off={"cz": 0.5}), day(2, off={"cz": -0.5})]
    assert earned_calibration(days).kind == "none"


def test_a_single_day_earns_nothing():
    assert earned_calibration([day(1, off={"cz": 2.0})]) == Calibration()


def test_a_market_of_few_customers_moves_less_than_a_large_one():
    random = np.random.default_rng(4)
    off = {"large": 0.8, "other": -0.8, "small": 0.8}

    def uneven(seed: int) -> Said:
        one = day(seed, off=off, count=6_000)
        few = one.markets.ne("small") | (random.random(6_000) < 0.02)
        return Said(one.log_odds[few], one.happened[few], one.markets[few].reset_index(drop=True))

    found = earned_calibration([uneven(1), uneven(2)])
    assert found.kind == "markets"
    assert found.markets["small"] < found.markets["large"]


def test_an_order_is_never_turned():
    found = earned_calibration([day(seed, off={"cz": 0.0}, slope=-1.0) for seed in (1, 2)])
    assert found.slope > 0


def test_rows_without_a_market_get_the_shift_of_all():
    calibration = Calibration("markets", shift=0.5, markets={"cz": 1.0})
    frame = pd.DataFrame({"market": ["cz", "xx"]})
    assert calibration.of(np.zeros(2), frame).tolist() == [1.5, 0.5]
    assert calibration.of(np.zeros(2), frame[[]]).tolist() == [0.5, 0.5]


def test_a_calibration_survives_its_way_through_json():
    found = earned_calibration([day(seed, off={"cz": 0.9, "de": -0.9}) for seed in (1, 2)])
    assert Calibration.from_dict(found.to_dict()) == found
