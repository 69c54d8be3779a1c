"""What a reading gives: the events of the accepted rows, the refused rows, and their account.

Refused rows keep their number, their content and the reason, and are written beside the histories
so that nothing is ever lost.
"""

import csv
import logging
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pyarrow as pa

from features.account import Account
from features.contracts import Table
from features.errors import DataError, TooManyRefused
from features.schema import REFUSED
from features.source_settings import OrdersSource, TableSource

log = logging.getLogger(__name__)

KEYS = pa.schema(
    [
        pa.field(name, pa.uint64(), nullable=False)
        for name in ("key_0", "key_1", "content_0", "content_1")
    ]
)
"""Identity and content of an event, 128 bits each: what a store knows an event again by."""

_COMMONEST = 3
_EVENTS_OF_A_ROW = 2  # a ticket that was opened and closed


@dataclass(frozen=True, slots=True)
class Reading:
    """The rows of a source, accepted or refused, with the account of them all.

    `rows` holds the events that the accepted rows became, `keys` tells each of them again.
    """

    table: Table
    rows: pa.Table  # the contract of the table
    keys: pa.Table  # KEYS, row by row
    refused: pa.Table  # schema.REFUSED
    account: Account

    def __post_init__(self) -> None:
        """Refuse tables that are not as the account says."""
        account = self.account
        tables = (
            (self.rows, self.table.arrow_schema(), account.event_count),
            (self.keys, KEYS, account.event_count),
            (self.refused, REFUSED.arrow_schema(), account.refused_count),
        )
        most_count = _EVENTS_OF_A_ROW * account.accepted_count
        fits = account.accepted_count <= account.event_count <= most_count
        for table, schema, count in tables:
            if not fits or not table.schema.equals(schema) or table.num_rows != count:
                message = "a table of a reading breaks its contract; please report this fault"
                raise DataError(message)

    @classmethod
    def empty(cls, table: Table) -> Self:
        """The reading of a source of which nothing was read."""
        rows, refused = (one.arrow_schema().empty_table() for one in (table, REFUSED))
        return cls(table, rows, KEYS.empty_table(), refused, Account(0, 0, 0, 0))


def counted_codes(refused: pa.Table) -> dict[str, int]:
    """Refused rows by code."""
    return dict(Counter(refused["code"].to_pylist()))


def is_within_limits(account: Account, source: TableSource) -> bool:
    """Whether few enough rows were refused."""
    most_guests = source.max_guest_share if isinstance(source, OrdersSource) else 1.0
    return account.refused_share <= source.max_refused_share and account.guest_share <= most_guests


def check_shares(reading: Reading, source: TableSource, refused_path: Path | None = None) -> None:
    """Nothing, if few enough rows were refused.

    Raises TooManyRefused that names the share, the limit, the commonest reasons, the cure, and the
    file with all of them.
    """
    account = reading.account
    if is_within_limits(account, source):
        return
    kept = f" Refused rows and their reasons: {refused_path}" if refused_path else ""
    if account.refused_share > source.max_refused_share:
        broken_count = account.refused_count - account.guest_count
        message = (
            f"{source.title}: {broken_count:,} of {account.read_count:,} rows "
            f"({account.refused_share:.1%}) were refused, above the limit of "
            f"{source.max_refused_share:.1%}, so nothing was taken: {_commonest(reading)}. "
            f"Mend the file or its description, or raise max_refused_share.{kept}"
        )
        raise TooManyRefused(message)
    if isinstance(source, OrdersSource):
        message = (
            f"{source.title}: {account.guest_count:,} of {account.read_count:,} rows "
            f"({account.guest_share:.1%}) have no customer id in column "
            f"{source.columns.customer_id!r}, above the limit of {source.max_guest_share:.1%}, "
            "so nothing was taken. Map the right column with --columns customer_id=NAME, "
            f"or raise max_guest_share.{kept}"
        )
        raise TooManyRefused(message)


def _commonest(reading: Reading) -> str:
    codes = reading.account.broken_by_code()
    rows = reading.refused
    found = rows["code"].to_pylist()
    sentences = []
    for code, count in list(codes.items())[:_COMMONEST]:
        at = found.index(code)
        row, column, reason = (rows[name][at].as_py() for name in ("row", "column", "reason"))
        where = f"row {row}, column {column!r}" if column else f"row {row}"
        sentences.append(f"{count:,} x {code} (such as {where}: {reason.rstrip('.')})")
    return "; ".join(sentences)


def write_refused(refused: pa.Table, path: Path) -> None:
    """A CSV file of refused rows (schema.REFUSED) with their reasons, in their order.

    It is written beside and moved into place, so a reader sees a whole file or the one before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in REFUSED.columns])
        for batch in refused.to_batches():
            writer.writerows(zip(*(part.to_pylist() for part in batch.columns), strict=True))
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(path)
    log.info("wrote %d refused rows", refused.num_rows)


def read_refused(path: Path) -> pa.Table:
    """The refused rows that such a file holds. Raises OSError, ValueError or csv.Error."""
    schema = REFUSED.arrow_schema()
    with path.open(encoding="utf-8", newline="") as stream:
        _, *rows = csv.reader(stream, strict=True)
    columns = [list(texts) for texts in zip(*rows, strict=True)] or [[] for _ in schema]
    at = schema.get_field_index("row")
    numbers = [int(text) for text in columns[at]]
    return pa.table([*columns[:at], numbers, *columns[at + 1 :]], schema=schema)
