"""The score store as others use it: read, publish, look back, follow."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from sqlalchemy import URL, func, select

from features.settings import Settings
from serving.database import FILE_NAME, Database, address_of
from serving.store.history import past_scores
from serving.store.journal import Journal
from serving.store.publication import Publication, in_parts, publication
from serving.store.reading import ScoreReader
from serving.store.rows import WriteDocument
from serving.store.shapes import Generation, PastScore, Score
from serving.store.tables import GENERATIONS, METADATA

HISTORY_MONTHS = 24
DAYS_PER_MONTH = 365.25 / 12


class ScoreStore(ScoreReader):
    """Reads and publishes generations of scores at one database address."""

    def __init__(self, address: str | URL, *, history_months: int = HISTORY_MONTHS) -> None:
        """Open (and create where new) the store at an SQLAlchemy address.

        Raises DamagedStore, NotReady if the database does not answer, or SettingsError.
        """
        super().__init__(Database(address, METADATA))
        self.journal = Journal(self._database)
        self._history = timedelta(days=history_months * DAYS_PER_MONTH)

    @classmethod
    def embedded(cls, workspace: Path, *, history_months: int = HISTORY_MONTHS) -> Self:
        """The SQLite store of a workspace folder."""
        workspace.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{workspace / FILE_NAME}", history_months=history_months)

    @classmethod
    def of(cls, settings: Settings, environment: Mapping[str, str] = os.environ) -> Self:
        """The store of a business: where its settings say, else in its workspace."""
        months = settings.store.history_months
        if settings.store.address is None:
            return cls.embedded(settings.workspace, history_months=months)
        return cls(address_of(settings, environment), history_months=months)

    @contextmanager
    def publication(
        self, generation: Generation, *, work: str = "", document: WriteDocument | None = None
    ) -> Iterator[Publication]:
        """A publication to stage scores in, part by part, and then to finish with `finish`.

        One of the same `work` that was cut off goes on: its `staged` parts need not be made again.
        `document` makes the ready answer of a score. Raises NotReady if another one is at work.
        """
        with publication(self._database, generation, work=work, document=document) as draft:
            yield draft

    def publish(
        self,
        generation: Generation,
        scores: Iterable[Score],
        *,
        document: WriteDocument | None = None,
    ) -> int:
        """Write all scores as one new generation and return its number.

        Readers keep the previous one until the last row is in. Raises ValueError for a score that
        is neither a number nor unavailable.
        """
        with self.publication(generation, document=document) as draft:
            for part, some in enumerate(in_parts(scores)):
                draft.stage(part, some)
            return self.finish(draft)

    def finish(self, draft: Publication) -> int:
        """Make a generation whose parts are all staged the current one, and return its number."""
        return draft.finish(draft.generation.published_at - self._history)

    def history(
        self, customer_id: str, *, limit: int = 50, before: int | None = None
    ) -> list[PastScore]:
        """Past scores of a customer, one for every change, the newest first.

        `before` is the number of the generation to go on from.
        """
        return past_scores(self._database, customer_id, limit=limit, before=before)

    def published_by(self, moment: datetime) -> int:
        """The number of the newest generation published up to this time; 0 if there is none."""
        asked = select(func.max(GENERATIONS.c.generation)).where(
            GENERATIONS.c.is_published.is_(True),
            GENERATIONS.c.published_at <= moment.astimezone(UTC),
        )
        with self._database.reading() as connection:
            return int(connection.execute(asked).scalar() or 0)

    def close(self) -> None:
        """Give the database connections back."""
        self._database.close()
