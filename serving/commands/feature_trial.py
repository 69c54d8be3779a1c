"""The trial of a business's own features on made-up events, before they meet real ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import pyarrow as pa

from features.audit import Finding, audit
from features.declarations import Feature
from features.errors import SettingsError
from features.histories import Histories
from features.kernel import AsOf
from features.matrix import asked
from features.measures import ORDER_DAYS
from features.own_sql import words_of
from features.sources.sample_world import sample_cutoffs, sample_events, sample_shape
from features.tile_index import TileIndex
from features.user_groups import described_error, own_features, own_groups, own_measures

Events = dict[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Tried:
    """Which features were tried, and what was found."""

    feature_names: tuple[str, ...]
    findings: tuple[Finding, ...]

    def as_text(self) -> str:
        """One line per finding, or that there is none."""
        count = len(self.feature_names)
        head = f"{count:,} features tried on made-up events: {', '.join(self.feature_names)}."
        lines = [f"{one.feature}: {one.rule}: {one.detail}" for one in self.findings]
        return "\n".join([head, *(lines or ["Nothing was found."])])


def try_features(files: Sequence[Path], *, seed: int) -> Tried:
    """The findings about the features of these files, on made-up events of every table.

    Each must compute with only what it says it needs; then all must pass the audit. Raises
    SettingsError if a file is not right or none is named.
    """
    if not files:
        message = (
            "No file of features is named. Name it, such as my_features.py, or list it in the "
            "settings under features.files."
        )
        raise SettingsError(message)
    groups = own_groups(files)
    mine = [one for group in groups for one in own_features(group)]
    names = tuple(one.name for one in mine)
    events = sample_events(seed=seed, words=_words(groups))
    findings = [found for one in mine for found in _computed(one, events, groups)]
    if not findings:
        shape = sample_shape(events, groups)
        audited = audit(events, shape, sample_cutoffs(), seed=seed)
        findings = [found for found in audited if found.feature in names]
    return Tried(names, tuple(findings))


def _words(groups: Iterable[ModuleType]) -> dict[str, set[str]]:
    """The words that the measures of the groups ask for, so that the made-up events have them."""
    words: dict[str, set[str]] = {}
    for group in groups:
        for measure in own_measures(group):
            for column, some in words_of(measure).items():
                words.setdefault(column, set()).update(some)
    return words


def _computed(one: Feature, events: Events, groups: tuple[ModuleType, ...]) -> list[Finding]:
    """What is wrong with a feature where only what it says it needs is there."""
    shape = sample_shape(events, groups)
    shape = replace(shape, available=one.needs | {"orders"})
    index = TileIndex.of(Histories.from_events(events, shape))
    codes, days = asked(index, sample_cutoffs())
    ordered = AsOf(index, codes, days).total(ORDER_DAYS) > 0
    known = AsOf(index, codes[ordered], days[ordered])
    try:
        one.compute(known)
    except KeyError as error:
        there = ", ".join(sorted(one.needs))
        detail = f"there is more to it than {there} ({error.args[0]}); add to needs what it uses."
        return [Finding(one.name, "needs", detail)]
    except Exception as error:  # noqa: BLE001 - whatever the owner's code does is a finding
        return [Finding(one.name, "computes", described_error(error, groups))]
    return []
