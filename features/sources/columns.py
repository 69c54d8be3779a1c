"""Where in a source the columns of the settings stand."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from features.account import Note
from features.errors import MissingColumns, UnreadableFile
from features.source_settings import TableColumns, factors

SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}

_DATA_CELL = re.compile(r"[+-]?[\d.,' ]*\d|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}.*")


@dataclass(frozen=True, slots=True)
class Places:
    """Positions of each role that is read; money may be a product of two columns.

    Positions from `width` on, the width of the file, are those of `constants`: one value of the
    settings for all rows.
    """

    at: Mapping[str, tuple[int, ...]]
    width: int
    constants: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    def of(self, role: str) -> int | None:
        """The position of a role that is one column, None if it is not mapped."""
        return self.at[role][0] if role in self.at else None

    def needed(self) -> list[int]:
        """Every position of the file that is read, each once."""
        every = {at for positions in self.at.values() for at in positions}
        return sorted(at for at in every if at < self.width)


class About(NamedTuple):
    """What messages call a source: its title, and the table that it holds."""

    title: str
    table: str = "orders"

    def key(self, name: str) -> str:
        """The full name of one of its keys in the settings."""
        return f"sources.{self.table}.{name}"


def locate(names: Sequence[str], columns: TableColumns, about: About) -> Places:
    """Where the mapped columns stand, matched by name without regard to case and outer blanks.

    Raises MissingColumns with the closest names, UnreadableFile if there is no header at all.
    """
    check_unique(names, about.title)
    missing: list[tuple[str, str]] = []
    unlike: list[str] = []
    constants: list[str] = []

    def place(role: str, name: str) -> int:
        if name.startswith("="):
            constants.append(name[1:].strip())
            return len(names) + len(constants) - 1
        at = position(names, name)
        if at is None:
            missing.append((role, name))
            return -1
        if names[at] != name:
            unlike.append(f"{name!r} as {names[at]!r}")
        return at

    places = {
        role: tuple(place(role, part) for part in _factors(role, text))
        for role, text in columns.mapped().items()
    }
    if missing:
        _check_header(names, columns, about.title)
        raise MissingColumns(_missing_message(names, missing, about))
    if "timestamp" not in places and "registered" in places:
        places["timestamp"] = places["registered"]  # what is known of a customer from the first day
    told = f"Column names were read without case and blanks: {', '.join(unlike)}."
    return Places(places, len(names), tuple(constants), (Note(told),) if unlike else ())


def _factors(role: str, text: str) -> list[str]:
    parts = factors(role, text)
    if len(parts) > 2:
        message = (
            f"columns.{role} is {text!r}, a product of more than two columns; "
            "name one column, or two as in quantity*unit_price."
        )
        raise MissingColumns(message)
    return parts


def check_separator(names: Sequence[str], columns: TableColumns, about: About, used: str) -> None:
    """Nothing, unless the header would hold the columns if it were split at another sign.

    Raises UnreadableFile that names the sign found and the key to set.
    """
    needed = columns.names()
    if any(position(names, name) is not None for name in needed):
        return
    line = used.join(names)
    for sign, text in SEPARATORS.items():
        parts = [part.strip().strip('"').strip() for part in line.split(sign)]
        found = sum(position(parts, name) is not None for name in needed)
        if sign != used and (found == len(needed) or (len(names) == 1 and len(parts) > 1)):
            message = (
                f"{about.title} separates its columns by {text}, not by "
                f"{SEPARATORS.get(used, repr(used))}; set {about.key('csv.separator')} "
                f"to {sign!r}."
            )
            raise UnreadableFile(message)


def looks_like_data(names: Sequence[str]) -> bool:
    """Whether the first row of a file holds values, not column names."""
    cells = [name.strip() for name in names if name.strip()]
    return any(_DATA_CELL.fullmatch(cell) for cell in cells)


def no_header(title: str, needed: Sequence[str]) -> UnreadableFile:
    """The error for a file whose first row is no header."""
    return UnreadableFile(
        f"The first row of {title} holds values, not column names; "
        f"write a first row that names them, such as {','.join(needed)}."
    )


def position(names: Sequence[str], name: str) -> int | None:
    """Where a column of this name stands, without regard to case and outer blanks, or None."""
    if name in names:
        return names.index(name)
    folded = [other.strip().casefold() for other in names]
    wanted = name.strip().casefold()
    return folded.index(wanted) if wanted in folded else None


def check_unique(names: Sequence[str], title: str) -> None:
    """Nothing, if no name stands twice, unnamed columns aside; raises UnreadableFile."""
    folded = [name.casefold() for name in names if name]
    twice = next((name for name in names if folded.count(name.casefold()) > 1), None)
    if twice is not None:
        message = f"{title} has more than one column {twice!r}; give each column a name of its own."
        raise UnreadableFile(message)


def _check_header(names: Sequence[str], columns: TableColumns, title: str) -> None:
    found = [name for name in columns.names() if position(names, name) is not None]
    if not found and looks_like_data(names):
        raise no_header(title, columns.names())


def _missing_message(names: Sequence[str], missing: Sequence[tuple[str, str]], about: About) -> str:
    shown = ", ".join(names[:30]) + (", …" if len(names) > 30 else "")
    lacking = ", ".join(repr(name) for _, name in missing)
    role, name = missing[0]
    folded = {other.casefold(): other for other in names}
    close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)
    meant = f" Did you mean {folded[close[0]]!r}?" if close else ""
    value = folded[close[0]] if close else "NAME"
    flag = f"with --columns {role}={value}, or " if about.table == "orders" else ""
    return (
        f"{about.title} has no column {lacking}; it has {shown}.{meant} Map it {flag}"
        f"in regulars.yml as {about.key(f'columns.{role}')}."
    )
