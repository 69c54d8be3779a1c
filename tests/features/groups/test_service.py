"""Tickets and surveys, counted by hand."""

from math import nan

from events import ada, counted_by_hand, day_number

from features.groups import surveys, tickets
from features.word_codes import code_of

TICKETS = [
    {"age": 400, "kind": "opened"},
    {"age": 380, "kind": "closed", "opened_day": day_number(400), "score_hundredths": 200},
    {"age": 80, "kind": "opened"},
    {"age": 70, "kind": "closed", "opened_day": day_number(80), "score_hundredths": 500},
    {"age": 60, "kind": "opened"},
    {"age": 56, "kind": "closed", "opened_day": day_number(60)},
    {"age": 20, "kind": "opened"},
    {"age": 10, "kind": "opened", "topic": "bill", "priority": "high"},
]
SURVEYS = [
    {"age": 500, "kind": "nps", "score_hundredths": 900},
    {"age": 200, "kind": "nps", "score_hundredths": 700, "comment": "fine"},
    {"age": 30, "kind": "nps", "score_hundredths": 300},
    {"age": 30, "kind": "nps", "score_hundredths": 400},
    {"age": 20, "kind": "nps", "comment": "no number"},
    {"age": 100, "kind": "csat", "score_hundredths": 450},
    {"age": 15, "kind": "csat", "score_hundredths": 250},
    {"age": 12, "kind": "other", "score_hundredths": 100},
]


def test_tickets():
    expected = {
        "tickets_30d_count": 2,
        "tickets_90d_count": 4,
        "tickets_365d_count": 4,
        "tickets_count": 5,
        "last_ticket_days": 10,
        "tickets_open_count": 2,
        "tickets_open_age_days": 15,
        "ticket_resolution_365d_days": 7,
        "ticket_resolution_days": 34 / 3,
        "ticket_satisfaction_365d_score": 5,
        "ticket_satisfaction_score": 3.5,
        "last_ticket_topic_code": code_of("bill"),
        "last_ticket_priority_code": code_of("high"),
    }
    counted_by_hand(ada(tickets=TICKETS), tickets, expected)


def test_who_never_complained():
    row = ada(tickets=[{"customer_id": "bob", **one} for one in TICKETS])
    mine = [name for name in row.index if "ticket" in name]
    counted_by_hand(row, tickets, {name: 0 if name.endswith("count") else nan for name in mine})


def test_surveys():
    expected = {
        "survey_answers_365d_count": 7,
        "survey_answers_count": 8,
        "last_survey_days": 12,
        "last_nps_score": 3.5,
        "mean_nps_score": 23 / 4,
        "nps_change_score": 3.5 - 23 / 4,
        "last_csat_score": 2.5,
        "mean_csat_score": 3.5,
        "csat_change_score": -1.0,
        "survey_comments_count": 2,
    }
    counted_by_hand(ada(surveys=SURVEYS), surveys, expected)


def test_who_never_answered():
    row = ada(surveys=[{"customer_id": "bob", **one} for one in SURVEYS])
    mine = [name for name in row.index if any(one in name for one in ("survey", "nps", "csat"))]
    counted_by_hand(row, surveys, {name: 0 if name.endswith("count") else nan for name in mine})
