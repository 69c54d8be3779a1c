"""The table that the benchmark prints, and the same as JSON."""

import platform
from importlib.metadata import version
from operator import itemgetter

from benchmarks.features_bench.log import Scale
from benchmarks.features_bench.runner import Measured
from benchmarks.features_bench.tasks import FLOORS

FLOOR_NAMES = tuple(floor.name for floor in FLOORS)


def table(measured: list[Measured]) -> str:
    """A line per task: its cost, the ratios to the floors of the same run, whether it is right."""
    floors = {one.task.name: one.cpu for one in measured if one.task.name in FLOOR_NAMES}
    heads = "".join(f"{'/ ' + name:>12}" for name in FLOOR_NAMES)
    lines = [f"{'':50}{'CPU s':>9}{heads}{'wall s':>9}{'peak GB':>9}{'rows':>12}  features"]
    for one in measured:
        if one.skipped:
            lines.append(f"{one.task.label:50}  not run: {one.skipped}")
            continue
        same_log = not one.task.own_log_events
        ratios = "".join(
            f"{one.cpu / floors[name]:12.1f}" if same_log and name in floors else f"{'':12}"
            for name in FLOOR_NAMES
        )
        rows = f"{one.facts['rows']:,}" if "rows" in one.facts else ""
        lines.append(
            f"{one.task.label:50}{one.cpu:9.2f}{ratios}{min(one.wall_seconds):9.2f}"
            f"{max(one.peak_mb) / 1024:9.2f}{rows:>12}  {one.verdict}".rstrip()
        )
        others = {name: value for name, value in one.facts.items() if name != "rows"}
        if others:
            lines.append(
                "    " + ", ".join(f"{name} {_short(value)}" for name, value in others.items())
            )
    return "\n".join(lines)


def totals(measured: list[Measured]) -> str:
    """Every way from the log to the features, what it builds on included, cheapest first."""
    cost = {one.task.name: one.cpu for one in measured if not one.skipped}
    lines = []
    for cutoffs in (1, 12):
        ways = {
            one.task.label: cost[one.task.name] + sum(cost[need] for need in one.task.needs)
            for one in measured
            if _is_a_way(one, cutoffs)
        }
        ours = next((total for label, total in ways.items() if label.startswith("Regulars")), None)
        if not ways:
            continue
        lines.append(f"\nFrom the log, {cutoffs} cutoff{'s' if cutoffs > 1 else ''}")
        for label, total in sorted(ways.items(), key=itemgetter(1)):
            ratio = f"{total / ours:9.2f} × Regulars" if ours else ""
            lines.append(f"{label:50}{total:9.2f}{ratio}")
    return "\n".join(lines)


def _is_a_way(one: Measured, cutoffs: int) -> bool:
    task = one.task
    same_log = not task.own_log_events
    return task.check == "rows" and task.cutoffs == cutoffs and same_log and not one.skipped


def document(scale: Scale, measured: list[Measured]) -> dict:
    """The same for programs, every repetition included."""
    return {
        "log": scale.name,
        "events": scale.events,
        "customers": scale.customers,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("duckdb", "numpy", "pandas", "pyarrow")},
        "tasks": [
            {
                "name": one.task.name,
                "label": one.task.label,
                "cpu_seconds": one.cpu_seconds,
                "wall_seconds": one.wall_seconds,
                "peak_mb": one.peak_mb,
                "facts": one.facts,
                "verdict": one.verdict,
                "skipped": one.skipped,
            }
            for one in measured
        ],
    }


def _short(value: float | str) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
