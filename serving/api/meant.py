"""Which name was meant by one that nobody knows, told by the model that refused it."""

import difflib
from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel


def meant(model: object, steps: Sequence[int | str]) -> str:
    """The known name next to the last of these steps into a model; empty if none is close.

    >>> class Inner(BaseModel):
    ...     amount: int
    >>> class Outer(BaseModel):
    ...     orders: list[Inner] | None
    >>> meant(Outer, ["orders", 0, "amuont"]), meant(Outer, ["order"]), meant(Outer, ["colour"])
    ('amount', 'orders', '')
    """
    *way, name = steps
    for step in way:
        if isinstance(step, str):
            model = _field_model(model, step)
    known = list(getattr(model, "model_fields", ()))
    return next(iter(difflib.get_close_matches(str(name), known, n=1)), "")


def _field_model(model: object, name: str) -> object:
    fields: dict[str, Any] = getattr(model, "model_fields", {})
    return _model_in(fields[name].annotation) if name in fields else None


def _model_in(annotation: object) -> object:
    """The model within lists and unions; None if there is none, or more than one."""
    if _is_model(annotation):
        return annotation
    found = [one for one in map(_model_in, get_args(annotation)) if one is not None]
    return found[0] if len(found) == 1 else None


def _is_model(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
