"""What a task is given: the log, the cutoffs, a folder for its result, and its stop-watch.

Only the standard library is imported here: this module also runs in the peers' environments.
"""

import resource
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

Facts = dict[str, float | int | str]
"""What a task says of itself beside its cost."""


class NotBuilt(Exception):
    """The task's code does not exist yet."""


class Watch:
    """CPU and wall seconds since the start or the last `restart`, children included."""

    def __init__(self) -> None:
        """Start now."""
        self.restart()

    def restart(self) -> None:
        """Forget what was before: called by a task once its preparation is done."""
        self._cpu, self._wall = _cpu_seconds(), time.perf_counter()

    def read(self) -> tuple[float, float]:
        """CPU seconds and wall seconds."""
        return _cpu_seconds() - self._cpu, time.perf_counter() - self._wall


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a task reads and writes.

    `results` holds a folder per task; what one task leaves there, a later one may use.
    """

    log: Path
    results: Path
    task: str
    cutoffs: tuple[date, ...]
    watch: Watch = field(default_factory=Watch)

    @property
    def output(self) -> Path:
        """The task's own folder; it exists and is empty when the task starts."""
        return self.results / self.task

    def of(self, task: str) -> Path:
        """What another task left."""
        return self.results / task

    def files(self, table: str) -> str:
        """The log's files of `orders` or `visits`, as a pattern."""
        return str(self.log / table / "*.parquet")

    def rows(self, cutoff: date) -> Path:
        """Where the rows of a cutoff are written."""
        return self.output / f"{cutoff:%Y-%m-%d}.parquet"


def peak_megabytes() -> float:
    """Highest memory of this process so far.

    `ru_maxrss` would do, but a child inherits its parent's there; the kernel's own mark does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="utf-8").splitlines()
        mark = next(line for line in lines if line.startswith("VmHWM:"))
        return int(mark.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _cpu_seconds() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
