"""Who may be judged on which days, and what is decided, with real models of a small shop."""

import hashlib
import json
import shutil
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace

import numpy as np
import pytest
from shop import histories, simulated_orders

from features.errors import ModelRefused
from features.settings import NoOrderChurn, Settings, ValueSettings
from features.source_settings import OrderColumns, OrdersSource, Sources
from training.artifact import cached_folder, load_model, save_model
from training.challenge import (
    Candidate,
    decided,
    find_incumbent,
    mode_of,
    seen_nothing_after,
    tags_of,
)
from training.champions import promote, roll_back
from training.evaluation import CHAMPION, Attempt, attempt
from training.models.customer_model import fit_customer_model
from training.pipeline import horizons_of, quality_of, train
from training.recipe import RECIPE, changed_parts, recipe_of
from training.registry import (
    CHAMPION_ALIAS,
    HOLDOUT_DIGEST_TAG,
    MODEL_NAME,
    champion,
    fetch_version,
    version_numbered,
)
from training.tracking import use_workspace

DAY = date(2025, 1, 20)
LATER = DAY + timedelta(days=7)
TODAY = date(2025, 3, 1)


def settings_of(workspace, **more):
    columns = OrderColumns(customer_id="customer_id", timestamp="ordered_on", amount="amount")
    return Settings(
        workspace=workspace,
        sources=Sources(orders=OrdersSource(path="orders.csv", format="csv", columns=columns)),
        churn=NoOrderChurn(within_days=30),
        min_customers=100,
        **{"as_of": DAY, "value": ValueSettings(horizon_days=30), **more},
    )


@pytest.fixture(scope="module")
def orders():
    return histories(simulated_orders(customers=800))


@pytest.fixture(scope="module")
def first(orders, tmp_path_factory):
    """A workspace in which one version was trained as of DAY."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        workspace = tmp_path_factory.mktemp("first") / "workspace"
        settings = settings_of(workspace)
        trained = train(settings, orders, today=TODAY)
        return SimpleNamespace(settings=settings, trained=trained, workspace=workspace)


@pytest.fixture(scope="module")
def candidate(first, orders):
    """The same recipe a week later, before the gate."""
    return candidate_of(settings_of(first.workspace, as_of=LATER), orders)


def candidate_of(settings, orders):
    as_of, horizons = settings.as_of, horizons_of(settings)
    cutoff = as_of - timedelta(days=30)
    tried = attempt(orders.before(as_of), cutoff, horizons, seed=settings.seed)
    model = fit_customer_model(orders, as_of, horizons, seed=settings.seed)
    quality = quality_of(tried.holdout, settings.baseline_name)
    return Candidate(replace(model.facts, quality=quality), f"digest of {settings.seed}", tried)


def incumbent_at(first, orders, cutoff, **more):
    settings = settings_of(first.workspace, **more)
    client = use_workspace(first.workspace)
    return find_incumbent(client, settings, cutoff, horizons_of(settings), orders.shape)


def ruling(first, orders, candidate, incumbent=None, **more):
    settings = settings_of(first.workspace, as_of=LATER, **more)
    cutoff = candidate.attempt.holdout.cutoff
    incumbent = incumbent or incumbent_at(first, orders, cutoff)
    return decided(use_workspace(first.workspace), settings, candidate, incumbent)


def saying(candidate, **columns):
    """The candidate with other words in its holdout predictions."""
    holdout = candidate.attempt.holdout
    told = holdout.predictions[CHAMPION].assign(**columns)
    changed = holdout.saying({**holdout.predictions, CHAMPION: told})
    tried = Attempt(changed, candidate.attempt.model, candidate.attempt.rows)
    return replace(candidate, attempt=tried)


# Fairness


def test_the_first_version_is_champion_and_says_that_there_was_none(first):
    assert first.trained.promoted
    assert first.trained.decision.mode == "first"
    assert first.trained.decision.against is None
    assert "there is no champion yet" in first.trained.decision.sentence


def test_a_champion_made_by_the_cutoff_is_judged_itself(first, orders):
    found = incumbent_at(first, orders, DAY)
    assert found.judged_as == "itself"
    assert found.opponent.facts.as_of == DAY.isoformat()


def test_a_champion_that_saw_the_outcomes_is_judged_by_its_holdout_model(first, orders):
    for cutoff in (DAY - timedelta(days=1), DAY - timedelta(days=30)):
        found = incumbent_at(first, orders, cutoff)
        assert found.judged_as == "its holdout model"
        assert found.opponent.facts.as_of == (DAY - timedelta(days=30)).isoformat()


def test_where_even_the_holdout_model_saw_outcomes_nothing_is_judged(first, orders):
    found = incumbent_at(first, orders, DAY - timedelta(days=31))
    assert found.opponent is None
    assert found.unusable is None


@pytest.mark.parametrize("days", range(-80, 81, 20))
def test_whoever_is_judged_learned_from_nothing_after_the_cutoff(first, orders, days):
    cutoff = DAY + timedelta(days=days)
    found = incumbent_at(first, orders, cutoff)
    assert found.opponent is None or seen_nothing_after(found.opponent, cutoff)


def test_a_champion_for_other_horizons_is_no_opponent(first, orders):
    found = incumbent_at(first, orders, DAY, value=ValueSettings(horizon_days=60))
    assert found.opponent is None
    assert "other horizons" in found.unusable
    assert mode_of(found.recipe, found) == ("replacement", [])


def test_a_champion_that_counts_in_another_currency_is_no_opponent(first, orders):
    settings = settings_of(first.workspace)
    shape = replace(orders.shape, currency="CHF")
    client = use_workspace(first.workspace)
    found = find_incumbent(client, settings, DAY, horizons_of(settings), shape)
    assert "money was in USD then" in found.unusable


def test_a_champion_of_other_hands_is_no_opponent(first, orders):
    client = use_workspace(first.workspace)
    digest = version_numbered(client, "1").tags["regulars.digest"]
    client.delete_model_version_tag(MODEL_NAME, "1", "regulars.digest")
    try:
        assert "has no digest" in incumbent_at(first, orders, DAY).unusable
    finally:
        client.set_model_version_tag(MODEL_NAME, "1", "regulars.digest", digest)


def test_a_damaged_holdout_model_makes_nobody_champion(first, orders, candidate):
    client = use_workspace(first.workspace)
    digest = version_numbered(client, "1").tags[HOLDOUT_DIGEST_TAG]
    client.set_model_version_tag(MODEL_NAME, "1", HOLDOUT_DIGEST_TAG, "0" * 64)
    try:
        found = ruling(first, orders, candidate)
    finally:
        client.set_model_version_tag(MODEL_NAME, "1", HOLDOUT_DIGEST_TAG, digest)
    assert not found.passed
    assert "cannot be compared fairly" in found.sentence


# Decisions


def test_the_same_recipe_on_newer_data_is_a_refresh_and_passes(first, orders, candidate):
    found = ruling(first, orders, candidate)
    assert (found.mode, found.passed, found.against) == ("refresh", True, "1")
    told = found.to_dict()
    assert told["champion"]["judged_as"] == "its holdout model"
    assert told["champion"]["judged_learned_before"] <= told["cutoff"]
    assert told["challenger"]["judged_learned_before"] == told["cutoff"]


def test_permuted_probabilities_are_refused(first, orders, candidate):
    said = candidate.attempt.holdout.predictions[CHAMPION]["churn_probability"].to_numpy()
    permuted = np.random.default_rng(1).permutation(said)
    found = ruling(first, orders, saying(candidate, churn_probability=permuted))
    assert not found.passed
    assert "AUC worse than champion" in found.sentence


def test_another_seed_is_a_change_that_shows_no_improvement(first, orders):
    other = candidate_of(settings_of(first.workspace, as_of=LATER, seed=2), orders)
    found = ruling(first, orders, other)
    assert (found.mode, found.passed) == ("change", False)
    assert found.details["changed"] == ["seed"]
    assert "no figure shows it beyond noise" in found.sentence


def test_older_data_refresh_nothing(first, orders, candidate):
    settings = settings_of(first.workspace)
    before = replace(candidate.facts, as_of=(DAY - timedelta(days=1)).isoformat())
    found = decided(
        use_workspace(first.workspace),
        settings,
        replace(candidate, facts=before),
        incumbent_at(first, orders, candidate.attempt.holdout.cutoff),
    )
    assert not found.passed
    assert "older data refresh nothing" in found.sentence


def test_a_champion_whose_features_are_gone_is_replaced(first, orders, candidate):
    rows = candidate.attempt.rows.drop(columns="recency_days")
    without = replace(
        candidate, attempt=Attempt(candidate.attempt.holdout, candidate.attempt.model, rows)
    )
    found = ruling(first, orders, without)
    assert (found.mode, found.passed) == ("replacement", True)
    assert "features that are gone, such as recency_days" in found.sentence


def test_the_registry_tells_the_decision_without_a_file(first, orders, candidate):
    tags = tags_of(candidate, ruling(first, orders, candidate))
    assert tags["regulars.gate"] == "promoted"
    assert tags["regulars.gate_against"] == "1"
    assert tags["regulars.recipe"] == RECIPE
    assert tags["regulars.as_of"] == LATER.isoformat()


def test_recipes_differ_by_what_is_learned_not_by_the_data(candidate, first):
    settings = settings_of(first.workspace)
    assert settings.as_of != date.fromisoformat(candidate.facts.as_of)
    older = recipe_of(replace(candidate.facts, as_of="2020-01-01", data_fingerprint="other"))
    assert changed_parts(recipe_of(candidate.facts), older) == []
    features = recipe_of(replace(candidate.facts, catalogue_version="another"))
    assert changed_parts(recipe_of(candidate.facts), features) == ["features"]


def test_what_was_rolled_back_does_not_come_back_by_itself(first, orders, candidate, tmp_path):
    client = use_workspace(first.workspace)
    tags = {"regulars.digest": candidate.digest, "regulars.recipe_parts": "another recipe"}
    client.create_model_version(MODEL_NAME, source="/nowhere", tags=tags)
    promote(client, tmp_path, version_numbered(client, "2").version, instead_of="1", how="gate")
    roll_back(client, tmp_path, "1", instead_of="2", today=TODAY)
    try:
        found = ruling(first, orders, candidate)
        assert not found.passed
        assert "the same model as version 2, which was rolled back" in found.sentence
        newer = replace(candidate, digest="another")
        assert ruling(first, orders, newer).passed
    finally:
        client.delete_model_version(MODEL_NAME, "2")


def test_a_champion_that_changes_while_a_version_is_trained_stays(first, orders, tmp_path):
    workspace = tmp_path / "workspace"
    shutil.copytree(first.workspace, workspace)
    settings = settings_of(workspace, as_of=LATER)
    client = use_workspace(workspace)

    def meddle(step):
        if step == "registry":
            client.delete_registered_model_alias(MODEL_NAME, CHAMPION_ALIAS)

    trained = train(settings, orders, progress=meddle)
    assert not trained.promoted
    assert "The champion changed since version" in trained.refusal
    assert champion(client) is None


def test_two_models_of_one_recipe_are_the_same_bytes(first, orders, tmp_path):
    # What lets the gate see that a version is the one that was rolled back.
    settings = settings_of(first.workspace)
    horizons = horizons_of(settings)
    tried = [attempt(orders.before(DAY), DAY - timedelta(days=30), horizons, seed=1)] * 2
    digests = {
        save_model(one.model, one.rows, tmp_path / str(place)) for place, one in enumerate(tried)
    }
    tag = version_numbered(use_workspace(first.workspace), "1").tags[HOLDOUT_DIGEST_TAG]
    assert digests == {tag}


def test_a_model_whose_facts_another_version_wrote_is_refused_in_words(first, tmp_path):
    # Its files are whole, so only reading them shows that they do not fit.
    workspace = tmp_path / "workspace"
    shutil.copytree(first.workspace, workspace)
    client = use_workspace(workspace)
    version = version_numbered(client, "1").version
    folder = cached_folder(workspace, "1", version.digest)
    fetch_version(workspace, version)
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    del facts["seed"]
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    content = (folder / "facts.json").read_bytes()
    manifest["files"]["facts.json"] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(ModelRefused, match=r"made by another version of regulars"):
        load_model(folder)
