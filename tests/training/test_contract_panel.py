"""The panel of contracts: counted by hand, and blind to what comes later."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from contracts_world import LAST, world
from events import events_of
from shop import histories_of

from training.contract_panel import (
    FAR,
    contract_panel,
    ends_after,
    landmarks_at,
    mature_months,
)
from training.spells import changes_of, day_of

CUTOFFS = [date(2025, 2, 10), date(2025, 3, 10), date(2025, 4, 10)]
AS_OF = date(2025, 6, 10)


def made(rows, *, more=()):
    """Histories and changes of subscriptions; everybody ordered on the 5th of January."""
    whole = [
        {"customer_id": who, "day": day, "kind": kind, **rest} for who, day, kind, rest in rows
    ]
    who = sorted({one["customer_id"] for one in whole})
    orders = [{"customer_id": one, "day": date(2025, 1, 5)} for one in who]
    histories = histories_of(events_of(subscriptions=whole, orders=[*orders, *more]))
    return histories, changes_of(histories)


ROWS = [
    ("ada", date(2025, 1, 20), "started", {}),
    ("ada", date(2025, 4, 20), "ended", {}),
    ("bob", date(2025, 1, 10), "started", {}),
    ("eve", date(2025, 1, 10), "started", {}),
    ("eve", date(2025, 2, 5), "ended", {"known_from": date(2025, 2, 20)}),
]


def shown(panel):
    """Each row as (customer's code, cutoff's month, months ahead, month of the contract, ended)."""
    months = (
        panel.landmarks.cutoff_days[panel.places].astype("datetime64[D]").astype("datetime64[M]")
    )
    return list(
        zip(
            panel.landmarks.codes[panel.places].tolist(),
            (months.astype(int) % 12 + 1).tolist(),
            panel.months_ahead.tolist(),
            panel.month_numbers.tolist(),
            panel.ended.tolist(),
            strict=True,
        )
    )


def test_a_row_for_every_month_ahead_that_was_seen_to_its_end_until_the_contract_ended():
    histories, changes = made(ROWS)
    landmarks = landmarks_at(histories, changes, CUTOFFS, grace_days=0)
    panel = contract_panel(landmarks, changes, AS_OF, grace_days=0, seed=1)
    ada, bob, eve = 0, 1, 2
    assert shown(panel) == [
        # From the 10th of February: her first month ends on the 20th, she leaves with the third.
        (ada, 2, 0, 1, False), (ada, 2, 1, 2, False), (ada, 2, 2, 3, True),
        (bob, 2, 0, 1, False), (bob, 2, 1, 2, False), (bob, 2, 2, 3, False), (bob, 2, 3, 4, False),
        (eve, 2, 0, 1, True),  # she had left on the 5th, which was told on the 20th
        (ada, 3, 0, 2, False), (ada, 3, 1, 3, True),
        (bob, 3, 0, 2, False), (bob, 3, 1, 3, False), (bob, 3, 2, 4, False),
        (ada, 4, 0, 3, True),
        (bob, 4, 0, 3, False), (bob, 4, 1, 4, False),
    ]  # fmt: skip


def test_the_grace_must_have_been_seen_too():
    days = np.array([day_of(one) for one in CUTOFFS])
    assert mature_months(days, AS_OF, grace_days=0).tolist() == [4, 3, 2]
    assert mature_months(days, AS_OF, grace_days=1).tolist() == [3, 2, 1]
    assert mature_months(days, CUTOFFS[0], grace_days=0).tolist() == [0, 0, 0]


def test_an_end_that_was_not_seen_is_far():
    histories, changes = made(ROWS)
    landmarks = landmarks_at(histories, changes, CUTOFFS[:1], grace_days=0)
    assert ends_after(landmarks, changes, AS_OF, grace_days=0)[0].tolist() == [2, FAR, 0]
    # Known on the 15th of February only: nobody has left yet.
    early = ends_after(landmarks, changes, date(2025, 2, 15), grace_days=0)[0]
    assert early.tolist() == [FAR, FAR, FAR]


def test_inputs_move_with_the_months_ahead_as_far_as_was_learned():
    day = date(2025, 1, 20)
    paid = [{"customer_id": "ada", "day": day, "paid_until_day": day_of(date(2025, 12, 20))}]
    histories = histories_of(events_of(orders=paid))
    changes = changes_of(histories)
    landmarks = landmarks_at(histories, changes, CUTOFFS[:1], grace_days=0)
    near, far = (landmarks.inputs(np.array([n]), farthest=3).iloc[0] for n in (0, 5))
    assert (near["contract_month_count"], far["contract_month_count"]) == (1, 6)
    assert (near["months_ahead_count"], far["months_ahead_count"]) == (0, 3)
    assert near["paid_ahead_then_days"] == near["paid_ahead_days"] == 313
    assert far["paid_ahead_then_days"] == pytest.approx(313 - 5 * 30.4375)


@pytest.mark.parametrize("payments", [True, False])
def test_what_comes_on_or_after_the_cutoff_changes_no_landmark_and_no_row(payments):
    histories, _ = world(count=60, payments=payments)
    cutoff = date(2024, 10, 1)
    cutoffs = [date(2024, 7, 1), date(2024, 8, 1), date(2024, 9, 1), cutoff]
    found = []
    for known in (histories, histories.before(cutoff)):
        changes = changes_of(known)
        landmarks = landmarks_at(known, changes, cutoffs, grace_days=2)
        panel = contract_panel(
            landmarks, changes.before(day_of(cutoff)), cutoff, grace_days=2, seed=1
        )
        ids = changes.customer_ids.to_numpy(zero_copy_only=False)
        keys = pd.DataFrame({"who": ids[landmarks.codes], "start": landmarks.start_days})
        found.append((keys, landmarks.features, panel.inputs(), panel.ended))
    for ours, theirs in zip(*found, strict=True):
        assert len(ours) > 0
        if isinstance(ours, pd.DataFrame):
            pd.testing.assert_frame_equal(ours, theirs)
        else:
            assert ours.tolist() == theirs.tolist()


def test_too_large_a_panel_keeps_whole_customers(monkeypatch):
    histories, _ = world(count=80)
    changes = changes_of(histories)
    landmarks = landmarks_at(
        histories, changes, [date(2024, 10, 1), date(2024, 11, 1)], grace_days=0
    )
    whole = contract_panel(landmarks, changes, LAST, grace_days=0, seed=1)
    monkeypatch.setattr("training.contract_panel.MOST_ROWS", len(whole.places) // 2)
    part = contract_panel(landmarks, changes, LAST, grace_days=0, seed=1)
    assert 0 < len(part.places) < len(whole.places)
    kept = set(part.landmarks.codes[part.places])
    assert len(part.places) == np.isin(whole.landmarks.codes[whole.places], list(kept)).sum()


def test_too_many_landmarks_are_those_of_some_customers_whole(monkeypatch):
    histories, _ = world(count=60)
    changes = changes_of(histories)
    cutoffs = [date(2024, 8, 1), date(2024, 9, 1), date(2024, 10, 1)]
    whole = landmarks_at(histories, changes, cutoffs, grace_days=0, drawn_by=1)
    monkeypatch.setattr("training.contract_panel.MOST_ROWS", len(whole.codes) // 2)
    part = landmarks_at(histories, changes, cutoffs, grace_days=0, drawn_by=1)
    every = landmarks_at(histories, changes, cutoffs, grace_days=0)
    kept = np.isin(whole.codes, part.codes)
    assert 0 < len(part.codes) < len(whole.codes) == len(every.codes)
    assert part.codes.tolist() == whole.codes[kept].tolist()
    assert part.features.equals(whole.features[kept].reset_index(drop=True))
