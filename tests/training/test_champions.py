"""Who is champion, on a real MLflow store: moves, races, the way back, and hands that meddle."""

import shutil
import threading
from datetime import date

import pytest

from features.errors import NotReady, PromotionRefused
from training.champions import (
    MOVES_TAG,
    WITHDRAWN_TAG,
    Move,
    champion_before,
    moves,
    pardon,
    predecessors,
    promote,
    roll_back,
    withdrawn,
)
from training.registry import (
    CHAMPION_ALIAS,
    DIGEST_TAG,
    MODEL_NAME,
    all_versions,
    champion,
    newest_version,
    version_numbered,
)
from training.tracking import use_workspace

TODAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory):
    """MLflow's tables, made once: that takes seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "")
        workspace = tmp_path_factory.mktemp("empty")
        use_workspace(workspace)
        return workspace / "mlflow.db"


@pytest.fixture
def workspace(empty_store, tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    shutil.copy(empty_store, tmp_path / "mlflow.db")
    return tmp_path


@pytest.fixture
def client(workspace):
    """A registry of four versions and no champion."""
    client = use_workspace(workspace)
    client.create_registered_model(MODEL_NAME)
    for number in range(1, 5):
        tags = {DIGEST_TAG: f"{number:064d}"}
        client.create_model_version(MODEL_NAME, source=f"/nowhere/{number}", tags=tags)
    return client


@pytest.fixture
def to_champion(client, workspace):
    """Make versions champion, one after the other, as training does."""

    def move(*numbers):
        for number in numbers:
            present = champion(client)
            version = version_numbered(client, number).version
            before = present.number if present else None
            promote(client, workspace, version, instead_of=before, how="gate", today=TODAY)

    return move


def number_of_champion(client):
    found = champion(client)
    return found.number if found else None


def test_a_move_is_made_and_remembered(client, to_champion):
    to_champion("1", "2")
    assert number_of_champion(client) == "2"
    assert moves(client) == [
        Move("1", None, "gate", "2026-03-01"),
        Move("2", "1", "gate", "2026-03-01"),
    ]


def test_a_promotion_that_was_decided_against_another_champion_is_refused(
    client, workspace, to_champion
):
    to_champion("1", "2")
    third = version_numbered(client, "3").version
    with pytest.raises(PromotionRefused, match=r"changed since version 3 .*it was 1, now it is 2"):
        promote(client, workspace, third, instead_of="1", how="gate")
    assert number_of_champion(client) == "2"
    assert len(moves(client)) == 2


def test_of_promotions_at_the_same_time_one_wins_and_the_others_are_told(
    client, workspace, to_champion
):
    to_champion("1")
    told, start = [], threading.Barrier(3)

    def race(number):
        version = version_numbered(client, number).version
        start.wait()
        try:
            promote(client, workspace, version, instead_of="1", how="by hand", today=TODAY)
            told.append(number)
        except PromotionRefused as error:
            told.append(str(error))

    racers = [threading.Thread(target=race, args=(number,)) for number in ("2", "3", "4")]
    for one in racers:
        one.start()
    for one in racers:
        one.join()
    (winner,) = [one for one in told if len(one) == 1]
    assert number_of_champion(client) == winner
    assert sum("The champion changed since version" in one for one in told) == 2
    assert [one.version for one in moves(client)] == ["1", winner]


def test_a_rollback_leads_to_the_champion_before_and_marks_the_one_it_leaves(
    client, workspace, to_champion
):
    to_champion("1", "2", "3")
    assert champion_before(client).version.number == "2"
    roll_back(client, workspace, "2", instead_of="3", today=TODAY)
    assert number_of_champion(client) == "2"
    assert [one.version.number for one in withdrawn(client)] == ["3"]
    told = version_numbered(client, "3").tags[WITHDRAWN_TAG]
    assert told == "rolled back to version 2 on 2026-03-01"
    assert champion_before(client).version.number == "1"


def test_rollbacks_end_at_the_first_champion(client, workspace, to_champion):
    to_champion("1", "2")
    roll_back(client, workspace, "1", instead_of="2", today=TODAY)
    with pytest.raises(NotReady, match=r"There is no earlier champion. Name a version with --to"):
        champion_before(client)


def test_a_rollback_is_refused_if_the_champion_is_another_one_by_now(
    client, workspace, to_champion
):
    to_champion("1", "2", "3")
    with pytest.raises(PromotionRefused, match=r"The champion is version 3 by now"):
        roll_back(client, workspace, "1", instead_of="2", today=TODAY)
    assert withdrawn(client) == []


def test_a_champion_after_a_rollback_has_the_restored_one_before_it(client, workspace, to_champion):
    to_champion("1", "2")
    roll_back(client, workspace, "1", instead_of="2", today=TODAY)
    to_champion("3")
    assert champion_before(client).version.number == "1"


def test_an_alias_that_was_deleted_by_hand_comes_back_by_a_rollback(client, workspace, to_champion):
    to_champion("1", "2")
    client.delete_registered_model_alias(MODEL_NAME, CHAMPION_ALIAS)
    assert champion(client) is None
    assert champion_before(client).version.number == "2"
    roll_back(client, workspace, "2", instead_of=None, today=TODAY)
    assert number_of_champion(client) == "2"
    assert withdrawn(client) == []


def test_an_alias_that_was_moved_by_hand_leads_back_to_the_last_champion_we_know(
    client, to_champion
):
    to_champion("1", "2")
    client.set_registered_model_alias(MODEL_NAME, CHAMPION_ALIAS, "4")
    assert champion_before(client).version.number == "2"


def test_a_version_that_was_deleted_is_passed_over(client, to_champion):
    to_champion("1", "2", "3")
    client.delete_model_version(MODEL_NAME, "2")
    assert champion_before(client).version.number == "1"


def test_a_mark_is_taken_off_a_version_that_is_wanted_again(client, workspace, to_champion):
    to_champion("1", "2")
    roll_back(client, workspace, "1", instead_of="2", today=TODAY)
    pardon(client, "2")
    pardon(client, "2")
    assert withdrawn(client) == []


def test_a_move_that_was_interrupted_before_it_was_written_down_still_leads_back(
    client, to_champion
):
    to_champion("1")
    client.set_registered_model_alias(MODEL_NAME, CHAMPION_ALIAS, "2")
    assert champion_before(client).version.number == "1"


def test_the_history_fits_into_a_tag_and_loses_its_oldest_moves_first(
    client, workspace, to_champion
):
    for _ in range(60):
        to_champion("1", "2")
    assert len(client.get_registered_model(MODEL_NAME).tags[MOVES_TAG]) <= 5000
    history = moves(client)
    assert 50 < len(history) < 120
    assert history[-1] == Move("2", "1", "gate", "2026-03-01")
    assert predecessors(history, "2") == ["1"]
    assert workspace.exists()


def test_versions_are_listed_newest_first(client):
    assert [one.version.number for one in all_versions(client)] == ["4", "3", "2", "1"]
    assert newest_version(client).version.number == "4"


@pytest.mark.parametrize("number", ["9", "abc", "-1"])
def test_a_version_that_is_not_there_is_said_to_be_missing(client, number):
    with pytest.raises(NotReady, match=rf"There is no version {number}"):
        version_numbered(client, number)


def test_an_empty_registry_has_no_champion_no_versions_and_no_history(workspace):
    client = use_workspace(workspace)
    assert champion(client) is None
    assert all_versions(client) == []
    assert moves(client) == []
    with pytest.raises(NotReady, match=r"There is no version yet"):
        newest_version(client)
