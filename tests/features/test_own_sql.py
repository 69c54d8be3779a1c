"""The SQL of own measures means the same to every engine, or is refused."""

import pytest

from features.catalog import GROUPS, measures_of
from features.declarations import Source
from features.own_sql import sql_problem, words_of

visits = Source("visits")
orders = Source("orders")

ALLOWED = [
    "TRUE",
    "market = 'north'",
    "market IN ('north', 'south') AND NOT market_number > 1",
    "market LIKE 'n%' OR market IS NOT NULL",
    "LOWER(market) <> 'north'",
    "market_number BETWEEN 0 AND 2",
    "COALESCE(market, '') = ''",
    "CASE WHEN market_number + 1 > 2 THEN TRUE ELSE FALSE END",
    "ABS(-market_number * 2) >= 0 AND NULLIF(market, 'x') IS NULL",
]
REFUSED = {
    "market IN (SELECT 'x')": "subquery|select|is not allowed",
    "EXISTS (SELECT 1)": "exists is not allowed",
    "random() < 1": "rand is not allowed",
    "now() IS NULL": "now is not allowed",
    "market_number / 2 > 1": "div is not allowed",
    "market_number % 2 = 1": "mod is not allowed",
    'market = "north"': 'no column "?north',
    "\"market\" = 'north'": "DuckDB and Spark read .* differently",
    "day = '2024-01-01'": "no column day to ask",
    "customer_id = 'ada'": "no column customer_id to ask",
    "visits.market = 'x'": "no column visits.market to ask",
    "colour = 'red'": "no column colour to ask; there are minute, market, kind",
    "market_number > 0.5": "0.5 is no whole number",
    "market = 5": "market is a text, so compare it with one, not with 5",
    "market_number = 'x'": "market_number is a number, so compare it with one, not with 'x'",
    "market = 'a\\'": "cannot be read as SQL",
    "TRUE -- always\n": "SQL here has no comments|cannot be read",
    "TRUE /* always */": "SQL here has no comments",
    "TRUE THEN 1 END); DROP TABLE visits": "cannot be read|not one expression",
    "TRUE THEN 1 END) OVER (": "cannot be read as SQL",
    "market": "market is no condition; compare it with something",
    "NOT market_number": "market_number is no condition",
    "market_number > 1 AND 2": "2 is no condition",
    "(": "cannot be read as SQL",
    "regexp_matches(market, 'n')": "is not allowed",
    "CAST(market AS INT) = 1": "is not allowed",
    "greatest(market_number, 1) = 1": "greatest is not allowed",
    "COUNT(*) > 1": "DuckDB refuses",
}  # fmt: skip


@pytest.mark.parametrize("where", ALLOWED)
def test_plain_conditions_are_taken(where):
    assert sql_problem(visits.count("some", where)) is None


@pytest.mark.parametrize("where", REFUSED)
def test_what_engines_read_differently_is_refused_in_one_line(where):
    problem = sql_problem(visits.count("some", where))
    assert problem is not None
    assert "\n" not in problem
    with pytest.raises(AssertionError, match=REFUSED[where]):
        raise AssertionError(problem)


def test_an_amount_is_read_like_a_condition():
    assert sql_problem(orders.total("some", "amount_minor * 2")) is None
    assert "div is not allowed" in str(sql_problem(orders.total("some", "amount_minor / 2")))


def test_a_column_that_a_source_may_lack_is_named_in_needs():
    told = sql_problem(visits.count("some", "kind = 'view'"))
    assert told == "a source may lack kind; say needs=('kind',)"
    assert sql_problem(visits.count("some", "kind = 'view'", needs=("kind",))) is None


@pytest.mark.parametrize(
    ("measure", "says"),
    [
        (visits.count("some", by="seconds"), "by='seconds' is no such column of visits"),
        (
            orders.count("some", at="amount_minor"),
            "at='amount_minor' .*; there are: paid_until_day",
        ),
        (visits.count("some", at="day"), "at='day' .* there are: none"),
    ],
)
def test_keys_of_tiles_are_columns_that_can_be_keys(measure, says):
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(sql_problem(measure))


def test_measures_of_the_product_keep_the_same_rules():
    told = {one.name: sql_problem(one) for group in GROUPS for one in measures_of(group)}
    assert {name: problem for name, problem in told.items() if problem} == {}


def test_the_words_of_a_condition_are_found():
    measure = orders.count("some", "channel = 'web' AND category IN ('a', 'b') AND kind <> 'x'")
    assert words_of(measure) == {
        "orders.channel": {"web"},
        "orders.category": {"a", "b"},
        "orders.kind": {"x"},
    }
