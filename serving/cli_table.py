"""The command line of `regulars predict table`: parse, call one function, print one result."""

from pathlib import Path
from typing import Annotated

import typer


def predict_table(
    train_table: Annotated[
        Path, typer.Argument(metavar="TRAIN", help="A CSV or Parquet file, one row a customer.")
    ],
    label: Annotated[str, typer.Option("--label", "-l", help="TRAIN's column that says who left.")],
    customer_id: Annotated[
        str, typer.Option("--id", "-i", help="The column of the customer's id, in both files.")
    ],
    rows: Annotated[
        Path, typer.Option("--rows", "-r", help="The customers to predict, columns as in TRAIN.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="A .parquet or .csv file.")],
    positive: Annotated[
        str | None, typer.Option(help="The label's value that means left, if not yes, true or 1.")
    ] = None,
    drop: Annotated[
        list[str] | None, typer.Option(help="A column to leave out; may be given again.")
    ] = None,
    allow_leak: Annotated[
        list[str] | None,
        typer.Option(help="A column to learn from though it alone tells the label."),
    ] = None,
    value: Annotated[
        str | None, typer.Option(help="Column of what a customer is worth if he or she stays.")
    ] = None,
    cost: Annotated[
        str | None, typer.Option(help="What an offer costs where it is taken: amount or column.")
    ] = None,
    kept_share: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the leavers whom the offer keeps.")
    ] = 0.3,
    seed: Annotated[int, typer.Option(min=0, help="Same data and seed: same bytes.")] = 1,
) -> None:
    """Predict who leaves from a table with one row a customer and a label, no history.

    Writes the id, churn_probability and reason_1 to reason_3, a row per row of --rows in its order;
    with --value also expected_loss, with --cost also expected_profit of an offer.

    Example: regulars predict table q1.csv --label churned --id customer_id --rows q2.csv -o p.csv
    """
    from serving.commands.snapshot import Offer, predict_table_file
    from serving.commands.terminal import steps
    from training.snapshot_tables import SnapshotAsked

    asked = SnapshotAsked(
        label=label,
        customer_id=customer_id,
        positive=positive,
        drop=tuple(drop or ()),
        allow_leak=tuple(allow_leak or ()),
        seed=seed,
    )
    offer = Offer(value=value, cost=cost, kept_share=kept_share)
    with steps(total_count=10) as progress:
        summary = predict_table_file(train_table, rows, out, asked, offer, progress=progress)
    typer.echo(summary)
