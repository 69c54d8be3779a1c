"""The documentation says what the code says: tables are generated, the example runs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from features.schema import EVENT_TABLES
from features.serve_settings import ServeSettings
from features.settings import CalibrationSettings, load_settings
from features.tree_settings import ModelTrees, TreeSettings, load_trees
from features.user_groups import own_features, own_groups
from serving.access.keys import SCOPES
from serving.commands.feature_trial import try_features
from serving.commands.features import all_features, dictionary_markdown

DOCS = Path(__file__).parents[1] / "docs"
GENERATED = {
    "features.md": lambda: all_features().as_markdown(),
    "data-dictionary.md": dictionary_markdown,
}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The file that docs/own-feature.md shows."""
    text = (DOCS / "own-feature.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "night_features.py"
    path.write_text(code, encoding="utf-8")
    return path


def tables_shown() -> dict[str, str]:
    """The examples of docs/tables.md, by the heading that they stand under."""
    text = (DOCS / "tables.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## (\w+)\n", text, flags=re.MULTILINE)
    shown = {}
    for name, part in zip(parts[::2], parts[1::2], strict=True):
        (shown[name],) = re.findall(r"```yaml\n(.*?)```", part, re.DOTALL)
    return shown


def test_every_table_of_events_has_its_example():
    assert list(tables_shown()) == list(EVENT_TABLES)


@pytest.mark.parametrize("name", EVENT_TABLES)
def test_the_example_of_a_table_is_right_in_a_settings_file(name, tmp_path):
    shown = tables_shown()
    sources = yaml.safe_load(shown["orders"]) | yaml.safe_load(shown[name])
    path = tmp_path / "regulars.yml"
    path.write_text(yaml.safe_dump({"sources": sources, "churn": {"within_days": 60}}))
    given = load_settings(path).sources.given()
    assert list(given) == list(dict.fromkeys(["orders", name]))


@pytest.mark.parametrize("name", GENERATED)
def test_a_generated_table_is_up_to_date(name):
    found = (DOCS / name).read_text(encoding="utf-8")
    assert found == GENERATED[name]() + "\n", f"{name} says with which command to make it again"


def test_the_example_of_an_own_feature_gives_what_its_page_says(example):
    text = (DOCS / "own-feature.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"It gives four columns: (.*?)\.\n", text, re.DOTALL)
    (group,) = own_groups([example])
    assert [one.name for one in own_features(group)] == re.findall(r"`(\w+)`", told)


def test_the_example_of_an_own_feature_passes_its_trial(example):
    assert try_features([example], seed=1).findings == ()


def test_links_between_pages_lead_somewhere():
    for page in DOCS.glob("*.md"):
        for target in re.findall(r"\]\(([\w./-]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_example_of_trees_is_right_and_its_table_names_every_key(tmp_path):
    text = (DOCS / "tuning.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "trees.yml"
    path.write_text(shown, encoding="utf-8")
    assert load_trees(path) != ModelTrees()
    assert re.findall(r"^\| `(\w+)`", text, re.MULTILINE) == list(TreeSettings.model_fields)


def test_the_tolerances_of_calibration_are_documented_with_their_defaults():
    text = (DOCS / "models-and-registry.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```yaml\n(calibration:\n.*?)```", text, re.DOTALL)
    assert yaml.safe_load(shown)["calibration"] == CalibrationSettings().model_dump()
    for name, field in CalibrationSettings.model_fields.items():
        assert f"| `{name}` | {field.description} |" in text


def test_the_example_of_a_search_in_python_runs(tmp_path):
    text = (DOCS / "tuning.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "example.py").write_text(code, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert re.fullmatch(r"\{'leaves': [48]\}\n", ended.stdout)


def test_the_page_on_serving_names_every_scope_and_setting():
    text = (DOCS / "serving.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([\w:]+)` \| [a-z`]", text, re.MULTILINE) == list(SCOPES)
    assert [name for name in ServeSettings.model_fields if f"serve.{name}" not in text] == []
    shown = {str(one.default) for one in ServeSettings.model_fields.values()}
    assert [one for one in shown if one.isdigit() and f"{int(one):,}" not in text] == []
