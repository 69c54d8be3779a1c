"""What the server needs from the rest of the product, as Protocols."""

from datetime import date
from typing import Protocol

import pyarrow as pa

from serving.store import Generation, Score


class Scorer(Protocol):
    """A model that scores histories which are not stored."""

    @property
    def generation(self) -> Generation:
        """What all its scores share: model, definition, horizons, currency."""

    def score_orders(self, orders: pa.Table, as_of: date) -> list[Score]:
        """One score for each customer of `orders` (`features.schema.ORDERS`), as of this day."""
