"""Publishes scores again and again until it is killed; a process of its own."""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime

from serving.store import Generation, Score, ScoreStore

CUSTOMERS, PARTS = 300, 10

_GENERATION = Generation(
    business="Shop", as_of=date(2026, 9, 1), valid_until=date(2026, 9, 8),
    published_at=datetime(2026, 9, 1, tzinfo=UTC), histories="h", model_name="churn",
    model_version="1", model_digest="0", run_id="r", churn_definition="no-order-90d@1",
    churn_horizon_days=90, value_horizon_days=365, value_interval=0.8, currency="EUR",
)  # fmt: skip


def scores(round_number: int, part: int) -> list[Score]:
    """A part's scores: every number of a round tells which round it is of."""
    return [
        Score(
            customer_id=f"C-{part}-{number}", market="cz", last_order_on=date(2026, 8, 1),
            order_days_count=1, spend_value=1.0, churn_probability=(round_number % 100) / 100,
            band="high" if round_number % 2 else "low", cltv=float(round_number),
            value_at_stake=1.0, cltv_if_retained=1.0, value_band="low", percentile=1,
        )
        for number in range(CUSTOMERS // PARTS)
    ]  # fmt: skip


def publish_rounds(address: str) -> None:
    """Publish round after round, each with its number as the model's version."""
    store = ScoreStore(address)
    current = store.current()
    number = 1 if current is None else int(current.model_version) + 1
    while True:
        generation = replace(_GENERATION, model_version=str(number))
        with store.publication(generation, work=str(number)) as draft:
            if draft.staged:
                print(f"went on {len(draft.staged)}", flush=True)
            for part in range(PARTS):
                draft.stage(part, scores(number, part))
            store.finish(draft)
        print(f"published {number}", flush=True)
        number += 1


if __name__ == "__main__":
    publish_rounds(sys.argv[1])
