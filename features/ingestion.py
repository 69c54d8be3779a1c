"""From the owner's file to published histories: read, account for every row, tile, publish."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features.errors import SettingsError
from features.histories import Histories, publish
from features.quality import Reading, check_shares, write_refused
from features.settings import OrdersSource, Settings
from features.shape import Shape
from features.sources.orders import read_orders


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
    reading = read_orders(source, settings, today=today)
    refused_path = keep_refused(reading, source, settings.workspace / "refused")
    check_shares(reading, source, refused_path)
    histories = histories_of(reading, settings)
    generation = publish(histories, settings.workspace / "histories")
    return Ingested(reading, histories, generation, refused_path)


def histories_of(reading: Reading, settings: Settings) -> Histories:
    """The histories of the accepted orders.

    Raises SettingsError if a market has another currency than the business.
    """
    foreign = {one.currency for one in settings.markets.values()} - {settings.currency}
    if foreign:
        message = (
            f"Orders in {', '.join(sorted(foreign))} are not converted to {settings.currency} yet; "
            "use one settings file per currency."
        )
        raise SettingsError(message)
    events = {"orders": reading.orders}
    shape = Shape.of(
        events,
        markets=tuple(settings.markets),
        currency=settings.currency,
        calendars=tuple((one.country, one.region) for one in settings.markets.values()),
    )
    return Histories.from_events(events, shape)


def keep_refused(reading: Reading, source: OrdersSource, folder: Path) -> Path | None:
    """The file in `folder` with the refused rows and their reasons, or None if there are none."""
    if not reading.refused_count:
        return None
    path = folder / f"{source.path.name}.refused.csv"
    write_refused(reading, path)
    return path
