"""A CSV file is text of our kind, or it is refused whole; broken rows cost only themselves."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from features.errors import UnreadableFile
from features.settings_parts import CsvFormat
from features.sources.chunks import Refusal
from features.sources.text import TextFile

HEADER = "customer_id,timestamp,amount\n"


def opened(path: Path, content: bytes | str, **csv: str) -> TextFile:
    file = path / "orders.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return TextFile(file, CsvFormat.model_validate(csv))


def rows_of(file: TextFile) -> tuple[list[int], list[Refusal]]:
    chunks = list(file.chunks())
    rows = [row for chunk in chunks for row in chunk.table["row"].to_pylist()]
    return rows, [refusal for chunk in chunks for refusal in chunk.refused]


def zipped(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", r"orders.csv is empty \(0 bytes\); export"),
        (gzip.compress(HEADER.encode(), mtime=0), "compressed with gzip, not CSV; unpack"),
        (gzip.compress(HEADER.encode() * 999, mtime=0)[:-30], "compressed with gzip"),
        (gzip.compress(b"0" * 50_000_000, mtime=0), "compressed with gzip"),
        (zipped("a.csv", "b.csv"), "a zip archive, not CSV"),
        (zipped("../a.csv"), "a zip archive, not CSV"),
        (zipped("xl/workbook.xml"), r"an Excel workbook \(xlsx\), not CSV; save the sheet"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "an old Excel workbook"),
        (b"PAR1\x15\x04", "a Parquet file, not CSV; set .*format to parquet"),
        (b"SQLite format 3\x00\x10", "an SQLite database"),
        (b"\n<!doctype html><html>", "a web page, not CSV"),
        (bytes(range(256)) * 40, "binary data, not CSV text"),
        (HEADER.encode("utf-16"), "UTF-16 text, not utf-8; set .*csv.encoding to utf-16"),
        (HEADER.encode("utf-16-le"), "UTF-16-LE text, not utf-8"),
        ("kunde,größe,datum\n".encode("cp1252") * 30, r"no utf-8 text \(the file looks like cp12"),
        ((",".join(f"c{n}" for n in range(1_000_000)) + "\n").encode(), "more than 10,000 columns"),
        (b"\n\n\n", "first row of orders.csv is empty"),
        (b'"customer_id,timestamp\n', "first row of orders.csv is no CSV row"),
    ],
)
def test_what_is_no_csv_is_refused_whole_by_its_name(tmp_path, content, said):
    with pytest.raises(UnreadableFile, match=said):
        opened(tmp_path, content)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UnreadableFile, match=r"There is no file .*nowhere.csv; check the path"):
        TextFile(tmp_path / "nowhere.csv", CsvFormat())


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UnreadableFile, match="cannot be read"):
        TextFile(tmp_path, CsvFormat())


def test_an_encoding_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(UnreadableFile, match="'latin-99' is no encoding"):
        opened(tmp_path, HEADER, encoding="latin-99")


def test_a_header_alone_is_an_empty_table(tmp_path):
    file = opened(tmp_path, HEADER)
    assert rows_of(file) == ([], [])
    assert [note.sentence for note in file.notes()] == ["The file has a header and no rows."]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
def test_a_declared_encoding_is_read_with_or_without_mark(tmp_path, encoding):
    content = (HEADER + "Božena,2026-01-02,1\n").encode(encoding)
    file = opened(tmp_path, content, encoding="utf-8" if "utf-8" in encoding else encoding)
    [chunk] = file.chunks()
    assert file.names == ("customer_id", "timestamp", "amount")
    assert chunk.table["c0"].to_pylist() == ["Božena"]


def test_line_breaks_may_be_of_any_kind_and_stand_inside_quotes(tmp_path):
    file = opened(tmp_path, HEADER + 'a,b,"1\n2"\r\nc,d,3\re,f,4\n')
    [chunk] = file.chunks()
    assert chunk.table["row"].to_pylist() == [2, 3, 4]
    assert chunk.table["c2"].to_pylist() == ["1\n2", "3", "4"]


def test_empty_lines_are_counted_as_rows_and_told(tmp_path):
    file = opened(tmp_path, HEADER + "a,b,1\n\n\nc,d,2\n")
    assert rows_of(file) == ([2, 5], [])
    assert [note.sentence for note in file.notes()] == ["2 empty lines were passed over."]


@pytest.mark.parametrize(
    ("body", "good", "refused"),
    [
        ('a,b,"1\nc,d,2\ne,f,3\n', [3, 4], [2]),  # never closed
        ('a,b,"1\nc,"d",2\ne,f,3\n', [3, 4], [2]),  # closed by the quote of another row
        ('a,b,"1\nc,d,"2\ne,f,3\n', [4], [2, 3]),
        ('a,b,1\nc,d,"2', [2], [3]),
    ],
)
def test_an_unclosed_quote_costs_its_own_row_only(tmp_path, body, good, refused):
    rows, refusals = rows_of(opened(tmp_path, HEADER + body))
    assert rows == good
    assert [refusal.row for refusal in refusals] == refused
    assert {refusal.code for refusal in refusals} == {"unclosed_quote"}


def test_an_unclosed_quote_in_a_long_file_loses_no_row(tmp_path):
    lines = [f"c{n},2026-01-02,{n}" for n in range(20_000)]
    lines[5] = 'c5,2026-01-02,"5'
    rows, refusals = rows_of(opened(tmp_path, HEADER + "\n".join(lines)))
    assert (len(rows), [refusal.row for refusal in refusals]) == (19_999, [7])


def test_rows_come_in_chunks_and_can_be_read_again(tmp_path):
    file = opened(tmp_path, HEADER + "a,b,1\n" * 25)
    assert [chunk.table.num_rows for chunk in file.chunks(10)] == [10, 10, 5]
    assert sum(chunk.table.num_rows for chunk in file.chunks()) == 25
