"""The catalogue at the command line, and a feature of one's own from a file to a score."""

import json
import shutil
import sys
from pathlib import Path

import pytest

TODAY = "2025-03-01"
OWN = '''"""What is bought."""

from features.declarations import Floats, Source, divided
from features.kernel import AsOf
from features.measures import ORDER_LINES

orders = Source("orders")

LARGE = orders.count("large_orders", "kind = 'order' AND amount_minor >= 3000")


@orders.feature()
def large_orders_share(known: AsOf) -> Floats:
    """Share of orders of 30 dollars or more."""
    return divided(known.total(LARGE), known.total(ORDER_LINES))
'''
OUTSIDER = """
import sys

import mlflow

mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/regulars@champion")
example = model.input_example
print("large_orders_share" in example.columns, len(model.predict(example)))
"""


@pytest.fixture(scope="module")
def own_shop(shop, start, tmp_path_factory) -> Path:
    """A trained and scored copy of the shop whose settings name a file of features."""
    folder = tmp_path_factory.mktemp("own-shop")
    shutil.copy(shop.orders, folder / "orders.csv")
    text = shop.settings.read_text(encoding="utf-8")
    (folder / "regulars.yml").write_text(f"{text}\nfeatures:\n  files: [sizes.py]\n")
    (folder / "sizes.py").write_text(OWN, encoding="utf-8")
    for command in ("train", "score"):
        ended = start(command, "--now", TODAY, folder=folder)
        assert (ended.code, ended.err) == (0, "")
    return folder


@pytest.fixture
def at_shop(shop, monkeypatch, run):
    """The command in the trained shop's folder."""

    def ended(*arguments: object):
        monkeypatch.chdir(shop.folder)
        return run(*arguments)

    return ended


def test_the_list_shows_what_is_known_and_what_moved(at_shop):
    ended = at_shop("features", "list", "--json")
    assert ended.code == 0
    listed = {one["name"]: one for one in json.loads(ended.out)["features"]}
    assert listed["recency_days"]["coverage_share"] == 1
    assert 0 < listed["usual_gap_days"]["coverage_share"] < 1
    assert all(one["drift_psi"] >= 0 for one in listed.values())
    assert "visits_count" not in listed


def test_the_list_for_people_has_the_same_features_and_says_how_it_measured(at_shop):
    ended = at_shop("features", "list", "--group", "recency")
    assert ended.code == 0
    assert "Days from the last order day to the cutoff." in ended.out
    assert "100%" in ended.out
    assert "as of 2025-02-04 of whom it is known; drift: population stability index" in ended.out
    assert "usual_gap_days" not in ended.out


def test_another_cutoff_can_be_asked_for(at_shop):
    ended = at_shop("features", "list", "--cutoff", "2024-09-01")
    assert "as of 2024-09-01 of whom" in ended.out


def test_an_unknown_group_is_told_with_those_that_there_are(at_shop):
    ended = at_shop("features", "list", "--group", "weather")
    assert ended.code == 1
    assert ended.err.startswith("regulars: There is no group weather; there are: recency, freq")


def test_before_the_first_training_the_list_says_why_it_has_no_figures(shop, run, tmp_path):
    shutil.copy(shop.settings, tmp_path)
    ended = run("features", "list")
    assert ended.code == 0
    assert "visits_count" in ended.out
    assert "is open: There are no histories in" in ended.out
    assert "Make them with: regulars train" in ended.out


def test_the_dictionary_is_given_to_people_and_machines(run):
    rows = json.loads(run("features", "dictionary", "--json").out)
    assert {"orders", "visits", "rates"} <= {row["table"] for row in rows}
    assert "Money of the row; refunds negative." in run("features", "dictionary").out


def test_an_own_feature_comes_to_the_scores(own_shop, start):
    ended = start("features", "list", "--group", "sizes", "--json", folder=own_shop)
    (one,) = json.loads(ended.out)["features"]
    assert one["name"] == "large_orders_share"
    assert one["meaning"] == "Share of orders of 30 dollars or more."
    assert one["coverage_share"] == 1


def test_an_own_file_that_changed_stops_scoring_until_it_is_trained_again(own_shop, run, tmp_path):
    folder = tmp_path / "changed"
    shutil.copytree(own_shop, folder)
    (folder / "sizes.py").write_text(OWN.replace("3000", "4000"), encoding="utf-8")
    settings = folder / "regulars.yml"
    listed = run("features", "list", "--settings", settings)
    assert listed.code == 0
    assert "is open: Made with other features: sizes.py has changed since." in listed.out
    ended = run("score", "--settings", settings, "--now", TODAY)
    assert ended.code == 1
    assert "sizes.py has changed since. Make it again with: regulars train" in ended.err


def test_training_again_takes_another_file_and_none(own_shop, run, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(own_shop, folder)
    settings = folder / "regulars.yml"
    (folder / "sizes.py").write_text(OWN.replace("3000", "4000"), encoding="utf-8")
    for text in (settings.read_text(), settings.read_text().replace("files: [sizes.py]", "{}")):
        settings.write_text(text, encoding="utf-8")
        for command in ("train", "score"):
            ended = run(command, "--settings", settings, "--now", TODAY)
            assert (ended.code, ended.err) == (0, "")


def test_a_model_with_own_features_runs_by_mlflows_own_door(own_shop, start_any, tmp_path):
    (tmp_path / "outsider.py").write_text(OUTSIDER, encoding="utf-8")
    store = f"sqlite:///{own_shop / '.regulars' / 'mlflow.db'}"
    ended = start_any(sys.executable, "outsider.py", store, folder=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.split() == ["True", "1"]


def test_a_trial_ends_with_1_if_anything_was_found(run, tmp_path):
    (tmp_path / "sizes.py").write_text(OWN, encoding="utf-8")
    ended = run("features", "test", "sizes.py")
    assert (ended.code, ended.err) == (0, "")
    assert "1 features tried on made-up events: large_orders_share.\nNothing was fo" in ended.out
    wrong = OWN.replace("return divided", "return 0 * divided")
    (tmp_path / "sizes.py").write_text(wrong, encoding="utf-8")
    ended = run("features", "test", "sizes.py")
    assert ended.code == 1
    assert "large_orders_share: blind: " in ended.out


def test_a_file_that_is_not_right_is_one_sentence(run, tmp_path):
    (tmp_path / "sizes.py").write_text(OWN.replace("_share(", "("), encoding="utf-8")
    ended = run("features", "test", "sizes.py")
    assert ended.code == 1
    assert "sizes.py:12: feature large_orders must end in its unit" in ended.err
    assert len(ended.err.splitlines()) == 1
