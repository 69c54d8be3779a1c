"""What a server holds: the settings, the score store and, once asked for, the model.

Nothing is opened before it is needed, so that importing the server touches no file, and a store
that is away makes the server not ready instead of dead.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.exc import SQLAlchemyError

from features.errors import NotReady, RegularsError
from features.settings import Settings
from features.store.histories import Stored, read
from serving.business import settings_from_environment
from serving.ports import Scorer
from serving.store import Generation, Overview, ScoreStore

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the published scores are, what they share and what they add up to."""

    age_seconds: float
    generation: Generation
    overview: Overview


def utc_now() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


def champion_scorer(settings: Settings, generation: Generation) -> Scorer:
    """The scorer of the champion in the workspace. Raises NotReady if there is none."""
    from serving import scoring  # the model's libraries are heavy; reading scores needs none

    return scoring.load_scorer(settings, generation)


class ServerState:
    """Everything that answers come from; safe to use from several threads."""

    def __init__(
        self,
        read_settings: Callable[[], Settings] = settings_from_environment,
        *,
        load_scorer: Callable[[Settings, Generation], Scorer] = champion_scorer,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Remember how to open each part."""
        self._read_settings = read_settings
        self._load_scorer = load_scorer
        self.clock = clock
        self._loading = threading.Lock()
        self._scorer: tuple[int, Scorer] | None = None
        self._counted: tuple[int, Overview] | None = None
        self._stored: Stored | None = None

    @cached_property
    def settings(self) -> Settings:
        """The settings of the business. Raises SettingsError."""
        return self._read_settings()

    @cached_property
    def store(self) -> ScoreStore:
        """The score store of the business."""
        return ScoreStore.of(self.settings)

    @property
    def histories_folder(self) -> Path:
        """Where the histories are published; `features.stored.load` reads it."""
        return self.settings.workspace / "histories"

    def generation(self) -> Generation:
        """The published generation that a request answers from. Raises NotReady."""
        try:
            current = self.store.current()
        except OSError as error:
            message = "The workspace cannot be opened."
            raise NotReady(message) from error
        if current is None:
            message = "No scores are published yet. Publish some with: regulars score"
            raise NotReady(message)
        return current

    def scorer(self, generation: Generation) -> Scorer:
        """The champion's scorer, loaded anew when scores of another generation are published."""
        with self._loading:
            if self._scorer is None or self._scorer[0] != generation.generation:
                self._scorer = (generation.generation, self._load_scorer(self.settings, generation))
            return self._scorer[1]

    def warm_up(self) -> None:
        """Load the model before the first prediction waits for it; without scores do nothing."""
        try:
            self.scorer(self.generation())
        except (RegularsError, SQLAlchemyError) as error:
            log.warning("no model to predict with yet: %s", type(error).__name__)

    def customer_tiles(self, customer_id: str) -> pa.Table | None:
        """The customer's day tiles that the published scores were made from; None if none are kept.

        Raises DamagedStore if they cannot be read.
        """
        generation = self.generation()
        try:
            stored = read(self.histories_folder)
        except NotReady:
            return None
        if self._stored is None or self._stored.name != stored.name:
            # Files are checked once: the same object serves all customers of a generation.
            self._stored = stored
        tiles = self._stored.tiles_of(customer_id)["orders"]
        before = tiles.filter(pc.less(tiles["day"], pa.scalar(generation.as_of)))
        return before if before.num_rows else None

    def ready(self) -> bool:
        """Whether a published generation can be read right now."""
        return self.freshness() is not None

    def freshness(self) -> Freshness | None:
        """Age and sums of the published scores; None if there are none or they cannot be read."""
        try:
            current = self.generation()
            if self._counted is None or self._counted[0] != current.generation:
                self._counted = (current.generation, self.store.overview(current.generation))
        except (RegularsError, SQLAlchemyError):
            return None
        age = (self.clock() - current.published_at).total_seconds()
        return Freshness(
            # A clock set back must not make scores look newer than new.
            age_seconds=max(age, 0.0),
            generation=current,
            overview=self._counted[1],
        )

    def refused_rows(self) -> dict[tuple[str, str], int]:
        """How many rows of the files read last were refused, by table and code."""
        try:
            seen = read(self.histories_folder).facts.get("seen", {})
        except (RegularsError, OSError):
            return {}
        return {
            (table, code): count
            for table, one in seen.items()
            for code, count in one["account"]["refused_by_code"].items()
        }

    def close(self) -> None:
        """Give the store's connections back."""
        if "store" in self.__dict__:
            self.store.close()
