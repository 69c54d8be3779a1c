"""Words in the models: they help where they decide, and do not hurt where they are noise."""

from datetime import UTC, datetime, time, timedelta

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest
from shop import FIRST_DAY, histories_of, order_table

from features.errors import ModelRefused
from features.matrix import matrix
from features.schema import CUSTOMERS
from features.word_codes import code_of
from training.artifact import load_model, save_model
from training.evaluation import CHAMPION, evaluate
from training.metrics import auc
from training.models.boosting import Recipe, Rows, Target, contributions, fit_trees, raw_score
from training.models.categories import FEWEST_CUSTOMERS, MOST_WORDS, learned_words
from training.models.customer_model import Horizons, fit_customer_model

FEATURES = ["recency_days", "channel_code"]
CUTOFF = FIRST_DAY + timedelta(days=400)
HORIZONS = Horizons(churn_days=60, value_days=60, interval=0.9)


def world(seed, count, words, effect):
    """Rows of customers with one word each, and who churned; `effect` is log-odds by word."""
    rng = np.random.default_rng(seed)
    word = rng.integers(0, len(words), count)
    silence = rng.exponential(60, count)
    log_odds = (silence - 60) / 60 + np.asarray(effect)[word]
    churned = rng.random(count) < 1 / (1 + np.exp(-log_odds))
    codes = np.array([code_of(one) for one in words], dtype=np.float64)
    features = pd.DataFrame({"recency_days": silence, "channel_code": codes[word]})
    return features, churned.astype(np.float64)


def fitted(features, churned):
    rows = Rows(features, np.arange(len(features)), Recipe(1))
    return fit_trees(rows, Target("binary", churned))


def auc_with_and_without(learn, judge):
    whole = fitted(*learn)
    bare = fitted(learn[0][["recency_days"]], learn[1])
    return (
        auc(judge[1] > 0, raw_score(whole, judge[0])),
        auc(judge[1] > 0, raw_score(bare, judge[0][["recency_days"]])),
    )


def test_words_that_decide_make_the_ranking_better_on_customers_not_seen():
    words, effect = ["web", "store", "app"], [-1.5, 0, 1.5]
    known, bare = auc_with_and_without(world(1, 3000, words, effect), world(2, 3000, words, effect))
    assert known > bare + 0.1


@pytest.mark.parametrize("count", [4_000, 60_000])
def test_500_words_that_are_noise_do_not_hurt(count):
    words = [f"w{place}" for place in range(500)]
    nothing = np.zeros(500)
    known, bare = auc_with_and_without(
        world(3, count, words, nothing), world(4, 10_000, words, nothing)
    )
    assert known > bare - 0.002


def test_only_words_of_enough_customers_are_told_apart_and_not_more_than_a_few():
    codes = np.repeat([3.0, 1.0, 2.0, np.nan], [FEWEST_CUSTOMERS, FEWEST_CUSTOMERS - 1, 500, 10])
    customers = np.arange(len(codes))
    customers[-410:-10] = customers[-411]  # the third word is that of one customer 400 times
    features = pd.DataFrame({"recency_days": 1.0, "channel_code": codes})
    assert learned_words(features, customers) == {"channel_code": (2.0, 3.0)}
    many = np.repeat(np.arange(MOST_WORDS + 9.0), FEWEST_CUSTOMERS)
    features = pd.DataFrame({"channel_code": many})
    (kept,) = learned_words(features, np.arange(len(many))).values()
    assert kept == tuple(range(MOST_WORDS))


def test_a_rare_word_and_one_never_seen_are_missing_to_the_trees():
    features, churned = world(5, 3000, ["web", "store"], [-1.5, 1.5])
    features.loc[:50, "channel_code"] = code_of("rare")
    trees = fitted(features, churned)
    row = features.head(1).assign(recency_days=40.0)
    said = [
        raw_score(trees, row.assign(channel_code=code))[0]
        for code in (code_of("rare"), code_of("new"), np.nan, code_of("web"), code_of("store"))
    ]
    assert said[0] == said[1] == said[2]
    assert said[3] < said[4]


def test_a_customer_alone_is_scored_as_among_others_and_as_the_kept_trees_say():
    features, churned = world(6, 3000, ["web", "store", "app"], [-1, 0, 1])
    trees = fitted(features, churned)
    whole = raw_score(trees, features)
    alone = [raw_score(trees, features.iloc[[at]])[0] for at in range(30)]
    assert alone == whole[:30].tolist()
    kept = lgb.Booster(model_str=trees.model_to_string())
    assert np.array_equal(raw_score(kept, features), whole)
    assert np.array_equal(raw_score(kept, features[FEATURES[::-1]]), whole)
    told = contributions(kept, features)
    base = whole - told.sum(axis=1).to_numpy()
    assert np.ptp(base) < 1e-9
    assert told["channel_code"].abs().mean() > 0.3
    with pytest.raises(ModelRefused, match="channel_code"):
        raw_score(kept, features[["recency_days"]])


def test_without_words_nothing_is_different():
    features, churned = world(7, 3000, ["web"], [0])
    numbers = features[["recency_days"]]
    text = fitted(numbers, churned).model_to_string()
    assert text.endswith("pandas_categorical:[]\n")
    assert "[cat_smooth: 10]" in text  # as LightGBM has it


# Whole histories: how the customer was won decides whether she stays.


def shop(*, told=True, customers=900):
    rng = np.random.default_rng(8)
    rows, won = [], []
    for number in range(customers):
        by_ad = number % 2
        name, joined = f"C{number:04d}", int(rng.integers(0, 380))
        left = joined + rng.exponential(40 if by_ad else 1500)
        when = float(joined)
        while when < 460 and (when <= left):
            cents = int(rng.lognormal(7.5, 0.4))
            rows.append((name, FIRST_DAY + timedelta(days=int(when)), cents))
            when += rng.exponential(25)
        won.append((name, FIRST_DAY + timedelta(days=joined), "ad" if by_ad else "friend"))
    events = {"orders": order_table(rows)}
    if told:
        names, days, words = zip(*won, strict=True)
        at = [datetime.combine(one, time(12), UTC) for one in days]
        given = {"customer_id": names, "day": days, "channel": words, "occurred_at": at}
        market = ["US"] * len(names)
        events["customers"] = CUSTOMERS.filled({**given, "market": market})
    return histories_of(events)


@pytest.fixture(scope="module")
def learned():
    known = shop()
    rows = matrix(known.before(CUTOFF), [CUTOFF])
    return fit_customer_model(known, CUTOFF, HORIZONS, seed=1), rows


def test_churn_that_a_channel_decides_is_foreseen_better_with_it():
    found = {}
    for told in (True, False):
        holdout = evaluate(shop(told=told), CUTOFF, HORIZONS, seed=1)
        found[told] = holdout.report()["systems"][CHAMPION]["churn"]["auc"]
    assert found[True] > found[False] + 0.05


def test_of_customers_with_one_order_the_channel_decides_probability_value_and_interval(learned):
    model, rows = learned
    once = rows[rows["order_days_count"] == 1].head(40)
    assert len(once) == 40
    said = {
        word: model.predict(once.assign(won_through_code=float(code_of(word))))
        for word in ("ad", "friend", "unheard of")
    }
    ad, friend = said["ad"], said["friend"]
    assert (ad["churn_probability"] > friend["churn_probability"]).mean() > 0.9
    assert (ad["expected_value"] < friend["expected_value"]).mean() > 0.9
    assert (ad["value_high"] < friend["value_high"]).mean() > 0.9
    for one in said.values():
        assert one[["value_low", "expected_value", "value_high"]].notna().all().all()


def test_a_model_with_words_is_kept_and_found_again(learned, tmp_path):
    model, rows = learned
    digest = save_model(model, rows, tmp_path / "m")
    kept = load_model(tmp_path / "m", digest=digest)
    pd.testing.assert_frame_equal(kept.predict(rows), model.predict(rows), check_exact=True)
    assert model.facts.typical["won_through_code"] in {code_of("ad"), code_of("friend")}
    golden = pd.read_json(tmp_path / "m" / "golden.json", typ="series")["rows"]["won_through_code"]
    assert set(golden) == {code_of("ad"), code_of("friend")}
