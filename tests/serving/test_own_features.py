"""A model with features of the business's own: saved, refused without them, told in their words."""

from datetime import timedelta
from types import ModuleType

import pandas as pd
import pytest
from shop import FIRST_DAY, order_table, simulated_orders

from features.errors import ModelRefused
from features.histories import Histories
from features.matrix import matrix
from features.shape import Shape
from features.user_groups import own_groups
from serving.drivers import reasons_of
from serving.reasons import reason_text
from serving.scoring import Scorer
from serving.store import Reason
from training.artifact import load_model, save_model
from training.models.customer_model import Horizons, fit_customer_model

CUTOFF = FIRST_DAY + timedelta(days=300)
FILE = '''"""How much is bought at once."""

from features.declarations import Floats, Source, divided
from features.kernel import AsOf
from features.measures import ORDER_LINES

orders = Source("orders")

LARGE = orders.count("large_orders", "kind = 'order' AND amount_minor >= 3000")


@orders.feature()
def large_orders_share(known: AsOf) -> Floats:
    """Share of orders of 30 dollars or more."""
    return divided(known.total(LARGE), known.total(ORDER_LINES))


@orders.feature()
def days_known_days(known: AsOf) -> Floats:
    """Days since the customer was first seen, by our own count."""
    return known.days_since_last(LARGE)
'''


@pytest.fixture(scope="module")
def groups(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModuleType, ...]:
    path = tmp_path_factory.mktemp("own") / "sizes.py"
    path.write_text(FILE, encoding="utf-8")
    return own_groups([path])


@pytest.fixture(scope="module")
def fitted(groups):
    events = {"orders": order_table(simulated_orders(customers=400))}
    shape = Shape.of(events, markets=("US",), currency="USD", groups=groups)
    known = Histories.from_events(events, shape).before(CUTOFF)
    model = fit_customer_model(known, CUTOFF, Horizons(60, 60, 0.8), seed=1)
    return model, matrix(known, [CUTOFF])


def test_the_model_learns_from_own_features(fitted):
    model, _ = fitted
    assert model.facts.feature_names[-2:] == ("large_orders_share", "days_known_days")


def test_a_saved_model_needs_the_same_file(fitted, groups, tmp_path):
    model, rows = fitted
    digest = save_model(model, rows, tmp_path / "model")
    again = load_model(tmp_path / "model", digest=digest, groups=groups)
    pd.testing.assert_frame_equal(again.predict(rows), model.predict(rows), check_exact=True)
    with pytest.raises(ModelRefused, match=r"the settings no longer name sizes\.py in features"):
        load_model(tmp_path / "model", digest=digest)
    changed = tmp_path / "sizes.py"
    changed.write_text(FILE.replace("3000", "4000"), encoding="utf-8")
    with pytest.raises(ModelRefused, match=r"does not fit\. .* sizes\.py has changed since\."):
        load_model(tmp_path / "model", digest=digest, groups=own_groups([changed]))


def test_a_model_folder_holds_no_code(fitted, tmp_path):
    model, rows = fitted
    save_model(model, rows, tmp_path / "model")
    assert {path.suffix for path in (tmp_path / "model").iterdir()} == {".json", ".txt"}


def test_reasons_tell_of_own_features_in_their_own_words(fitted, groups, monkeypatch):
    # However little a size of order says of the simulated shop, it must be said right.
    monkeypatch.setattr("serving.drivers.LEAST_WEIGHT", 0)
    monkeypatch.setattr("serving.drivers.MOST_REASONS", 99)
    monkeypatch.setattr("serving.drivers.MOST_TRIED", 99)
    model, rows = fitted
    told = [one for some in reasons_of(model, rows, groups) for one in some]
    own = [one for one in told if one.code.startswith("own.")]
    assert own
    texts = {reason_text(one, currency="USD") for one in own}
    starts = ("Share of orders of 30 dollars or more: ", "Days since the customer was first seen")
    assert [text for text in texts if not text.startswith(starts)] == []
    assert all(one.unit in {"percent", "days"} for one in own)
    assert all(one.meaning == "" for one in told if not one.code.startswith("own."))


def test_reasons_without_the_file_are_refused_and_not_guessed(fitted):
    with pytest.raises(Exception, match=r"no longer name sizes\.py"):
        reasons_of(*fitted)


@pytest.mark.parametrize(
    ("value", "typical", "unit", "text"),
    [
        (0.4, 0.2, "percent", "Nights: 40%; 20% for most customers."),
        (3.0, None, "count", "Nights: 3."),
        (None, 2.0, "count", "Nights: not known of this customer."),
        (12.0, 2.0, "money", "Nights: $12; $2 for most customers."),
    ],
)
def test_an_own_reason_has_words_for_every_gap_in_knowledge(value, typical, unit, text):
    reason = Reason("own.nights_share", "raises", "low", value, typical, unit, "Nights")
    assert reason_text(reason, currency="USD") == text


def test_histories_in_another_currency_are_not_scored(groups, fitted, settings, generation):
    model, _ = fitted
    events = {"orders": order_table(simulated_orders(customers=20))}
    shape = Shape.of(events, markets=("US",), currency="EUR", groups=groups)
    scorer = Scorer(settings, model, generation)
    with pytest.raises(ModelRefused, match="money was in USD then and is in EUR now. Train again"):
        scorer.score(Histories.from_events(events, shape), CUTOFF)
