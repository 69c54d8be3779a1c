"""The REST API over HTTP, in process: what it answers, and what it refuses and how."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import jsonschema
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.routing import Route

from features.settings import Sources
from serving.api import documentation
from serving.api.guard import MAX_BODY_BYTES
from serving.api.score_object import score_path
from serving.state import ServerState
from serving.store import ScoreStore

JSON = {"Content-Type": "application/json"}
FIRST_ORDER = "#/customers/0/orders/0"
ORDER = {"timestamp": "2026-05-01T10:00:00+02:00", "amount": "49.90"}

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["customer_ids", "customers", "customer_id", "orders", "as_of", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
# The client of a test holds nothing that one example could leave to the next.
shared_client = hypothesis_settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def histories(*orders, customer_id="new", **more):
    return {"customers": [{"customer_id": customer_id, "orders": list(orders)}]} | more


def assert_problem(answer, status, pointer=None):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["type"].startswith("/docs#")
    assert problem["title"]
    if pointer is not None:
        assert problem["errors"][0]["pointer"] == pointer
    return problem


def test_a_score_is_answered_by_id(client):
    found = client.get("/v1/customers/C-1042/score").json()
    assert found["churn"]["probability"] == 0.62
    assert found["links"]["self"] == "/v1/customers/C-1042/score"


def test_an_id_may_hold_slashes_blanks_and_accents(client, no_score):
    found = client.get(score_path(no_score.customer_id))
    assert found.status_code == 200
    assert found.json()["customer_id"] == no_score.customer_id
    assert found.json()["available"] is False


def test_an_id_is_found_in_either_unicode_form(client, no_score):
    assert client.get(score_path("new/a\N{COMBINING ACUTE ACCENT} b")).json()["customer_id"] == (
        no_score.customer_id
    )


def test_an_unknown_id_is_a_problem_that_does_not_repeat_it(client):
    answer = client.get("/v1/customers/jan.novak%40example.com/score")
    assert_problem(answer, 404)
    assert "novak" not in answer.text


@pytest.mark.parametrize(
    ("path", "status", "pointer"),
    [
        ("/v1/customers/%00/score", 422, "{customer_id}"),
        ("/v1/customers/%0d%0aX/score", 404, None),
        ("/v1/customers/%ff/score", 422, "{customer_id}"),
        ("/v1/customers//score", 422, "{customer_id}"),
        (f"/v1/customers/{'x' * 201}/score", 422, "{customer_id}"),
        ("/v1/customers/C-1042/score?view=wide", 422, "?view"),
        ("/v1/customers/C-1042/score?veiw=flat", 422, "?veiw"),
        (f"/v1/customers/C-1042/score?lang={'x' * 51}", 422, "?lang"),
        ("/v1/customers/..%2f..%2fetc/score", 404, None),
        ("/v1/customers/a%2Fscore", 404, None),
        ("/v1/customers/C-1042", 404, None),
        ("/v1/customers/C-1042/score/", 404, None),
        ("//v1/models/current", 404, None),
        ("/nowhere", 404, None),
    ],
)
def test_a_bad_path_is_a_problem(client, path, status, pointer):
    assert_problem(client.get(f"http://127.0.0.1{path}"), status, pointer)


@shared_client
@given(st.text(max_size=210))
def test_no_id_makes_the_server_fail(client, customer_id):
    try:
        path = score_path(customer_id)
    except UnicodeEncodeError:  # half a character cannot be sent
        return
    assert client.get(path).status_code in {200, 404, 422}


def test_a_known_score_is_not_sent_again(client):
    first = client.get("/v1/customers/C-1042/score")
    again = client.get(
        "/v1/customers/C-1042/score", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]


def test_a_new_generation_a_view_or_another_customer_changes_the_etag(
    client, state, generation, score
):
    first = client.get("/v1/customers/C-1042/score").headers["etag"]
    flat = client.get("/v1/customers/C-1042/score?view=flat").headers["etag"]
    state.store.publish(generation, [replace(score, churn_probability=0.63)])
    later = client.get("/v1/customers/C-1042/score", headers={"If-None-Match": first})
    assert later.status_code == 200
    assert len({first, flat, later.headers["etag"]}) == 3


@pytest.mark.parametrize("header", ["", ";;;q=,,", "de-AT, fr;q=0.8", "en;q=2", "x" * 5_000, "*"])
def test_any_accepted_language_gets_an_answer(client, header):
    answer = client.get("/v1/customers/C-1042/score", headers={"Accept-Language": header})
    assert answer.headers["content-language"] == "en"
    assert answer.json()["reasons"][0]["lang"] == "en"


def test_the_language_asked_for_is_the_one_of_the_reasons(client):
    path = "/v1/customers/C-1042/score"
    wanted = {"Accept-Language": "en;q=0.2, cs-CZ;q=0.9"}
    for address, language, text in (
        (path, "cs", "Bez objednávky 71 dní; obvykle každých 28 dní."),
        (f"{path}?lang=en", "en", "No order for 71 days; usually every 28 days."),
        (f"{path}?lang=hr", "hr", "Bez narudžbe 71 dan; obično u razmaku od 28 dana."),
        (f"{path}?lang=vi", "vi", "Không có đơn hàng trong 71 ngày; thường cách nhau 28 ngày."),
    ):
        answer = client.get(address, headers=wanted)
        reason = answer.json()["reasons"][0]
        assert (reason["lang"], reason["text"]) == (language, text)
        assert answer.headers["content-language"] == language


def test_a_batch_has_one_result_per_id_in_order(client):
    ids = ["nobody", "C-1042", "new/á b", "C-1042"]
    results = client.post("/v1/scores:batchGet", json={"customer_ids": ids}).json()["results"]
    assert [one["customer_id"] for one in results] == ids
    assert [one["status"] for one in results] == [404, 200, 200, 200]
    assert results[0]["problem"]["type"] == "/docs#unknown-customer"
    assert results[2]["score"]["available"] is False


def test_an_id_asked_for_a_thousand_times_is_looked_up_once(client, monkeypatch):
    looked_up = []

    def spy(self, generation, customer_ids, read=ScoreStore.scores):
        looked_up.extend(customer_ids)
        return read(self, generation, customer_ids)

    monkeypatch.setattr(ScoreStore, "scores", spy)
    ids = ["C-1042"] * 1_000
    results = client.post("/v1/scores:batchGet", json={"customer_ids": ids}).json()["results"]
    assert (len(results), looked_up) == (1_000, ["C-1042"])


def test_a_batch_can_be_flat(client):
    answer = client.post("/v1/scores:batchGet?view=flat", json={"customer_ids": ["C-1042"]})
    assert answer.json()["results"][0]["score"]["regulars_churn_probability"] == 0.62


# What is bad in any body is in test_bad_requests.py.
BAD_BODIES = {
    "no ids": (b"{}", 422, "#/customer_ids"),
    "1e999": (b'{"customer_ids": [1e999]}', 422, "#/customer_ids/0"),
    "a number": (b'{"customer_ids": [1]}', 422, "#/customer_ids/0"),
    "null id": (b'{"customer_ids": [null]}', 422, "#/customer_ids/0"),
    "a text": (b'{"customer_ids": "a"}', 422, "#/customer_ids"),
    "depth 900": (b"[" * 900 + b"]" * 900, 422, "#"),
    "depth 900 with NaN": (b"[" * 900 + b"NaN" + b"]" * 900, 400, None),
    "an empty id": (b'{"customer_ids": [""]}', 422, "#/customer_ids/0"),
    "a long id": (b'{"customer_ids": ["' + b"x" * 201 + b'"]}', 422, "#/customer_ids/0"),
    "an empty list": (b'{"customer_ids": []}', 422, "#/customer_ids"),
    "1,001 ids": (json.dumps({"customer_ids": ["a"] * 1_001}).encode(), 422, "#/customer_ids"),
}


@pytest.mark.parametrize(("body", "status", "pointer"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_a_problem_with_its_place(client, body, status, pointer):
    answer = client.post("/v1/scores:batchGet", content=body, headers=JSON)
    assert_problem(answer, status, pointer)
    assert "example.com" not in answer.text
    assert client.get("/v1/customers/C-1042/score").status_code == 200


def test_only_json_is_accepted_even_where_nothing_is(client):
    assert_problem(client.post("/nowhere", content=b"x", headers={"Content-Type": "text/csv"}), 415)


def test_a_large_body_without_a_length_is_refused_while_it_arrives(client):
    def chunks():
        for _ in range(MAX_BODY_BYTES // 2**20 + 1):
            yield b" " * 2**20

    assert_problem(client.post("/v1/scores:batchGet", content=chunks(), headers=JSON), 413)


def test_bodies_that_arrive_together_are_bounded_together(client, monkeypatch):
    monkeypatch.setattr("serving.api.guard.MAX_ARRIVING_BYTES", 1_000)
    path, body = "/v1/scores:batchGet", b'{"customer_ids": ["a"]}'
    large = client.post(path, content=body + b" " * 1_000, headers=JSON)
    assert_problem(large, 503)
    assert "retry-after" in large.headers
    assert client.post(path, content=body, headers=JSON).status_code == 200


def test_a_history_is_scored_without_being_stored(client, scorer, state):
    body = histories(ORDER, {"timestamp": "2026-06-03", "amount": -5.005, "quantity": 2})
    result = client.post("/v1/scores:predict", json=body).json()["results"][0]
    assert (result["customer_id"], result["status"]) == ("new", 200)
    assert result["score"]["as_of"] == "2026-09-01"
    assert "links" not in result["score"]
    assert scorer.as_of == date(2026, 9, 1)
    assert state.store.scores(1, ["new"]) == {}


@pytest.fixture
def client_with_all_columns(settings, generation, score, scorer, client_of):
    """A client whose business maps every optional column of its file."""
    orders = settings.sources.orders
    columns = orders.columns.model_copy(
        update={"order_id": "order", "product": "article", "quantity": "units"}
    )
    sources = Sources(orders=orders.model_copy(update={"columns": columns}))
    state = ServerState(
        lambda: settings.model_copy(update={"sources": sources}), load_scorer=lambda *_: scorer
    )
    state.store.publish(generation, [score])
    yield client_of(state)
    state.close()


def test_an_order_means_what_it_means_in_a_file(client_with_all_columns, scorer):
    orders = [
        {"timestamp": "2026-05-01T22:30:00Z", "amount": 10.005, "order_id": "a"},
        {"timestamp": "2026-05-01T23:30:00", "amount": "-0.015", "market": "vn", "product": " x "},
        {"timestamp": "2026-05-01", "amount": -0.001, "quantity": -2},
    ]
    body = histories(*orders, customer_id=" e\u0301 ")
    assert client_with_all_columns.post("/v1/scores:predict", json=body).status_code == 200
    rows = scorer.orders.to_pylist()
    assert [row["customer_id"] for row in rows] == ["é"] * 3
    assert [row["day"].isoformat() for row in rows] == ["2026-05-02", "2026-05-01", "2026-05-01"]
    assert [row["occurred_at"] for row in rows] == [
        datetime(2026, 5, 1, 22, 30, tzinfo=UTC),
        datetime(2026, 5, 1, 16, 30, tzinfo=UTC),
        datetime(2026, 4, 30, 22, tzinfo=UTC),
    ]
    assert [row["amount_minor"] for row in rows] == [1000, -2, 0]
    assert [row["kind"] for row in rows] == ["order", "refund", "order"]
    assert [row["market"] for row in rows] == ["cz", "vn", "cz"]
    assert [row["product"] for row in rows] == [None, "x", None]
    assert [row["order_id"] for row in rows] == ["a", None, None]
    assert [row["quantity"] for row in rows] == [None, None, -2]


def test_what_the_file_does_not_have_is_not_read_here_either(client, scorer):
    order = {**ORDER, "order_id": "a", "product": "x", "quantity": 2}
    client.post("/v1/scores:predict", json=histories(order))
    row = scorer.orders.to_pylist()[0]
    assert (row["order_id"], row["product"], row["quantity"]) == (None, None, None)


def test_what_the_model_learned_from_has_to_be_sent(client_with_all_columns):
    body = histories({**ORDER, "product": "x"})
    answer = client_with_all_columns.post("/v1/scores:predict", json=body)
    assert_problem(answer, 422, f"{FIRST_ORDER}/quantity")


def test_blanks_around_an_id_are_those_of_a_file():
    from features.sources import statement, values
    from serving.api import inputs

    assert set(inputs.BLANKS) == set(values._BLANKS)
    assert set(inputs.NO_ID) == set(statement._NO_ID)
    assert inputs.MAX_AMOUNT == values.MAX_AMOUNT


def test_a_repeated_order_is_dropped_as_in_a_file(client, scorer):
    client.post("/v1/scores:predict", json=histories(ORDER, ORDER, {**ORDER, "amount": 1}))
    assert scorer.orders.num_rows == 2


def test_a_prediction_for_another_day_says_so(client, scorer):
    body = histories(ORDER, as_of="2026-05-02")
    score = client.post("/v1/scores:predict", json=body).json()["results"][0]["score"]
    assert (score["as_of"], score["valid_until"]) == ("2026-05-02", "2026-05-09")
    assert scorer.as_of == date(2026, 5, 2)


BAD_ORDERS = {
    "the future": (histories({**ORDER, "timestamp": "2026-09-01"}), f"{FIRST_ORDER}/timestamp"),
    "the future, locally": (
        histories({**ORDER, "timestamp": "2026-08-31T22:30:00Z"}),
        f"{FIRST_ORDER}/timestamp",
    ),
    "no such month": (histories({**ORDER, "timestamp": "2026-13-01"}), f"{FIRST_ORDER}/timestamp"),
    "a local date": (histories({**ORDER, "timestamp": "01/05/2026"}), f"{FIRST_ORDER}/timestamp"),
    "an epoch": (histories({**ORDER, "timestamp": 1777628400}), f"{FIRST_ORDER}/timestamp"),
    "year 0001": (histories({**ORDER, "timestamp": "0001-01-01"}), f"{FIRST_ORDER}/timestamp"),
    "a comma": (histories({**ORDER, "amount": "1,50"}), f"{FIRST_ORDER}/amount"),
    "an exponent as text": (histories({**ORDER, "amount": "1e3"}), f"{FIRST_ORDER}/amount"),
    "no amount": (histories({"timestamp": "2026-05-01"}), f"{FIRST_ORDER}/amount"),
    "true": (histories({**ORDER, "amount": True}), f"{FIRST_ORDER}/amount"),
    "a huge amount": (histories({**ORDER, "amount": 10**12}), f"{FIRST_ORDER}/amount"),
    "a quantity as text": (histories({**ORDER, "quantity": "2"}), f"{FIRST_ORDER}/quantity"),
    "a broken quantity": (histories({**ORDER, "quantity": 2.5}), f"{FIRST_ORDER}/quantity"),
    "an unknown market": (histories({**ORDER, "market": "fr"}), f"{FIRST_ORDER}/market"),
    "an unknown name": (histories({**ORDER, "colour": "red"}), f"{FIRST_ORDER}/colour"),
    "no orders": (histories(), "#/customers/0/orders"),
    "a guest": (histories(ORDER, customer_id=" NULL "), "#/customers/0/customer_id"),
    "a blank id": (histories(ORDER, customer_id=" "), "#/customers/0/customer_id"),
    "a day that is none": (histories(ORDER, as_of="2026-02-30"), "#/as_of"),
    "refunds only": (histories({**ORDER, "amount": -1}), "#/customers/0/orders"),
    "more than all money": (
        histories(
            *[{**ORDER, "amount": 999_999_999_999, "order_id": str(at)} for at in range(46_200)]
        ),
        "#/customers",
    ),
    "no customers": ({"customers": []}, "#/customers"),
    "1,001 customers": (
        {"customers": [{"customer_id": str(at), "orders": [ORDER]} for at in range(1_001)]},
        "#/customers",
    ),
    "a customer twice": ({"customers": histories(ORDER)["customers"] * 2}, "#"),
    "too many orders": (histories(*[ORDER] * 50_001), "#"),
}


@pytest.mark.parametrize(("body", "pointer"), BAD_ORDERS.values(), ids=BAD_ORDERS)
def test_a_bad_order_is_a_problem_with_its_place(client, body, pointer):
    assert_problem(client.post("/v1/scores:predict", json=body), 422, pointer)


@pytest.mark.parametrize("amount", ["1e999", "-1e999999999", "1E+30"])
def test_an_amount_beyond_all_money_is_refused(client, amount):
    text = json.dumps(histories(ORDER)).replace('"49.90"', amount)
    answer = client.post("/v1/scores:predict", content=text, headers=JSON)
    assert_problem(answer, 422, f"{FIRST_ORDER}/amount")


def test_an_amount_next_to_nothing_is_nothing(client, scorer):
    text = json.dumps(histories(ORDER)).replace('"49.90"', "1e-999999999")
    assert client.post("/v1/scores:predict", content=text, headers=JSON).status_code == 200
    assert scorer.orders["amount_minor"].to_pylist() == [0]


@shared_client
@given(any_json)
def test_no_json_makes_the_server_fail(client, content):
    text = json.dumps(content)
    for path in ("/v1/scores:batchGet", "/v1/scores:predict"):
        answer = client.post(path, content=text, headers=JSON)
        assert answer.status_code in {200, 400, 422}


def test_the_model_is_told_with_its_grades(client):
    card = client.get("/v1/models/current").json()
    assert (card["name"], card["version"], card["run_id"]) == ("churn", "17", "run-17")
    assert card["churn"] == {"horizon_days": 90, "definition": "no-order-90d@1"}
    # A grade that could not be computed is left out: NaN is no JSON.
    assert card["quality"] == {"grade": "B", "churn": {"champion": {"auc": 0.76}}}


def test_before_the_first_publication_every_answer_is_503(empty_state, client_of):
    client = client_of(empty_state)
    answers = [
        client.get("/v1/customers/C-1042/score"),
        client.get("/v1/models/current"),
        client.post("/v1/scores:batchGet", json={"customer_ids": ["a"]}),
        client.post("/v1/scores:predict", json=histories(ORDER)),
    ]
    for answer in answers:
        assert_problem(answer, 503)
        assert int(answer.headers["retry-after"]) > 0
    assert not empty_state.ready()


def test_a_store_that_cannot_be_read_is_503_and_not_ready(state, client_of, settings):
    state.store.close()
    for file in settings.workspace.iterdir():
        file.write_bytes(b"no database" * 1_000)
    client = client_of(state)
    assert_problem(client.get("/v1/customers/C-1042/score"), 503)
    assert not state.ready()
    assert "regulars_ready 0.0" in client.get("/metrics").text


def test_a_fault_of_ours_tells_nothing_of_itself(client, monkeypatch, caplog):
    def broken(*_):
        message = "secret C-1042"
        raise RuntimeError(message)

    monkeypatch.setattr(ScoreStore, "scores", broken)
    answer = client.get("/v1/customers/C-1042/score")
    assert_problem(answer, 500)
    assert "secret" not in answer.text
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_metrics_tell_age_and_number_and_no_ids(client):
    client.get("/v1/customers/C-1042/score")
    client.get("/nowhere/C-1042")
    text = client.get("/metrics").text
    assert "regulars_ready 1.0" in text
    assert "regulars_scores_age_seconds 3600.0" in text
    assert "regulars_scores_customers 2.0" in text
    assert 'route="/v1/customers/{customer_id:path}/score",status="200"} 1.0' in text
    assert 'route="none",status="404"} 1.0' in text
    assert "C-1042" not in text


def test_scores_are_never_younger_than_new(state, generation):
    state.store.publish(replace(generation, published_at=datetime(2030, 1, 1, tzinfo=UTC)), [])
    assert state.freshness().age_seconds == 0


def test_routes_of_the_page_stand_beside_the_api(state, client_of):
    def page(_):
        from starlette.responses import PlainTextResponse

        return PlainTextResponse("the page")

    client = client_of(state, extra_routes=[Route("/", page)])
    assert client.get("/").text == "the page"
    assert 'route="page"' in client.get("/metrics").text


@pytest.fixture(scope="session")
def validated():
    """A check of an answer against a shape of the OpenAPI document."""

    def check(client, answer, shape):
        document = client.get("/openapi.json").json()
        schema = {"$ref": f"#/components/schemas/{shape}", "components": document["components"]}
        jsonschema.Draft202012Validator(schema).validate(answer)

    return check


def test_answers_are_as_the_openapi_document_says(client, validated):
    score = client.get("/v1/customers/C-1042/score").json()
    validated(client, score, "ScoreObject")
    validated(client, client.get(score_path("new/á b")).json(), "NoScoreObject")
    validated(client, client.get("/v1/customers/C-1042/score?view=flat").json(), "FlatScore")
    batch = client.post("/v1/scores:batchGet", json={"customer_ids": ["C-1042", "nobody"]})
    validated(client, batch.json(), "Results")
    predicted = client.post("/v1/scores:predict", json=histories(ORDER))
    validated(client, predicted.json(), "Results")
    validated(client, client.get("/v1/models/current").json(), "ModelCard")
    validated(client, client.get("/v1/customers/%00/score").json(), "ProblemBody")
    with pytest.raises(jsonschema.ValidationError, match="customer_id"):
        validated(client, {}, "ScoreObject")


def test_the_page_loads_nothing_from_elsewhere_and_runs_no_script(client):
    page = client.get("/docs")
    assert "script" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    links = [part.split('"')[0] for part in page.text.replace("src=", "href=").split('href="')[1:]]
    assert all(link.startswith("/") for link in links)
    assert client.get("/docs.css").headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("name", ["predictScores", "batchGetScores"])
def test_the_examples_of_the_page_work(client, name):
    command = documentation.EXAMPLES[name]
    body = command.split("-d '")[1].removesuffix("'")
    path = command.split("localhost:3000")[1].split()[0]
    assert client.post(path, content=body, headers=JSON).status_code == 200
