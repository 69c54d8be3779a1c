"""The judgement of rows: accepted, set aside as a duplicate, or refused with a reason.

A row is judged first and compared with other rows only if it is good, so a bad row is told as bad
each time it stands in the source. Rows left out as the future are in no count but their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.account import NO_CUSTOMER_ID, Account, Note
from features.contracts import EPOCH, Table
from features.quality import KEYS, Reading, counted_codes
from features.source_settings import TableSource
from features.sources.arrays import Flags, Ints, ints, is_filled
from features.sources.chunks import Chunk, Refusal, RowSource, refused_table
from features.sources.clock import DAY_US, day_number
from features.sources.columns import Places
from features.sources.events import events_of, finished, identities, known_to
from features.sources.identities import KEY_COLUMNS, judged, numbered
from features.sources.reasons import Explainer, contradiction
from features.sources.rows import Markets, Rows, rows_of
from features.sources.statement import reader
from features.sources.tally import Tally
from features.sources.values import Check


@dataclass(frozen=True, slots=True)
class Days:
    """The days that bound a reading."""

    today: date
    before: date | None


class _Late(NamedTuple):
    """A rule that SQL does not judge, and the rows that break it."""

    check: Check
    broken: Flags
    until: Ints | None = None  # the day on which each row no longer breaks it, if a day comes


class Judge:
    """The rows of one source judged so far."""

    def __init__(
        self,
        table: Table,
        source: TableSource,
        markets: Markets,
        file: RowSource,
        places: Places,
        days: Days,
    ) -> None:
        """Make the statement that reads this source."""
        self._table, self._source, self._file, self._places = table, source, file, places
        self._today, self._before = day_number(days.today), day_number(days.before)
        self._markets = markets
        self._reader = reader(table, source, places, file.kinds, self._markets.currencies)
        self._explainer = Explainer(table.name, source, self._markets)
        self._tally = Tally(table, places, self._markets.currency, self._today)
        self._connection = duckdb.connect(
            config={
                "enable_external_access": False,
                "autoload_known_extensions": False,
                "threads": 1,
            }
        )
        self._events: list[pa.Table] = []
        self._refused: list[list[Refusal]] = []  # by chunk
        self._row_count = self._good_count = self._later_count = 0
        self._same_until: int | None = None  # in days since 1970, as Account has it

    def take(self, chunk: Chunk) -> None:
        """Judge the rows of a chunk."""
        values = self._reader.read(self._connection, chunk.table)
        rows = rows_of(self._table, values, self._places, self._markets, self._row_count)
        later = is_filled(values["timestamp_us"])
        later &= np.maximum(rows.known_day, rows.when.local_day) >= self._before
        late = self._late_rules(rows)
        codes = ints(values["fault"], -1)
        for number, rule in enumerate(late, len(self._reader.checks)):
            codes = np.where((codes < 0) & rule.broken, number, codes)
            if rule.until is not None:
                self._may_change_on(rule.until[~later & (codes == number)])
        good, bad = ~later & (codes < 0), np.flatnonzero(~later & (codes >= 0))
        rules = [*self._reader.checks, *(rule.check for rule in late)]
        self._refused.append(self._refusals(chunk, bad, [rules[code] for code in codes[bad]]))
        self._events.append(events_of(self._table, rows, good, min(self._today + 1, self._before)))
        self._row_count += chunk.table.num_rows
        self._good_count += int(good.sum())
        self._later_count += int(later.sum())
        self._tally.take(rows, good)
        if rows.ending is not None and rows.ends is not None and rows.ending.may_be_ahead:
            is_told = is_filled(rows.values[f"{rows.ending.role}_us"])
            is_ahead = rows.ends.local_day > self._today
            self._may_change_on(rows.ends.local_day[good & is_told & is_ahead])

    def _may_change_on(self, days: Ints) -> None:
        """Remember the first of the days on which the rows would be judged otherwise."""
        known = [] if self._same_until is None else [self._same_until]
        self._same_until = min([*known, *days.tolist()], default=None)

    def _late_rules(self, rows: Rows) -> list[_Late]:
        """Rules that need a clock or a rate, the most telling first."""
        rules = [self._future("timestamp", rows.when.local_day)]
        if "arrived_at" in self._places.at:
            rules.append(self._future("arrived_at", rows.known_day))
        if rows.ending is not None and rows.ends is not None:
            role, is_told = rows.ending.role, is_filled(rows.values[f"{rows.ending.role}_us"])
            if not rows.ending.may_be_ahead:
                told_day = np.where(is_told, rows.ends.local_day, self._today)
                rules.append(self._future(role, told_day))
            rules.append(self._late("ends_before", role, is_told & _is_before(rows)))
        for name, role, is_money in rows.numbers:
            if is_money:
                where = "currency" if "currency" in self._places.at else role
                code = "no_rate" if self._markets.rates else "other_currency"
                rules.append(self._late(code, where, rows.has_no_rate[name]))
            is_huge = ~is_filled(rows.columns[name])
            for n, _ in enumerate(self._places.at[role]):
                is_huge &= is_filled(rows.values[f"{name}_{n}"])
            rules.append(self._late("out_of_range", role, is_huge))
        return rules

    def _future(self, role: str, day: Ints) -> _Late:
        return self._late("future", role, day > self._today)._replace(until=day)

    def _late(self, code: str, role: str, broken: Flags) -> _Late:
        return _Late(Check("", code, self._places.at[role][0], role), broken)

    def _refusals(
        self, chunk: Chunk, bad: npt.NDArray[np.intp], broken: Sequence[Check]
    ) -> list[Refusal]:
        """The bad rows of a chunk, those that could not be split among them, in order."""
        constant = next((check for check in broken if check.column >= self._places.width), None)
        if constant is not None:
            value = self._places.constants[constant.column - self._places.width]
            raise self._explainer.wrong_constant(constant, value)
        taken = chunk.table.take(pa.array(bad))
        contents = chunk.content([int(at) for at in bad])
        texts = {
            at: taken[f"c{at}"].to_pylist()
            for at in {check.column for check in broken if check.code != NO_CUSTOMER_ID}
        }
        refused = [refusal._replace(file=chunk.file) for refusal in chunk.refused]
        for n, (row, check) in enumerate(zip(taken["row"].to_pylist(), broken, strict=True)):
            value = "" if check.code == NO_CUSTOMER_ID else (texts[check.column][n] or "").strip()
            reason = self._explainer.reason(check, value)
            name = self._file.names[check.column]
            refused.append(Refusal(row, name, check.code, reason, contents[n], chunk.file))
        return sorted(refused, key=_row)

    def reading(self, file_notes: Sequence[Note]) -> Reading:
        """The account of all rows taken; no more can be."""
        self._connection.close()
        events = pa.concat_tables(self._events, promote_options="default")
        every = identities(events)
        if self._source.duplicates == "keep":
            every = numbered(every)
        verdict = judged(every, has_arrival="arrived_at" in self._places.at)
        self._refuse(verdict.contradicting)
        kept = pa.array(verdict.kept)
        rows = finished(self._table, known_to(events, verdict.replaced_by).filter(kept))
        keys = pa.table([pa.array(getattr(every, name)) for name in KEY_COLUMNS], schema=KEYS)
        refused = [refusal for part in self._refused for refusal in part]
        judged_count = self._good_count - sum(map(len, verdict.contradicting))
        was_taken = np.zeros(self._row_count, dtype=np.bool_)
        was_taken[every.row_at[verdict.kept]] = True
        accepted_count = int(was_taken.sum())
        table = refused_table(refused)
        return Reading(
            table=self._table,
            rows=rows,
            keys=keys.filter(kept).combine_chunks(),
            refused=table,
            account=Account(
                read_count=judged_count + len(refused),
                accepted_count=accepted_count,
                duplicate_count=judged_count - accepted_count,
                event_count=rows.num_rows,
                refused_by_code=counted_codes(table),
                notes=(
                    *self._places.notes,
                    *self._unread(),
                    *file_notes,
                    *self._tally.notes(rows, verdict.replaced_by),
                ),
                later_count=self._later_count,
                same_from=pc.max(rows["known_from"]).as_py(),
                same_until=_day(self._same_until),
            ),
        )

    def _refuse(self, contradicting: Sequence[Sequence[int]]) -> None:
        """Refuse these rows, given as positions in the source, one id each group.

        They are known when all others are, so the source is read once more for what stood there.
        """
        if not contradicting:
            return
        name = self._file.names[self._places.at["event_id"][0]]
        wanted = np.unique(np.concatenate([np.asarray(group) for group in contradicting]))
        found: dict[int, tuple[int, Refusal]] = {}
        start = 0
        for number, chunk in enumerate(self._file.chunks()):
            end = start + chunk.table.num_rows
            positions = wanted[(wanted >= start) & (wanted < end)] - start
            contents = chunk.content(positions.tolist())
            for at, content in zip(positions.tolist(), contents, strict=True):
                row = chunk.table["row"][at].as_py()
                found[start + at] = (
                    number,
                    Refusal(row, name, "conflict", "", content, chunk.file),
                )
            start = end
        for group in contradicting:
            reason = contradiction([found[at][1].row for at in group])
            for at in group:
                number, refusal = found[at]
                self._refused[number].append(refusal._replace(reason=reason))
        for part in self._refused:
            part.sort(key=_row)

    def _unread(self) -> list[Note]:
        needed = set(self._places.needed())
        extra = [name for at, name in enumerate(self._file.names) if at not in needed]
        return [Note(f"Columns not read: {', '.join(extra)}.")] if extra else []


def _day(number: int | None) -> date | None:
    """The day of a number of days since 1970."""
    return None if number is None else EPOCH + timedelta(days=number)


def _row(refusal: Refusal) -> int:
    return refusal.row


def _is_before(rows: Rows) -> Flags:
    """Whether each end is before its beginning; an end without a time is any time of its day."""
    began, ended = rows.when, rows.ends or rows.when
    is_day_alone = ended.local_us % DAY_US == 0
    same_day = ended.local_day == began.local_day
    is_before: Flags = (ended.utc_us < began.utc_us) & ~(is_day_alone & same_day)
    return is_before
