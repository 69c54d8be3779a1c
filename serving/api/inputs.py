"""What the REST API takes in: strict models, unknown names refused, every limit written once.

Texts, times and amounts mean what they mean in a file of orders (`features.sources.values`), so a
customer has one id however it came.
"""

import re
import unicodedata
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)

MAX_IDS = 1_000
MAX_CUSTOMERS = 1_000
MAX_ORDERS = 50_000  # of one request; more is a file's work
MAX_ID_CHARS = 200
MAX_AMOUNT = 10**12
MAX_QUANTITY = 10**12
YEARS = range(1980, 2101)

BLANKS = (
    " \t\r\n\v\f\u00a0\u1680\u2000\u2001\u2002\u2003\u2007\u2009\u200a\u200b\u200c\u200d"
    "\u202f\u2060\u3000\ufeff"
)
NO_ID = ("", "-", "null", "none", "nan", "n/a", "#n/a", "<na>")

When = TypeVar("When", date, datetime)

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?)?", re.ASCII
)
_DECIMAL = re.compile(r"-?\d{1,15}(\.\d{1,10})?", re.ASCII)


def clean_text(text: str) -> str:
    """A text as it is stored: no outer blanks, one Unicode form (NFC).

    >>> clean_text(" C-1042 ")
    'C-1042'
    """
    return unicodedata.normalize("NFC", text.strip(BLANKS))


def asked_id(text: str) -> str:
    """The id as it came. ValueError if no customer can have it."""
    if not 0 < len(text) <= MAX_ID_CHARS:
        message = f"An id has 1 to {MAX_ID_CHARS} characters"
        raise ValueError(message)
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
        message = "A control character, or half of a character, is in it"
        raise ValueError(message)
    return text


def _text(text: str) -> str:
    clean = clean_text(asked_id(text))
    if not clean:
        message = "There is nothing but blanks in it"
        raise ValueError(message)
    return clean


def _customer_id(text: str) -> str:
    if clean_text(text).lower() in NO_ID:
        message = "This names no customer"
        raise ValueError(message)
    return text


def _decimal(value: object) -> Decimal:
    amount = _number(value)
    if amount is None:
        message = 'Write a number, or a decimal text such as "184.20"'
        raise ValueError(message)
    if amount.copy_abs() >= MAX_AMOUNT:  # abs() itself overflows above 1e999999
        message = f"The amount is not below {MAX_AMOUNT:,}"
        raise ValueError(message)
    return amount


def _number(value: object) -> Decimal | None:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Decimal(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    return None


def _day(value: object) -> date:
    return _plausible(_read(value, _DATE, date, "Write a date such as 2026-09-01"))


def _moment(value: object) -> datetime:
    cure = "Write a time such as 2026-09-01T09:30:00+02:00, or a date"
    return _plausible(_read(value, _MOMENT, datetime, cure))


def _read(value: object, pattern: re.Pattern[str], kind: type[When], cure: str) -> When:
    try:
        if isinstance(value, str) and pattern.fullmatch(value):
            return kind.fromisoformat(value)
    except ValueError:
        pass  # well written, but not in the calendar
    raise ValueError(cure)


def _plausible(day: When) -> When:
    if day.year not in YEARS:
        message = f"The year is not within {YEARS[0]} to {YEARS[-1]}"
        raise ValueError(message)
    return day


ID_SHAPE = WithJsonSchema(
    {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_ID_CHARS,
        "pattern": r"^[^\u0000-\u001f\u007f-\u009f]+$",
    }
)
AskedId = Annotated[str, AfterValidator(asked_id), ID_SHAPE]
Text = Annotated[str, AfterValidator(_text), ID_SHAPE]
CustomerId = Annotated[str, AfterValidator(_text), AfterValidator(_customer_id), ID_SHAPE]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[
    datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "number",
                    "exclusiveMinimum": -MAX_AMOUNT,
                    "exclusiveMaximum": MAX_AMOUNT,
                },
                {"type": "string", "pattern": f"^{_DECIMAL.pattern}$"},
            ]
        }
    ),
]


class Input(BaseModel):
    """A part of a request: unknown names, coerced types and NaN are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Wanted(Input):
    """How an answer is to look."""

    view: Literal["full", "flat"] = Field(
        default="full", description="`flat` gives one prefixed name per CRM property"
    )
    lang: str | None = Field(
        default=None,
        max_length=50,
        description="language of the reason texts; goes before Accept-Language; else English",
    )


class BatchGet(Input):
    """The customers whose scores are wanted."""

    customer_ids: list[AskedId] = Field(min_length=1, max_length=MAX_IDS)


class OrderInput(Input):
    """An order, or a refund if its amount is below zero."""

    timestamp: Moment = Field(
        description="with its offset, or the local time of the market; before `as_of`"
    )
    amount: Amount = Field(description="money in the currency of the business, refunds negative")
    quantity: int | None = Field(
        default=None,
        ge=-MAX_QUANTITY,
        le=MAX_QUANTITY,
        description="units; like the product, needed if the file of orders has a column of it",
    )
    order_id: Text | None = Field(default=None, description="rows with one id are one order")
    product: Text | None = None
    market: Text | None = Field(default=None, description="without it, the first market")
    paid_until: Day | None = Field(
        default=None,
        description="for subscriptions: the first day that the order no longer pays for",
    )


class CustomerInput(Input):
    """A customer and all their orders so far."""

    customer_id: CustomerId
    orders: list[OrderInput] = Field(min_length=1, max_length=MAX_ORDERS)


class Predict(Input):
    """Histories to score, which need not be stored."""

    customers: list[CustomerInput] = Field(min_length=1, max_length=MAX_CUSTOMERS)
    as_of: Day | None = Field(
        default=None, description="score as of this day; without it, that of the stored scores"
    )

    @model_validator(mode="before")
    @classmethod
    def _not_too_many_orders(cls, content: object) -> object:
        # Counted before the orders are checked one by one: a refusal must be cheap.
        customers = content.get("customers") if isinstance(content, dict) else None
        found = customers if isinstance(customers, list) else []
        lists = [one.get("orders") for one in found if isinstance(one, dict)]
        if sum(len(orders) for orders in lists if isinstance(orders, list)) > MAX_ORDERS:
            message = f"More than {MAX_ORDERS:,} orders; send fewer customers at a time"
            raise ValueError(message)
        return content

    @model_validator(mode="after")
    def _each_customer_once(self) -> Self:
        if len({one.customer_id for one in self.customers}) < len(self.customers):
            message = "A customer_id stands here more than once; put all orders into one list"
            raise ValueError(message)
        return self
