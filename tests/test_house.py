"""The house keeps itself: what CONTRIBUTING.md demands and a machine can see."""

import ast
import importlib
import importlib.metadata
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from features.settings import Part, Settings

ROOT = Path(__file__).parents[1]
PACKAGES = ("features", "training", "serving")
MODULES = sorted(
    path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")
)
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "tests/journeys/openapi-python-client.lock",
)
FLOORS = {"bentoml": "1.4.39", "mlflow": "3.17"}
COMMANDS = (
    "init",
    "check",
    "ingest",
    "features",
    "train",
    "tune",
    "backtest",
    "retention",
    "verify",
    "score",
    "models",
    "openapi",
    "promote",
    "rollback",
    "keys",
    "predict",
    "serve",
    "demo",
)
MAX_LINES = 400

# These run what a file brings along; a model folder must never be able to.
RUNS_FOREIGN_CODE = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}  # fmt: skip
# Where the time of day enters: the command line, and the server, whose answers have an age.
ASK_THE_CLOCK = {
    "serving/cli.py",
    "serving/cli_options.py",
    "serving/commands/demo.py",
    "serving/state.py",
    "serving/web/routes.py",
}

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef

TREES = {path: ast.parse((ROOT / path).read_text(encoding="utf-8")) for path in MODULES}


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Full names of what is imported, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def called(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """What is called, as it is written, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Every class and function that others can reach, methods with their class's name."""
    for node in body:
        if isinstance(node, Definition):
            yield f"{prefix}{node.name}", node
        if isinstance(node, ast.ClassDef):
            yield from definitions(node.body, f"{prefix}{node.name}.")


def is_public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


def without_annotation(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[str]:
    """Names of parameters without an annotation, and `return`."""
    given = function.args
    parameters = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    parameters += [one for one in (given.vararg, given.kwarg) if one is not None]
    bare = [one.arg for one in parameters if one.annotation is None]
    bare = [name for name in bare if name not in {"self", "cls"}]
    return bare + ["return"] * (function.returns is None)


def test_every_module_is_short_and_opens_with_its_purpose():
    sources = {path: (ROOT / path).read_text(encoding="utf-8") for path in MODULES}
    assert [
        f"{path}" for path, text in sources.items() if not ast.get_docstring(ast.parse(text))
    ] == []
    assert [f"{path}" for path, text in sources.items() if text.count("\n") > MAX_LINES] == []


def test_what_others_can_reach_is_described():
    silent = [
        f"{path}:{node.lineno} {name}"
        for path, tree in TREES.items()
        for name, node in definitions(tree.body)
        if is_public(name) and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_signature_is_typed():
    bare = [
        f"{path}:{node.lineno} {name}: {missing}"
        for path, tree in TREES.items()
        for name, node in definitions(tree.body)
        if not isinstance(node, ast.ClassDef) and (missing := without_annotation(node))
    ]
    assert bare == []


def test_nothing_runs_code_that_a_file_brings_along():
    imports = [
        f"{path}:{line} imports {name}"
        for path, tree in TREES.items()
        for name, line in imported(tree)
        if name.split(".")[0] in RUNS_FOREIGN_CODE
    ]
    calls = [
        f"{path}:{line} calls {name}"
        for path, tree in TREES.items()
        for name, line in called(tree)
        if name in {"eval", "exec", "compile", "__import__"} or name.endswith("pyfunc.load_model")
    ]
    assert imports + calls == []


def test_nothing_below_the_command_line_prints():
    printing = {
        path.as_posix()
        for path, tree in TREES.items()
        for name, _ in called(tree)
        if name == "print"
    }
    assert printing <= {"serving/cli.py", "serving/commands/demo.py"}


def test_the_clock_is_asked_at_the_border_only():
    asking = {
        path.as_posix()
        for path, tree in TREES.items()
        for name, _ in called(tree)
        if re.search(r"\b(datetime|date|Timestamp)(\.\w+)*\.(now|utcnow|today)$", name)
        or name == "time.time"
    }
    assert asking == ASK_THE_CLOCK


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_the_one_of_this_repository(package):
    found = Path(str(importlib.import_module(package).__file__))
    assert found.resolve().is_relative_to(ROOT.resolve())


def test_mlflow_reads_the_same_project_file_as_people():
    # MLflow looks for a file whose whole name is MLproject and passes over mlproject.yml.
    assert (ROOT / "MLproject").read_bytes() == (ROOT / "mlproject.yml").read_bytes()


@pytest.mark.parametrize("name", LOCKS)
def test_every_line_of_a_lock_is_hashed(name):
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    pinned = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(pinned) > 20
    assert [line for line in pinned if "==" not in line or "--hash=sha256:" not in line] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_registry(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    flags = r"https?:|://|--(extra-)?index-url|--find-links|--trusted-host|^-[if]\b"
    assert re.findall(flags, text, re.MULTILINE) == []


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_versions_with_known_holes_are_out_of_reach(name, floor):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {one.name: one for one in map(Requirement, project["dependencies"])}[name]
    lowest = [one.version for one in wanted.specifier if one.operator == ">="]
    assert lowest, f"{name} needs a lower bound"
    assert Version(lowest[0]) >= Version(floor)
    assert Version(importlib.metadata.version(name)) >= Version(floor)


def parts_of_settings() -> list[type]:
    found, waiting = [Settings], [Part]
    while waiting:
        part = waiting.pop()
        found.append(part)
        waiting += part.__subclasses__()
    return found


@pytest.mark.parametrize("part", parts_of_settings(), ids=lambda part: part.__name__)
def test_every_key_of_the_settings_says_what_it_means(part):
    assert part.__doc__
    silent = [
        name
        for name, field in part.model_fields.items()
        if not field.description and not _names_a_described_part(field.annotation)
    ]
    assert silent == []


def _names_a_described_part(annotation: object) -> bool:
    """Whether the value is a part (or parts) of the settings, whose docstring says what it is."""
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return bool(annotation.__doc__)
    return any(_names_a_described_part(one) for one in get_args(annotation))


def test_the_readme_mentions_every_command():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    # `make demo` is `regulars demo` with its environment.
    assert [name for name in COMMANDS if not re.search(rf"(regulars|make) {name}\b", text)] == []


def test_the_commands_are_these():
    from typer.main import get_command

    from serving.cli import app

    assert sorted(get_command(app).commands) == sorted(COMMANDS)
