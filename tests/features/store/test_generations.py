"""A reader sees the old or the new generation, whatever happens to the writer."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock
from stored_events import MERGES, Event, build_tiles, event_table, everything, whole_files

from features.errors import DamagedStore, NotReady
from features.store.histories import read, write

OLD = [Event(f"c{number % 30}", number % 20, number, id=f"e{number}") for number in range(200)]
NEW = [Event(f"c{number % 30}", number % 25, number, id=f"n{number}") for number in range(100)]
NEW += [Event(one.customer, one.day, one.amount + 1, known=1, id=one.id) for one in OLD[:5]]


class Killed(BaseException):
    """As if the process ended here: nobody may catch it."""


def orders_only(table, events):
    """One family of tiles is enough here."""
    return {"orders": build_tiles(table, events)["orders"]}


def append(folder, events, **options):
    with write(folder, buckets=2, **options) as draft:
        draft.append("orders", event_table(events), orders_only, MERGES)
        draft.publish()


def grow(folder, **options):
    append(folder, NEW, **options)


def compact(folder, **options):
    with write(folder, **options) as draft:
        draft.append("orders", event_table(NEW), orders_only, MERGES)
        draft.compact(whole=True)
        draft.publish()


def erase(folder, **options):
    with write(folder, **options) as draft:
        draft.erase(["c7"])
        draft.publish()


def only_listed(folder):
    """Whether every file on disk belongs to the current generation or to the one before."""
    names = (folder / "current").read_text().split()
    texts = [(folder / "manifests" / f"{name}.json").read_text() for name in names]
    files = [path for path in whole_files(folder) if path.startswith(("files/", "aside/"))]
    return all(any(path.split("/")[-1] in text for text in texts) for path in files)


@pytest.mark.parametrize("change", [grow, compact, erase])
def test_a_writer_stopped_at_any_step_leaves_a_whole_generation(tmp_path, change):
    append(tmp_path / "old", OLD)
    shutil.copytree(tmp_path / "old", tmp_path / "calm")
    before = everything(tmp_path / "calm")
    steps = []
    change(tmp_path / "calm", on_step=steps.append)
    after = everything(tmp_path / "calm")
    assert before != after
    assert len(steps) > 10
    seen = []
    for number in range(len(steps)):
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "old", folder)
        stop(folder, change, number)
        seen.append(everything(folder))
        assert seen[-1] in (before, after)
        change(folder)
        assert everything(folder) == after
        assert only_listed(folder)
    assert seen[0] == before
    assert seen[-1] == after


def stop(folder, change, number):
    """Run a change and stop it after its `number`-th step."""
    left = iter([None] * number)

    def on_step(_):
        if next(left, "stop"):
            raise Killed

    with pytest.raises(Killed):
        change(folder, on_step=on_step)


CHILD = """
import sys
from pathlib import Path
from stored_events import Event, MERGES, build_tiles, event_table
def orders_only(table, events):
    return {"orders": build_tiles(table, events)["orders"]}
from features.store.histories import write
folder = Path(sys.argv[1])
for night in range(int(sys.argv[2]), 10_000):
    events = [Event(f"c{n}", night, n, known=night) for n in range(30)]
    events += [Event("ada", 0, night, known=night, id="corrected every night")]
    with write(folder, buckets=2) as draft:
        draft.append("orders", event_table(events), orders_only, MERGES)
        draft.compact(whole=night % 3 == 0) if night % 3 < 2 else None
        draft.publish({"nights": night + 1})
    print(night + 1, flush=True)
"""


def test_what_was_published_survives_kills_at_random_instants(tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    path = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parents[3])])
    for _ in range(20):
        told = killed_writer(tmp_path, chance.uniform(0, 0.4), os.environ | {"PYTHONPATH": path})
        stored = read(tmp_path)
        nights = stored.facts["nights"]
        assert nights - told in (0, 1)
        events, orders = everything(tmp_path)
        assert len(events) == 31 * nights
        assert sum(tile["events"] for tile in orders) == 31 * nights
        with write(tmp_path):
            pass
        assert only_listed(tmp_path)


def killed_writer(folder, seconds, environment):
    """Nights told as published by a writer that was killed so long after its first one."""
    start = read(folder).facts["nights"] if (folder / "current").exists() else 0
    command = [sys.executable, "-c", CHILD, str(folder), str(start)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        told = [child.stdout.readline()]
        time.sleep(seconds)
        child.send_signal(signal.SIGKILL)
        told += child.stdout.readlines()
    return max(int(line) for line in told if line.endswith("\n"))


def test_a_second_writer_is_refused(tmp_path):
    with (
        FileLock(tmp_path / ".lock"),
        pytest.raises(NotReady, match="Another run"),
        write(tmp_path),
    ):
        pass


def test_nothing_stored_says_what_to_do(tmp_path):
    with pytest.raises(NotReady, match="regulars train"):
        read(tmp_path)


def test_what_is_not_published_was_never_there(tmp_path):
    append(tmp_path, OLD)
    before = everything(tmp_path)
    with write(tmp_path) as draft:
        draft.append("orders", event_table(NEW), orders_only, MERGES)
    assert everything(tmp_path) == before
    with write(tmp_path):
        pass
    assert only_listed(tmp_path)


def test_a_reader_at_work_keeps_its_generation(tmp_path):
    append(tmp_path, OLD)
    before, at_work = everything(tmp_path), read(tmp_path)
    grow(tmp_path)
    found = [row for b in at_work.buckets() for row in at_work.read_events("orders", b).to_pylist()]
    assert found == before[0]


def test_publishing_nothing_new_takes_no_generation_from_its_readers(tmp_path):
    append(tmp_path, OLD)
    at_work = read(tmp_path)
    grow(tmp_path)
    names = (tmp_path / "current").read_text()
    grow(tmp_path)
    assert (tmp_path / "current").read_text() == names
    assert at_work.tiles_of("c7")["orders"].num_rows > 0


def test_a_manifest_of_another_version_says_so(tmp_path):
    text = '{"buckets": 1, "files": [], "novelty": 1}'
    name = hashlib.sha256(text.encode()).hexdigest()
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / f"{name}.json").write_text(text)
    (tmp_path / "current").write_text(name)
    with pytest.raises(DamagedStore, match="another version. Run regulars train"):
        read(tmp_path)


def test_a_reader_whose_generation_is_gone_is_told_to_start_again(tmp_path):
    append(tmp_path, OLD)
    late, at_work = read(tmp_path), read(tmp_path)
    at_work.tiles_of("c7")
    erase(tmp_path)
    for reader in (late, at_work):
        with pytest.raises(NotReady, match="replaced while they were read"):
            reader.tiles_of("c7")


def test_a_missing_file_is_damage(tmp_path):
    append(tmp_path, OLD)
    path = next(tmp_path.glob("files/events.orders/*"))
    path.unlink()
    with pytest.raises(DamagedStore, match=f"{path.name} is missing"):
        everything(tmp_path)


def test_older_generations_are_collected(tmp_path):
    for day in range(6):
        append(tmp_path, [Event(day=day)])
    assert len(list((tmp_path / "manifests").iterdir())) == 2
    assert only_listed(tmp_path)


def test_the_same_appends_give_the_same_files(tmp_path):
    for folder in (tmp_path / "a", tmp_path / "b"):
        append(folder, OLD)
        grow(folder)
    assert read(tmp_path / "a").name == read(tmp_path / "b").name
    assert whole_files(tmp_path / "a") == whole_files(tmp_path / "b")


def test_many_appends_leave_few_files(tmp_path):
    for day in range(40):
        append(tmp_path, [Event(f"c{n}", day, n) for n in range(8)])
    assert len(everything(tmp_path)[0]) == 320
    # At most 16 deltas and 4 files in each of 2 buckets, of two generations.
    assert len(list(tmp_path.glob("files/events.orders/*"))) <= 2 * (16 + 4 * 2)
