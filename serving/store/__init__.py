"""The score store: whole generations of scores in SQLite, or PostgreSQL by changing one address.

Read `shapes` first, then `tables`, `rows`, `publication`, `reading`, `history`, `journal`;
`score_store` puts them together. A reader sees the old generation or the new one, never a mix.
"""

from serving.store.history import change
from serving.store.journal import Journal
from serving.store.publication import BAND_CHANGED, KEPT_GENERATIONS, Publication
from serving.store.rows import WriteDocument
from serving.store.score_store import ScoreStore
from serving.store.shapes import (
    MOST_REASONS,
    Cell,
    Change,
    Changed,
    Generation,
    JournalEvent,
    Overview,
    PastScore,
    Reason,
    Score,
)

__all__ = [
    "BAND_CHANGED",
    "KEPT_GENERATIONS",
    "MOST_REASONS",
    "Cell",
    "Change",
    "Changed",
    "Generation",
    "Journal",
    "JournalEvent",
    "Overview",
    "PastScore",
    "Publication",
    "Reason",
    "Score",
    "ScoreStore",
    "WriteDocument",
    "change",
]
