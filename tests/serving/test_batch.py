"""The batch job: the same scores in whatever parts, going on where it was cut off."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from shop import FIRST_DAY, histories, order_table, simulated_orders, store_orders

from features.matrix import matrix
from features.settings import Settings
from features.store.histories import read
from features.stored import in_parts
from serving.api.answers import json_bytes
from serving.api.lookups import Look, ready_answer
from serving.batch import Customers, score_and_publish
from serving.drift import MUCH, Drift
from serving.scoring import Scorer
from serving.store import ScoreStore
from training.models.customer_model import Horizons, Version, fit_customer_model
from training.reference import reference_of

CUTOFF = FIRST_DAY + timedelta(days=300)
PUBLISHED_AT = datetime(2026, 9, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def orders():
    return simulated_orders(customers=300)


@pytest.fixture(scope="module")
def model(orders):
    known = histories(orders)
    fitted = fit_customer_model(known, CUTOFF, Horizons(60, 60, 0.8), seed=1)
    reference = reference_of(fitted, matrix(known.before(CUTOFF), [CUTOFF]))
    return replace(fitted, facts=replace(fitted.facts, reference=reference))


@pytest.fixture
def settings(tmp_path, monkeypatch, model):
    version = Version("churn", "1", "run", "0" * 64)
    monkeypatch.setattr("serving.batch.fetch_champion", lambda *_: (model, version))
    columns = {"customer_id": "c", "timestamp": "t", "amount": "a"}
    return Settings(
        workspace=tmp_path,
        sources={"orders": {"path": "orders.csv", "format": "csv", "columns": columns}},
        markets={"US": {}},
        churn={"within_days": 60},
        value={"horizon_days": 60},
    )


@pytest.fixture
def customers(orders, tmp_path):
    name = store_orders(order_table(orders), tmp_path / "histories")
    stored = read(tmp_path / "histories")
    return Customers(lambda: in_parts(stored, least_tiles=1), name)


def publish(settings, customers, **more):
    return score_and_publish(settings, customers, as_of=CUTOFF, published_at=PUBLISHED_AT, **more)


def test_scores_by_parts_are_those_of_all_at_once(settings, customers, orders, model):
    assert len(list(customers.parts())) == 4
    published = publish(settings, customers).generation
    scores, scales = Scorer(settings, model, published).score(histories(orders), CUTOFF)
    assert published.scales == scales.to_dict()
    store = ScoreStore.of(settings)
    found = store.scores(published.generation, [one.customer_id for one in scores])
    store.close()
    assert found == {one.customer_id: one for one in scores}


def test_a_run_that_was_cut_off_makes_only_what_is_missing(settings, customers, monkeypatch):
    scored, score = [], Scorer.score

    def counted(self, part, *rest):
        scored.append(part)
        if len(scored) == 3:
            raise RuntimeError("the power went")
        return score(self, part, *rest)

    monkeypatch.setattr(Scorer, "score", counted)
    with pytest.raises(RuntimeError, match="the power went"):
        publish(settings, customers)
    published = publish(settings, customers)
    assert len(scored) == 3 + 2
    assert published.overview.customers_count == sum(
        len(part.before(CUTOFF).customer_ids) for part in customers.parts()
    )


def test_other_settings_do_not_go_on_with_what_is_staged(settings, customers, monkeypatch):
    scored, score = [], Scorer.score

    def counted(self, part, *rest):
        scored.append(part)
        if len(scored) == 3:
            raise RuntimeError("the power went")
        return score(self, part, *rest)

    monkeypatch.setattr(Scorer, "score", counted)
    with pytest.raises(RuntimeError, match="the power went"):
        publish(settings, customers)
    bands = settings.bands.model_copy(update={"high": 0.9})
    publish(settings.model_copy(update={"bands": bands}), customers)
    assert len(scored) == 3 + 4


def test_the_kept_answer_of_every_customer_is_what_would_be_made(settings, customers):
    published = publish(settings, customers, document=ready_answer).generation
    store = ScoreStore.of(settings)
    ids = [
        one for part in customers.parts() for one in part.before(CUTOFF).customer_ids.to_pylist()
    ]
    scores = store.scores(published.generation, ids)
    for name, score in scores.items():
        body, _ = store.document(published.generation, name)
        assert body == json_bytes(Look().of(score, published))
    store.close()
    assert len(scores) == published_count(settings, published.generation)


def published_count(settings, number):
    store = ScoreStore.of(settings)
    count = store.overview(number).customers_count
    store.close()
    return count


def test_the_share_done_grows_to_one(settings, customers):
    names, shares = [], []

    class Watched:
        def __call__(self, name):
            names.append(name)

        def share(self, share):
            shares.append(share)

    publish(settings, customers, progress=Watched())
    assert names == ["champion", "comparing", "scores"]
    assert shares == [0.25, 0.5, 0.75, 1.0]


def drift_of(published):
    return Drift.of(published.generation.quality)


def test_the_customers_whom_the_model_learned_from_have_not_moved(settings, customers):
    drift = drift_of(publish(settings, customers))
    assert drift.learned_until == CUTOFF.isoformat()
    assert drift.features.keys() >= {"recency_days", "spend_value"}
    assert max(drift.features.values()) == drift.churn_probability == 0


def test_other_customers_have_moved_in_what_is_other_about_them(settings, orders, tmp_path):
    dearer = [(customer, day, 10 * cents) for customer, day, cents in orders]
    name = store_orders(order_table(dearer), tmp_path / "dearer")
    stored = read(tmp_path / "dearer")
    drift = drift_of(publish(settings, Customers(lambda: in_parts(stored, least_tiles=1), name)))
    assert drift.features["spend_value"] > MUCH
    assert drift.features["recency_days"] == 0


def test_a_model_that_does_not_say_whom_it_learned_from_tells_no_drift(
    settings, customers, model, monkeypatch
):
    silent = replace(model, facts=replace(model.facts, reference={}))
    version = Version("churn", "1", "run", "0" * 64)
    monkeypatch.setattr("serving.batch.fetch_champion", lambda *_: (silent, version))
    drift = drift_of(publish(settings, customers))
    assert (drift.features, drift.churn_probability) == ({}, None)
