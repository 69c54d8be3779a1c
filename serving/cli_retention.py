"""The command line of `regulars retention`: parse, call one function, print one result."""

from typing import Annotated

import typer

from features.settings import FILE_NAME
from serving.cli_options import JsonOption, NowOption, SettingsOption, day_of


def retention(
    settings: SettingsOption = FILE_NAME,
    months: Annotated[
        list[int] | None,
        typer.Option(
            "--months", "-m", min=1, max=36, help="Months ahead to judge; again for more."
        ),
    ] = None,
    cutoffs: Annotated[
        int, typer.Option(min=1, max=24, help="How many past months to judge at, pooled.")
    ] = 4,
    grace_days: Annotated[
        int | None,
        typer.Option(min=0, max=365, help="A renewal this late is one; else the settings' grace."),
    ] = None,
    now: NowOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Report how long contracts last, by month of start, and how well their end is foretold.

    For a business with a table of subscriptions, or with churn.kind subscription-end; by default
    it judges at 1, 3 and 6 months. Example: regulars retention --months 1 --months 12
    """
    from serving.business import settings_named
    from serving.commands.retention import retention_job
    from serving.commands.terminal import steps

    with steps(total_count=cutoffs + 3) as progress:
        report = retention_job(
            settings_named(settings),
            today=day_of(now),
            months=tuple(months or ()),
            cutoffs_count=cutoffs,
            grace_days=grace_days,
            progress=progress,
        )
    typer.echo(report.as_json() if as_json else report.as_text())
