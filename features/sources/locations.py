"""Which files a path names: one, all of a folder, those that fit a pattern, here or in a store.

A path with a scheme such as `s3://` goes through fsspec. The package of a store (s3fs, gcsfs,
adlfs) is the user's to install, and finds its credentials as it always does.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import fsspec
from fsspec.implementations.local import LocalFileSystem

from features.account import Note
from features.errors import SettingsError, UnreachableSource, UnreadableFile
from features.sources.storage import (
    PACKINGS,
    AnyFile,
    StoredFile,
    packing_of,
    unreachable,
    without_secrets,
)

FileFormat = Literal["csv", "parquet"]

_ENDINGS: dict[FileFormat, tuple[str, ...]] = {
    "csv": (".csv", ".tsv", ".txt"),
    "parquet": (".parquet", ".parq", ".pq"),
}
_PACKAGES = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs",
    "abfss": "adlfs", "adl": "adlfs",
}  # fmt: skip
_DELTA = "_delta_log"


@dataclass(frozen=True, slots=True)
class Found:
    """The files that a path names, in the order of their names; `is_one` if it names a file."""

    title: str
    files: tuple[AnyFile, ...]
    is_one: bool
    notes: tuple[Note, ...] = ()


def found_files(path: Path | str, file_format: FileFormat) -> Found:
    """The files at this path: a file, a folder with all below it, or a pattern with `*`.

    Raises UnreadableFile if a folder or a pattern holds no file or others than of this format,
    UnreachableSource if a store does not answer, SettingsError if there is no such kind of store.
    """
    text = str(path)
    if not re.match(r"\w[\w+.-]*(://|::)", text):
        try:
            return _local(Path(path), file_format)
        except OSError as error:
            message = (
                f"{error.filename or path} cannot be read ({error.strerror}); name a file that "
                "may be read, or a folder of which all may be read."
            )
            raise UnreadableFile(message) from error
    store, root = _store(text)
    try:
        place = _Place(store, root, without_secrets(text), file_format)
        if text.startswith("http"):  # the web has no folders, only pages
            return place.file()
        if set(root) & set("*["):
            return place.pattern()
        if text.endswith("/") or store.isdir(root):
            return place.folder()
        return place.file()
    except (UnreadableFile, UnreachableSource):
        raise
    except Exception as error:  # noqa: BLE001 - each store raises errors of its own kinds
        raise unreachable(text, error) from None


def _local(path: Path, file_format: FileFormat) -> Found:
    # A file whose name holds a `*` or `[` is that file.
    is_pattern = not path.exists() and any(sign in str(path) for sign in "*?[")
    if path.is_dir() or is_pattern:
        place = _Place(LocalFileSystem(), path.absolute().as_posix(), str(path), file_format)
        return place.pattern() if is_pattern else place.folder()
    packing = packing_of(path.name) if file_format == "csv" else None
    if packing is None:
        return Found(path.name, (path,), is_one=True)
    packed = StoredFile(path.name, str(path), lambda: path.open("rb"), packing)
    return Found(path.name, (packed,), is_one=True)


def _store(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    try:
        store, root = fsspec.core.url_to_fs(url)
    except ImportError as error:
        scheme = re.split(r"://|::", url)[0]
        package = _PACKAGES.get(scheme)
        cure = f"pip install {package}" if package else str(error)
        message = f"Reading {scheme}:// needs a package that is not installed; {cure}."
        raise SettingsError(message) from None
    except ValueError as error:
        if "Protocol not known" not in str(error):
            raise unreachable(url, error) from None
        message = (
            f"{without_secrets(url)} begins with a scheme that is not known; write a path of this "
            "machine, or one such as s3://bucket/folder, gs://bucket/folder or file:///folder."
        )
        raise SettingsError(message) from None
    except Exception as error:  # noqa: BLE001 - each store raises errors of its own kinds
        raise unreachable(url, error) from None
    return store, root


class _Place:
    """A path in a store, and what is found there."""

    def __init__(
        self, store: fsspec.AbstractFileSystem, root: str, shown: str, file_format: FileFormat
    ) -> None:
        self._store, self._root, self._shown, self._format = store, root, shown, file_format

    def file(self) -> Found:
        """The one file."""
        name = re.split(r"[/\\]", self._shown.rstrip("/"))[-1]
        return Found(name, (self._stored(name, self._root, self._shown),), is_one=True)

    def folder(self) -> Found:
        """All files below a folder, hidden ones left out; every one must be of the format."""
        root = self._root.rstrip("/")
        labels = list(self._labels(self._below(root), root))
        if any(_DELTA in label.split("/") for label in labels):
            message = (
                f"{self._shown} is a Delta table, whose folder holds rows that were deleted; "
                "read it through Ibis, or export it as plain Parquet."
            )
            raise UnreadableFile(message)
        kept = [label for label in labels if not _is_hidden(label)]
        self._check_endings(kept)
        return self._found(kept, root, "holds no")

    def _below(self, root: str) -> Sequence[str]:
        if not isinstance(self._store, LocalFileSystem):
            paths: list[str] = self._store.find(root)
            return paths
        # fsspec passes over what it may not read; here nothing is passed over in silence.
        found = os.walk(root, onerror=_fail, followlinks=True)
        return [f"{Path(folder).as_posix()}/{name}" for folder, _, names in found for name in names]

    def pattern(self) -> Found:
        """The files that fit a pattern."""
        parts = self._root.split("/")
        fixed = next(at for at, part in enumerate(parts) if set(part) & set("*?["))
        root = "/".join(parts[:fixed])
        entries = self._store.glob(self._root, detail=True)
        paths = [path for path, entry in entries.items() if entry["type"] == "file"]
        return self._found(list(self._labels(paths, root)), root, "fits no")

    def _labels(self, paths: Sequence[str], root: str) -> Iterator[str]:
        for path in paths:
            label = path.removeprefix(root).lstrip("/")
            if label and not label.endswith("/"):  # stores mark folders by empty objects
                yield label

    def _found(self, labels: list[str], root: str, lacking: str) -> Found:
        if not labels:
            message = f"{self._shown} {lacking} {self._format} file; check the path."
            raise UnreadableFile(message)
        files = tuple(
            self._stored(label, f"{root}/{label}", f"{label} of {self._shown}")
            for label in sorted(labels)
        )
        notes: tuple[Note, ...] = ()
        if any("=" in part for label in labels for part in label.split("/")[:-1]):
            notes = (Note("Names of folders, such as year=2026, are not read as columns."),)
        title = re.split(r"[/\\]", self._shown.rstrip("/\\"))[-1]
        return Found(title, files, is_one=False, notes=notes)

    def _check_endings(self, labels: Sequence[str]) -> None:
        endings = _ENDINGS[self._format]
        if self._format == "csv":
            endings += tuple(end + packing for end in endings for packing in PACKINGS)
        odd = next((name for name in sorted(labels) if not name.lower().endswith(endings)), None)
        if odd is not None:
            message = (
                f"{self._shown} holds {odd}, which is no {self._format} file by its name; move it "
                f"away, or name the files by a pattern such as {self._shown.rstrip('/')}/"
                f"*{endings[0]}."
            )
            raise UnreadableFile(message)

    def _stored(self, name: str, path: str, shown: str) -> StoredFile:
        packing = packing_of(path) if self._format == "csv" else None
        return StoredFile(name, shown, partial(self._store.open, path, "rb"), packing)


def _fail(error: OSError) -> None:
    raise error


def _is_hidden(label: str) -> bool:
    """Whether a file is a mark that programs leave, such as _SUCCESS or .DS_Store."""
    return any(part.startswith((".", "_")) for part in label.split("/"))
