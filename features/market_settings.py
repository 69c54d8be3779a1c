"""The settings of what differs by market: clock, money, holidays, and exchange rates."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from features.holidays import country_problem, region_problem
from features.markets import is_known_currency, is_known_time_zone
from features.settings_parts import CsvFormat, Part


def _known_currency(code: str) -> str:
    if not is_known_currency(code):
        message = f"{code!r} is no ISO 4217 currency; write it like EUR"
        raise ValueError(message)
    return code


def _quoted(code: object) -> object:
    """The code, unless YAML made something else of it: NO is its word for false, 01 a number."""
    if isinstance(code, bool | int):
        message = f"YAML reads this code as {code!r}; write it in quotes, such as 'NO'"
        raise ValueError(message)  # noqa: TRY004 - pydantic gathers ValueErrors
    return code


CurrencyCode = Annotated[str, AfterValidator(_known_currency)]
PlaceCode = Annotated[str, BeforeValidator(_quoted)]


class Market(Part):
    """A market: its clock, its money and its holidays."""

    time_zone: str = Field(default="UTC", description="IANA name; decides the local day")
    currency: CurrencyCode = Field(default="USD", description="ISO 4217 code")
    country: PlaceCode | None = Field(
        default=None, description="ISO 3166-1 code whose holidays count; without it none are known"
    )
    region: PlaceCode | None = Field(
        default=None, description="region of the country with holidays of its own, such as BY"
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if not is_known_time_zone(name):
            message = f"{name!r} is no IANA time zone; write it like Europe/Prague"
            raise ValueError(message)
        return name

    @field_validator("country")
    @classmethod
    def _known_country(cls, code: str | None) -> str | None:
        if code is not None and (problem := country_problem(code)):
            raise ValueError(problem)
        return code

    @model_validator(mode="after")
    def _known_region(self) -> Self:
        if self.region is None:
            return self
        if self.country is None:
            message = f"region {self.region!r} needs the country that it is part of"
            raise ValueError(message)
        if problem := region_problem(self.country, self.region):
            raise ValueError(problem)
        return self


class RateColumns(Part):
    """Which column of the file of exchange rates holds what."""

    day: str = Field(default="day", description="the day of the rate, as 2026-01-31")
    currency: str = Field(default="currency", description="ISO 4217 code of the foreign currency")
    rate: str = Field(
        default="rate", description="what one unit of it is worth in the business's currency"
    )


class RatesSource(Part):
    """Where the exchange rates come from: one row per day and currency, every row right."""

    path: Path = Field(description="a CSV or Parquet file, relative to this settings file")
    format: Literal["csv", "parquet"] = Field(description="what kind of file it is")
    columns: RateColumns = RateColumns()
    csv: CsvFormat = CsvFormat()
