"""What the parts of the settings are made of."""

from typing import Literal

from pydantic import BaseModel, Field


class Part(BaseModel, frozen=True, extra="forbid"):
    """A part of the settings: immutable, unknown keys refused."""


class CsvFormat(Part):
    """How a text file writes its rows. Nothing of it is guessed while reading."""

    separator: str = Field(default=",", min_length=1, max_length=1, description="between columns")
    decimal: Literal[".", ","] = Field(default=".", description="decimal sign of amounts")
    thousands: Literal["", ",", ".", " ", "'"] = Field(
        default="", description="sign between thousands, if amounts have one"
    )
    encoding: str = Field(default="utf-8", description="a BOM is accepted either way")
