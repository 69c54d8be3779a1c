"""The command line of the API's keys: `keys create`, `keys list`, `keys rotate`, `keys revoke`."""

from datetime import datetime
from typing import Annotated

import typer

from features.settings import FILE_NAME
from serving.access.keys import SCOPES
from serving.cli_options import JsonOption, SettingsOption, now_utc

keys = typer.Typer(
    no_args_is_help=True,
    help="The keys that programs ask the API with. Example: regulars keys list",
)


def _known_scopes(given: list[str]) -> list[str]:
    unknown = sorted(set(given) - set(SCOPES))
    if unknown:
        message = f"{', '.join(unknown)} is none of {', '.join(SCOPES)}"
        raise typer.BadParameter(message)
    return given


KeyId = Annotated[str, typer.Argument(metavar="ID", help="The eight characters after rgl_.")]


@keys.command("create")
def keys_create(
    scope: Annotated[
        list[str],
        typer.Option(
            callback=_known_scopes, help=f"What it may do, again for more: {', '.join(SCOPES)}."
        ),
    ],
    label: Annotated[str, typer.Option(help="Who will use it, such as CRM.")],
    market: Annotated[
        list[str] | None, typer.Option(help="Only customers of this market; again for more.")
    ] = None,
    expires: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="It ends when this day begins, in UTC."),
    ] = None,
    settings: SettingsOption = FILE_NAME,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it; it is kept as a digest only and never shown again.

    Example: regulars keys create --scope scores:read --label CRM --expires 2027-01-31
    """
    from serving.business import settings_named
    from serving.commands.keys import Asked, create

    asked = Asked(tuple(scope), label, tuple(market or ()) or None, expires)
    made = create(settings_named(settings), asked, now_utc())
    typer.echo(made.as_json() if as_json else made.as_text())


@keys.command("list")
def keys_list(settings: SettingsOption = FILE_NAME, *, as_json: JsonOption = False) -> None:
    """List every key: label, scopes, markets, state, day of its last use.

    Example: regulars keys list --json
    """
    from serving.business import settings_named
    from serving.commands.keys import listed

    found = listed(settings_named(settings), now_utc())
    typer.echo(found.as_json() if as_json else found.as_text())


@keys.command("rotate")
def keys_rotate(
    key_id: KeyId,
    overlap: Annotated[
        str, typer.Option(help="How long the old key still works: 30m, 24h, 7d or 0.")
    ] = "24h",
    settings: SettingsOption = FILE_NAME,
    *,
    as_json: JsonOption = False,
) -> None:
    """Make a key that may do the same, and let the old one end after the overlap.

    Example: regulars keys rotate k3v9x2ab --overlap 24h
    """
    from serving.business import settings_named
    from serving.commands.keys import overlap_of, rotate

    made = rotate(settings_named(settings), key_id, now_utc(), overlap_of(overlap))
    typer.echo(made.as_json() if as_json else made.as_text())


@keys.command("revoke")
def keys_revoke(key_id: KeyId, settings: SettingsOption = FILE_NAME) -> None:
    """Let a key open nothing any more; a running server knows in less than a second.

    Example: regulars keys revoke k3v9x2ab
    """
    from serving.business import settings_named
    from serving.commands.keys import revoke

    typer.echo(revoke(settings_named(settings), key_id, now_utc()))
