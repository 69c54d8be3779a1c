"""What sixty features cost: Regulars beside pandas, Polars, DuckDB's SQL and Featuretools.

    python benchmarks/features.py                          20 million events, every task
    python benchmarks/features.py --events 2000000         a tenth of it, in minutes
    python benchmarks/features.py --only duckdb-two-level-12 regulars-12

The log is generated once. Every task runs in a process of its own with one thread; what counts is
its CPU seconds, beside the bare scan and the bare scan-and-group of the same run, and every
engine's features are compared with those of the others. Polars and Featuretools are installed into
environments of their own below the cache folder.
"""

import argparse
import json
import shlex
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

# This script bears the name of a package: the repository's root must be searched before its folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.features_bench.log import Scale
from benchmarks.features_bench.markdown import page
from benchmarks.features_bench.report import document, table, totals
from benchmarks.features_bench.runner import Runner, with_needs
from benchmarks.features_bench.tasks import FLOORS, TASKS

EVENTS_PER_CUSTOMER = 40


def main() -> None:
    """Run the tasks asked for and print a line for each."""
    given = _arguments()
    customers = given.customers or given.events // EVENTS_PER_CUSTOMER
    scale = Scale(given.events, customers, given.months, given.seed, given.late_share)
    names = given.only or [task.name for task in TASKS]
    slow = {task.name for task in TASKS if task.slow and given.skip_slow}
    floors = [floor.name for floor in FLOORS]
    tasks = with_needs(
        [*floors, *(name for name in names if name not in slow)], checked=not given.unchecked
    )
    print(
        f"{scale.events:,} events, {scale.customers:,} customers, {scale.months} months", flush=True
    )
    runner = Runner(scale, given.cache)
    measured = runner.run(tasks, given.reps)
    print("\n" + table(measured))
    print(totals(measured))
    if given.json:
        text = json.dumps(document(scale, measured), indent=1)
        given.json.write_text(text + "\n", encoding="utf-8")
    if given.markdown:
        command = shlex.join(["python", *sys.argv])
        written = page(scale, measured, command, datetime.now(UTC).date())
        given.markdown.write_text(written, encoding="utf-8")
    if not given.keep:
        shutil.rmtree(runner.results)
    if any(one.verdict.startswith("DIFFERS") for one in measured):
        sys.exit("two engines computed different features: see the table")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000_000)
    parser.add_argument("--customers", type=int, help="by default one for 40 events")
    parser.add_argument("--months", type=int, default=36)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--late-share", type=float, default=0.0, help="of rows that arrive later")
    parser.add_argument("--reps", type=int, default=1, help="the median of so many runs")
    parser.add_argument("--only", nargs="+", choices=[task.name for task in TASKS], metavar="TASK")
    parser.add_argument("--skip-slow", action="store_true", help="leave out what takes minutes")
    parser.add_argument(
        "--unchecked", action="store_true", help="do not run engines only to compare features"
    )
    parser.add_argument("--cache", type=Path, default=Path(".regulars/bench"))
    parser.add_argument("--keep", action="store_true", help="keep the features that were written")
    parser.add_argument("--json", type=Path, help="also write every figure there")
    parser.add_argument("--markdown", type=Path, help="also write a page for people there")
    return parser.parse_args()


if __name__ == "__main__":
    main()
