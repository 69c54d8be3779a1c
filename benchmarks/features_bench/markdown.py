"""The page that the documentation shows: one run of the benchmark, from its own output."""

import os
import platform
from datetime import date
from importlib.metadata import version

from benchmarks.features_bench.limits import verdicts
from benchmarks.features_bench.log import Scale
from benchmarks.features_bench.report import table, totals
from benchmarks.features_bench.runner import Measured
from benchmarks.machine import machine, memory_gb

_PAGE = """\
# What features cost

Written by `{command}` on {today}; run it again to write it anew.

- Log: {events:,} events of {customers:,} customers in {months} months, three visits to one order
  line, as Parquet files by month (`benchmarks/features_bench/log.py`).
- Features: sixty of a customer as of a cutoff (`benchmarks/features_bench/definitions.py`), by
  every engine, compared: counts and money must be equal, the rest to 1e-9.
- Machine: {machine}, {cores} cores, {memory:.0f} GB; Python {python}, {versions}.
- Every task runs in a process of its own with one thread; what counts is its CPU seconds,
  because a machine that does other work beside takes longer by the clock.

## Limits

The bare scan reads every column of the log once; scan and group reads the columns that a feature
needs and adds them up by customer. Both are DuckDB's, in the same run.

{verdicts}

## All tasks

Ratios are to the three floors: `scan` reads only the columns that a feature needs, `scan-all` is
the bare scan, `group` is scan and group.

```text
{table}
{totals}
```
"""


def page(scale: Scale, measured: list[Measured], command: str, today: date) -> str:
    """The page of a run."""
    names = ("duckdb", "numpy", "pyarrow", "pandas")
    return _PAGE.format(
        command=command,
        today=today,
        events=scale.events,
        customers=scale.customers,
        months=scale.months,
        machine=machine(),
        cores=os.cpu_count(),
        memory=memory_gb(),
        python=platform.python_version(),
        versions=", ".join(f"{name} {version(name)}" for name in names),
        verdicts=verdicts(measured),
        table=table(measured),
        totals=totals(measured),
    )
