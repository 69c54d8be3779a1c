"""What training costs, beside bare LightGBM and the libraries of purchase models, in one run.

    python benchmarks/training.py                       all; about a quarter of an hour
    python benchmarks/training.py --rows 100000         a smaller panel
    python benchmarks/training.py --data DATA --markdown docs/benchmarks-training.md

Three questions: the whole way on CDNOW (features, models, intervals, reasons), a made-up panel of a
million rows and 60 features against the five bare LightGBM fits that the product's models contain,
and purchase models against lifetimes and pymc-marketing in environments of their own. Each part
runs in a process of its own; seconds are CPU seconds, of all threads.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

# A script beside this one bears the name of the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.features_bench.workspace import peak_megabytes
from benchmarks.machine import machine
from benchmarks.quality_bench.peers import SYSTEMS, peer_systems
from benchmarks.quality_bench.systems import posed, purchase_systems
from benchmarks.quality_bench.tasks import TASKS, NoData, orders_of
from benchmarks.training_bench import parts

ROOT = Path(__file__).resolve().parents[1]
WAYS = ("whole_way", "plain_way")
PANELS = ("product_panel", "bare_panel")
LIMIT_SECONDS, LIMIT_RATIO = 30, 1.3
PURCHASES = ("cdnow-sample-39-39", "cdnow-full-39-39")
RIVALS = {
    "bg-nbd": ("lifetimes-bg-nbd", "pymc-bg-nbd"),
    "pareto-nbd": ("lifetimes-pareto-nbd", "pymc-pareto-nbd"),
}


def main() -> None:
    """Measure and print; with `--markdown` also write a page."""
    given = _arguments()
    if given.part:
        run = getattr(parts, given.part)
        told = run(given.rows) if given.part in PANELS else run()
        print(json.dumps(told | {"peak_mb": peak_megabytes()}))
        return
    lines = [*_on_cdnow(given.repeat), *_on_panel(given.rows)]
    lines += _purchase_models(given.data, None if given.no_peers else given.cache)
    print("\n".join(lines))
    if given.markdown:
        given.markdown.write_text("\n".join([*_head(), *lines]) + "\n", encoding="utf-8")


def _head() -> list[str]:
    return [
        "# What training costs",
        "",
        "Written by `python benchmarks/training.py --data DATA --markdown "
        f"docs/benchmarks-training.md` on {datetime.now(UTC).date()}; run it again to write it "
        "anew.",
        "",
        f"Machine: {machine()}, {os.cpu_count()} cores. Seconds are CPU seconds of all threads; "
        "each part ran in a process of its own. Trust the ratios.",
        "",
    ]


def _on_cdnow(repetitions: int) -> list[str]:
    """The whole way, in turns with LightGBM alone."""
    told: dict[str, list[parts.Told]] = {name: [] for name in WAYS}
    for _ in range(repetitions):
        for name in WAYS:
            told[name].append(_measured(name))
    whole, plain = (_median(told[name]) for name in WAYS)
    seconds = whole["cpu_seconds"]
    verdict = "met" if seconds <= LIMIT_SECONDS else "missed"
    return [
        "## The whole way on CDNOW",
        "",
        f"{whole['customers']:,.0f} customers, 39 weeks known and 39 predicted, median of "
        f"{repetitions}. Of the product: features, anchors, past days, churn and value models, "
        "intervals and the reasons of every customer in churn and in money. Beside it LightGBM "
        "alone: the same panel, two fits of 100 trees, predictions and their contributions.",
        "",
        "| | CPU s | peak MB |",
        "| --- | --- | --- |",
        f"| regulars | {seconds:.1f} | {whole['peak_mb']:.0f} |",
        f"| of it fit / predict / reasons | {whole['fit']:.1f} / {whole['predict']:.1f} / "
        f"{whole['reasons']:.1f} | |",
        f"| LightGBM alone | {plain['cpu_seconds']:.1f} | {plain['peak_mb']:.0f} |",
        f"| ratio | {seconds / plain['cpu_seconds']:.2f} | "
        f"{whole['peak_mb'] / plain['peak_mb']:.2f} |",
        "",
        f"Limit {LIMIT_SECONDS} CPU s: {verdict}.",
        "",
    ]


def _on_panel(rows_count: int) -> list[str]:
    """The product's models and the bare fits on the same panel."""
    product, bare = (_measured(name, rows_count) for name in PANELS)
    ratio = product["cpu_seconds"] / bare["cpu_seconds"]
    return [
        f"## A panel of {rows_count:,} rows and 60 features",
        "",
        "Made up: a quarter as many customers at four cutoffs. Churn and value models with their "
        "anchors against the five LightGBM fits that they contain, with the same rows, parameters, "
        "offsets and early stopping. The product bins the rows once for all targets, so that a "
        "fit may stop a few trees earlier or later.",
        "",
        "| | CPU s | trees | peak MB |",
        "| --- | --- | --- | --- |",
        *(
            f"| {name} | {one['cpu_seconds']:.0f} | {one['trees']:.0f} | {one['peak_mb']:.0f} |"
            for name, one in (("regulars", product), ("LightGBM alone", bare))
        ),
        f"| ratio | {ratio:.2f} | | {product['peak_mb'] / bare['peak_mb']:.2f} |",
        "",
        f"Limit {LIMIT_RATIO}: {'met' if ratio <= LIMIT_RATIO else 'missed'}.",
        "",
    ]


def _purchase_models(data: Path | None, cache: Path | None) -> list[str]:
    """Fit and prediction of purchase models, beside those of others."""
    lines = ["## Purchase models", "", "Fit and prediction with Gamma-Gamma, CPU s.", ""]
    lines += ["| | regulars | lifetimes | pymc-marketing |", "| --- | --- | --- | --- |"]
    for name in PURCHASES:
        try:
            given = posed(TASKS[name], orders_of(TASKS[name].orders, data))
        except NoData as reason:
            lines.append(f"| {name} | {reason} | | |")
            continue
        ours = {system: said.cpu_seconds for system, said in purchase_systems(given).items()}
        said, missing = peer_systems(given, cache) if cache else ({}, dict.fromkeys(SYSTEMS, "-"))
        theirs = {system: one.cpu_seconds for system, one in said.items()}
        for system, rivals in RIVALS.items():
            cells = [
                f"{theirs[rival]:.2f} ({theirs[rival] / ours[system]:.1f} x)"
                if rival in theirs
                else missing.get(rival, "-")
                for rival in rivals
            ]
            lines.append(f"| {name}, {system} | {ours[system]:.2f} | {' | '.join(cells)} |")
    return lines


def _measured(name: str, rows_count: int | None = None) -> parts.Told:
    command = [sys.executable, str(Path(__file__)), "--part", name]
    if rows_count is not None:
        command += ["--rows", str(rows_count)]
    # Threads that wait by spinning would be charged for their neighbours' work.
    variables = os.environ | {"OMP_WAIT_POLICY": "PASSIVE"}
    done = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{name} failed: {done.stderr}")
    told: parts.Told = json.loads(done.stdout.splitlines()[-1])
    print(f"{name}: {told['cpu_seconds']:.1f} CPU s", file=sys.stderr, flush=True)
    return told


def _median(told: list[parts.Told]) -> parts.Told:
    return {name: statistics.median(one[name] for one in told) for name in told[0]}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    folder = os.environ.get("REGULARS_TEST_DATA")
    parser.add_argument("--data", type=Path, default=Path(folder) if folder else None)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the made-up panel")
    parser.add_argument("--repeat", type=int, default=3, help="of the way on CDNOW")
    parser.add_argument("--no-peers", action="store_true", help="install and run no other library")
    parser.add_argument("--cache", type=Path, default=Path(".regulars/bench"))
    parser.add_argument("--markdown", type=Path, help="also write a page for people there")
    parser.add_argument("--part", choices=[*WAYS, *PANELS], help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
