"""The settings of the tables that a business brings: where each is, and which column holds what.

A role takes the name of a column, or, where one value for all rows makes sense, `=value`. Money may
be a product of two columns, as in `quantity*unit_price`. Roles are those of `features.schema`.
"""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from features.market_settings import RatesSource
from features.settings_parts import CsvFormat, Part

PRODUCTS = frozenset({"amount", "discount", "cost", "price"})
"""Roles of money, which may be a product of two columns."""

_OWN = frozenset(
    [
        *("customer_id", "event_id", "order_id", "ticket_id", "subscription_id"),
        *("timestamp", "arrived_at", "closed_at", "ended_on", "paid_until", "expires"),
        *("registered", "born", "amount", "score", "comment"),
    ]
)
"""Roles that differ from row to row, so one value for all rows would be a mistake."""

_WORD = re.compile(r"[a-z0-9_]+")


class TableColumns(Part):
    """Which column holds what: the roles that every table has."""

    one_for_all: ClassVar[frozenset[str]] = frozenset()
    """Roles of `_OWN` that may be one value for all rows of this table nevertheless."""

    customer_id: str = Field(description="whose row it is; an opaque text, never a number")
    event_id: str | None = Field(
        default=None, description="identity of the row; two rows with one id are one event"
    )
    arrived_at: str | None = Field(
        default=None,
        description="when the business came to know the row; without it, when it happened",
    )
    market: str | None = Field(default=None, description="market of the row, as named in markets")
    currency: str | None = Field(default=None, description="ISO 4217 code of the row")

    @model_validator(mode="before")
    @classmethod
    def _names_are_texts(cls, columns: object) -> object:
        for role, name in columns.items() if isinstance(columns, dict) else ():
            if isinstance(name, bool | int | float | date):
                message = f"YAML reads the column of {role} as {name!r}; write it in quotes"
                raise ValueError(message)  # noqa: TRY004 - pydantic gathers ValueErrors
        return columns

    def mapped(self) -> dict[str, str]:
        """What each mapped role is set to, by role."""
        return self.model_dump(exclude_none=True)

    def names(self) -> list[str]:
        """Every column of the file that is read, each once, in order."""
        parts = [part for role, text in self.mapped().items() for part in factors(role, text)]
        return list(dict.fromkeys(part for part in parts if not part.startswith("=")))

    @model_validator(mode="after")
    def _one_value_for_all_makes_sense(self) -> Self:
        for role, text in self.mapped().items():
            is_own = role in _OWN - self.one_for_all
            if text.startswith("=") and (is_own or not text[1:].strip()):
                message = f"{role} is {text!r}; it must name a column of the file"
                raise ValueError(message)
        return self


def factors(role: str, text: str) -> list[str]:
    """The columns that a role is made of: two where money is a product, else one."""
    is_product = role in PRODUCTS and not text.startswith("=")
    return [part.strip() for part in text.split("*")] if is_product else [text]


class OrderColumns(TableColumns):
    """Which column of the orders holds what. Names are those of the file's header."""

    timestamp: str = Field(description="when; a date or a date with time")
    amount: str = Field(description="money of the row, or a product such as `quantity*unit_price`")
    discount: str | None = Field(
        default=None, description="money taken off, already left out of the amount"
    )
    cost: str | None = Field(default=None, description="what the goods cost the business")
    order_id: str | None = Field(default=None, description="rows with one id are one order")
    product: str | None = Field(default=None, description="what was bought")
    category: str | None = Field(default=None, description="category of the product")
    channel: str | None = Field(default=None, description="where it was bought: web, store, app")
    quantity: str | None = Field(default=None, description="units bought")
    paid_until: str | None = Field(
        default=None,
        description="for subscriptions, one row a payment: the first day it no longer pays for",
    )


class VisitColumns(TableColumns):
    """Which column of the visits holds what."""

    timestamp: str = Field(description="when; a date or a date with time")
    kind: str | None = Field(default=None, description="what was done: view, search, like, post")
    channel: str | None = Field(default=None, description="where: web, app, store")
    seconds: str | None = Field(default=None, description="how long it took")


class EmailColumns(TableColumns):
    """Which column of the messages holds what."""

    timestamp: str = Field(description="when it was sent, opened, clicked; one row each")
    kind: str = Field(
        description="sent, opened, clicked, bounced, complained or unsubscribed; `=sent` for all"
    )
    campaign: str | None = Field(default=None, description="the campaign it belongs to")


class TicketColumns(TableColumns):
    """Which column of the support tickets holds what; one row a ticket."""

    timestamp: str = Field(description="when it was opened")
    closed_at: str | None = Field(
        default=None, description="when it was closed; empty if it is open"
    )
    ticket_id: str | None = Field(default=None, description="identity of the ticket")
    topic: str | None = Field(default=None, description="what it was about")
    priority: str | None = Field(default=None, description="how urgent it was")
    score: str | None = Field(
        default=None, description="satisfaction with the answer; known from the closing on"
    )

    @model_validator(mode="after")
    def _a_score_comes_with_the_closing(self) -> Self:
        if self.score is not None and self.closed_at is None:
            message = "score needs closed_at: before a ticket is closed its score is not known"
            raise ValueError(message)
        return self


class SurveyColumns(TableColumns):
    """Which column of the answers to surveys holds what."""

    timestamp: str = Field(description="when it was answered")
    kind: str = Field(description="which question was asked; `=nps` if the file holds one")
    score: str | None = Field(default=None, description="the answer as a number")
    comment: str | None = Field(default=None, description="what the customer wrote")
    language: str | None = Field(default=None, description="language of the comment, such as de")


class LoyaltyColumns(TableColumns):
    """Which column of the loyalty programme holds what."""

    timestamp: str = Field(description="when the points or the tier changed")
    kind: str = Field(description="earned, spent, expired or tier")
    points: str | None = Field(default=None, description="how many, as a positive number")
    tier_level: str | None = Field(default=None, description="the new tier, 0 being the lowest")
    expires: str | None = Field(default=None, description="day on which points earned expire")


class SubscriptionColumns(TableColumns):
    """Which column of the subscriptions holds what; one row a subscription."""

    timestamp: str = Field(description="when it started")
    ended_on: str | None = Field(
        default=None, description="first day on which it no longer ran; empty if it still runs"
    )
    subscription_id: str | None = Field(default=None, description="identity of the subscription")
    plan: str | None = Field(default=None, description="what was subscribed to")
    price: str | None = Field(default=None, description="price of a month")
    reason: str | None = Field(default=None, description="why it ended, such as price or support")


class ContactColumns(TableColumns):
    """Which column of the contacts and offers holds what."""

    timestamp: str = Field(description="when the customer received it")
    kind: str = Field(description="contact or offer; `=offer` if the file holds offers alone")
    channel: str | None = Field(default=None, description="how: e-mail, phone, letter")
    campaign: str | None = Field(default=None, description="the campaign it belongs to")
    cost: str | None = Field(default=None, description="what it cost the business")


class ConsentColumns(TableColumns):
    """Which column of the consents holds what."""

    timestamp: str = Field(description="when it was given or taken back")
    purpose: str = Field(description="what for: analytics, marketing")
    granted: str = Field(description="yes if it was given, no if it was taken back")
    channel: str | None = Field(default=None, description="the channel it is for; empty is all")
    expires: str | None = Field(default=None, description="first day on which it no longer holds")


class CustomerColumns(TableColumns):
    """Which column of what is known of customers holds what."""

    # A list of customers without a date of its own is true from one day on for all of them.
    one_for_all = frozenset({"timestamp"})

    timestamp: str | None = Field(
        default=None,
        description="from when on the row holds; without it, the registration; `=2026-01-31` for "
        "all rows",
    )
    country: str | None = Field(default=None, description="ISO 3166-1 code of where she lives")
    language: str | None = Field(default=None, description="the language to write in, such as de")
    channel: str | None = Field(default=None, description="how the customer was won")
    registered: str | None = Field(default=None, description="day of registration")
    born: str | None = Field(default=None, description="day of birth")

    @model_validator(mode="after")
    def _a_row_has_a_moment(self) -> Self:
        if self.timestamp is None and self.registered is None:
            message = "map timestamp, the day from which a row holds, or registered"
            raise ValueError(message)
        return self


def _place(value: object) -> object:
    """A path of this machine, or a URL as it stands."""
    return Path(value) if isinstance(value, str) and "://" not in value else value


class TableSource(Part):
    """Where a table comes from and how strictly it is read."""

    path: Annotated[Path | str | None, BeforeValidator(_place)] = Field(
        default=None,
        description="a file, a folder, a pattern such as orders/*.csv, relative to this settings "
        "file, or a URL such as s3://bucket/orders/",
    )
    format: Literal["csv", "parquet", "database", "rows"] = Field(
        description="what kind of place it is; rows: a frame that Python hands over"
    )
    url: str | None = Field(default=None, description="of a database, such as sqlite:///shop.db")
    table: str | None = Field(default=None, description="the table or view of the database")
    query: str | None = Field(default=None, description="a SELECT of the database instead of table")
    order_by: tuple[str, ...] = Field(
        default=(), description="columns of the database that put the rows in order"
    )
    columns: TableColumns
    csv: CsvFormat = CsvFormat()
    timestamp_format: str | None = Field(
        default=None, description="strptime pattern such as %d/%m/%Y; without it ISO 8601"
    )
    words: dict[str, str] = Field(
        default={},
        description="what a word of the file means, such as Abgemeldet: unsubscribed; any case",
    )
    duplicates: Literal["drop", "keep"] = Field(
        default="drop",
        description="rows that repeat another row in every column of the file; rows with an "
        "event_id are told apart by it",
    )
    holds: Literal["everything", "news"] = Field(
        default="everything",
        description="everything: the source is the whole truth, rows gone from it are dropped; "
        "news: it brings new rows only, and what came before is kept",
    )
    max_refused_share: float = Field(
        default=0.01, ge=0, le=1, description="above this share of bad rows nothing is taken"
    )

    @property
    def title(self) -> str:
        """What people are told that it is: the file, or the table; it holds no secret."""
        if isinstance(self.path, Path):
            return self.path.name
        if self.path is not None:
            return self.path.rstrip("/").rsplit("/", 1)[-1]
        return self.table or "the query"

    @field_validator("words")
    @classmethod
    def _plain_words(cls, words: dict[str, str]) -> dict[str, str]:
        for word in words.values():
            if not _WORD.fullmatch(word):
                message = f"{word!r} is no word; write it in a-z, 0-9 and _, such as unsubscribed"
                raise ValueError(message)
        return words

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.format == "rows":
            if self.path is not None or self.url is not None:
                message = "format rows has no place: Python hands the rows over"
                raise ValueError(message)
        elif self.format != "database":
            if self.path is None or self.url is not None:
                message = f"format {self.format} needs path, and no url"
                raise ValueError(message)
        elif self.path is not None or self.url is None or bool(self.table) == bool(self.query):
            message = "format database needs url and either table or query, and no path"
            raise ValueError(message)
        return self


class OrdersSource(TableSource):
    """Where the orders come from and how strictly they are read."""

    columns: OrderColumns
    channels: tuple[str, ...] = Field(
        default=(), description="channels with features of their own, written as in the source"
    )
    categories: tuple[str, ...] = Field(
        default=(), description="categories with features of their own, written as in the source"
    )
    max_guest_share: float = Field(
        default=0.5, ge=0, le=1, description="the same for rows without a customer id"
    )


class VisitsSource(TableSource):
    """Where the visits come from."""

    columns: VisitColumns
    kinds: tuple[str, ...] = Field(
        default=(), description="kinds with features of their own; others are counted together"
    )


class EmailsSource(TableSource):
    """Where the messages come from."""

    columns: EmailColumns


class TicketsSource(TableSource):
    """Where the support tickets come from."""

    columns: TicketColumns


class SurveysSource(TableSource):
    """Where the answers to surveys come from."""

    columns: SurveyColumns


class LoyaltySource(TableSource):
    """Where the changes of points and tiers come from."""

    columns: LoyaltyColumns


class SubscriptionsSource(TableSource):
    """Where the subscriptions come from."""

    columns: SubscriptionColumns


class ContactsSource(TableSource):
    """Where the contacts and offers come from."""

    columns: ContactColumns


class ConsentsSource(TableSource):
    """Where the consents come from."""

    columns: ConsentColumns


class CustomersSource(TableSource):
    """Where what is known of customers comes from."""

    columns: CustomerColumns


class Sources(Part):
    """The tables of the business; orders are needed, every other one adds features."""

    orders: OrdersSource
    visits: VisitsSource | None = None
    emails: EmailsSource | None = None
    tickets: TicketsSource | None = None
    surveys: SurveysSource | None = None
    loyalty: LoyaltySource | None = None
    subscriptions: SubscriptionsSource | None = None
    contacts: ContactsSource | None = None
    consents: ConsentsSource | None = None
    customers: CustomersSource | None = None
    rates: RatesSource | None = Field(
        default=None, description="exchange rates, needed for markets in several currencies"
    )

    def given(self) -> dict[str, TableSource]:
        """The tables that the settings describe, by the name of their contract."""
        return {name: one for name, one in self if isinstance(one, TableSource)}
