"""One file, on disk or in an object store, plain or packed, as a stream of bytes.

A store's package raises errors of kinds of its own; from here on they are ours and name the file.
"""

import bz2
import gzip
import hashlib
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, cast

from typing_extensions import Buffer

from features.errors import RegularsError, UnreachableSource, UnreadableFile

Packing = Literal["gzip", "bzip2", "xz"]

PACKINGS: dict[str, Packing] = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}
"""How a text file is packed, by the end of its name."""

_BUFFER_BYTES = 1 << 20
# Orders as text pack 5 to 50 times; what expands further was made to fill a machine.
_MAX_EXPANSION = 200
_EXPANSION_COUNTS_FROM_BYTES = 1 << 28

_UNPACK: dict[Packing, Callable[[IO[bytes]], IO[bytes]]] = {
    "gzip": lambda packed: cast("IO[bytes]", gzip.GzipFile(fileobj=packed, mode="rb")),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that can be opened: `name` is what people are told, `place` is where it lies."""

    name: str
    place: str
    opener: Callable[[], IO[bytes]]
    packing: Packing | None = None

    def __str__(self) -> str:
        return self.place

    def open(self, mode: Literal["rb"] = "rb") -> io.BufferedReader:  # noqa: ARG002 - as Path.open
        """Its bytes, unpacked.

        Raises OSError if the file system says so, UnreachableSource if the store does not answer;
        reading raises UnreadableFile if the file is damaged or expands beyond measure.
        """
        try:
            stored = self.opener()
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - see the module's first lines
            raise unreachable(self.place, error) from None
        return io.BufferedReader(_Stream(self, stored), _BUFFER_BYTES)


AnyFile: TypeAlias = Path | StoredFile
"""A file of this machine, or one that its store opens."""


class _Stream(io.RawIOBase):
    """The bytes of a stored file, its troubles told as ours."""

    def __init__(self, file: StoredFile, stored: IO[bytes]) -> None:
        self._file = file
        self._stored = stored
        self._plain = _UNPACK[file.packing](stored) if file.packing else stored
        self._byte_count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._file.packing is None and self._stored.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._plain.seek(offset, whence)

    def tell(self) -> int:
        return self._plain.tell()

    def readinto(self, buffer: Buffer) -> int:
        room = memoryview(buffer)
        try:
            block = self._plain.read(len(room))
        except RegularsError:
            raise
        except Exception as error:  # noqa: BLE001 - see the module's first lines
            raise self._failed(error) from None
        self._byte_count += len(block)
        if self._file.packing:
            self._check_expansion()
        room[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._plain.close()
            self._stored.close()
        super().close()

    def _failed(self, error: Exception) -> RegularsError:
        damage = (EOFError, zlib.error, lzma.LZMAError, OSError)
        if self._file.packing and isinstance(error, damage):
            return UnreadableFile(
                f"{self._file.name} is packed with {self._file.packing} and cut off or damaged "
                f"({_first_line(error)}); export or copy it again."
            )
        return unreachable(self._file.place, error)

    def _check_expansion(self) -> None:
        is_large = self._byte_count > _EXPANSION_COUNTS_FROM_BYTES
        if is_large and self._byte_count > _MAX_EXPANSION * self._stored.tell():
            message = (
                f"{self._file.name} expands to more than {_MAX_EXPANSION} times its size, which "
                "no table does; unpack it by hand if you trust it."
            )
            raise UnreadableFile(message)


def digest_of(file: AnyFile) -> str:
    """SHA-256 of a file's bytes, packed as they lie there.

    Raises UnreadableFile or UnreachableSource if it cannot be read.
    """
    stored = file if isinstance(file, Path) else replace(file, packing=None)
    with readable(file), stored.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def readable(file: AnyFile) -> Iterator[None]:
    """Where a file is opened: raises UnreadableFile if there is none, or if it may not be read."""
    try:
        yield
    except FileNotFoundError:
        message = f"There is no file {file}; check the path."
        raise UnreadableFile(message) from None
    except OSError as error:
        message = f"{file} cannot be read ({error.strerror}); name a file that may be read."
        raise UnreadableFile(message) from error


def packing_of(name: str) -> Packing | None:
    """How a text file of this name is packed; None is not at all."""
    return PACKINGS.get(Path(name).suffix.lower())


def unreachable(place: str, error: Exception) -> UnreachableSource:
    """The error for a place whose store said no, in its own words but without a secret."""
    return UnreachableSource(
        f"{without_secrets(place)} cannot be read ({type(error).__name__}: "
        f"{without_secrets(_first_line(error))}); check its path, and that your credentials for "
        "its store let you read it."
    )


def without_secrets(text: str) -> str:
    """The text with user names, passwords and queries of the addresses in it left out."""
    text = re.sub(r"://[^/\s@]*@", "://", text)
    return re.sub(r"(\w://[^\s?'\"]*)\?[^\s'\"]*", r"\1", text)


def _first_line(error: Any) -> str:
    return next(iter(str(error).splitlines()), "no reason given")
