"""Runs tasks, each in a process of its own with one thread, and keeps what they cost."""

import json
import os
import shutil
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.environments import NotAvailable, python_of
from benchmarks.features_bench.definitions import cutoffs_before
from benchmarks.features_bench.equality import compare
from benchmarks.features_bench.log import Scale, log_of
from benchmarks.features_bench.tasks import TASKS, Task, reference_of
from benchmarks.features_bench.workspace import Facts

ROOT = Path(__file__).parents[2]
ONE_THREAD = dict.fromkeys(
    (
        "OMP_NUM_THREADS",  # Arrow's pool follows it too
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "NUMEXPR_MAX_THREADS",
        "ARROW_IO_THREADS",
        "POLARS_MAX_THREADS",
    ),
    "1",
)


@dataclass(slots=True)
class Measured:
    """A task's repetitions, whether its features are right, or why it was left out."""

    task: Task
    cpu_seconds: list[float] = field(default_factory=list)
    wall_seconds: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    facts: Facts = field(default_factory=dict)
    verdict: str = ""
    skipped: str = ""

    @property
    def cpu(self) -> float:
        """Median CPU seconds; NaN if the task was left out."""
        return statistics.median(self.cpu_seconds) if self.cpu_seconds else float("nan")


class Runner:
    """Runs tasks on the logs of one cache folder."""

    def __init__(self, scale: Scale, cache: Path) -> None:
        """Make the log if it is not there."""
        self.scale, self.cache = scale, cache
        self.results = cache / "results" / scale.name
        log_of(scale, cache)

    def run(self, tasks: list[Task], repetitions: int) -> list[Measured]:
        """All tasks in turn, then all again: a busy minute of the machine hits every task alike."""
        # What an earlier run left, perhaps half written, must not be taken for this one's.
        shutil.rmtree(self.results, ignore_errors=True)
        measured = {task.name: Measured(task) for task in tasks}
        for repetition in range(repetitions):
            for one in measured.values():
                if not one.skipped:
                    self._repeat(one)
                    cost = one.skipped or f"{one.cpu_seconds[-1]:.2f} s CPU"
                    print(f"  {repetition + 1}/{repetitions} {one.task.name}: {cost}", flush=True)
        for one in measured.values():
            if not one.skipped and one.task.check:
                one.verdict = self._verdict(one.task)
        return list(measured.values())

    def _repeat(self, one: Measured) -> None:
        output = self.results / one.task.name
        shutil.rmtree(output, ignore_errors=True)
        output.mkdir(parents=True)
        try:
            report = self._report(one.task)
        except NotAvailable as reason:
            one.skipped = str(reason)
            return
        one.cpu_seconds.append(report["cpu_seconds"])
        one.wall_seconds.append(report["wall_seconds"])
        one.peak_mb.append(report["peak_mb"])
        one.facts = report["facts"]

    def _report(self, task: Task) -> dict:
        """What the task's process says. Raises NotAvailable if it could not run."""
        scale = self.scale
        if task.own_log_events:
            scale = Scale(task.own_log_events, task.own_log_events // 40, seed=scale.seed)
        cutoffs = ",".join(map(str, cutoffs_before(scale.end, task.cutoffs)))
        python = python_of(task.environment, self.cache)
        command = [
            *(str(python), "-W", "ignore", "-m", "benchmarks.features_bench.worker", task.name),
            *("--log", str(log_of(scale, self.cache).absolute())),
            *("--results", str(self.results.absolute()), "--cutoffs", cutoffs),
        ]
        # The name of the script beside us is that of our package: only the root may be searched.
        environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise NotAvailable(lines[-1])
        return json.loads(done.stdout.splitlines()[-1])

    def _verdict(self, task: Task) -> str:
        reference = reference_of(task)
        if reference == task.name:
            return "reference"
        if not any((self.results / reference).glob("*.parquet")):
            return "not checked"
        found = compare(self.results / task.name, self.results / reference)
        if found.differences:
            return "DIFFERS: " + "; ".join(found.differences[:3])
        return f"equal in {found.features} features"


def with_needs(names: list[str], *, checked: bool = True) -> list[Task]:
    """These tasks and those whose results they use, in order; `checked`: or are compared with."""
    by_name = {task.name: task for task in TASKS}
    wanted: set[str] = set()

    def want(name: str) -> None:
        if name not in wanted:
            wanted.add(name)
            task = by_name[name]
            for need in (*task.needs, *([reference_of(task)] if task.check and checked else [])):
                want(need)

    for name in names:
        want(name)
    return [task for task in TASKS if task.name in wanted]
