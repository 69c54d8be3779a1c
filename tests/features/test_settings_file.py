"""The settings file that is written first can be read, and says what was guessed."""

from datetime import date
from pathlib import Path

import pytest

from features.readiness import assess
from features.schema import ORDERS
from features.settings import FILE_NAME, Market, Settings, load_settings
from features.settings_file import settings_text
from features.sources.guess import Guess, guess_source
from features.sources.reading import read_table

GENERIC = "customer_id,timestamp,amount\n"
GERMAN = "Kunden-Nr.;Datum;Betrag: netto;Währung;Markt\n"


def written(folder: Path, text: str, encoding: str = "utf-8") -> tuple[Guess, str, Settings]:
    orders = folder / "exports" / "orders no 1.csv"
    orders.parent.mkdir()
    orders.write_bytes(text.encode(encoding))
    guess = guess_source(
        orders,
        columns={"customer_id": "Kunden-Nr.", "amount": "Betrag: netto"}
        if text.startswith("Kunden")
        else None,
    )
    shop = type(
        "Shop",
        (),
        {
            "markets": {"x": Market(currency=guess.currency or "USD")},
            "default_market": "x",
            "currency": guess.currency or "USD",
        },
    )()
    reading = read_table(ORDERS, guess.source, shop, today=date(2026, 6, 30))
    (folder / "shop").mkdir()
    path = folder / "shop" / FILE_NAME
    path.write_text(
        settings_text(
            guess,
            assess(reading.account, reading.rows, guess.source, min_customers=500),
            folder=path.parent,
            business="Café: 24/7 #1",
        ),
        encoding="utf-8",
    )
    return guess, path.read_text(encoding="utf-8"), load_settings(path)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GENERIC + "a,2026-01-02T10:00:00,10.5\n", "utf-8"),
        (GENERIC.replace(",", "\t") + "a\t31/01/2026\t10.5\n", "utf-8"),
        (GENERIC + "a,1769853600,10.5\n", "utf-8"),
        (GERMAN + "a;31.01.2026;1.234,50;EUR;NO\nb;31.01.2026;1,5;EUR;süd west\n", "cp1252"),
    ],
)
def test_what_was_guessed_comes_back_from_the_file(tmp_path, text, encoding):
    guess, _, settings = written(tmp_path, text, encoding)
    source = settings.sources.orders
    assert source.path.resolve() == guess.source.path
    assert source.model_copy(update={"path": guess.source.path}) == guess.source
    assert settings.business == "Café: 24/7 #1"


def test_the_path_is_relative_to_the_folder_of_the_file(tmp_path):
    _, text, _ = written(tmp_path, GENERIC + "a,2026-01-02,1\n")
    assert 'path: "../exports/orders no 1.csv"' in text


def test_every_key_is_explained_and_doubts_are_told(tmp_path):
    _, text, _ = written(tmp_path, GENERIC + "a,2026-01-02,1\n")
    keys = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert all("#" in line for line in keys if not line.endswith(":"))
    assert "# - Rows that are equal in every column are kept" in text


def test_time_zone_and_currency_are_defaults_to_be_changed(tmp_path):
    _, text, settings = written(tmp_path, GENERIC + "a,2026-01-02,1\n")
    assert settings.markets == {"default": Market(time_zone="UTC", currency="USD")}
    assert "ISO 4217; change it" in text


def test_markets_and_currency_come_from_the_file_if_it_has_them(tmp_path):
    rows = "a;31.01.2026;1,50;EUR;NO\nb;31.01.2026;1,5;EUR;süd west\n"
    _, _, settings = written(tmp_path, GERMAN + rows)
    assert settings.markets == {"NO": Market(currency="EUR"), "süd west": Market(currency="EUR")}
