"""The command `regulars openapi`: the API's description, to make clients from without a server."""

import json
from pathlib import Path
from typing import Annotated

import typer


def openapi(
    out: Annotated[Path | None, typer.Option(help="The file to write; without it, print.")] = None,
) -> None:
    """Write the OpenAPI 3.1 document of the API.

    Example: regulars openapi --out openapi.json
    """
    from serving.api.app import openapi_document  # the API's libraries take a while to load

    text = json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
