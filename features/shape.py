"""What a business has: its tables, columns, markets and words. It decides which features exist."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from features.errors import SettingsError
from features.schema import EVENT_TABLES
from features.tiles import MOST_WORDS
from features.words import check_words

Words = tuple[tuple[str, tuple[str, ...]], ...]
"""Some values of columns, by `table.column`."""

Place = tuple[str | None, str | None]
"""Country and region of a market, as `HolidayCalendar.of` takes them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The tables and optional columns (`orders.quantity`) that are there, and how to read them.

    `vocabulary` gives each word of a column its bit in the tiles; `counted` are the words that get
    features of their own; `groups` are feature groups that the business wrote itself; `calendars`
    are the places whose holidays count, one per market, `calendar` is available if any is known,
    `markets` if there are several.
    """

    markets: tuple[str, ...]
    currency: str
    available: frozenset[str]
    vocabulary: Words = ()
    counted: Words = ()
    groups: tuple[ModuleType, ...] = ()
    calendars: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        """Raises SettingsError for words that cannot be counted."""
        for column, words in self.counted:
            check_words(column, words)

    @classmethod
    def of(
        cls,
        events: Mapping[str, pa.Table],
        *,
        markets: tuple[str, ...],
        currency: str,
        counted: Words = (),
        groups: tuple[ModuleType, ...] = (),
        calendars: tuple[Place, ...] = (),
    ) -> "Shape":
        """The shape of these events: a column counts as there if any row of it is filled."""
        available = set(events)
        if any(country for country, _ in calendars):
            available.add("calendar")
        if len(markets) > 1:
            available.add("markets")
        words = []
        for table, rows in events.items():
            for column in EVENT_TABLES[table].columns:
                if not column.required and rows[column.name].null_count < rows.num_rows:
                    available.add(f"{table}.{column.name}")
                    if column.few:
                        words.append((f"{table}.{column.name}", commonest(rows[column.name])))
        return cls(
            markets, currency, frozenset(available), tuple(words), counted, groups, calendars
        )

    def after(self, known: "Shape") -> "Shape":
        """The same, with what stored events have besides; their words keep their bits."""
        mine = dict(self.vocabulary)
        words = dict(known.vocabulary)
        for name, more in mine.items():
            first = words.get(name, ())
            fresh = tuple(word for word in more if word not in first)
            words[name] = (first + fresh)[:MOST_WORDS]
        return replace(
            self, available=self.available | known.available, vocabulary=tuple(words.items())
        )

    def differs_from(self, then: "Shape") -> str | None:
        """What makes a feature mean something else here than `then`, in words; None if nothing."""
        if self.currency != then.currency:
            return f"money was in {then.currency} then and is in {self.currency} now"
        before = then.places()
        for market, place in self.places().items():
            if before.get(market, place) != place:
                return f"market {market} has the holidays of another place than then"
        return None

    def places(self) -> dict[str, Place]:
        """Where the holidays of each market are kept."""
        places = self.calendars or ((None, None),) * len(self.markets)
        return dict(zip(self.markets, places, strict=True))

    def to_dict(self) -> dict[str, object]:
        """The shape as JSON-able data; groups are named with the digest of their file, not kept."""
        return {
            "markets": list(self.markets),
            "currency": self.currency,
            "available": sorted(self.available),
            "vocabulary": {name: list(words) for name, words in self.vocabulary},
            "counted": {name: list(words) for name, words in self.counted},
            "calendars": [list(place) for place in self.calendars],
            "groups": {group.__name__: _digest(group) for group in self.groups},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], groups: tuple[ModuleType, ...] = ()) -> "Shape":
        """The shape of `to_dict` with the groups that it was made with.

        Raises KeyError for data that is none, SettingsError for other groups than these.
        """
        _require_same(dict(data["groups"]), {group.__name__: _digest(group) for group in groups})
        return cls(
            markets=tuple(data["markets"]),
            currency=str(data["currency"]),
            available=frozenset(data["available"]),
            vocabulary=_words(data["vocabulary"]),
            counted=_words(data["counted"]),
            groups=groups,
            calendars=tuple((country, region) for country, region in data["calendars"]),
        )


def commonest(values: pa.ChunkedArray) -> tuple[str, ...]:
    """The values of a column, sorted; of more than have bits the commonest."""
    counts = pc.value_counts(values.combine_chunks().drop_null())
    pairs = [(-one["counts"].as_py(), one["values"].as_py()) for one in counts]
    return tuple(sorted(word for _, word in sorted(pairs)[:MOST_WORDS]))


def _digest(group: ModuleType) -> str:
    """The digest that `user_groups` gave the group's file."""
    return getattr(group, "FILE_DIGEST", "")


def _require_same(then: dict[str, str], now: dict[str, str]) -> None:
    """Nothing, if the business's own features are declared by the same files as then."""
    for name in {**then, **now}:
        if then.get(name) == now.get(name):
            continue
        file = f"{name.rsplit('.', 1)[-1]}.py"
        if name not in then:
            problem = f"{file} was not among features.files then"
        elif name not in now:
            problem = f"the settings no longer name {file} in features.files"
        else:
            problem = f"{file} has changed since"
        message = f"Made with other features: {problem}. Make it again with: regulars train"
        raise SettingsError(message)


def _words(data: Mapping[str, list[str]]) -> Words:
    return tuple((name, tuple(words)) for name, words in data.items())
