"""What the journeys share: a small shop as files, the command line, and one trained workspace."""

import csv
import fcntl
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from shop import simulated_orders

from serving import cli

TODAY = "2025-03-01"
HEADER = ("customer_id", "ordered_on", "amount")
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Shop:
    """A folder that was walked through from `init` to `score`, and how each command ended."""

    folder: Path
    ended: dict[str, Ended]

    @property
    def settings(self) -> Path:
        return self.folder / "regulars.yml"

    @property
    def orders(self) -> Path:
        return self.folder / "orders.csv"

    @property
    def workspace(self) -> Path:
        return self.folder / ".regulars"


def written_orders() -> list[list[str]]:
    """The simulated shop as a file holds it: id, ISO date, dollars."""
    return [[who, day.isoformat(), f"{cents / 100:.2f}"] for who, day, cents in simulated_orders()]


def write_csv(path: Path, rows: Iterable[Iterable[str]], header: Iterable[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([list(header), *rows])
    return path


def clean_environment() -> dict[str, str]:
    """The environment of a user's shell: the venv first, nothing of ours or MLflow's set."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("REGULARS_", "MLFLOW_", "BENTOML_", "PROMETHEUS_", "PYTEST_"))
    }
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    return kept | {"PATH": path, "COLUMNS": "200", "BENTOML_DO_NOT_TRACK": "True"}


def started(*command: object, folder: Path, **environment: object) -> Ended:
    """A process of its own, to its end."""
    ended = subprocess.run(
        [str(part) for part in command],
        check=False,
        cwd=folder,
        env=clean_environment() | {name: str(value) for name, value in environment.items()},
        capture_output=True,
        text=True,
        timeout=240,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def regulars(*arguments: object, folder: Path, **environment: object) -> Ended:
    """The command as its users start it."""
    return started(BIN / "regulars", *arguments, folder=folder, **environment)


@contextmanager
def alone(folder: Path) -> Iterator[Path]:
    """The folder for one worker of pytest at a time."""
    folder.mkdir(exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


@pytest.fixture(scope="session")
def rows() -> list[list[str]]:
    return written_orders()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, worker_id: str, rows: list[list[str]]) -> Shop:
    """Walked once for all workers; whoever changes something changes a copy."""
    base = tmp_path_factory.getbasetemp()
    # Workers have folders of their own side by side.
    shared = base if worker_id == "master" else base.parent
    with alone(shared / "shop") as folder:
        told = folder / ".ended.json"
        if not told.exists():
            write_csv(folder / "orders.csv", rows)
            ended = {
                name: regulars(name, *more, "--now", TODAY, folder=folder)
                for name, *more in (("init", "orders.csv"), ("check",), ("train",), ("score",))
            }
            told.write_text(json.dumps({name: asdict(one) for name, one in ended.items()}))
        said = json.loads(told.read_text())
    return Shop(folder, {name: Ended(**one) for name, one in said.items()})


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., Ended]]:
    """The command within this process, in the test's own folder: the same `main`, only sooner."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("REGULARS_SETTINGS", raising=False)
    # MLflow writes the last store into the environment; this undoes it.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")

    def ended(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["regulars", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        said = capsys.readouterr()
        return Ended(int(stopped.value.code or 0), said.out, said.err)

    yield ended
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def start() -> Callable[..., Ended]:
    """The command as a process of its own: `start("train", folder=…, REGULARS_WORKSPACE=…)`."""
    return regulars


@pytest.fixture(scope="session")
def start_any() -> Callable[..., Ended]:
    """Any program as a process of its own, by its path."""
    return started


@pytest.fixture
def moved(shop, tmp_path: Path) -> Path:
    """A copy of the workspace that may be damaged, its store pointing into itself."""
    workspace = tmp_path / "workspace"
    shutil.copytree(shop.workspace, workspace)
    store = sqlite3.connect(workspace / "mlflow.db")
    with store:
        for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            for _, column, kind, *_ in store.execute(f"PRAGMA table_info({table})").fetchall():
                if "CHAR" in kind.upper() or "TEXT" in kind.upper():
                    change = f"UPDATE {table} SET {column} = replace({column}, ?, ?)"
                    store.execute(change, (str(shop.workspace), str(workspace)))
    store.close()
    return workspace
