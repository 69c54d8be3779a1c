"""Several files are one source, wherever they lie: same rows, each with the name of its file."""

import bz2
import gzip
import io
import lzma
import os
import shutil
import tempfile
import threading
import uuid
from contextlib import contextmanager
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.account import Note
from features.errors import UnreachableSource, UnreadableFile
from features.market_settings import Market
from features.schema import ORDERS
from features.settings_parts import CsvFormat
from features.source_settings import OrderColumns, OrdersSource
from features.sources.locations import found_files
from features.sources.opening import opened_files
from features.sources.reading import read_table
from features.sources.storage import StoredFile, without_secrets

HEADER = "customer_id,timestamp,amount\n"


def parquet(**columns: pa.Array) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


@pytest.fixture(params=["local", "file", "memory"])
def folder(request, tmp_path):
    """A way to write files, and the path under which they are found: plain or with a scheme."""
    where = {
        "local": str(tmp_path / "shop"),
        "file": f"file://{tmp_path}/shop",
        "memory": f"memory://{uuid.uuid4().hex}/shop",
    }[request.param]

    def write(**files: bytes | str) -> str:
        store, root = fsspec.core.url_to_fs(where)
        for name, content in files.items():
            path = f"{root}/{name.replace('__', '/').replace('_csv', '.csv').replace('_parquet', '.parquet')}"
            store.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            store.pipe_file(path, content if isinstance(content, bytes) else content.encode())
        return where

    return write


def test_a_folder_is_read_by_name_with_its_columns_in_any_order(folder, open_place, rows):
    path = folder(
        b_csv=HEADER + "bob,2026-01-02,2\n",
        a_csv=HEADER + "ada,2026-01-01,1\n\ncy,2026-01-03,3\n",
        deep__c_csv="amount,customer_id,timestamp\n4,dee,2026-01-04\n",
        _SUCCESS="",
    )
    source = open_place(path=path)
    assert rows(source) == [
        ("a.csv", 2, "ada", "2026-01-01", "1"),
        ("a.csv", 4, "cy", "2026-01-03", "3"),
        ("b.csv", 2, "bob", "2026-01-02", "2"),
        ("deep/c.csv", 2, "dee", "2026-01-04", "4"),
    ]
    assert source.names == ("customer_id", "timestamp", "amount")
    assert [note.sentence for note in source.notes()] == [
        "3 files were read.",
        "a.csv: 1 empty lines were passed over.",
    ]


def test_a_pattern_names_some_files_of_a_folder(folder, open_place, rows):
    path = folder(a1_csv=HEADER + "ada,,1\n", a2_csv=HEADER + "bob,,2\n", b_csv="other\n")
    assert rows(open_place(path=f"{path}/a*.csv")) == [
        ("a1.csv", 2, "ada", "", "1"),
        ("a2.csv", 2, "bob", "", "2"),
    ]


def test_one_file_of_a_store_is_the_same_as_on_disk(folder, open_place, rows):
    path = folder(a_csv=HEADER + "ada,,1\n")
    source = open_place(path=f"{path}/a.csv")
    assert (source.title, rows(source)) == ("a.csv", [("a.csv", 2, "ada", "", "1")])


def test_a_folder_of_parquet_is_read_by_its_schemas(folder, open_place, rows):
    path = folder(
        year=b"",
        **{"y=1__a_parquet": parquet(id=pa.array([1.0]), at=pa.nulls(1))},
        **{"y=2__b_parquet": parquet(at=pa.array([0], pa.timestamp("s")), id=pa.array([2]))},
    )
    store, root = fsspec.core.url_to_fs(path)
    store.rm(f"{root}/year")
    source = open_place(path=path, format="parquet")
    assert source.kinds == ("number", "moment")
    assert rows(source) == [
        ("y=1/a.parquet", 2, "1", None),
        ("y=2/b.parquet", 2, "2", "1970-01-01 00:00:00.000000"),
    ]
    assert Note("Names of folders, such as year=2026, are not read as columns.") in source.notes()


def test_a_refused_row_names_its_file_and_its_row_there(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "a.csv").write_text(HEADER + "ada,2026-01-01,1\n")
    (tmp_path / "shop" / "b.csv").write_text(HEADER + "bob,2026-01-01,x\nbob,2026-01-01\n")
    (tmp_path / "shop" / "c.csv").write_text("amount,customer_id,timestamp\n1,ada,2026-01-01\n")
    reading = read_folder(tmp_path / "shop")
    refused = reading.refused.select(["file", "row", "column", "code", "content"]).to_pylist()
    assert [tuple(row.values()) for row in refused] == [
        ("b.csv", 2, "amount", "amount", "bob,2026-01-01,x"),
        ("b.csv", 3, "", "short_row", "bob,2026-01-01"),
    ]
    # The same order in another file and another order of columns is a duplicate.
    assert (reading.account.accepted_count, reading.account.duplicate_count) == (1, 1)


def read_folder(path):
    columns = OrderColumns(customer_id="customer_id", timestamp="timestamp", amount="amount")
    source = OrdersSource(path=path, format="csv", columns=columns)
    keys = {"markets": {"home": Market()}, "default_market": "home", "currency": "USD"}
    shop = type("Shop", (), keys)()
    return read_table(ORDERS, source, shop, today=date(2026, 6, 30))


@pytest.mark.parametrize(
    ("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)]
)
def test_a_packed_file_is_read_by_the_end_of_its_name(tmp_path, open_place, rows, ending, pack):
    path = tmp_path / f"orders.csv{ending}"
    path.write_bytes(pack((HEADER + "ada,,1\n").encode()))
    for where in (path, f"file://{path}", tmp_path):
        assert rows(open_place(path=where)) == [(path.name, 2, "ada", "", "1")]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"b_csv": "customer_id,amount\n"}, r"b.csv has no column 'timestamp', which a.csv has"),
        ({"b_csv": "x," + HEADER}, r"b.csv has a column 'x', which a.csv lacks"),
        ({"b_csv": "amount," + HEADER}, r"b.csv has more than one column 'amount'"),
        ({"b_csv": b""}, r"b.csv is empty \(0 bytes\)"),
        ({"b_csv": b"\x1f\x8b\x08"}, r"b.csv is compressed with gzip, not CSV; unpack"),
        ({"b_parquet": b"PAR1"}, r"shop holds b.parquet, which is no csv file by its name; move"),
        ({"README.md": b"hello"}, r"shop holds README.md, which is no csv file by its name"),
        ({"_delta_log__0.json": b"{}"}, r"shop is a Delta table, .* rows that were deleted"),
    ],
)
def test_one_bad_file_refuses_its_folder_by_name(folder, open_place, files, said):
    path = folder(a_csv=HEADER + "ada,,1\n", **files)
    with pytest.raises(UnreadableFile, match=said):
        open_place(path=path)


def test_a_column_of_two_types_in_two_files_is_refused(tmp_path, open_place):
    (tmp_path / "a.parquet").write_bytes(parquet(id=pa.array([1])))
    (tmp_path / "b.parquet").write_bytes(parquet(id=pa.array(["1"])))
    with pytest.raises(UnreadableFile, match=r"'id' is a number in a.parquet and a text in b.pa"):
        open_place(path=tmp_path, format="parquet")


def test_a_name_with_the_signs_of_a_pattern_is_a_file_if_there_is_one(tmp_path, open_place, rows):
    path = tmp_path / "orders[1]*.csv"
    path.write_text(HEADER + "ada,,1\n")
    assert rows(open_place(path=path)) == [("orders[1]*.csv", 2, "ada", "", "1")]


def test_a_text_of_a_store_is_read_as_it_comes(tmp_path):
    taken = 0

    class Counted(io.BytesIO):
        def read(self, size=-1):
            nonlocal taken
            block = super().read(size)
            taken += len(block)
            return block

    content = (HEADER + "ada,2026-01-01,1\n" * 500_000).encode()
    file = StoredFile("a.csv", "store://a.csv", lambda: Counted(content))
    from features.sources.text import TextFile

    source = TextFile(file, CsvFormat())
    taken = 0
    next(source.chunks(1_000))
    assert taken < len(content) / 2


def test_a_store_that_breaks_off_is_told_with_the_file_and_without_secrets():
    class Broken(io.BytesIO):
        def read(self, size=-1):
            raise RuntimeError("no answer from https://me:pass@host/a.csv?sig=secret")

    from features.sources.text import TextFile

    file = StoredFile("a.csv", "s3://bucket/a.csv", Broken)
    with pytest.raises(
        UnreachableSource,
        match=r"^s3://bucket/a.csv cannot be read \(RuntimeError: no answer from https://host/a.csv\)",
    ):
        TextFile(file, CsvFormat())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ftp://me:pass@host/a.csv", "ftp://host/a.csv"),
        ("https://host/a.csv?sig=secret&x=1, then", "https://host/a.csv then"),
        ("s3://bucket/a?.csv", "s3://bucket/a"),
        ("C:/a?b@c", "C:/a?b@c"),
    ],
)
def test_no_secret_of_an_address_is_told(text, shown):
    assert without_secrets(text).replace(", then", " then") == shown


def test_a_parquet_file_of_a_store_that_is_cut_off_is_refused_whole(folder, open_place):
    whole = parquet(id=pa.array(range(1000)))
    path = folder(a_parquet=whole[:-9])
    with pytest.raises(UnreadableFile, match=r"a.parquet is a Parquet file that is damaged, cut"):
        open_place(path=f"{path}/a.parquet", format="parquet")


def test_a_folder_marker_of_an_object_store_is_no_file(tmp_path):
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "a.csv").write_text(HEADER)
    assert [str(file.name) for file in found_files(tmp_path, "csv").files] == ["a.csv"]
    assert opened_files(tmp_path, "csv", CsvFormat()).names == (
        "customer_id",
        "timestamp",
        "amount",
    )


def test_what_may_not_be_read_in_a_folder_is_not_passed_over(open_place, nobody):
    for name in ("open", "open/closed"):
        (nobody / name).mkdir()
        (nobody / name / "a.csv").write_text(HEADER + "ada,,1\n")
    (nobody / "open" / "closed").chmod(0)
    with (
        as_nobody(),
        pytest.raises(UnreadableFile, match=r"closed cannot be read \(Permission den"),
    ):
        open_place(path=nobody / "open")
    with as_nobody(), pytest.raises(UnreadableFile, match=r"a.csv cannot be read \(Permission den"):
        open_place(path=nobody / "open" / "closed" / "a.csv")


@pytest.fixture
def nobody():
    """A folder that everybody may read, as far as it goes."""
    folder = Path(tempfile.mkdtemp(prefix="regulars-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@contextmanager
def as_nobody():
    """Root may read everything, so the block runs as a user who may not."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


def test_a_folder_that_holds_itself_is_refused(tmp_path, open_place):
    (tmp_path / "a.csv").write_text(HEADER)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(UnreadableFile, match=r"holds again/again/.*, which is no csv file by its"):
        open_place(path=tmp_path)


def test_a_file_of_the_web_is_read_without_its_query_in_the_name(tmp_path, open_place, rows):
    (tmp_path / "a.csv").write_text(HEADER + "ada,,1\n")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/a.csv?sig=secret"
        source = open_place(path=url)
        assert (source.title, rows(source)) == ("a.csv", [("a.csv", 2, "ada", "", "1")])
        with pytest.raises(UnreadableFile, match=r"no file http://[\d.:]+/b.csv; check"):
            open_place(path=url.replace("a.csv", "b.csv"))
        server.shutdown()
