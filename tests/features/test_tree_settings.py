"""The file of trees: what it leaves out stays, what is wrong is told with its line."""

from pathlib import Path

import pytest

from features.errors import SettingsError
from features.settings import load_settings
from features.tree_settings import ModelTrees, TreeSettings, load_trees, trees_text

SETTINGS = """\
sources:
  orders: {path: o.csv, format: csv, columns: {customer_id: c, timestamp: t, amount: a}}
churn: {within_days: 90}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "trees.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_trees_are_those_of_the_product():
    assert load_trees(None) == ModelTrees()


def test_what_a_file_leaves_out_stays_as_it_is(tmp_path):
    trees = load_trees(written(tmp_path, "churn: {leaves: 4}\n"))
    assert trees == ModelTrees(churn=TreeSettings(leaves=4))


@pytest.mark.parametrize("leaf_rows", [None, 30])
def test_what_is_written_is_read_back(tmp_path, leaf_rows):
    trees = ModelTrees(value=TreeSettings(leaf_rows=leaf_rows, learning_rate=0.01234))
    assert load_trees(written(tmp_path, trees_text(trees))) == trees


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("churn:\n  leaves: 1\n", r"trees.yml:2: churn.leaves: .* greater than or equal to 2"),
        ("churn:\n  leafs: 9\n", r"trees.yml:2: unknown key churn.leafs; did you mean leaves\?"),
        ("chrun: {leaves: 4}\n", r"trees.yml:1: unknown key chrun; did you mean churn\?"),
        ("value: {feature_share: .nan}\n", "value.feature_share"),
        ("value: {learning_rate: fast}\n", "value.learning_rate: .* valid number"),
        ("", "holds no settings. Make one with: regulars tune"),
        ("a: [", "is not valid YAML"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path, text, said):
    with pytest.raises(SettingsError, match=said):
        load_trees(written(tmp_path, text))


def test_a_missing_file_is_told_with_the_command_that_makes_one(tmp_path):
    with pytest.raises(SettingsError, match="There is no .*trees.yml.*regulars tune"):
        load_trees(tmp_path / "trees.yml")


def test_the_settings_name_it_relative_to_themselves(tmp_path):
    path = tmp_path / "regulars.yml"
    path.write_text(SETTINGS + "trees: tuned/trees.yml\n")
    assert load_settings(path).trees == tmp_path / "tuned/trees.yml"
    path.write_text(SETTINGS)
    assert load_settings(path).trees is None
