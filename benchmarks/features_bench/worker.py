"""One task in a process of its own: runs it and prints what it cost as one line of JSON."""

import argparse
import importlib
import json
import sys
from datetime import date
from pathlib import Path

from benchmarks.features_bench.tasks import TASKS
from benchmarks.features_bench.workspace import NotBuilt, Workspace, peak_megabytes


def main() -> None:
    """Load the task's libraries, start the watch, run, report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("task")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--cutoffs", required=True)
    given = parser.parse_args()
    task = next(one for one in TASKS if one.name == given.task)
    module, function = task.code.split(":")
    run = getattr(importlib.import_module(f"benchmarks.features_bench.{module}"), function)
    cutoffs = tuple(date.fromisoformat(text) for text in given.cutoffs.split(","))
    work = Workspace(given.log, given.results, task.name, cutoffs)
    work.watch.restart()
    try:
        facts = run(work)
    except NotBuilt as reason:
        raise SystemExit(str(reason)) from None
    cpu, wall = work.watch.read()
    report = {"cpu_seconds": cpu, "wall_seconds": wall, "peak_mb": peak_megabytes(), "facts": facts}
    sys.stdout.write(json.dumps(report) + "\n")


if __name__ == "__main__":
    main()
