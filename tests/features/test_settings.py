"""The settings file is refused with its key, its line and what to write instead."""

from pathlib import Path

import pytest

from features.errors import SettingsError
from features.settings import Bands, NoOrderChurn, Settings, load_settings
from features.source_settings import OrderColumns

WHOLE = """\
business: Shop
sources:
  orders:
    path: orders.csv
    format: csv
    columns: {customer_id: c, timestamp: t, amount: q*p, quantity: q}
churn:
  within_days: 90
"""


def loaded(folder: Path, text: str) -> Settings:
    path = folder / "regulars.yml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


SEVERAL = "markets: {de: {currency: EUR}, us: {currency: USD}}\n"
RATES = """\
sources:
  rates: {path: fx.csv, format: csv, columns: {day: date}}
"""


def test_paths_are_relative_to_the_file(tmp_path):
    settings = loaded(tmp_path, WHOLE)
    assert settings.sources.orders.path == tmp_path / "orders.csv"
    assert settings.workspace == tmp_path / ".regulars"


def test_every_table_is_found_from_the_file_and_a_url_stays_as_it_is(tmp_path):
    text = WHOLE.replace(
        "churn:",
        """\
  visits: {path: web/*.csv, format: csv, columns: {customer_id: c, timestamp: t}}
  emails: {path: s3://bucket/mail, format: csv, columns: {customer_id: c, timestamp: t, kind: k}}
churn:""",
    )
    sources = loaded(tmp_path, text).sources
    assert sources.visits.path == tmp_path / "web/*.csv"
    assert sources.emails.path == "s3://bucket/mail"
    assert list(sources.given()) == ["orders", "visits", "emails"]


def test_a_role_that_a_table_does_not_have_is_told_with_the_one_meant(tmp_path):
    visits = (
        "  visits: {path: v.csv, format: csv, columns: {customer_id: c, timestamp: t, secnds: s}}"
    )
    with pytest.raises(SettingsError, match=r"unknown key .*secnds; did you mean seconds\?"):
        loaded(tmp_path, WHOLE.replace("churn:", visits + "\nchurn:"))


def test_defaults_are_one_market_in_utc_and_dollars(tmp_path):
    settings = loaded(tmp_path, WHOLE)
    assert (settings.default_market, settings.currency) == ("default", "USD")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("within_days", "witin_days", r"yml:8: unknown key churn.witin_days; did you mean within"),
        ("within_days: 90", "within_days: 0", "regulars.yml:8: churn.within_days: .* greater"),
        ("format: csv", "format: excel", "regulars.yml:5: sources.orders.format: .*csv.*parquet"),
        ("business: Shop", "markets: {a: {currency: euro}}", "no ISO 4217 currency; write it like"),
        ("business: Shop", "markets: {a: {time_zone: CEST}}", "no IANA time zone; write it like"),
        (
            "business: Shop",
            "markets: {a: {currency: EUR}, b: {currency: USD}}",
            r"markets in EUR, USD need the business's own currency.* sources.rates",
        ),
        ("within_days: 90", "kind: subscription-end\n  within_days: 365", "needs .*paid_until"),
        ("within_days: 90", "kind: subscription-end\n  within_days: 90", "must equal churn.within"),
        ("within_days: 90", "kind: boredom\n  within_days: 90", "churn: .*no-order.*subscription"),
        ("business: Shop", "business: [", "not valid YAML"),
    ],
)
def test_a_wrong_value_is_told_with_its_place_and_cure(tmp_path, old, new, said):
    with pytest.raises(SettingsError, match=said):
        loaded(tmp_path, WHOLE.replace(old, new))


def test_markets_in_several_currencies_need_rates_and_a_currency_of_the_business(tmp_path):
    with_rates = WHOLE.replace("sources:\n", RATES)
    settings = loaded(tmp_path, with_rates + SEVERAL + "currency: CZK\n")
    assert settings.currency == "CZK"
    assert settings.sources.rates.path == tmp_path / "fx.csv"
    assert settings.sources.rates.columns.model_dump() == {
        "day": "date",
        "currency": "currency",
        "rate": "rate",
    }
    for text in (WHOLE + SEVERAL + "currency: EUR\n", with_rates + SEVERAL):
        with pytest.raises(SettingsError, match="markets in EUR, USD need .* in sources.rates"):
            loaded(tmp_path, text)


def test_a_business_with_another_currency_than_its_one_market_needs_rates(tmp_path):
    with pytest.raises(SettingsError, match="markets in USD need"):
        loaded(tmp_path, WHOLE + "currency: EUR\n")


def test_the_currency_of_the_business_is_that_of_its_markets_by_default(tmp_path):
    text = WHOLE + "markets: {de: {currency: EUR}, at: {currency: EUR}}\n"
    assert loaded(tmp_path, text).currency == "EUR"
    assert loaded(tmp_path, text + "currency: EUR\n").currency == "EUR"
    with pytest.raises(SettingsError, match="yml:9: currency: .*no ISO 4217 currency"):
        loaded(tmp_path, WHOLE + "currency: euro\n")


def test_a_file_that_is_not_there_tells_how_to_make_one(tmp_path):
    with pytest.raises(SettingsError, match="Make one with: regulars init"):
        load_settings(tmp_path / "regulars.yml")


@pytest.mark.parametrize("text", ["", "- a\n", "just text"])
def test_a_file_without_settings_is_told(tmp_path, text):
    with pytest.raises(SettingsError, match="holds no settings"):
        loaded(tmp_path, text)


def test_the_environment_overrides_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("REGULARS_VALUE__MARGIN", "0.4")
    assert loaded(tmp_path, WHOLE).value.margin == 0.4


def test_the_columns_read_are_listed_once_products_taken_apart():
    columns = OrderColumns(customer_id="c", timestamp="t", amount="q * p", quantity="q")
    assert columns.names() == ["c", "t", "q", "p"]


@pytest.mark.parametrize(("probability", "band"), [(0.7, "high"), (0.4, "medium"), (0.39, "low")])
def test_a_band_begins_at_its_threshold(probability, band):
    assert Bands(high=0.7, medium=0.4).of(probability) == band


def test_bands_out_of_order_are_refused(tmp_path):
    with pytest.raises(SettingsError, match="medium must be below high"):
        loaded(tmp_path, WHOLE + "bands: {high: 0.3, medium: 0.5}\n")


def test_the_definition_of_churn_has_a_name_and_version():
    assert NoOrderChurn(within_days=90).name == "no-order-90d@1"


def test_a_subscriptions_end_is_a_churn_definition_of_its_own(tmp_path):
    text = WHOLE.replace("quantity: q", "paid_until: e").replace(
        "within_days: 90",
        "kind: subscription-end\n  within_days: 60\n  grace_days: 3\nvalue:\n  horizon_days: 60",
    )
    churn = loaded(tmp_path, text).churn
    assert churn.name == "subscription-end-60d-grace-3d@1"
    assert churn.horizon_days == 60


@pytest.mark.parametrize("name", ["on", "2026", "2026-01-31"])
def test_a_column_that_yaml_takes_for_something_else_is_the_only_fault_told(tmp_path, name):
    with pytest.raises(SettingsError, match=r"YAML reads the column of timestamp as .* quotes$"):
        loaded(tmp_path, WHOLE.replace("timestamp: t,", f"timestamp: {name},"))
