"""The command line of `regulars verify`: parse, call one function, print one result."""

import time
from datetime import datetime
from typing import Annotated

import typer

from features.settings import FILE_NAME
from serving.cli_options import JsonOption, NowOption, SettingsOption, day_of


def verify(
    settings: SettingsOption = FILE_NAME,
    cutoff: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day of prediction; without it, the holdout's."),
    ] = None,
    customers: Annotated[
        int, typer.Option(min=100, help="How many customers, drawn by the settings' seed.")
    ] = 2000,
    now: NowOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Prove on your own histories that no prediction knows what was not known on its day.

    Changes the future, arrivals, the calendar, names and order, and asks again: features, panel,
    model and predictions must be the same to the last bit. Ends with 1 if anything differs.
    Example: regulars verify --customers 5000
    """
    from serving.business import settings_named
    from serving.commands.terminal import steps
    from serving.commands.verify import verify_job
    from training.verification.checks import CLAIMS

    with steps(total_count=len(CLAIMS) + 2) as progress:
        report = verify_job(
            settings_named(settings),
            cutoff=cutoff.date() if cutoff else None,
            customers=customers,
            today=day_of(now),
            timer=time.perf_counter,
            progress=progress,
        )
    typer.echo(report.as_json() if as_json else report.as_text())
    raise typer.Exit(0 if report.holds else 1)
