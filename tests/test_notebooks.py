"""Notebooks cannot rot: every one runs from top to end, and shows what it promises."""

import ast
import json
import os
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "notebooks"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NOTEBOOKS = sorted(FOLDER.glob("*.py"))

TELL = nbformat.v4.new_code_cell("import json\nprint(json.dumps(found))")
"""Put behind a notebook that has `found`, the figures of its summary."""

FOUND = {
    "02_what_drives_churn": {
        "customers": (23_570, 23_570),
        "sum of contributions against the score (largest gap)": (0, 1e-9),
        "returned in 180 days: one order day (share)": (0.05, 0.11),
        "returned in 180 days: 4+ order days (share)": (0.55, 0.7),
        "wrong after 180 days of silence (share)": (0.15, 0.25),
        "share of the two strongest": (0.6, 0.95),
        "effect of silence: last less first (probability)": (0.1, 0.4),
        "effect of frequency: last less first (probability)": (-0.6, -0.2),
        "drivers at other cutoffs: lowest rank correlation": (0.3, 1),
        "AUC": (0.69, 0.73),
        "AUC less that of BG/NBD": (0.005, 0.05),
        "Calibration error": (0, 0.12),
        "margin of churners reached, at stake over riskiest first (ratio)": (2, 20),
    },
    "03_lifetime_value": {
        "parameters: largest relative difference from published": (0, 0.005),
        "customers whose value ever falls with the horizon": (0, 0),
        "customers whose silence ever rises with the horizon": (0, 0),
        "no discount is no loss (largest gap, $)": (0, 1e-6),
        "lost to discounting (share)": (0.2, 0.5),
        "Gini: expected, next 180 days": (0.5, 0.8),
        "Gini: realised, next 180 days": (0.85, 0.95),
        "interval covers: everybody (share, asked 0.8)": (0.8, 1),
        "interval covers: buyers (share)": (0.8, 0.95),
        "cold start: realised, largest over smallest first orders (ratio)": (2, 10),
        "nGini": (0.74, 0.8),
        "nGini less that of BG/NBD": (0.01, 0.1),
        "RMSE less that of: own average since the first order, upper end ($)": (-100, 0),
        "said / spent, 180 days from 1998-01-02": (0.7, 1.4),
    },
}
"""Between what bounds a figure of a summary lies; another library may move its last digits."""


def pictures(notebook: nbformat.NotebookNode) -> int:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["text"] for output in outputs if output.get("name") == "stderr"]


@pytest.fixture(autouse=True)
def _code_of_this_checkout(monkeypatch):
    """The kernel is another process: it imports what is tested here, wherever it was installed."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


@pytest.mark.timeout(260)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_finds_what_it_says(path, tmp_path):
    notebook = jupytext.read(path)
    bounds = FOUND.get(path.stem, {})
    if bounds:
        notebook.cells.append(TELL.copy())
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources=where).execute()
    assert complaints(notebook) == []
    assert pictures(notebook) >= 2
    assert list(tmp_path.iterdir()) == []
    found = json.loads(notebook.cells[-1].outputs[0]["text"]) if bounds else {}
    outside = {
        name: found[name] for name, (low, high) in bounds.items() if not low <= found[name] <= high
    }
    assert outside == {}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_opens_with_its_data_and_its_run_time(path):
    first = jupytext.read(path).cells[0]
    assert first.cell_type == "markdown"
    assert "**Data**" in first.source
    assert "**Run time**" in first.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_no_logic(path):
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    assert [node.name for node in nodes if isinstance(node, DEFINITIONS)] == []


def test_there_are_notebooks_and_their_outputs_are_not_kept():
    assert {path.stem for path in NOTEBOOKS} >= set(FOUND)
    assert list(FOLDER.glob("**/*.ipynb")) == []
