"""The command line: parse, call one function, print one result.

Exit codes: 0 done, 1 refused by a rule of ours, 2 wrong usage, 3 too little data for a model.
Heavy imports wait inside the commands, so that `--help` answers at once.
"""

import logging
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

# OpenMP threads that spin while they wait starve everything else on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import typer

from features.errors import RegularsError
from features.settings import FILE_NAME
from serving import cli_keys, cli_models, cli_openapi
from serving.cli_options import JsonOption, MarkdownOption, NowOption, SettingsOption, day_of
from serving.cli_retention import retention
from serving.cli_table import predict_table
from serving.cli_tuning import tune
from serving.cli_verify import verify

app = typer.Typer(
    name="regulars",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    help="Which customers are about to stop coming, what each is worth, and the proof beside it.",
)
predict = typer.Typer(no_args_is_help=True, help="Predictions in one shot, nothing stored.")
predict.command("table")(predict_table)
app.add_typer(predict, name="predict")
app.command()(retention)
app.command()(tune)
features = typer.Typer(no_args_is_help=True, help="What is known of a customer: the catalogue.")
app.add_typer(features, name="features")
app.add_typer(cli_models.models, name="models")
app.add_typer(cli_keys.keys, name="keys")
app.command("openapi")(cli_openapi.openapi)
app.command()(cli_models.promote)
app.command()(cli_models.rollback)


@app.callback()
def start(
    *, verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log every step.")] = False
) -> None:
    """Regulars: churn and customer lifetime value from orders.

    Start with `regulars demo`, or with your own orders: `regulars init ORDERS.csv`.
    """
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(name)s %(message)s",
        stream=sys.stderr,
    )


@app.command()
def init(
    orders: Annotated[Path, typer.Argument(help="A CSV or Parquet file of orders.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Where to write.")] = Path(FILE_NAME),
    columns: Annotated[
        str | None,
        typer.Option(help="What the guess should not guess: customer_id=…,timestamp=…,amount=…"),
    ] = None,
    timestamp_format: Annotated[
        str | None, typer.Option(help="strptime pattern, such as %d/%m/%Y, if dates are unclear.")
    ] = None,
    now: NowOption = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Look at a file of orders, write a commented regulars.yml, report what is missing.

    Example: regulars init exports/orders.csv --columns customer_id=Kundennummer
    """
    from serving.commands.onboarding import describe_business

    described = describe_business(
        orders,
        out,
        columns=_pairs(columns),
        timestamp_format=timestamp_format,
        today=day_of(now),
        overwrite=force,
    )
    typer.echo(described.as_text())
    _stop_if_unavailable(described.readiness.unavailable_reason)


@app.command()
def check(settings: SettingsOption = FILE_NAME, now: NowOption = None) -> None:
    """Read all tables as training would and report counts, refused rows and what is missing.

    Example: regulars check --settings shops/prague.yml
    """
    from serving.business import settings_named
    from serving.commands.onboarding import check_business

    checked = check_business(settings_named(settings), today=day_of(now))
    typer.echo(checked.as_text())
    _stop_if_unavailable(checked.readiness.unavailable_reason)


@app.command()
def ingest(
    settings: SettingsOption = FILE_NAME,
    now: NowOption = None,
    *,
    anew: Annotated[
        bool, typer.Option("--anew", help="Drop what is stored first and keep only what is read.")
    ] = False,
) -> None:
    """Read all sources into the histories: new rows only, and every row accounted for.

    Training and scoring do it too; alone it keeps histories fresh. Example: regulars ingest
    """
    from serving.business import settings_named
    from serving.commands.jobs import ingest_job

    done = ingest_job(settings_named(settings), today=day_of(now), anew=anew)
    typer.echo("\n".join(done.account()))


@app.command()
def train(settings: SettingsOption = FILE_NAME, now: NowOption = None) -> None:
    """Read the orders, judge the models on a holdout, fit them on everything, register them.

    The new version becomes champion if the gate lets it pass: a refresh unless it is worse than
    the champion or the baseline, a changed recipe only if it is better. Example: regulars train
    """
    from serving.business import settings_named
    from serving.commands.jobs import train_job
    from serving.commands.terminal import steps

    with steps(total_count=14) as progress:
        trained = train_job(settings_named(settings), today=day_of(now), progress=progress)
    typer.echo(trained.as_text())


@app.command()
def backtest(
    settings: SettingsOption = FILE_NAME,
    cutoffs: Annotated[int, typer.Option(min=1, help="How many past days of prediction.")] = 3,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder of the report; without it, the workspace's."),
    ] = None,
    now: NowOption = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Judge the models and all baselines at several past days, each against what followed.

    Writes backtest.html, a page to read and print, and backtest.json with the same figures.
    Example: regulars backtest --cutoffs 4 --out report
    """
    from serving.business import settings_named
    from serving.commands.jobs import backtest_job
    from serving.commands.terminal import steps

    with steps(total_count=cutoffs + 2) as progress:
        report = backtest_job(
            settings_named(settings), count=cutoffs, out=out, today=day_of(now), progress=progress
        )
    typer.echo(report.as_json() if as_json else report.as_text())


app.command()(verify)


@app.command()
def score(settings: SettingsOption = FILE_NAME, now: NowOption = None) -> None:
    """Read the orders again, score every customer with the champion, publish the scores.

    Run it daily, from cron for example. Example: regulars score
    """
    from serving.business import settings_named
    from serving.commands.jobs import score_job
    from serving.commands.terminal import steps

    with steps(total_count=4) as progress:
        published = score_job(
            settings_named(settings),
            today=day_of(now),
            published_at=datetime.now(UTC),
            progress=progress,
        )
    typer.echo(published.as_text())


@predict.command("orders")
def predict_orders(
    file: Annotated[Path, typer.Argument(help="A CSV or Parquet file of orders.")],
    cutoff: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Only what came before is learned from.")
    ],
    horizon_days: Annotated[int, typer.Option(min=1, max=3650, help="How far ahead.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="A .parquet or .csv file.")],
    interval: Annotated[
        float, typer.Option(min=0.5, max=0.999, help="Share that value_low..value_high covers.")
    ] = 0.9,
    columns: Annotated[
        str | None, typer.Option(help="customer_id=…,timestamp=…,amount=… (or quantity*price)")
    ] = None,
    timestamp_format: Annotated[
        str | None, typer.Option(help="strptime pattern, such as %d/%m/%Y, if dates are unclear.")
    ] = None,
    max_refused_share: Annotated[
        float, typer.Option(min=0, max=1, help="Above this share of bad rows nothing is taken.")
    ] = 0.01,
    max_guest_share: Annotated[
        float, typer.Option(min=0, max=1, help="The same for rows without a customer id.")
    ] = 0.5,
    seed: Annotated[int, typer.Option(min=0, help="Same data and seed: same bytes.")] = 1,
    now: NowOption = None,
) -> None:
    """Predict churn and spend of every customer seen before a day, learned from before it only.

    Writes customer_id, churn_probability (no order within the horizon), expected_value,
    value_low, value_high (spend within the horizon, in the file's currency), expected_orders
    (days with an order) and alive_probability.

    Example: regulars predict orders orders.csv --cutoff 2026-01-01 --horizon-days 90 -o p.csv
    """
    from serving.commands.one_shot import OneShot, predict_file
    from serving.commands.terminal import steps

    asked = OneShot(
        cutoff=cutoff.date(),
        horizon_days=horizon_days,
        interval=interval,
        columns=_pairs(columns),
        timestamp_format=timestamp_format,
        max_refused_share=max_refused_share,
        max_guest_share=max_guest_share,
        seed=seed,
    )
    with steps(total_count=7) as progress:
        summary = predict_file(file, out, asked, today=day_of(now), progress=progress)
    typer.echo(summary)


@features.command("list")
def features_list(
    settings: SettingsOption = FILE_NAME,
    group: Annotated[str | None, typer.Option(help="Only this group of features.")] = None,
    cutoff: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Measure as of this day, not the newest."),
    ] = None,
    *,
    as_json: JsonOption = False,
    as_markdown: MarkdownOption = False,
    every: Annotated[
        bool, typer.Option("--all", help="Every feature of the product, without settings.")
    ] = False,
) -> None:
    """List the features of the business: unit, meaning, how often known, how far moved.

    Example: regulars features list --group recency
    """
    from serving.business import settings_named
    from serving.commands.features import all_features, business_features

    if every:
        found = all_features()
    else:
        day = cutoff.date() if cutoff else None
        found = business_features(settings_named(settings), group=group, cutoff=day)
    if as_json:
        typer.echo(found.as_json())
    else:
        typer.echo(found.as_markdown() if as_markdown else found.as_text())


@features.command("dictionary")
def features_dictionary(
    *, as_json: JsonOption = False, as_markdown: MarkdownOption = False
) -> None:
    """List every column of every table: type, unit, meaning, and how settings map it.

    Example: regulars features dictionary --markdown > data-dictionary.md
    """
    from serving.commands.features import dictionary_json, dictionary_markdown, dictionary_text

    if as_json:
        typer.echo(dictionary_json())
    else:
        typer.echo(dictionary_markdown() if as_markdown else dictionary_text())


@features.command("test")
def features_test(
    file: Annotated[
        Path | None, typer.Argument(help="A Python file of features; without it, the settings'.")
    ] = None,
    settings: SettingsOption = FILE_NAME,
    seed: Annotated[int, typer.Option(min=0, help="Which made-up events to try on.")] = 1,
) -> None:
    """Try your own features on made-up events: do they look into the future, do they hold.

    Nothing of your data is read; ends with 1 if anything was found.
    Example: regulars features test my_features.py
    """
    from serving.business import settings_named
    from serving.commands.feature_trial import try_features

    files = [file] if file else settings_named(settings).features.files
    tried = try_features(files, seed=seed)
    typer.echo(tried.as_text())
    raise typer.Exit(1 if tried.findings else 0)


@app.command()
def serve(
    settings: SettingsOption = FILE_NAME,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
) -> None:
    """Serve the published scores over REST and the page in a browser, until Ctrl-C.

    Example: regulars serve --port 8080
    """
    from serving.commands.server import run_server

    run_server(settings, host=host, port=port)


@app.command()
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 3000,
    *,
    serve_after: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Start the service at the end.")
    ] = True,
) -> None:
    """Walk the whole way on the bundled CDNOW orders: train, judge, score, serve.

    Example: regulars demo --no-serve
    """
    from serving.commands.demo import run_demo

    raise typer.Exit(run_demo(serve=serve_after, port=port))


def main() -> None:
    """Run the command line; an error of ours is one sentence, no traceback."""
    # A polite stop from outside is the same as Ctrl-C: what was started is stopped too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        app()
    except RegularsError as error:
        typer.echo(f"regulars: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:
        typer.echo(f"regulars: {error.strerror or error}: {error.filename or ''}", err=True)
        sys.exit(1)


def _pairs(text: str | None) -> dict[str, str]:
    """`a=x,b=y` as a dict. Wrong usage if a part has no `=`."""
    pairs = {}
    for part in (text or "").split(","):
        if not part.strip():
            continue
        name, equals, value = part.partition("=")
        if not equals or not value.strip():
            message = f"{part!r} is not NAME=COLUMN, such as customer_id=CustomerID"
            raise typer.BadParameter(message, param_hint="--columns")
        pairs[name.strip()] = value.strip()
    return pairs


def _stop_if_unavailable(reason: str | None) -> None:
    if reason is not None:
        from features.errors import NotEnoughData

        raise NotEnoughData(reason)


if __name__ == "__main__":
    main()
