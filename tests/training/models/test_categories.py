"""Words in the models: they help where they decide, and do not hurt where they are noise."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from features.word_codes import code_of
from training.metrics import roc_auc
from training.models.boosting import Recipe, Rows, Target, contributions, fit_trees, raw_score

FEATURES = ["recency_days", "channel_code"]


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
        roc_auc(judge[1] > 0, raw_score(whole, judge[0])),
        roc_auc(judge[1] > 0, raw_score(bare, judge[0][["recency_days"]])),
    )
