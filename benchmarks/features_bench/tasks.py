"""Every measured task: its name, where its code is, what it needs, what it is checked with.

Only names stand here, so that a task's libraries are loaded in the task's own process.
"""

from dataclasses import dataclass
from typing import Literal

Environment = Literal["", "polars", "featuretools"]
"""Whose libraries a task needs: ours, or those of an environment made for it."""

Check = Literal["", "rows", "own"]
"""`rows` and `own` are compared with the reference; others have nothing to compare."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing that is measured; `code` is `module:function` of this package."""

    name: str
    label: str
    code: str
    cutoffs: int = 1
    slow: bool = False
    environment: Environment = ""
    needs: tuple[str, ...] = ()
    check: Check = ""
    own_log_events: int = 0  # a log of its own, if not 0


def reference_of(task: Task) -> str:
    """The task whose features this one's must equal; its own name for the reference itself."""
    if task.check == "own":
        return "tiles-filter-own"
    if task.own_log_events:
        return "duckdb-two-level-small"
    return "duckdb-two-level" if task.cutoffs == 1 else f"duckdb-two-level-{task.cutoffs}"


def _at(
    name: str,
    label: str,
    code: str,
    *,
    slow_from: int = 99,
    environment: Environment = "",
    needs: tuple[str, ...] = (),
) -> tuple[Task, ...]:
    """The task at one and at twelve cutoffs."""
    return tuple(
        Task(
            name if cutoffs == 1 else f"{name}-{cutoffs}",
            f"{label}, {cutoffs} cutoff{'s' if cutoffs > 1 else ''}",
            code,
            cutoffs=cutoffs,
            slow=cutoffs >= slow_from,
            environment=environment,
            needs=needs,
            check="rows",
        )
        for cutoffs in (1, 12)
    )


FLOORS = (
    Task("scan", "floor: scan of the columns used", "duckdb_peers:scan_needed"),
    Task("scan-all", "floor: scan of all columns", "duckdb_peers:scan_all"),
    Task("group", "floor: scan and group by customer", "duckdb_peers:scan_and_group"),
)

PEERS = (
    *_at("duckdb-two-level", "DuckDB, two levels", "duckdb_peers:two_level"),
    *_at(
        "duckdb-filter", "DuckDB, FILTER per window", "duckdb_peers:filter_per_window", slow_from=12
    ),
    *_at("pandas", "pandas, group-by per window", "pandas_peer:per_cutoff", slow_from=12),
    *_at(
        "polars", "Polars, streaming", "polars_peer:per_cutoff", slow_from=12, environment="polars"
    ),
    *_at(
        "polars-two-level",
        "Polars, streaming, two levels",
        "polars_peer:two_level",
        slow_from=12,
        environment="polars",
    ),
    Task("tiles-sql", "SQL: tiles, once", "duckdb_peers:tiles"),
    *_at("tiles-bins", "SQL on tiles, age bins", "duckdb_peers:age_bins", needs=("tiles-sql",)),
    *_at(
        "tiles-filter",
        "SQL on tiles, FILTER per window",
        "duckdb_peers:filter_on_tiles",
        needs=("tiles-sql",),
    ),
    Task(
        "tiles-filter-own",
        "SQL on tiles, a cutoff per customer",
        "duckdb_peers:own_cutoffs",
        needs=("tiles-sql",),
    ),
)

SMALL_EVENTS = 500_000
FEATURETOOLS = (
    Task(
        "duckdb-two-level-small",
        "DuckDB, two levels, smaller log",
        "duckdb_peers:two_level",
        check="rows",
        own_log_events=SMALL_EVENTS,
    ),
    Task(
        "featuretools",
        "Featuretools, one cutoff, smaller log",
        "featuretools_peer:one_cutoff",
        environment="featuretools",
        needs=("duckdb-two-level-small",),
        check="rows",
        own_log_events=SMALL_EVENTS,
    ),
    Task(
        "featuretools-own",
        "Featuretools, a cutoff per customer, smaller log",
        "featuretools_peer:own_cutoffs",
        slow=True,
        environment="featuretools",
        own_log_events=SMALL_EVENTS,
    ),
)

PRODUCT = (
    Task("regulars-tiles", "Regulars: tiles, once", "product:tiles"),
    *_at("regulars", "Regulars: features from tiles", "product:rows", needs=("regulars-tiles",)),
    Task(
        "regulars-own",
        "Regulars: a cutoff per customer",
        "product:own_cutoffs",
        needs=("regulars-tiles",),
        check="own",
    ),
    Task("regulars-day", "Regulars: a day appended", "product:append_day"),
    Task(
        "regulars-refresh",
        "Regulars: all customers after the day",
        "product:refresh",
        needs=("regulars-day",),
    ),
    Task(
        "regulars-live",
        "Regulars: one customer live",
        "product:one_customer",
        needs=("regulars-tiles",),
    ),
    Task(
        "regulars-erase", "Regulars: one customer erased", "product:erase", needs=("regulars-day",)
    ),
    Task(
        "regulars-100m",
        "Regulars: tiles and features of 100 million events",
        "product:everything",
        slow=True,
        own_log_events=100_000_000,
    ),
)

TASKS: tuple[Task, ...] = (*FLOORS, *PEERS, *FEATURETOOLS, *PRODUCT)
