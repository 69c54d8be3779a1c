"""The test that every feature gets for free: names, meanings, no look into the future, no surprise.

One line tests a business's own features, on made-up events or on its own:

    assert audit(events, shape, [date(2025, 6, 1)], seed=1) == []
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from features.catalog import Catalogue, catalogue
from features.contracts import FOREVER
from features.declarations import UNITS, Feature, Floats
from features.histories import Histories
from features.kernel import AsOf
from features.matrix import Rows, asked
from features.measures import ORDER_DAYS
from features.shape import Shape
from features.tile_index import TileIndex

Events = Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a feature: the rule that it breaks, and how.

    Rules: unit, meaning, unique, computes, finite, null, repeatable, alone, leak, blind.
    """

    feature: str
    rule: str
    detail: str


def audit(events: Events, shape: Shape, cutoffs: Sequence[date], *, seed: int) -> list[Finding]:
    """Everything that is wrong with the features of a shape, tried on these events.

    `events` should have rows before and after each cutoff; the seed decides how they are changed.
    """
    rng = np.random.default_rng(seed)
    known = catalogue(shape)
    index = TileIndex.of(Histories.from_events(events, shape))
    broken = list(_broken(index, known, cutoffs))
    findings = [*declaration_findings(known.features), *broken]
    failing = {one.feature for one in broken}
    known = replace(known, features=tuple(one for one in known.features if one.name not in failing))
    seeing: set[Feature] = set()
    for cutoff in cutoffs:
        world = World(shape, cutoff, known)
        rows = world.asked(index)
        findings += _value_findings(rows, known)
        findings += _repeated(world, index, rows)
        findings += _leaks(world, events, rng)
        fewer = {name: _some(some, rng) for name, some in events.items()}
        seeing.update(_changed(known, rows, world.of(fewer)))
    findings += _blind(known, seeing)
    return list(dict.fromkeys(findings))


def declaration_findings(features: Sequence[Feature]) -> Iterator[Finding]:
    """What is wrong with names and meanings."""
    taken = Counter(one.name for one in features)
    for one in features:
        if one.name.rsplit("_", 1)[-1] not in UNITS:
            yield Finding(one.name, "unit", f"its name must end in one of {', '.join(UNITS)}.")
        if not one.meaning.endswith("."):
            yield Finding(one.name, "meaning", "the first line of its docstring needs a full stop.")
        if taken[one.name] > 1:
            yield Finding(one.name, "unique", "another feature has this name; rename one of them.")


def _broken(index: TileIndex, known: Catalogue, cutoffs: Sequence[date]) -> Iterator[Finding]:
    """Features that raise an error or give something else than a number per row."""
    codes, days = asked(index, cutoffs)
    ordered = AsOf(index, codes, days).total(ORDER_DAYS) > 0
    asof = AsOf(index, codes[ordered], days[ordered])
    for one in known.features:
        try:
            shape = np.asarray(one.compute(asof), dtype=np.float64).shape
        except Exception as error:  # noqa: BLE001 - whatever the owner's code does is a finding
            yield Finding(one.name, "computes", f"{type(error).__name__}: {error}")
            continue
        if shape != asof.codes.shape:
            detail = f"it gives shape {shape}, but there are {asof.codes.shape} rows."
            yield Finding(one.name, "computes", detail)


def _value_findings(rows: "Asked", known: Catalogue) -> Iterator[Finding]:
    """Values that no model may see."""
    for one, values in zip(known.features, rows.features, strict=True):
        if np.isinf(values).any():
            detail = "it is infinite for some; divide with features.declarations.divided."
            yield Finding(one.name, "finite", detail)
        if one.unit == "count" and np.isnan(values).any():
            yield Finding(one.name, "null", "a count of nothing is 0, not unknown.")


def _repeated(world: "World", index: TileIndex, rows: "Asked") -> Iterator[Finding]:
    """Features that differ when they are asked again, or for some customers alone."""
    for one in _changed(world.known, rows, world.asked(index)):
        yield Finding(one.name, "repeatable", "it differs when it is asked again.")
    for one in _changed(world.known, rows, world.asked(index, every=2)):
        yield Finding(one.name, "alone", "a customer's value depends on who else is asked for.")


def _leaks(world: "World", events: Events, rng: np.random.Generator) -> Iterator[Finding]:
    """Features that change when only what nobody could know at the cutoff changes."""
    # Rows of who has late events are computed from what was known then alone, so that a world
    # without them shows more.
    in_time = {name: on_time(rows) for name, rows in events.items()}
    for past, late in ((events, True), (in_time, False)):
        other = {
            name: another_future(rows, world.cutoff, rng, late=late) for name, rows in past.items()
        }
        for one in _changed(world.known, world.of(past), world.of(other)):
            detail = f"what came at or after the cutoff {world.cutoff} changes it."
            yield Finding(one.name, "leak", detail)


@dataclass(frozen=True, slots=True)
class Asked:
    """Rows at one cutoff: ids of shape (n_rows,), features of shape (n_features, n_rows)."""

    customer_ids: npt.NDArray[np.str_]
    features: Floats


@dataclass(frozen=True, slots=True)
class World:
    """One cutoff and what is asked there, in whatever events."""

    shape: Shape
    cutoff: date
    known: Catalogue

    def of(self, events: Events) -> Asked:
        """The rows in these events."""
        return self.asked(TileIndex.of(Histories.from_events(events, self.shape)))

    def asked(self, index: TileIndex, every: int = 1) -> Asked:
        """The rows of every customer, or of every second one."""
        codes, days = asked(index, [self.cutoff])
        rows = Rows.of(index, codes[::every], days[::every], self.known)
        ids = index.customer_ids.to_numpy(zero_copy_only=False).astype(str)
        return Asked(ids[rows.codes], rows.features)


def on_time(rows: pa.Table) -> pa.Table:
    """The rows that hold today, as if each had come on its day."""
    held = rows.filter(pc.equal(rows["known_to"], FOREVER))
    return _with(held, known_from=held["day"])


def another_future(
    rows: pa.Table, cutoff: date, rng: np.random.Generator, *, late: bool = True
) -> pa.Table:
    """The same past, as it was known at the cutoff, with another future.

    What lay at or after the cutoff, or came only then, is gone; in its place some rows happen
    again at the cutoff or after it, to the same customers and to new ones, and some arrive late.
    """
    known = pc.and_(pc.less(rows["day"], cutoff), pc.less(rows["known_from"], cutoff))
    days = rng.integers(0, 60, rows.num_rows) * rng.integers(0, 2, rows.num_rows)
    later = pa.array([cutoff + timedelta(int(n)) for n in days], pa.date32())
    new = pc.binary_join_element_wise("new", rows["customer_id"], "-")
    arriving = _with(rows, known_from=later, known_to=FOREVER)
    happening = _with(arriving, day=later)
    joining = _with(happening, customer_id=new)
    parts = [rows.filter(known), _some(happening, rng), _some(joining, rng)]
    if late:
        parts.append(_some(arriving.filter(pc.less(rows["day"], cutoff)), rng))
    return pa.concat_tables(parts)


def _some(rows: pa.Table, rng: np.random.Generator) -> pa.Table:
    """About half of the rows."""
    return rows.filter(pa.array(rng.random(rows.num_rows) < 0.5))


def _with(rows: pa.Table, **columns: object) -> pa.Table:
    for name, values in columns.items():
        at, kind = rows.schema.get_field_index(name), rows.schema.field(name)
        if isinstance(values, date):
            values = pa.repeat(pa.scalar(values, kind.type), rows.num_rows)  # noqa: PLW2901
        rows = rows.set_column(at, kind, values)
    return rows


def _blind(known: Catalogue, seeing: set[Feature]) -> Iterator[Finding]:
    """Features that nothing before any cutoff changed, unless they are of the date alone."""
    for one in known.features:
        if one not in seeing and not one.calendar:
            detail = "no event before the cutoffs that was left out changes it; see its condition."
            yield Finding(one.name, "blind", detail)


def _changed(known: Catalogue, one: Asked, other: Asked) -> list[Feature]:
    """The features that differ in any bit for a customer of both."""
    _, mine, theirs = np.intersect1d(one.customer_ids, other.customer_ids, return_indices=True)
    here, there = one.features[:, mine], other.features[:, theirs]
    same = (here == there) | (np.isnan(here) & np.isnan(there))
    pairs = zip(known.features, same.all(axis=1), strict=True)
    return [feature for feature, is_same in pairs if not is_same]
