"""Where in a file the columns of the settings stand."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from features.errors import MissingColumns, UnreadableFile
from features.settings import OrderColumns

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}

_DATA_CELL = re.compile(r"[+-]?[\d.,' ]*\d|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}.*")


@dataclass(frozen=True, slots=True)
class Places:
    """Position in the file of each column that is read; the amount may be a product of two."""

    customer_id: int
    timestamp: int
    amount: tuple[int, ...]
    order_id: int | None
    quantity: int | None
    product: int | None
    currency: int | None
    market: int | None
    paid_until: int | None
    notes: tuple[str, ...]

    def needed(self) -> list[int]:
        """Every position that is read, each once."""
        single = (
            self.customer_id,
            self.timestamp,
            self.order_id,
            self.quantity,
            self.product,
            self.currency,
            self.market,
            self.paid_until,
        )
        return sorted({at for at in (*single, *self.amount) if at is not None})


def locate(names: Sequence[str], columns: OrderColumns, path: Path) -> Places:
    """Where the mapped columns stand, matched by name without regard to case and outer blanks.

    Raises MissingColumns with the closest names, UnreadableFile if there is no header at all.
    """
    _check_unique(names, path)
    missing: list[tuple[str, str]] = []
    unlike: list[str] = []

    def place(role: str, name: str) -> int:
        at = _position(names, name)
        if at is None:
            missing.append((role, name))
            return -1
        if names[at] != name:
            unlike.append(f"{name!r} as {names[at]!r}")
        return at

    def optional(role: str, name: str | None) -> int | None:
        return None if name is None else place(role, name)

    factors = [factor.strip() for factor in columns.amount.split("*")]
    if len(factors) > 2:
        message = (
            f"columns.amount is {columns.amount!r}, a product of more than two columns; "
            "name one column, or two as in quantity*unit_price."
        )
        raise MissingColumns(message)
    places = Places(
        customer_id=place("customer_id", columns.customer_id),
        timestamp=place("timestamp", columns.timestamp),
        amount=tuple(place("amount", factor) for factor in factors),
        order_id=optional("order_id", columns.order_id),
        quantity=optional("quantity", columns.quantity),
        product=optional("product", columns.product),
        currency=optional("currency", columns.currency),
        market=optional("market", columns.market),
        paid_until=optional("paid_until", columns.paid_until),
        notes=(f"Column names were read without case and blanks: {', '.join(unlike)}.",)
        if unlike
        else (),
    )
    if missing:
        _check_header(names, columns, path)
        raise MissingColumns(_missing_message(names, missing, path))
    return places


def check_separator(names: Sequence[str], columns: OrderColumns, path: Path, used: str) -> None:
    """Nothing, unless the header would hold the columns if it were split at another sign.

    Raises UnreadableFile that names the sign found and the key to set.
    """
    needed = columns.names()
    if any(_position(names, name) is not None for name in needed):
        return
    line = used.join(names)
    for sign, text in SEPARATORS.items():
        parts = [part.strip().strip('"').strip() for part in line.split(sign)]
        found = sum(_position(parts, name) is not None for name in needed)
        if sign != used and (found == len(needed) or (len(names) == 1 and len(parts) > 1)):
            message = (
                f"{path.name} separates its columns by {text}, not by "
                f"{SEPARATORS.get(used, repr(used))}; set sources.orders.csv.separator "
                f"to {sign!r}."
            )
            raise UnreadableFile(message)


def looks_like_data(names: Sequence[str]) -> bool:
    """Whether the first row of a file holds values, not column names."""
    cells = [name.strip() for name in names if name.strip()]
    return any(_DATA_CELL.fullmatch(cell) for cell in cells)


def no_header(path: Path, needed: Sequence[str]) -> UnreadableFile:
    """The error for a file whose first row is an order."""
    return UnreadableFile(
        f"The first row of {path.name} holds values, not column names; "
        f"write a first row that names them, such as {','.join(needed)}."
    )


def _position(names: Sequence[str], name: str) -> int | None:
    if name in names:
        return names.index(name)
    folded = [other.strip().casefold() for other in names]
    wanted = name.strip().casefold()
    return folded.index(wanted) if wanted in folded else None


def _check_unique(names: Sequence[str], path: Path) -> None:
    folded = [name.casefold() for name in names if name]
    twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if twice is not None:
        message = (
            f"{path.name} has more than one column {twice!r}; give each column a name of its own."
        )
        raise UnreadableFile(message)


def _check_header(names: Sequence[str], columns: OrderColumns, path: Path) -> None:
    found = [name for name in columns.names() if _position(names, name) is not None]
    if not found and looks_like_data(names):
        raise no_header(path, columns.names())


def _missing_message(names: Sequence[str], missing: Sequence[tuple[str, str]], path: Path) -> str:
    shown = ", ".join(names[:30]) + (", …" if len(names) > 30 else "")
    lacking = ", ".join(repr(name) for _, name in missing)
    role, name = missing[0]
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    meant = f" Did you mean {folded[close[0]]!r}?" if close else ""
    value = folded[close[0]] if close else "NAME"
    return (
        f"{path.name} has no column {lacking}; it has {shown}.{meant} Map it with "
        f"--columns {role}={value}, or in regulars.yml as sources.orders.columns.{role}."
    )
