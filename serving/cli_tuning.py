"""The command line of `regulars tune`: parse, call one function, print one result."""

import time
from pathlib import Path
from typing import Annotated

import typer

from features.settings import FILE_NAME
from serving.cli_options import JsonOption, NowOption, SettingsOption, day_of


def tune(
    settings: SettingsOption = FILE_NAME,
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
    now: NowOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Search for better trees on days before the holdout; write them if they beat chance.

    A search that was stopped goes on where it was. Example: regulars tune --seconds 600
    """
    from serving.business import settings_named
    from serving.commands.terminal import steps
    from serving.commands.tuning import place_of_trees, tuning_job
    from training.search import Budget

    given = settings_named(settings)
    place = place_of_trees(given, settings, out)
    with steps(total_count=2 * trials + 4) as progress:
        budget = Budget(trials, seconds, time.monotonic)
        report = tuning_job(given, budget, out=place, today=day_of(now), progress=progress)
    typer.echo(report.as_json() if as_json else report.as_text())
