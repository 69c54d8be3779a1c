"""A PostgreSQL server of the tests' own, from the system's package, on a loopback port."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER, PASSWORD = "reader", "s3cret@/:?"


@dataclass(frozen=True)
class Postgres:
    """A running server; its one user may do all."""

    port: int

    @property
    def url(self) -> str:
        """Its address, the password left to the environment."""
        return f"postgresql://{USER}:${{CRM_PASSWORD}}@127.0.0.1:{self.port}/postgres"


def binaries() -> Path:
    """Where initdb and pg_ctl are; FileNotFoundError with the cure if they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).parent
    raise FileNotFoundError("PostgreSQL is not installed; run: make postgres")


@contextmanager
def server() -> Iterator[Postgres]:
    """A server that lives as long as the block, its data in a folder of its own."""
    programs, port = binaries(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="regulars-postgres-"))
    # The server refuses to run as root; its package brings a user of its own.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    password = folder / "password"
    password.write_text(PASSWORD)
    if as_user:
        shutil.chown(folder, "postgres")
        shutil.chown(password, "postgres")
    control = [*as_user, str(programs / "pg_ctl"), "-D", str(folder / "data")]
    try:
        secret = ["--auth=scram-sha-256", f"--pwfile={password}", "-U", USER]
        store = ["-D", str(folder / "data"), "-E", "UTF8", "--no-sync"]
        run([*as_user, str(programs / "initdb"), *secret, *store], folder)
        options = f"-c fsync=off -c listen_addresses=127.0.0.1 -p {port} -k {folder}"
        run([*control, "-w", "-o", options, "-l", str(folder / "log"), "start"], folder)
        yield Postgres(port)
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], cwd="/", capture_output=True, check=False)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(command: list[str], folder: Path) -> None:
    """Run it to its end; its output goes to a file, which the server may keep open."""
    with (folder / "output").open("wb") as output:
        done = subprocess.run(
            command, cwd="/", stdout=output, stderr=output, timeout=60, check=False
        )
    assert done.returncode == 0, (folder / "output").read_text(errors="replace")
