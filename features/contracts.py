"""What a table's contract is: columns with type, unit and meaning, and how to fill them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa

FOREVER = date(9999, 12, 31)
"""`known_to` of a row that no later row has replaced."""

Reads = Literal["id", "moment", "day", "money", "count", "number", "text", "word", "flag"]
"""How the text of a source becomes a value.

`id` an opaque text; `moment` a date with or without time; `day` a date; `money` an amount in the
row's currency; `count` a whole number; `number` a decimal; `text` as it stands; `word` one of a few
lower-case words; `flag` yes or no.
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table: its type, its unit and what it means.

    `reads` is how a source's text becomes the value, None for a column that reading makes itself;
    `role` is the key that maps it in `regulars.yml` where that is not the name.
    """

    name: str
    type: pa.DataType
    unit: str
    meaning: str
    required: bool = True
    reads: Reads | None = None
    role: str = ""

    def field(self) -> pa.Field:
        """The Arrow field of this column."""
        return pa.field(self.name, self.type, nullable=not self.required)


@dataclass(frozen=True, slots=True)
class Table:
    """A contract: what the rows are, and the columns that they have."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    def arrow_schema(self) -> pa.Schema:
        """The Arrow schema of the contract."""
        return pa.schema([column.field() for column in self.columns])

    def column(self, name: str) -> Column:
        """The column of this name. Raises KeyError if there is none."""
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def filled(self, columns: Mapping[str, object]) -> pa.Table:
        """These columns as a table in the contract.

        Optional columns that are not given are empty; `known_from` is the day itself and
        `known_to` never, where they are not given.
        """
        given = {name: _array(values, self.column(name).type) for name, values in columns.items()}
        count = len(next(iter(given.values()))) if given else 0
        if "day" in given:
            given.setdefault("known_from", given["day"])
            given.setdefault("known_to", pa.repeat(pa.scalar(FOREVER, pa.date32()), count))
        for column in self.columns:
            if column.name not in given and not column.required:
                given[column.name] = pa.nulls(count, column.type)
        schema = self.arrow_schema()
        return pa.table({name: given[name] for name in schema.names}, schema=schema)


def _array(values: object, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(kind)
    return pa.array(values, kind)
