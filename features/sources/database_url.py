"""The address of a database: secrets come from the environment and are never told.

`${CRM_URL}` stands for a whole address, `${CRM_PASSWORD}` for a part of one; a part is taken as it
is, so a password needs no escapes.
"""

import re
from collections.abc import Mapping

import sqlalchemy as sa

from features.errors import SettingsError

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def database_url(text: str, environment: Mapping[str, str]) -> sa.URL:
    """The address that a text of the settings stands for.

    Raises SettingsError if a variable is not set or the text is no address; it repeats neither.
    """
    whole = _VARIABLE.fullmatch(text.strip())
    if whole:
        text = _value(whole[1], environment)
    try:
        url = sa.make_url(text.strip())
    except (sa.exc.ArgumentError, ValueError):
        message = (
            "The url of the database cannot be read as one; write it like sqlite:///shop.db or "
            "postgresql://reader:${CRM_PASSWORD}@host:5432/crm."
        )
        raise SettingsError(message) from None

    def filled(part: str | None) -> str | None:
        return part and _VARIABLE.sub(lambda found: _value(found[1], environment), part)

    return url.set(
        username=filled(url.username),
        password=filled(url.password),
        host=filled(url.host),
        database=filled(url.database),
    )


def shown(url: sa.URL) -> str:
    """An address as people may see it: kind, host and name, no user, password or option."""
    host = url.host or ""
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{host}{port}/{url.database or ''}"


def _value(name: str, environment: Mapping[str, str]) -> str:
    value = environment.get(name)
    if not value:
        message = f"The url of the database needs the environment variable {name}; set it."
        raise SettingsError(message)
    return value
