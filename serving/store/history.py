"""The past of a customer's score: an entry for every time it changed, and what changed then.

An entry is written only where something of the customer's own is another than before, so an entry
holds until the next one; only the current generation and the one before keep whole rows.
"""

from sqlalchemy import select

from serving.database import Database
from serving.store.rows import generation_of, told_codes
from serving.store.shapes import Change, Generation, PastScore
from serving.store.tables import GENERATIONS, HISTORY

DIGITS = 6


def past_scores(
    database: Database, customer_id: str, *, limit: int, before: int | None = None
) -> list[PastScore]:
    """Entries of a customer, the newest first; `before` is a generation's number to go on from."""
    asked = (
        select(HISTORY, GENERATIONS)
        .join_from(HISTORY, GENERATIONS, HISTORY.c.generation == GENERATIONS.c.generation)
        .where(HISTORY.c.customer_id == customer_id, GENERATIONS.c.is_published.is_(True))
        .order_by(HISTORY.c.generation.desc())
        .limit(limit)
    )
    if before is not None:
        asked = asked.where(HISTORY.c.generation < before)
    with database.reading() as connection:
        rows = connection.execute(asked).all()
    return [
        PastScore(
            generation=generation_of({one.name: row._mapping[one] for one in GENERATIONS.columns}),  # noqa: SLF001
            churn_probability=row.churn_probability,
            band=row.band,
            cltv=row.cltv,
            unavailable_reason=row.unavailable_reason,
            reasons=told_codes(row.reasons),
        )
        for row in rows
    ]


def change(before: PastScore, after: PastScore) -> Change:
    """What is different between an entry and the one before it."""
    then, now = [code for code, _ in before.reasons], [code for code, _ in after.reasons]
    return Change(
        probability_delta=_delta(before.churn_probability, after.churn_probability),
        band_before=before.band,
        band_after=after.band,
        reasons_appeared=tuple(code for code in now if code not in then),
        reasons_disappeared=tuple(code for code in then if code not in now),
        model_changed=_model(before.generation) != _model(after.generation),
        definition_changed=_definition(before.generation) != _definition(after.generation),
    )


def _delta(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(after - before, DIGITS)


def _model(generation: Generation) -> tuple[str, str, str]:
    return generation.model_name, generation.model_version, generation.model_digest


def _definition(generation: Generation) -> tuple[str, int]:
    return generation.churn_definition, generation.churn_horizon_days
