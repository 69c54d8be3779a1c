"""The tables inside: one contract each, whatever file or database they came from.

Every event table begins with the columns of `EVENT`: who, when, where, and when it became known.
Times are UTC, days are those of the customer's market, money is whole minor units (cents) of the
business's currency. `dictionary` prints all of it for people.
"""

import pyarrow as pa

from features.contracts import Column, Reads, Table


def _optional(name: str, kind: pa.DataType, unit: str, meaning: str, reads: Reads) -> Column:
    return Column(name, kind, unit, meaning, required=False, reads=reads)


def _few(name: str, meaning: str) -> Column:
    return Column(name, pa.string(), "name", meaning, required=False, reads="text", few=True)


EVENT: tuple[Column, ...] = (
    Column("customer_id", pa.string(), "id", "Whose event it is.", reads="id"),
    Column(
        "occurred_at",
        pa.timestamp("us", tz="UTC"),
        "UTC time",
        "When it happened.",
        reads="moment",
        role="timestamp",
    ),
    Column("day", pa.date32(), "local date", "The day in the market's own time zone."),
    Column(
        "minute",
        pa.int16(),
        "minutes",
        "Local minute of the day, 0 to 1439; empty where the source knows the date only.",
        required=False,
    ),
    Column(
        "known_from",
        pa.date32(),
        "local date",
        "Day on which the row arrived; the day itself where the source does not say.",
    ),
    Column(
        "known_to",
        pa.date32(),
        "local date",
        "Day on which a corrected row replaced it; the end of time for rows that hold.",
    ),
    Column("market", pa.string(), "name", "A market of the settings.", reads="text", role="market"),
    Column(
        "event_id",
        pa.string(),
        "id",
        "Identity of the row in its source; two rows with one id are one event.",
        required=False,
        reads="id",
    ),
)


def _events(name: str, meaning: str, *columns: Column) -> Table:
    return Table(name, meaning, (*EVENT, *columns))


ORDERS = _events(
    "orders",
    "Orders and refunds, one row per order or order line.",
    Column("kind", pa.string(), "order | refund", "A refund has an amount below zero."),
    Column(
        "amount_minor",
        pa.int64(),
        "minor units",
        "Money of the row; refunds negative.",
        reads="money",
        role="amount",
    ),
    Column(
        "discount_minor",
        pa.int64(),
        "minor units",
        "Money taken off the row's price, as a positive amount; already left out of the amount.",
        required=False,
        reads="money",
        role="discount",
    ),
    Column(
        "cost_minor",
        pa.int64(),
        "minor units",
        "What the goods of the row cost the business; amount less cost is its margin.",
        required=False,
        reads="money",
        role="cost",
    ),
    _optional("order_id", pa.string(), "id", "Rows with one id are one order.", "id"),
    _optional("product", pa.string(), "name", "What was bought.", "text"),
    _few("category", "Category of the product."),
    _few("channel", "Where it was bought: web, store, app."),
    _optional("quantity", pa.int64(), "count", "Units bought; negative if returned.", "count"),
    Column(
        "paid_until_day",
        pa.int64(),
        "days since 1970",
        "First day no longer paid by the row, as it was known when the row came to be.",
        required=False,
        reads="day",
        role="paid_until",
    ),
)

VISITS = _events(
    "visits",
    "Visits and other uses of shop, site or app, one row each.",
    Column(
        "kind",
        pa.string(),
        "word",
        "What was done: view, search, like, post.",
        required=False,
        reads="word",
        few=True,
    ),
    _few("channel", "Where: web, app, store."),
    _optional("seconds", pa.int64(), "seconds", "How long it took.", "count"),
)

EMAILS = _events(
    "emails",
    "Messages sent and what the customer did with them, one row per reaction.",
    Column(
        "kind",
        pa.string(),
        "sent | opened | clicked | bounced | complained | unsubscribed",
        "What happened to the message.",
        reads="word",
    ),
    _optional("campaign", pa.string(), "name", "The campaign it belongs to.", "text"),
)

TICKETS = _events(
    "tickets",
    "Support tickets: a row when one is opened, another when it is closed.",
    Column("kind", pa.string(), "opened | closed", "Made by reading: closing is an event."),
    _optional("ticket_id", pa.string(), "id", "Identity of the ticket.", "id"),
    _optional("topic", pa.string(), "name", "What it was about.", "text"),
    _optional("priority", pa.string(), "name", "How urgent it was.", "text"),
    Column(
        "score_hundredths",
        pa.int64(),
        "hundredths",
        "Satisfaction with the answer, on the source's own scale; known from the closing on.",
        required=False,
        reads="number",
        role="score",
    ),
    Column(
        "opened_day",
        pa.int64(),
        "days since 1970",
        "The day on which the ticket was opened; on both of its rows.",
    ),
)

SURVEYS = _events(
    "surveys",
    "Answers to surveys, one row per answer.",
    Column("kind", pa.string(), "nps | csat | …", "Which question was asked.", reads="word"),
    Column(
        "score_hundredths",
        pa.int64(),
        "hundredths",
        "The answer as a number, on the question's own scale.",
        required=False,
        reads="number",
        role="score",
    ),
    _optional("comment", pa.string(), "text", "What the customer wrote.", "text"),
    _optional("language", pa.string(), "BCP 47 tag", "The language of the comment.", "text"),
)

LOYALTY = _events(
    "loyalty",
    "Loyalty points earned, spent and expired, and changes of tier.",
    Column("kind", pa.string(), "earned | spent | expired | tier", "What changed.", reads="word"),
    _optional("points", pa.int64(), "points", "How many, as a positive number.", "count"),
    _optional("tier_level", pa.int64(), "level", "The new tier, 0 being the lowest.", "count"),
    Column(
        "expires_day",
        pa.int64(),
        "days since 1970",
        "The day on which points earned expire.",
        required=False,
        reads="day",
        role="expires",
    ),
)

SUBSCRIPTIONS = _events(
    "subscriptions",
    "Subscriptions: a row when one starts, another when it ends.",
    Column("kind", pa.string(), "started | ended", "Made by reading: an end is an event."),
    _optional("subscription_id", pa.string(), "id", "Identity of the subscription.", "id"),
    _few("plan", "What was subscribed to."),
    Column(
        "price_minor",
        pa.int64(),
        "minor units",
        "Price of a month.",
        required=False,
        reads="money",
        role="price",
    ),
    Column(
        "started_day",
        pa.int64(),
        "days since 1970",
        "The day on which the subscription started; on both of its rows.",
    ),
    _optional("reason", pa.string(), "name", "Why it ended; known from the end on.", "text"),
)

CONTACTS = _events(
    "contacts",
    "Contacts made and offers given by the business, one row each.",
    Column("kind", pa.string(), "contact | offer", "What the customer received.", reads="word"),
    _few("channel", "How: e-mail, phone, letter."),
    _optional("campaign", pa.string(), "name", "The campaign it belongs to.", "text"),
    Column(
        "cost_minor",
        pa.int64(),
        "minor units",
        "What it cost the business.",
        required=False,
        reads="money",
        role="cost",
    ),
)

CONSENTS = _events(
    "consents",
    "Consents given and taken back, by purpose.",
    Column("purpose", pa.string(), "word", "What for: analytics, marketing.", reads="word"),
    Column("granted", pa.bool_(), "yes | no", "Given, or taken back.", reads="flag"),
    _few("channel", "The channel it is for; empty is all."),
    Column(
        "expires_day",
        pa.int64(),
        "days since 1970",
        "The first day on which it no longer holds.",
        required=False,
        reads="day",
        role="expires",
    ),
)

CUSTOMERS = _events(
    "customers",
    "What is known of a customer from a day on; a later row replaces an earlier one.",
    _optional("country", pa.string(), "ISO 3166-1 code", "Where the customer lives.", "text"),
    _optional("language", pa.string(), "BCP 47 tag", "The language to write in.", "text"),
    _few("channel", "How the customer was won."),
    Column(
        "registered_day",
        pa.int64(),
        "days since 1970",
        "The day of registration.",
        required=False,
        reads="day",
        role="registered",
    ),
    Column(
        "born_day",
        pa.int64(),
        "days since 1970",
        "The day of birth.",
        required=False,
        reads="day",
        role="born",
    ),
)

EVENT_TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ORDERS,
        VISITS,
        EMAILS,
        TICKETS,
        SURVEYS,
        LOYALTY,
        SUBSCRIPTIONS,
        CONTACTS,
        CONSENTS,
        CUSTOMERS,
    )
}
"""Every table of events by name."""

RATES = Table(
    "rates",
    "Exchange rates, one row per currency and day.",
    (
        Column("day", pa.date32(), "date", "The day from which the rate holds.", reads="day"),
        Column("currency", pa.string(), "ISO 4217 code", "The foreign currency.", reads="word"),
        Column(
            "rate",
            pa.decimal128(28, 12),
            "business currency per unit",
            "What one unit of the foreign currency is worth.",
            reads="number",
        ),
    ),
)

REFUSED = Table(
    "refused",
    "Rows of a source that were not accepted, as they stood.",
    (
        Column("file", pa.string(), "name", "File of the source; empty if it is a single one."),
        Column("row", pa.int64(), "count", "Row of the file, the header being row 1."),
        Column("column", pa.string(), "name", "Column of the file that was refused."),
        Column("code", pa.string(), "code", "The rule that it breaks, in one word."),
        Column("reason", pa.string(), "text", "What was found and what to do."),
        Column("content", pa.string(), "text", "The row as it stood in the file."),
    ),
)


def dictionary() -> list[dict[str, str]]:
    """Every column of every table, in order, as rows for people: a data dictionary.

    Keys: table, column, mapped_as, type, unit, required (yes, no, or made when reading), meaning.
    """
    return [
        {
            "table": table.name,
            "column": column.name,
            "mapped_as": (column.role or column.name) if column.reads else "",
            "type": str(column.type),
            "unit": column.unit,
            "required": _needed(column),
            "meaning": column.meaning,
        }
        for table in (*EVENT_TABLES.values(), RATES, REFUSED)
        for column in table.columns
    ]


def _needed(column: Column) -> str:
    if column.reads is None:
        return "made when reading"
    return "yes" if column.required else "no"
