"""Publishing under kills, under readers and under a second publisher."""

import random
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from features.errors import DamagedStore, NotReady, SettingsError
from serving.store import KEPT_GENERATIONS, ScoreStore
from serving.store.tables import GENERATIONS, HISTORY, METADATA, PARTS, SCORES

HERE = Path(__file__).parent
CUSTOMERS = 300
KILLS = 8


def rows(store: ScoreStore, table: sa.Table) -> list[sa.Row]:
    with store._database.reading() as connection:
        return list(connection.execute(sa.select(table)))


def count_of(store: ScoreStore, table: sa.Table) -> int:
    return len(rows(store, table))


def started(address: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(HERE / "publishing.py"), address],
        cwd=HERE.parents[2], env={"PYTHONPATH": str(HERE.parents[2])},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def check_whole(store: ScoreStore) -> int:
    """The round that is current, after checking that all its rows are of it."""
    current = store.current()
    if current is None:
        return 0
    ids = [f"C-{part}-{number}" for part in range(10) for number in range(30)]
    found = store.scores(current.generation, ids)
    assert len(found) == CUSTOMERS
    assert {one.cltv for one in found.values()} == {float(current.model_version)}
    return int(current.model_version)


def test_a_killed_publication_leaves_nothing_visible_and_is_gone_on_with(address, open_store):
    """Kills at random moments: what was reported as published is there, whole, once."""
    rng = random.Random(1)
    store, told, went_on = open_store(), 0, 0
    for _ in range(KILLS):
        process = started(address)
        first = process.stdout.readline()
        assert first, process.stderr.read()
        time.sleep(rng.uniform(0, 0.15))
        process.kill()
        output, _ = process.communicate()
        lines = (first + output).split("\n")
        published = [int(line.split()[1]) for line in lines if line.startswith("published ")]
        went_on += sum(line.startswith("went on") for line in lines)
        now = check_whole(store)
        # A kill between the last commit and its report may leave one more, never one less.
        assert now in {max([told, *published]), max([told, *published]) + 1}
        told = now
    other = open_store()
    with other.publication(replace(other.current(), model_version=str(told + 1))) as draft:
        for part in range(10):
            draft.stage(part, list(other.scores(other.current().generation, []).values()))
        assert draft.staged == set(range(10))
        other.finish(draft)
    assert count_of(store, SCORES) <= CUSTOMERS
    left = {row.generation for row in rows(store, GENERATIONS) if not row.is_published}
    assert left == set()
    # Every round changes every customer once, so the history holds each round and no part of one.
    assert count_of(store, HISTORY) == CUSTOMERS * told
    bands = store.journal.events(after=0, limit=CUSTOMERS * told)
    assert len(bands) == CUSTOMERS * (told - 1)


def test_a_publication_cut_off_goes_on_with_the_parts_that_it_has(store, generation, score):
    scores = [replace(score, customer_id=f"C-{number}") for number in range(4)]

    def cut_off() -> None:
        with store.publication(generation, work="same") as draft:
            draft.stage(0, scores[:2])
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError, match="the power went"):
        cut_off()
    assert store.current() is None
    with store.publication(generation, work="same") as draft:
        assert draft.staged == {0}
        draft.stage(0, [replace(score, customer_id="not made again")])
        draft.stage(1, scores[2:])
        number = store.finish(draft)
    assert list(store.scores(number, [*(one.customer_id for one in scores), "not made again"])) == [
        one.customer_id for one in scores
    ]


@pytest.mark.parametrize("work", ["other", ""])
def test_what_another_work_has_left_is_cleared_away(store, generation, score, work):
    with store.publication(generation, work="one" if work else "") as draft:
        draft.stage(0, [score])
    with store.publication(generation, work=work) as draft:
        assert draft.staged == set()
        assert count_of(store, SCORES) == count_of(store, HISTORY) == count_of(store, PARTS) == 0
        store.finish(draft)
    assert count_of(store, GENERATIONS) == 1


def test_of_two_publishers_the_second_is_told_to_wait(store, open_store, generation, score):
    other = open_store()
    with store.publication(generation) as draft:
        draft.stage(0, [score])
        with pytest.raises(NotReady, match=r"being published by another run. Try again"):
            other.publish(generation, [score])
        first = store.finish(draft)
    assert other.publish(generation, [score]) > first


def test_a_reader_keeps_its_generation_while_the_next_is_published(store, generation, score):
    first = store.publish(generation, [score])
    store.publish(generation, [replace(score, churn_probability=0.1)])
    assert store.scores(first, [score.customer_id])[score.customer_id] == score


def test_old_rows_do_not_pile_up(store, generation, score, no_score):
    for number in range(1, 6):
        store.publish(generation, [replace(score, churn_probability=number / 10), no_score])
    assert count_of(store, SCORES) == KEPT_GENERATIONS * 2
    # The customer without a score never changed: one entry.
    assert count_of(store, HISTORY) == 6


def wait_for_passes(passes: list[int], before: list[int]) -> None:
    """Until what began on the generation before has ended: only the next one may follow it."""
    while any(now < then + 2 for now, then in zip(passes, before, strict=True)):
        time.sleep(0.001)


def test_readers_in_other_threads_never_see_a_mix_of_documents(store, generation, score):
    ids = [f"C-{number}" for number in range(200)]

    def document(one, of):
        return f"{of.model_version}".encode(), of.model_version

    def publish(version: int) -> None:
        scores = [replace(score, customer_id=name, cltv=float(version)) for name in ids]
        store.publish(replace(generation, model_version=str(version)), scores, document=document)

    publish(1)
    done, wrong, passes = threading.Event(), [], [0, 0, 0]

    def read(reader: int) -> None:
        while not done.is_set():
            current = store.current()
            for name in ids[::20]:
                found = store.document(current.generation, name)
                if found != (current.model_version.encode(), current.model_version):
                    wrong.append(found)
            passes[reader] += 1

    readers = [threading.Thread(target=read, args=(number,)) for number in range(3)]
    for reader in readers:
        reader.start()
    for version in range(2, 12):
        publish(version)
        # Passes that end while it publishes say nothing about the one that is under way after it.
        wait_for_passes(passes, list(passes))
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_document_comes_back_byte_for_byte(store, generation, score, no_score):
    number = store.publish(generation, [score], document=lambda *_: (b'{"\xc3\xa1":1}', '"tag"'))
    assert store.document(number, score.customer_id) == (b'{"\xc3\xa1":1}', '"tag"')
    assert store.document(number, "nobody") is None
    bare = store.publish(generation, [score])
    assert store.document(bare, score.customer_id) is None


def test_a_customer_is_in_a_generation_once(store, generation, score):
    with pytest.raises(ValueError, match="two scores in one generation"):
        store.publish(generation, [score, score])


@pytest.mark.parametrize(
    "change", [{"churn_probability": None}, {"cltv": float("nan")}, {"unavailable_reason": "x"}]
)
def test_a_score_is_a_number_or_says_why_not(store, generation, score, change):
    with pytest.raises(ValueError, match="its numbers or a reason why it has none"):
        store.publish(generation, [replace(score, **change)])
    assert store.current() is None


def test_tables_of_another_version_are_refused_with_the_cure(address):
    engine = sa.create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE scores (generation INTEGER)")
    engine.dispose()
    cure = r"(Move scores.db away from the workspace|Name another database in store.address)"
    with pytest.raises(DamagedStore, match=f"made by another version. {cure}, then run: "):
        ScoreStore(address)


def test_a_server_that_is_down_is_told_without_its_password():
    address = "postgresql://regulars:secret@127.0.0.1:1/scores"
    with pytest.raises(NotReady, match="//127.0.0.1:1/scores does not answer. Check") as told:
        ScoreStore(address)
    assert "secret" not in str(told.value)


def test_another_kind_of_database_is_refused():
    with pytest.raises(SettingsError, match="must be of sqlite or postgresql"):
        ScoreStore("mysql://h/d")


def test_all_tables_are_made_by_opening(store):
    names = set(sa.inspect(store._database.engine).get_table_names())
    assert names == set(METADATA.tables)
