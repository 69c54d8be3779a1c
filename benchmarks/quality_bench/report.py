"""Tables of a run, for a terminal and for a page."""

import math

from benchmarks.quality_bench.goals import INTERVALS, METRICS
from benchmarks.quality_bench.judgement import VERDICTS, Difference
from benchmarks.quality_bench.systems import OURS
from benchmarks.quality_bench.verdict import Verdict, counted, missed

COLUMNS = METRICS | INTERVALS | {"cpu_seconds": "CPU s"}
NAMES = METRICS | INTERVALS | {"level_error": "distance of bias from 1", "cpu_seconds": "CPU s"}
DECIMALS = {"rmse": 1, "interval_score": 1, "cpu_seconds": 2, "bias": 3}
USUAL_DECIMALS = 4


def number(metric: str, value: float) -> str:
    """A figure as it is printed; empty if it does not exist."""
    if not math.isfinite(value):
        return ""
    return f"{value:.{DECIMALS.get(metric, USUAL_DECIMALS)}f}"


def rows(verdict: Verdict) -> list[list[str]]:
    """One row a system with every column, a missed number of the product's with `!`."""
    short = set(missed(verdict))
    table = []
    for system, figures in verdict.figures.items():
        measured = figures | {"cpu_seconds": verdict.cpu_seconds[system]}
        cells = [number(metric, measured.get(metric, math.nan)) for metric in COLUMNS]
        if system == OURS:
            cells = [
                cell + "!" * (metric in short) for metric, cell in zip(COLUMNS, cells, strict=True)
            ]
        table.append([system, *cells])
    return table


def heading(verdict: Verdict) -> str:
    """The task in a line."""
    task = verdict.task
    return (
        f"{task.name}: {task.words}, {verdict.customers_count:,} customers seen before "
        f"{task.cutoff}, {task.weeks} weeks judged, churn {verdict.churn_rate:.4f}"
    )


def text(verdict: Verdict) -> str:
    """A task for the terminal: the table, the numbers missed, the differences."""
    lines = [heading(verdict), _line("", list(COLUMNS.values()))]
    lines += [_line(system, cells) for system, *cells in rows(verdict)]
    goals = [str(verdict.goals.get(metric, "")) for metric in COLUMNS]
    lines.append(_line("to reach", goals))
    for words, found in (
        ("the strongest peer", verdict.against_peers),
        ("the strongest of all", verdict.against_all),
    ):
        lines += [
            f"  {NAMES[metric]}: {one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}] against "
            f"{one.opponent}, {words}: {one.verdict(metric)}"
            for metric, one in found.items()
        ]
    lines += [f"  {system}: {note}" for system, note in verdict.notes.items()]
    return "\n".join(lines)


def totals(verdicts: list[Verdict]) -> str:
    """How many numbers the product meets, in words."""
    parts = [f"{met} of {of} for {kind}" for kind, (met, of) in counted(verdicts).items() if of]
    return ", ".join(parts)


def wins(found: list[dict[str, Difference]]) -> str:
    """How often the product is better, even and worse, in words; a dictionary is a task."""
    told = [one.verdict(metric) for task in found for metric, one in task.items()]
    counts = ", ".join(f"{verdict} in {told.count(verdict)}" for verdict in VERDICTS)
    return f"{counts} of {len(told)}"


def _line(name: str, cells: list[str]) -> str:
    return f"{name:22}" + "".join(f"{cell:>16}" for cell in cells)
