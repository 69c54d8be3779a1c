"""The past of a score, the feed of changes and the journal, on both databases."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from serving.store import Reason, change

WEEK = timedelta(days=7)
SILENCE = Reason("silence.own", "raises", "high", 71.0, 28.0, "days")
MONEY = Reason("money", "lowers", "low", 82.5, 40.0, "money")
PACE = Reason("pace", "raises", "low", 1.0, 2.0, "orders")


def in_week(generation, week, **changed):
    day = date(2026, 9, 1) + week * WEEK
    at = datetime(2026, 9, 1, 4, tzinfo=UTC) + week * WEEK
    return replace(generation, as_of=day, valid_until=day + WEEK, published_at=at, **changed)


def place_of(changed):
    return changed.since, changed.score.customer_id


def test_five_generations_by_hand(store, generation, score):
    """Medium, high, the same, churned, back with a new model and another definition."""
    low = replace(score, churn_probability=0.4, band="medium", reasons=(PACE,))
    high = replace(score, churn_probability=0.62, band="high", reasons=(SILENCE, MONEY))
    gone = replace(
        score, churn_probability=None, band=None, cltv=None, value_at_stake=None, percentile=None,
        reasons=(), unavailable_reason="already_churned",
    )  # fmt: skip
    store.publish(in_week(generation, 0), [low])
    store.publish(in_week(generation, 1), [high])
    store.publish(in_week(generation, 2, model_version="18"), [high])
    store.publish(in_week(generation, 3), [gone])
    other = {"model_version": "19", "churn_definition": "no-order-60d@1", "churn_horizon_days": 60}
    store.publish(in_week(generation, 4, **other), [low])

    past = store.history(score.customer_id)
    assert [one.generation.generation for one in past] == [5, 4, 2, 1]
    assert [one.churn_probability for one in past] == [0.4, None, 0.62, 0.4]
    assert [one.unavailable_reason for one in past] == [None, "already_churned", None, None]
    assert past[2].reasons == (("silence.own", "raises"), ("money", "lowers"))
    assert past[2].generation.as_of == date(2026, 9, 8)

    first = change(past[3], past[2])
    assert first.probability_delta == 0.22
    assert (first.band_before, first.band_after) == ("medium", "high")
    assert first.reasons_appeared == ("silence.own", "money")
    assert first.reasons_disappeared == ("pace",)
    assert not first.model_changed
    assert not first.definition_changed
    assert change(past[2], past[1]).probability_delta is None
    last = change(past[1], past[0])
    assert last.model_changed
    assert last.definition_changed
    assert [one.generation.generation for one in store.history(score.customer_id, before=4)] == [
        2,
        1,
    ]

    told = [(one.sequence, one.before, one.after) for one in store.journal.events(after=0, limit=9)]
    assert told == [(1, "medium", "high"), (2, "high", None), (3, None, "medium")]
    assert store.journal.events(after=2, limit=9)[0].as_of == date(2026, 9, 29)


def test_another_definition_alone_is_a_change(store, generation, score):
    store.publish(generation, [score])
    store.publish(replace(generation, churn_definition="no-order-90d@2"), [score])
    assert len(store.history(score.customer_id)) == 2


def test_nobody_has_no_history(store):
    assert store.history("nobody") == []


def test_history_is_pruned_by_date_but_for_the_entry_that_still_holds(open_store, generation, score, no_score):  # fmt: skip
    store = open_store(history_months=1)
    for week in range(8):
        risen = replace(score, churn_probability=week / 10)
        store.publish(in_week(generation, week), [risen, no_score])
    # Published within a month of the eighth, and the one that held when the month began.
    weeks = [one.generation.generation for one in store.history(score.customer_id)]
    assert weeks == [8, 7, 6, 5, 4, 3]
    assert [one.generation.generation for one in store.history(no_score.customer_id)] == [1]


def test_the_feed_gives_every_change_once_the_oldest_first(store, generation, score):
    scores = [replace(score, customer_id=name) for name in "abc"]
    store.publish(generation, scores)
    # b changes; the day and the model alone are no change.
    later = in_week(generation, 1, model_version="18")
    number = store.publish(later, [scores[0], replace(scores[1], band="low"), scores[2]])
    found = store.changed(number, after=(0, ""))
    assert [place_of(one) for one in found] == [(1, "a"), (1, "c"), (2, "b")]
    assert [place_of(one) for one in store.changed(number, after=(1, "c"))] == [(2, "b")]
    assert [place_of(one) for one in store.changed(number, after=(0, ""), band="low")] == [(2, "b")]
    assert store.changed(number, after=(0, ""), market="elsewhere") == []


def test_the_feed_loses_nobody_while_a_generation_is_published_in_between(store, generation, score):
    names = [f"C-{number:02}" for number in range(20)]
    scores = {name: replace(score, customer_id=name) for name in names}
    number, place, seen = store.publish(generation, scores.values()), (0, ""), {}
    while True:
        page = store.changed(number, after=place, limit=3)
        if not page:
            break
        place = place_of(page[-1])
        seen |= {one.score.customer_id: one.score for one in page}
        if number < 6:
            # Some that were seen, some that were not, one who is new.
            for name in names[number::5]:
                scores[name] = replace(scores[name], cltv=float(number))
            scores[f"N-{number}"] = replace(score, customer_id=f"N-{number}")
            number = store.publish(in_week(generation, number), scores.values())
    assert seen == scores


def test_a_customer_who_stays_away_one_generation_is_a_change_again(store, generation, score):
    store.publish(generation, [score])
    store.publish(generation, [])
    number = store.publish(generation, [score])
    assert [one.since for one in store.changed(number, after=(2, ""))] == [number]


def test_the_number_of_the_last_publication_by_a_time(store, generation, score):
    for week in range(3):
        store.publish(in_week(generation, week), [score])
    at = in_week(generation, 1).published_at
    hour = timedelta(hours=1)
    found = [store.published_by(moment) for moment in (at - 2 * WEEK, at - hour, at, at + hour)]
    assert found == [0, 1, 2, 2]


def test_events_of_others_stand_in_the_same_journal(store, generation, score):
    at = datetime(2026, 9, 2, tzinfo=UTC)
    number = store.journal.append("model.promoted", occurred_at=at, data={"version": "18"})
    store.publish(generation, [score])
    store.publish(in_week(generation, 1), [replace(score, band="low")])
    promoted, banded = store.journal.events(after=0, limit=9)
    assert (promoted.sequence, promoted.kind, promoted.occurred_at) == (
        number,
        "model.promoted",
        at,
    )
    assert (promoted.data, promoted.customer_id) == ({"version": "18"}, None)
    assert (banded.kind, banded.customer_id) == ("score.band_changed", score.customer_id)


def test_old_events_go_but_their_numbers_never_come_again(store, generation, score):
    for week in range(0, 60, 10):
        banded = replace(score, band="low" if week % 20 else "high")
        store.publish(in_week(generation, week), [banded])
    kept = [one.sequence for one in store.journal.events(after=0, limit=99)]
    assert kept == [4, 5]
    assert store.journal.first() == 4
    at = in_week(generation, 60).published_at
    assert store.journal.append("x", occurred_at=at) == 6


@pytest.mark.parametrize("digits", [1e-9, -1e-9])
def test_noise_below_what_is_shown_is_no_change(store, generation, score, digits):
    store.publish(generation, [score])
    store.publish(
        generation, [replace(score, churn_probability=0.62 + digits, cltv=184.2 + digits)]
    )
    assert len(store.history(score.customer_id)) == 1
