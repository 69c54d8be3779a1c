"""Immutable files in whole generations: a kill at any instant leaves the last one in place.

    current                                 names of the current and of the previous generation
    manifests/<digest>.json                 what a generation holds; named by its own SHA-256
    files/<table>/<bucket>-<digest>.parquet  named by its SHA-256, so never changed
    files/<table>/<bucket>-<digest>.keys    a list made from the file of that digest
    aside/                                  what is being written

A file is written aside, forced to disk and renamed; then the manifest; then the pointer. Nothing
but the pointer ever replaces anything, so a reader sees one generation, old or new. The files of
the previous generation stay for readers at work; older ones and left-overs are removed. Parquet
has no checksum of its own, so digests are compared before a file is read.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from features.errors import DamagedStore, NotReady

CURE = "Run regulars train again."
_NAME_DIGITS = 16

Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class File:
    """One file of a generation, as its manifest lists it.

    A file holds one bucket of customers, or is a delta: rows of all buckets, sorted by bucket,
    bucket `b` being the rows from `starts[b]` to `starts[b + 1]` unless it is among `moved` (its
    rows are in a file of that bucket since). `first_day` and `last_day`, in days since 1970,
    enclose its rows; `head_sha256` is the digest of a part that can be checked alone.
    """

    table: str
    bucket: int | None
    rows: int
    first_day: int
    last_day: int
    name: str = ""
    size_bytes: int = 0
    sha256: str = ""
    head_sha256: str = ""
    starts: tuple[int, ...] = ()
    moved: tuple[int, ...] = ()

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name.partition(".")[0]

    @property
    def path(self) -> str:
        """Where the file is, below the store's folder."""
        return f"files/{self.table}/{self.name}"


_FILE_FIELDS = tuple(one.name for one in fields(File))


@dataclass(frozen=True)
class Manifest:
    """What one generation holds; `facts` and `merges` are kept for the caller.

    `name` is the SHA-256 of its JSON text: the same content has the same name.
    """

    buckets: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    merges: Mapping[str, str] = field(default_factory=dict)
    files: tuple[File, ...] = ()

    @cached_property
    def text(self) -> str:
        """The manifest as it is written."""
        listed = sorted(self.files, key=lambda file: (file.table, file.name))
        content = {
            "buckets": self.buckets,
            "facts": dict(self.facts),
            "merges": dict(self.merges),
            "files": [{name: getattr(file, name) for name in _FILE_FIELDS} for file in listed],
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"))

    @cached_property
    def name(self) -> str:
        """Digest of the text."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @classmethod
    def parsed(cls, text: str) -> "Manifest":
        """The manifest of such a text."""
        content = json.loads(text)
        files = [
            File(**(one | {"starts": tuple(one["starts"]), "moved": tuple(one["moved"])}))
            for one in content.pop("files")
        ]
        return cls(**content, files=tuple(files))


def current(folder: Path) -> Manifest:
    """The manifest of the current generation.

    Raises NotReady if nothing was published yet, DamagedStore if it cannot be trusted.
    """
    names = _pointer(folder)
    if not names:
        message = f"There are no histories in {folder} yet. Make them with: regulars train"
        raise NotReady(message)
    while True:
        try:
            return _manifest(folder, names[0])
        except DamagedStore:
            # A writer may have published and collected twice since the pointer was read.
            if (latest := _pointer(folder)) == names:
                raise
            names = latest


def checked(folder: Path, file: File) -> Path:
    """Path of a file whose content is the one that its manifest names.

    Raises DamagedStore if it is not, NotReady if a later generation has replaced it.
    """
    path = present(folder, file)
    if sha256_of(path) != file.sha256:
        raise damaged(path, "was changed after writing")
    return path


def present(folder: Path, file: File) -> Path:
    """Path of a file that is there in full length, not looked into. Raises as `checked` does."""
    path = folder / file.path
    if path.exists():
        if path.stat().st_size != file.size_bytes:
            raise damaged(path, "was changed after writing")
        return path
    if file not in current(folder).files:
        message = f"The histories in {folder} were replaced while they were read. Run it again."
        raise NotReady(message)
    raise damaged(path, "is missing")


def damaged(path: Path, what: str) -> DamagedStore:
    """The error that names a file, what is wrong with it and the cure."""
    return DamagedStore(f"{path} {what}. {CURE}")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """The folder for one writer at a time. Raises NotReady if another one is at work."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / ".lock", timeout=0):
            yield
    except Timeout:
        message = f"Another run is writing to {folder}. Try again when it has ended."
        raise NotReady(message) from None


class Writer:
    """Adds files and publishes manifests; used inside `only_writer`.

    `on_step` is called with a word after everything that changes the disk, so that tests can stop
    a writer at every instant.
    """

    def __init__(self, folder: Path, on_step: Step = lambda _: None) -> None:
        """A writer to this folder."""
        self.folder = folder
        self._step = on_step
        self._added = 0

    def add(self, file: File, write: Callable[[Path], object]) -> File:
        """The file with name, size and digest, written by `write(path)` and forced to disk.

        Without a name it is named by its digest.
        """
        aside = self.folder / "aside" / str(self._added)
        self._added += 1
        aside.parent.mkdir(exist_ok=True)
        write(aside)
        self._step("written aside")
        _force(aside)
        digest = sha256_of(aside)
        label = "delta" if file.bucket is None else f"{file.bucket:03d}"
        added = replace(
            file,
            name=file.name or f"{label}-{digest[:_NAME_DIGITS]}.parquet",
            size_bytes=aside.stat().st_size,
            sha256=digest,
        )
        self._rename(aside, self.folder / added.path)
        return added

    def publish(self, manifest: Manifest, *, purge: bool = False) -> None:
        """Make this the current generation; `purge` leaves nothing on disk but its own files."""
        names = self._names()
        keep = names
        if manifest.name not in names[:1]:
            self._force_folders()
            path = self.folder / "manifests" / f"{manifest.name}.json"
            self._write(path, manifest.text)
            _force(path.parent)
            keep = [manifest.name, *names[:1]]
        if purge:
            keep = keep[:1]
        if keep != names:
            self._write(self.folder / "current", "\n".join(keep))
            _force(self.folder)
            self._step("published")
        self.sweep()

    def _names(self) -> list[str]:
        try:
            return _pointer(self.folder)
        except DamagedStore:
            return []

    def _write(self, path: Path, text: str) -> None:
        aside = self.folder / "aside" / path.name
        aside.parent.mkdir(exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        _force(aside)
        self._step("written aside")
        self._rename(aside, path)

    def _rename(self, aside: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(target)
        self._step("renamed")

    def _force_folders(self) -> None:
        files = self.folder / "files"
        for path in (self.folder, files, *(files.iterdir() if files.exists() else ())):
            if path.exists():
                _force(path)

    def sweep(self) -> None:
        """Remove what a killed writer left, and all that no generation kept lists.

        Only for a folder whose current manifest could be read: nothing is removed unseen.
        """
        listed: set[str] = set()
        for name in self._names():
            try:
                listed |= {file.path for file in _manifest(self.folder, name).files}
            except DamagedStore:
                continue  # the previous one, which only readers at work still need
            listed.add(f"manifests/{name}.json")
        shutil.rmtree(self.folder / "aside", ignore_errors=True)
        for path in [*self.folder.glob("files/*/*"), *self.folder.glob("manifests/*")]:
            if path.relative_to(self.folder).as_posix() not in listed:
                path.unlink()
                self._step("removed")


def _pointer(folder: Path) -> list[str]:
    """Names of the current and the previous generation, as far as there are any."""
    path = folder / "current"
    try:
        names = path.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise damaged(path, "cannot be read") from error
    if not names:
        raise damaged(path, "is empty")
    return names


def _manifest(folder: Path, name: str) -> Manifest:
    path = folder / "manifests" / f"{name}.json"
    try:
        text = path.read_bytes()
    except (OSError, ValueError) as error:
        raise damaged(path, "cannot be read") from error
    if hashlib.sha256(text).hexdigest() != name:
        raise damaged(path, "was changed after writing")
    try:
        return Manifest.parsed(text.decode())
    except (TypeError, KeyError) as error:
        raise damaged(path, "was written by another version") from error


def _force(path: Path) -> None:
    """Have the operating system write a file or a folder to the disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
