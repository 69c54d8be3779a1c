"""From the owner's sources to published histories: read, account for every row, store, tile.

A source `holds` everything or news. What holds everything is the whole truth: if a stored row is
not in it any more, the table is stored anew. News are added to what is stored. Either way a row
that is stored already changes nothing, so reading the same source twice does nothing.

Files of which the stored histories were made are not read again: see `features.source_files`.
"""

import csv
import logging
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from features import stored
from features.account import Account
from features.catalog import catalogue
from features.engines import build_histories
from features.errors import DamagedStore, DataError, NotReady
from features.histories import Histories
from features.quality import Reading
from features.readings import SourceRead, read_sources, refused_path
from features.settings import Settings
from features.shape import Shape, Words
from features.source_files import description
from features.source_settings import TableSource
from features.store.events import Appended
from features.store.histories import Draft, read, write
from features.user_groups import own_groups

log = logging.getLogger(__name__)

_BUCKETS = ((2_000_000, 1), (20_000_000, 16))
"""So many events are kept in so many buckets; more than the last in 64."""


@dataclass(frozen=True, slots=True)
class TableIngested:
    """The account of a source and what became of its events.

    `new_files_count` says how many files were read beside unchanged ones, None if all were;
    `refused_path` is None if no row was refused.
    """

    account: Account
    new_count: int
    known_count: int
    conflict_count: int
    refused_path: Path | None
    new_files_count: int | None = None

    def told(self) -> str:
        """The account of the source's rows in one line, and whether they were read again."""
        told = self.account.summary()
        if self.new_files_count == 0:
            return f"{told}; unchanged since, not read again"
        if self.new_files_count is not None:
            were = "file was" if self.new_files_count == 1 else "files were"
            return f"{told}; {self.new_files_count:,} new {were} read, the others are unchanged"
        return told

    def summary(self) -> str:
        """The account in one line: of the source's rows, then of the events that they became."""
        told = f"{self.told()}; {self.new_count:,} new, {self.known_count:,} known already"
        if self.conflict_count:
            told += f", {self.conflict_count:,} in conflict with what is stored"
        return told


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of the sources by table, and the histories that are published now."""

    tables: Mapping[str, TableIngested]
    histories: Histories
    generation: str

    def account(self) -> list[str]:
        """Lines for people: every table's account, its notes, and where refused rows are."""
        lines = []
        for name, one in self.tables.items():
            lines.append(f"{name}: {one.summary()}")
            lines += one.account.sentences()
            if one.refused_path is not None:
                lines.append(f"Refused rows and their reasons: {one.refused_path}")
        return lines


class _ReadAllError(Exception):
    """What was left out of a reading must be read after all."""


def ingest(settings: Settings, *, today: date, anew: bool = False) -> Ingested:
    """Read the sources of the settings and publish the histories in the workspace.

    Files that the stored histories were made from are not read again while they are unchanged and
    nothing else says that their rows mean something else now. Refused rows are written to
    `refused/` in the workspace before anything else is judged. With `anew` what is stored is
    dropped first. Raises DataError for an unreadable source, TooManyRefused for too many bad rows,
    SettingsError for own features that are not right.
    """
    if anew:
        return _ingested(settings, today, {}, anew=True)
    try:
        try:
            return _ingested(settings, today, _stored_facts(settings))
        except _ReadAllError as error:
            log.info("all sources are read again: %s", error)
            return _ingested(settings, today, {})
    except DamagedStore:
        if any(source.holds == "news" for source in settings.sources.given().values()):
            raise
        # The sources hold everything, so what is damaged is made again.
        log.warning("the stored histories are damaged and are made anew")
        return _ingested(settings, today, {}, anew=True)


def _stored_facts(settings: Settings) -> Mapping[str, Any]:
    """What the current generation says of itself; nothing if there is none."""
    try:
        return read(settings.workspace / "histories").facts
    except NotReady:
        return {}


def _ingested(
    settings: Settings, today: date, known: Mapping[str, Any], *, anew: bool = False
) -> Ingested:
    """What was read, added to the store or in the place of what is there.

    `known` are the facts by which files are left out. Raises _ReadAllError if they do not hold.
    """
    sources = read_sources(settings, today=today, facts=known)
    folder = settings.workspace / "histories"
    count = sum(one.reading.rows.num_rows for one in sources.values())
    tables = {}
    with write(folder, buckets=_buckets(count), fresh=anew) as draft:
        if known and draft.facts != known:
            message = "another run has published meanwhile"
            raise _ReadAllError(message)
        replaced = {name for name in sources if _is_replaced(draft, name, sources[name], settings)}
        shape = _shape(sources, settings, draft, replaced)
        builder = stored.builder(shape, _engine(settings, shape))
        for name, one in sources.items():
            if name in replaced:
                draft.forget(name)
            if not one.is_whole:
                draft.check(name)
            appended = draft.append(name, _with_keys(one.reading), builder, stored.merges(shape))
            tables[name] = _table_ingested(name, one, appended, settings)
        facts = _facts(settings, shape, sources, tables)
        if draft.facts.get("tiles", facts["tiles"]) != facts["tiles"]:
            draft.rebuild_tiles(builder, stored.merges(shape))
        generation = draft.publish(facts)
    histories = stored.load(folder, shape.groups)
    log.info("published histories %s", generation)
    return Ingested(tables, histories, generation)


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


def _engine(settings: Settings, shape: Shape) -> stored.Engine | None:
    """The engine that the settings name; None is the one inside."""
    if settings.engine == "duckdb":
        return None
    return lambda events: build_histories(events, shape, settings).tiles


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


def _shape(
    sources: Mapping[str, SourceRead], settings: Settings, draft: Draft, replaced: AbstractSet[str]
) -> Shape:
    """The shape of what was read and of what stays stored: there, a word keeps its bit."""
    shape = shape_of({name: one.reading.rows for name, one in sources.items()}, settings)
    if "shape" not in draft.facts:
        return shape
    # Whatever features there were then: only the events' columns and words are carried on.
    kept = Shape.from_dict({**draft.facts["shape"], "groups": {}})
    stays = sources.keys() - replaced
    held = (one for one in kept.available if one.split(".")[0] in stays)
    return shape.after(
        Shape(
            kept.markets,
            kept.currency,
            frozenset(held),
            tuple(pair for pair in kept.vocabulary if pair[0].split(".")[0] in stays),
        )
    )


def _facts(
    settings: Settings,
    shape: Shape,
    sources: Mapping[str, SourceRead],
    tables: Mapping[str, TableIngested],
) -> dict[str, Any]:
    """What a generation says of itself: its shape, its tiles, how and from what it was made."""
    seen = {name: one.seen for name, one in sources.items() if one.seen is not None}
    return {
        "shape": shape.to_dict(),
        "tiles": stored.definition(catalogue(shape)),
        "sources": {
            name: description(settings, source) for name, source in settings.sources.given().items()
        },
        "seen": {
            name: replace(one, account=tables[name].account).to_dict() for name, one in seen.items()
        },
    }


def _is_replaced(draft: Draft, name: str, read_now: SourceRead, settings: Settings) -> bool:
    """Whether what is stored of a table gives way to what was read.

    Raises DataError where that would lose rows that the source no longer brings.
    """
    if not read_now.is_whole:
        return False  # the unchanged files vouch for what is stored
    known, source = draft.identities(name), settings.sources.given()[name]
    if not known.num_rows:
        return False
    is_missing = _is_missing(known, read_now.reading)
    if draft.facts.get("sources", {}).get(name) == description(settings, source):
        return source.holds == "everything" and is_missing
    if source.holds == "news" and is_missing:
        message = (
            f"sources.{name} is described otherwise than when its events were stored, and it "
            "does not bring all of them again. Undo the change, or drop what is stored and "
            "read anew with: regulars ingest --anew"
        )
        raise DataError(message)
    return True


def _is_missing(known: pa.Table, reading: Reading) -> bool:
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


def _table_ingested(
    name: str, read_now: SourceRead, appended: Appended, settings: Settings
) -> TableIngested:
    """What became of a source's events; conflicts are written out."""
    source, account = settings.sources.given()[name], read_now.account
    if not read_now.is_whole:
        account = account.repeating(_repeated_count(read_now.reading, appended, source))
    conflicts = read_now.reading.rows.take(pa.array(appended.conflict_positions))
    path = read_now.refused_path
    if conflicts.num_rows:
        beside = refused_path(name, source, settings.workspace / "refused")
        conflicts_path = beside.with_name(beside.name.replace(".refused.csv", ".conflicts.csv"))
        _write_conflicts(conflicts, conflicts_path)
        path = path or conflicts_path
    return TableIngested(
        account,
        appended.accepted_count,
        account.event_count - appended.accepted_count - conflicts.num_rows,
        conflicts.num_rows,
        path,
        read_now.new_files_count,
    )


def _repeated_count(reading: Reading, appended: Appended, source: TableSource) -> int:
    """How many rows of the new files repeat rows of unchanged ones.

    Raises _ReadAllError where rows of both must be judged together: they correct or contradict each
    other, became known on different days, or tell two events of which one is known.
    """
    count, columns = len(appended.duplicate_positions), source.columns
    one_each = reading.account.event_count == reading.account.accepted_count
    has_versions = columns.event_id is not None and columns.arrived_at is not None
    together = len(appended.conflict_positions) or appended.changed_customers
    if together or (count and (has_versions or not one_each)):
        message = f"new files of {source.title} bring events again that unchanged ones hold"
        raise _ReadAllError(message)
    return count


def _write_conflicts(conflicts: pa.Table, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(conflicts.column_names)
        writer.writerows(zip(*(one.to_pylist() for one in conflicts.columns), strict=True))
