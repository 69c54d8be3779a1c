"""Spells: the times during which a customer was under contract, as they were known on any day.

A spell begins when the first contract starts and ends on the first day without one. Contracts side
by side are one spell, and a renewal at most `grace_days` after an end continues it. Whether an end
holds is known only when the grace is over: as of a day, a spell has ended if its end and the whole
grace lie before that day; any other spell is open, and nothing is known of it from that day on.

Two clocks: a change counts if it happened before the day and was told before it. An end that was
told late leaves the spell open until then.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.contracts import EPOCH, NEVER
from features.declarations import Ints
from features.groups.subscriptions import ENDED, STARTED
from features.histories import Histories
from features.measures import PAID_UNTIL

Bools = npt.NDArray[np.bool_]

NO_REASON = "not told"
"""The reason of an end that names none."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Starts (+1) and ends (-1) of contracts, and told reasons (0); arrays of shape (n_changes,).

    `codes` are places in `customer_ids`, days count from 1970. A change is of its day; it happened
    on `happened_days`: a payment tells on its own day when the time paid for will be over.
    `reasons` are places in `reason_names`, -1 without one.
    """

    customer_ids: pa.Array
    codes: Ints
    days: Ints
    steps: Ints
    happened_days: Ints
    known_from: Ints
    known_to: Ints
    reasons: Ints
    reason_names: tuple[str, ...] = ()

    def known_at(self, day: int) -> "Changes":
        """What had happened, had been told and was not yet corrected at the start of this day."""
        told = (self.known_from < day) & (self.known_to >= day)
        return self._rows(told & (self.happened_days < day))

    def before(self, day: int) -> "Changes":
        """The changes as they stood at the start of this day, earlier versions included."""
        kept = self._rows((self.known_from < day) & (self.happened_days < day))
        return replace(kept, known_to=np.where(kept.known_to >= day, NEVER, kept.known_to))

    def _rows(self, mask: Bools) -> "Changes":
        names = ("codes", "days", "steps", "happened_days", "known_from", "known_to", "reasons")
        return replace(self, **{name: getattr(self, name)[mask] for name in names})


@dataclass(frozen=True, slots=True)
class Spells:
    """Spells as known at the start of `day`, by customer and start; shape (n_spells,).

    `decided_day` is `day` less the grace: what an end before it means is decided. `numbers` counts
    a customer's spells from 1. `end_days` is the first day without a contract as far as is known,
    NEVER for a contract without an end; only where `ended` does it hold.
    """

    day: int
    decided_day: int
    codes: Ints
    numbers: Ints
    start_days: Ints
    end_days: Ints
    ended: Bools
    reasons: Ints

    def months(self) -> tuple[Ints, Bools]:
        """How many whole months each spell lasted, and whether it ended in the last of them.

        Only months that are decided to their end count. In a month that is still under way ends
        are seen already and renewals are not yet, so counting it would show ends alone.
        """
        decided = np.full(len(self.codes), self.decided_day, dtype=np.int64)
        whole = months_begun(self.start_days, decided) - 1
        begun = months_begun(self.start_days, np.minimum(self.end_days, self.day))
        is_seen = self.ended & (begun <= whole)
        return np.where(is_seen, begun, np.minimum(begun - ~self.ended, whole)), is_seen

    def open_at(self) -> "Spells":
        """The spells that had not ended."""
        return self.rows(~self.ended)

    def rows(self, mask: Bools) -> "Spells":
        """Some of the spells."""
        names = ("codes", "numbers", "start_days", "end_days", "ended", "reasons")
        return replace(self, **{name: getattr(self, name)[mask] for name in names})


def changes_of(histories: Histories, reasons: pa.Table | None = None) -> Changes | None:
    """The changes of all contracts: of the subscriptions if there are any, else of paid time.

    `reasons` are events of subscriptions, whose ends may tell why. None if the business has
    neither subscriptions nor payments that say until when they pay.
    """
    if STARTED.family in histories.tiles and histories.tiles[STARTED.family].num_rows:
        return _with_reasons(_of_subscriptions(histories), reasons)
    has_paid_time = PAID_UNTIL.name in {one.name for one in histories.catalogue.measures}
    return _of_payments(histories) if has_paid_time else None


def spells_at(changes: Changes, day: int, *, grace_days: int) -> Spells:
    """The spells as they were known at the start of this day, told by nothing that came later."""
    known = changes.known_at(day)
    codes, days, running = _running(known)
    under = running > 0
    was_under = np.zeros(len(codes), dtype=bool)
    was_under[1:] = under[:-1] & (codes[1:] == codes[:-1])
    starts, ends = under & ~was_under, ~under & was_under
    code, start = codes[starts], days[starts]
    # Starts and ends of a customer alternate; only a last start may lack its end.
    end = np.full(len(code), NEVER, dtype=np.int64)
    place = np.searchsorted(np.flatnonzero(starts), np.flatnonzero(ends)) - 1
    end[place] = days[ends]
    first = np.ones(len(code), dtype=bool)
    first[1:] = (code[1:] != code[:-1]) | (start[1:] - end[:-1] > grace_days)
    last = np.append(first[1:], True)[: len(code)]
    spell_code, spell_end = code[first], end[last]
    return Spells(
        day,
        day - grace_days,
        spell_code,
        _numbered(spell_code),
        start[first],
        spell_end,
        spell_end + grace_days < day,
        _reasons_at(known, spell_code, spell_end),
    )


def months_begun(start_days: Ints, days: Ints) -> Ints:
    """How many months from each start had begun before each day, at least 1.

    A month ends on the start's day of the month, or on the last of a shorter month: from the 31st
    of January to the 29th of February is one, to the 1st of March two.
    """
    start, day = _dates(start_days), _dates(days)
    between = (day.astype("datetime64[M]") - start.astype("datetime64[M]")).astype(np.int64)
    is_over = months_later(start_days, between) < days
    return np.maximum(between + is_over, 1)


def months_later(days: Ints, months: Ints | int) -> Ints:
    """The same day of the month so many months later, or the last day of a shorter month."""
    dates = _dates(days)
    month = dates.astype("datetime64[M]")
    in_month = dates - month.astype("datetime64[D]")
    later = month + months
    last = (later + 1).astype("datetime64[D]") - 1
    return np.minimum(later.astype("datetime64[D]") + in_month, last).astype(np.int64)


def monthly_cutoffs(first_day: date, as_of: date, *, most: int) -> list[date]:
    """Up to so many days, one month apart, before `as_of` and after `first_day`, oldest first."""
    asked = np.array([(as_of - EPOCH).days], dtype=np.int64)
    found = []
    for months in range(1, most + 1):
        cutoff = date_of(int(months_later(asked, -months)[0]))
        if cutoff <= first_day:
            break
        found.append(cutoff)
    return found[::-1]


def date_of(day: int) -> date:
    """The date of a day counted from 1970."""
    return date.fromordinal(EPOCH.toordinal() + day)


def day_of(day: date) -> int:
    """A date as days since 1970."""
    return (day - EPOCH).days


def _of_payments(histories: Histories) -> Changes:
    """Each day with payments starts a contract that ends when the time paid for is over."""
    tiles = histories.orders.filter(
        pc.greater(histories.orders[PAID_UNTIL.name], histories.orders["day"].cast(pa.int32()))
    )
    days, until = _integers(tiles["day"]), _integers(tiles[PAID_UNTIL.name])
    ids = histories.customer_ids
    one = np.ones(len(days), dtype=np.int64)
    return Changes(
        customer_ids=ids,
        codes=np.tile(_codes(tiles["customer_id"], ids), 2),
        days=np.concatenate([days, until]),
        steps=np.concatenate([one, -one]),
        happened_days=np.tile(days, 2),
        known_from=np.tile(_integers(tiles["known_from"]), 2),
        known_to=np.tile(_integers(tiles["known_to"]), 2),
        reasons=np.full(2 * len(days), -1, dtype=np.int64),
    )


def _of_subscriptions(histories: Histories) -> Changes:
    tiles = histories.tiles[STARTED.family]
    days = _integers(tiles["day"])
    return Changes(
        customer_ids=histories.customer_ids,
        codes=_codes(tiles["customer_id"], histories.customer_ids),
        days=days,
        steps=_integers(tiles[STARTED.name]) - _integers(tiles[ENDED.name]),
        happened_days=days,
        known_from=_integers(tiles["known_from"]),
        known_to=_integers(tiles["known_to"]),
        reasons=np.full(len(days), -1, dtype=np.int64),
    )


def _with_reasons(changes: Changes, events: pa.Table | None) -> Changes:
    """The same with a change of nothing per end that tells why."""
    if events is None or not events.num_rows:
        return changes
    told = events.filter(pc.and_(pc.equal(events["kind"], "ended"), pc.is_valid(events["reason"])))
    if not told.num_rows:
        return changes
    names, places = np.unique(told["reason"].to_numpy(zero_copy_only=False), return_inverse=True)
    days = _integers(told["day"])
    more = {
        "codes": _codes(told["customer_id"], changes.customer_ids),
        "days": days,
        "steps": np.zeros(len(days), dtype=np.int64),
        "happened_days": days,
        "known_from": _integers(told["known_from"]),
        "known_to": _integers(told["known_to"]),
        "reasons": places.astype(np.int64),
    }
    both = {name: np.concatenate([getattr(changes, name), some]) for name, some in more.items()}
    return replace(changes, **both, reason_names=tuple(str(name) for name in names))


def _running(known: Changes) -> tuple[Ints, Ints, Ints]:
    """Customer, day and contracts running from that day on, one per customer and day of change."""
    moves = known.steps != 0
    codes, days, steps = known.codes[moves], known.days[moves], known.steps[moves]
    order = np.lexsort((days, codes))
    codes, days, steps = codes[order], days[order], steps[order]
    is_new = np.ones(len(codes), dtype=bool)
    is_new[1:] = (codes[1:] != codes[:-1]) | (days[1:] != days[:-1])
    firsts = np.flatnonzero(is_new)
    if not len(firsts):
        return codes, days, steps
    codes, days, steps = codes[firsts], days[firsts], np.add.reduceat(steps, firsts)
    total = np.cumsum(steps)
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
    before = (total - steps)[starts]
    return codes, days, total - np.repeat(before, np.diff(np.append(starts, len(codes))))


def _numbered(codes: Ints) -> Ints:
    """1, 2, … within each run of equal codes."""
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])[: len(codes)])
    lengths = np.diff(np.append(starts, len(codes)))
    return np.arange(len(codes)) - np.repeat(starts, lengths) + 1


def _reasons_at(known: Changes, codes: Ints, end_days: Ints) -> Ints:
    """The reason told for the day on which each spell ended, -1 without one."""
    told = known.reasons >= 0
    if not told.any():
        return np.full(len(codes), -1, dtype=np.int64)
    reasons = pd.Series(
        known.reasons[told], index=pd.MultiIndex.from_arrays([known.codes[told], known.days[told]])
    )
    reasons = reasons[~reasons.index.duplicated(keep="last")]
    asked = pd.MultiIndex.from_arrays([codes, end_days])
    return reasons.reindex(asked).fillna(-1).to_numpy(dtype=np.int64)


def _codes(ids: pa.ChunkedArray, customer_ids: pa.Array) -> Ints:
    places = pc.index_in(ids.cast(pa.string()), value_set=customer_ids.cast(pa.string()))
    found: Ints = places.fill_null(-1).to_numpy().astype(np.int64)
    return found


def _integers(column: pa.ChunkedArray) -> Ints:
    kind = pa.int32() if pa.types.is_date(column.type) else pa.int64()
    return column.cast(kind).to_numpy().astype(np.int64)


def _dates(days: Ints | Sequence[int]) -> npt.NDArray[np.datetime64]:
    return np.asarray(days, dtype=np.int64).astype("datetime64[D]")
