"""Several files as one source: their rows one file after the other, their columns by name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa

from features.account import Note, added_up
from features.errors import UnreadableFile
from features.sources.chunks import CHUNK_ROWS, Chunk, Kind, RowSource
from features.sources.parquet import ParquetFile


class ManyFiles:
    """Files of the same columns, in any order; the first file's order holds.

    A row keeps its number within its file, and its chunk names the file. Raises UnreadableFile
    that names the file and the column if one has other columns than the first.
    """

    def __init__(
        self, title: str, files: Sequence[RowSource], file_notes: Sequence[Note] = ()
    ) -> None:
        """Compare the columns of all files."""
        self._title, self._files, self._notes = title, files, file_notes
        self.names = files[0].names
        self._places = [_places(files[0], file) for file in files]
        self._kinds = tuple(self._kind(at) for at in range(len(self.names)))

    @property
    def title(self) -> str:
        """The folder or the pattern."""
        return self._title

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What each column is, in every file."""
        return self._kinds

    @property
    def unfit(self) -> Mapping[int, str]:
        """Columns that hold no single values in one of the files."""
        unfit: dict[int, str] = {}
        for file, places in zip(self._files, self._places, strict=True):
            found = file.unfit
            unfit |= {at: found[place] for at, place in enumerate(places) if place in found}
        return unfit

    def chunks(self, rows_per_chunk: int = CHUNK_ROWS) -> Iterator[Chunk]:
        """All rows, file by file."""
        for file, places in zip(self._files, self._places, strict=True):
            names = ["row", *(f"c{at}" for at in range(len(places)))]
            for chunk in file.chunks(rows_per_chunk):
                table = chunk.table.select(["row", *(f"c{at}" for at in places)])
                yield replace(chunk, table=table.rename_columns(names))

    def notes(self) -> list[Note]:
        """What the files have to say, each text once."""
        said = (replace(one, files=(file.title,)) for file in self._files for one in file.notes())
        return [Note("files were read.", len(self._files)), *self._notes, *added_up(said)]

    def _kind(self, at: int) -> Kind:
        """The kind of a column in all files; one that is null throughout is of any kind."""
        kinds: dict[Kind, str] = {}
        for file, places in zip(self._files, self._places, strict=True):
            if not _is_null(file, places[at]):
                kinds.setdefault(file.kinds[places[at]], file.title)
        if len(kinds) > 1:
            (kind, title), (other, other_title) = list(kinds.items())[:2]
            message = (
                f"Column {self.names[at]!r} is a {kind} in {title} and a {other} in "
                f"{other_title}; write it as one type in all files."
            )
            raise UnreadableFile(message)
        return next(iter(kinds), "text")


def _places(first: RowSource, file: RowSource) -> tuple[int, ...]:
    """Where a file has the columns of the first."""
    if file.names == first.names:
        return tuple(range(len(first.names)))
    missing = next((name for name in first.names if name not in file.names), None)
    if missing is not None:
        message = (
            f"{file.title} has no column {missing!r}, which {first.title} has; "
            "give all files the same columns."
        )
        raise UnreadableFile(message)
    extra = next((name for name in file.names if name not in first.names), None)
    if extra is not None:
        message = (
            f"{file.title} has a column {extra!r}, which {first.title} lacks; "
            "give all files the same columns."
        )
        raise UnreadableFile(message)
    if len(file.names) != len(first.names):
        twice = next(n for n in file.names if file.names.count(n) != first.names.count(n))
        message = f"{file.title} has more than one column {twice!r}; give each a name of its own."
        raise UnreadableFile(message)
    return tuple(file.names.index(name) for name in first.names)


def _is_null(file: RowSource, at: int) -> bool:
    return isinstance(file, ParquetFile) and pa.types.is_null(file.schema.field(at).type)
