"""From the owner's sources to published histories: read, account for every row, store, tile.

A source `holds` everything or news. What holds everything is the whole truth: if a stored row is
not in it any more, the table is stored anew. News are added to what is stored. Either way a row
that is stored already changes nothing, so reading the same source twice does nothing.
"""

import csv
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from features import stored
from features.catalog import catalogue
from features.engines import build_histories
from features.errors import DamagedStore, DataError
from features.histories import Histories
from features.quality import Reading, check_shares, write_refused
from features.rates import Rates
from features.schema import EVENT_TABLES
from features.settings import Settings
from features.shape import Shape, Words
from features.source_settings import TableSource
from features.sources.rates import read_rates
from features.sources.reading import read_table
from features.store.events import Appended
from features.store.histories import Draft, write
from features.user_groups import own_groups

_COUNTED = ("channels", "categories", "kinds")
"""Settings that say which words are counted, not how a source is read."""

log = logging.getLogger(__name__)

_BUCKETS = ((2_000_000, 1), (20_000_000, 16))
"""So many events are kept in so many buckets; more than the last in 64."""


@dataclass(frozen=True, slots=True)
class TableIngested:
    """A reading, and what became of its events; `refused_path` is None if no row was refused."""

    reading: Reading
    new_count: int
    known_count: int
    conflict_count: int
    refused_path: Path | None

    def summary(self) -> str:
        """The account in one line: of the source's rows, then of the events that they became."""
        told = (
            f"{self.reading.summary()}; {self.new_count:,} new, {self.known_count:,} known already"
        )
        if self.conflict_count:
            told += f", {self.conflict_count:,} in conflict with what is stored"
        return told


@dataclass(frozen=True, slots=True)
class Ingested:
    """What was read by table, and the histories that are published now."""

    tables: Mapping[str, TableIngested]
    histories: Histories
    generation: str

    @property
    def reading(self) -> Reading:
        """The reading of the orders."""
        return self.tables["orders"].reading

    def account(self) -> list[str]:
        """Lines for people: every table's account, its notes, and where refused rows are."""
        lines = []
        for name, one in self.tables.items():
            lines.append(f"{name}: {one.summary()}")
            lines += one.reading.notes
            if one.refused_path is not None:
                lines.append(f"Refused rows and their reasons: {one.refused_path}")
        return lines


def ingest(settings: Settings, *, today: date, anew: bool = False) -> Ingested:
    """Read the sources of the settings and publish the histories in the workspace.

    Refused rows are written to `refused/` in the workspace before anything else is judged. With
    `anew` what is stored is dropped first. Raises DataError for an unreadable source,
    TooManyRefused for too many bad rows, SettingsError for own features that are not right.
    """
    sources = settings.sources.given()
    readings, refused = read_tables(settings, today=today)
    try:
        return _stored(settings, readings, refused, anew=anew)
    except DamagedStore:
        if any(source.holds == "news" for source in sources.values()):
            raise
        # The sources hold everything, so what is damaged is made again.
        log.warning("the stored histories are damaged and are made anew")
        return _stored(settings, readings, refused, anew=True)


def _stored(
    settings: Settings,
    readings: Mapping[str, Reading],
    refused: Mapping[str, Path | None],
    *,
    anew: bool,
) -> Ingested:
    """What was read, added to the store or in the place of what is there."""
    sources = settings.sources.given()
    folder = settings.workspace / "histories"
    count = sum(reading.rows.num_rows for reading in readings.values())
    tables = {}
    with write(folder, buckets=_buckets(count), fresh=anew) as draft:
        shape = _shape(readings, settings, draft)
        facts = _facts(settings, shape)
        builder = stored.builder(shape, _engine(settings, shape))
        for name, reading in readings.items():
            if _is_to_be_replaced(draft, name, reading, sources[name], facts):
                draft.forget(name)
            appended = draft.append(name, _with_keys(reading), builder, stored.merges(shape))
            tables[name] = _ingested(reading, appended, refused[name], settings, sources[name])
        if draft.facts.get("tiles", facts["tiles"]) != facts["tiles"]:
            draft.rebuild_tiles(builder, stored.merges(shape))
        generation = draft.publish(facts)
    histories = stored.load(folder, shape.groups)
    log.info("published histories %s", generation)
    return Ingested(tables, histories, generation)


def read_tables(
    settings: Settings, *, today: date
) -> tuple[dict[str, Reading], dict[str, Path | None]]:
    """The readings of all sources by table, and where the refused rows of each were written.

    Raises DataError for an unreadable source, TooManyRefused for too many bad rows.
    """
    rates = _rates(settings)
    readings: dict[str, Reading] = {}
    refused: dict[str, Path | None] = {}
    for name, source in settings.sources.given().items():
        readings[name] = read_table(EVENT_TABLES[name], source, settings, today=today, rates=rates)
        refused[name] = keep_refused(readings[name], source, settings.workspace / "refused")
        check_shares(readings[name], source, refused[name])
    return readings, refused


def histories_of(
    reading: Reading, settings: Settings, others: Mapping[str, Reading] | None = None
) -> Histories:
    """The histories of the accepted orders, and of other tables, without storing anything.

    Raises SettingsError if a file of the business's own features is not right.
    """
    readings = {"orders": reading, **(others or {})}
    events = {name: one.rows for name, one in readings.items()}
    return build_histories(events, shape_of(events, settings), settings)


def shape_of(events: Mapping[str, pa.Table], settings: Settings) -> Shape:
    """The shape of these events for this business."""
    return Shape.of(
        events,
        markets=tuple(settings.markets),
        currency=settings.currency,
        counted=_counted(settings),
        groups=own_groups(settings.features.files),
        calendars=tuple((one.country, one.region) for one in settings.markets.values()),
    )


def keep_refused(reading: Reading, source: TableSource, folder: Path) -> Path | None:
    """The file in `folder` with the refused rows and their reasons, or None if there are none."""
    if not reading.refused_count:
        return None
    path = folder / f"{_file_name(reading, source)}.refused.csv"
    write_refused(reading, path)
    return path


def _file_name(reading: Reading, source: TableSource) -> str:
    """The source's title; two tables may be read from one file, so all but orders add theirs."""
    name = reading.table.name
    return source.title if name == "orders" else f"{name}.{source.title}"


def _engine(settings: Settings, shape: Shape) -> stored.Engine | None:
    """The engine that the settings name; None is the one inside."""
    if settings.engine == "duckdb":
        return None
    return lambda events: build_histories(events, shape, settings).tiles


def _rates(settings: Settings) -> Rates | None:
    rates = settings.sources.rates
    return None if rates is None else read_rates(rates, settings.currency)


def _counted(settings: Settings) -> Words:
    orders, visits = settings.sources.orders, settings.sources.visits
    named = {
        "orders.channel": orders.channels,
        "orders.category": orders.categories,
        "visits.kind": visits.kinds if visits is not None else (),
    }
    return tuple((column, words) for column, words in named.items() if words)


def _buckets(count: int) -> int:
    return next((buckets for most, buckets in _BUCKETS if count <= most), 64)


def _shape(readings: Mapping[str, Reading], settings: Settings, draft: Draft) -> Shape:
    shape = shape_of({name: one.rows for name, one in readings.items()}, settings)
    if "shape" not in draft.facts:
        return shape
    # Whatever features there were then: only the events' columns and words are carried on.
    kept = Shape.from_dict({**draft.facts["shape"], "groups": {}})
    news = {name for name, source in settings.sources.given().items() if source.holds == "news"}
    held = (one for one in kept.available if one.split(".")[0] in news)
    return shape.after(
        Shape(
            kept.markets,
            kept.currency,
            frozenset(held),
            tuple(pair for pair in kept.vocabulary if pair[0].split(".")[0] in news),
        )
    )


def _facts(settings: Settings, shape: Shape) -> dict[str, object]:
    """What a generation says of itself: its shape, what tiles are, how sources were read."""
    return {
        "shape": shape.to_dict(),
        "tiles": stored.definition(catalogue(shape)),
        "sources": {
            name: _description(settings, source)
            for name, source in settings.sources.given().items()
        },
    }


def _description(settings: Settings, source: TableSource) -> str:
    """A digest of how a source is read: read in another way, its rows mean something else."""
    read_by = source.model_dump_json(
        exclude={"path", "url", "holds", "max_refused_share", "max_guest_share", *_COUNTED}
    )
    markets = "".join(one.model_dump_json() for one in settings.markets.values())
    text = f"{read_by}{markets}{settings.currency}{list(settings.markets)}"
    return hashlib.sha256(text.encode()).hexdigest()


def _is_to_be_replaced(
    draft: Draft, name: str, reading: Reading, source: TableSource, facts: Mapping[str, object]
) -> bool:
    """Whether what is stored of a table gives way to what was read.

    Raises DataError where that would lose rows that the source no longer brings.
    """
    known = draft.identities(name)
    if not known.num_rows:
        return False
    is_whole = not _missing(known, reading)
    described: Mapping[str, str] = facts["sources"]  # type: ignore[assignment]
    if draft.facts.get("sources", {}).get(name) != described[name]:
        if source.holds == "news" and not is_whole:
            message = (
                f"sources.{name} is described otherwise than when its events were stored, and it "
                "does not bring all of them again. Undo the change, or drop what is stored and "
                "read anew with: regulars ingest --anew"
            )
            raise DataError(message)
        return True
    return source.holds == "everything" and not is_whole


def _missing(known: pa.Table, reading: Reading) -> bool:
    """Whether an event that is stored was not read."""
    stored_keys, read_keys = (
        np.stack([table[name].to_numpy() for name in ("key_0", "key_1")], axis=1)
        for table in (known, reading.keys)
    )
    every = np.unique(np.concatenate([stored_keys, read_keys]), axis=0)
    return len(every) > len(np.unique(read_keys, axis=0))


def _with_keys(reading: Reading) -> pa.Table:
    rows = reading.rows
    for name in reading.keys.column_names:
        rows = rows.append_column(reading.keys.schema.field(name), reading.keys[name])
    return rows


def _ingested(
    reading: Reading,
    appended: Appended,
    refused_path: Path | None,
    settings: Settings,
    source: TableSource,
) -> TableIngested:
    conflicts = reading.rows.take(pa.array(appended.conflict_positions))
    if conflicts.num_rows:
        path = settings.workspace / "refused" / f"{_file_name(reading, source)}.conflicts.csv"
        refused_path = refused_path or path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(conflicts.column_names)
            writer.writerows(zip(*(one.to_pylist() for one in conflicts.columns), strict=True))
    return TableIngested(
        reading,
        appended.accepted_count,
        len(appended.duplicate_positions),
        conflicts.num_rows,
        refused_path,
    )
