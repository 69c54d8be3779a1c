"""From the owner's file to published histories: read, account for every row, tile, publish."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features.engines import build_histories
from features.histories import Histories, publish
from features.quality import Reading, check_shares, write_refused
from features.schema import ORDERS
from features.settings import Settings
from features.shape import Shape
from features.source_settings import TableSource
from features.sources.reading import read_table
from features.user_groups import own_groups


@dataclass(frozen=True, slots=True)
class Ingested:
    """A reading and the histories made from it; `refused_path` is None if no row was refused."""

    reading: Reading
    histories: Histories
    generation: str
    refused_path: Path | None


def ingest(settings: Settings, *, today: date) -> Ingested:
    """Read the orders of the settings and publish their histories in the workspace.

    Refused rows are written to `refused/` in the workspace before anything else is judged. Raises
    DataError for an unreadable file, TooManyRefused for too many bad rows.
    """
    source = settings.sources.orders
    reading = read_table(ORDERS, source, settings, today=today)
    refused_path = keep_refused(reading, source, settings.workspace / "refused")
    check_shares(reading, source, refused_path)
    histories = histories_of(reading, settings)
    generation = publish(histories, settings.workspace / "histories")
    return Ingested(reading, histories, generation, refused_path)


def histories_of(reading: Reading, settings: Settings) -> Histories:
    """The histories of the accepted orders.

    Raises SettingsError if a file of the business's own features is not right.
    """
    events = {"orders": reading.rows}
    shape = Shape.of(
        events,
        markets=tuple(settings.markets),
        currency=settings.currency,
        groups=own_groups(settings.features.files),
    )
    return build_histories(events, shape, settings)


def keep_refused(reading: Reading, source: TableSource, folder: Path) -> Path | None:
    """The file in `folder` with the refused rows and their reasons, or None if there are none."""
    if not reading.refused_count:
        return None
    path = folder / f"{source.title}.refused.csv"
    write_refused(reading, path)
    return path
