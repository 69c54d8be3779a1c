"""The account of a source in numbers: where every row went, what was met, and how long it holds.

Accounts of parts of a source add up to the account of the whole, and are kept as JSON.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import Any, Self

from features.errors import DataError

NO_CUSTOMER_ID = "no_customer_id"
"""The code of a guest's row: refused, but no broken row."""

_NAMED = 3
_DAYS = ("same_from", "same_until")


@dataclass(frozen=True, slots=True)
class Note:
    """What was met while reading: how often, if it is counted, and in which of several files."""

    text: str
    count: int = 0
    files: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """For people."""
        rest_count = len(self.files) - _NAMED
        named = ", ".join(self.files[:_NAMED])
        where = f"{named} and {rest_count:,} more: " if rest_count > 0 else f"{named}: "
        return (
            (where if self.files else "") + (f"{self.count:,} " if self.count else "") + self.text
        )


def added_up(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The notes, each text once: its counts summed, its files one after the other."""
    told: dict[str, Note] = {}
    for note in notes:
        one = told.get(note.text, Note(note.text))
        told[note.text] = replace(one, count=one.count + note.count, files=one.files + note.files)
    return tuple(told.values())


@dataclass(frozen=True, slots=True)
class Account:
    """Where every row of a source went: `read = accepted + duplicate + refused`, exactly.

    Counts are those of the source's rows; `event_count` is that of the events that they became, two
    of a ticket that was opened and closed. `refused_by_code` includes guests. `later_count` counts
    rows left out before they were judged, because they lie on or after the day asked for; those are
    in no other count. Read on any day from `same_from` until the day before `same_until`, the same
    rows give the same account; None is no bound.
    """

    read_count: int
    accepted_count: int
    duplicate_count: int
    event_count: int
    refused_by_code: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    later_count: int = 0
    same_from: date | None = None
    same_until: date | None = None

    def __post_init__(self) -> None:
        """Refuse an account that does not add up."""
        kept_count = self.accepted_count + self.duplicate_count + self.refused_count
        if self.read_count != kept_count:
            message = (
                f"{self.read_count} rows were read but {self.accepted_count} accepted, "
                f"{self.duplicate_count} duplicate and {self.refused_count} refused; "
                "this is a fault of the product, please report it"
            )
            raise DataError(message)

    @property
    def refused_count(self) -> int:
        """Rows that were refused, guests included."""
        return sum(self.refused_by_code.values())

    @property
    def guest_count(self) -> int:
        """Rows that name no customer."""
        return self.refused_by_code.get(NO_CUSTOMER_ID, 0)

    @property
    def refused_share(self) -> float:
        """Share of the rows read that are broken; guests are not."""
        return (self.refused_count - self.guest_count) / max(self.read_count, 1)

    @property
    def guest_share(self) -> float:
        """Share of the rows read that name no customer."""
        return self.guest_count / max(self.read_count, 1)

    def broken_by_code(self) -> dict[str, int]:
        """Refused rows by code, the commonest first; guests are none."""
        codes = (pair for pair in self.refused_by_code.items() if pair[0] != NO_CUSTOMER_ID)
        return dict(sorted(codes, key=lambda pair: (-pair[1], pair[0])))

    def sentences(self) -> list[str]:
        """The notes for people."""
        return [note.sentence for note in self.notes]

    def summary(self) -> str:
        """The account in one line."""
        became = ""
        if self.event_count != self.accepted_count:
            became = f"; they became {self.event_count:,} events"
        return (
            f"{self.read_count:,} rows read: {self.accepted_count:,} accepted, "
            f"{self.duplicate_count:,} duplicate, {self.refused_count:,} refused "
            f"(of which {self.guest_count:,} without a customer id){became}"
        )

    def is_same_on(self, day: date) -> bool:
        """Whether reading the same rows on this day gives this account."""
        return (self.same_from is None or self.same_from <= day) and (
            self.same_until is None or day < self.same_until
        )

    def plus(self, other: "Account") -> "Account":
        """The account of both parts of a source."""
        codes = Counter(self.refused_by_code) + Counter(other.refused_by_code)
        return Account(
            read_count=self.read_count + other.read_count,
            accepted_count=self.accepted_count + other.accepted_count,
            duplicate_count=self.duplicate_count + other.duplicate_count,
            event_count=self.event_count + other.event_count,
            refused_by_code=dict(codes),
            notes=added_up([*self.notes, *other.notes]),
            later_count=self.later_count + other.later_count,
            same_from=max(_given(self.same_from, other.same_from), default=None),
            same_until=min(_given(self.same_until, other.same_until), default=None),
        )

    def repeating(self, count: int) -> "Account":
        """The same, so many accepted rows of one event each repeating another part's rows."""
        return replace(
            self,
            accepted_count=self.accepted_count - count,
            duplicate_count=self.duplicate_count + count,
            event_count=self.event_count - count,
        )

    def to_dict(self) -> dict[str, Any]:
        """The account as JSON-able data."""
        days = {name: _iso(getattr(self, name)) for name in _DAYS}
        return asdict(self) | {"notes": [asdict(note) for note in self.notes]} | days

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The account of `to_dict`. Raises KeyError, TypeError or ValueError for other data."""
        days = {name: data[name] and date.fromisoformat(data[name]) for name in _DAYS}
        notes = tuple(Note(**{**one, "files": tuple(one["files"])}) for one in data["notes"])
        return cls(**{**data, "notes": notes, **days})


def _given(*days: date | None) -> list[date]:
    return [day for day in days if day is not None]


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
