"""Columns of Arrow as arrays of numpy, nulls taken for a value."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Column: TypeAlias = pa.Array | pa.ChunkedArray
Ints: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]


def ints(column: Column, default: int) -> Ints:
    """Whole numbers, this one where there is none."""
    whole: Ints = pc.fill_null(column.cast(pa.int64()), default).to_numpy().copy()
    return whole


def flags(column: Column) -> Flags:
    """Yes or no, no where neither is said."""
    said: Flags = pc.fill_null(column, False).to_numpy(zero_copy_only=False)  # noqa: FBT003
    return said


def is_filled(column: Column) -> Flags:
    """Whether there is a value."""
    filled: Flags = column.is_valid().to_numpy(zero_copy_only=False)
    return filled
