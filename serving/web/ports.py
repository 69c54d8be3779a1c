"""What the page needs from the server, as a Protocol."""

from typing import Protocol

import pyarrow as pa

from features.settings import Settings
from serving.store import ScoreStore


class PageState(Protocol):
    """Scores, settings and order days; safe to use from several threads."""

    @property
    def store(self) -> ScoreStore:
        """The published scores."""

    @property
    def settings(self) -> Settings:
        """The settings of the business."""

    def customer_tiles(self, customer_id: str) -> pa.Table | None:
        """The customer's day tiles (those of orders), or None where none are kept."""
