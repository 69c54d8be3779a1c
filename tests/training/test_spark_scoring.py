"""Scoring on Spark gives what the model gives at home, and refuses what it refuses."""

from datetime import timedelta

import numpy as np
import pytest
from local_spark import session
from shop import FIRST_DAY, histories, simulated_orders

from features.errors import ModelRefused
from features.matrix import matrix
from features.spark.rows import spark_matrix
from features.spark.session import from_arrow
from training.artifact import save_model
from training.models.customer_model import Horizons, fit_customer_model
from training.spark_scoring import PREDICTED, spark_scores

AS_OF = FIRST_DAY + timedelta(days=300)


@pytest.fixture(scope="module")
def shop():
    return histories(simulated_orders(customers=400)).before(AS_OF)


@pytest.fixture(scope="module")
def saved(shop, tmp_path_factory):
    """A model, its folder and its digest."""
    model = fit_customer_model(shop, AS_OF, Horizons(60, 90, 0.9), seed=1)
    folder = tmp_path_factory.mktemp("model")
    return model, folder, save_model(model, matrix(shop, [AS_OF]), folder)


@pytest.fixture(scope="module")
def rows(shop):
    """The matrix on Spark, in more parts than there are cores, some of few customers."""
    tiles = {name: from_arrow(session(), one) for name, one in shop.tiles.items()}
    return spark_matrix(tiles, shop.shape, [AS_OF], partitions=5)


def test_every_prediction_on_spark_has_the_bits_of_the_one_at_home(shop, saved, rows):
    model, folder, digest = saved
    scores = spark_scores(rows, folder, digest).toArrow().to_pandas().sort_values("customer_id")
    at_home = matrix(shop, [AS_OF])
    expected = model.predict(at_home)
    assert scores["customer_id"].tolist() == at_home["customer_id"].tolist()
    assert tuple(expected.columns) == PREDICTED
    for name in PREDICTED:
        assert np.array_equal(scores[name].to_numpy(), expected[name].to_numpy()), name


def test_a_digest_that_was_not_registered_is_refused(saved, rows):
    with pytest.raises(ModelRefused, match="not the one that was registered"):
        spark_scores(rows, saved[1], "0" * 64)


def test_a_matrix_without_the_models_features_is_refused(saved, rows):
    _, folder, digest = saved
    with pytest.raises(ModelRefused, match="not there: recency_days"):
        spark_scores(rows.drop("recency_days"), folder, digest)
