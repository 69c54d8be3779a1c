"""What our own tasks may cost, and whether they do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.features_bench.runner import Measured

Figure = Callable[[Measured, Mapping[str, float]], float]


@dataclass(frozen=True, slots=True)
class Limit:
    """The most that a figure of a task may be; `figure` gets the task and the floors' CPU s."""

    task: str
    says: str
    most: float
    unit: str
    figure: Figure


def _times(floor: str) -> Figure:
    return lambda one, floors: one.cpu / floors[floor]


def _fact(name: str) -> Figure:
    return lambda one, _: float(one.facts[name])


def _cpu(one: Measured, _: Mapping[str, float]) -> float:
    return one.cpu


SCAN = _times("scan-all")

LIMITS = (
    Limit("regulars-tiles", "Tiles, once", 10, "× scan and group", _times("group")),
    Limit("regulars", "One cutoff", 4, "× bare scan", SCAN),
    Limit("regulars-12", "Twelve cutoffs", 20, "× bare scan", SCAN),
    Limit("regulars-own", "A cutoff of her own for each customer", 20, "× bare scan", SCAN),
    Limit("regulars-day", "A day of new events into the store", 0.5, "s CPU", _cpu),
    Limit("regulars-refresh", "All customers featured again after it", 5, "s CPU", _cpu),
    Limit("regulars-live", "One customer, median", 1, "ms", _fact("ms_median")),
    Limit("regulars-erase", "One customer erased from the store", 1, "s CPU", _cpu),
    Limit("regulars-100m", "100 million events, peak of memory", 2, "GB", _fact("peak_gb")),
)
"""A bare scan reads every column of the log once."""


def verdicts(measured: list[Measured]) -> str:
    """A line of Markdown for each limit: what it is, what was measured, whether it is met."""
    by_name = {one.task.name: one for one in measured}
    floors = {name: one.cpu for name, one in by_name.items()}
    lines = ["| | limit | measured | |", "|---|---:|---:|---|"]
    for limit in LIMITS:
        most = f"{limit.most:g} {limit.unit}"
        one = by_name.get(limit.task)
        if one is None or one.skipped:
            lines.append(f"| {limit.says} | {most} | | not run |")
            continue
        figure = limit.figure(one, floors)
        verdict = "met" if figure <= limit.most else "**missed**"
        lines.append(f"| {limit.says} | {most} | {figure:.2f} | {verdict} |")
    return "\n".join(lines)
