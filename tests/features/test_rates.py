"""Money is converted exactly, at the rate of its day or one at most a week older."""

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import DataError
from features.markets import minor_unit_digits
from features.rates import Rates
from features.schema import RATES
from features.sources.values import MAX_AMOUNT

MONDAY = date(2024, 1, 1)
DAY_0 = (MONDAY - date(1970, 1, 1)).days
EXACT = Context(prec=90)


def table(*rows: tuple[date | None, str | None, str | None]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"day": day, "currency": code, "rate": None if rate is None else Decimal(rate)}
            for day, code, rate in rows
        ],
        schema=RATES.arrow_schema(),
    )


def on(offset: int) -> date:
    return MONDAY + timedelta(days=offset)


def converted(rates: Rates, currency: str, *amounts_on: tuple[int, int]):
    amounts, offsets = np.array(amounts_on, dtype=np.int64).reshape(-1, 2).T
    return rates.to_minor(amounts, currency, DAY_0 + offsets)


def test_minor_units_of_one_currency_become_those_of_another():
    # 1,000 yen at 0.0061 euro are 6.10 euro; 2.500 dinars at 3 are 7.50; a dollar at 0.9 is 0.90.
    rates = Rates.from_table(
        table((MONDAY, "JPY", "0.0061"), (MONDAY, "KWD", "3"), (MONDAY, "USD", "0.9")), "EUR"
    )
    assert converted(rates, "JPY", (1000, 0)).amounts_minor.tolist() == [610]
    assert converted(rates, "KWD", (2500, 0)).amounts_minor.tolist() == [750]
    assert converted(rates, "USD", (100, 0), (-100, 0)).amounts_minor.tolist() == [90, -90]


def test_a_business_in_yen_counts_whole_yen():
    rates = Rates.from_table(table((MONDAY, "USD", "150.5")), "JPY")
    assert converted(rates, "USD", (1000, 0)).amounts_minor.tolist() == [1505]


def test_a_half_goes_to_the_even_neighbour():
    rates = Rates.from_table(table((MONDAY, "USD", "0.5")), "EUR")
    amounts = [(amount, 0) for amount in (1, 3, 5, -1, -3, -5)]
    assert converted(rates, "USD", *amounts).amounts_minor.tolist() == [0, 2, 2, 0, -2, -2]


def test_the_rate_is_that_of_the_day_or_the_last_before_it_for_a_week():
    rates = Rates.from_table(table((on(3), "USD", "2"), (MONDAY, "USD", "1")), "EUR")
    found = converted(rates, "USD", *((100, offset) for offset in (-1, 0, 1, 2, 3, 4, 10, 11)))
    assert found.amounts_minor.tolist() == [0, 100, 100, 100, 200, 200, 200, 0]
    assert found.is_stale.tolist() == [False, False, True, True, False, True, True, False]
    assert found.has_no_rate.tolist() == [True, *[False] * 6, True]
    assert not found.is_out_of_range.any()


def test_a_currency_without_rates_has_none_on_any_day():
    rates = Rates.from_table(table((MONDAY, "USD", "1")), "EUR")
    found = converted(rates, "CZK", (100, 0), (100, 1))
    assert found.has_no_rate.all()
    assert found.amounts_minor.tolist() == [0, 0]
    assert not found.is_stale.any()


def test_the_business_own_currency_needs_no_rate():
    for rates in (
        Rates.from_table(table(), "EUR"),
        Rates.from_table(table((MONDAY, "EUR", "1")), "EUR"),
    ):
        found = converted(rates, "EUR", (123, -9999), (-5, 9999))
        assert found.amounts_minor.tolist() == [123, -5]
        assert not (found.is_stale | found.has_no_rate | found.is_out_of_range).any()


def test_an_amount_too_large_once_converted_is_told_apart():
    rates = Rates.from_table(table((MONDAY, "USD", "9999999999999999.999999999999")), "KWD")
    found = converted(rates, "USD", (2**63 - 1, 0), (-(2**63), 0), (0, 0), (2**62, 99))
    assert found.is_out_of_range.tolist() == [True, True, False, False]
    assert found.has_no_rate.tolist() == [False, False, False, True]
    assert found.amounts_minor.tolist() == [0, 0, 0, 0]


def test_no_amounts_give_none():
    rates = Rates.from_table(table((MONDAY, "USD", "2")), "EUR")
    assert converted(rates, "USD").amounts_minor.tolist() == []


@given(
    amounts=st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-999, 999), min_size=1),
    rate=st.decimals("0.000000000001", "9999999999999999", places=12)
    | st.sampled_from([Decimal("0.5"), Decimal("0.005"), Decimal("0.25"), Decimal(15)]),
    foreign=st.sampled_from(["JPY", "USD", "KWD", "CLF"]),
    business=st.sampled_from(["ISK", "EUR", "BHD", "UYW"]),
)
def test_every_amount_is_what_decimals_give(amounts, rate, foreign, business):
    rates = Rates.from_table(table((MONDAY, foreign, str(rate))), business)
    found = converted(rates, foreign, *((amount, 0) for amount in amounts))
    shift = minor_unit_digits(business) - minor_unit_digits(foreign)
    expected = [
        EXACT.multiply(Decimal(amount), rate)
        .scaleb(shift, EXACT)
        .quantize(Decimal(1), ROUND_HALF_EVEN, EXACT)
        for amount in amounts
    ]
    limit = MAX_AMOUNT * 10 ** minor_unit_digits(business)
    assert found.is_out_of_range.tolist() == [abs(value) >= limit for value in expected]
    assert found.amounts_minor.tolist() == [
        int(value) if abs(value) < limit else 0 for value in expected
    ]


@given(
    offsets=st.lists(st.integers(0, 40), min_size=1, unique=True),
    asked=st.lists(st.integers(-10, 60), min_size=1),
)
def test_the_rate_found_is_that_of_the_latest_day_within_a_week(offsets, asked):
    rates = Rates.from_table(table(*((on(at), "USD", str(at + 1)) for at in offsets)), "EUR")
    found = converted(rates, "USD", *((1, offset) for offset in asked))
    for at, offset in enumerate(asked):
        usable = [day for day in offsets if 0 <= offset - day <= 7]
        assert found.has_no_rate[at] == (not usable)
        assert found.is_stale[at] == (bool(usable) and max(usable) < offset)
        assert found.amounts_minor[at] == (max(usable) + 1 if usable else 0)


def test_the_order_of_the_rows_does_not_matter():
    rows = [(on(at), code, f"{at + 1}") for at in range(9) for code in ("USD", "CZK")]
    forth, back = Rates.from_table(table(*rows), "EUR"), Rates.from_table(table(*rows[::-1]), "EUR")
    assert list(forth.by_currency) == list(back.by_currency) == ["CZK", "USD"]
    for code in ("USD", "CZK"):
        assert (forth.by_currency[code][0] == back.by_currency[code][0]).all()
        assert forth.by_currency[code][1].equals(back.by_currency[code][1])


def test_a_rate_written_twice_is_one_rate():
    rates = Rates.from_table(table((MONDAY, "USD", "2"), (MONDAY, "USD", "2.0")), "EUR")
    assert converted(rates, "USD", (50, 0)).amounts_minor.tolist() == [100]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            (on(1), "USD", "0"),
            "row 3: the rate 0.000000000000 of USD is not above zero; write what",
        ),
        ((on(1), "USD", "-1.5"), "row 3: the rate -1.5.* of USD is not above zero"),
        (
            (MONDAY, "USD", "1.1"),
            r"row 3: USD has the rate 1.1\d* on 2024-01-01, but 1.0\d* in row 2",
        ),
        ((on(1), "EURO", "1"), "row 3: 'EURO' is no ISO 4217 currency; write it like EUR"),
        ((on(1), "usd", "1"), "row 3: 'usd' is no ISO 4217 currency"),
        (
            (on(1), "EUR", "1.1"),
            "row 3: the rate of EUR, the business's own currency, is 1.1.* not 1",
        ),
        ((None, "USD", "1"), "row 3: a value is missing"),
        ((on(1), None, "1"), "row 3: a value is missing"),
        ((on(1), "USD", None), "row 3: a value is missing"),
    ],
)
def test_a_rate_that_cannot_be_right_is_refused_with_its_row_and_cure(row, said):
    with pytest.raises(DataError, match=said):
        Rates.from_table(table((MONDAY, "USD", "1"), row), "EUR")


def test_a_table_that_is_none_of_rates_is_refused():
    wrong = pa.table({"day": ["2024-01-01"], "currency": ["USD"], "rate": [1.1]})
    with pytest.raises(DataError, match="must have the columns .*decimal128.*; it has .*double"):
        Rates.from_table(wrong, "EUR")
