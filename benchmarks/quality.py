"""How good the predictions are on public holdouts, beside baselines, peers and the ceiling.

    python benchmarks/quality.py --data DATA            all six holdouts
    python benchmarks/quality.py cdnow-full-39-39       one of them; CDNOW comes with the product
    python benchmarks/quality.py --data DATA --markdown docs/benchmarks-quality.md

Everything is learned from before the cutoff; the holdout is read only to judge. Every customer
seen before the cutoff is judged, and intervals are those of 90 %. The peers, lifetimes and
pymc-marketing, are installed into environments of their own below the cache folder. DATA holds
`cdnow/transactions_sample.parquet` and `online_retail/transactions.parquet`; tasks whose orders
are not there are left out.
"""

import argparse
import json
import os
import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

# A script beside this one bears the name of the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.quality_bench.markdown import page
from benchmarks.quality_bench.report import text, totals
from benchmarks.quality_bench.systems import SEED
from benchmarks.quality_bench.tasks import TASKS, NoData
from benchmarks.quality_bench.verdict import Verdict, counted, judge

FOLDER_VARIABLE = "REGULARS_TEST_DATA"


def main() -> None:
    """Judge the tasks asked for and print a table for each."""
    given = _arguments()
    verdicts: list[Verdict] = []
    cache = None if given.no_peers else given.cache
    for name in given.tasks or TASKS:
        try:
            verdict = judge(TASKS[name], given.data, cache, seed=given.seed)
        except NoData as reason:
            print(f"\n{name} {reason}", flush=True)
            continue
        verdicts.append(verdict)
        print("\n" + text(verdict), flush=True)
    if not verdicts:
        sys.exit("nothing was judged")
    print("\nnumbers to reach that are met: " + totals(verdicts))
    if given.json:
        document = {
            "tasks": [verdict.to_dict() for verdict in verdicts],
            "met": {kind: list(counts) for kind, counts in counted(verdicts).items()},
        }
        given.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if given.markdown:
        written = page(verdicts, _command(given.data), datetime.now(UTC).date())
        given.markdown.write_text(written, encoding="utf-8")


def _command(folder: Path | None) -> str:
    """The command of this run; the folder of data is somebody's own and called DATA."""
    told = [*sys.argv]
    if "--json" in told:
        # Where the figures went besides is of no interest to readers of the page.
        del told[told.index("--json") : told.index("--json") + 2]
    if folder is not None and "--data" not in told:
        told += ["--data", str(folder)]
    return shlex.join(["python", *("DATA" if word == str(folder) else word for word in told)])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"of {', '.join(TASKS)}")
    folder = os.environ.get(FOLDER_VARIABLE)
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(folder) if folder else None,
        help=f"folder of public data; by default that of {FOLDER_VARIABLE}",
    )
    parser.add_argument("--no-peers", action="store_true", help="install and run no other library")
    parser.add_argument("--seed", type=int, default=SEED, help="by default that of the product")
    parser.add_argument("--cache", type=Path, default=Path(".regulars/bench"))
    parser.add_argument("--json", type=Path, help="also write every figure there")
    parser.add_argument("--markdown", type=Path, help="also write a page for people there")
    given = parser.parse_args()
    if unknown := [name for name in given.tasks if name not in TASKS]:
        parser.error(f"no such task: {', '.join(unknown)}; there are {', '.join(TASKS)}")
    return given


if __name__ == "__main__":
    main()
