"""Whole stories at the command line: a shop's first hour, one-shot predictions, bad input."""

import csv
import json
import re
import socket
from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd
import pytest
import yaml
from mlflow.tracking import MlflowClient

from features.settings import load_settings
from features.sources import cdnow

TODAY = "2025-03-01"
CUTOFF = "2024-12-01"
HEADER = ("customer_id", "ordered_on", "amount")
OWN_HEADER = ("Who", "When", "Paid")
OWN_COLUMNS = ("--columns", "customer_id=Who,timestamp=When,amount=Paid")
PREDICTED = [
    "customer_id",
    "churn_probability",
    "expected_value",
    "value_low",
    "value_high",
    "expected_orders",
    "alive_probability",
]
COMMANDS = (
    "init",
    "check",
    "train",
    "backtest",
    "score",
    "models",
    "models card",
    "promote",
    "rollback",
    "predict orders",
    "predict table",
    "features list",
    "features dictionary",
    "features test",
    "serve",
    "demo",
)

Rows = list[list[str]]


def write_csv(path: Path, rows: Iterable[Iterable[str]], header: Iterable[str] = HEADER) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([list(header), *rows])
    return path


def asked(file: Path | str, out: Path | str, cutoff: str = CUTOFF) -> list[str]:
    """`predict orders` of a file for 60 days from the cutoff."""
    wanted = ["--cutoff", cutoff, "--horizon-days", "60", "--out", str(out), "--now", TODAY]
    return ["predict", "orders", str(file), *wanted]


def refused(path: Path) -> list[tuple[str, str, str]]:
    """Row, column and code of every refused row; each has a reason and its content."""
    with path.open(encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    assert all(row["reason"].endswith(".") and row["content"] for row in found)
    return [(row["row"], row["column"], row["code"]) for row in found]


def assert_one_sentence(ended, code: int, says: str) -> None:
    assert ended.code == code
    assert re.search(says, ended.err), ended.err
    assert ended.err.startswith("regulars: ")
    assert len(ended.err.splitlines()) == 1, ended.err


# The first hour


def test_init_says_what_it_found_and_what_to_do_next(shop):
    ended = shop.ended["init"]
    assert ended.code == 0
    assert "customer_id = customer_id, timestamp = ordered_on, amount = amount" in ended.out
    assert re.search(r"ok +customers +700 customers, 500 needed", ended.out)
    assert "Predictions: ready." in ended.out
    assert "Wrote regulars.yml. Look through it, then run: regulars train" in ended.out


def test_what_init_writes_loads_and_explains_every_value(shop):
    text = shop.settings.read_text(encoding="utf-8")
    settings = load_settings(shop.settings)
    assert settings.sources.orders.path.resolve() == shop.orders.resolve()
    assert settings.workspace.resolve() == shop.workspace.resolve()
    values = [line for line in text.splitlines() if re.match(r"\s*\w+: +\S", line)]
    assert len(values) > 15
    assert [line for line in values if "#" not in line] == []


def test_check_accounts_for_every_row(shop, rows):
    ended = shop.ended["check"]
    assert ended.code == 0
    assert f"{len(rows):,} rows read: {len(rows):,} accepted, 0 duplicate, 0 refused" in ended.out
    assert "Predictions: ready." in ended.out


def test_train_shows_its_figures_beside_the_baseline_and_names_the_champion(shop):
    ended = shop.ended["train"]
    assert ended.code == 0
    assert re.search(r"champion +bg-nbd\nauc +0\.\d{3} +0\.\d{3}\nlog loss", ended.out)
    assert re.search(r"^Grade [ABC]: Ranks (no )?better than bg-nbd", ended.out, re.MULTILINE)
    assert "Version 1 of regulars is the champion now." in ended.out


def test_score_publishes_everybody_and_says_until_when(shop):
    ended = shop.ended["score"]
    assert ended.code == 0
    assert re.search(r"\d+ of 700 customers scored as of 2025-02-04 \(\d+ already ch", ended.out)
    assert re.search(r"\$[\d,]+ is at stake", ended.out)
    assert "Generation 1, model version 1, valid until 2025-02-11." in ended.out


def test_a_job_that_goes_well_says_nothing_on_stderr(shop):
    assert {name: ended.err for name, ended in shop.ended.items() if ended.err} == {}


@pytest.fixture(scope="module")
def backtested(shop, start, tmp_path_factory) -> Path:
    """The folder of a backtest of the shop at two past days, with what it printed."""
    folder = tmp_path_factory.mktemp("backtested")
    ended = start(
        *("backtest", "--cutoffs", 2, "--out", folder / "report", "--now", TODAY),
        folder=shop.folder,
        REGULARS_WORKSPACE=folder / "kept",
    )
    assert (ended.code, ended.err) == (0, "")
    (folder / "printed.txt").write_text(ended.out, encoding="utf-8")
    return folder


def test_backtest_judges_every_system_at_past_days(backtested):
    report = json.loads((backtested / "report" / "backtest.json").read_text(encoding="utf-8"))
    assert report["schema"] == "regulars.backtest/1"
    holdouts = [one["active"] for one in report["holdouts"]]
    assert [one["cutoff"] for one in holdouts] == ["2024-10-07", "2024-11-06"]
    for one in holdouts:
        assert {"champion", "bg-nbd", "pareto-nbd", "rfm-cells", "recency-rule", "zero"} <= set(
            one["systems"]
        )
        assert 0.5 < one["systems"]["champion"]["churn"]["auc"] < 1
    assert [one["embargo_days"] for one in report["embargo"]] == [30, 30]
    assert (backtested / "kept" / "mlflow.db").exists()


def test_backtest_prints_a_short_table_and_where_the_page_is(backtested):
    printed = (backtested / "printed.txt").read_text(encoding="utf-8")
    assert printed.count(" active customers, ") == 2
    assert re.search(
        r"^AUC +0\.\d{3}  \S.* (better|worse|no difference shown)$", printed, re.MULTILINE
    )
    page = backtested / "report" / "backtest.html"
    assert printed.endswith(f"\nPage: {page}\n")
    assert "<h1>Backtest of " in page.read_text(encoding="utf-8")


def test_backtest_records_figures_by_cutoff_and_both_files_with_mlflow(backtested):
    client = MlflowClient(f"sqlite:///{backtested / 'kept' / 'mlflow.db'}")
    (experiment,) = client.search_experiments(filter_string="name = 'regulars'")
    (run,) = client.search_runs([experiment.experiment_id])
    history = client.get_metric_history(run.info.run_id, "backtest.champion.auc")
    report = json.loads((backtested / "report" / "backtest.json").read_text(encoding="utf-8"))
    over_time = report["slices"][0]["over_time"]
    assert {one.step: one.value for one in history} == {
        step: sheet["figures"]["auc"]["champion"]["value"] for step, sheet in enumerate(over_time)
    }
    mean = report["slices"][0]["mean"]["differences"]["log_loss"]
    assert run.data.metrics["backtest_mean.difference.log_loss"] == mean["value"]
    assert run.data.metrics["backtest_mean.difference.log_loss.low"] == mean["low"]
    kept = [one.path for one in client.list_artifacts(run.info.run_id, "backtest")]
    assert kept == ["backtest/backtest.html", "backtest/backtest.json"]


# Help


@pytest.mark.parametrize("command", COMMANDS)
def test_help_teaches_by_an_example(run, command):
    ended = run(*command.split(), "--help")
    assert ended.code == 0
    assert f"Example: regulars {command}" in " ".join(ended.out.split())


def test_help_lists_every_command(run):
    groups = ("predict", "features", "models")
    helps = [run("--help"), *(run(group, "--help") for group in groups)]
    listed = {word for one in helps for word in one.out.split()}
    assert {word for command in COMMANDS for word in command.split()} <= listed


# One-shot predictions


@pytest.fixture(scope="module")
def own_rows(rows: Rows) -> Rows:
    """The shop's rows, some of them twice: two equal orders on one day."""
    return rows + rows[:40]


@pytest.fixture(scope="module")
def predicted(start: Callable, own_rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The predictions of the shop, made by a process of its own."""
    folder = tmp_path_factory.mktemp("predicted")
    write_csv(folder / "own.csv", own_rows, OWN_HEADER)
    ended = start(*asked("own.csv", "out.csv"), *OWN_COLUMNS, folder=folder)
    assert ended.code == 0, ended.err
    assert sorted(path.name for path in folder.iterdir()) == ["out.csv", "own.csv"]
    return folder / "out.csv"


def test_predictions_have_one_row_for_everybody_seen_before_the_cutoff(predicted, own_rows):
    table = pd.read_csv(predicted, dtype={"customer_id": "str"})
    assert list(table.columns) == PREDICTED
    assert sorted(table["customer_id"]) == sorted({who for who, day, _ in own_rows if day < CUTOFF})
    assert table["churn_probability"].between(0, 1).all()
    assert table["alive_probability"].between(0, 1).all()
    assert (table["value_low"] <= table["value_high"]).all()
    assert (table[["expected_value", "value_low", "expected_orders"]] >= 0).all(axis=None)


LATER = {
    "deleted": lambda rows: [row for row in rows if row[1] < CUTOFF],
    "more orders": lambda rows: rows + [[f"C{n:05d}", CUTOFF, "75.00"] for n in range(200)],
    "new customers": lambda rows: rows + [[f"N{n}", "2025-01-15", "5.00"] for n in range(300)],
    "other amounts": lambda rows: [
        row if row[1] < CUTOFF else [row[0], row[1], f"-{row[2]}"] for row in rows
    ],
    "other customers": lambda rows: [
        row if row[1] < CUTOFF else [f"X{n}", *row[1:]] for n, row in enumerate(rows)
    ],
    "broken rows": lambda rows: rows + [["", CUTOFF, "1.00"], ["C1", "2025-01-01", "NaN"]] * 300,
    "in front": lambda rows: sorted(rows, key=lambda row: row[1] < CUTOFF),
    "a time of day": lambda rows: [*rows, ["C00001", "2025-01-15 09:30:00", "5.00"]],
    "a decimal comma": lambda rows: [*rows, ["C00001", "2025-01-15", "5,00"]],
}


@pytest.mark.parametrize("change", LATER)
def test_rows_from_the_cutoff_on_change_no_byte(run, tmp_path, predicted, own_rows, change):
    changed = LATER[change](own_rows)
    assert changed != own_rows
    write_csv(tmp_path / "own.csv", changed, OWN_HEADER)
    ended = run(*asked("own.csv", "out.csv"), *OWN_COLUMNS)
    assert ended.code == 0, ended.err
    assert (tmp_path / "out.csv").read_bytes() == predicted.read_bytes()


def test_a_row_before_the_cutoff_does_change_them(run, tmp_path, predicted, own_rows):
    write_csv(tmp_path / "own.csv", [*own_rows, ["C00001", "2024-11-30", "75.00"]], OWN_HEADER)
    assert run(*asked("own.csv", "out.csv"), *OWN_COLUMNS).code == 0
    assert (tmp_path / "out.csv").read_bytes() != predicted.read_bytes()


def test_parquet_and_csv_hold_the_same(run, tmp_path, predicted, own_rows):
    write_csv(tmp_path / "own.csv", own_rows, OWN_HEADER)
    assert run(*asked("own.csv", "out.parquet"), *OWN_COLUMNS).code == 0
    text = pd.read_csv(predicted, dtype={"customer_id": "str"})
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), text, check_exact=True)


def test_the_bundled_orders_can_be_predicted_by_their_path(run, tmp_path):
    ended = run(*asked(cdnow.path(), "out.parquet", cutoff="1997-05-01"))
    assert ended.code == 0, ended.err
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert (len(table), list(table.columns)) == (23_570, PREDICTED)
    assert table["customer_id"].is_unique


def test_a_day_long_after_the_last_order_can_be_asked_about(run, tmp_path, rows):
    # A shop that closed: nobody has ordered within the horizon before the cutoff.
    write_csv(tmp_path / "own.csv", rows)
    ended = run(*asked("own.csv", "out.csv", cutoff="2025-12-31"))
    assert ended.code in {0, 3}


# Files that are no such table


def _missing_file(folder: Path, rows: Rows) -> None:
    """There is none."""


def _empty(folder: Path, rows: Rows) -> None:
    (folder / "orders.csv").write_bytes(b"")


def _header_only(folder: Path, rows: Rows) -> None:
    write_csv(folder / "orders.csv", [])


def _binary(folder: Path, rows: Rows) -> None:
    (folder / "orders.csv").write_bytes(bytes(range(256)) * 50)


def _without_amount(folder: Path, rows: Rows) -> None:
    write_csv(folder / "orders.csv", [row[:2] for row in rows], HEADER[:2])


def _ambiguous_dates(folder: Path, rows: Rows) -> None:
    early = [(who, day.split("-"), amount) for who, day, amount in rows]
    kept = [[who, f"{d}/{m}/{y}", amount] for who, (y, m, d), amount in early if int(d) <= 12]
    write_csv(folder / "orders.csv", kept)


UNFIT = {
    "missing": (_missing_file, r"There is no file orders.csv; check the path"),
    "empty": (_empty, r"orders.csv is empty \(0 bytes\); export the orders again"),
    "only a header": (_header_only, r"orders.csv has no row"),
    "binary": (_binary, r"orders.csv holds binary data, not CSV text; export"),
    "no amount": (_without_amount, r"amount could not be guessed .* --columns amount=NAME"),
    "day or month": (
        _ambiguous_dates,
        r"'ordered_on' may be day or month first.* --timestamp-format '%d/%m/%Y' or "
        r"--timestamp-format '%m/%d/%Y'",
    ),
}


@pytest.mark.parametrize("command", [["init", "orders.csv"], asked("orders.csv", "out.csv")])
@pytest.mark.parametrize("case", UNFIT)
def test_a_file_that_is_no_table_of_orders_is_refused(run, tmp_path, rows, case, command):
    make, says = UNFIT[case]
    make(tmp_path, rows)
    assert_one_sentence(run(*command), 1, says)
    assert {path.name for path in tmp_path.iterdir()} <= {"orders.csv"}


@pytest.mark.parametrize(
    ("pattern", "day"), [("%d/%m/%Y", "2024-03-02"), ("%m/%d/%Y", "2024-02-03")]
)
def test_the_named_flag_decides_between_day_and_month(run, tmp_path, rows, pattern, day):
    _ambiguous_dates(tmp_path, rows)
    text = (tmp_path / "orders.csv").read_text(encoding="utf-8")
    lines = [text.splitlines()[0], *(line for line in text.splitlines() if ",02/03/" in line)]
    (tmp_path / "orders.csv").write_text("\n".join(lines), encoding="utf-8")
    ended = run("init", "orders.csv", "--timestamp-format", pattern, "--now", TODAY)
    assert ended.code == 3  # far too few rows for a model, but read
    assert f"({day} to {day})" in ended.out


def test_a_column_that_is_not_there_is_named_with_those_that_are(run, tmp_path, rows):
    write_csv(tmp_path / "orders.csv", rows)
    command = asked("orders.csv", "out.csv")
    ended = run(*command, "--columns", "customer_id=Kunde,timestamp=ordered_on,amount=amount")
    assert_one_sentence(ended, 1, r"no column 'Kunde'; it has customer_id, ordered_on, amount")


# Rows


def test_a_file_of_a_european_till_is_understood(run, tmp_path, rows):
    lines = ["Kundennummer;Bestelldatum;Betrag"]
    for who, day, amount in rows:
        year, month, date = day.split("-")
        lines.append(f"{who};{date}.{month}.{year};{amount.replace('.', ',')}")
    (tmp_path / "orders.csv").write_text("\r\n".join(lines), encoding="utf-8-sig")
    ended = run("init", "orders.csv", "--now", TODAY)
    assert ended.code == 0
    assert f"{len(rows):,} accepted" in ended.out
    source = yaml.safe_load((tmp_path / "regulars.yml").read_text(encoding="utf-8"))["sources"]
    assert source["orders"]["csv"]["separator"] == ";"
    assert source["orders"]["csv"]["decimal"] == ","
    assert source["orders"]["timestamp_format"] == "%d.%m.%Y"
    assert source["orders"]["columns"]["customer_id"] == "Kundennummer"
    ended = run("check", "--now", TODAY)
    assert (ended.code, ended.err) == (0, "")


def test_every_bad_row_is_kept_with_its_reason_and_the_good_go_on(run, tmp_path, rows):
    bad = [
        ["", "2024-05-01", "10.00"],
        ["C00001", "2024-05-01", "NaN"],
        ["C00001", "2031-01-01", "5.00"],
        ["C00001", "2024-05-03", "ten"],
        ["C00001", "yesterday", "1.00"],
    ]
    write_csv(tmp_path / "orders.csv", [*bad, *rows, ["C00001", "2024-05-02", "-5.00"]])
    assert run("init", "orders.csv", "--now", TODAY).code == 0
    ended = run("check", "--now", TODAY)
    assert ended.code == 0
    read, taken = len(rows) + 6, len(rows) + 1
    account = f"{read:,} rows read: {taken:,} accepted, 0 duplicate, 5 refused (of which 1 without"
    assert account in ended.out
    assert "Refused rows and their reasons: " in ended.out
    assert refused(tmp_path / ".regulars" / "refused" / "orders.csv.refused.csv") == [
        ("2", "customer_id", "no_customer_id"),
        ("3", "amount", "not_finite"),
        ("4", "ordered_on", "future"),
        ("5", "amount", "amount"),
        ("6", "ordered_on", "unreadable_date"),
    ]


def test_a_negative_amount_is_a_refund(run, tmp_path, rows):
    refunds = [[who, day, "-1.00"] for who, day, _ in rows[:650]]
    write_csv(tmp_path / "orders.csv", rows + refunds)
    ended = run("init", "orders.csv", "--now", TODAY)
    assert re.search(r"ok +refunds +9\.1% of rows are refunds", ended.out)


def test_rows_that_repeat_an_order_id_in_every_column_count_once(run, tmp_path, rows):
    numbered = [[str(n), *row] for n, row in enumerate(rows)]
    write_csv(tmp_path / "orders.csv", numbered + numbered[:100], ("order_id", *HEADER))
    ended = run("init", "orders.csv", "--now", TODAY)
    assert f"{len(rows):,} accepted, 100 duplicate, 0 refused" in ended.out


def test_too_many_bad_rows_stop_everything_and_can_be_looked_at(run, tmp_path, rows):
    broken = [["C00001", "2024-05-01", "NaN"]] * 200
    write_csv(tmp_path / "orders.csv", rows + broken)
    ended = run(*asked("orders.csv", "out.csv"))
    says = (
        r"200 of [\d,]+ rows \(3\.\d%\) were refused, above the limit of 1\.0%.*row 6511.*'amount'"
    )
    assert_one_sentence(ended, 1, says)
    assert not (tmp_path / "out.csv").exists()
    found = refused(tmp_path / "orders.csv.refused.csv")
    assert found[0] == (str(len(rows) + 2), "amount", "not_finite")
    assert len(found) == 200


def test_who_is_refused_is_told_where_the_refused_rows_are(run, tmp_path, rows):
    write_csv(tmp_path / "orders.csv", rows + [["C00001", "2024-05-01", "NaN"]] * 200)
    assert "orders.csv.refused.csv" in run(*asked("orders.csv", "out.csv")).err


def test_what_init_calls_ready_is_not_refused_by_check(run, tmp_path, rows):
    write_csv(tmp_path / "orders.csv", rows + [["C00001", "2024-05-01", "NaN"]] * 200)
    said = run("init", "orders.csv", "--now", TODAY).out
    assert ("Predictions: ready." in said) == (run("check", "--now", TODAY).code == 0)


def test_the_share_of_bad_rows_can_be_allowed(run, tmp_path, rows):
    broken = [["C00001", "2024-05-01", "NaN"]] * 200
    write_csv(tmp_path / "orders.csv", rows + broken)
    assert run(*asked("orders.csv", "out.csv"), "--max-refused-share", "0.05").code == 0
    assert (tmp_path / "out.csv").exists()


# Too little data, wrong settings, wrong usage


@pytest.mark.parametrize("command", [asked("orders.csv", "out.csv"), ["train", "--now", TODAY]])
def test_below_500_customers_there_is_no_model(run, tmp_path, rows, command):
    write_csv(tmp_path / "orders.csv", [row for row in rows if row[0] < "C00400"])
    told = run("init", "orders.csv", "--now", TODAY)
    assert told.code == 3
    assert "Predictions: unavailable, because 400 customers is below the 500 needed" in told.out
    assert_one_sentence(run(*command), 3, r"unavailable, because 400 customers .* the 500 needed")
    assert not (tmp_path / "out.csv").exists()


def test_an_unknown_key_is_named_with_its_line_and_the_likely_one(run, tmp_path, shop):
    text = shop.settings.read_text(encoding="utf-8")
    line = next(at for at, one in enumerate(text.splitlines(), 1) if "margin:" in one)
    (tmp_path / "regulars.yml").write_text(text.replace("margin:", "margn:"), encoding="utf-8")
    says = rf"regulars\.yml:{line}: unknown key value\.margn; did you mean margin\?"
    assert_one_sentence(run("check"), 1, says)


def test_settings_that_exist_are_not_overwritten_unasked(run, tmp_path, rows):
    write_csv(tmp_path / "orders.csv", rows)
    (tmp_path / "regulars.yml").write_text("business: Mine\n", encoding="utf-8")
    says = r"regulars.yml exists already. Use --force to overwrite it, or --out"
    assert_one_sentence(run("init", "orders.csv"), 1, says)
    assert (tmp_path / "regulars.yml").read_text(encoding="utf-8") == "business: Mine\n"
    assert run("init", "orders.csv", "--force", "--now", TODAY).code == 0


@pytest.mark.parametrize("command", ["check", "train", "score", "backtest"])
def test_without_settings_a_command_says_how_to_make_some(run, command):
    says = r"There is no regulars.yml. Make one with: regulars init ORDERS.csv"
    assert_one_sentence(run(command), 1, says)


def test_serving_without_settings_says_how_to_make_some(start, tmp_path):
    says = r"There is no regulars.yml. Make one with: regulars init ORDERS.csv"
    assert_one_sentence(start("serve", folder=tmp_path), 1, says)


def test_a_port_that_is_taken_is_named_with_the_flag_for_another(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = start("serve", "--settings", "demo", "--port", port, folder=tmp_path)
    assert_one_sentence(ended, 1, rf"Port {port} of 127.0.0.1 is taken. .* --port")


def test_scoring_before_training_says_what_to_run(run, tmp_path, rows):
    write_csv(tmp_path / "orders.csv", rows)
    assert run("init", "orders.csv", "--now", TODAY).code == 0
    ended = run("score", "--now", TODAY)
    assert_one_sentence(ended, 1, r"no champion yet. Train one with: regulars train")


@pytest.mark.parametrize(
    "command",
    [
        ["trane"],
        ["train", "--nonsense"],
        ["predict", "orders"],
        asked("orders.csv", "out.csv", cutoff="yesterday"),
        [*asked("orders.csv", "out.csv"), "--columns", "customer_id"],
        [*asked("orders.csv", "out.csv"), "--interval", "7"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_shows_the_way_to_help(run, command):
    ended = run(*command)
    assert ended.code == 2
    assert "--help" in ended.err
    assert "Traceback" not in ended.err
