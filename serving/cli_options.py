"""Options that several commands of the command line share, and the day that it is."""

from datetime import UTC, date, datetime
from typing import Annotated

import typer

SettingsOption = Annotated[
    str,
    typer.Option(
        "--settings",
        "-s",
        help="The settings file, or `demo` for the CDNOW orders.",
        envvar="REGULARS_SETTINGS",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
MarkdownOption = Annotated[bool, typer.Option("--markdown", help="Print Markdown.")]
NowOption = Annotated[
    datetime | None,
    typer.Option("--now", formats=["%Y-%m-%d"], help="Pretend that today is this day."),
]


def day_of(now: datetime | None) -> date:
    """The day that `--now` names, or today's here."""
    return now.date() if now else datetime.now().astimezone().date()


def now_utc() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)
