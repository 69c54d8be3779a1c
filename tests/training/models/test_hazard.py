"""The hazard model: it finds what drives a made-up world, and its curves are consistent."""

from datetime import date

import numpy as np
import pytest
from contracts_world import LAST, REASONS, true_hazard, world
from events import events_of
from shop import histories_of

from training.contract_panel import Landmarks, contract_panel, landmarks_at
from training.models.hazard import FEWEST_CUSTOMERS, HazardModel, fit_hazard
from training.models.kaplan_meier import lifetimes_of
from training.spells import NO_REASON, changes_of, day_of, monthly_cutoffs, spells_at


def fitted(histories, events=None, *, as_of=LAST) -> tuple[HazardModel, Landmarks]:
    """A model of what was known at this day, and who is under contract then."""
    changes = changes_of(histories, (events or {}).get("subscriptions"))
    cutoffs = monthly_cutoffs(histories.first_day, as_of, most=12)
    landmarks = landmarks_at(histories, changes, [*cutoffs, as_of], grace_days=0)
    known = changes.before(day_of(as_of))
    panel = contract_panel(landmarks, known, as_of, grace_days=0, seed=1)
    lifetimes = lifetimes_of(spells_at(known, day_of(as_of), grace_days=0))
    model = fit_hazard(panel, lifetimes, seed=1, reason_names=changes.reason_names)
    return model, landmarks.rows(landmarks.cutoff_days == day_of(as_of))


@pytest.fixture(scope="module")
def subscribed():
    histories, events = world(count=700)
    return *fitted(histories, events), histories


def test_survival_falls_from_one_for_every_customer(subscribed):
    model, landmarks, _ = subscribed
    survival = model.survival(landmarks, 24)
    assert survival.shape == (len(landmarks.codes), 25)
    assert (survival[:, 0] == 1).all()
    assert (np.diff(survival, axis=1) < 0).all()
    assert (survival > 0).all()


def test_a_longer_horizon_only_adds_to_a_shorter_one(subscribed):
    model, landmarks, _ = subscribed
    assert (model.survival(landmarks, 12)[:, :4] == model.survival(landmarks, 3)).all()
    near = model.churn_probability(landmarks, 3)
    assert near == pytest.approx(1 - model.survival(landmarks, 3)[:, -1])


def test_incidences_of_all_reasons_and_survival_add_up_to_one(subscribed):
    model, landmarks, _ = subscribed
    found = model.incidences(landmarks, 9)
    assert set(found) == set(REASONS)
    assert sum(found.values()) == pytest.approx(1 - model.survival(landmarks, 9), abs=1e-12)
    assert all((np.diff(part, axis=1) >= 0).all() for part in found.values())


def test_the_model_finds_who_is_keen_and_comes_near_the_true_hazard(subscribed):
    model, landmarks, histories = subscribed
    ids = histories.customer_ids.to_pylist()
    keen = np.array([int(ids[code][1:]) % 2 == 0 for code in landmarks.codes])
    said = model.hazards(landmarks, 1)[:, 0]
    true = np.array(
        [
            true_hazard(month, is_keen=bool(one))
            for month, one in zip(landmarks.month_numbers, keen, strict=True)
        ]
    )
    # The halves differ fivefold; the model must show much of it and keep the level.
    assert said[~keen].mean() > 2 * said[keen].mean()
    assert said.mean() == pytest.approx(true.mean(), rel=0.3)
    assert np.corrcoef(said, true)[0, 1] > 0.7
    assert model.strength > 0.5


def test_the_model_finds_who_leaves_for_the_price(subscribed):
    model, landmarks, histories = subscribed
    ids = histories.customer_ids.to_pylist()
    keen = np.array([int(ids[code][1:]) % 2 == 0 for code in landmarks.codes])
    found = model.incidences(landmarks, 3)
    share = found["price"][:, -1] / sum(part[:, -1] for part in found.values())
    assert share[~keen].mean() > share[keen].mean() + 0.2


def test_payments_tell_the_same_as_subscriptions():
    model, landmarks = fitted(world(count=500, payments=True)[0])
    assert "paid_ahead_then_days" in model.trees.feature_name()
    assert set(model.incidences(landmarks, 2)) == {NO_REASON}
    total = model.incidences(landmarks, 2)[NO_REASON]
    assert total == pytest.approx(1 - model.survival(landmarks, 2))


def test_what_comes_on_or_after_the_day_changes_no_prediction():
    histories, _ = world(count=300)
    as_of = date(2024, 12, 1)
    (model, landmarks), (blind, blind_landmarks) = (
        fitted(known, as_of=as_of) for known in (histories, histories.before(as_of))
    )
    assert (model.survival(landmarks, 6) == blind.survival(blind_landmarks, 6)).all()


def contracts(lengths_days):
    """Subscribers from the 1st of January 2024, each with days until the end or None."""
    start = date(2024, 1, 1)
    rows, orders = [], []
    for number, length in enumerate(lengths_days):
        who = f"c{number:03d}"
        orders.append({"customer_id": who, "day": start})
        rows.append({"customer_id": who, "day": start, "kind": "started"})
        if length is not None:
            day = date.fromordinal(start.toordinal() + length)
            rows.append({"customer_id": who, "day": day, "kind": "ended"})
    return histories_of(events_of(subscriptions=rows, orders=orders))


@pytest.mark.parametrize(
    ("lengths", "as_of"),
    [
        ([None] * 60, date(2024, 7, 1)),  # nobody left
        ([31] * 50 + [None] * 2, date(2024, 7, 1)),  # nearly all left in the first month
        ([None] * 30 + [20] * 15, date(2024, 2, 5)),  # one month has been seen
    ],
)
def test_with_too_little_to_learn_from_everybody_has_the_hazard_of_the_month(lengths, as_of):
    model, landmarks = fitted(contracts(lengths), as_of=as_of)
    assert model.trees is None
    assert f"below the {FEWEST_CUSTOMERS} needed" in str(model.note)
    hazards = model.hazards(landmarks, 6)
    assert ((hazards > 0) & (hazards < 1)).all()
    expected = model.anchor.hazard(landmarks.month_numbers[:, None] + np.arange(6))
    assert hazards == pytest.approx(expected, abs=2e-6)
