"""Every table of events, read from a small file: what becomes of it, row by row."""

from datetime import date

import pytest

from features import schema
from features.contracts import FOREVER
from features.errors import MissingColumns, SettingsError, UnreadableFile
from features.quality import Reading
from features.settings import Market

JAN = "2026-01-"
BERLIN = {"home": Market(currency="EUR", time_zone="Europe/Berlin")}


def day(number: int) -> date:
    return date(2026, 1, number)


def since_1970(one: date) -> int:
    return (one - date(1970, 1, 1)).days


def shown(reading: Reading) -> list[dict[str, object]]:
    """The events, without what is empty or goes without saying."""
    rows = []
    for row in reading.rows.to_pylist():
        told = {name: value for name, value in row.items() if value is not None}
        del told["occurred_at"], told["market"]
        if told["known_from"] == told["day"]:
            del told["known_from"]
        if told["known_to"] == FOREVER:
            del told["known_to"]
        rows.append(told)
    return rows


def refused(reading: Reading) -> list[tuple[int, str, str]]:
    return [(one["row"], one["column"], one["code"]) for one in reading.refused.to_pylist()]


EXAMPLES = {
    "visits": (
        """customer_id,timestamp,what,where,secs
ada,2026-01-02T10:00,Product View,web,12
bob,2026-01-03T11:30,Suche,app,
""",
        {
            "columns": {"kind": "what", "channel": "where", "seconds": "secs"},
            "words": {"suche": "search"},
        },
        [
            {
                "customer_id": "ada",
                "day": day(2),
                "minute": 600,
                "kind": "product_view",
                "channel": "web",
                "seconds": 12,
            },
            {
                "customer_id": "bob",
                "day": day(3),
                "minute": 690,
                "kind": "search",
                "channel": "app",
            },
        ],
    ),
    "emails": (
        """customer_id,timestamp,what,campaign
ada,2026-01-02,Sent,spring
ada,2026-01-03,ABGEMELDET,spring
""",
        {
            "columns": {"kind": "what", "campaign": "campaign"},
            "words": {"Abgemeldet": "unsubscribed"},
        },
        [
            {"customer_id": "ada", "day": day(2), "kind": "sent", "campaign": "spring"},
            {"customer_id": "ada", "day": day(3), "kind": "unsubscribed", "campaign": "spring"},
        ],
    ),
    "tickets": (
        """customer_id,timestamp,number,closed,about,urgency,stars
ada,2026-01-02T09:00,t1,2026-01-05T12:00,delivery,high,4.5
bob,2026-01-03T09:00,t2,,payment,low,
""",
        {
            "columns": {
                "ticket_id": "number",
                "closed_at": "closed",
                "topic": "about",
                "priority": "urgency",
                "score": "stars",
            }
        },
        [
            {
                "customer_id": "ada",
                "day": day(2),
                "minute": 540,
                "kind": "opened",
                "ticket_id": "t1",
                "topic": "delivery",
                "priority": "high",
                "opened_day": since_1970(day(2)),
            },
            {
                "customer_id": "ada",
                "day": day(5),
                "minute": 720,
                "kind": "closed",
                "ticket_id": "t1",
                "topic": "delivery",
                "priority": "high",
                "score_hundredths": 450,
                "opened_day": since_1970(day(2)),
            },
            {
                "customer_id": "bob",
                "day": day(3),
                "minute": 540,
                "kind": "opened",
                "ticket_id": "t2",
                "topic": "payment",
                "priority": "low",
                "opened_day": since_1970(day(3)),
            },
        ],
    ),
    "surveys": (
        """customer_id,timestamp,answer,said,tongue
ada,2026-01-02,9,"Gern, wieder",de
bob,2026-01-03,7.125,,
""",
        {"columns": {"kind": "=nps", "score": "answer", "comment": "said", "language": "tongue"}},
        [
            {
                "customer_id": "ada",
                "day": day(2),
                "kind": "nps",
                "score_hundredths": 900,
                "comment": "Gern, wieder",
                "language": "de",
            },
            {"customer_id": "bob", "day": day(3), "kind": "nps", "score_hundredths": 712},
        ],
    ),
    "loyalty": (
        """customer_id,timestamp,what,points,level,until
ada,2026-01-02,earned,100,,2027-01-02
ada,2026-01-03,tier,,2,
""",
        {
            "columns": {
                "kind": "what",
                "points": "points",
                "tier_level": "level",
                "expires": "until",
            }
        },
        [
            {
                "customer_id": "ada",
                "day": day(2),
                "kind": "earned",
                "points": 100,
                "expires_day": since_1970(date(2027, 1, 2)),
            },
            {"customer_id": "ada", "day": day(3), "kind": "tier", "tier_level": 2},
        ],
    ),
    "subscriptions": (
        """customer_id,timestamp,ended,plan,price
ada,2026-01-02,2026-01-31,gold,9.99
bob,2026-01-03,,silver,4.99
""",
        {"columns": {"ended_on": "ended", "plan": "plan", "price": "price"}},
        [
            {
                "customer_id": "ada",
                "day": day(2),
                "kind": "started",
                "plan": "gold",
                "price_minor": 999,
                "started_day": since_1970(day(2)),
            },
            {
                "customer_id": "ada",
                "day": day(31),
                "kind": "ended",
                "plan": "gold",
                "price_minor": 999,
                "started_day": since_1970(day(2)),
            },
            {
                "customer_id": "bob",
                "day": day(3),
                "kind": "started",
                "plan": "silver",
                "price_minor": 499,
                "started_day": since_1970(day(3)),
            },
        ],
    ),
    "contacts": (
        "customer_id,timestamp,campaign\nada,2026-01-02,spring\n",
        {
            "columns": {
                "kind": "=offer",
                "channel": "=phone",
                "campaign": "campaign",
                "cost": "=0.5",
            }
        },
        [
            {
                "customer_id": "ada",
                "day": day(2),
                "kind": "offer",
                "channel": "phone",
                "campaign": "spring",
                "cost_minor": 50,
            }
        ],
    ),
    "consents": (
        """customer_id,timestamp,what,ok,until
ada,2026-01-02,Analytics,yes,2027-01-02
ada,2026-01-03,Analytics,FALSE,
bob,2026-01-03,Marketing,opt-in,
""",
        {
            "columns": {"purpose": "what", "granted": "ok", "expires": "until"},
            "words": {"opt-in": "yes"},
        },
        [
            {
                "customer_id": "ada",
                "day": day(2),
                "purpose": "analytics",
                "granted": True,
                "expires_day": since_1970(date(2027, 1, 2)),
            },
            {"customer_id": "ada", "day": day(3), "purpose": "analytics", "granted": False},
            {"customer_id": "bob", "day": day(3), "purpose": "marketing", "granted": True},
        ],
    ),
    "customers": (
        """customer_id,timestamp,land,tongue,via,since,birth
ada,2026-01-02,DE,de,ads,2024-05-01,1931-02-03
bob,2026-01-03,AT,,,,
""",
        {
            "columns": {
                "country": "land",
                "language": "tongue",
                "channel": "via",
                "registered": "since",
                "born": "birth",
            }
        },
        [
            {
                "customer_id": "ada",
                "day": day(2),
                "country": "DE",
                "language": "de",
                "channel": "ads",
                "registered_day": since_1970(date(2024, 5, 1)),
                "born_day": since_1970(date(1931, 2, 3)),
            },
            {"customer_id": "bob", "day": day(3), "country": "AT"},
        ],
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_table_is_read_by_its_contract(read, name):
    content, keys, expected = EXAMPLES[name]
    table = schema.EVENT_TABLES[name]
    reading = read(content, table=table, **keys)
    assert shown(reading) == expected
    assert reading.rows.schema.equals(table.arrow_schema())
    assert reading.account.refused_count == 0


def test_every_table_but_orders_has_an_example():
    assert {*EXAMPLES, "orders"} == set(schema.EVENT_TABLES)


@pytest.mark.parametrize(
    ("table", "columns", "row", "where", "said"),
    [
        ("visits", {"seconds": "x"}, "a,2026-01-02,-1", ("x", "negative"), "below zero"),
        ("visits", {"seconds": "x"}, "a,2026-01-02,1.5", ("x", "count"), "no whole number"),
        ("emails", {"kind": "x"}, "a,2026-01-02,", ("x", "word"), "every message needs one"),
        ("emails", {"kind": "x"}, "a,2026-01-02,→", ("x", "word"), "sources.emails.words"),
        ("surveys", {"kind": "=nps", "score": "x"}, "a,2026-01-02,nine", ("x", "number"), "letters"),
        ("surveys", {"kind": "=nps", "score": "x"}, "a,2026-01-02,inf", ("x", "not_finite"), "score"),
        ("tickets", {"closed_at": "x"}, "a,2026-01-02,soon", ("x", "unreadable_date"), "ISO"),
        ("tickets", {"closed_at": "x"}, "a,2026-01-02,2026-01-01", ("x", "ends_before"), "began"),
        ("tickets", {"closed_at": "x"}, "a,2026-01-02,2026-07-01", ("x", "future"), "future"),
        ("loyalty", {"kind": "=earned", "expires": "x"}, "a,2026-01-02,9999-12-31", ("x", "implausible_date"), "leave it empty"),
        ("subscriptions", {"price": "x"}, 'a,2026-01-02,"9,99"', ("x", "amount"), "sources.subscriptions.csv.decimal"),
        ("consents", {"purpose": "=ads", "granted": "x"}, "a,2026-01-02,maybe", ("x", "flag"), "neither yes"),
        ("consents", {"purpose": "=ads", "granted": "x"}, "a,2026-01-02,", ("x", "flag"), "empty"),
        ("customers", {"born": "x"}, "a,2026-01-02,1899-12-31", ("x", "implausible_date"), "before 1900"),
        ("visits", {"arrived_at": "x"}, "a,2026-01-02,2026-07-01", ("x", "future"), "future"),
        ("visits", {"market": "x"}, "a,2026-01-02,moon", ("x", "unknown_market"), "(home)"),
        ("visits", {}, ",2026-01-02,", ("customer_id", "no_customer_id"), "guest visit"),
        ("visits", {}, "a,,", ("timestamp", "unreadable_date"), "every visit needs one"),
    ],
)  # fmt: skip
def test_a_bad_value_is_refused_in_the_words_of_its_table(read, table, columns, row, where, said):
    reading = read(
        f"customer_id,timestamp,x\n{row}\n", table=schema.EVENT_TABLES[table], columns=columns
    )
    assert refused(reading) == [(2, *where)]
    assert said in reading.refused["reason"][0].as_py()


def test_bytes_in_another_encoding_are_told_with_the_key_of_their_table(read):
    reading = read(
        "customer_id,timestamp\nJörg,2026-01-02\n".encode("latin-1"), table=schema.VISITS
    )
    assert "set sources.visits.csv.encoding" in reading.refused["reason"][0].as_py()


def test_a_file_of_another_kind_is_told_with_the_key_of_its_table(read):
    with pytest.raises(UnreadableFile, match=r"set sources\.visits\.format to parquet"):
        read(b"PAR1" + b"\0" * 90, table=schema.VISITS)


def test_a_missing_column_is_told_with_the_key_of_its_table(read):
    said = r"no column 'kind'; .* Map it in regulars\.yml as sources\.emails\.columns\.kind\."
    with pytest.raises(MissingColumns, match=said):
        read("customer_id,timestamp\na,2026-01-02\n", table=schema.EMAILS, columns={"kind": "kind"})


def test_a_value_for_all_rows_that_no_row_could_have_is_a_fault_of_the_settings(read):
    columns = {"kind": "=offer", "cost": "=cheap"}
    with pytest.raises(SettingsError, match=r"sources\.contacts\.columns\.cost is '=cheap'"):
        read("customer_id,timestamp\na,2026-01-02\n", table=schema.CONTACTS, columns=columns)


def test_words_that_no_feature_counts_are_told(read):
    content = "customer_id,timestamp,what\na,2026-01-02,open\na,2026-01-03,clicked\n"
    reading = read(content, table=schema.EMAILS, columns={"kind": "what"})
    assert any(
        "1 events have a kind that no feature counts (open)" in one
        for one in reading.account.sentences()
    )


def test_a_flag_of_a_parquet_file_is_read_by_its_type(read, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"customer_id": ["a"], "timestamp": [day(2)], "ok": [True]}
    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    reading = read(
        (tmp_path / "x.parquet").read_bytes(),
        table=schema.CONSENTS,
        name="consents.parquet",
        columns={"purpose": "=ads", "granted": "ok"},
    )
    assert reading.rows["granted"].to_pylist() == [True]


def test_an_order_may_say_its_discount_its_cost_and_where_it_was_made(read):
    reading = read(
        "customer_id,timestamp,amount,n,off,each,group,where\na,2026-01-02,10,3,1.5,0.335,toys,app\n",
        columns={
            "quantity": "n",
            "discount": "off",
            "cost": "n*each",
            "category": "group",
            "channel": "where",
        },
    )
    [order] = shown(reading)
    assert order["discount_minor"] == 150
    assert order["cost_minor"] == 100  # 3 x 0.335 = 1.005, half to even
    assert (order["category"], order["channel"]) == ("toys", "app")


def test_the_account_counts_rows_and_says_how_many_events_they_became(read):
    content, keys, _ = EXAMPLES["tickets"]
    reading = read(content, table=schema.TICKETS, **keys)
    assert (reading.account.read_count, reading.account.accepted_count, reading.rows.num_rows) == (
        2,
        2,
        3,
    )
    assert reading.account.summary().endswith("; they became 3 events")


def test_an_end_on_or_after_the_day_asked_for_is_left_out_and_its_beginning_is_not(read):
    content, keys, expected = EXAMPLES["tickets"]
    reading = read(content, table=schema.TICKETS, before=day(5), **keys)
    assert shown(reading) == [expected[0], expected[2]]


def test_a_subscription_that_will_end_has_only_started(read):
    content = "customer_id,timestamp,ended\na,2026-01-02,2026-12-31\n"
    reading = read(content, table=schema.SUBSCRIPTIONS, columns={"ended_on": "ended"})
    assert reading.rows["kind"].to_pylist() == ["started"]
    assert "1 ends lie in the future and are no events yet." in reading.account.sentences()


def test_a_score_before_the_closing_is_left_out_and_told(read):
    content = "customer_id,timestamp,closed,stars\na,2026-01-02,,5\n"
    reading = read(content, table=schema.TICKETS, columns={"closed_at": "closed", "score": "stars"})
    assert reading.rows["score_hundredths"].to_pylist() == [None]
    assert "1 scores of what has not ended yet were left out." in reading.account.sentences()


def test_the_reason_of_an_end_is_known_from_the_end_on(read):
    content = (
        "customer_id,timestamp,ended,why\na,2026-01-02,2026-01-05,price\nb,2026-01-02,,price\n"
    )
    columns = {"ended_on": "ended", "reason": "why"}
    reading = read(content, table=schema.SUBSCRIPTIONS, columns=columns)
    told = [(row["customer_id"], row["kind"], row.get("reason")) for row in shown(reading)]
    assert told == [("a", "started", None), ("a", "ended", "price"), ("b", "started", None)]


def test_a_ticket_closed_on_the_day_of_its_opening_is_no_contradiction(read):
    content = "customer_id,timestamp,closed\na,2026-01-02T10:00,2026-01-02\n"
    reading = read(content, table=schema.TICKETS, columns={"closed_at": "closed"})
    assert reading.rows["day"].to_pylist() == [day(2), day(2)]
    assert reading.rows["minute"].to_pylist() == [600, None]


def test_without_a_moment_of_its_own_a_customer_row_holds_from_the_registration(read):
    content = "customer_id,since\na,2026-01-02\nb,\n"
    columns = {"timestamp": None, "registered": "since"}
    reading = read(content, table=schema.CUSTOMERS, columns=columns)
    assert [row["day"] for row in shown(reading)] == [day(2)]
    assert refused(reading) == [(3, "since", "unreadable_date")]


def test_money_of_every_table_is_in_the_currency_of_the_market(read):
    content = "customer_id,timestamp,cost,c\na,2026-01-02,1,eur\nb,2026-01-02,1,USD\n"
    content += "c,2026-01-02,1,EURO\nd,2026-01-02,1,DEM\ne,2026-01-02,1,\nf,1999-01-02,1,DEM\n"
    columns = {"kind": "=offer", "cost": "cost", "currency": "c"}
    reading = read(content, table=schema.CONTACTS, columns=columns, markets=BERLIN)
    assert reading.rows["customer_id"].to_pylist() == ["a", "e"]
    codes = ["other_currency", "unknown_currency", "obsolete_currency", "other_currency"]
    assert refused(reading) == list(zip([3, 4, 5, 7], ["c"] * 4, codes, strict=True))
    assert "did you mean EUR?" in reading.refused["reason"][1].as_py()
    assert "was money until 2002" in reading.refused["reason"][2].as_py()


ARRIVALS = {"columns": {"arrived_at": "arrived", "event_id": "id", "kind": "what"}}


def test_a_row_is_known_from_its_arrival_and_never_before_it_happened(read):
    content = "customer_id,timestamp,arrived,id,what\n"
    content += "a,2026-01-02,2026-01-05,1,x\nb,2026-01-02,2025-12-01,2,x\nc,2026-01-02,,3,x\n"
    reading = read(content, table=schema.VISITS, **ARRIVALS)
    assert reading.rows["known_from"].to_pylist() == [day(5), day(2), day(2)]
    assert "1 rows arrived before they happened" in " ".join(reading.account.sentences())


def test_a_row_that_arrives_on_the_day_asked_for_is_the_future(read):
    content = "customer_id,timestamp,arrived,id,what\na,2026-01-02,2026-01-05,1,x\n"
    for before, later_count in ((day(5), 1), (day(6), 0)):
        reading = read(content, table=schema.VISITS, before=before, **ARRIVALS)
        assert (reading.account.later_count, reading.account.accepted_count) == (
            later_count,
            1 - later_count,
        )


def test_a_row_that_arrives_later_with_other_content_is_a_correction(read):
    content = "customer_id,timestamp,arrived,id,what\n"
    content += "a,2026-01-02,2026-01-09,1,late\na,2026-01-02,2026-01-05,1,early\n"
    content += "a,2026-01-02,2026-01-12,1,late\n"
    reading = read(content, table=schema.VISITS, **ARRIVALS)
    held = [(row["kind"], row["known_from"], row["known_to"]) for row in reading.rows.to_pylist()]
    assert held == [("late", day(9), FOREVER), ("early", day(5), day(9))]
    assert (reading.account.accepted_count, reading.account.duplicate_count) == (2, 1)
    assert "1 events were corrected by a row that arrived later." in reading.account.sentences()


def test_a_correction_that_was_corrected_before_it_held_leaves_no_two_versions(read):
    content = "customer_id,timestamp,arrived,id,closed\n"
    content += "a,2026-01-01,2026-01-01,1,2026-01-02\na,2026-01-01,2026-01-02,1,2026-01-05\n"
    content += "a,2026-01-01,2026-01-03,1,2026-01-03\n"
    columns = {"event_id": "id", "arrived_at": "arrived", "closed_at": "closed"}
    reading = read(content, table=schema.TICKETS, columns=columns)
    closed = [row for row in reading.rows.to_pylist() if row["kind"] == "closed"]
    held = [(row["day"], row["known_from"], row["known_to"]) for row in closed]
    assert held == [(day(2), day(2), day(3)), (day(5), day(5), day(5)), (day(3), day(3), FOREVER)]


def test_one_id_with_two_contents_and_no_order_is_refused_whole_and_both_are_shown(read):
    content = "customer_id,timestamp,id,what\n"
    content += "a,2026-01-02,1,x\nb,2026-01-02,2,x\na,2026-01-02,1,y\nb,2026-01-02,2, x\n"
    reading = read(content, table=schema.VISITS, columns={"event_id": "id", "kind": "what"})
    assert refused(reading) == [(2, "id", "conflict"), (4, "id", "conflict")]
    assert reading.refused["content"].to_pylist() == ["a,2026-01-02,1,x", "a,2026-01-02,1,y"]
    assert "Rows 2, 4 have one event id" in reading.refused["reason"][0].as_py()
    assert (
        reading.account.read_count,
        reading.account.accepted_count,
        reading.account.duplicate_count,
    ) == (4, 1, 1)


def test_rows_without_an_id_among_rows_with_one_are_told_apart_by_all_columns(read):
    content = "customer_id,timestamp,id\na,2026-01-02,1\n"
    content += "b,2026-01-02,NULL\nc,2026-01-02,NULL\nc,2026-01-02,NULL\nd,2026-01-02,\n"
    reading = read(content, table=schema.VISITS, columns={"event_id": "id"})
    assert reading.rows["event_id"].to_pylist() == ["1", None, None, None]
    assert (reading.account.accepted_count, reading.account.duplicate_count) == (4, 1)


def test_a_market_may_be_that_of_the_whole_file(read):
    markets = BERLIN | {"US": Market(currency="EUR", time_zone="America/New_York")}
    content = "customer_id,timestamp\na,2026-01-02T02:00Z\n"
    reading = read(content, table=schema.VISITS, columns={"market": "=US"}, markets=markets)
    assert reading.rows["market"].to_pylist() == ["US"]
    assert [row["day"] for row in shown(reading)] == [day(1)]


def test_a_ticket_seen_again_closed_adds_its_closing_alone(read):
    head = "customer_id,timestamp,id,closed\n"
    once, again = "a,2026-01-02,1,\n", "a,2026-01-02,1,2026-01-05\n"
    keys = {"table": schema.TICKETS, "columns": {"event_id": "id", "closed_at": "closed"}}
    opened, closed = (read(head + text, **keys) for text in (once, again))
    assert closed.keys.slice(0, 1).equals(opened.keys)
    both = read(head + once + again + again, **keys)
    assert both.rows["kind"].to_pylist() == ["opened", "closed"]
    assert both.keys.equals(closed.keys)
    assert (both.account.accepted_count, both.account.duplicate_count) == (2, 1)


def test_a_ticket_without_an_id_is_known_again_by_all_but_its_closing(read):
    head = "customer_id,timestamp,closed,stars\n"
    keys = {"table": schema.TICKETS, "columns": {"closed_at": "closed", "score": "stars"}}
    opened = read(head + "a,2026-01-02,,\n", **keys)
    closed = read(head + "a,2026-01-02,2026-01-05,4\n", **keys)
    assert closed.keys["key_0"][0] == opened.keys["key_0"][0]
    assert len(set(closed.keys["key_0"].to_pylist())) == 2


def test_the_same_rows_have_the_same_identities_and_kept_copies_have_their_own(read):
    content = "customer_id,timestamp,amount\n" + "a,2026-01-02,1\n" * 3 + "b,2026-01-02,1\n"
    kept = read(content, duplicates="keep")
    assert len(set(kept.keys["key_0"].to_pylist())) == 4
    assert kept.keys.equals(read(content, duplicates="keep").keys)
    dropped = read(content)
    assert dropped.keys["key_0"].to_pylist() == [kept.keys["key_0"][at].as_py() for at in (0, 3)]


def test_content_is_what_is_meant_however_it_is_written(read):
    head = "customer_id,timestamp,amount,id,currency\n"
    keys = {"columns": {"event_id": "id", "currency": "currency"}, "markets": BERLIN}
    rows = ["a,2026-01-02T10:00,10.5,1,", "a,2026-01-02T09:00Z, +10.50 ,1,eur"]
    first, second = (read(head + row, **keys).keys for row in rows)
    assert first.equals(second)
    assert read(head + "\n".join(rows), **keys).account.duplicate_count == 1
    other = read(head + "a,2026-01-02T10:00,10.51,1,", **keys).keys
    assert other["key_0"] == first["key_0"]
    assert other["content_0"] != first["content_0"]


def test_tables_do_not_share_identities(read):
    content = "customer_id,timestamp,id\na,2026-01-02,1\n"
    columns = {"event_id": "id"}
    visit = read(content, table=schema.VISITS, columns=columns)
    ticket = read(content, table=schema.TICKETS, columns=columns)
    assert visit.keys["key_0"] != ticket.keys["key_0"]


def test_a_list_of_customers_without_dates_holds_from_a_day_of_the_settings(read):
    reading = read(
        "who,born\nada,03/02/1980\nbob,\n",
        table=schema.CUSTOMERS,
        columns={"customer_id": "who", "timestamp": "=2026-01-05", "born": "born"},
        timestamp_format="%d/%m/%Y",  # that of the file; a day of the settings is ISO
    )
    assert shown(reading) == [
        {"customer_id": "ada", "day": day(5), "born_day": since_1970(date(1980, 2, 3))},
        {"customer_id": "bob", "day": day(5)},
    ]


@pytest.mark.parametrize("no_day", ["5.1.2026", "2026-02-30", "2099-01-01"])
def test_a_day_of_the_settings_that_no_row_could_have_is_told(read, no_day):
    with pytest.raises(SettingsError, match=rf"columns.timestamp is '={no_day}'"):
        read(
            "who\nada\n",
            table=schema.CUSTOMERS,
            columns={"customer_id": "who", "timestamp": f"={no_day}"},
        )
