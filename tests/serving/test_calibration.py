"""What a score says of the calibration where its customer is."""

from dataclasses import replace

import pytest

from serving.api.score_object import flat_score, score_object
from serving.calibration import NOT_CALIBRATED, calibration_sentences, mark_of, with_counts
from serving.texts import texts_of


def quality(whole="ok", **markets):
    """Marks of these states, as training writes them."""
    return {
        "grade": "B",
        "calibration": {
            "rule": {
                "flagged_over": 0.05,
                "withheld_over": 0.2,
                "min_customers": 200,
                "error_share": 0.05,
            },
            "cutoff": "2026-06-03",
            "checked_on": "2026-08-31",
            "all": {"state": whole},
            "markets": {name: {"state": state} for name, state in markets.items()},
        },
    }


@pytest.mark.parametrize(
    ("whole", "market", "scope", "ok"),
    [
        ("flagged", "ok", "market", True),
        ("ok", "flagged", "market", False),
        ("ok", "unchecked", "all", True),
        ("flagged", "unchecked", "all", False),
        ("unchecked", "unchecked", "none", False),
    ],
)
def test_a_score_says_where_its_calibration_was_checked(
    score, generation, whole, market, scope, ok
):
    known = replace(generation, quality=quality(whole, cz=market))
    told = {"scope": scope, "checked_on": "2026-08-31", "ok": ok}
    assert score_object(score, known)["churn"]["calibration"] == told
    flat = flat_score(score, known)
    names = {part: f"regulars_churn_calibration_{part}" for part in told}
    assert {part: flat[name] for part, name in names.items()} == told


def test_a_market_that_came_later_takes_the_mark_of_the_whole():
    mark = mark_of(quality("withheld", cz="ok"), "vn")
    assert (mark.scope, mark.is_withheld) == ("all", True)


def test_the_scores_of_a_model_without_marks_say_nothing_of_calibration(score, generation):
    assert "calibration" not in score_object(score, generation)["churn"]
    assert flat_score(score, generation)["regulars_churn_calibration_ok"] is None
    assert with_counts(generation.quality, {"cz": 1}) == generation.quality
    assert calibration_sentences(generation.quality, texts_of("en")) == ()


def test_a_withheld_customer_has_a_reason_and_no_number(no_score, generation):
    known = replace(generation, quality=quality(cz="withheld"))
    found = score_object(replace(no_score, unavailable_reason=NOT_CALIBRATED), known)
    assert (found["available"], found["reason"]) == (False, "model_not_calibrated_for_market")
    assert not {"churn", "cltv", "reasons"} & set(found)
    assert flat_score(replace(no_score, unavailable_reason=NOT_CALIBRATED), known)[
        "regulars_churn_calibration_ok"
    ] is None  # fmt: skip


def test_sentences_count_the_customers_whom_a_mark_concerns():
    told = with_counts(quality(cz="flagged", vn="withheld", us="ok"), {"cz": 1, "us": 9, "vn": 1})
    counts = told["calibration"]["customers"]
    assert counts == {"flagged": {"cz": 1}, "withheld": {"vn": 1}}
    assert calibration_sentences(told, texts_of("en")) == (
        "In cz the probabilities were off by more than 5% on the hold-out: for 1 customer there, "
        "read them as a ranking.",
        "In vn the probabilities were off by more than 20% on the hold-out, too far to be shown: "
        "1 customer there has no score.",
    )


def test_nothing_is_said_where_no_market_is_off():
    told = with_counts(quality(cz="ok"), {"cz": 1})
    assert calibration_sentences(told, texts_of("en")) == ()


def test_the_current_model_tells_its_marks(empty_state, client_of, score, generation):
    known = replace(generation, quality=with_counts(quality(cz="flagged"), {"cz": 1}))
    empty_state.store.publish(known, [score])
    card = client_of(empty_state).get("/v1/models/current").json()
    assert card["calibration"]["markets"] == {"cz": {"state": "flagged"}}
    assert card["calibration"]["customers"]["flagged"] == {"cz": 1}
    assert card["calibration"]["checked_on"] == "2026-08-31"
    assert "calibration" not in card["quality"]


def test_the_current_model_of_an_earlier_version_has_no_marks(client):
    assert "calibration" not in client.get("/v1/models/current").json()


def test_openapi_describes_the_marks(client):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert set(schemas["Calibration"]["properties"]) == {"scope", "checked_on", "ok"}
    assert "model_not_calibrated_for_market" in schemas["NoScoreObject"]["description"]
