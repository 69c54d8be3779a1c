"""One file, `regulars.yml`, describes a business; this module is its contract.

Every key has its meaning in its description, every default stands here once. Unknown keys are
errors. Any value can be overridden by the environment: `REGULARS_VALUE__MARGIN=0.4`.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from features.engine_settings import EngineName, SparkSettings
from features.errors import SettingsError
from features.feature_settings import FeatureSettings
from features.market_settings import CurrencyCode, Market
from features.serve_settings import ServeSettings
from features.settings_parts import Part
from features.settings_reading import explained, read_mapping
from features.source_settings import Sources

FILE_NAME = "regulars.yml"


class NoOrderChurn(Part):
    """A customer has churned when no order came for this long."""

    kind: Literal["no-order"] = Field(default="no-order", description="churn by silence")
    within_days: int = Field(ge=1, le=3650, description="no order for this many days is churn")

    @property
    def horizon_days(self) -> int:
        """How far ahead churn is predicted."""
        return self.within_days

    @property
    def name(self) -> str:
        """The definition's name and version, as the API shows it."""
        return f"no-order-{self.within_days}d@1"


class SubscriptionEndChurn(Part):
    """A customer has churned when her paid time has ended and no payment renewed it in time."""

    kind: Literal["subscription-end"] = Field(description="churn by the end of paid time")
    within_days: int = Field(ge=1, le=3650, description="how far ahead the end is predicted")
    grace_days: int = Field(
        default=0, ge=0, le=365, description="a renewal this late is still a renewal"
    )

    @property
    def horizon_days(self) -> int:
        """How far ahead churn is predicted."""
        return self.within_days

    @property
    def name(self) -> str:
        """The definition's name and version, as the API shows it."""
        return f"subscription-end-{self.within_days}d-grace-{self.grace_days}d@1"


def _kind_of(churn: object) -> object:
    """The kind that a definition names; one that names none is about orders."""
    if isinstance(churn, dict):
        return churn.get("kind", "no-order")
    return getattr(churn, "kind", None)


CHURN_KINDS = ("no-order", "subscription-end")
ChurnDefinition = Annotated[
    Annotated[NoOrderChurn, Tag("no-order")]
    | Annotated[SubscriptionEndChurn, Tag("subscription-end")],
    Discriminator(_kind_of),
]


class ValueSettings(Part):
    """What a customer's future orders are worth."""

    horizon_days: int = Field(default=365, ge=1, le=3650, description="how far ahead")
    margin: float = Field(default=1.0, gt=0, le=1, description="contribution margin of an order")
    discount_rate: float = Field(default=0.1, ge=0, lt=1, description="per year")
    interval: float = Field(default=0.8, gt=0.5, lt=1, description="share covered by low..high")


class Bands(Part):
    """Where churn probability becomes a band."""

    high: float = Field(default=0.6, gt=0, lt=1, description="from here on risk is high")
    medium: float = Field(default=0.3, gt=0, lt=1, description="from here on it is medium")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.medium >= self.high:
            message = "medium must be below high"
            raise ValueError(message)
        return self

    def of(self, churn_probability: float) -> str:
        """The band of a probability: high, medium or low."""
        if churn_probability >= self.high:
            return "high"
        return "medium" if churn_probability >= self.medium else "low"


class CalibrationSettings(Part):
    """From where on probabilities that do not agree with what happened are flagged or withheld.

    Both tolerances are shares of customers, of the level and of the calibration error alike, and
    a market is off only if the holdout shows it beyond chance.
    """

    flagged_over: float = Field(
        default=0.05, gt=0, le=1, description="off by more than this: scored, and marked as off"
    )
    withheld_over: float = Field(
        default=0.2, gt=0, le=1, description="off by more than this: no score; 1 withholds none"
    )
    min_customers: int = Field(
        default=200, ge=50, description="a market of fewer on the holdout is not checked itself"
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.flagged_over > self.withheld_over:
            message = "flagged_over must not be above withheld_over"
            raise ValueError(message)
        return self


class StoreSettings(Part):
    """Where scores are published, and how long their past is kept."""

    address: str | None = Field(
        default=None,
        pattern=r"^(sqlite:///|postgresql://|\$\{\w+\}$)",
        description="such as postgresql://regulars:${STORE_PASSWORD}@host/scores, secrets from "
        "the environment; without it, scores.db in the workspace",
    )
    history_months: int = Field(
        default=24, ge=1, le=240, description="how long a customer's past scores are kept"
    )


BaselineName = Literal["recency-rule", "rfm-cells", "bg-nbd", "pareto-nbd"]


def _currency_of_markets(checked: dict[str, Any]) -> str:
    """The currency of the first market, or the default's where the markets are wrong anyway."""
    return next(iter(checked.get("markets", {}).values()), Market()).currency


class Settings(BaseSettings):
    """A business: its tables, its markets, what churn and value mean to it."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="REGULARS_", env_nested_delimiter="__"
    )

    business: str = Field(default="My business", description="the name on the page")
    workspace: Path = Field(
        default=Path(".regulars"), description="where histories, runs, models and scores are kept"
    )
    sources: Sources
    markets: Annotated[dict[str, Market], Field(min_length=1)] = {"default": Market()}
    currency: CurrencyCode = Field(
        default_factory=_currency_of_markets,
        description="the business's own currency; without it, the one of its markets",
    )
    engine: EngineName = Field(
        default="duckdb", description="where histories are made: in this process, or on Spark"
    )
    spark: SparkSettings = SparkSettings()
    features: FeatureSettings = FeatureSettings()
    churn: ChurnDefinition
    value: ValueSettings = ValueSettings()
    trees: Path | None = Field(
        default=None,
        description="file that says how the models' trees are grown, such as regulars tune writes",
    )
    bands: Bands = Bands()
    calibration: CalibrationSettings = CalibrationSettings()
    store: StoreSettings = StoreSettings()
    baseline: BaselineName | None = Field(
        default=None,
        description="the model to beat; without it bg-nbd, or rfm-cells for subscriptions",
    )
    as_of: date | None = Field(
        default=None, description="score as of this day; without it, the day after the last order"
    )
    valid_days: int = Field(default=7, ge=1, description="how long a score may be used")
    serve: ServeSettings = ServeSettings()
    min_customers: int = Field(default=500, ge=100, description="below this there is no model")
    seed: int = Field(default=1, ge=0, description="same data, settings and seed: same bytes")

    @model_validator(mode="after")
    def _several_currencies_have_rates(self) -> Self:
        currencies = sorted({market.currency for market in self.markets.values()})
        is_told = "currency" in self.model_fields_set  # else it is that of the first market only
        if currencies != [self.currency] and not (is_told and self.sources.rates):
            message = (
                f"markets in {', '.join(currencies)} need the business's own currency, such as "
                "currency: EUR, and its exchange rates in sources.rates"
            )
            raise ValueError(message)
        return self

    @property
    def baseline_name(self) -> BaselineName:
        """The model to beat: one that predicts the same event."""
        by_default: BaselineName = "bg-nbd" if self.churn.kind == "no-order" else "rfm-cells"
        return self.baseline or by_default

    @model_validator(mode="after")
    def _a_subscription_has_one_horizon(self) -> Self:
        subscription = self.churn.kind == "subscription-end"
        if subscription and self.value.horizon_days != self.churn.horizon_days:
            message = (
                "with churn.kind subscription-end, value.horizon_days must equal "
                "churn.within_days: how the end of paid time stretches in time is not modelled yet"
            )
            raise ValueError(message)
        if subscription and self.baseline in {"bg-nbd", "pareto-nbd"}:
            message = (
                f"baseline {self.baseline} predicts orders, not the end of a subscription; "
                "use rfm-cells or recency-rule"
            )
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _paid_until_is_mapped(self) -> Self:
        mapped = self.sources.orders.columns.paid_until is not None
        if self.churn.kind == "subscription-end" and not mapped:
            message = (
                "churn.kind subscription-end needs sources.orders.columns.paid_until, the column "
                "that says until when a row is paid"
            )
            raise ValueError(message)
        return self

    @property
    def default_market(self) -> str:
        """The market of rows that name none: the first."""
        return next(iter(self.markets))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file: an operator can change one value without editing."""
        return env_settings, init_settings


def load_settings(path: Path) -> Settings:
    """The settings of this file, with its relative paths resolved against its folder.

    Raises SettingsError that names the key, its line, and what to write instead.
    """
    text, content = read_mapping(path, cure="Make one with: regulars init ORDERS.csv")
    try:
        settings = Settings(**content)
    except ValidationError as error:
        # A definition's kind stands in the path of an error, but not in the file.
        message = explained(error, path, text, whole=Settings, hidden=CHURN_KINDS)
        raise SettingsError(message) from None
    return _resolved(settings, path.resolve().parent)


def _resolved(settings: Settings, folder: Path) -> Settings:
    places = {
        name: source.model_copy(update={"path": folder / source.path})
        for name, source in settings.sources
        if source is not None and isinstance(source.path, Path)
    }
    sources = settings.sources.model_copy(update=places)
    near = {
        name: source.model_copy(update={"url": _near(source.url, folder)})
        for name, source in sources.given().items()
        if source.url is not None
    }
    sources = sources.model_copy(update=near)
    address = settings.store.address and _near(settings.store.address, folder)
    return settings.model_copy(
        update={
            "sources": sources,
            "features": settings.features.under(folder),
            "trees": None if settings.trees is None else folder / settings.trees,
            "workspace": folder / settings.workspace,
            "store": settings.store.model_copy(update={"address": address}),
        }
    )


def _near(url: str, folder: Path) -> str:
    """The address of a database, a file of SQLite looked for from this folder."""
    file = url.removeprefix("sqlite:///")
    return url if file == url else f"sqlite:///{folder / file}"
