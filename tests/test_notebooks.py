"""Notebooks cannot rot: every one runs from top to end, and shows what it promises."""

import ast
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[1] / "notebooks"
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
NOTEBOOKS = sorted(FOLDER.glob("*.py"))


def pictures(notebook: nbformat.NotebookNode) -> int:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [output["text"] for output in outputs if output.get("name") == "stderr"]


@pytest.mark.timeout(260)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_to_its_end_and_shows_pictures(path, tmp_path):
    notebook = jupytext.read(path)
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources=where).execute()
    assert complaints(notebook) == []
    assert pictures(notebook) >= 2
    assert list(tmp_path.iterdir()) == []


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


def test_there_is_a_notebook_and_its_outputs_are_not_kept():
    assert NOTEBOOKS
    assert list(FOLDER.glob("**/*.ipynb")) == []
