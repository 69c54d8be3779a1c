"""The batch job: score everybody with the champion and publish the scores as one generation."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from importlib.metadata import version as version_of
from typing import Protocol

from features.errors import ModelRefused
from features.histories import Histories
from features.settings import Settings
from features.user_groups import own_groups
from serving import drift
from serving.calibration import with_counts
from serving.scoring import Compared, Scorer, new_generation
from serving.store import Generation, Overview, ScoreStore, WriteDocument
from training.models.customer_model import CustomerModel
from training.pipeline import horizons_of
from training.registry import fetch_champion

log = logging.getLogger(__name__)


Parts = Callable[[], Iterable[Histories]]
"""Gives the histories of all customers part by part, as often as asked, always the same parts."""


class Watching(Protocol):
    """Told the name of each step when it starts, and how much of it is done."""

    def __call__(self, name: str) -> None:
        """A step starts."""

    def share(self, share: float) -> None:
        """So much of the step is done, from 0 to 1."""


class Unwatched:
    """Nobody is told."""

    def __call__(self, name: str) -> None:
        """Nothing."""

    def share(self, share: float) -> None:
        """Nothing."""


UNWATCHED = Unwatched()


@dataclass(frozen=True, slots=True)
class Customers:
    """The customers to score, and the name of their histories."""

    parts: Parts
    histories: str


@dataclass(frozen=True, slots=True)
class Published:
    """A published generation and its sums."""

    generation: Generation
    overview: Overview


def score_and_publish(
    settings: Settings,
    customers: Customers,
    *,
    as_of: date,
    published_at: datetime,
    document: WriteDocument | None = None,
    progress: Watching = UNWATCHED,
) -> Published:
    """Scores of every customer as of this day, published at once.

    Customers are gone through twice, a part at a time: once for the numbers that make scores
    comparable, once for scores and reasons. The second goes on where a run of the same work was cut
    off. Raises NotReady without a champion or while others publish, ModelRefused for a model that
    is damaged or does not fit.
    """
    progress("champion")
    model, version = fetch_champion(settings.workspace, own_groups(settings.features.files))
    _require_same_horizons(settings, model)
    generation = new_generation(
        settings,
        version,
        as_of=as_of,
        published_at=published_at,
        histories=customers.histories,
        quality=dict(model.facts.quality),
    )
    progress("comparing")
    scorer = Scorer(settings, model, generation)
    compared, parts_count = _compared(scorer, customers.parts, as_of)
    scales, quality = compared.scales, with_counts(generation.quality, compared.customers)
    quality[drift.KEY] = compared.drift.to_dict()
    generation = replace(generation, scales=scales.to_dict(), quality=quality)
    progress("scores")
    store = ScoreStore.of(settings)
    try:
        work = _work(settings, generation)
        with store.publication(generation, work=work, document=document) as draft:
            for number, part in enumerate(customers.parts()):
                if number not in draft.staged:
                    draft.stage(number, scorer.score(part, as_of, scales)[0])
                progress.share((number + 1) / parts_count)
            published = store.finish(draft)
        overview = store.overview(published)
    finally:
        store.close()
    log.info("published %d scores as generation %d", overview.customers_count, published)
    return Published(replace(generation, generation=published), overview)


def _compared(scorer: Scorer, parts: Parts, as_of: date) -> tuple[Compared, int]:
    """What is known of all customers together, and the number of parts."""
    count = 0

    def counted() -> Iterable[Histories]:
        nonlocal count
        for part in parts():
            count += 1
            yield part

    return scorer.compared(counted(), as_of), count


def _work(settings: Settings, generation: Generation) -> str:
    """A digest of all that decides the scores: runs of the same work give the same rows."""
    made_from = asdict(generation) | {"published_at": None}
    told = [version_of("regulars"), settings.model_dump_json(), made_from]
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


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
