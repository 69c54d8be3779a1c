"""Words as numbers: the last and the usual word of a customer, as it was known then."""

from datetime import date
from math import isnan

import duckdb
import pytest
from events import CUTOFF, ada, day, events_of, rows_of

from features.histories import Histories
from features.matrix import matrix
from features.shape import Shape
from features.word_codes import CODES, code_of, word_sql

WORDS = ("web", "Web", "Café", "店", "a word with spaces", "x" * 300)


@pytest.mark.parametrize("word", WORDS)
def test_sql_gives_a_word_the_code_that_python_gives_it(word):
    sql = f"SELECT {word_sql('word')} FROM (SELECT ? AS word, CAST(? AS SMALLINT) AS minute)"
    assert duckdb.execute(sql, [word, None]).fetchone() == (code_of(word),)
    packed = duckdb.execute(sql, [word, 1439]).fetchone()[0]
    assert divmod(packed, CODES) == (1439, code_of(word))
    assert int(float(packed)) == packed  # a double holds it whole


def test_what_is_missing_has_no_code():
    row = ada(orders=[{"age": 9}, {"age": 20, "channel": "web"}, {"age": 9, "customer_id": "bob"}])
    assert row["last_channel_code"] == code_of("web")
    other = rows_of(orders=[{"age": 9}, {"age": 9, "customer_id": "bob", "channel": "web"}])
    assert isnan(other.loc["ada", "last_channel_code"])
    assert isnan(other.loc["ada", "usual_channel_code"])


def test_of_one_day_the_later_minute_is_the_last_word():
    orders = [
        {"age": 3, "channel": "store", "minute": 600},
        {"age": 3, "channel": "web", "minute": 601},
        {"age": 3, "channel": "app", "minute": 599},
    ]
    assert ada(orders=orders)["last_channel_code"] == code_of("web")
    assert ada(orders=orders[::-1])["last_channel_code"] == code_of("web")


def test_the_usual_word_is_that_of_the_most_days_and_of_several_that_came_last():
    orders = [{"age": age, "channel": "store"} for age in (90, 80)]
    orders += [{"age": 70, "channel": "web"}] * 5
    assert ada(orders=orders)["usual_channel_code"] == code_of("store")
    orders.append({"age": 60, "channel": "web"})
    assert ada(orders=orders)["usual_channel_code"] == code_of("web")
    others = [{**one, "customer_id": name} for name in ("aaron", "zoe") for one in orders[:3]]
    assert ada(orders=[*orders, *others])["usual_channel_code"] == code_of("web")


def test_a_word_counts_from_its_arrival_and_until_it_is_corrected():
    day_before, today = day(1), CUTOFF
    moved = {"age": 10, "country": "AT", "known_from": today}
    corrected = {"age": 50, "country": "DE", "known_to": day_before}
    instead = {"age": 50, "country": "CZ", "known_from": day_before}
    events = events_of(orders=[{"age": 400}], customers=[moved, corrected, instead])
    known = Histories.from_events(events, Shape.of(events, markets=("US",), currency="USD"))
    codes = matrix(known, [day(20), CUTOFF, date(2025, 6, 16)])["country_code"]
    assert codes.tolist() == [code_of(word) for word in ("DE", "CZ", "AT")]
    usual = events_of(
        orders=[
            {"age": 30, "channel": "web"},
            {"age": 9, "channel": "app", "known_from": today},
            {"age": 8, "channel": "app", "known_from": today},
        ]
    )
    known = Histories.from_events(usual, Shape.of(usual, markets=("US",), currency="USD"))
    codes = matrix(known, [CUTOFF, date(2025, 6, 16)])["usual_channel_code"]
    assert codes.tolist() == [code_of("web"), code_of("app")]


def test_words_that_come_later_move_no_code_of_an_older_one():
    orders = [{"age": 9, "channel": "web"}]
    more = [
        {"customer_id": f"c{place}", "age": 5, "channel": f"a{place:03}"}
        for place in range(100)
        for _ in range(2)
    ]
    names = ["last_channel_code", "usual_channel_code"]
    assert ada(orders=[*orders, *more])[names].tolist() == ada(orders=orders)[names].tolist()


def test_a_market_is_told_only_where_there_are_several():
    orders = [{"age": 9, "market": "DE"}, {"age": 90, "market": "US"}]
    rows = rows_of(orders=orders, markets=("US", "DE"))
    assert rows.loc["ada", "market_code"] == code_of("DE")
    assert "market_code" not in ada(orders=[{"age": 9}])
