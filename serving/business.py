"""Which business a command or a server works for: a settings file, or `demo`."""

import os
from pathlib import Path

from features.settings import FILE_NAME, Settings, load_settings

DEMO = "demo"
SETTINGS_VARIABLE = "REGULARS_SETTINGS"
DEMO_WORKSPACE = Path(".regulars/demo")


def settings_named(name: str) -> Settings:
    """The settings of a file, or of the bundled CDNOW orders for the name `demo`.

    Raises SettingsError that says what is wrong and how to make a file.
    """
    if name != DEMO:
        return load_settings(Path(name))
    from features.sources import cdnow

    return cdnow.settings(Path(os.environ.get("REGULARS_WORKSPACE", DEMO_WORKSPACE)).resolve())


def settings_from_environment() -> Settings:
    """The settings that REGULARS_SETTINGS names; without it, `regulars.yml` of this folder."""
    return settings_named(os.environ.get(SETTINGS_VARIABLE, FILE_NAME))
