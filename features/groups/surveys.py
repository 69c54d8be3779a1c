"""What the customer says: scores of surveys, without reading the text."""

import numpy as np

from features.declarations import Floats, Ints, Measure, Source, divided
from features.kernel import AsOf

surveys = Source("surveys")

_SCORED = "score_hundredths IS NOT NULL"

ANSWERS = surveys.count("survey_answers")
ANSWER_DAYS = surveys.days("survey_days")
NPS_SUM = surveys.total("nps_sum", "score_hundredths", "kind = 'nps'", needs=("score_hundredths",))
NPS_COUNT = surveys.count("nps_count", f"kind = 'nps' AND {_SCORED}", needs=("score_hundredths",))
NPS_DAYS = surveys.days("nps_days", f"kind = 'nps' AND {_SCORED}", needs=("score_hundredths",))
CSAT_SUM = surveys.total(
    "csat_sum", "score_hundredths", "kind = 'csat'", needs=("score_hundredths",)
)
CSAT_COUNT = surveys.count(
    "csat_count", f"kind = 'csat' AND {_SCORED}", needs=("score_hundredths",)
)
CSAT_DAYS = surveys.days("csat_days", f"kind = 'csat' AND {_SCORED}", needs=("score_hundredths",))
COMMENTS = surveys.count("survey_comments", "comment IS NOT NULL", needs=("comment",))


@surveys.windowed(over=(365,))
def survey_answers_count(known: AsOf, window_days: int | None) -> Ints:
    """Answers to surveys."""
    return known.total(ANSWERS, window_days)


@surveys.feature()
def last_survey_days(known: AsOf) -> Floats:
    """Days from the last answer to the cutoff."""
    return known.days_since_last(ANSWER_DAYS)


@surveys.feature(needs=("score_hundredths",))
def last_nps_score(known: AsOf) -> Floats:
    """Last answer to whether the customer would recommend the business, 0 to 10."""
    return _mean_of_last_day(known, NPS_DAYS, NPS_SUM, NPS_COUNT)


@surveys.feature(needs=("score_hundredths",))
def mean_nps_score(known: AsOf) -> Floats:
    """Mean answer to whether the customer would recommend the business, 0 to 10."""
    return divided(known.total(NPS_SUM) / 100, known.total(NPS_COUNT))


@surveys.feature(needs=("score_hundredths",))
def nps_change_score(known: AsOf) -> Floats:
    """Last answer to the recommendation question, less the mean of all."""
    return np.subtract(last_nps_score.compute(known), mean_nps_score.compute(known))


@surveys.feature(needs=("score_hundredths",))
def last_csat_score(known: AsOf) -> Floats:
    """Last satisfaction score, on the survey's own scale."""
    return _mean_of_last_day(known, CSAT_DAYS, CSAT_SUM, CSAT_COUNT)


@surveys.feature(needs=("score_hundredths",))
def mean_csat_score(known: AsOf) -> Floats:
    """Mean satisfaction score, on the survey's own scale."""
    return divided(known.total(CSAT_SUM) / 100, known.total(CSAT_COUNT))


@surveys.feature(needs=("score_hundredths",))
def csat_change_score(known: AsOf) -> Floats:
    """Last satisfaction score, less the mean of all."""
    return np.subtract(last_csat_score.compute(known), mean_csat_score.compute(known))


@surveys.feature(needs=("comment",))
def survey_comments_count(known: AsOf) -> Ints:
    """Answers with a text of the customer's own."""
    return known.total(COMMENTS)


def _mean_of_last_day(known: AsOf, days: Measure, total: Measure, count: Measure) -> Floats:
    return divided(known.last(days, total) / 100, known.last(days, count))
