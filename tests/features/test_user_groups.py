"""A business's own features: declared in a file of its own, refused by file and line."""

import sys
from pathlib import Path

import numpy as np
import pytest

from features.catalog import catalogue, every_feature
from features.errors import SettingsError
from features.histories import Histories
from features.matrix import feature_columns, matrix
from features.settings import load_settings
from features.shape import Shape
from features.sources.sample_world import sample_cutoffs, sample_events, sample_shape
from features.user_groups import own_features, own_groups, own_measures

FILE = '''"""When customers look around."""

from features.declarations import Floats, Ints, Source, divided
from features.groups.visits import VISITS, visits_count
from features.kernel import AsOf

visits = Source("visits")

NIGHT = visits.count("night_visits", "minute < 300 AND kind <> 'post'", needs=("minute", "kind"))


@visits.windowed(over=(30,), needs=("minute", "kind"))
def night_visits_count(known: AsOf, window_days: int | None) -> Ints:
    """Visits at night."""
    return known.total(NIGHT, window_days)


@visits.feature(needs=("minute", "kind"))
def night_visits_share(known: AsOf) -> Floats:
    """Share of visits at night."""
    return divided(known.total(NIGHT), known.total(VISITS))
'''
NAMES = ["night_visits_30d_count", "night_visits_count", "night_visits_share"]
SETTINGS = """
sources:
  orders: {path: o.csv, format: csv, columns: {customer_id: a, timestamp: b, amount: c}}
features:
  files: [night.py]
churn: {within_days: 60}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "night.py"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_a_file_adds_its_features_and_measures_and_nothing_that_it_imports(file):
    (group,) = own_groups([file])
    assert [one.name for one in own_features(group)] == NAMES
    assert [one.name for one in own_measures(group)] == ["night_visits"]


def test_own_features_stand_behind_those_of_the_product_and_count_by_hand(file):
    events = sample_events(seed=1)
    shape = sample_shape(events, own_groups([file]))
    assert [one.name for one in catalogue(shape).features][-3:] == NAMES
    rows = matrix(Histories.from_events(events, shape), sample_cutoffs(), known_then=False)
    assert feature_columns(rows)[-3:] == NAMES
    assert not rows.columns.duplicated().any()
    visits = events["visits"].to_pandas()
    at_night = visits["minute"].lt(300) & visits["kind"].ne("post") & visits["kind"].notna()
    is_held = visits["known_to"].astype(str) == "9999-12-31"
    row = rows.iloc[-1]
    is_before = visits["day"] < row["cutoff"].date()
    mine = is_held & is_before & (visits["customer_id"] == row["customer_id"])
    assert row["night_visits_count"] == (mine & at_night).sum()
    assert row["night_visits_share"] == pytest.approx((mine & at_night).sum() / mine.sum())


def test_the_product_has_the_same_features_with_and_without_own_ones(file):
    events = sample_events(seed=1)
    alone, more = (
        matrix(Histories.from_events(events, sample_shape(events, groups)), sample_cutoffs())
        for groups in ((), own_groups([file]))
    )
    np.testing.assert_array_equal(
        more[feature_columns(alone)].to_numpy(), alone[feature_columns(alone)].to_numpy()
    )


def test_without_what_it_needs_an_own_feature_does_not_exist(file):
    events = sample_events(seed=1)
    del events["visits"]
    names = {one.name for one in catalogue(sample_shape(events, own_groups([file]))).features}
    assert names.isdisjoint(NAMES)


def test_the_same_text_is_the_same_group_and_another_text_another(file):
    first = own_groups([file])
    assert own_groups([file]) == first
    file.write_text(FILE.replace("300", "240"), encoding="utf-8")
    assert own_groups([file]) != first


def test_running_a_file_leaves_nothing_behind(file):
    own_groups([file])
    assert list(file.parent.iterdir()) == [file]
    assert [name for name in sys.modules if name.startswith("own")] == []


def test_a_file_may_be_called_like_a_module_of_python(tmp_path):
    (tmp_path / "json.py").write_text(FILE, encoding="utf-8")
    own_groups([tmp_path / "json.py"])
    import json

    assert json.dumps(1) == "1"


def test_settings_name_files_beside_themselves(file):
    settings = file.with_name("regulars.yml")
    settings.write_text(SETTINGS, encoding="utf-8")
    assert load_settings(settings).features.files == (file,)


def test_settings_name_no_files_by_themselves(tmp_path):
    path = tmp_path / "regulars.yml"
    path.write_text(SETTINGS.replace("files: [night.py]", "{}"), encoding="utf-8")
    assert load_settings(path).features.files == ()


BAD = {
    "syntax": ("window_days)\n\n\n@visits.feature", "window_days\n\n\n@visits.feature", "15: this is no valid Python: '\\(' was never closed"),
    "unit": ("def night_visits_share", "def night_visits_part", "18: feature night_visits_part must end in its unit: one of days"),
    "docstring": ('    """Visits at night."""\n', "", "12: feature night_visits_count needs a docstring"),
    "table": ('Source("visits")', 'Source("visit")', "7: there is no table visit; there are: orders, visits"),
    "name": ("def night_visits_count", "def visits_count", "13: there is a feature visits_30d_count already"),
    "measure": ('"night_visits"', '"visit_days"', "9: there is a measure visit_days already"),
    "twice": ("def night_visits_share", "def night_visits_count", "19: night_visits_count is declared twice"),
    "measure name": ('"night_visits"', '"night visits"', "9: night visits is no lower-case name"),
    "sql": ("minute < 300", "EXTRACT(hour FROM occurred_at) < 5", "9: extract is not allowed; there are comparisons"),
    "column": ("minute < 300", "minutes < 300", "9: visits has no column minutes to ask; there are minute, market"),
    "unsaid": ('"minute", "kind"))\n\n\n@visits.windowed', '"kind",))\n\n\n@visits.windowed', "9: a source may lack minute; say needs=\\('minute',\\)"),
    "unknown need": ('@visits.feature(needs=("minute", "kind"))', '@visits.feature(needs=("hour",))', "19: needs names visits.hour; what visits may lack is: minute"),
    "anything": ("NIGHT = visits", "NIGHT = visitors", "9: NameError: name 'visitors' is not defined"),
    "import": ("import AsOf", "import AsOff", "5: ImportError: cannot import name 'AsOff'"),
    "no feature": ("@visits", "# @visits", "1: this file declares no feature; see docs/own-feature.md"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_told_in_one_sentence_with_file_and_line(file, case):
    old, new, says = BAD[case]
    assert old in FILE
    file.write_text(FILE.replace(old, new), encoding="utf-8")
    with pytest.raises(SettingsError, match=rf"^{file}:{says}[^\n]*\.$"):
        own_groups([file])


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.py of features\.files cannot be read: No such"):
        own_groups([tmp_path / "none.py"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("visits.py", "there is a group visits already; rename the file"),
        ("my-night.py", "must be named like a group"),
        ("night.txt", "must be named like a group"),
    ],
)
def test_a_file_is_named_like_a_group_of_its_own(file, name, says):
    path = file.rename(file.with_name(name))
    with pytest.raises(SettingsError, match=says):
        own_groups([path])


def test_two_files_do_not_declare_one_name(file):
    other = file.with_name("evening.py")
    other.write_text(FILE.replace("300", "310"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"evening\.py:9: there is a measure night_visits"):
        own_groups([file, other])


# What was made with a file needs the very same file


def test_a_shape_is_read_with_the_features_that_it_was_made_with(file):
    made = sample_shape(sample_events(seed=1), own_groups([file]))
    assert Shape.from_dict(made.to_dict(), own_groups([file])) == made
    with pytest.raises(SettingsError, match=r"no longer name night\.py in features\.files"):
        Shape.from_dict(made.to_dict())
    file.write_text(FILE.replace("300", "240"), encoding="utf-8")
    with pytest.raises(SettingsError, match=r"night\.py has changed since\. Make it again with"):
        Shape.from_dict(made.to_dict(), own_groups([file]))


def test_a_file_that_was_added_later_is_told(file):
    shape = sample_shape(sample_events(seed=1))
    with pytest.raises(SettingsError, match=r"night\.py was not among features\.files then"):
        Shape.from_dict(shape.to_dict(), own_groups([file]))


def test_every_feature_of_the_product_is_untouched_by_own_ones(file):
    own_groups([file])
    assert not {one.name for one in every_feature()} & set(NAMES)
