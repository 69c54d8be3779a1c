"""The report: figures, pairs, slices; what it says of few customers; the page and its data."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from holdouts import ABOUT, CUTOFFS, holdouts

from training.backtest_page import DATA_NAME, PAGE_NAME, page, write_report
from training.backtest_report import SCHEMA, backtest_report
from training.backtest_words import number_text
from training.evaluation import SEGMENTS
from training.figures import FIGURES
from training.metrics import auc

DRAWS = 200


def report_of(found, **keys) -> dict:
    return backtest_report(found, ABOUT, margin=0.5, seed=1, resamples_count=DRAWS, **keys)


@pytest.fixture(scope="module")
def report() -> dict:
    return report_of(holdouts())


@pytest.fixture(scope="module")
def text(report) -> str:
    return page(report)


def slice_of(report: dict, kind: str, name: str | None = None) -> dict:
    (found,) = [
        one for one in report["slices"] if one["kind"] == kind and name in {None, one["name"]}
    ]
    return found


def numbers(sheet: dict):
    """Every figure of a sheet with its interval."""
    for systems in sheet["figures"].values():
        yield from systems.values()
    for parts in sheet["tenths"].values():
        for tenths in parts.values():
            yield from tenths


def test_the_report_names_its_form_and_every_slice(report):
    assert report["schema"] == SCHEMA == "regulars.backtest/1"
    assert [one["name"] for one in report["slices"]] == [
        "all active customers", "AT", "CZ", "LI", *SEGMENTS,
    ]  # fmt: skip
    assert report["systems"] == ["champion", "bg-nbd", "zero"]
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_nobody_is_named_in_the_report(report, text):
    assert "secret-" not in json.dumps(report)
    assert "secret-" not in text


def test_every_figure_lies_within_its_interval(report):
    judged = [
        sheet
        for one in report["slices"]
        for sheet in (one["mean"], *one["over_time"])
        if sheet["judged"]
    ]
    assert len(judged) == 18
    for sheet in judged:
        assert all(one["low"] <= one["value"] <= one["high"] for one in numbers(sheet))


def test_a_figure_is_that_of_the_active_and_its_mean_that_of_the_days(report):
    found = holdouts()
    values = []
    for one, sheet in zip(found, slice_of(report, "all")["over_time"], strict=True):
        said = one.predictions["champion"]["churn_probability"].to_numpy()
        values.append(auc(one.churned[one.active], said[one.active]))
        assert sheet["figures"]["auc"]["champion"]["value"] == values[-1]
    mean = slice_of(report, "all")["mean"]
    assert mean["figures"]["auc"]["champion"]["value"] == pytest.approx(np.mean(values))
    assert [one["cutoff"] for one in report["embargo"]] == [day.isoformat() for day in CUTOFFS]


def test_a_market_is_judged_on_its_own_customers_only(report):
    values = []
    for one in holdouts():
        here = one.active & (one.customers["market"] == "CZ").to_numpy()
        said = one.predictions["bg-nbd"]["churn_probability"].to_numpy()
        values.append(auc(one.churned[here], said[here]))
    figure = slice_of(report, "market", "CZ")["mean"]["figures"]["auc"]["bg-nbd"]
    assert figure["value"] == pytest.approx(np.mean(values))


def test_a_small_market_is_not_judged_but_counted(report, text):
    small = slice_of(report, "market", "LI")
    assert not small["mean"]["judged"]
    assert 0 < small["mean"]["customers_count"] < 200
    assert "figures" not in small["mean"]
    told = f"Too few to judge at any day: {small['mean']['customers_count']} customers"
    assert told in text


def test_who_all_met_one_fate_cannot_be_judged():
    found = [replace(one, churned=np.ones_like(one.churned)) for one in holdouts()]
    report = report_of(found)
    assert not slice_of(report, "all")["mean"]["judged"]
    assert report["strongest"] == {}
    assert "too few to judge" in page(report)


def test_the_truth_beats_half_of_it_and_nothing(report):
    differences = slice_of(report, "all")["mean"]["differences"]
    assert {name: differences[name]["verdict"] for name in ("auc", "log_loss", "empc_own", "rmse")} == {
        "auc": "better", "log_loss": "better", "empc_own": "better", "rmse": "better",
    }  # fmt: skip
    assert report["strongest"]["auc"] == "bg-nbd"
    assert "bias" not in differences  # a level is neither high nor low; its error is compared


def test_half_of_the_truth_loses_to_the_truth():
    found = holdouts()
    for one in found:
        one.predictions["champion"], one.predictions["bg-nbd"] = (
            one.predictions["bg-nbd"], one.predictions["champion"],
        )  # fmt: skip
    verdicts = slice_of(report_of(found), "all")["mean"]["differences"]
    assert {verdicts[name]["verdict"] for name in ("auc", "log_loss", "rmse")} == {"worse"}


def test_a_system_differs_from_itself_by_exactly_nothing():
    found = holdouts()
    for one in found:
        one.predictions["bg-nbd"] = one.predictions["champion"].copy()
        del one.predictions["zero"]
    differences = slice_of(report_of(found), "all")["mean"]["differences"]
    assert len(differences) == 14
    for name, difference in differences.items():
        assert difference["opponent"] == "bg-nbd", name
        assert (difference["value"], difference["low"], difference["high"]) == (0.0, 0.0, 0.0)
        assert difference["verdict"] == "no difference shown"


def test_the_interval_of_a_pair_is_narrower_than_those_of_its_parts(report):
    mean = slice_of(report, "all")["mean"]
    width = lambda one: one["high"] - one["low"]  # noqa: E731
    ours, theirs = (mean["figures"]["log_loss"][name] for name in ("champion", "bg-nbd"))
    assert width(mean["differences"]["log_loss"]) < min(width(ours), width(theirs)) * 1.05


def test_a_seed_gives_the_same_report_and_page(report, text):
    again = report_of(holdouts())
    assert again == report
    assert page(again) == text


def test_one_market_is_not_judged_twice():
    found = [replace(one, customers=one.customers.assign(market="AT")) for one in holdouts()]
    report = report_of(found)
    assert slice_of(report, "market")["mean"] == slice_of(report, "all")["mean"]
    assert "All customers are of one market, AT: the figures above are its own." in page(report)


# The page


class Cells(HTMLParser):
    """The rows of all tables of a page, a cell as (number, interval)."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.at = ""

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self.at = "cell"
        elif tag == "small":
            self.tables[-1][-1][-1] += " | "

    def handle_endtag(self, tag):
        self.at = "" if tag in {"td", "th"} else self.at

    def handle_data(self, data):
        if self.at:
            self.tables[-1][-1][-1] += data


def as_told(kind: str, found: dict, *, signed: bool = False) -> str:
    value, low, high = (
        number_text(kind, found[name], signed=signed) for name in ("value", "low", "high")
    )
    return f"{value} | {low} … {high}"


def test_the_data_written_are_those_of_the_page(report, tmp_path):
    paths = write_report(report, tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [PAGE_NAME, DATA_NAME]
    data = json.loads(paths[1].read_text(encoding="utf-8"))
    assert data == report
    reader = Cells()
    reader.feed(paths[0].read_text(encoding="utf-8"))
    verdicts, figures, *others = reader.tables
    mean = data["slices"][0]["mean"]
    for row, (name, difference) in zip(verdicts[1:], mean["differences"].items(), strict=True):
        kind = data["figures"][name]["kind"]
        assert row[1] == as_told(kind, mean["figures"][name]["champion"])
        assert row[3] == as_told(kind, mean["figures"][name][difference["opponent"]])
        assert row[4] == as_told(kind, difference, signed=True)
        assert row[5] == difference["verdict"]
    for row, (name, systems) in zip(figures[1:], mean["figures"].items(), strict=True):
        kind = data["figures"][name]["kind"]
        shown = [as_told(kind, systems[one]) if one in systems else "–" for one in data["systems"]]
        assert row[1:4] == shown
    (gain,) = [table for table in others if table[0][0] == "Contacted"][:1]
    reached = mean["tenths"]["champion"]["reached_share"]
    assert [row[1] for row in gain[1:]] == [as_told("share", one) for one in reached]


def test_every_picture_has_its_table_and_every_figure_its_meaning(text):
    assert text.count("<svg") == text.count('<div class="picture"') > 12
    assert text.count("<table") == text.count("<svg") + 1 + 6  # verdicts, a table per slice judged
    for figure in FIGURES.values():
        assert figure.label in text
        assert figure.meaning.replace("'", "&#39;") in text


def test_the_page_stands_alone(text):
    assert re.findall(r"(?:src|href)=\"(?!#)[^\"]*\"", text) == []
    assert "<script" not in text
    assert "@import" not in text
    assert re.findall(r"url\((?!#)[^)]*\)", text) == []
    assert "nan" not in re.sub(r"<[^>]*>", " ", text).split()


def test_a_name_of_a_business_is_text_and_no_markup(text):
    assert "A shop &amp; &lt;b&gt;more&lt;/b&gt;" in text
    assert "<b>more" not in text


def test_a_system_that_nobody_has_heard_of_is_shown_too(report):
    found = json.loads(json.dumps(report).replace("bg-nbd", "new-model"))
    found["slices"] = found["slices"][:1]
    assert "new-model" in page(found)


@pytest.mark.parametrize(
    ("kind", "value", "signed", "told"),
    [
        ("share", 0.1234, False, "12.3%"),
        ("number", 0.7654321, False, "0.765"),
        ("ratio", 2.345, False, "2.35"),
        ("money", 1234567.8, False, "1,234,568"),
        ("money", 0.0, False, "0.00"),
        ("money", -0.0012, True, "−0.001"),
        ("number", 0.0004, True, "0.000"),
        ("share", 0.012, True, "+1.2%"),
        ("number", None, False, "–"),
    ],
)
def test_numbers_are_written_for_people(kind, value, signed, told):
    assert number_text(kind, value, signed=signed) == told
