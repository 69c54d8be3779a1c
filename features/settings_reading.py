"""YAML files of settings, read with errors that name the file, the line and the key."""

import difflib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from features.errors import SettingsError
from features.settings_parts import Part


def read_mapping(path: Path, *, cure: str) -> tuple[str, dict[str, Any]]:
    """The text of a YAML file, and the keys that it holds.

    Raises SettingsError, with the cure, for a file that is not there or holds no keys.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = f"There is no {path}. {cure}"
        raise SettingsError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path} cannot be read as UTF-8 text: {error}"
        raise SettingsError(message) from error
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        message = f"{path} is not valid YAML: {error}"
        raise SettingsError(message) from error
    if not isinstance(content, dict):
        message = f"{path} holds no settings. {cure}"
        raise SettingsError(message)
    return text, content


def explained(
    error: ValidationError,
    path: Path,
    text: str,
    *,
    whole: type[BaseModel],
    hidden: Collection[str] = (),
) -> str:
    """What pydantic found wrong in a file, a line for each with the key meant.

    `whole` is what the file holds; `hidden` stand in the path of an error, but not in the file.
    """
    sentences = []
    for problem in error.errors():
        if problem["type"] == "default_factory_not_called":
            continue  # nobody set it, and what it is made of is told already
        keys = [str(key) for key in problem["loc"] if key not in hidden]
        line = _line_of(text, keys)
        sentence = f"{path}:{line}: {'.'.join(keys)}: {problem['msg']}"
        if problem["type"] == "extra_forbidden":
            meant = _did_you_mean(keys[-1], [whole, *_kinds_of(Part)])
            sentence = f"{path}:{line}: unknown key {'.'.join(keys)}{meant}"
        sentences.append(sentence)
    return "\n".join(sentences)


def _line_of(text: str, keys: list[str]) -> int:
    """Line of the deepest key that the file has, from 1."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    line = 1
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            break
        pair = next((pair for pair in node.value if pair[0].value == key), None)
        if pair is None:
            break
        line, node = pair[0].start_mark.line + 1, pair[1]
    return line


def _did_you_mean(key: str, parts: Iterable[type[BaseModel]]) -> str:
    known = {name for part in parts for name in part.model_fields}
    close = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _kinds_of(part: type[Part]) -> Iterator[type[BaseModel]]:
    for kind in part.__subclasses__():
        yield kind
        yield from _kinds_of(kind)
