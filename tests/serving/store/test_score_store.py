"""The score store: whole generations, replaced in one step under readers."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from serving.store import KEPT_GENERATIONS, Cell, Generation, Score, ScoreStore

CUSTOMERS = [f"C-{number}" for number in range(2_000)]


def of_probability(score: Score, probability: float) -> Iterator[Score]:
    for name in CUSTOMERS:
        yield replace(score, customer_id=name, churn_probability=probability)


def test_before_the_first_publication_there_is_no_generation(store):
    assert store.current() is None


def test_what_is_published_comes_back_the_same(store, generation, score, no_score):
    number = store.publish(generation, [score, no_score])
    found = store.scores(number, [score.customer_id, no_score.customer_id])
    assert found == {score.customer_id: score, no_score.customer_id: no_score}
    quality = {"grade": "B"}
    store.publish(replace(generation, quality=quality), [])
    assert store.current() == replace(generation, quality=quality, generation=number + 1)


def test_an_id_never_seen_is_left_out(store, generation, score):
    number = store.publish(generation, [score])
    assert store.scores(number, ["nobody", "'; DROP TABLE scores; --", ""]) == {}


def test_a_new_generation_replaces_the_one_before_as_a_whole(store, generation, score):
    store.publish(generation, [score])
    number = store.publish(generation, [replace(score, customer_id="other")])
    assert store.current().generation == number
    assert list(store.scores(number, [score.customer_id, "other"])) == ["other"]


def test_only_the_last_generations_are_kept(store, generation, score):
    numbers = [store.publish(generation, [score]) for _ in range(KEPT_GENERATIONS + 2)]
    kept = [number for number in numbers if store.scores(number, [score.customer_id])]
    assert kept == numbers[-KEPT_GENERATIONS:]


def test_a_publication_that_fails_leaves_the_one_before(store, generation, score):
    first = store.publish(generation, [score])

    def broken() -> Iterator[Score]:
        yield from of_probability(score, 0.9)
        message = "the model stopped"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="the model stopped"):
        store.publish(generation, broken())
    assert store.current().generation == first
    assert store.overview(first).customers_count == 1


def test_readers_see_whole_generations_while_others_are_published(store, generation, score):
    """The probability of all customers is the generation's number: a mix would show."""
    store.publish(generation, of_probability(score, 0.01))
    published = threading.Event()
    seen: set[int] = set()
    mixed: list[object] = []

    def read(store: ScoreStore) -> None:
        while not published.is_set():
            number = store.current().generation
            scores = store.scores(number, CUSTOMERS[::100])
            found = {one.churn_probability for one in scores.values()}
            if len(scores) != len(CUSTOMERS[::100]) or found != {number / 100}:
                mixed.append((number, found))
            seen.add(number)

    readers = [threading.Thread(target=read, args=(store,)) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(2, 8):
        store.publish(generation, of_probability(score, number / 100))
    published.set()
    for reader in readers:
        reader.join()
    assert mixed == []
    assert len(seen) > 1


def test_another_process_opening_the_store_reads_the_same(store, open_store, generation, score):
    number = store.publish(generation, [score])
    other = open_store()
    assert other.scores(number, [score.customer_id]) == {score.customer_id: score}
    assert other.current().generation == number
    later = store.publish(generation, [score])
    assert other.current().generation == later


def test_a_thousand_scores_are_read_at_once(store, generation, score):
    number = store.publish(generation, of_probability(score, 0.5))
    found = store.scores(number, CUSTOMERS[:1_000])
    wanted = list(of_probability(score, 0.5))[:1_000]
    assert found == {one.customer_id: one for one in wanted}


def test_the_overview_adds_up(store, generation, score, no_score):
    low = replace(score, customer_id="low", band="low", value_at_stake=10.0)
    number = store.publish(generation, [score, low, no_score])
    overview = store.overview(number)
    assert (overview.customers_count, overview.scored_count, overview.at_risk_count) == (3, 2, 1)
    assert overview.value_at_stake == score.value_at_stake
    assert overview.bands == {"high": 1, "low": 1}
    assert overview.unavailable == {"too_little_history": 1}
    assert Cell("low", "high", 1, 10.0) in store.cells(number)


def test_customers_at_risk_come_with_the_highest_stake_first(store, generation, score):
    stakes = {"a": 5.0, "b": 50.0, "c": 5.0}
    scores = [
        replace(score, customer_id=name, value_at_stake=stake) for name, stake in stakes.items()
    ]
    number = store.publish(generation, [*scores, replace(score, customer_id="d", band="low")])
    assert [one.customer_id for one in store.at_risk(number)] == ["b", "a", "c"]
    assert [one.customer_id for one in store.at_risk(number, limit=1, offset=1)] == ["a"]
    assert store.at_risk(number, market="elsewhere") == []


def test_a_time_of_publication_comes_back_in_utc(store, generation: Generation, score):
    store.publish(generation, [score])
    assert store.current().published_at == generation.published_at
