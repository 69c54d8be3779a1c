"""The batch job: score everybody with the champion and publish the scores as one generation."""

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime

from features.errors import ModelRefused
from features.histories import Histories
from features.settings import Settings
from serving.scoring import Scorer, new_generation
from serving.store import Generation, Overview, ScoreStore
from training.models.customer_model import CustomerModel, Progress, no_progress
from training.pipeline import horizons_of
from training.registry import fetch_champion

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """A published generation and its sums."""

    generation: Generation
    overview: Overview


def score_and_publish(
    settings: Settings,
    histories: Histories,
    histories_name: str,
    *,
    as_of: date,
    published_at: datetime,
    progress: Progress = no_progress,
) -> Published:
    """Scores of every customer as of this day, published at once.

    Raises NotReady without a champion, ModelRefused for one that is damaged or does not fit.
    """
    progress("champion")
    model, version = fetch_champion(settings.workspace, histories.shape.groups)
    _require_same_horizons(settings, model)
    generation = new_generation(
        settings,
        version,
        as_of=as_of,
        published_at=published_at,
        histories=histories_name,
        quality=dict(model.facts.quality),
    )
    progress("scores")
    scores, scales = Scorer(settings, model, generation).score(histories, as_of)
    generation = replace(generation, scales=scales.to_dict())
    progress("publication")
    store = ScoreStore.of(settings)
    try:
        number = store.publish(generation, scores)
        overview = store.overview(number)
    finally:
        store.close()
    log.info("published %d scores as generation %d", len(scores), number)
    return Published(replace(generation, generation=number), overview)


def _require_same_horizons(settings: Settings, model: CustomerModel) -> None:
    """Nothing, if the model answers what the settings ask now; else ModelRefused."""
    asked, answers = horizons_of(settings), model.facts.horizons
    if asked != answers:
        message = (
            f"The champion answers for churn in {answers.churn_days} days and value in "
            f"{answers.value_days} (interval {answers.interval:.0%}); the settings ask for "
            f"{asked.churn_days} and {asked.value_days} (interval {asked.interval:.0%}), or for "
            "another definition of churn. Train again with: regulars train"
        )
        raise ModelRefused(message)
