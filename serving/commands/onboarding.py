"""The first hour: look at a file, describe the business, say what is missing."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features.account import Account
from features.errors import SettingsError
from features.quality import Reading
from features.readiness import Readiness, assess
from features.readings import keep_refused, read_sources
from features.schema import ORDERS
from features.settings import Settings, load_settings
from features.settings_file import settings_text
from features.sources.guess import Guess, guess_source
from features.sources.reading import read_table


@dataclass(frozen=True, slots=True)
class Described:
    """What was found in a file, and where the settings were written."""

    settings_path: Path
    guess: Guess
    checked: "Checked"

    @property
    def readiness(self) -> Readiness:
        """Whether a model is possible."""
        return self.checked.readiness

    def as_text(self) -> str:
        """The report for people."""
        doubts = [f"please check: {doubt}" for doubt in self.guess.doubts]
        found = "\n".join(f"  {note}" for note in (*self.guess.notes, *doubts))
        then = ", then run: regulars train" if self.readiness.is_ready else "."
        return (
            f"Found in {self.guess.source.path}:\n{found}\n\n{self.checked.as_text()}\n\n"
            f"Wrote {self.settings_path}. Look through it{then}"
        )


@dataclass(frozen=True, slots=True)
class Checked:
    """The account of the orders, the readiness that follows from it, and the other tables'."""

    account: Account
    readiness: Readiness
    refused_path: Path | None
    others: tuple[str, ...] = ()

    def as_text(self) -> str:
        """The report for people."""
        lines = [*_lines(self.account, self.refused_path), *self.others]
        return "\n".join([*lines, "", self.readiness.as_text()])


def describe_business(
    orders: Path,
    out: Path,
    *,
    columns: dict[str, str],
    timestamp_format: str | None,
    today: date,
    overwrite: bool,
) -> Described:
    """Guess how to read a file, write a settings file, and report the readiness.

    Raises SettingsError if `out` exists and may not be overwritten, DataError if the file is no
    table or its columns cannot be guessed.
    """
    if out.exists() and not overwrite:
        message = f"{out} exists already. Use --force to overwrite it, or --out for another name."
        raise SettingsError(message)
    if not out.resolve().parent.is_dir():
        message = f"The folder of {out} does not exist. Make it first."
        raise SettingsError(message)
    guess = guess_source(orders, columns=columns, timestamp_format=timestamp_format)
    first = _provisional(guess, out.resolve().parent)
    checked = _assess(first, today=today)
    text = settings_text(
        guess, checked.readiness, folder=out.resolve().parent, business=orders.stem
    )
    out.write_text(text, encoding="utf-8")
    load_settings(out)  # a file that we wrote and cannot read would be our fault: say it now
    return Described(out, guess, checked)


def check_business(settings: Settings, *, today: date) -> Checked:
    """The account of every table of the settings, and the readiness of the orders.

    Raises DataError for an unreadable source, TooManyRefused if the settings allow fewer bad rows
    than there are.
    """
    sources = read_sources(settings, today=today)
    horizon_days = max(settings.churn.horizon_days, settings.value.horizon_days)
    orders = sources.pop("orders")
    others = [
        line
        for name, one in sources.items()
        for line in _lines(one.account, one.refused_path, f"{name}: ")
    ]
    readiness = _readiness(orders.reading, settings, today=today, horizon_days=horizon_days)
    return Checked(orders.account, readiness, orders.refused_path, tuple(others))


def _lines(account: Account, refused_path: Path | None, name: str = "") -> list[str]:
    refused = [f"Refused rows and their reasons: {refused_path}"] if refused_path else []
    return [f"{name}{account.summary()}", *account.sentences(), *refused]


def _assess(settings: Settings, *, today: date) -> Checked:
    """The orders of a file that was just guessed, whatever share of its rows is bad."""
    source = settings.sources.orders
    reading = read_table(ORDERS, source, settings, today=today)
    refused_path = keep_refused(reading, source, settings.workspace / "refused")
    readiness = _readiness(reading, settings, today=today, horizon_days=None)
    return Checked(reading.account, readiness, refused_path)


def _readiness(
    reading: Reading, settings: Settings, *, today: date, horizon_days: int | None
) -> Readiness:
    return assess(
        reading.account,
        reading.rows,
        settings.sources.orders,
        min_customers=settings.min_customers,
        horizon_days=horizon_days,
        today=today,
    )


def _provisional(guess: Guess, folder: Path) -> Settings:
    return provisional_settings(guess, workspace=folder / ".regulars", horizon_days=90)


def provisional_settings(guess: Guess, *, workspace: Path, horizon_days: int) -> Settings:
    """Settings good enough to read a guessed file: its markets, its currency, one horizon."""
    market = {"currency": guess.currency} if guess.currency else {}
    names = guess.markets or ("default",)
    return Settings.model_validate(
        {
            "sources": {"orders": guess.source},
            "markets": dict.fromkeys(names, market),
            "churn": {"within_days": horizon_days},
            "value": {"horizon_days": horizon_days},
            "workspace": workspace,
        }
    )
