"""The pepper: a secret beside the database, without which the digests in it tell nothing."""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from features.errors import SettingsError

VARIABLE = "REGULARS_PEPPER"
FILE_NAME = "pepper"
_BYTES = 32
_MIN_CHARS = 32
_MAX_CHARS = 64  # what BLAKE2b takes as its key


class Pepper:
    """Where the pepper comes from: the environment, else a file of the workspace."""

    def __init__(self, workspace: Path, environment: Mapping[str, str] = os.environ) -> None:
        """Remember both places; nothing is read yet."""
        self._path = workspace / FILE_NAME
        self._environment = environment

    def read(self) -> bytes | None:
        """The pepper, or None if none was made yet. Raises SettingsError if it is not safe."""
        given = self._environment.get(VARIABLE)
        if given is not None:
            return _checked(given, VARIABLE)
        try:
            with self._path.open(encoding="ascii") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    message = (
                        f"{self._path} can be read by others than its owner, and API keys with "
                        f"it. Close it: chmod 600 {self._path}"
                    )
                    raise SettingsError(message)
                return _checked(file.read().strip(), str(self._path))
        except FileNotFoundError:
            return None

    def made(self) -> bytes:
        """The pepper, made now if there is none. Raises SettingsError."""
        known = self.read()
        if known is not None:
            return known
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{FILE_NAME}.{secrets.token_hex(4)}")
        # Whole from the first moment: two processes may make it at once, and one wins.
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, self._path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return self.read() or b""


def _checked(text: str, place: str) -> bytes:
    if not _MIN_CHARS <= len(text.encode()) <= _MAX_CHARS:
        message = (
            f"{place} must hold {_MIN_CHARS} to {_MAX_CHARS} characters that nobody can guess, "
            "such as: openssl rand -hex 32"
        )
        raise SettingsError(message)
    return text.encode()
