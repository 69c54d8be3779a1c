"""The account of a reading: every row of a file was accepted, a duplicate or refused.

`read = accepted + duplicate + refused` holds exactly, always. Refused rows keep their number, their
content and the reason, and are written beside the histories so that nothing is ever lost.
"""

import csv
import logging
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from features.contracts import Table
from features.errors import DataError, TooManyRefused
from features.schema import REFUSED
from features.source_settings import OrdersSource, TableSource

log = logging.getLogger(__name__)

NO_CUSTOMER_ID = "no_customer_id"
"""The code of a guest's row: refused, but no broken row."""

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
    """The rows of a source, accepted or refused, and where every one of them went.

    Counts are those of the source's rows; `rows` holds the events that they became, two of a ticket
    that was opened and closed, and `keys` tells each of them again. `refused_count` includes
    guests; `later_count` counts rows left out before they were judged, because they lie on or after
    the day asked for. Those are in no other count.
    """

    table: Table
    rows: pa.Table  # the contract of the table
    keys: pa.Table  # KEYS, row by row
    refused: pa.Table  # schema.REFUSED
    read_count: int
    accepted_count: int
    duplicate_count: int
    refused_count: int
    guest_count: int
    notes: tuple[str, ...] = ()
    later_count: int = 0

    def __post_init__(self) -> None:
        """Refuse an account that does not add up."""
        kept_count = self.accepted_count + self.duplicate_count + self.refused_count
        if self.read_count != kept_count or self.guest_count > self.refused_count:
            message = (
                f"{self.read_count} rows were read but {self.accepted_count} accepted, "
                f"{self.duplicate_count} duplicate and {self.refused_count} refused; "
                "this is a fault of the product, please report it"
            )
            raise DataError(message)
        tables = (
            (self.rows, self.table.arrow_schema(), self.accepted_count),
            (self.keys, KEYS, self.rows.num_rows),
            (self.refused, REFUSED.arrow_schema(), self.refused_count),
        )
        most_count = _EVENTS_OF_A_ROW * self.accepted_count
        for table, schema, count in tables:
            fits = count <= table.num_rows <= (most_count if table is self.rows else count)
            if not table.schema.equals(schema) or not fits:
                message = "a table of a reading breaks its contract; please report this fault"
                raise DataError(message)

    @property
    def refused_share(self) -> float:
        """Share of the rows read that are broken; guests are not."""
        return (self.refused_count - self.guest_count) / max(self.read_count, 1)

    @property
    def guest_share(self) -> float:
        """Share of the rows read that name no customer."""
        return self.guest_count / max(self.read_count, 1)

    def refused_by_code(self) -> dict[str, int]:
        """Refused rows by code, the commonest first."""
        codes = Counter(self.refused["code"].to_pylist())
        return dict(sorted(codes.items(), key=lambda pair: (-pair[1], pair[0])))

    def summary(self) -> str:
        """The account in one line."""
        became = ""
        if self.rows.num_rows != self.accepted_count:
            became = f"; they became {self.rows.num_rows:,} events"
        return (
            f"{self.read_count:,} rows read: {self.accepted_count:,} accepted, "
            f"{self.duplicate_count:,} duplicate, {self.refused_count:,} refused "
            f"(of which {self.guest_count:,} without a customer id){became}"
        )


def check_shares(reading: Reading, source: TableSource, refused_path: Path | None = None) -> None:
    """Nothing, if few enough rows were refused.

    Raises TooManyRefused that names the share, the limit, the commonest reasons, the cure, and the
    file with all of them.
    """
    kept = f" Refused rows and their reasons: {refused_path}" if refused_path else ""
    if reading.refused_share > source.max_refused_share:
        broken_count = reading.refused_count - reading.guest_count
        message = (
            f"{source.title}: {broken_count:,} of {reading.read_count:,} rows "
            f"({reading.refused_share:.1%}) were refused, above the limit of "
            f"{source.max_refused_share:.1%}, so nothing was taken: {_commonest(reading)}. "
            f"Mend the file or its description, or raise max_refused_share.{kept}"
        )
        raise TooManyRefused(message)
    if isinstance(source, OrdersSource) and reading.guest_share > source.max_guest_share:
        message = (
            f"{source.title}: {reading.guest_count:,} of {reading.read_count:,} rows "
            f"({reading.guest_share:.1%}) have no customer id in column "
            f"{source.columns.customer_id!r}, above the limit of {source.max_guest_share:.1%}, "
            "so nothing was taken. Map the right column with --columns customer_id=NAME, "
            f"or raise max_guest_share.{kept}"
        )
        raise TooManyRefused(message)


def _commonest(reading: Reading) -> str:
    codes = reading.refused_by_code()
    codes.pop(NO_CUSTOMER_ID, None)
    rows = reading.refused
    found = rows["code"].to_pylist()
    sentences = []
    for code, count in list(codes.items())[:_COMMONEST]:
        at = found.index(code)
        row, column, reason = (rows[name][at].as_py() for name in ("row", "column", "reason"))
        where = f"row {row}, column {column!r}" if column else f"row {row}"
        sentences.append(f"{count:,} x {code} (such as {where}: {reason.rstrip('.')})")
    return "; ".join(sentences)


def write_refused(reading: Reading, path: Path) -> None:
    """A CSV file of the refused rows with their reasons, in the order of the source file.

    It is written beside and moved into place, so a reader sees a whole file or the one before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([column.name for column in REFUSED.columns])
        for batch in reading.refused.to_batches():
            writer.writerows(zip(*(part.to_pylist() for part in batch.columns), strict=True))
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(path)
    log.info("wrote %d refused rows", reading.refused_count)
