"""What publishing scores costs, beside the bare writing of the same rows in the same run.

    python benchmarks/publication.py --customers 1000000
    python benchmarks/publication.py --address postgresql://user:password@host/empty

Every phase is a process of its own, so that its CPU and its peak of memory are its own. Bare is one
transaction of `executemany` (SQLite) or `COPY` (PostgreSQL) into the same tables with the same
indexes; for PostgreSQL the server's CPU is not in the figures, its time is. Reading asks for ready
answers by random ids, 500 a second, before and while a generation is published.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

# A script beside this one bears the name of a package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from serving.api.lookups import ready_answer
from serving.store import Generation, Reason, Score, ScoreStore
from serving.store.publication import PART_ROWS, in_parts
from serving.store.rows import HISTORY_COLUMNS, SCORE_COLUMNS, rows_of

GENERATION = Generation(
    business="Shop", as_of=date(2026, 9, 1), valid_until=date(2026, 9, 8),
    published_at=datetime(2026, 9, 1, tzinfo=UTC), histories="h", model_name="churn",
    model_version="1", model_digest="0", run_id="r", churn_definition="no-order-90d@1",
    churn_horizon_days=90, value_horizon_days=365, value_interval=0.8, currency="EUR",
)  # fmt: skip
REASONS = (
    Reason("silence.own", "raises", "high", 71.0, 28.0, "days"),
    Reason("money", "lowers", "low", 82.5, 40.0, "money"),
    Reason("pace", "raises", "medium", 1.0, 3.0, "orders"),
)
# An answer as long as a real one, made at no cost: what is measured is the store.
DOCUMENT = ready_answer(
    Score("C-0001042", "DE", date(2026, 6, 22), 5, 412.5, 28.0, None, 0.62, 94, "high", 0.5, 1.25,
          184.2, 96.1, 310.8, 402.0, 249.24, "high", REASONS),
    GENERATION,
)  # fmt: skip
READS_PER_SECOND = 500


def scores(count: int, moved_share: float) -> Iterator[Score]:
    """Synthetic scores; this share of the customers has moved since the first generation."""
    rng = np.random.default_rng(1)
    for number in range(count):
        chance = rng.random()
        moved = rng.random() < moved_share
        chance = min(chance + 0.3, 1.0) if moved else chance
        yield Score(
            f"C-{number:07}", "DE", date(2026, 6, 22), 5, 412.5, 28.0, None, chance,
            int(chance * 99), "high" if chance > 0.6 else "medium" if chance > 0.3 else "low", 0.5,
            1.25, 184.2, 96.1, 310.8, 402.0, 402.0 * chance, "high", REASONS,
        )  # fmt: skip


def kept(*_: object) -> tuple[bytes, str]:
    """The same ready answer for everybody."""
    return DOCUMENT


def generate(_: str, count: int) -> None:
    """Make the scores and nothing else."""
    for _score in scores(count, 0):
        pass


def bare(address: str, count: int) -> None:
    """The rows of a first generation in one transaction, as fast as the driver can."""
    store = ScoreStore(address)
    database = store._database  # noqa: SLF001 - the same tables, without our publication
    shared = replace(GENERATION, generation=1)
    with database.writing() as connection:
        for some in in_parts(scores(count, 0), PART_ROWS):
            rows = rows_of(some, shared, {}, kept)
            for table, columns, values in (
                ("scores", SCORE_COLUMNS, rows.scores),
                ("score_history", HISTORY_COLUMNS, rows.history),
            ):
                _bare_rows(connection, table, columns, values)
    store.close()


def rows_only(_: str, count: int) -> None:
    """Make the rows and write nothing: what `bare` needs besides its writing."""
    shared = replace(GENERATION, generation=1)
    for some in in_parts(scores(count, 0), PART_ROWS):
        rows_of(some, shared, {}, kept)


def _bare_rows(connection: Any, table: str, columns: tuple[str, ...], rows: list[Any]) -> None:
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        return
    cursor = connection.connection.driver_connection.cursor()
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def first(address: str, count: int) -> None:
    """Publish a first generation."""
    store = ScoreStore(address)
    store.publish(GENERATION, scores(count, 0), document=kept)
    store.close()


def second(address: str, count: int) -> None:
    """Publish one in which every tenth customer has moved."""
    store = ScoreStore(address)
    later = replace(GENERATION, published_at=datetime(2026, 9, 8, tzinfo=UTC))
    store.publish(later, scores(count, 0.1), document=kept)
    store.close()


def answers(_: str, count: int) -> None:
    """Make the real answer of every tenth customer: what a publication adds for each."""
    for score in scores(count // 10, 0):
        ready_answer(score, GENERATION)


def read(address: str, count: int, seconds: float, told: Any) -> None:
    """Times of reading ready answers at a steady pace, in microseconds: p50, p99, most, CPU."""
    store, rng, times = ScoreStore(address), np.random.default_rng(2), []
    end, cpu = time.perf_counter() + seconds, 0.0
    while (started := time.perf_counter()) < end:
        customer, used = f"C-{rng.integers(count):07}", time.thread_time()
        current = store.current()
        if current is None or store.document(current.generation, customer) is None:
            raise LookupError(customer)
        times.append(time.perf_counter() - started)
        cpu += time.thread_time() - used
        time.sleep(1 / READS_PER_SECOND)
    times.sort()
    shown = [times[len(times) // 2], times[len(times) * 99 // 100], times[-1], cpu / len(times)]
    told.put([round(one * 1e6, 1) for one in shown])


def in_process(phase: Callable[[str, int], None], address: str, count: int) -> dict[str, float]:
    """Seconds, CPU seconds and peak memory of a phase, in a process of its own."""
    told = multiprocessing.get_context("spawn").Queue()
    process = multiprocessing.get_context("spawn").Process(
        target=_measured, args=(phase, address, count, told)
    )
    process.start()
    figures = told.get()
    process.join()
    return figures


def _measured(phase: Callable[[str, int], None], address: str, count: int, told: Any) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    phase(address, count)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    # Not getrusage: a child begins there with the peak of its parent.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    told.put({"seconds": round(seconds, 1), "cpu": round(cpu, 2), "peak_mb": round(peak)})


def reading(address: str, count: int, seconds: float) -> tuple[Any, Any]:
    """A reader, started, and where it tells its times."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    process = context.Process(target=read, args=(address, count, seconds, told))
    process.start()
    return process, told


def fastest_document(address: str, count: int) -> float:
    """CPU microseconds of one ready answer by a known generation."""
    store, rng = ScoreStore(address), np.random.default_rng(3)
    ids = [f"C-{rng.integers(count):07}" for _ in range(20_000)]
    number = store.current().generation  # type: ignore[union-attr]
    for one in ids:
        store.document(number, one)
    started = time.process_time()
    for one in ids:
        store.document(number, one)
    spent = time.process_time() - started
    store.close()
    return round(spent / len(ids) * 1e6, 2)


def main() -> None:
    """Measure and print as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--address", help="an empty database; without it, SQLite in a temp folder")
    parser.add_argument("--bare-address", help="another empty one, for the bare rows")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = asked.address or f"sqlite:///{Path(folder) / 'scores.db'}"
        other = asked.bare_address or f"sqlite:///{Path(folder) / 'bare.db'}"
        print(json.dumps(measured(address, other, asked.customers), indent=2))


def measured(address: str, other: str, count: int) -> dict[str, Any]:
    """Every figure, and the ratios."""
    figures: dict[str, Any] = {"customers": count}
    for name, phase in (("generate", generate), ("rows", rows_only), ("answers", answers)):
        figures[name] = in_process(phase, "", count)
    figures["bare"] = in_process(bare, other, count)
    figures["first"] = in_process(first, address, count)
    figures["document_cpu_us"] = fastest_document(address, count)
    reader, told = reading(address, count, 15)
    figures["read_idle_us"] = told.get()
    reader.join()
    reader, told = reading(address, count, figures["first"]["seconds"])
    figures["second"] = in_process(second, address, count)
    figures["read_publishing_us"] = told.get()
    reader.join()
    made, rows = figures["generate"]["cpu"], figures["rows"]["cpu"]
    writing = {"bare": figures["bare"]["cpu"] - rows}
    writing |= {name: figures[name]["cpu"] - made for name in ("first", "second")}
    for name, cpu in writing.items():
        figures[f"{name}_rows_per_cpu_second"] = round(count / cpu)
    figures["first_to_bare_cpu"] = round(writing["first"] / writing["bare"], 2)
    return figures


if __name__ == "__main__":
    main()
