"""What a file is by its first bytes, whatever its name says."""

import codecs

from features.errors import UnreadableFile
from features.sources.storage import AnyFile, readable

SAMPLE_BYTES = 65_536

_OTHER_FILES: tuple[tuple[bytes, str, str], ...] = (
    (b"\x1f\x8b", "compressed with gzip", "unpack it with gunzip"),
    (b"BZh", "compressed with bzip2", "unpack it with bunzip2"),
    (b"\xfd7zXZ\x00", "compressed with xz", "unpack it with unxz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd", "unpack it with unzstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it"),
    (b"PK\x03\x04", "a zip archive", "unpack it and name one CSV file"),
    (b"PK\x05\x06", "an empty zip archive", "export the orders again"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save the sheet as CSV UTF-8"),
    (b"SQLite format 3\x00", "an SQLite database", "export its table as CSV"),
    (b"%PDF-", "a PDF document", "export the orders as CSV"),
    (b"<!DOCTYPE", "a web page", "export the orders again; the download failed"),
    (b"<html", "a web page", "export the orders again; the download failed"),
    (b"<?xml", "an XML document", "export the orders as CSV"),
)
_PARQUET = b"PAR1"
_TEXT_CONTROLS = frozenset(b"\t\n\r\f")
_NO_TEXT_SHARE = 0.3
_NO_TEXT_SHARE_UNDECODABLE = 0.02
_UTF16_NUL_SHARE = 0.3


def first_bytes(path: AnyFile) -> bytes:
    """The first 64 KiB of a file.

    Raises UnreadableFile if there is no such file, it may not be read, or it is empty.
    """
    with readable(path), path.open("rb") as stream:
        sample = stream.read(SAMPLE_BYTES)
    if not sample:
        message = f"{path.name} is empty (0 bytes); export the orders again."
        raise UnreadableFile(message)
    return sample


def is_parquet(sample: bytes) -> bool:
    """Whether these first bytes are those of a Parquet file."""
    return sample.startswith(_PARQUET)


def check_text(sample: bytes, path: AnyFile, encoding: str) -> None:
    """Nothing, if these first bytes can be a text file in this encoding.

    Raises UnreadableFile that tells what the file is instead, and the cure.
    """
    if is_parquet(sample):
        message = f"{path.name} is a Parquet file, not CSV; set sources.orders.format to parquet."
        raise UnreadableFile(message)
    found = _other_file(sample)
    if found:
        message = f"{path.name} is {found[0]}, not CSV; {found[1]}."
        raise UnreadableFile(message)
    wide = _utf16_or_32(sample)
    if wide and not encoding.lower().replace("_", "-").startswith(wide[:6]):
        message = (
            f"{path.name} is {wide.upper()} text, not {encoding}; "
            f"set sources.orders.csv.encoding to {wide}, or save it as UTF-8."
        )
        raise UnreadableFile(message)
    if not wide and _is_binary(sample):
        message = f"{path.name} holds binary data, not CSV text; export the orders as CSV."
        raise UnreadableFile(message)


def _other_file(sample: bytes) -> tuple[str, str] | None:
    if sample.startswith(b"PK\x03\x04") and b"xl/" in sample:
        return "an Excel workbook (xlsx)", "save the sheet as CSV UTF-8"
    start = sample.lstrip(codecs.BOM_UTF8 + b" \r\n\t")[:64]
    for magic, what, cure in _OTHER_FILES:
        is_markup = magic.startswith(b"<") and start.lower().startswith(magic.lower())
        if is_markup or sample.startswith(magic):
            return what, cure
    return None


def _utf16_or_32(sample: bytes) -> str | None:
    if sample.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Without a mark, Latin text in UTF-16 shows as a NUL in every other byte.
    for name, at in (("utf-16-le", 1), ("utf-16-be", 0)):
        half, other = sample[at::2], sample[1 - at :: 2]
        if half.count(0) > _UTF16_NUL_SHARE * len(half) and other.count(0) == 0:
            return name
    return None


def _is_binary(sample: bytes) -> bool:
    controls = sum(sample.count(code) for code in range(32) if code not in _TEXT_CONTROLS)
    share = controls / len(sample)
    if share > _NO_TEXT_SHARE:
        return True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return share > _NO_TEXT_SHARE_UNDECODABLE
    return False
