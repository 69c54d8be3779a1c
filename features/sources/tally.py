"""What was met while reading and changes no count: told once, with its number."""

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from features.account import Note
from features.contracts import Table
from features.markets import minor_unit_digits
from features.sources.arrays import Flags, Ints, flags, is_filled
from features.sources.columns import Places
from features.sources.money import is_rounded
from features.sources.rows import SCORE_DIGITS, Rows

_SHOWN = 5


class Tally:
    """What the good rows of a source showed so far."""

    def __init__(self, table: Table, places: Places, currency: str, today: int) -> None:
        """Nothing yet; `today` is in days since 1970."""
        self._table, self._places, self._currency, self._today = table, places, currency, today
        self._counts: Counter[str] = Counter()

    def take(self, rows: Rows, good: Flags) -> None:
        """Count what these rows show."""
        counted = {name: int((mask & good).sum()) for name, mask in self._masks(rows)}
        for name, count in counted.items():
            self._counts[name] += count
        for scaled in rows.numbers:
            if len(self._places.at[scaled.role]) == 1:  # a product has more decimals by nature
                digits = minor_unit_digits(self._currency) if scaled.is_money else SCORE_DIGITS
                is_finer = flags(is_rounded(rows.values[f"{scaled.name}_0"], digits))
                self._counts[f"rounded_{scaled.is_money}"] += int((is_finer & good).sum())

    def _masks(self, rows: Rows) -> Iterator[tuple[str, Flags]]:
        zoned = flags(rows.values["timestamp_zoned"])
        yield "zoned", zoned
        yield "naive", ~zoned
        yield "leap", flags(rows.values["timestamp_leap"])
        yield "changed", flags(rows.values["is_changed"])
        yield "skipped", rows.when.skipped
        yield "repeated", rows.when.repeated
        yield "early", rows.known_day < rows.when.local_day
        if rows.ending is None or rows.ends is None:
            return
        is_told = is_filled(rows.values[f"{rows.ending.role}_us"])
        if rows.ending.may_be_ahead:
            yield "ahead", is_told & (rows.ends.local_day > self._today)
        for name, role, _ in rows.numbers:
            if role in rows.ending.roles:
                yield "too_soon", ~is_told & is_filled(rows.columns[name])

    def notes(self, events: pa.Table, replaced_by: Ints) -> list[Note]:
        """What was met, with the kinds of the accepted events and how many were corrected."""
        counts, currency = self._counts, self._currency
        mixed = counts["zoned"] and counts["naive"]
        told = (
            (
                counts["rounded_True"],
                f"amounts had more decimals than {currency} has and were rounded.",
            ),
            (counts["rounded_False"], "scores had more than two decimals and were rounded."),
            (counts["changed"], "customer ids lost outer blanks or took one Unicode form (NFC)."),
            (counts["naive"] if mixed else 0, "times named no zone and were taken as local."),
            (counts["skipped"], "local times were skipped by the clock; its offset before holds."),
            (counts["repeated"], "local times came twice by the clock and the first was taken."),
            (counts["leap"], "times were in a leap second and were taken as second 59."),
            (counts["early"], "rows arrived before they happened and count from their own day on."),
            (counts["ahead"], "ends lie in the future and are no events yet."),
            (counts["too_soon"], "scores of what has not ended yet were left out."),
            (int((replaced_by >= 0).sum()), "events were corrected by a row that arrived later."),
        )
        notes = [Note(text, count) for count, text in told if count]
        return notes + list(self._unknown_words(events))

    def _unknown_words(self, events: pa.Table) -> Iterator[Note]:
        """Words that no feature knows, where the contract lists all there are."""
        for column in self._table.columns:
            known = column.unit.split(" | ")
            if column.reads != "word" or len(known) == 1 or "…" in known:
                continue
            counts = pc.value_counts(events[column.name]).to_pylist()
            unknown = {one["values"]: one["counts"] for one in counts if one["values"] not in known}
            if unknown:
                shown = ", ".join(sorted(unknown)[:_SHOWN]) + (
                    ", …" if len(unknown) > _SHOWN else ""
                )
                yield Note(
                    f"events have a {column.name} that no feature counts ({shown}); say in words "
                    f"what it means: {', '.join(known)}.",
                    sum(unknown.values()),
                )
