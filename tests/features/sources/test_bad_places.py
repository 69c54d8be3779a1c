"""What is no source is refused when it is opened, in one sentence with the cure and no secret."""

import gzip
import sqlite3
import zipfile

import pytest
from postgres import free_port

from features.errors import (
    MissingColumns,
    MissingTable,
    RegularsError,
    SettingsError,
    UnreachableSource,
    UnreadableFile,
)

HEADER = b"customer_id,timestamp,amount\n"
SECRET = "s3cret@/:?"
DOWN = f"postgresql://reader:${{CRM_PASSWORD}}@127.0.0.1:{free_port()}/crm"


@pytest.fixture(autouse=True)
def around(tmp_path, monkeypatch):
    """Files that are wrong in all ways, in the working folder, and a secret in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CRM_PASSWORD", SECRET)
    monkeypatch.delenv("NOT_SET", raising=False)
    packed = gzip.compress(HEADER + b"ada,2026-01-01,1\n" * 9_999, mtime=0)
    files = {
        "mixed/a.csv": HEADER,
        "mixed/b.parquet": b"PAR1",
        "bad/a.csv": HEADER,
        "bad/b.csv": bytes(range(256)) * 40,
        "empty/.keep": b"",
        "packed.csv": packed,
        "cut.csv.gz": packed[:-30],
        "header_cut.csv.gz": packed[:15],
        "plain.csv.gz": HEADER,
        "bomb.csv.gz": gzip.compress(b"0" * (1 << 20), mtime=0) * 400,
        "junk.db": b"no database at all, but long enough to be one" * 99,
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    with zipfile.ZipFile(tmp_path / "orders.zip", "w") as archive:
        archive.writestr("../a.csv", "x")
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE orders (id TEXT, at TEXT)")
        connection.execute("INSERT INTO orders VALUES ('ada', '2026-01-01')")
    connection.close()


def database(**keys):
    return {"format": "database", "url": "sqlite:///shop.db", **keys}


@pytest.mark.parametrize(
    ("place", "error", "said"),
    [
        ({"path": "nowhere.csv"}, UnreadableFile, r"There is no file nowhere.csv; check the path"),
        ({"path": "empty"}, UnreadableFile, r"empty holds no csv file; check the path"),
        ({"path": "mixed"}, UnreadableFile, r"mixed holds b.parquet, which is no csv file"),
        (
            {"path": "mixed", "format": "parquet"},
            UnreadableFile,
            r"holds a.csv, which is no parquet",
        ),
        ({"path": "bad"}, UnreadableFile, r"b.csv holds binary data, not CSV text"),
        ({"path": "*.tsv"}, UnreadableFile, r"\*.tsv fits no csv file; check the path"),
        ({"path": "packed.csv"}, UnreadableFile, r"packed.csv is compressed with gzip, not CSV"),
        ({"path": "cut.csv.gz"}, UnreadableFile, r"cut.csv.gz is packed with gzip and cut off"),
        ({"path": "header_cut.csv.gz"}, UnreadableFile, r"packed with gzip and cut off or damaged"),
        ({"path": "plain.csv.gz"}, UnreadableFile, r"cut off or damaged \(Not a gzipped file"),
        ({"path": "bomb.csv.gz"}, UnreadableFile, r"expands to more than 200 times its size"),
        ({"path": "orders.zip"}, UnreadableFile, r"orders.zip is a zip archive, not CSV; unpack"),
        ({"path": "shop.db"}, UnreadableFile, r"shop.db is an SQLite database, not CSV"),
        ({"path": None}, SettingsError, r"needs a path; name a file or a folder"),
        ({"path": "file:///nowhere/a.csv"}, UnreadableFile, r"no file file:///nowhere/a.csv"),
        ({"path": "memory://nowhere/*.csv"}, UnreadableFile, r"fits no csv file"),
        ({"path": "memory://nowhere/"}, UnreadableFile, r"memory://nowhere/ holds no csv file"),
        (
            {"path": "foo://me:hidden@host/a.csv"},
            SettingsError,
            r"^foo://host/a.csv begins with a s",
        ),
        ({"path": "gs://bucket/a.csv"}, SettingsError, r"gs:// needs .*; pip install gcsfs"),
        ({"path": "s3://bucket/*.csv"}, SettingsError, r"s3:// needs .*; pip install s3fs"),
        ({"path": "abfs://bucket/a/"}, SettingsError, r"abfs:// needs .*; pip install adlfs"),
        (database(), SettingsError, r"needs either a table or a query"),
        (database(table="orders", query="SELECT 1"), SettingsError, r"either a table or a query"),
        (database(url=None), SettingsError, r"needs a url, such as sqlite:///shop.db"),
        (database(table="order"), MissingTable, r"no table 'order'; did you mean orders\?"),
        (database(table="main.ordres"), MissingTable, r"'main.ordres'; did you mean .*orders"),
        (database(table="orders", order_by=("att",)), MissingColumns, r"'att' .*did you mean at\?"),
        (database(query="SELECT 1", order_by=("at",)), SettingsError, r"write ORDER BY into"),
        (
            database(query="DELETE FROM orders"),
            SettingsError,
            r"single SELECT; .*begins with DELETE",
        ),
        (database(query="/* SELECT */ PRAGMA x"), SettingsError, r"begins with PRAGMA"),
        (database(query="-- SELECT"), SettingsError, r"begins with nothing"),
        (
            database(query="WITH a AS (SELECT 1) DELETE FROM orders"),
            RegularsError,
            r"refused to be read \(attempt to write a readonly database\)",
        ),
        (
            database(query="SELECT 1; DROP TABLE orders"),
            RegularsError,
            r"\(You can only execute one statement at a time",
        ),
        (database(query="SELECT * FROM gone"), RegularsError, r"\(no such table: gone\)"),
        (
            database(url="sqlite:///junk.db", table="a"),
            UnreadableFile,
            r"junk.db is no SQLite data",
        ),
        (database(url="sqlite:///no.db", table="a"), UnreadableFile, r"There is no file no.db"),
        (database(url="sqlite://", table="a"), SettingsError, r"names no file"),
        (database(url="${NOT_SET}", table="a"), SettingsError, r"variable NOT_SET; set it"),
        (database(url="sqlite:///${NOT_SET}", table="a"), SettingsError, r"variable NOT_SET; set"),
        (
            database(url=f"no url {SECRET}", table="a"),
            SettingsError,
            r"cannot be read as one; write",
        ),
        (database(url="postgresql://a:hidden@h:x/d", table="a"), SettingsError, r"read as one"),
        (
            database(url="mysql://me:s3cret@h/d", table="a"),
            SettingsError,
            r"'mysql' .*through Ibis",
        ),
        (
            database(url=DOWN, table="a"),
            UnreachableSource,
            r"^postgresql://127.0.0.1:\d+/crm cannot be read \(.*[Cc]onnection refused",
        ),
    ],
)
def test_a_bad_place_is_refused_with_its_cure_and_without_its_password(
    open_place, place, error, said
):
    with pytest.raises(error, match=said) as raised:
        list(open_place(**place).chunks())
    assert SECRET not in str(raised.value)
    assert "hidden" not in str(raised.value)
    with sqlite3.connect("file:shop.db?mode=ro", uri=True) as connection:
        assert connection.execute("SELECT * FROM orders").fetchall() == [("ada", "2026-01-01")]
    connection.close()
