"""The settings of features: the files in which a business declares its own."""

from pathlib import Path
from typing import Self

from pydantic import Field

from features.settings_parts import Part


class FeatureSettings(Part):
    """Features of the business's own, beside those of the product."""

    files: tuple[Path, ...] = Field(
        default=(),
        description="Python files with features of your own, relative to this settings file; "
        "their code is run",
    )

    def under(self, folder: Path) -> Self:
        """The same settings with their files under this folder."""
        return self.model_copy(update={"files": tuple(folder / file for file in self.files)})
