"""History, feed and journal over HTTP."""

from dataclasses import replace
from datetime import timedelta

import jsonschema
import pytest

from serving.api.cursors import cursor_of
from serving.api.lookups import Look, get_score, ready_answer

PATH = "/v1/customers/C-1042/score"


@pytest.fixture
def republished(state, generation, score, no_score):
    """The state after a second publication, a week later: high risk became low."""
    later = replace(generation, published_at=generation.published_at + timedelta(days=7))
    low = replace(score, churn_probability=0.12, band="low", reasons=())
    state.store.publish(later, [low, no_score])
    return state


def problem(answer, status, kind, pointer=None):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/docs#{kind}"
    if pointer:
        assert answer.json()["errors"][0]["pointer"] == pointer


def pages(client, path, **asked):
    found = []
    while True:
        page = client.get(path, params=asked).json()
        found.append(page)
        if not page["paging"]["more"]:
            return found
        asked["after"] = page["paging"]["next"]["after"]


def test_the_score_names_where_its_history_is(client):
    link = client.get(PATH).json()["links"]["history"]
    assert link == f"{PATH}/history"
    assert client.get(link).status_code == 200


def test_a_history_tells_what_changed(client_of, republished):
    first, second = client_of(republished).get(f"{PATH}/history").json()["entries"]
    assert first["changed"] == {
        "probability_delta": -0.5,
        "band_before": "high",
        "band_after": "low",
        "reasons_appeared": [],
        "reasons_disappeared": ["silence.own", "money"],
        "model_changed": False,
        "definition_changed": False,
    }
    assert second["cltv"] == {"amount": "184.20", "currency": "EUR"}
    assert second["reasons"][0] == {"code": "silence.own", "direction": "raises"}
    assert "changed" not in second


def test_pages_of_a_history_are_the_history(client_of, republished):
    client = client_of(republished)
    whole = client.get(f"{PATH}/history").json()["entries"]
    paged = pages(client, f"{PATH}/history", limit=1)
    assert [page["entries"] for page in paged] == [[entry] for entry in whole]
    assert "next" not in paged[-1]["paging"]


def test_an_id_with_a_slash_has_a_history(client, no_score):
    link = client.get("/v1/customers/new%2F%C3%A1%20b/score").json()["links"]["history"]
    found = client.get(link).json()
    assert found["customer_id"] == no_score.customer_id
    assert found["entries"][0]["reason"] == "too_little_history"


def test_an_unknown_id_has_no_history(client):
    problem(client.get("/v1/customers/nobody/score/history"), 404, "unknown-customer")
    problem(client.get("/v1/customers/a%2Fscore/history"), 404, "no-such-route")


def test_the_feed_pages_through_all_and_then_waits_for_changes(client_of, republished, no_score):
    client = client_of(republished)
    paged = pages(client, "/v1/scores", limit=1)
    found = [page["scores"][0]["customer_id"] for page in paged]
    assert found == [no_score.customer_id, "C-1042"]
    last = paged[-1]["paging"]["next"]["after"]
    idle = client.get("/v1/scores", params={"after": last}).json()
    assert idle == {"scores": [], "paging": {"more": False, "next": {"after": last}}}


def test_the_feed_goes_on_behind_its_last_cursor_after_a_publication(client, republished, state):
    last = pages(client, "/v1/scores")[-1]["paging"]["next"]["after"]
    current = state.store.current()
    known = state.store.scores(current.generation, ["C-1042"])["C-1042"]
    state.store.publish(current, [replace(known, cltv=1.0)])
    found = client.get("/v1/scores", params={"after": last}).json()["scores"]
    assert [one["cltv"]["amount"] for one in found] == ["1.00"]


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"changed_since": "2026-09-01T04:00:00Z"}, ["C-1042"]),
        ({"changed_since": "2026-09-08T06:00:00+02:00"}, []),
        ({"changed_since": "2026-08-01"}, ["new/á b", "C-1042"]),
        ({"band": "low"}, ["C-1042"]),
        ({"band": "high"}, []),
        ({"market": "vn"}, []),
    ],
    ids=str,
)
def test_the_feed_gives_what_is_asked(client_of, republished, asked, ids):
    found = client_of(republished).get("/v1/scores", params=asked).json()["scores"]
    assert [one["customer_id"] for one in found] == ids


def test_the_feed_can_be_flat(client):
    found = client.get("/v1/scores", params={"view": "flat", "band": "high"}).json()["scores"]
    assert found[0]["regulars_churn_band"] == "high"


@pytest.mark.parametrize("path", ["/v1/scores", "/v1/journal", f"{PATH}/history"])
@pytest.mark.parametrize(
    "cursor",
    ["", "x", "ä", "AAAA", "!" * 10, cursor_of("other", 1), cursor_of("scores", "a", 1, "x", 2),
     cursor_of("journal", "1"), cursor_of("history", None), cursor_of("scores", None, None, 1, "C")[:-2]],
    ids=str,
)  # fmt: skip
def test_a_bad_cursor_is_a_problem(client, path, cursor):
    problem(client.get(path, params={"after": cursor}), 400, "bad-cursor", "?after")


def test_a_cursor_of_other_filters_is_a_problem(client):
    after = client.get("/v1/scores", params={"band": "high"}).json()["paging"]["next"]["after"]
    problem(client.get("/v1/scores", params={"after": after}), 400, "bad-cursor", "?after")


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("scores?changed_since=yesterday", "?changed_since"),
        ("scores?band=extreme", "?band"),
        ("scores?limit=0", "?limit"),
        ("scores?limit=501", "?limit"),
        ("scores?limit=1e2", "?limit"),
        ("scores?since=2026-09-01", "?since"),
        ("journal?limit=1001", "?limit"),
        (f"journal?after={'x' * 2001}", "?after"),
        ("customers/C-1042/score/history?limit=101", "?limit"),
    ],
)
def test_what_breaks_the_contract_is_a_problem_with_its_place(client, query, pointer):
    problem(client.get(f"/v1/{query}"), 422, "invalid-request", pointer)


def test_the_journal_tells_who_changed_band(client_of, republished):
    found = client_of(republished).get("/v1/journal").json()
    assert found["events"] == [
        {
            "id": "evt_1",
            "type": "score.band_changed",
            "timestamp": "2026-09-08T04:00:00+00:00",
            "data": {
                "customer_id": "C-1042",
                "link": PATH,
                "before": "high",
                "after": "low",
                "as_of": "2026-09-01",
            },
        }
    ]


def test_a_reader_of_the_journal_is_told_that_events_are_gone(client, state, generation, score):
    after = client.get("/v1/journal").json()["paging"]["next"]["after"]
    for week in range(0, 60, 10):
        at = generation.published_at + timedelta(weeks=week)
        banded = replace(score, band="low" if week % 20 else "high")
        state.store.publish(replace(generation, published_at=at), [banded])
    problem(client.get("/v1/journal", params={"after": after}), 410, "events-gone")
    assert len(client.get("/v1/journal").json()["events"]) == 2


def test_the_ready_answer_is_the_one_that_would_be_made_now(client, state, generation, score):
    made = client.get(PATH)
    state.store.publish(generation, [score], document=ready_answer)
    ready = client.get(PATH)
    assert ready.content == made.content
    of_answer = ("cache-control", "content-language", "content-type", "etag", "vary")
    assert [ready.headers[name] for name in of_answer] == [made.headers[name] for name in of_answer]
    assert ready.json() == get_score(state, "C-1042", Look())
    again = client.get(PATH, headers={"If-None-Match": ready.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_ready_answer_is_for_the_default_view_alone(client, state, generation, score):
    state.store.publish(generation, [score], document=lambda *_: (b'"ready"', '"r"'))
    assert client.get(PATH).json() == "ready"
    assert client.get(PATH).headers["etag"] == '"r"'
    flat = client.get(PATH, params={"view": "flat"}).json()
    assert flat["regulars_customer_id"] == "C-1042"


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/v1/scores", "ScoresPage"),
        ("/v1/journal", "JournalPage"),
        (f"{PATH}/history", "HistoryPage"),
    ],
)
def test_answers_are_what_the_openapi_document_says(client_of, republished, path, schema):
    client = client_of(republished)
    document = client.get("/openapi.json").json()
    asked = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    jsonschema.validate(client.get(path).json(), asked)
