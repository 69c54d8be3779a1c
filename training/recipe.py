"""What makes two models the same recipe on different data, and what differs if they are not."""

import json

from training.models.customer_model import ModelFacts

RECIPE = "anchored-boosting@2"
"""The name of how models are made. Whoever changes what `training/models/` learns raises the
number: then the next version has to show that it is better, before it becomes champion."""

Recipe = dict[str, str]
"""What a model was made by, other than its data; words by name."""


def recipe_of(facts: ModelFacts, name: str = RECIPE) -> Recipe:
    """The recipe of a model: how it learns, from which features, towards what, with which seed."""
    horizons = facts.horizons
    grace = "" if horizons.grace_days is None else f", {horizons.grace_days} days of grace"
    return {
        "models": name,
        "features": facts.catalogue_version,
        "churn": f"{horizons.churn_days} days{grace}",
        "value": f"{horizons.value_days} days, interval {horizons.interval}",
        "trees": json.dumps(facts.trees, sort_keys=True),
        "seed": str(facts.seed),
    }


def changed_parts(new: Recipe, old: Recipe) -> list[str]:
    """The names of the parts in which two recipes differ.

    >>> changed_parts({"models": "a@2", "seed": "1"}, {"models": "a@1", "seed": "1"})
    ['models']
    """
    return [name for name in new if new[name] != old.get(name)]
