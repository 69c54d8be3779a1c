"""A CSV file as rows of text, strictly: a row is handed on whole or refused with its number.

Rows are counted as a spreadsheet counts them: the header is row 1, an empty line is a row too. A
quote that is never closed costs its own line only; the lines it would swallow are read again.
"""

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TextIO

import pyarrow as pa
from charset_normalizer import from_bytes

from features.account import Note
from features.errors import UnreadableFile
from features.settings_parts import CsvFormat
from features.sources import magic
from features.sources.chunks import CHUNK_ROWS, Chunk, Kind, Refusal
from features.sources.storage import AnyFile

FIELD_CHARS = 100_000
"""A longer field is refused: no order has one, an unclosed quote does."""

_LINE_CHARS = 1_000_000
_MAX_COLUMNS = 10_000
_CONTENT_CHARS = 1_000  # of a row refused for its length

_LIKELY_ENCODINGS = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp852", "cp850", "cp437"]


class TextFile:
    """A CSV file, opened: header read and checked, rows to come.

    Raises UnreadableFile if it is no CSV text in the encoding declared.
    """

    def __init__(self, path: AnyFile, csv_format: CsvFormat) -> None:
        """Check the first bytes and read the header."""
        self.path = path
        self.format = csv_format
        self.encoding = _encoding(csv_format.encoding)
        self._empty_line_count = 0
        self._row_count = 0
        magic.check_text(magic.first_bytes(path), path, csv_format.encoding)
        with self._opened() as lines:
            self.names = self._header(lines)

    @property
    def title(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def unfit(self) -> Mapping[int, str]:
        """None: a text is a single text."""
        return {}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Text, all of it."""
        return tuple("text" for _ in self.names)

    def notes(self) -> list[Note]:
        """Empty lines and an empty table, if there were any."""
        notes = []
        if self._empty_line_count:
            notes.append(Note("empty lines were passed over.", self._empty_line_count))
        if not self._row_count:
            notes.append(Note("The file has a header and no rows."))
        return notes

    def chunks(self, rows_per_chunk: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows after the header, from the first."""
        self._empty_line_count = self._row_count = 0
        with self._opened() as lines:
            self._header(lines)
            block = _Block(len(self.names), self.title)
            for row, fields, refusal in self._records(lines):
                self._row_count += 1
                if refusal is None:
                    block.rows.append(row)
                    block.fields.extend(fields)
                    block.contents.append(lines.content())
                else:
                    block.refused.append(refusal)
                if len(block.rows) + len(block.refused) >= rows_per_chunk:
                    yield block.chunk()
                    block = _Block(len(self.names), self.title)
            yield block.chunk()

    @contextmanager
    def _opened(self) -> Iterator["_Lines"]:
        try:
            # Bytes that are no text survive as surrogates: one row is refused, not the file.
            with (
                self.path.open("rb") as stored,
                io.TextIOWrapper(stored, self.encoding, "surrogateescape", newline="") as stream,
            ):
                yield _Lines(stream)
        except UnicodeError as error:
            message = (
                f"{self.path.name} is no {self.format.encoding} text ({error}); "
                "set sources.orders.csv.encoding, or save the file as UTF-8."
            )
            raise UnreadableFile(message) from error

    def _reader(self, lines: "_Lines") -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self.format.separator, strict=True)

    def _header(self, lines: "_Lines") -> tuple[str, ...]:
        try:
            names = next(self._reader(lines), [])
        except csv.Error as error:
            raise _bad_header(self.path, f"is no CSV row ({error})") from error
        problem = self._header_problem(names, was_cut=lines.was_cut)
        if problem:
            raise _bad_header(self.path, problem)
        return tuple(name.strip() for name in names)

    def _header_problem(self, names: Sequence[str], *, was_cut: bool) -> str | None:
        if was_cut or len(names) > _MAX_COLUMNS:
            return f"has more than {_MAX_COLUMNS:,} columns"
        if not all(map(_is_clean, names)):
            return (
                f"is no {self.format.encoding} text{self._hint()}; "
                "set sources.orders.csv.encoding, or save the file as UTF-8"
            )
        if not any(name.strip() for name in names):
            return "is empty, where the names of the columns should stand"
        return None

    def _records(self, lines: "_Lines") -> Iterator[tuple[int, list[str], Refusal | None]]:
        """Row number, fields and what is wrong, for every record that is no empty line."""
        reader = self._reader(lines)
        width = len(self.names)
        row = 1
        while True:
            row += 1
            lines.record.clear()
            broken = ""
            fields: list[str] = []
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                broken = str(error)
            record = lines.record
            line = record[0]
            if not fields and not broken:
                self._empty_line_count += 1
            elif (
                len(fields) == width
                and len(record) == 1
                and len(line) <= FIELD_CHARS
                and "\0" not in line
                and (line.isascii() or _is_clean(line))
            ):
                yield row, fields, None
            else:
                yield row, fields, self._refusal(row, fields, broken, lines)

    def _refusal(self, row: int, fields: list[str], broken: str, lines: "_Lines") -> Refusal | None:
        """Why this record is refused, or None if it is whole after all."""
        name_of = dict(enumerate(self.names))
        too_long = next((at for at, text in enumerate(fields) if len(text) > FIELD_CHARS), None)
        if lines.was_cut or too_long is not None or (broken and len(lines.record[0]) > FIELD_CHARS):
            reason = f"A field is longer than {FIELD_CHARS:,} characters; shorten or leave it out."
            return Refusal(
                row, name_of.get(too_long or 0, ""), "too_long", reason, lines.take_line(cut=True)
            )
        if len(lines.record) > 1 and (broken or len(fields) != len(self.names)):
            reason = "A quote is opened and not closed; close it, or double a quote inside a text."
            return Refusal(row, "", "unclosed_quote", reason, lines.take_line())
        if broken:
            code = "unclosed_quote" if "end of data" in broken else "stray_quote"
            reason = "A quote stands in the middle of a quoted text; double it, or drop it."
            if code == "unclosed_quote":
                reason = "A quote is opened and not closed; close it, or drop it."
            return Refusal(row, "", code, reason, lines.take_line())
        if len(fields) != len(self.names):
            code = "short_row" if len(fields) < len(self.names) else "long_row"
            reason = (
                f"The row has {len(fields)} fields where the header has {len(self.names)}; "
                "quote texts that hold the separator, and write empty fields out."
            )
            return Refusal(row, "", code, reason, lines.content())
        return self._unclean(row, fields, lines.content())

    def _unclean(self, row: int, fields: Sequence[str], content: str) -> Refusal | None:
        for name, text in zip(self.names, fields, strict=True):
            if "\0" in text:
                reason = "The field holds a NUL character; remove it."
                return Refusal(row, name, "nul", reason, content)
            if not _is_clean(text):
                at = next(at for at, sign in enumerate(text) if "\udc80" <= sign <= "\udcff")
                byte = len(text[:at].encode(self.encoding.removesuffix("-sig"), "ignore")) + 1
                reason = (
                    f"Byte {byte} of the field is no {self.format.encoding} text{self._hint()}; "
                    "set sources.orders.csv.encoding, or save the file as UTF-8."
                )
                return Refusal(row, name, "encoding", reason, content)
        return None

    def _hint(self) -> str:
        likely = likely_encoding(self.path)
        return f" (the file looks like {likely})" if likely else ""


class _Lines:
    """The lines of a file, those of the record at hand kept so that they can be read again."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self.record: list[str] = []
        self.was_cut = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._stream.readline(_LINE_CHARS)
        if not line:
            raise StopIteration
        self.was_cut = len(line) >= _LINE_CHARS and not line.endswith(("\n", "\r"))
        if self.was_cut:
            line = line[:_CONTENT_CHARS]
            while rest := self._stream.readline(_LINE_CHARS):
                if rest.endswith(("\n", "\r")):
                    break
        self.record.append(line)
        return line

    def content(self) -> str:
        """The record at hand as it stood in the file."""
        return "".join(self.record).rstrip("\r\n")

    def take_line(self, *, cut: bool = False) -> str:
        """The first line of the record at hand; the others will be read again."""
        self._again.extendleft(reversed(self.record[1:]))
        line = self.record[0].rstrip("\r\n")
        return line[:_CONTENT_CHARS] if cut else line


class _Block:
    """Rows on their way into a chunk."""

    def __init__(self, width: int, file: str) -> None:
        self._width, self._file = width, file
        self.rows: list[int] = []
        # One flat list: a list per row would keep the garbage collector busy.
        self.fields: list[str] = []
        self.contents: list[str] = []
        self.refused: list[Refusal] = []

    def chunk(self) -> Chunk:
        """The rows so far as Arrow columns."""
        columns = [self.fields[at :: self._width] for at in range(self._width)]
        arrays = [pa.array(texts, pa.string()) for texts in columns]
        names = ["row", *(f"c{at}" for at in range(self._width))]
        table = pa.Table.from_arrays([pa.array(self.rows, pa.int64()), *arrays], names=names)
        contents = self.contents
        refused = tuple(
            refusal._replace(content=_printable(refusal.content)) for refusal in self.refused
        )
        return Chunk(
            table, lambda positions: [contents[at] for at in positions], refused, self._file
        )


def likely_encoding(path: AnyFile) -> str | None:
    """The encoding that a text file probably has, as a hint for people; None if it is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            try:
                decoder.decode(block)
            except UnicodeDecodeError as error:
                at = max(0, error.start - magic.SAMPLE_BYTES)
                sample = block[at : error.start + magic.SAMPLE_BYTES]
                best = from_bytes(sample, cp_isolation=_LIKELY_ENCODINGS).best()
                return best.encoding if best else "cp1252"
    return None


def _bad_header(path: AnyFile, problem: str) -> UnreadableFile:
    return UnreadableFile(
        f"The first row of {path.name} {problem}; export the orders again as CSV."
    )


def _encoding(declared: str) -> str:
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        message = f"{declared!r} is no encoding; set sources.orders.csv.encoding, such as to utf-8."
        raise UnreadableFile(message) from None
    return "utf-8-sig" if name == "utf-8" else name


def _is_clean(text: str) -> bool:
    """Whether every byte of the text could be decoded."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _printable(text: str) -> str:
    if _is_clean(text):
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
