"""The catalogue of features and the data dictionary, and the trial of a business's own features."""

import json
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from features import stored
from features.catalog import GROUPS, group_name
from features.errors import RegularsError, SettingsError
from features.listing import Listed, declared_features, measured_features
from features.schema import dictionary
from features.settings import Settings
from features.user_groups import own_groups
from serving.commands.terminal import markdown_table, terminal_table
from training.pipeline import as_of_day

FEATURES_TITLE = """# Features

Every feature that Regulars declares, by group. A business has those whose tables and columns it
has; `regulars features list` shows which, how often each is known and how far it has moved. A
cutoff is the day of prediction: only what was known strictly before it counts, and what is not
known is missing, not zero. This file is made by `regulars features list --all --markdown`.
"""
DICTIONARY_TITLE = """# Data dictionary

The tables inside Regulars, whatever file or database they came from. `mapped as` is the key under
`columns` of the settings; a column without one is made when reading. This file is made by
`regulars features dictionary --markdown`.
"""


@dataclass(frozen=True, slots=True)
class Features:
    """The features of a business; `notes` say what the figures were measured on, or why not."""

    listed: tuple[Listed, ...]
    notes: tuple[str, ...] = ()
    is_measured: bool = False

    def as_json(self) -> str:
        """The features and the notes as JSON."""
        return json.dumps(
            {"notes": self.notes, "features": [asdict(one) for one in self.listed]}, indent=2
        )

    def as_text(self) -> str:
        """A table for a terminal, with the notes under it."""
        header = ["name", "unit", "window", "group", "table"]
        header += ["known", "drift"] if self.is_measured else []
        rows = [self._cells(one) for one in self.listed]
        return "\n".join([terminal_table([*header, "meaning"], rows), *self.notes])

    def as_markdown(self) -> str:
        """One table per group, for the documentation."""
        parts = [FEATURES_TITLE]
        for group in dict.fromkeys(one.group for one in self.listed):
            rows = [
                [f"`{one.name}`", one.unit, _window(one), ", ".join(one.needs), one.meaning]
                for one in self.listed
                if one.group == group
            ]
            header = ["name", "unit", "window", "needs", "meaning"]
            parts.append(f"## {group}\n\n{markdown_table(header, rows)}\n")
        return "\n".join(parts).rstrip()

    def _cells(self, one: Listed) -> list[str]:
        cells = [one.name, one.unit, _window(one), one.group, one.table]
        if self.is_measured:
            known, drift = one.coverage_share, one.drift_psi
            cells.append("-" if known is None else f"{known:.0%}")
            cells.append("-" if drift is None else f"{drift:.2f}")
        return [*cells, one.meaning]


def all_features() -> Features:
    """Every feature of the product, whatever a business has."""
    return Features(tuple(declared_features()))


def business_features(settings: Settings, *, group: str | None, cutoff: date | None) -> Features:
    """The features of a business, measured on its published histories where there are any.

    Drift is between `cutoff` (by default the day of prediction) and a churn horizon before it.
    Raises SettingsError for a group that does not exist or a file of features that is not right.
    """
    groups = own_groups(settings.features.files)
    names = [group_name(one) for one in (*GROUPS, *groups)]
    if group is not None and group not in names:
        message = f"There is no group {group}; there are: {', '.join(names)}."
        raise SettingsError(message)
    try:
        known = stored.load(settings.workspace / "histories", groups)
    except RegularsError as error:
        found = Features(
            tuple(declared_features(groups)),
            (f"Which of them this business has, and how often each is known, is open: {error}",),
        )
    else:
        newest = cutoff or as_of_day(settings, known)
        earlier = newest - timedelta(days=settings.churn.horizon_days)
        found = Features(
            tuple(measured_features(known, newest, earlier)),
            (
                f"known: share of customers as of {newest} of whom it is known; drift: population "
                f"stability index against {earlier} (0.1 some, 0.25 much).",
            ),
            is_measured=True,
        )
    chosen = tuple(one for one in found.listed if group in {None, one.group})
    return Features(chosen, found.notes, found.is_measured)


def dictionary_text() -> str:
    """The data dictionary as a table for a terminal."""
    rows = dictionary()
    return terminal_table([_title(key) for key in rows[0]], [list(row.values()) for row in rows])


def dictionary_json() -> str:
    """The data dictionary as JSON."""
    return json.dumps(dictionary(), indent=2)


def dictionary_markdown() -> str:
    """The data dictionary for the documentation, one section per table."""
    rows = dictionary()
    keys = [key for key in rows[0] if key != "table"]
    parts = [DICTIONARY_TITLE]
    for table in dict.fromkeys(row["table"] for row in rows):
        cells = [[row[key] for key in keys] for row in rows if row["table"] == table]
        parts.append(f"## {table}\n\n{markdown_table([_title(key) for key in keys], cells)}\n")
    return "\n".join(parts).rstrip()


def _window(one: Listed) -> str:
    return "" if one.window_days is None else f"{one.window_days} days"


def _title(key: str) -> str:
    return key.replace("_", " ")
