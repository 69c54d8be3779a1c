"""The batch job: score everybody with the champion and publish the scores as one generation."""

import logging
from dataclasses import dataclass, replace
from datetime import date, datetime

from features.histories import Histories
from features.settings import Settings
from serving.scoring import Scorer, new_generation
from serving.store import Generation, Overview, ScoreStore
from training.models.customer_model import Progress, no_progress
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
    model, version = fetch_champion(settings.workspace)
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
    store = ScoreStore.embedded(settings.workspace)
    try:
        number = store.publish(generation, scores)
        overview = store.overview(number)
    finally:
        store.close()
    log.info("published %d scores as generation %d", len(scores), number)
    return Published(replace(generation, generation=number), overview)
