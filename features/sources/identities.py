"""Which rows are one event: duplicates, corrections that came later, and contradictions.

Two events are one if their identity is: the id that their source gives them, or else all columns of
the row. Identity and content are 128 bits each, as two unsigned integers.
"""

from dataclasses import dataclass, fields, replace
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Words: TypeAlias = npt.NDArray[np.uint64]
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

KEY_COLUMNS = ("key_0", "key_1", "content_0", "content_1")

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True, slots=True)
class Events:
    """What tells events apart, one value an event, shape (n_events,)."""

    key_0: Words
    key_1: Words
    content_0: Words
    content_1: Words
    row_at: Ints  # position of its row in the source
    arrived_us: Ints  # when its row became known, microseconds since 1970
    has_id: Flags  # whether its source gives it an id

    def where(self, mask: Flags) -> "Events":
        """Those events alone."""
        return Events(*(getattr(self, one.name)[mask] for one in fields(self)))

    def __len__(self) -> int:
        """How many."""
        return len(self.row_at)


class Verdict(NamedTuple):
    """What became of the events; `replaced_by` is the position of the later version, or -1."""

    kept: Flags
    contradicting: tuple[tuple[int, ...], ...]  # rows, by position in the source, of one id each
    replaced_by: Ints


def mixed(words: Words, numbers: Ints | int) -> Words:
    """Words that differ if the words or the numbers do: the finaliser of splitmix64.

    Source: G. L. Steele, D. Lea and C. H. Flood (2014), Fast Splittable Pseudorandom Number
    Generators, OOPSLA, figure 16.
    """
    salted = words + np.asarray(numbers).astype(np.uint64) * _STEP
    salted = (salted ^ (salted >> np.uint64(30))) * _FACTORS[0]
    salted = (salted ^ (salted >> np.uint64(27))) * _FACTORS[1]
    return salted ^ (salted >> np.uint64(31))


def numbered(events: Events) -> Events:
    """The same, equal rows of a source without ids being events of their own.

    The n-th of them is told by its number, so a source read again gives the same identities.
    """
    order = _order(events)
    starts = np.flatnonzero(~_same_key(events, order))
    sizes = np.diff(np.append(starts, len(events)))
    number = np.empty(len(events), dtype=np.int64)
    number[order] = np.arange(len(events)) - np.repeat(starts, sizes)
    repeats = (number > 0) & ~events.has_id
    return replace(
        events,
        key_0=np.where(repeats, mixed(events.key_0, number), events.key_0),
        key_1=np.where(repeats, mixed(events.key_1, number), events.key_1),
    )


def judged(events: Events, *, has_arrival: bool) -> Verdict:
    """Which events are kept, which contradict each other, which replace earlier ones.

    Events of one identity: the same content again is a duplicate; another content that arrived
    later is a correction; without a later arrival nothing says which is right, and no row is kept.
    """
    alive = np.ones(len(events), dtype=np.bool_)
    contradicting: list[tuple[int, ...]] = []
    while True:
        at = np.flatnonzero(alive)
        left = events.where(alive)
        order, repeats, contradicts = _compared(left, has_arrival=has_arrival)
        if not contradicts.any():
            break
        group_of = np.cumsum(~_same_key(left, order))
        bad = np.isin(group_of, group_of[contradicts])
        rows, ends = left.row_at[order][bad], np.flatnonzero(np.diff(group_of[bad])) + 1
        contradicting += [tuple(np.unique(one).tolist()) for one in np.split(rows, ends)]
        alive &= ~np.isin(events.row_at, np.concatenate(contradicting))
    kept = np.zeros(len(events), dtype=np.bool_)
    kept[at[order[~repeats]]] = True
    return Verdict(kept, _apart(contradicting), _replaced(left, order, repeats, at, len(events)))


def _apart(groups: list[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """The groups, a row that two events put into two of them being in the larger one only."""
    seen: set[int] = set()
    apart = []
    for group in sorted(groups, key=len, reverse=True):
        rows = tuple(row for row in group if row not in seen)
        seen.update(rows)
        if rows:
            apart.append(rows)
    return tuple(apart)


def _compared(events: Events, *, has_arrival: bool) -> tuple[Ints, Flags, Flags]:
    """Order by identity and arrival; in it, what repeats and what contradicts the one before."""
    order = _order(events)
    same = _same_key(events, order)
    has_id = events.has_id[order]
    equal = same & (_equals_before(events, order, "content_0", "content_1") | ~has_id)
    later = np.zeros(len(order), dtype=np.bool_)
    later[1:] = np.diff(events.arrived_us[order]) > 0
    return order, equal, same & ~equal & ~(later & has_arrival)


def _replaced(events: Events, order: Ints, repeats: Flags, at: Ints, count: int) -> Ints:
    kept = order[~repeats]
    followed = np.flatnonzero(_same_key(events, kept)) - 1
    replaced_by = np.full(count, -1, dtype=np.int64)
    replaced_by[at[kept[followed]]] = at[kept[followed + 1]]
    return replaced_by


def _order(events: Events) -> Ints:
    """Positions by identity, then arrival, then place in the source."""
    order: Ints = np.argsort(events.key_0)
    keys = events.key_0[order]
    if not (keys[1:] == keys[:-1]).any():  # mostly no two are equal, and this is far faster
        return order
    return np.lexsort((np.arange(len(events)), events.arrived_us, events.key_1, events.key_0))


def _same_key(events: Events, order: Ints) -> Flags:
    return _equals_before(events, order, "key_0", "key_1")


def _equals_before(events: Events, order: Ints, *names: str) -> Flags:
    """Whether each event in this order has the same words as the one before it."""
    same = np.ones(len(order), dtype=np.bool_)
    same[:1] = False
    for name in names:
        words = getattr(events, name)[order]
        same[1:] &= words[1:] == words[:-1]
    return same
