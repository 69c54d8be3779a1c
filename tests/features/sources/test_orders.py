"""Reading orders: every bad row is refused by name, every row is accounted for."""

from datetime import UTC, date, datetime

import pytest

from features.contracts import FOREVER
from features.errors import MissingColumns, SettingsError, UnreadableFile
from features.quality import Reading
from features.schema import ORDERS
from features.settings import Market

HEADER = "customer_id,timestamp,amount\n"
GOOD = "ada,2026-01-02,10.50\n"
EUR = {"home": Market(currency="EUR", time_zone="Europe/Berlin")}


def amounts(reading: Reading) -> list[int]:
    return reading.rows["amount_minor"].to_pylist()


def ids(reading: Reading) -> list[str]:
    return reading.rows["customer_id"].to_pylist()


def test_a_good_row_becomes_an_order_in_utc_and_cents(read):
    reading = read(HEADER + "ada,2026-01-02T10:30:00,10.50\n", markets=EUR)
    assert reading.rows.to_pylist() == [
        {
            "customer_id": "ada",
            "occurred_at": datetime(2026, 1, 2, 9, 30, tzinfo=UTC),
            "day": date(2026, 1, 2),
            "minute": 630,
            "known_from": date(2026, 1, 2),
            "known_to": FOREVER,
            "market": "home",
            "event_id": None,
            "kind": "order",
            "amount_minor": 1050,
            "discount_minor": None,
            "cost_minor": None,
            "order_id": None,
            "product": None,
            "category": None,
            "channel": None,
            "quantity": None,
            "paid_until_day": None,
        }
    ]
    assert reading.rows.schema.equals(ORDERS.arrow_schema())


@pytest.mark.parametrize(
    ("row", "code", "column", "said"),
    [
        ("bob,2026-01-02", "short_row", "", "2 fields where the header has 3"),
        ("bob,2026-01-02,1,2", "long_row", "", "4 fields where the header has 3"),
        ('bob,2026-01-02,"1', "unclosed_quote", "", "opened and not closed"),
        ('"bo"b,2026-01-02,1', "stray_quote", "", "double it"),
        ("b\0b,2026-01-02,1", "nul", "customer_id", "NUL"),
        (f"bob,2026-01-02,{'1' * 100_001}", "too_long", "amount", "100,000 characters"),
        (f"{'b' * 10_000_000},2026-01-02,1", "too_long", "customer_id", "100,000 characters"),
        (f"{'b' * 10_000},2026-01-02,1", "customer_id", "customer_id", "200 characters"),
        ("b\x07b,2026-01-02,1", "control_character", "customer_id", "control character"),
        ("bob,2026-01-02,", "amount", "amount", "is empty"),
        ("bob,2026-01-02,ten", "amount", "amount", "letters"),
        ("bob,2026-01-02,€10.50", "amount", "amount", "currency sign"),
        ("bob,2026-01-02,10.50 EUR", "amount", "amount", "write the number alone"),
        ('bob,2026-01-02,"1,234.50"', "amount", "amount", "csv.thousands"),
        ('bob,2026-01-02,"10,5"', "amount", "amount", "csv.decimal"),
        ("bob,2026-01-02,(10.50)", "amount", "amount", "leading minus"),
        ("bob,2026-01-02,10.50-", "amount", "amount", "leading minus"),
        ("bob,2026-01-02,1e3", "amount", "amount", "letters"),
        ("bob,2026-01-02,NaN", "not_finite", "amount", "no number of money"),
        ("bob,2026-01-02,inf", "not_finite", "amount", "no number of money"),
        ("bob,2026-01-02,-Infinity", "not_finite", "amount", "no number of money"),
        ("bob,2026-01-02,1e308", "out_of_range", "amount", "million millions"),
        ("bob,2026-01-02,1e309", "out_of_range", "amount", "million millions"),
        ("bob,2026-01-02,1000000000000", "out_of_range", "amount", "million millions"),
        (f"bob,2026-01-02,{'9' * 60}", "out_of_range", "amount", "million millions"),
        ("bob,,1", "unreadable_date", "timestamp", "is empty"),
        ("bob,soon,1", "unreadable_date", "timestamp", "2026-01-31"),
        ("bob,2025-02-29,1", "unreadable_date", "timestamp", "does not exist"),
        ("bob,2026-01-02 24:00,1", "unreadable_date", "timestamp", "does not exist"),
        ("bob,03/04/2026,1", "ambiguous_date", "timestamp", "%d/%m/%Y"),
        ("bob,3.4.2026 10:00,1", "ambiguous_date", "timestamp", "timestamp_format"),
        ("bob,1767312000,1", "unreadable_date", "timestamp", "epoch-seconds"),
        ("bob,1767312000000,1", "unreadable_date", "timestamp", "epoch-milliseconds"),
        ("bob,1767312000000000,1", "unreadable_date", "timestamp", "epoch-microseconds"),
        ("bob,0001-01-01,1", "implausible_date", "timestamp", "before 1980"),
        ("bob,1970-01-01,1", "implausible_date", "timestamp", "before 1980"),
        ("bob,9999-12-31,1", "implausible_date", "timestamp", "after 2100"),
        ("bob,2026-07-01,1", "future", "timestamp", "in the future"),
        (",2026-01-02,1", "no_customer_id", "customer_id", "guest"),
        ("NULL,2026-01-02,1", "no_customer_id", "customer_id", "guest"),
        ("N/A,2026-01-02,1", "no_customer_id", "customer_id", "guest"),
        ("NaN,2026-01-02,1", "no_customer_id", "customer_id", "guest"),
        (" - ,2026-01-02,1", "no_customer_id", "customer_id", "guest"),
        (",,", "no_customer_id", "customer_id", "guest"),
    ],
)
def test_a_bad_row_is_refused_with_row_column_and_reason_and_the_rest_goes_in(
    read, row, code, column, said
):
    reading = read(HEADER + GOOD + row + "\n" + GOOD.replace("ada", "cyd"))
    [refused] = reading.refused.to_pylist()
    assert (refused["row"], refused["column"], refused["code"]) == (3, column, code)
    assert said in refused["reason"]
    assert ids(reading) == ["ada", "cyd"]
    assert (
        reading.account.read_count,
        reading.account.accepted_count,
        reading.account.refused_count,
    ) == (3, 2, 1)
    assert reading.account.guest_count == (code == "no_customer_id")


def test_a_refused_row_is_kept_as_it_stood(read):
    reading = read(HEADER + 'bob , "soon" ,1\n')
    assert reading.refused["content"].to_pylist() == ['bob , "soon" ,1']


def test_no_reason_repeats_the_customer_id(read):
    rows = ["secret\x07,2026-01-02,1", "secret,soon,1", f"{'secret' * 99},2026-01-02,1"]
    reading = read(HEADER + "\n".join(rows))
    assert reading.account.refused_count == 3
    assert not any("secret" in reason for reason in reading.refused["reason"].to_pylist())


def test_latin_1_bytes_refuse_their_row_and_name_byte_and_encoding(read):
    body = "".join(f"kunde{n},2026-01-02,1\n" for n in range(200)) + "Jörg Müller,2026-01-02,1\n"
    reading = read((HEADER + body).encode("latin-1"))
    [refused] = reading.refused.to_pylist()
    assert (refused["row"], refused["column"], refused["code"]) == (202, "customer_id", "encoding")
    assert "Byte 2 of the field is no utf-8 text (the file looks like cp12" in refused["reason"]
    assert "set sources.orders.csv.encoding" in refused["reason"]
    assert refused["content"] == "J\\xf6rg M\\xfcller,2026-01-02,1"


def test_latin_1_is_read_once_it_is_declared(read):
    reading = read((HEADER + "Jörg,2026-01-02,1\n").encode("latin-1"), encoding="latin-1")
    assert ids(reading) == ["Jörg"]


def test_text_in_the_amount_far_down_refuses_that_row_alone(read):
    rows = [f"c{n},2026-01-02,{n}" for n in range(30_000)]
    rows[29_000] = "c29000,2026-01-02,many"
    reading = read(HEADER + "\n".join(rows))
    assert reading.refused["row"].to_pylist() == [29_002]
    assert reading.account.accepted_count == 29_999


@pytest.mark.parametrize(
    "customer_id",
    [
        "00123",
        "1e5",
        "1.0",
        "12345678901234567890123",
        "😀",
        "שלום",
        "\u0131lg\u0131n",
        "a b",
        "'; DROP TABLE orders; --",
        "=1+1",
        "{{7*7}}",
        "../../etc/passwd",
        "👩‍👧",
    ],
)
def test_an_id_is_opaque_and_comes_through_unchanged(read, customer_id):
    assert ids(read(HEADER + f"{customer_id},2026-01-02,1\n")) == [customer_id]


def test_ids_lose_outer_blanks_and_take_one_unicode_form_and_this_is_counted(read):
    reading = read(HEADER + "caf\u00e9,2026-01-02,1\n \u200bcafe\u0301\u00a0,2026-01-03,1\n")
    assert ids(reading) == ["caf\u00e9", "caf\u00e9"]
    assert "1 customer ids lost outer blanks" in " ".join(reading.account.sentences())


@pytest.mark.parametrize(
    ("text", "minor", "keys"),
    [
        ("10.50", 1050, {}),
        ("+10", 1000, {}),
        (".5", 50, {}),
        ("5.", 500, {}),
        ("0", 0, {}),
        ("-3.20", -320, {}),
        ("0.005", 0, {}),
        ("0.015", 2, {}),
        ("999999999999.99", 99999999999999, {}),
        ('"10,5"', 1050, {"decimal": ","}),
        ('"1.234,50"', 123450, {"decimal": ",", "thousands": "."}),
        ('"1,234,567.5"', 123456750, {"thousands": ","}),
        ("1\u00a0234.50", 123450, {"thousands": " "}),
        ("1'234.50", 123450, {"thousands": "'"}),
    ],
)
def test_money_is_whole_cents_rounded_half_to_even(read, text, minor, keys):
    assert amounts(read(HEADER + f"ada,2026-01-02,{text}\n", **keys)) == [minor]


def test_thousands_must_stand_in_groups_of_three(read):
    reading = read(HEADER + 'ada,2026-01-02,"12,34"\n', thousands=",")
    assert reading.refused["code"].to_pylist() == ["amount"]


def test_yen_have_no_cents_and_rounding_is_told(read):
    reading = read(HEADER + "ada,2026-01-02,10.5\n", markets={"jp": Market(currency="JPY")})
    assert amounts(reading) == [10]
    assert (
        "1 amounts had more decimals than JPY has and were rounded." in reading.account.sentences()
    )


def test_a_negative_amount_is_a_refund_and_zero_is_an_order(read):
    reading = read(HEADER + "ada,2026-01-02,-1\nada,2026-01-03,0\n")
    assert reading.rows["kind"].to_pylist() == ["refund", "order"]


def test_a_product_is_multiplied_exactly_before_it_is_rounded(read):
    table = "customer_id,timestamp,n,price\nada,2026-01-02,3,0.335\nada,2026-01-02,-2,1.25\n"
    reading = read(table, columns={"amount": "n*price", "quantity": "n"})
    assert amounts(reading) == [100, -250]  # 3 x 0.335 = 1.005, half to even
    assert reading.rows["quantity"].to_pylist() == [3, -2]


def test_a_product_too_large_is_refused(read):
    table = "customer_id,timestamp,n,price\nada,2026-01-02,99999999,99999999\n"
    reading = read(table, columns={"amount": "n*price"})
    assert reading.refused["code"].to_pylist() == ["out_of_range"]


def test_a_quantity_must_be_whole(read):
    rows = "a,2026-01-02,1,1.5\nb,2026-01-02,1,2.0\nc,2026-01-02,1,\n"
    reading = read("customer_id,timestamp,amount,n\n" + rows, columns={"quantity": "n"})
    assert reading.refused["code"].to_pylist() == ["quantity"]
    assert reading.rows["quantity"].to_pylist() == [2, None]


@pytest.mark.parametrize(
    ("written", "utc", "day"),
    [
        ("2026-01-02", datetime(2026, 1, 1, 23, tzinfo=UTC), date(2026, 1, 2)),
        ("2026-01-02 23:30", datetime(2026, 1, 2, 22, 30, tzinfo=UTC), date(2026, 1, 2)),
        ("2026-01-02T23:30:00Z", datetime(2026, 1, 2, 23, 30, tzinfo=UTC), date(2026, 1, 3)),
        ("2026-01-02 10:00:00 +0530", datetime(2026, 1, 2, 4, 30, tzinfo=UTC), date(2026, 1, 2)),
        (
            "2026-01-02T10:00:00.5-08:00",
            datetime(2026, 1, 2, 18, 0, 0, 500000, tzinfo=UTC),
            date(2026, 1, 2),
        ),
        ("2026-03-29 02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC), date(2026, 3, 29)),
        ("2025-10-26 02:30", datetime(2025, 10, 26, 0, 30, tzinfo=UTC), date(2025, 10, 26)),
        ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC), date(2017, 1, 1)),
    ],
)
def test_a_time_is_local_to_its_market_unless_it_names_a_zone(read, written, utc, day):
    [order] = read(HEADER + f"ada,{written},1\n", markets=EUR).rows.to_pylist()
    assert (order["occurred_at"], order["day"]) == (utc, day)


def test_times_that_the_clock_skipped_or_repeated_are_counted(read):
    rows = "a,2026-03-29 02:30,1\nb,2025-10-26 02:30,1\nc,2016-12-31T23:59:60Z,1\n"
    notes = " ".join(read(HEADER + rows, markets=EUR).account.sentences())
    assert "1 local times were skipped" in notes
    assert "1 local times came twice" in notes
    assert "1 times were in a leap second" in notes
    assert "2 times named no zone" in notes


@pytest.mark.parametrize(
    ("text", "pattern", "day"),
    [
        ("03/04/2026", "%d/%m/%Y", date(2026, 4, 3)),
        ("03/04/2026", "%m/%d/%Y", date(2026, 3, 4)),
        ("3.4.2026 18:05", "%d.%m.%Y %H:%M", date(2026, 4, 3)),
        ("20260403", "%Y%m%d", date(2026, 4, 3)),
        ("1775174400", "epoch-seconds", date(2026, 4, 3)),
        ("1775174400000", "epoch-milliseconds", date(2026, 4, 3)),
        ("03/04/2026 01:00 +0300", "%d/%m/%Y %H:%M %z", date(2026, 4, 2)),
    ],
)
def test_a_declared_format_decides_how_a_date_is_read(read, text, pattern, day):
    reading = read(HEADER + f"ada,{text},1\n", timestamp_format=pattern)
    assert reading.rows["day"].to_pylist() == [day]


def test_a_date_that_is_not_in_the_declared_format_is_refused(read):
    reading = read(HEADER + "ada,2026-04-31,1\n", timestamp_format="%Y-%m-%d")
    assert reading.refused["code"].to_pylist() == ["unreadable_date"]


def test_a_format_that_is_none_is_a_fault_of_the_settings(read):
    with pytest.raises(SettingsError, match="no strptime pattern"):
        read(HEADER + GOOD, timestamp_format="%Q")


def test_today_is_not_the_future_where_the_market_is(read):
    row = HEADER + "ada,2026-06-30T23:30:00Z,1\n"
    assert read(row).account.accepted_count == 1
    assert read(row, markets=EUR).refused["code"].to_pylist() == ["future"]


def test_rows_of_the_day_asked_for_and_later_are_left_out_unjudged(read):
    rows = "a,2026-01-01,1\nb,2026-01-02,bad\n,2026-01-03,1\nc,2031-01-01,1\nd,soon,1\n"
    reading = read(HEADER + rows, before=date(2026, 1, 2))
    assert ids(reading) == ["a"]
    assert reading.refused["code"].to_pylist() == ["unreadable_date"]
    assert (reading.account.read_count, reading.account.later_count) == (2, 3)


def test_another_currency_is_refused_and_an_empty_one_is_the_markets(read):
    rows = "a,2026-01-02,1,usd\nb,2026-01-02,1,eur\nc,2026-01-02,1,\nd,2026-01-02,1,DEM\n"
    table = "customer_id,timestamp,amount,c\n" + rows
    reading = read(table, columns={"currency": "c"}, markets=EUR)
    assert ids(reading) == ["b", "c"]
    assert reading.refused["code"].to_pylist() == ["other_currency", "obsolete_currency"]
    assert "is not EUR" in reading.refused["reason"][0].as_py()


def test_each_market_has_its_own_day_and_an_unknown_one_is_refused(read):
    cells = zip("abcd", ["US", "DE", "", "FR"], strict=True)
    rows = "".join(f"{who},2026-01-02T02:00Z,1,{market}\n" for who, market in cells)
    table = "customer_id,timestamp,amount,m\n" + rows
    markets = {"DE": Market(time_zone="Europe/Berlin"), "US": Market(time_zone="America/New_York")}
    reading = read(table, columns={"market": "m"}, markets=markets)
    assert reading.rows["market"].to_pylist() == ["US", "DE", "DE"]
    assert [day.day for day in reading.rows["day"].to_pylist()] == [1, 2, 2]
    assert reading.refused["code"].to_pylist() == ["unknown_market"]
    assert "(DE, US)" in reading.refused["reason"][0].as_py()


def test_columns_are_matched_by_name_whatever_their_order_case_and_blanks(read):
    reading = read("colour, AMOUNT ,Customer_ID,timestamp\nred,1,ada,2026-01-02\n")
    assert ids(reading) == ["ada"]
    assert "Columns not read: colour." in reading.account.sentences()
    assert any("without case and blanks" in note for note in reading.account.sentences())


def test_a_missing_column_is_named_with_what_was_found_and_the_closest(read):
    said = (
        r"no column 'customer_id'; it has customer, timestamp, amount\. Did you mean 'customer'\? "
        r"Map it with --columns customer_id=customer, or in regulars\.yml as "
        r"sources\.orders\.columns\.customer_id"
    )
    with pytest.raises(MissingColumns, match=said):
        read("customer,timestamp,amount\nada,2026-01-02,1\n")


def test_a_file_without_header_is_refused_whole(read):
    with pytest.raises(
        UnreadableFile,
        match=r"holds values, not column names; write a first row .*"
        r"customer_id,timestamp,amount",
    ):
        read(GOOD + GOOD)


def test_a_repeated_header_name_is_refused_whole(read):
    with pytest.raises(UnreadableFile, match="more than one column 'amount'"):
        read("customer_id,timestamp,amount,amount\nada,2026-01-02,1,2\n")


@pytest.mark.parametrize(("sign", "said"), [(";", "a semicolon"), ("\t", "a tab"), ("|", "a bar")])
def test_another_separator_is_detected_and_told(read, sign, said):
    with pytest.raises(UnreadableFile, match=rf"by {said}, not by a comma; set .*csv.separator"):
        read((HEADER + GOOD).replace(",", sign))


def test_a_repeated_row_is_a_duplicate_only_if_every_column_is_equal(read):
    rows = "a,2026-01-02,1,red\na,2026-01-02,1,red\na,2026-01-02,1,blue\n"
    reading = read("customer_id,timestamp,amount,colour\n" + rows)
    assert (reading.account.accepted_count, reading.account.duplicate_count) == (2, 1)


def test_duplicates_are_kept_if_the_settings_say_so(read):
    reading = read(HEADER + GOOD + GOOD, duplicates="keep")
    assert (reading.account.accepted_count, reading.account.duplicate_count) == (2, 0)


def test_fields_run_together_do_not_make_a_duplicate(read):
    reading = read("customer_id,timestamp,amount,x,y\na,2026-01-02,1,ab,c\na,2026-01-02,1,a,bc\n")
    assert reading.account.duplicate_count == 0


def test_the_same_file_gives_the_same_bytes(read):
    content = HEADER + "".join(f"c{n % 7},2026-01-{n % 28 + 1:02},{n}\n" for n in range(500))
    assert read(content).rows.equals(read(content).rows)


def test_paid_time_is_read_as_a_day_and_an_open_end_is_refused(read):
    rows = "a,2026-01-02,10,2026-02-02\nb,2026-01-02,10,\n"
    rows += "c,2026-01-02,10,soon\nd,2026-01-02,10,9999-12-31\n"
    reading = read("customer_id,timestamp,amount,ends\n" + rows, columns={"paid_until": "ends"})
    assert reading.rows["paid_until_day"].to_pylist() == [20486]
    refused = [(one["row"], one["column"], one["code"]) for one in reading.refused.to_pylist()]
    codes = ["open_end", "unreadable_date", "implausible_date"]
    assert refused == [(row, "ends", code) for row, code in enumerate(codes, start=3)]
