"""A guess is right where the file decides it, and asks where it does not."""

from pathlib import Path

import pytest

from features.errors import DataError, MissingColumns, UnreadableFile
from features.sources.guess import Guess, guess_source

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is absent")


def guessed(folder: Path, text: str | bytes, **given: object) -> Guess:
    path = folder / "orders.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return guess_source(path, **given)


def columns_of(guess: Guess) -> dict[str, str]:
    return guess.source.columns.model_dump(exclude_none=True)


def test_a_generic_label_is_taken_without_a_doubt(tmp_path):
    guess = guessed(tmp_path, "customer_id,timestamp,amount\nada,2026-01-02T10:00:00,10.50\n")
    assert columns_of(guess) == {
        "customer_id": "customer_id",
        "timestamp": "timestamp",
        "amount": "amount",
    }
    assert guess.source.timestamp_format is None
    assert guess.doubts == ()
    assert guess.source.duplicates == "drop"


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (
            "Customer ID;InvoiceDate;Invoice;Quantity;Price",
            ("Customer ID", "InvoiceDate", "Quantity*Price"),
        ),
        (
            "Invoice;CustomerID;InvoiceDate;Quantity;UnitPrice",
            ("CustomerID", "InvoiceDate", "Quantity*UnitPrice"),
        ),
        ("user_id;order_date;total", ("user_id", "order_date", "total")),
        ("client;date;price", ("client", "date", "price")),
        ("Kundennummer;Bestelldatum;Betrag", ("Kundennummer", "Bestelldatum", "Betrag")),
        ("Kunde;Datum;Menge;Einzelpreis", ("Kunde", "Datum", "Menge*Einzelpreis")),
        (
            "Číslo zákazníka;Datum objednávky;Částka",
            ("Číslo zákazníka", "Datum objednávky", "Částka"),
        ),
        ("zákazník;datum;celkem", ("zákazník", "datum", "celkem")),
        (
            "Numéro client;Date commande;Montant TTC",
            ("Numéro client", "Date commande", "Montant TTC"),
        ),
        ("ID Cliente;Fecha;Importe", ("ID Cliente", "Fecha", "Importe")),
        ("id_cliente;data;importo", ("id_cliente", "data", "importo")),
        ("Klantnummer;Orderdatum;Bedrag", ("Klantnummer", "Orderdatum", "Bedrag")),
    ],
)
def test_export_names_of_several_languages_are_known(tmp_path, header, columns):
    cells = {"date": "2026-01-02", "data": "2026-01-02"}
    row = []
    for name in header.split(";"):
        is_date = any(part in name.lower() for part in ("dat", "fecha"))
        row.append(cells["date"] if is_date else "17")
    guess = guessed(tmp_path, f"{header}\n{';'.join(row)}\n{';'.join(row)}\n")
    found = guess.source.columns
    assert (found.customer_id, found.timestamp, found.amount) == columns


def test_a_german_export_is_read_with_its_signs_encoding_and_dates(tmp_path):
    text = "Kundennummer;Datum;Betrag;Straße\n0017;31.01.2026;1.234,50;Böhmestraße\n" * 1
    text += "0018;01.02.2026;10,5;Süd\n"
    guess = guessed(tmp_path, text.encode("cp1252"))
    csv = guess.source.csv
    assert (csv.separator, csv.decimal, csv.thousands) == (";", ",", ".")
    assert csv.encoding.startswith("cp12")
    assert "not UTF-8" in guess.doubts[0]
    assert guess.source.timestamp_format == "%d.%m.%Y"


@pytest.mark.parametrize(
    ("date", "pattern"),
    [
        ("2026-01-31", None),
        ("2026-01-31 10:00:00", None),
        ("2026-01-31T10:00:00.000Z", None),
        ("31/01/2026", "%d/%m/%Y"),
        ("01/31/2026", "%m/%d/%Y"),
        ("31.1.2026 18:05", "%d.%m.%Y %H:%M"),
        ("1/31/2026 6:05 PM", "%m/%d/%Y %I:%M %p"),
        ("31-01-26", "%d-%m-%y"),
        ("2026/01/31", "%Y/%m/%d"),
        ("20260131", "%Y%m%d"),
        ("31 Jan 2026", "%d %b %Y"),
        ("31. 1. 2026", "%d. %m. %Y"),
        ("1769853600", "epoch-seconds"),
        ("1769853600000", "epoch-milliseconds"),
    ],
)
def test_a_date_notation_is_recognised(tmp_path, date, pattern):
    guess = guessed(tmp_path, f"customer_id,timestamp,amount\nada,{date},10.5\n")
    assert guess.source.timestamp_format == pattern


def test_a_value_above_twelve_far_down_decides_the_order_of_day_and_month(tmp_path):
    rows = ["ada,03/04/2026,1.5"] * 25_000 + ["bob,04/13/2026,1.5"]
    guess = guessed(tmp_path, "customer_id,timestamp,amount\n" + "\n".join(rows))
    assert guess.source.timestamp_format == "%m/%d/%Y"


def test_an_order_of_day_and_month_that_nothing_decides_is_asked_for(tmp_path):
    text = "customer_id,timestamp,amount\nada,03/04/2026,1.5\n"
    with pytest.raises(
        DataError,
        match=r"may be day or month first.*--timestamp-format "
        r"'%d/%m/%Y' or --timestamp-format '%m/%d/%Y'",
    ):
        guessed(tmp_path, text)
    guess = guessed(tmp_path, text, timestamp_format="%d/%m/%Y")
    assert guess.source.timestamp_format == "%d/%m/%Y"


@pytest.mark.parametrize(
    ("amounts", "decimal", "thousands"),
    [
        (["10.50", "3"], ".", ""),
        (["10,50", "3"], ",", ""),
        (["1.234,50"], ",", "."),
        (["1,234.50"], ".", ","),
        (["1 234,50", "2,5"], ",", " "),
        (["1\u00a0234,50"], ",", " "),
        (["1'234.50"], ".", "'"),
        (["1,234,567"], ".", ","),
        (["0.125", "3.250"], ".", ""),
    ],
)
def test_the_signs_of_numbers_are_recognised(tmp_path, amounts, decimal, thousands):
    rows = "".join(f"ada;2026-01-02;{amount}\n" for amount in amounts)
    csv = guessed(tmp_path, "customer_id;timestamp;amount\n" + rows).source.csv
    assert (csv.decimal, csv.thousands) == (decimal, thousands)


def test_three_digits_after_every_sign_are_told_as_doubtful(tmp_path):
    guess = guessed(tmp_path, "customer_id;timestamp;amount\nada;2026-01-02;1.234\n")
    assert any("may part thousands or decimals" in doubt for doubt in guess.doubts)


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("customer_id,date,amount\na,2026-01-02,1\n", "keep"),
        ("customer_id,date,amount\na,2026-01-02 00:00:00,1\n", "keep"),
        ("customer_id,date,amount\na,2026-01-02 10:30:00,1\n", "drop"),
        ("customer_id,date,amount,order_id\na,2026-01-02,1,7\n", "drop"),
    ],
)
def test_equal_rows_are_kept_where_nothing_tells_two_orders_apart(tmp_path, text, policy):
    assert guessed(tmp_path, text).source.duplicates == policy


def test_given_columns_override_the_guess(tmp_path):
    text = "customer_id,payer,timestamp,amount\na,p,2026-01-02,1\n"
    guess = guessed(tmp_path, text, columns={"customer_id": "payer"})
    assert guess.source.columns.customer_id == "payer"


def test_a_given_role_that_does_not_exist_is_told(tmp_path):
    with pytest.raises(MissingColumns, match="--columns names colour; it may name customer_id"):
        guessed(tmp_path, "a,b\n1,2\n", columns={"colour": "a"})


def test_a_given_column_that_does_not_exist_is_told(tmp_path):
    text = "customer_id,timestamp,amount\na,2026-01-02,1\n"
    with pytest.raises(MissingColumns, match=r"no column 'amnt'.*Did you mean 'amount'"):
        guessed(tmp_path, text, columns={"amount": "amnt"})


def test_what_cannot_be_guessed_is_named_with_the_flag_that_tells_it(tmp_path):
    with pytest.raises(
        MissingColumns,
        match=r"customer_id and amount could not be guessed from "
        r"when, x, y; tell it with --columns customer_id=NAME,amount=NAME",
    ):
        guessed(tmp_path, "when,x,y\n2026-01-02,p,q\n2026-01-03,p,q\n")


def test_columns_with_silent_names_are_taken_by_their_values_and_doubted(tmp_path):
    rows = "".join(f"c{n % 9},2026-01-{n % 28 + 1:02},{n}.5\n" for n in range(60))
    guess = guessed(tmp_path, "x,y,z\n" + rows)
    assert columns_of(guess) == {"customer_id": "x", "timestamp": "y", "amount": "z"}
    assert sum("by its values alone" in doubt for doubt in guess.doubts) == 3


def test_one_currency_becomes_that_of_the_business(tmp_path):
    text = "customer_id,timestamp,amount,currency\na,2026-01-02,1,EUR\nb,2026-01-02,1,EUR\n"
    assert guessed(tmp_path, text).currency == "EUR"


def test_several_currencies_are_told_as_doubtful(tmp_path):
    text = "customer_id,timestamp,amount,currency\na,2026-01-02,1,EUR\nb,2026-01-02,1,USD\n"
    assert any("2 currencies" in doubt for doubt in guessed(tmp_path, text).doubts)


def test_markets_are_listed_the_largest_first(tmp_path):
    rows = "a,2026-01-02,1,DE\nb,2026-01-02,1,FR\nc,2026-01-02,1,FR\n"
    guess = guessed(tmp_path, "customer_id,timestamp,amount,market\n" + rows)
    assert (guess.source.columns.market, guess.markets) == ("market", ("FR", "DE"))


def test_an_order_total_that_repeats_on_every_line_is_doubted(tmp_path):
    rows = "".join(f"c{n},2026-01-02,{n}.5,o{n}\n" * 2 for n in range(5))
    guess = guessed(tmp_path, "customer_id,timestamp,total,order_id\n" + rows)
    assert any("counted more than once" in doubt for doubt in guess.doubts)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x1f\x8b\x08\x00", "compressed with gzip"),
        (b"ada,2026-01-02,10.50\n", "holds values, not column names"),
        (b"one column\nx\n", "no comma, semicolon, tab or bar"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path, content, said):
    with pytest.raises(UnreadableFile, match=said):
        guessed(tmp_path, content)


def test_a_header_without_rows_leaves_nothing_to_guess(tmp_path):
    with pytest.raises(DataError, match="no row that could be read"):
        guessed(tmp_path, "customer_id,timestamp,amount\n")


@needs_data
def test_online_retail_is_guessed_without_a_doubt():
    guess = guess_source(DATA / "online_retail" / "transactions.parquet")
    assert columns_of(guess) == {
        "customer_id": "customer_id",
        "timestamp": "invoice_timestamp",
        "amount": "quantity*unit_price",
        "order_id": "invoice_id",
        "quantity": "quantity",
        "product": "stock_code",
    }
    assert (guess.source.duplicates, guess.doubts) == ("drop", ())


@needs_data
@pytest.mark.parametrize("name", ["transactions_full", "transactions_sample"])
def test_the_cdnow_exports_are_guessed(name):
    guess = guess_source(DATA / "cdnow" / f"{name}.parquet")
    assert columns_of(guess) == {
        "customer_id": "customer_id",
        "timestamp": "transaction_date",
        "amount": "amount",
        "quantity": "quantity",
    }
    assert guess.source.duplicates == "keep"
