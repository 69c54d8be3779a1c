"""Duplicates, corrections and contradictions, told by identity, content and arrival alone."""

import numpy as np
import pytest

from features.sources.identities import Events, judged, mixed, numbered


def events(*told: tuple[int, int, int], has_id: bool = True) -> Events:
    """Events of (identity, content, arrival), one a row."""
    columns = np.array(told, dtype=np.int64).reshape(-1, 3).T
    key, content = columns[0].astype(np.uint64), columns[1].astype(np.uint64)
    rows = np.arange(len(told))
    return Events(key, key, content, content, rows, columns[2], np.full(len(told), has_id))


@pytest.mark.parametrize(
    ("told", "kept", "contradicting", "replaced_by"),
    [
        pytest.param([], [], [], [], id="none"),
        pytest.param([(1, 1, 0), (2, 1, 0)], [0, 1], [], [-1, -1], id="two events"),
        pytest.param([(1, 1, 0), (1, 1, 0)], [0], [], [-1, -1], id="the same twice"),
        pytest.param([(1, 1, 5), (1, 1, 3)], [1], [], [-1, -1], id="the same again later"),
        pytest.param([(1, 2, 5), (1, 1, 3)], [0, 1], [], [-1, 0], id="other content later"),
        pytest.param([(1, 1, 1), (1, 2, 2), (1, 1, 3)], [0, 1, 2], [], [1, 2, -1], id="and back again"),
        pytest.param([(1, 1, 1), (1, 1, 2), (1, 2, 3)], [0, 2], [], [2, -1, -1], id="a repeat between"),
        pytest.param([(1, 1, 1), (1, 2, 1), (2, 1, 1)], [2], [(0, 1)], [-1] * 3, id="other content at once"),
        pytest.param([(1, 1, 1), (1, 2, 1), (1, 1, 1)], [], [(0, 1, 2)], [-1] * 3, id="repeats of both"),
    ],
)  # fmt: skip
def test_events_of_one_identity_are_one_event(told, kept, contradicting, replaced_by):
    verdict = judged(events(*told), has_arrival=True)
    assert np.flatnonzero(verdict.kept).tolist() == kept
    assert list(verdict.contradicting) == contradicting
    assert verdict.replaced_by.tolist() == replaced_by


def test_without_arrivals_nothing_says_which_content_is_right():
    verdict = judged(events((1, 1, 1), (1, 2, 2)), has_arrival=False)
    assert verdict.contradicting == ((0, 1),)


def test_rows_without_an_id_never_contradict_each_other():
    verdict = judged(events((1, 1, 1), (1, 2, 1), has_id=False), has_arrival=False)
    assert verdict.kept.tolist() == [True, False]
    assert verdict.contradicting == ()


def test_a_row_is_refused_with_both_of_its_events():
    told = events((1, 1, 1), (5, 1, 1), (1, 1, 1), (5, 2, 1), (1, 1, 1))
    rows = np.array([0, 0, 1, 1, 2])  # three tickets of one id, two of them closed differently
    one = Events(told.key_0, told.key_1, told.content_0, told.content_1, rows, rows, told.has_id)
    verdict = judged(one, has_arrival=False)
    assert verdict.contradicting == ((0, 1),)
    assert verdict.kept.tolist() == [False, False, False, False, True]


def test_equal_rows_are_numbered_in_the_order_of_the_source():
    keys = numbered(events((1, 1, 0), (2, 1, 0), (1, 1, 0), (1, 1, 0), has_id=False)).key_0
    assert keys[0] == 1
    assert keys[1] == 2
    assert len(set(keys.tolist())) == 4
    assert np.array_equal(numbered(events((1, 1, 0), (1, 1, 0), has_id=False)).key_0, keys[[0, 2]])


def test_rows_with_an_id_are_not_numbered():
    assert numbered(events((1, 1, 0), (1, 1, 0))).key_0.tolist() == [1, 1]


def test_words_differ_if_the_number_or_the_word_does():
    words = np.arange(1_000, dtype=np.uint64)
    every = np.concatenate([mixed(words, number) for number in range(20)])
    assert len(np.unique(every)) == 20_000
