"""The customers to score, counted part by part beside those whom the model learned from."""

import pandas as pd

from features.declarations import Floats
from features.drift import Distribution, Moved
from serving.drift import Drift
from training.models.customer_model import ModelFacts
from training.reference import CHURN_PROBABILITY

SAMPLED_ROWS = 10_000  # of each part: enough for shares of tenths, at a fraction of the work


class Comparison:
    """Customers who have not churned; whom the model learned from, it says itself."""

    def __init__(self, facts: ModelFacts) -> None:
        """Nobody is counted; models of earlier versions say nothing to compare with."""
        self._learned_until = facts.as_of
        read = {name: Distribution.from_dict(one) for name, one in facts.reference.items()}
        self._moved = Moved(read)
        self._features = [name for name in read if name != CHURN_PROBABILITY]

    def add_features(self, rows: pd.DataFrame) -> None:
        """Count a sample of these rows, taken evenly."""
        some = rows.iloc[:: max(len(rows) // SAMPLED_ROWS, 1)]
        for name in self._features:
            self._moved.add(name, some[name].to_numpy(dtype=float))

    def add_scores(self, probabilities: Floats) -> None:
        """Count these churn probabilities."""
        if CHURN_PROBABILITY in self._moved.names:
            self._moved.add(CHURN_PROBABILITY, probabilities)

    def drift(self, *, is_whole: bool) -> Drift:
        """What was found; the model's answers are not compared unless all of them were shown."""
        found = self._moved.indices()
        of_scores = found.pop(CHURN_PROBABILITY, None)
        return Drift(self._learned_until, of_scores if is_whole else None, found)
