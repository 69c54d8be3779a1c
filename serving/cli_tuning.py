"""The command line of `regulars tune`: parse, call one function, print one result."""

import time
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from features.settings import FILE_NAME


def tune(
    settings: Annotated[
        str,
        typer.Option("--settings", "-s", help="The settings file.", envvar="REGULARS_SETTINGS"),
    ] = FILE_NAME,
    seconds: Annotated[
        float, typer.Option(min=1, help="How long to search; half of it for each model.")
    ] = 300,
    trials: Annotated[
        int, typer.Option(min=1, max=10_000, help="How many trees to try per model, at most.")
    ] = 100,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Where to write; else the settings' file, or trees.yml beside them."
        ),
    ] = None,
    now: Annotated[
        datetime | None,
        typer.Option("--now", formats=["%Y-%m-%d"], help="Pretend that today is this day."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Search for better trees on days before the holdout; write them if they beat chance.

    A search that was stopped goes on where it was. Example: regulars tune --seconds 600
    """
    from serving.business import settings_named
    from serving.commands.terminal import steps
    from serving.commands.tuning import place_of_trees, tuning_job
    from training.search import Budget

    today: date = now.date() if now else datetime.now().astimezone().date()
    given = settings_named(settings)
    place = place_of_trees(given, settings, out)
    with steps(total_count=2 * trials + 4) as progress:
        budget = Budget(trials, seconds, time.monotonic)
        report = tuning_job(given, budget, out=place, today=today, progress=progress)
    typer.echo(report.as_json() if as_json else report.as_text())
