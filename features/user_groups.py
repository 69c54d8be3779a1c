"""A business's own feature groups: Python files that its settings name.

Such a file is the owner's own code. It runs with all rights of whoever runs Regulars, and only
because the settings (or a command) name it: nothing that lies in a workspace, a model folder or
among the data is ever loaded. What it declares keeps the rules of the product's own groups.
"""

import ast
import hashlib
import re
import traceback
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib.abc import SourceLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TypeAlias, cast

from features import measures as shared
from features.catalog import GROUPS, declared, every_feature, group_name, measures_of
from features.declarations import Feature, Measure
from features.errors import SettingsError
from features.own_sql import needs_problem, sql_problem

PACKAGE = "own"
"""The first part of a group's module name, so that no file hides a module of the same name."""

GroupFiles: TypeAlias = tuple[tuple[str, bytes], ...]
"""Files of groups by name, with their text."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def own_groups(files: Iterable[Path]) -> tuple[ModuleType, ...]:
    """The feature groups of these files, in their order; the same text gives the same group.

    Raises SettingsError that names file, line and what to do.
    """
    groups = tuple(_loaded(file.resolve(), _text_of(file)) for file in files)
    taken = {group_name(group) for group in GROUPS}
    known: dict[tuple[str, str, str], Measure | Feature] = {
        ("measure", one.family, one.name): one for one in _measures_of_the_product()
    }
    known |= {("feature", "", one.name): one for one in every_feature()}
    for group in groups:
        if group_name(group) in taken:
            _refuse(group, 1, f"there is a group {group_name(group)} already; rename the file")
        taken.add(group_name(group))
        for variable, one in _declared_by(group):
            kind = type(one).__name__.lower()
            family = one.family if isinstance(one, Measure) else ""
            if known.setdefault((kind, family, one.name), one) != one:
                problem = f"there is a {kind} {one.name} already; give yours another name"
                _refuse(group, _line_of(group, variable), problem)
    return groups


def group_files(groups: Iterable[ModuleType]) -> GroupFiles:
    """The files of these groups as data, name and text, for another process."""
    return tuple((Path(str(group.__file__)).name, _source(group)) for group in groups)


@lru_cache(maxsize=8)
def groups_of(files: GroupFiles) -> tuple[ModuleType, ...]:
    """The groups whose files `group_files` gave; the same files give the same groups."""
    with TemporaryDirectory() as aside:
        for name, text in files:
            (Path(aside) / name).write_bytes(text)
        return own_groups(Path(aside) / name for name, _ in files)


def own_features(group: ModuleType) -> tuple[Feature, ...]:
    """The features that a group adds to those of the product."""
    theirs = set(every_feature())
    found = (one for _, one in _declared_by(group) if isinstance(one, Feature))
    return tuple(one for one in found if one not in theirs)


def own_measures(group: ModuleType) -> tuple[Measure, ...]:
    """The measures that a group adds to those of the product."""
    theirs = set(_measures_of_the_product())
    found = (one for _, one in _declared_by(group) if isinstance(one, Measure))
    return tuple(one for one in found if one not in theirs)


def described_error(error: Exception, groups: Iterable[ModuleType]) -> str:
    """What went wrong in the code of one of these groups, by file and line."""
    files = [str(group.__file__) for group in groups]
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame.filename for frame in frames if frame.filename in files]
    return _told(error, Path((inside or files)[-1]))


class _Text(SourceLoader):
    """Loads the very bytes that were digested, and keeps no compiled copy beside the file."""

    def __init__(self, path: Path, text: bytes) -> None:
        self._path = path
        self.text = text

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - one loader, one file
        return str(self._path)

    def get_data(self, path: str) -> bytes:  # noqa: ARG002 - the same
        return self.text


def _text_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        why = error.strerror or error
        message = f"{file} of features.files cannot be read: {why}. Correct its path."
        raise SettingsError(message) from error


@lru_cache(maxsize=32)
def _loaded(path: Path, text: bytes) -> ModuleType:
    """The group of a file with this text, run and checked."""
    loader = _Text(path, text)
    spec = spec_from_file_location(f"{PACKAGE}.{path.stem}", path, loader=loader)
    if spec is None or path.suffix != ".py" or not _NAME.fullmatch(path.stem):
        message = f"{path} must be named like a group: lower-case letters, digits and _, then .py."
        raise SettingsError(message)
    group = module_from_spec(spec)
    try:
        loader.exec_module(group)
    except SyntaxError as error:
        message = f"{path}:{error.lineno or 1}: this is no valid Python: {error.msg}."
        raise SettingsError(message) from error
    except Exception as error:
        # The file is the owner's; whatever is wrong with it is told by its line.
        raise SettingsError(_told(error, path)) from error
    vars(group)["FILE_DIGEST"] = hashlib.sha256(text).hexdigest()
    _check(group)
    return group


def _check(group: ModuleType) -> None:
    """Nothing, if what a group adds can be computed by every engine."""
    for name, lines in _lines_of(group).items():
        if len(lines) > 1 and list(declared(vars(group).get(name))):
            _refuse(group, lines[-1], f"{name} is declared twice; rename one of them")
    measures = set(own_measures(group))
    for variable, one in _declared_by(group):
        problem = None if _NAME.fullmatch(one.name) else f"{one.name} is no lower-case name"
        if isinstance(one, Feature):
            problem = problem or needs_problem(one.needs)
        elif one in measures:
            problem = problem or sql_problem(one)
        if problem:
            _refuse(group, _line_of(group, variable), problem)
    if not own_features(group) and not hasattr(group, "of_words"):
        _refuse(group, 1, "this file declares no feature; see docs/own-feature.md")


def _declared_by(group: ModuleType) -> Iterator[tuple[str, Measure | Feature]]:
    """What the variables of a group declare, with the variable's name."""
    for variable, value in vars(group).items():
        for one in declared(value):
            yield variable, one


def _measures_of_the_product() -> list[Measure]:
    return [one for group in (shared, *GROUPS) for one in measures_of(group)]


def _told(error: Exception, path: Path) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    lines = [one.lineno for one in frames if one.filename == str(path) and one.lineno]
    kind = "" if isinstance(error, TypeError) else f"{type(error).__name__}: "
    said = " ".join(str(error).split()).removesuffix(".")
    return f"{path}:{lines[-1] if lines else 1}: {kind}{said}."


def _line_of(group: ModuleType, variable: str) -> int:
    return _lines_of(group).get(variable, [1])[-1]


def _lines_of(group: ModuleType) -> dict[str, list[int]]:
    """The lines on which each variable of the group is made."""
    found: dict[str, list[int]] = {}
    for node in ast.parse(_source(group)).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        names = [one.id for one in targets if isinstance(one, ast.Name)]
        if isinstance(node, ast.FunctionDef):
            names.append(node.name)
        for name in names:
            found.setdefault(name, []).append(node.lineno)
    return found


def _source(group: ModuleType) -> bytes:
    return cast("_Text", group.__loader__).text


def _refuse(group: ModuleType, line: int, problem: str) -> None:
    message = f"{group.__file__}:{line}: {problem}."
    raise SettingsError(message)
