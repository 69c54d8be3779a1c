"""The proof at the command line: on an honest shop it holds, a planted leak ends it with 1."""

import json
import shutil
from pathlib import Path

import pytest
from leaks import OWN_LEAKS

TODAY = "2025-03-01"


@pytest.fixture
def copied(shop, run, monkeypatch, tmp_path) -> Path:
    """A copy of the trained shop, in which the command runs."""
    folder = tmp_path / "copy"
    shutil.copytree(shop.folder, folder)
    monkeypatch.chdir(folder)
    return folder


def runs_of(folder: Path) -> list[dict[str, float]]:
    """The metrics of every run of a verification."""
    from training.tracking import use_workspace

    client = use_workspace(folder / ".regulars")
    (experiment,) = client.search_experiments(filter_string="name = 'regulars'")
    found = client.search_runs([experiment.experiment_id])
    return [one.data.metrics for one in found if one.info.run_name == "verify"]


def test_an_honest_shop_is_proved_written_down_and_recorded(copied, run):
    ended = run("verify", "--customers", 300, "--now", TODAY, "--json")
    report = json.loads(ended.out)
    assert [one for one in report["checks"] if one["result"] == "fails"] == []
    assert (ended.code, report["holds"], report["schema"]) == (0, True, "regulars.verify/1")
    assert (report["customers_count"], report["of_customers_count"]) == (300, 700)
    untried = [one["name"] for one in report["checks"] if one["result"] == "not tried"]
    assert untried == ["corrections"]
    assert json.loads((copied / ".regulars" / "verify.json").read_text()) == report
    assert runs_of(copied) == [{"verify.failed_count": 0.0}]


def test_a_leak_in_a_file_of_ones_own_ends_with_1_and_names_the_column(copied, run):
    text = (copied / "regulars.yml").read_text(encoding="utf-8")
    (copied / "regulars.yml").write_text(f"{text}\nfeatures:\n  files: [leaking.py]\n")
    (copied / "leaking.py").write_text(OWN_LEAKS["a total of the whole life"], encoding="utf-8")
    ended = run("verify", "--customers", 150, "--now", TODAY, "--cutoff", "2024-09-01")
    assert ended.code == 1
    assert "whole_life_value is" in ended.out
    assert "as of 2024-09-01" in ended.out
    assert " checks fail; not tried: corrections." in ended.out


def test_too_short_a_history_is_no_proof_and_ends_with_3(copied, run):
    ended = run("verify", "--now", TODAY, "--cutoff", "2024-01-20")
    assert (ended.code, ended.out) == (3, "")
    assert "unavailable, because" in ended.err
