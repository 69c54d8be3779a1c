"""The proof on the business's own histories that nothing leaks, for people and for programs."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.histories import Histories
from features.ingestion import ingest
from features.settings import Settings
from features.store.histories import read
from features.stored import events_of
from serving.commands.jobs import alone, require_enough
from serving.commands.terminal import terminal_table
from training.evaluation import holdout_cutoff
from training.models.customer_model import Progress
from training.pipeline import as_of_day, horizons_of
from training.tracking import has_runs, log_verification
from training.verification.case import Case
from training.verification.system import product_system
from training.verification.verify import Verification, verify

FILE_NAME = "verify.json"
NEWCOMERS_SHARE = 0.1  # of the sample, beside it: customers of whom nothing was known at the cutoff


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """A verification, of how many customers it drew its own, and where it was written."""

    business: str
    of_customers_count: int
    found: Verification
    path: Path

    @property
    def holds(self) -> bool:
        """Whether no check failed."""
        return not self.found.failed

    def as_json(self) -> str:
        """The report as JSON."""
        return json.dumps(self._told(), indent=2, allow_nan=False)

    def as_text(self) -> str:
        """A line per check, then every first difference."""
        found = self.found
        events = ", ".join(f"{count:,} {name}" for name, count in found.events_counts.items())
        rows = [
            (one.result, one.name, one.done, f"{one.compared_count:,}", f"{one.seconds:.1f}")
            for one in found.checks
        ]
        failed = [f"{one.name}: {one.claim}\n  {one.difference}" for one in found.failed]
        return "\n".join(
            [
                f"{self.business}: {found.customers_count:,} of {self.of_customers_count:,} "
                f"customers with {events}, as of {found.cutoff}: {found.rows_count:,} customers "
                f"known, {found.features_count:,} features.",
                terminal_table(("", "check", "what was done", "rows compared", "seconds"), rows),
                *failed,
                self._verdict(),
            ]
        )

    def _verdict(self) -> str:
        checks = self.found.checks
        untried = [one.name for one in checks if one.result == "not tried"]
        rest = f"; not tried: {', '.join(untried)}" if untried else ""
        if self.holds:
            held = len(checks) - len(untried)
            return f"All {held} checks hold{rest}. Report: {self.path}"
        return f"{len(self.found.failed)} of {len(checks)} checks fail{rest}. Report: {self.path}"

    def _told(self) -> dict[str, Any]:
        about = {"business": self.business, "of_customers_count": self.of_customers_count}
        return {**self.found.to_dict(), **about}


def verify_job(
    settings: Settings,
    *,
    cutoff: date | None,
    customers: int,
    today: date,
    timer: Callable[[], float],
    progress: Progress,
) -> VerifyReport:
    """Read, draw customers, make every check; the report also goes to the workspace.

    Without a cutoff it is the holdout's. Where runs are kept, the result becomes one. Raises
    NotEnoughData where there is no honest model to verify.
    """
    with alone(settings):
        progress("reading")
        ingested = ingest(settings, today=today)
        require_enough(settings, ingested)
        histories = ingested.histories
        as_of, horizons = as_of_day(settings, histories), horizons_of(settings)
        day = cutoff or holdout_cutoff(histories.before(as_of), as_of, horizons)
        ids = drawn_customers(histories, day, customers, seed=settings.seed)
        case = Case(
            product_system(horizons, seed=settings.seed),
            events_of(read(settings.workspace / "histories"), ids),
            histories.shape,
            day,
            settings.seed,
            stored=histories.of(ids.to_pylist()),
        )
        found = verify(case, timer=timer, progress=progress)
        path = settings.workspace / FILE_NAME
        report = VerifyReport(settings.business, len(histories.customer_ids), found, path)
        path.write_text(report.as_json() + "\n", encoding="utf-8")
        if has_runs(settings.workspace):
            log_verification(settings, found)
    return report


def drawn_customers(histories: Histories, cutoff: date, count: int, *, seed: int) -> pa.Array:
    """So many customers who had ordered before the cutoff, and a tenth as many who came later."""
    orders = histories.orders
    past = pc.less(orders["day"], cutoff)
    known = orders["customer_id"].filter(past).cast(pa.string()).unique()
    later = histories.customer_ids
    later = later.filter(pc.invert(pc.is_in(later, value_set=known)))
    rng = np.random.default_rng(seed)
    share = int(np.ceil(count * NEWCOMERS_SHARE))
    return pa.concat_arrays([_some(known, count, rng), _some(later, share, rng)])


def _some(ids: pa.Array, count: int, rng: np.random.Generator) -> pa.Array:
    drawn = np.sort(rng.permutation(len(ids))[:count])
    return ids.take(pa.array(drawn, pa.int64()))
