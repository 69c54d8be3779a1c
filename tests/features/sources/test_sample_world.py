"""The made-up world: every table, in its contract, with whatever a contract allows."""

import pytest

from features.catalog import every_feature
from features.contracts import FOREVER
from features.histories import Histories
from features.matrix import feature_columns, matrix
from features.schema import EVENT_TABLES
from features.sources.sample_world import WORDS, sample_cutoffs, sample_events, sample_shape

EVENTS = sample_events(seed=1)


def test_the_same_seed_gives_the_same_events_and_another_one_others():
    assert sample_events(seed=1) == EVENTS
    assert sample_events(seed=2) != EVENTS


@pytest.mark.parametrize("name", EVENT_TABLES)
def test_every_table_is_in_its_contract_and_every_column_filled(name):
    table = EVENTS[name]
    assert table.schema == EVENT_TABLES[name].arrow_schema()
    assert all(column.null_count < len(column) for column in table.columns)
    required = [one.name for one in EVENT_TABLES[name].columns if one.required]
    assert [column for column in required if table[column].null_count] == []


@pytest.mark.parametrize("name", EVENT_TABLES)
def test_some_events_are_late_and_some_were_corrected(name):
    rows = EVENTS[name].to_pandas()
    assert (rows["known_from"] > rows["day"]).any()
    corrected = rows[rows["known_to"] != FOREVER]
    assert len(corrected) > 0
    for _, first in corrected.head(5).iterrows():
        versions = rows[rows["event_id"] == first["event_id"]]
        assert sorted(versions["known_from"]) == [first["known_from"], first["known_to"]]


def test_words_that_were_asked_for_occur():
    events = sample_events(seed=1, words={"visits.kind": {"dance"}})
    kinds = set(events["visits"]["kind"].to_pylist())
    assert kinds == {None, "dance", *WORDS["visits.kind"]}


def test_every_feature_of_the_product_exists_and_tells_customers_apart():
    rows = matrix(Histories.from_events(EVENTS, sample_shape(EVENTS)), sample_cutoffs())
    assert feature_columns(rows) == [one.name for one in every_feature()]
    same = [name for name in feature_columns(rows) if rows[name].nunique(dropna=False) == 1]
    assert same == []
