"""The demo: the whole way on real orders that come with the product, told in ten lines."""

import time
from datetime import UTC, date, datetime

import typer

from features.markets import money_text
from features.settings import Settings
from serving.business import DEMO, settings_named
from serving.calibration import calibration_sentences
from serving.commands.jobs import ScoreReport, TrainReport, quality_table, score_job, train_job
from serving.commands.server import (
    check_port,
    start_server,
    wait_for_end,
    wait_until_ready,
    who_may_ask,
)
from serving.commands.terminal import steps
from serving.store import ScoreStore
from serving.texts import FALLBACK, texts_of

# The orders end in 1998; any later day reads them alike.
TODAY = date(1998, 7, 1)
HOST = "127.0.0.1"


def run_demo(*, serve: bool, port: int) -> int:
    """Train, judge, score and, if asked, serve until Ctrl-C; gives the exit code."""
    started = time.monotonic()
    if serve:
        check_port(HOST, port)  # told now, not after a minute of training
    settings = settings_named(DEMO)
    with steps(total_count=17) as progress:
        trained = train_job(settings, today=TODAY, progress=progress)
        scored = score_job(
            settings,
            today=TODAY,
            published_at=datetime.now(UTC),
            progress=progress,
        )
    typer.echo(_told(trained, scored))
    seconds = time.monotonic() - started
    customer = riskiest_customer(settings)
    address = f"http://{HOST}:{port}"
    curl = f"curl {address}/v1/customers/{customer}/score"
    if not serve:
        typer.echo(f"Done in {seconds:.0f} seconds. Serve it with: regulars serve -s demo")
        typer.echo(f"Then open {address}/ or try: {curl}")
        return 0
    server = start_server(DEMO, host=HOST, port=port)
    try:
        wait_until_ready(server, address)
    except KeyboardInterrupt:
        return wait_for_end(server)
    typer.echo(f"Page:    {address}/")
    typer.echo(f"Score:   {curl}")
    typer.echo(f"Keys:    {who_may_ask(settings, HOST)}")
    typer.echo(f"Done in {time.monotonic() - started:.0f} seconds; Ctrl-C stops the server.")
    return wait_for_end(server)


def riskiest_customer(settings: Settings) -> str:
    """The customer at high risk with most value at stake."""
    store = ScoreStore.of(settings)
    try:
        generation = store.current()
        if generation is None:
            return ""
        first = store.at_risk(generation.generation, limit=1)
    finally:
        store.close()
    return first[0].customer_id if first else ""


def _told(trained: TrainReport, scored: ScoreReport) -> str:
    orders, quality = trained.ingested.tables["orders"], trained.trained.quality
    generation, overview = scored.published.generation, scored.published.overview
    holdout = quality["holdout"]
    at_stake = money_text(overview.value_at_stake, generation.currency)
    return "\n".join(
        [
            f"Orders:  {orders.told()}",
            f"Model:   version {trained.trained.version.number}, grade {quality['grade']}; judged "
            f"on {holdout['customers_count']:,} customers active on {holdout['cutoff']}:",
            quality_table(quality),
            *calibration_sentences(generation.quality, texts_of(FALLBACK)),
            f"At risk: {overview.at_risk_count:,} of {overview.scored_count:,} customers who still "
            f"come ({overview.customers_count - overview.scored_count:,} had left before).",
            f"Value:   {at_stake} of margin is at stake with them over "
            f"{generation.value_horizon_days} days.",
        ]
    )
