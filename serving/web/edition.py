"""One published generation in one language: what every picture of the page starts from."""

from dataclasses import dataclass
from typing import Any

from features.settings import Settings
from serving.store import Generation
from serving.texts import Texts
from serving.web.links import Links
from serving.web.views import Definition

BANDS = ("high", "medium", "low")  # of churn and of value alike


@dataclass(frozen=True, slots=True)
class Edition:
    """Words, addresses, settings and the generation that a page speaks of."""

    texts: Texts
    links: Links
    settings: Settings
    generation: Generation

    def money(self, value: float) -> str:
        """An amount in the generation's currency."""
        return self.texts.money(value, self.generation.currency)

    def band_range(self, band: str) -> str:
        """Which probabilities belong to a churn band, in words."""
        return self.texts(f"band.{band}.range", **self._facts())

    def definition(self, anchor: str) -> Definition:
        """What the number of this name means, with the figures of this generation in it."""
        texts = self.texts
        name = texts(f"definition.{anchor}.name", **self._facts())
        return Definition(anchor, name, texts(f"definition.{anchor}", **self._facts()))

    def measured(self, *path: str) -> Any:
        """A figure of the generation's quality, or None where it was not measured."""
        found: Any = self.generation.quality
        for key in path:
            found = found.get(key) if isinstance(found, dict) else None
        return found

    def _facts(self) -> dict[str, str]:
        generation, settings, texts = self.generation, self.settings, self.texts
        return {
            "as_of": texts.day(generation.as_of),
            "valid_until": texts.day(generation.valid_until),
            "churn_days": texts.number(generation.churn_horizon_days),
            "value_days": texts.number(generation.value_horizon_days),
            "churn_definition": generation.churn_definition,
            "interval": texts.percent(generation.value_interval),
            "outside": texts.percent((1 - generation.value_interval) / 2),
            "high": texts.percent(settings.bands.high),
            "medium": texts.percent(settings.bands.medium),
            "margin": texts.percent(settings.value.margin),
            "discount": texts.percent(settings.value.discount_rate),
        }
