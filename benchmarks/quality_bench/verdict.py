"""What a run of a task found: figures, marks, differences, cost."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.quality_bench.goals import (
    CPU_SECONDS,
    GOALS,
    INTERVALS,
    METRICS,
    Goal,
    interval_goals,
    marks,
)
from benchmarks.quality_bench.judgement import Difference, differences, figures, strongest
from benchmarks.quality_bench.peers import SYSTEMS as PEERS
from benchmarks.quality_bench.peers import peer_systems
from benchmarks.quality_bench.systems import CEILING, OURS, SEED, own_systems, posed
from benchmarks.quality_bench.tasks import Task, orders_of

FULL = "cdnow-full"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One task: `figures`, `cpu_seconds` and `notes` are by system, in the order of reports."""

    task: Task
    customers_count: int
    churn_rate: float
    value: float
    figures: dict[str, dict[str, float]]
    cpu_seconds: dict[str, float]
    notes: dict[str, str]
    goals: dict[str, Goal]
    against_peers: dict[str, Difference]
    against_all: dict[str, Difference]

    def marks(self) -> dict[str, bool]:
        """By metric, whether the product reaches its number; `cpu_seconds` where it has one."""
        measured = self.figures[OURS] | {"cpu_seconds": self.cpu_seconds[OURS]}
        return marks(measured, self.goals)

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON-able data."""
        told = self.marks()
        return {
            "task": self.task.name,
            "cutoff": self.task.cutoff.isoformat(),
            "horizon_days": self.task.horizon_days,
            "customers_count": self.customers_count,
            "churn_rate": self.churn_rate,
            "value": self.value,
            "figures": self.figures,
            "cpu_seconds": self.cpu_seconds,
            "notes": self.notes,
            "goals": {
                metric: {"goal": str(goal), "met": told[metric]}
                for metric, goal in self.goals.items()
            },
            "against_peers": _told(self.against_peers),
            "against_all": _told(self.against_all),
        }


def judge(
    task: Task, folder: Path | None, peers_cache: Path | None, *, seed: int = SEED
) -> Verdict:
    """Run every system on a task; without a folder for their environments, no peers.

    Raises NoData if its orders are not there.
    """
    given = posed(task, orders_of(task.orders, folder), seed=seed)
    own = own_systems(given)
    peers, missing = peer_systems(given, peers_cache) if peers_cache else ({}, {})
    said = {name: one for name, one in (own | peers).items() if name != CEILING}
    said[CEILING] = own[CEILING]
    tables = {name: one.table for name, one in said.items()}
    truth = given.churned, given.realised_value
    found = {name: figures(*truth, table) for name, table in tables.items()}
    goals = GOALS[task.name] | interval_goals(found)
    if task.name.startswith(FULL):
        goals["cpu_seconds"] = Goal(high=CPU_SECONDS)
    return Verdict(
        task=task,
        customers_count=len(given.churned),
        churn_rate=float(given.churned.mean()),
        value=float(given.realised_value.sum()),
        figures=found,
        cpu_seconds={name: one.cpu_seconds for name, one in said.items()},
        notes={name: one.note for name, one in said.items() if one.note} | missing,
        goals=goals,
        against_peers=differences(*truth, tables, strongest(found, PEERS)),
        against_all=differences(*truth, tables, strongest(found, tables)),
    )


def counted(verdicts: list[Verdict]) -> dict[str, tuple[int, int]]:
    """How many numbers were met and how many there are: accuracy, intervals and cost."""
    kinds = {"accuracy": METRICS, "intervals": INTERVALS, "cost": ("cpu_seconds",)}
    counts = {}
    for kind, metrics in kinds.items():
        told = [
            met
            for verdict in verdicts
            for metric, met in verdict.marks().items()
            if metric in metrics
        ]
        counts[kind] = sum(told), len(told)
    return counts


def missed(verdict: Verdict) -> list[str]:
    """The metrics whose number the product does not reach."""
    return [metric for metric, met in verdict.marks().items() if not met]


def _told(found: dict[str, Difference]) -> dict[str, dict[str, Any]]:
    return {metric: asdict(one) | {"verdict": one.verdict(metric)} for metric, one in found.items()}
