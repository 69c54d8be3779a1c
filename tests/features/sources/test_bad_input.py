"""Sixty-two bad inputs, and what becomes of each: one table to read from top to bottom.

Every case says what it is, what stands in the source, and what is expected: `Taken` with the account
and what is told, or `Failed` with the error. Where a rule of ours differs from what a reader might
expect, the case says why.
"""

import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.contracts import Table
from features.errors import DataError, MissingColumns, UnreadableFile
from features.schema import ORDERS, VISITS
from features.settings import Market

HEAD = "customer_id,timestamp,amount\n"
GOOD = "ada,2026-01-02,10.50\n"
EUR = {"home": Market(currency="EUR", time_zone="Europe/Berlin")}
YEN = {"home": Market(currency="JPY")}


class Taken(NamedTuple):
    """The rows accepted, the codes of those refused, and what notes or reasons say."""

    accepted: int
    refused: tuple[str, ...] = ()
    said: str = ""
    duplicate: int = 0
    ids: tuple[str, ...] | None = None


class Failed(NamedTuple):
    """The error that stops the reading: nothing is taken."""

    said: str
    error: type[DataError] = UnreadableFile


class Case(NamedTuple):
    """One bad input."""

    number: int
    what: str
    content: str | bytes | Callable[[], str | bytes]
    expected: Taken | Failed
    keys: dict[str, object] = {}  # noqa: RUF012 - never changed
    table: Table = ORDERS


def rows(*texts: str) -> str:
    """A file of orders with these rows."""
    return HEAD + "".join(text + "\n" for text in texts)


def ids(*customer_ids: str) -> str:
    """A file with a good order of each of these customers."""
    return rows(*(f"{customer_id},2026-01-02,1" for customer_id in customer_ids))


def times(*texts: str) -> str:
    """A file with an order at each of these times."""
    return rows(*(f"ada,{text},1" for text in texts))


def amounts(*texts: str) -> str:
    """A file with an order of each of these amounts."""
    return rows(*(f'c{n},2026-01-02,"{text}"' for n, text in enumerate(texts)))


def currencies(*texts: str) -> str:
    """A file with an order in each of these currencies."""
    table = "".join(f"c{n},2026-01-02,1,{text}\n" for n, text in enumerate(texts))
    return "customer_id,timestamp,amount,currency\n" + table


def events(*texts: str) -> str:
    """A file of visits with these rows."""
    return "id,customer_id,timestamp,arrived,what\n" + "".join(text + "\n" for text in texts)


def parquet(**columns: object) -> bytes:
    """A Parquet file of one order, these columns being other than usual."""
    usual = {"customer_id": ["ada"], "timestamp": [date(2026, 1, 2)], "amount": [10.5]}
    table = {name: one for name, one in (usual | columns).items() if one is not None}
    stream = io.BytesIO()
    pq.write_table(pa.table(table), stream)
    return stream.getvalue()


def zipped(*names: str) -> bytes:
    """A zip archive that holds a good file under each of these names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, HEAD + GOOD)
    return stream.getvalue()


def nanoseconds() -> pa.Array:
    """A time that microseconds cannot hold."""
    return pa.array([1_767_312_000_000_000_001], pa.timestamp("ns"))


def far_down() -> str:
    """Text among 30,000 amounts."""
    texts = [f"c{n},2026-01-02,{n}" for n in range(30_000)]
    texts[29_998] = "c,2026-01-02,many"
    return rows(*texts)


CURRENCY = {"columns": {"currency": "currency"}, "markets": EUR}
EVENT_ID = {"columns": {"event_id": "id", "kind": "what"}}
ARRIVED = {"columns": {"event_id": "id", "kind": "what", "arrived_at": "arrived"}}
EUROPEAN = {"separator": ";", "decimal": ",", "thousands": "."}
FILE = {"name": "orders.parquet"}
OPAQUE = ("00123", "1e5", "1.0", "12345678901234567890123")
SIGNS = ("😀", "שלום", "\u0131lg\u0131n", "👩\u200d👧")
HOSTILE = ("'; DROP TABLE orders; --", "=1+1", "{{7*7}}", "../../etc/passwd")

CASES = [
    # The file as a whole
    Case(1, "empty file", "", Failed(r"is empty \(0 bytes\)")),
    Case(2, "header only", HEAD, Taken(0, said="The file has a header and no rows")),
    Case(3, "no header", GOOD + GOOD, Failed("holds values, not column names")),
    Case(4, "unknown extra column", "colour," + HEAD + "red," + GOOD, Taken(1, said="Columns not read: colour")),
    Case(5, "missing column", "customer_id,timestamp\n", Failed("no column 'amount'; it has customer_id, timestamp", MissingColumns)),
    Case(6, "two columns of one name", "amount," + HEAD, Failed("more than one column 'amount'")),
    Case(7, "columns in another order", "amount,timestamp,customer_id\n1,2026-01-02,ada\n", Taken(1, ids=("ada",))),
    Case(8, "header in other case and blanks", " Customer_ID ,TIMESTAMP,Amount\n" + GOOD, Taken(1, said="without case and blanks")),
    Case(9, "UTF-8 with a BOM", b"\xef\xbb\xbf" + (HEAD + GOOD).encode(), Taken(1)),
    Case(10, "UTF-16", (HEAD + GOOD).encode("utf-16"), Failed("UTF-16 text, not utf-8; set sources.orders.csv.encoding to utf-16")),
    Case(11, "Latin-1 bytes", ids("ada", "Jörg").encode("latin-1"), Taken(1, ("encoding",), "Byte 2 of the field .*csv.encoding")),
    Case(12, "mixed encodings", ids("Jörg").encode() + "Jörg,2026-01-02,1".encode("latin-1"), Taken(1, ("encoding",), ids=("Jörg",))),
    # Nothing is taken from the look of a file: the settings say how it is written.
    Case(13, "semicolon and decimal comma", HEAD.replace(",", ";") + "ada;2026-01-02;1.234,50\n", Failed("by a semicolon, not by a comma; set sources.orders.csv.separator")),
    Case(13, "the same, declared", HEAD.replace(",", ";") + "ada;2026-01-02;1.234,50\n", Taken(1), EUROPEAN),
    Case(14, "quoted decimal comma", amounts("10,5"), Taken(0, ("amount",), "decimal comma; set sources.orders.csv.decimal")),
    Case(15, "thousands", amounts("1,234.50"), Taken(0, ("amount",), "set sources.orders.csv.thousands")),
    Case(16, "currency sign", amounts("€10.50", "10.50 EUR"), Taken(0, ("amount",) * 2, "carries a currency sign")),
    Case(17, "tab separated", (HEAD + GOOD).replace(",", "\t"), Failed("by a tab, not by a comma; set sources.orders.csv.separator")),
    Case(17, "bar separated", (HEAD + GOOD).replace(",", "|"), Failed("by a bar, not by a comma")),
    Case(18, "short row", rows("bob,2026-01-02") + GOOD, Taken(1, ("short_row",), "2 fields where the header has 3")),
    Case(19, "long row", rows("bob,2026-01-02,1,2") + GOOD, Taken(1, ("long_row",), "4 fields where the header has 3")),
    Case(20, "unclosed quote", rows('bob,2026-01-02,"1') + GOOD + GOOD.replace("ada", "cyd"), Taken(2, ("unclosed_quote",), ids=("ada", "cyd"))),
    Case(21, "line break in quotes, LF and CRLF", HEAD + '"a\nb",2026-01-02,1\r\ncyd,2026-01-02,1\n', Taken(1, ("control_character",), ids=("cyd",))),  # read as one row; an id has no line break
    Case(21, "the same in a text", "note," + HEAD + '"a\nb",ada,2026-01-02,1\r\nx,cyd,2026-01-02,1\n', Taken(2)),
    Case(22, "NUL in an id", ids("a\0b"), Taken(0, ("nul",))),
    Case(23, "field of 10 MB", lambda: ids("b" * 10_000_000, "ada"), Taken(1, ("too_long",), "100,000 characters")),
    Case(24, "a million columns", lambda: ",".join(f"c{n}" for n in range(1_000_000)), Failed("more than 10,000 columns")),
    Case(25, "binary junk", lambda: random.Random(1).randbytes(5_000), Failed("holds binary data")),
    Case(26, "gzip named .csv", lambda: gzip.compress((HEAD + GOOD).encode()), Failed("compressed with gzip, not CSV; unpack it")),
    # Nothing compressed is ever unpacked, so there is no bomb to defuse and no path to follow.
    Case(27, "truncated gzip", lambda: gzip.compress((HEAD + GOOD * 99).encode())[:40], Failed("compressed with gzip")),
    Case(28, "gzip bomb", lambda: gzip.compress(b"0" * 10_000_000), Failed("compressed with gzip")),
    Case(29, "zip of two files", lambda: zipped("a.csv", "b.csv"), Failed("a zip archive, not CSV; unpack it and name one")),
    Case(29, "zip with a path outside", lambda: zipped("../a.csv"), Failed("a zip archive")),
    # Events that come twice
    Case(30, "one id, same content", events("1,ada,2026-01-02,,view", "1,ada,2026-01-02,, View "), Taken(1, duplicate=1), EVENT_ID, VISITS),
    Case(31, "one id, other content", events("1,ada,2026-01-02,,view", "1,ada,2026-01-02,,search"), Taken(0, ("conflict",) * 2, "Rows 2, 3 have one event id"), EVENT_ID, VISITS),
    Case(31, "the same, one arriving later", events("1,ada,2026-01-02,2026-01-03,view", "1,ada,2026-01-02,2026-01-04,search"), Taken(2, said="1 events were corrected"), ARRIVED, VISITS),
    # Ids
    Case(34, "ids that look like numbers", ids(*OPAQUE), Taken(4, ids=OPAQUE)),
    Case(35, "id of 10,000 characters", ids("b" * 10_000), Taken(0, ("customer_id",), "longer than 200")),
    Case(36, "blanks, Unicode forms, joiner", ids("caf\u00e9", " cafe\u0301", "caf\u00e9\u200d"), Taken(3, said="2 customer ids lost outer blanks", ids=("caf\u00e9",) * 3)),
    Case(37, "emoji, right to left, dotless i", ids(*SIGNS), Taken(4, ids=SIGNS)),
    Case(38, "SQL, formula, template, path", ids(*HOSTILE), Taken(4, ids=HOSTILE)),
    Case(39, "no id in many words", ids("", "null", "NULL", "N/A", "-"), Taken(0, ("no_customer_id",) * 5)),
    # Money
    Case(40, "NaN and infinity", amounts("NaN", "inf", "-Infinity"), Taken(0, ("not_finite",) * 3)),
    Case(41, "beyond all money", amounts("1e308", "1e309", "9" * 60), Taken(0, ("out_of_range",) * 3)),
    Case(42, "negative amount", amounts("-3.20"), Taken(1)),  # a refund: the sign alone says it
    Case(43, "refund before its order, and above it", rows("ada,2026-01-02,-20", "ada,2026-01-03,10"), Taken(2)),
    Case(44, "zero amount", amounts("0"), Taken(1)),
    Case(45, "yen with a fraction", amounts("10.5"), Taken(1, said="1 amounts had more decimals than JPY has and were rounded"), {"markets": YEN}),
    Case(46, "currency missing", currencies(""), Taken(1), CURRENCY),
    Case(47, "lower-case code", currencies("eur"), Taken(1), CURRENCY),
    Case(47, "unknown code", currencies("EURO"), Taken(0, ("unknown_currency",), "did you mean EUR"), CURRENCY),
    Case(47, "obsolete code", currencies("DEM"), Taken(0, ("obsolete_currency",), "money until 2002"), CURRENCY),
    Case(48, "no exchange rate", currencies("USD"), Taken(0, ("other_currency",), "is not EUR"), CURRENCY),
    # Times. The future begins with tomorrow: a clock that is an hour ahead is no reason to refuse.
    Case(49, "future", times("2026-07-01"), Taken(0, ("future",))),
    Case(49, "later today", times("2026-06-30T23:59"), Taken(1)),
    Case(50, "year 1, 1970, 9999", times("0001-01-01", "1970-01-01", "9999-12-31"), Taken(0, ("implausible_date",) * 3)),
    Case(51, "29 February 2025", times("2025-02-29"), Taken(0, ("unreadable_date",), "does not exist")),
    Case(52, "leap second", times("2016-12-31T23:59:60Z"), Taken(1, said="1 times were in a leap second")),
    Case(53, "zones mixed in one column", times("2026-01-02T10:00Z", "2026-01-02T10:00+0530", "2026-01-02T10:00"), Taken(3, said="1 times named no zone"), {"markets": EUR}),
    Case(54, "local time that was skipped", times("2026-03-29 02:30"), Taken(1, said="1 local times were skipped"), {"markets": EUR}),
    Case(55, "local time that came twice", times("2025-10-26 02:30"), Taken(1, said="1 local times came twice"), {"markets": EUR}),
    Case(56, "day or month first", times("03/04/2026"), Taken(0, ("ambiguous_date",), "set sources.orders.timestamp_format")),
    Case(57, "counts since 1970, undeclared", times("1767312000", "1767312000000"), Taken(0, ("unreadable_date",) * 2, "to epoch-seconds.*to epoch-milliseconds")),
    Case(57, "the same, declared", times("1767312000"), Taken(1), {"timestamp_format": "epoch-seconds"}),
    Case(57, "the same, in another unit", times("1767312"), Taken(0, ("implausible_date",)), {"timestamp_format": "epoch-seconds"}),
    # Parquet is read by its schema: text where nothing is lost, an error where something would be.
    Case(59, "Parquet: missing column", lambda: parquet(amount=None), Failed("no column 'amount'", MissingColumns), FILE),
    Case(59, "Parquet: dictionary, decimal, large text", lambda: parquet(customer_id=pa.array(["ada"]).dictionary_encode(), amount=pa.array([Decimal("10.50")], pa.decimal128(38, 2)), timestamp=pa.array(["2026-01-02"], pa.large_string())), Taken(1), FILE),
    Case(59, "Parquet: number as id", lambda: parquet(customer_id=[17850.0]), Taken(1, ids=("17850",)), FILE),
    Case(59, "Parquet: nested column", lambda: parquet(amount=[[1, 2]]), Failed("no single text, number or time", DataError), FILE),
    Case(59, "Parquet: lost nanoseconds", lambda: parquet(timestamp=nanoseconds()), Failed("cannot be read without loss", DataError), FILE),
    Case(59, "Parquet: microseconds", lambda: parquet(timestamp=[datetime(2026, 1, 2, 3, 4, 5, 6)]), Taken(1), FILE),
    Case(59, "Parquet: no row", lambda: parquet(customer_id=pa.array([], pa.string()), timestamp=pa.array([], pa.date32()), amount=pa.array([], pa.float64())), Taken(0, said="columns and no rows"), FILE),
    Case(60, "Parquet: truncated", lambda: parquet()[:-20], Failed("damaged, cut off or encrypted"), FILE),
    Case(60, "Parquet: encrypted", lambda: parquet().replace(b"PAR1", b"PARE"), Failed("is no Parquet file"), FILE),
    # Size
    Case(61, "text among numbers at row 30,000", far_down, Taken(29_999, ("amount",), "'many'")),
    Case(62, "one customer with many orders", lambda: rows(*(f"ada,2026-01-02,{n}" for n in range(200_000))), Taken(200_000)),
    Case(62, "many customers with one order", lambda: ids(*(f"c{n}" for n in range(200_000))), Taken(200_000)),
]  # fmt: skip

NEED_THE_STORE = {
    32: "the same file twice: nothing new, all duplicates",
    33: "overlapping files: their exact union",
    58: "events out of order and late: the same as in order",
}
"""Shown in tests/features/test_ingestion.py, because one reading cannot (nor a flipped bit, which only the digest of a stored file tells); below, that it gives the store what it needs for them."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.number}-{case.what}")
def test_a_bad_input_is_refused_by_name_and_the_account_adds_up(read, case):
    content = case.content if isinstance(case.content, str | bytes) else case.content()
    if isinstance(case.expected, Failed):
        with pytest.raises(case.expected.error, match=case.expected.said):
            read(content, table=case.table, **case.keys)
        return
    reading = read(content, table=case.table, **case.keys)
    expected = case.expected
    assert reading.account.accepted_count == expected.accepted
    assert reading.account.duplicate_count == expected.duplicate
    assert tuple(reading.refused["code"].to_pylist()) == expected.refused
    told = " ".join([*reading.account.sentences(), *reading.refused["reason"].to_pylist()])
    assert re.search(expected.said, told)
    if expected.ids is not None:
        assert tuple(reading.rows["customer_id"].to_pylist()) == expected.ids


def test_all_sixty_two_are_here():
    assert {case.number for case in CASES} | NEED_THE_STORE.keys() == set(range(1, 63))


def identities(reading) -> list[tuple[int, ...]]:
    return [tuple(row.values()) for row in reading.keys.to_pylist()]


def test_32_the_same_file_read_again_gives_the_same_identities(read):
    content = rows("ada,2026-01-02,1", "ada,2026-01-02,1", "bob,2026-01-02,1")
    for duplicates in ("drop", "keep"):
        first, second = (read(content, duplicates=duplicates) for _ in range(2))
        assert identities(first) == identities(second)


def test_33_overlapping_files_give_the_identities_of_their_union(read):
    first, second = ids("ada", "bob"), ids("bob", "cyd")
    both = {*identities(read(first)), *identities(read(second))}
    assert both == set(identities(read(ids("ada", "bob", "cyd"))))


def test_58_events_out_of_order_are_the_same_events(read):
    texts = [f"{n},ada,2026-01-0{n},2026-01-0{9 - n},view" for n in range(1, 5)]
    first, second = (read(events(*part), table=VISITS, **ARRIVED) for part in (texts, texts[::-1]))
    assert sorted(identities(first)) == sorted(identities(second))
    assert first.rows.to_pylist() == second.rows.to_pylist()[::-1]
