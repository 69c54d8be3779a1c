"""A snapshot table is read whole or not at all, and its columns are what the values say."""

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import DataError, MissingColumns, UnreadableFile
from features.sources.snapshot import read_snapshot
from features.sources.snapshot_columns import column_type, typed


def table_of(tmp_path, *values, name="x"):
    path = tmp_path / "table.csv"
    rows = [f"c{at};{value}" for at, value in enumerate(values)]
    path.write_text("\n".join([f"id;{name}", *rows]) + "\n", encoding="utf-8")
    return read_snapshot(path)


def read(tmp_path, *values):
    table = table_of(tmp_path, *values)
    return typed(table, "x", column_type(table, "x"))


@pytest.mark.parametrize(
    ("values", "read_as"),
    [
        (["1", "2.5", "-3"], [1.0, 2.5, -3.0]),
        (["1e3", ".5", "inf"], [1000.0, 0.5, float("inf")]),
        (["1,5", "2,25", "3"], [1.5, 2.25, 3.0]),
        (["1.234,50", "2.000,25"], [1234.5, 2000.25]),
        (["$1,234.50", "$2.25"], [1234.5, 2.25]),
        (["1", "", " "], [1.0, None, None]),
        (["1", "n/a", "NaN"], [1.0, None, None]),
        (["yes", "no", ""], ["yes", "no", None]),
        (["True", "TRUE", "false"], ["true", "true", "false"]),
        (["00123", "45678"], ["00123", "45678"]),
        (["null", "a", "None"], ["null", "a", "None"]),
    ],
)
def test_values_are_read_as_what_they_say(tmp_path, values, read_as):
    found = read(tmp_path, *values)
    assert [None if pd.isna(value) else value for value in found] == read_as


@pytest.mark.parametrize(
    "values",
    [
        ["2026-01-31", "2025-12-01"],
        ["31.01.2026", "01.12.2025"],
        ["2026-01-31T00:00:00Z", "2025-12-01T00:00:00+00:00"],
    ],
)
def test_days_are_days_however_they_are_written(tmp_path, values):
    days = [pd.Timestamp("2026-01-31"), pd.Timestamp("2025-12-01")]
    assert read(tmp_path, *values).tolist() == days


def test_a_word_among_numbers_is_refused_with_its_row(tmp_path):
    values = [str(number) for number in range(30)]
    values[11] = "abc"
    with pytest.raises(DataError, match=r"'x' of table.csv is one of numbers, but 'abc' in row 13"):
        read(tmp_path, *values)


def test_days_that_may_be_months_are_refused_with_the_cure(tmp_path):
    with pytest.raises(DataError, match=r"may write day or month first.*--drop 'x'"):
        read(tmp_path, "01/02/2026", "03/04/2026")


def test_a_parquet_file_and_a_csv_file_of_the_same_table_are_read_alike(tmp_path):
    frame = pd.DataFrame(
        {
            "id": [1, 2, 3],
            "flag": [True, False, None],
            "amount": [1.5, None, 3.0],
            "day": pd.to_datetime(["2026-01-31", None, "2026-02-01"]),
            "word": ["a", None, "b c"],
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    text, stored = read_snapshot(tmp_path / "t.csv"), read_snapshot(tmp_path / "t.parquet")
    for name in frame.columns:
        kind = column_type(stored, name)
        assert column_type(text, name).kind == kind.kind
        left = typed(text, name, column_type(text, name))
        assert left.equals(typed(stored, name, kind).astype(left.dtype))


def test_lists_and_columns_without_a_name_are_left_out_and_told(tmp_path):
    pq.write_table(pa.table({"id": [1], "tags": [[1, 2]], "": [5]}), tmp_path / "t.parquet")
    table = read_snapshot(tmp_path / "t.parquet")
    assert list(table.texts.columns) == ["id"]
    assert "'tags' is of type list" in table.notes[0]
    assert "1 column(s) without a name were left out" in table.notes[1]


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        ("", UnreadableFile, "is empty .* export the table again"),
        ("id,x\n", DataError, "has no rows"),
        ("id,x\n1,2\n3\n", DataError, "1 row.s. cannot be read, the first of them row 3.*1 fields"),
        ("id,x,x\n1,2,3\n", UnreadableFile, "more than one column 'x'"),
        ("just text\n", UnreadableFile, "no table of several columns"),
        ("id,x\n1,a\x00b\n", DataError, "row 2, column 'x': .*NUL"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, error, told):
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode())
    with pytest.raises(error, match=told):
        read_snapshot(path)


def test_a_column_is_found_without_regard_to_case_and_missed_by_name(tmp_path):
    table = table_of(tmp_path, "1", name="Churned")
    assert table.column("churned", "--label") == "Churned"
    with pytest.raises(MissingColumns, match="has no column 'left'; it has id, Churned. Correct"):
        table.column("left", "--label")
