"""The trial of own features finds what would go wrong with real events."""

from pathlib import Path

import pytest

from features.errors import SettingsError
from serving.commands.feature_trial import Tried, try_features

HEAD = '''"""Made for a test."""

import numpy as np

from features.declarations import Source, divided

visits = Source("visits")

POSTS = visits.count("posts_about_cats", "kind = 'cats'", needs=("kind",))
'''
GOOD = '''
@visits.feature(needs=("kind",))
def posts_about_cats_count(known):
    """Posts about cats."""
    return known.total(POSTS)
'''
FUTURE = '''
@visits.feature(needs=("kind",))
def later_cats_count(known):
    """Posts about cats, tomorrow's too."""
    family, count = known.index.families["visits"], known.index.customer_count
    return np.bincount(family.codes, family.column("posts_about_cats"), count)[known.codes]
'''


@pytest.fixture
def tried(tmp_path: Path):
    """The trial of a file with this code after the head."""

    def run(code: str) -> Tried:
        (tmp_path / "cats.py").write_text(HEAD + code, encoding="utf-8")
        return try_features([tmp_path / "cats.py"], seed=1)

    return run


def test_a_right_feature_passes_though_its_word_is_its_own(tried):
    assert tried(GOOD) == Tried(("posts_about_cats_count",), ())


BAD = {
    "needs": (GOOD.replace('needs=("kind",)', ""), r"there is more to it than visits \(.*posts_about_cats.*; add to needs"),
    "computes": (GOOD.replace("known.total(POSTS)", "known.totals(POSTS)"), r"cats\.py:14: AttributeError: 'AsOf' object has no attribute 'totals'"),
    "finite": (GOOD.replace("known.total(POSTS)", "np.where(known.total(POSTS) > 0, np.inf, 0)"), "it is infinite for some; divide with"),
    "blind": (GOOD.replace("known.total(POSTS)", "0 * known.total(POSTS)"), "."),
    "null": (GOOD.replace("known.total(POSTS)", "np.where(known.total(POSTS) > 1, 1, np.nan)"), "a count of nothing is 0"),
}  # fmt: skip


@pytest.mark.parametrize("rule", BAD)
def test_a_wrong_feature_is_found_by_its_rule(tried, rule):
    code, detail = BAD[rule]
    (found,) = tried(code).findings
    assert (found.feature, found.rule) == ("posts_about_cats_count", rule)
    with pytest.raises(AssertionError, match=detail):
        raise AssertionError(found.detail)


def test_another_shape_is_found(tried):
    (found,) = tried(GOOD.replace("known.total(POSTS)", "known.total(POSTS)[:3]")).findings
    assert "it gives shape (3,), but there are" in found.detail


def test_a_look_into_the_future_is_found(tried):
    found = tried(FUTURE).findings
    assert {one.feature for one in found} == {"later_cats_count"}
    assert "computes" not in {one.rule for one in found}


def test_what_was_found_is_told_line_by_line(tried):
    text = tried(GOOD.replace('needs=("kind",)', "")).as_text()
    first, second = text.splitlines()
    assert first == "1 features tried on made-up events: posts_about_cats_count."
    assert second.startswith("posts_about_cats_count: needs: there is more to it than")


def test_without_a_file_there_is_nothing_to_try():
    with pytest.raises(SettingsError, match=r"No file of features is named\. Name it, such as"):
        try_features([], seed=1)
