"""What an unknown file of orders probably holds, said aloud, so that nothing is guessed in silence.

A guess is made once, written into regulars.yml, and read by people; reading itself never guesses.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa

from features.errors import DataError, MissingColumns
from features.markets import is_known_currency
from features.source_settings import OrderColumns, OrdersSource
from features.sources.columns import About, locate, looks_like_data, no_header
from features.sources.dialect import open_unknown
from features.sources.roles import NEEDED, RoleGuesser, Sample
from features.sources.samples import NumberGuess, TimeGuess, filled, number_guess, time_guess
from features.sources.text import TextFile
from features.sources.values import EPOCH_FORMATS

SAMPLE_ROWS = 20_000
MAX_MARKETS = 20


@dataclass(frozen=True, slots=True)
class Guess:
    """A description of a file, what was concluded, and what is doubtful with its alternative."""

    path: Path
    source: OrdersSource
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    currency: str | None = None
    markets: tuple[str, ...] = ()


def guess_source(
    path: Path,
    *,
    columns: dict[str, str] | None = None,
    timestamp_format: str | None = None,
    before: date | None = None,
) -> Guess:
    """How to read this file; `columns` (role to name) and `timestamp_format` override the guess.

    With `before`, only rows of earlier days are looked at: what comes later must not decide how
    the past is read. Raises a DataError that names what could not be guessed and the flag that
    tells it.
    """
    guesser = _Guesser(path, columns or {}, timestamp_format)
    if before is not None:
        guesser.forget_from(before)
    return guesser.guess()


class _Guesser:
    """One file under examination; sentences collect as conclusions are drawn."""

    def __init__(self, path: Path, given: dict[str, str], timestamp_format: str | None) -> None:
        self._path = path
        self._given = given
        self._pattern = timestamp_format
        self._notes: list[str] = []
        self._doubts: list[str] = []
        self._earlier: _Earlier | None = None
        opened = open_unknown(path)
        self._file, self._csv = opened.source, opened.csv
        self._notes += opened.notes
        self._doubts += opened.doubts
        if looks_like_data(self._file.names):
            raise no_header(path.name, NEEDED)
        self._sample = self._sampled()

    def forget_from(self, day: date) -> None:
        """Look only at rows that are written with an earlier date, if there are any."""
        found = RoleGuesser(self._sample, self._given).roles()["timestamp"]
        if found is None or found not in self._sample.names:
            return
        at = self._sample.names.index(found)
        self._earlier = _Earlier(at, day, self._pattern_of(at))
        sample = self._sampled()
        if sample.columns[0]:
            self._sample = sample

    def _pattern_of(self, at: int) -> str | None:
        """The strptime pattern of a column as far as its sample tells; None is ISO 8601."""
        if self._sample.kinds[at] == "moment" or self._pattern is not None:
            return None if self._sample.kinds[at] == "moment" else self._pattern
        guess = time_guess(self._sample.columns[at])
        if guess is not None and guess.other is not None:
            guess = time_guess(self._whole_column(at)) or guess
        return guess.pattern if guess is not None else None

    def guess(self) -> Guess:
        """The description, or a DataError."""
        unknown = sorted(set(self._given) - set(OrderColumns.model_fields))
        if unknown:
            message = (
                f"--columns names {', '.join(unknown)}; it may name "
                f"{', '.join(OrderColumns.model_fields)}."
            )
            raise MissingColumns(message)
        columns = self._columns()
        places = locate(self._sample.names, columns, About(self._path.name))
        time = self._time(places.at["timestamp"][0])
        self._numbers(places.at["amount"])
        currency = self._currency(places.of("currency"))
        markets = self._markets(places.of("market"))
        unused = [("market", markets), ("currency", currency)]
        columns = columns.model_copy(update={role: None for role, found in unused if not found})
        has_identity = columns.order_id is not None or time.has_clock
        source = OrdersSource(
            path=self._path,
            format="csv" if isinstance(self._file, TextFile) else "parquet",
            columns=columns,
            csv=self._csv,
            timestamp_format=time.pattern,
            duplicates="drop" if has_identity else "keep",
        )
        self._say_duplicates(source)
        return Guess(self._path, source, tuple(self._notes), tuple(self._doubts), currency, markets)

    def _sampled(self) -> Sample:
        texts: tuple[list[str], ...] = tuple([] for _ in self._file.names)
        for table in self._tables():
            for at, column in enumerate(texts):
                room = SAMPLE_ROWS - len(column)
                column += [value or "" for value in table[f"c{at}"].slice(0, room).to_pylist()]
            if len(texts[0]) >= SAMPLE_ROWS:
                break
        if not texts[0] and self._earlier is None:
            message = f"{self._path.name} has no row that could be read; there is nothing to guess."
            raise DataError(message)
        return Sample(tuple(self._file.names), tuple(self._file.kinds), texts)

    def _tables(self) -> Iterator[pa.Table]:
        """The rows of the file that may be looked at, chunk by chunk."""
        for chunk in self._file.chunks(SAMPLE_ROWS):
            table = chunk.table
            yield table if self._earlier is None else table.filter(self._earlier.mask(table))

    def _columns(self) -> OrderColumns:
        guesser = RoleGuesser(self._sample, self._given)
        found = guesser.roles()
        self._doubts += guesser.doubts
        missing = [role for role in NEEDED if found[role] is None]
        if missing:
            flags = ",".join(f"{role}=NAME" for role in missing)
            message = (
                f"{self._path.name}: the column of {' and '.join(missing)} could not be guessed "
                f"from {', '.join(self._sample.names)}; tell it with --columns {flags}."
            )
            raise MissingColumns(message)
        pairs = ", ".join(f"{role} = {name}" for role, name in found.items() if name)
        self._notes.append(f"Columns: {pairs}.")
        return OrderColumns.model_validate(self._given | found)

    def _time(self, at: int) -> TimeGuess:
        if self._sample.kinds[at] == "moment":
            clocks = any(value[10:].strip(" 0:.Z") for value in self._sample.columns[at])
            return TimeGuess(None, has_clock=clocks)
        if self._pattern:
            has_clock = any(part in self._pattern for part in ("%H", "%I", "epoch"))
            return TimeGuess(self._pattern, has_clock=has_clock)
        guess = time_guess(self._sample.columns[at])
        if guess is not None and guess.other is not None:
            guess = time_guess(self._whole_column(at)) or guess
        name = self._sample.names[at]
        if guess is None:
            message = (
                f"{self._path.name}: the times of column {name!r} are written in no known way; "
                "tell it with --timestamp-format, such as --timestamp-format '%d.%m.%Y %H:%M'."
            )
            raise DataError(message)
        if guess.other is not None:
            message = (
                f"{self._path.name}: column {name!r} may be day or month first, no value above 12 "
                f"decides it; tell it with --timestamp-format '{guess.pattern}' or "
                f"--timestamp-format '{guess.other}'."
            )
            raise DataError(message)
        self._notes.append(f"Times are written as {guess.pattern or 'ISO 8601'}.")
        return guess

    def _whole_column(self, at: int) -> list[str]:
        return [value or "" for table in self._tables() for value in table[f"c{at}"].to_pylist()]

    def _numbers(self, amount: Sequence[int]) -> None:
        texts = [at for at in amount if self._sample.kinds[at] == "text"]
        if not texts:
            return
        guesses = [number_guess(self._sample.columns[at]) for at in texts]
        # A column of whole numbers says nothing about the decimal sign.
        telling = [guess for guess in guesses if guess != NumberGuess(".", "", is_sure=True)]
        guess = telling[0] if telling else guesses[0]
        self._csv = self._csv.model_copy(
            update={"decimal": guess.decimal, "thousands": guess.thousands}
        )
        if guess != NumberGuess(".", "", is_sure=True):
            self._notes.append(
                f"Numbers have the decimal sign {guess.decimal!r}"
                + (f" and {guess.thousands!r} between thousands." if guess.thousands else ".")
            )
        if not guess.is_sure:
            self._doubts.append(
                "Every amount with a separator has three digits after it, so it may part thousands "
                f"or decimals; it was read with decimal {guess.decimal!r} and thousands "
                f"{guess.thousands!r}. If that is wrong, change csv.decimal and csv.thousands."
            )

    def _currency(self, at: int | None) -> str | None:
        if at is None:
            return None
        counts = Counter(value.strip().upper() for value in filled(self._sample.columns[at]))
        name = self._sample.names[at]
        common = next((code for code, _ in counts.most_common(1)), "")
        if not is_known_currency(common):
            self._doubts.append(
                f"Column {name!r} holds no ISO 4217 codes and was passed over; "
                "set markets.NAME.currency."
            )
            return None
        if len(counts) > 1:
            self._doubts.append(
                f"Column {name!r} has {len(counts)} currencies; rows in other than {common} will "
                "be refused. Put each currency in a file of its own."
            )
        return common

    def _markets(self, at: int | None) -> tuple[str, ...]:
        if at is None:
            return ()
        name = self._sample.names[at]
        counts = Counter(filled(self._whole_column(at)))
        if len(counts) > MAX_MARKETS and "market" not in self._given:
            self._doubts.append(
                f"Column {name!r} has {len(counts)} values, too many for markets, and was passed "
                f"over; to use it all the same: --columns market={name}."
            )
            return ()
        return tuple(name for name, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair)))

    def _say_duplicates(self, source: OrdersSource) -> None:
        if source.duplicates == "keep":
            self._doubts.append(
                "Rows that are equal in every column are kept, since without an order id or a time "
                "of day they may be two orders; if they are copies, set duplicates to drop."
            )
        else:
            self._notes.append("Rows that repeat another row in every column are dropped.")


class _Earlier:
    """Tells rows written with a date before a day; a date that cannot be read is not before."""

    def __init__(self, at: int, day: date, pattern: str | None) -> None:
        self._at, self._day, self._pattern = at, day, pattern
        self._known: dict[str, bool] = {}

    def mask(self, table: pa.Table) -> pa.Array:
        """Whether each row is before the day."""
        texts = ((value or "").strip() for value in table[f"c{self._at}"].to_pylist())
        return pa.array([self._is_before(text) for text in texts], pa.bool_())

    def _is_before(self, text: str) -> bool:
        if text not in self._known:
            try:
                self._known[text] = self._written_on(text) < self._day
            except (ValueError, OverflowError):
                self._known[text] = False
        return self._known[text]

    def _written_on(self, text: str) -> date:
        if self._pattern is None:
            return date.fromisoformat(text[:10])
        if self._pattern in EPOCH_FORMATS:
            seconds = int(text) * EPOCH_FORMATS[self._pattern] / 1_000_000
            return datetime.fromtimestamp(seconds, UTC).date()
        return datetime.strptime(text, self._pattern).date()  # noqa: DTZ007 - the day as written
