"""The page that the documentation shows: one run of the benchmark, from its own output."""

import os
import platform
from datetime import date
from importlib.metadata import version

from benchmarks.environments import REQUIREMENTS
from benchmarks.machine import machine, memory_gb
from benchmarks.quality_bench.goals import INTERVALS, METRICS
from benchmarks.quality_bench.judgement import COMPARED
from benchmarks.quality_bench.report import COLUMNS, NAMES, heading, number, rows, totals, wins
from benchmarks.quality_bench.systems import OURS
from benchmarks.quality_bench.verdict import Verdict

_PAGE = """\
# How good the predictions are

Written by `{command}` on {today}; run it again to write it anew.

- Orders: CDNOW (comes with the product), its published sample of one customer in ten, and UCI
  Online Retail (returns, cancelled invoices, guests and lines of no amount dropped, repeated lines
  once; amounts to the penny). A task's name ends in the weeks known and the weeks judged.
- Learned strictly from before the cutoff; judged is everybody seen before it. Churn is no order in
  the judged weeks, value the money spent in them. Peers say P(no purchase in those weeks), not
  one minus P(alive), which ranks one-time buyers wrongly.
- Peers in environments of their own, told the same recency, frequency, age and mean value:
  {peers} (maxima of the posterior, default priors).
  What is called bg-nbd and pareto-nbd without a peer's name are the product's own fits; lightgbm
  is LightGBM alone on the product's features.
- Intervals of 90 %: the product's own; of purchase models drawn from their fitted parameters; of
  LightGBM quantile trees. Rules have none.
- The ceiling is plain LightGBM that was shown the holdout of four fifths of the customers and
  asked about the last: nobody could have known it. It says what these features hold, not what
  is to be beaten; it is noisy on small sets.
- Machine: {machine}, {cores} cores, {memory:.0f} GB; Python {python}, {versions}.
- CPU s are those of fit and prediction; of systems that read features with the features, of
  purchase models and peers without drawing intervals, of peers without their import.

**These figures flatter the product a little.** Every model here learned from before its cutoff,
but the recipe (which members, their weights, the share of the anchor's way) was compared on these
same public tasks while it was made; fresh data will show a little less. The strongest opponent of
a metric is picked on the holdout itself, which flatters the opponent. The seed is the product's
default; `--seed` takes another, and a number that is met or missed by a hair changes sides with it.

## Numbers to reach

Set before the models were built: on each axis about the best that any system tried then held, so
that no single one held a row. The product meets {totals}.

Bold is missed, with what was wanted; a figure is compared with four decimals.

{goals}

The interval score must be no worse than the best of bg-nbd, pareto-nbd and lightgbm; 0.90 of all
and 0.85 of those who bought must be covered. CPU s are limited on the full CDNOW only.

## Against the others

Metric by metric and task by task, where a difference whose 95 % interval holds zero is even, the
product is

- against the strongest peer {against_peers},
- against the strongest of all, its own baselines too, {against_all}.

The latter is another system from metric to metric: LightGBM alone ranks as well and is badly
calibrated where labels are short, purchase models the other way round.

{tasks}
"""

_TASK = """\
## {heading}

{table}

The product less the strongest, with the 95 % interval of {metric_count} paired differences over
500 resamples of customers:

{differences}
"""


def page(verdicts: list[Verdict], command: str, today: date) -> str:
    """The page of a run."""
    libraries = ("lightgbm", "scikit-learn", "numpy", "pandas")
    peers = REQUIREMENTS["lifetimes"] + REQUIREMENTS["pymc_marketing"]
    return _PAGE.format(
        command=command,
        today=today,
        peers=" and ".join(peer.replace("==", " ") for peer in peers),
        machine=machine(),
        cores=os.cpu_count(),
        memory=memory_gb(),
        python=platform.python_version(),
        versions=", ".join(f"{name} {version(name)}" for name in libraries),
        totals=totals(verdicts),
        goals=_goals(verdicts),
        against_peers=wins([verdict.against_peers for verdict in verdicts]),
        against_all=wins([verdict.against_all for verdict in verdicts]),
        tasks="\n".join(_task(verdict) for verdict in verdicts).rstrip(),
    )


def _goals(verdicts: list[Verdict]) -> str:
    head = ["task", *(METRICS | INTERVALS).values(), "CPU s", "met"]
    return _table(head, [_goal_row(verdict) for verdict in verdicts])


def _goal_row(verdict: Verdict) -> list[str]:
    told = verdict.marks()
    measured = verdict.figures[OURS] | {"cpu_seconds": verdict.cpu_seconds[OURS]}
    cells = []
    for metric in COLUMNS:
        figure = number(metric, measured[metric])
        if metric in told and not told[metric]:
            figure = f"**{figure}** ({verdict.goals[metric]})"
        cells.append(figure)
    return [verdict.task.name, *cells, f"{sum(told.values())} of {len(told)}"]


def _task(verdict: Verdict) -> str:
    body = [
        [f"**{name}**" if name == OURS else name, *(cell.rstrip("!") for cell in cells)]
        for name, *cells in rows(verdict)
    ]
    name, words = heading(verdict).split(": ", 1)
    told = _TASK.format(
        heading=name,
        table=f"{words[0].upper()}{words[1:]}.\n\n" + _table(["", *COLUMNS.values()], body),
        metric_count=len(verdict.against_all),
        differences=_differences(verdict),
    )
    if verdict.notes:
        told += "\n" + "\n".join(f"- {name}: {note}" for name, note in verdict.notes.items()) + "\n"
    return told


def _differences(verdict: Verdict) -> str:
    body = []
    for metric in COMPARED:
        cells = []
        for found in (verdict.against_peers, verdict.against_all):
            one = found.get(metric)
            if one is None:
                cells += ["", "", ""]
                continue
            value, low, high = (
                number(metric, bound) if bound < 0 else f"+{number(metric, bound)}"
                for bound in (one.value, one.low, one.high)
            )
            cells += [one.opponent, f"{value} [{low}, {high}]", one.verdict(metric)]
        body.append([NAMES[metric], *cells])
    head = ["", "strongest peer", "difference", "", "strongest of all", "difference", ""]
    return _table(head, body)


def _table(head: list[str], body: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
