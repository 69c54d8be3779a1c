"""The command line of the model's versions: `models`, `models card`, `promote`, `rollback`."""

from typing import Annotated

import typer

from features.settings import FILE_NAME
from serving.cli_options import JsonOption, NowOption, SettingsOption, day_of

models = typer.Typer(
    help="The registered versions of the model, and the card of each. Example: regulars models"
)


@models.callback(invoke_without_command=True)
def models_list(
    context: typer.Context, settings: SettingsOption = FILE_NAME, *, as_json: JsonOption = False
) -> None:
    """List the versions: day, grade, champion, what the gate decided, digest.

    Example: regulars models --json
    """
    if context.invoked_subcommand is not None:
        return
    from serving.business import settings_named
    from serving.commands.models import list_versions

    found = list_versions(settings_named(settings))
    typer.echo(found.as_json() if as_json else found.as_text())


@models.command("card")
def models_card(
    version: Annotated[
        str | None, typer.Argument(help="Number of a version; without it, the champion.")
    ] = None,
    settings: SettingsOption = FILE_NAME,
    *,
    as_json: JsonOption = False,
) -> None:
    """Print the card of a version as Markdown: definition, data, quality, limits, gate.

    Example: regulars models card 3 > card.md
    """
    from serving.business import settings_named
    from serving.commands.models import show_card

    card = show_card(settings_named(settings), version)
    typer.echo(card.as_json() if as_json else card.as_text())


def promote(
    version: Annotated[
        str | None, typer.Argument(help="Number of a version; without it, the newest.")
    ] = None,
    settings: SettingsOption = FILE_NAME,
    despite_gate: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Promote what the gate refuses; the reason is kept."),
    ] = None,
    now: NowOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a version champion by hand, if the gate let it pass, and print its evidence.

    Ends with 1 where the gate refuses and no reason is given. Example: regulars promote 4
    """
    from serving.business import settings_named
    from serving.commands.models import promote_by_hand

    moved = promote_by_hand(
        settings_named(settings), version, despite_gate=despite_gate, today=day_of(now)
    )
    typer.echo(moved.as_json() if as_json else moved.as_text())
    raise typer.Exit(0 if moved.moved or moved.version == moved.before else 1)


def rollback(
    settings: SettingsOption = FILE_NAME,
    to: Annotated[
        str | None, typer.Option(metavar="VERSION", help="Not the champion before, but this one.")
    ] = None,
    now: NowOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make the champion before champion again; the present one does not come back by itself.

    Example: regulars rollback
    """
    from serving.business import settings_named
    from serving.commands.models import roll_back_by_hand

    moved = roll_back_by_hand(settings_named(settings), to, today=day_of(now))
    typer.echo(moved.as_json() if as_json else moved.as_text())
