"""`regulars predict table`, from two files to a file of probabilities, and what it refuses."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from snapshot_world import snapshot, written

from training.metrics import auc

DATA = Path(os.environ.get("REGULARS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
TRAIN, ROWS = snapshot(300), snapshot(60, seed=8)
CODES = np.arange(len(TRAIN))
NAMED = ["--label", "churned", "--id", "customer_id"]


def asked(*more, rows="rows.csv", out="out.csv"):
    return ["predict", "table", "train.csv", *NAMED, "--rows", rows, "--out", out, *more]


@pytest.fixture
def files(tmp_path):
    """Writes both tables, each changed first."""

    def write(train=TRAIN, rows=ROWS):
        written(train, tmp_path / "train.csv")
        written(rows, tmp_path / "rows.csv")
        return tmp_path

    return write


def test_every_row_is_answered_in_its_order_with_reasons_and_proof(files, run):
    folder = files(rows=ROWS.drop(columns="churned"))
    ended = run(*asked())
    assert ended.code == 0, ended.err
    found = pd.read_csv(folder / "out.csv")
    assert list(found) == ["customer_id", "churn_probability", "reason_1", "reason_2", "reason_3"]
    assert found["customer_id"].tolist() == ROWS["customer_id"].tolist()
    assert found["churn_probability"].between(0, 1, inclusive="neither").all()
    assert auc(ROWS["churned"].to_numpy(), found["churn_probability"].to_numpy()) > 0.75
    assert found["reason_1"].str.fullmatch(r".+ is .+, which (raises|lowers) the risk").all()
    for word in ("Regulars", "logistic regression", "base rate", "AUC", "lift of the top tenth"):
        assert word in ended.out


def test_the_same_tables_and_seed_give_the_same_bytes(files, run):
    folder = files()
    for out in ("a.parquet", "b.parquet"):
        assert run(*asked(out=out)).code == 0
    assert (folder / "a.parquet").read_bytes() == (folder / "b.parquet").read_bytes()


def test_the_order_of_rows_changes_nothing_but_the_order(files, run):
    folder = files()
    run(*asked(out="a.csv"))
    files(train=TRAIN.sample(frac=1, random_state=1), rows=ROWS.sample(frac=1, random_state=2))
    run(*asked(out="b.csv"))
    first, second = (
        pd.read_csv(folder / name).set_index("customer_id") for name in ("a.csv", "b.csv")
    )
    assert first.equals(second.loc[first.index])


def test_a_label_in_the_asked_table_is_told_and_changes_nothing(files, run):
    folder = files(rows=ROWS.drop(columns="churned"))
    run(*asked(out="a.csv"))
    files(rows=ROWS.assign(churned=~ROWS["churned"]))
    ended = run(*asked(out="b.csv"))
    assert "rows.csv has the label's column 'churned' too; it was not used." in ended.out
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()


def test_parquet_and_csv_of_the_same_customers_give_the_same(files, run):
    folder = files()
    written(ROWS, folder / "rows.parquet")
    run(*asked(out="a.csv"))
    run(*asked(out="b.csv", rows="rows.parquet"))
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()


def test_money_is_told_with_its_assumption(files, run):
    folder = files(rows=ROWS.assign(worth=[np.nan, *range(59)], price=2.0))
    ended = run(*asked("--value", "worth", "--cost", "price", "--kept-share", "0.5"))
    assert "if it keeps 50% of those who would leave: an assumption" in ended.out
    found = pd.read_csv(folder / "out.csv")
    p, worth = found["churn_probability"], ROWS.assign(worth=[np.nan, *range(59)])["worth"]
    assert found["expected_loss"].to_numpy() == pytest.approx((p * worth).to_numpy(), nan_ok=True)
    profit = p * 0.5 * (worth - 2) - (1 - p) * 2
    assert found["expected_profit"].to_numpy() == pytest.approx(profit.to_numpy(), nan_ok=True)
    run(*asked("--value", "worth", "--cost", "2", "--kept-share", "0.5", out="amount.csv"))
    assert pd.read_csv(folder / "amount.csv").equals(found)


@pytest.mark.parametrize(
    ("values", "more"),
    [
        (("Yes", "No"), ()),
        (("TRUE", "False"), ()),
        (("1", "0"), ()),
        (("1.0", "0.0"), ()),
        (("Left", "Stayed"), ("--positive", "left")),
        (("0", "1"), ("--positive", "0")),
    ],
)
def test_a_label_may_be_written_in_many_ways(values, more, files, run):
    folder = files()
    run(*asked(out="a.csv"))
    files(train=TRAIN.assign(churned=np.where(TRAIN["churned"], *values)))
    assert run(*asked(*more, out="b.csv")).code == 0
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()


def changed(table, column, values):
    return table.assign(**{column: values})


def first_of(table, column, value):
    return table.assign(**{column: [value, *table[column].astype(object)[1:]]})


REFUSED = {
    "one class": (TRAIN.assign(churned=False), ROWS, (), 1, "nobody left; a model needs customers of both"),
    "missing label": (first_of(TRAIN, "churned", None), ROWS, (), 1, "1 row.s. of train.csv have no label"),
    "three values": (
        changed(TRAIN, "churned", CODES % 3),
        ROWS,
        (),
        1,
        "holds '2', which is neither yes nor no",
    ),
    "three values, one named": (
        changed(TRAIN, "churned", CODES % 3),
        ROWS,
        ("--positive", "2"),
        1,
        "has 3 values .'0', '1', '2'., where a label has two",
    ),
    "two values of unknown meaning": (
        changed(TRAIN, "churned", np.where(TRAIN["churned"], "gone", "here")),
        ROWS,
        (),
        1,
        "such as --positive 'gone'",
    ),
    "a positive that is not there": (TRAIN, ROWS, ("--positive", "gone"), 1, "No row of train.csv has 'gone'"),
    "no label column": (TRAIN.drop(columns="churned"), ROWS, (), 1, "no column 'churned'.*Correct --label"),
    "no id column": (TRAIN, ROWS.drop(columns="customer_id"), (), 1, "no column 'customer_id'.*--id"),
    "the same id twice": (
        first_of(TRAIN, "customer_id", TRAIN["customer_id"][7]),
        ROWS,
        (),
        1,
        "row 9 has the 'customer_id' of row 2",
    ),
    "the same id twice among the asked": (
        TRAIN,
        pd.concat([ROWS, ROWS.head(1)]),
        (),
        1,
        "rows.csv has 1 row.s. too many",
    ),
    "a missing id": (TRAIN, first_of(ROWS, "customer_id", None), (), 1, "1 row.s. of rows.csv have no 'customer_id'"),
    "very few rows": (TRAIN.head(60), ROWS, (), 3, "has 60 customers.*an honest model needs 100"),
    "very few leavers": (
        TRAIN.assign(churned=CODES < 5),
        ROWS,
        (),
        3,
        "of whom 5 left.*10 of either kind",
    ),
    "a text where a number was learned": (
        TRAIN,
        first_of(ROWS, "tenure_months", "ten"),
        (),
        1,
        "'tenure_months' of rows.csv is one of numbers, but 'ten' in row 2",
    ),
    "other words than learned": (
        TRAIN,
        ROWS.assign(contract=np.where(ROWS["contract"] == "month", "M", "Y")),
        (),
        1,
        "'contract' has no value in both tables .'month', 'year' in train.csv, 'M', 'Y' in rows.csv",
    ),
    "nothing to learn from": (
        TRAIN[["customer_id", "churned"]],
        ROWS,
        (),
        1,
        "No column of train.csv is left to learn from",
    ),
    "only a leak": (
        TRAIN.assign(reason=TRAIN["churned"])[["customer_id", "churned", "reason"]],
        ROWS.assign(reason=True),
        (),
        1,
        "Every column alone tells the label: reason .AUC 1.000 alone",
    ),
    "a column to drop that is not there": (TRAIN, ROWS, ("--drop", "x"), 1, "no column 'x'.*--drop"),
    "a cost without a value": (TRAIN, ROWS, ("--cost", "5"), 1, "--cost needs --value"),
    "a cost below nothing": (
        TRAIN,
        ROWS,
        ("--value", "monthly_charge", "--cost", "-5"),
        1,
        "an offer cannot cost less than nothing",
    ),
    "a value that is no number": (TRAIN, ROWS, ("--value", "city"), 1, "'city' of rows.csv holds no numbers"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_learned_or_answered_is_refused_in_one_sentence(case, files, run):
    train, rows, more, code, told = case
    folder = files(train, rows)
    ended = run(*asked(*more))
    assert ended.code == code
    assert pd.Series([ended.err]).str.contains(f"^regulars: .*{told}").all(), ended.err
    assert "Traceback" not in ended.err
    assert not (folder / "out.csv").exists()


TOLD = {
    "a constant and an empty column": (
        TRAIN.assign(same="a", empty=None),
        ROWS.assign(same="b", empty=None),
        ["Left out, the same in every row: same.", "Left out, empty: empty."],
    ),
    "an id-like text and a row number": (
        TRAIN.assign(email=[f"{n}@x.org" for n in CODES], number=CODES + 1),
        ROWS.assign(email="z@x.org", number=5),
        [
            "different in nearly every row, like an id or a name: email.",
            "numbers that count or name the rows: number.",
        ],
    ),
    "a column that the asked lack, and one that they have more": (
        TRAIN.assign(more=CODES % 7),
        ROWS.assign(other=1),
        ["Not in rows.csv, so not learned from: more.", "Not in train.csv, so not used: other."],
    ),
    "unseen categories": (
        TRAIN,
        first_of(ROWS, "city", "Bern"),
        ["1 row(s) of rows.csv have a value of city that train.csv has not ('Bern')"],
    ),
    "infinities": (
        first_of(TRAIN, "monthly_charge", np.inf),
        first_of(ROWS, "monthly_charge", -np.inf),
        [
            "1 infinite value(s) in monthly_charge of train.csv count as missing.",
            "1 infinite value(s) in monthly_charge of rows.csv count as missing.",
        ],
    ),
    "customers of both tables": (
        TRAIN,
        ROWS.assign(customer_id=["c00001", *[f"d{n}" for n in range(59)]]),
        ["1 customer(s) of rows.csv were learned from as well."],
    ),
    "a text of many values": (
        TRAIN.assign(town=[f"town {n % 120}" for n in CODES]),
        ROWS.assign(town="town 5"),
        ["in 7 column(s)"],
    ),
    "no signal at all": (
        TRAIN.assign(churned=np.random.default_rng(3).random(300) < 0.3)[
            ["customer_id", "city", "churned"]
        ],
        ROWS,
        ["model: base rate", "No model did better than the base rate"],
    ),
}


@pytest.mark.parametrize(("train", "rows", "told"), TOLD.values(), ids=TOLD)
def test_what_is_decided_by_rule_is_told(train, rows, told, files, run):
    folder = files(train, rows)
    ended = run(*asked())
    assert ended.code == 0, ended.err
    assert [sentence for sentence in told if sentence not in ended.out] == []
    assert len(pd.read_csv(folder / "out.csv")) == len(rows)


def test_a_leak_is_named_and_learned_from_only_if_allowed(files, run):
    reasons = np.where(TRAIN["churned"], "price", None)
    folder = files(TRAIN.assign(reason=reasons), ROWS.assign(reason=None))
    ended = run(*asked())
    assert "LEAK: not learned from" in ended.out
    assert "reason (AUC 1.000 alone)" in ended.out
    honest = pd.read_csv(folder / "out.csv")["churn_probability"]
    ended = run(*asked("--allow-leak", "reason"))
    assert "LEAK" not in ended.out
    assert "is suspicious" in ended.out
    assert pd.read_csv(folder / "out.csv")["churn_probability"].max() < honest.max() / 2
    assert "LEAK" not in run(*asked("--drop", "reason")).out


def test_the_table_itself_is_never_overwritten(files, run):
    files()
    for out in ("train.csv", "rows.csv"):
        assert "is the file that is read" in run(*asked(out=out)).err


@pytest.mark.skipif(not (DATA / "telco").is_dir(), reason="the public table is not here")
def test_the_telco_subscribers_are_told_apart_as_well_as_is_known(tmp_path, run):
    table = pd.read_parquet(DATA / "telco" / "customers.parquet").sample(frac=1, random_state=4)
    written(table[:5_600], tmp_path / "train.csv")
    written(table[5_600:], tmp_path / "rows.csv")
    ended = run(*asked())
    assert ended.code == 0, ended.err
    found = pd.read_csv(tmp_path / "out.csv")["churn_probability"].to_numpy()
    # 1,443 customers: a standard error is 0.01, so below 0.82 something broke, above 0.88 leaks.
    assert 0.82 < auc(table["churned"][5_600:].to_numpy(dtype=bool), found) < 0.88
