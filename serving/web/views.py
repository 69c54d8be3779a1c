"""What each template shows: words and addresses, ready to print. Templates decide nothing."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds every page; `here` names the current item of the navigation."""

    title: str
    here: str
    business: str = ""
    stamp: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """The same page in a language; `name` is what that language calls itself."""

    language: str
    name: str
    href: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """What a number means; `anchor` is its place on the page of definitions."""

    anchor: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Stat:
    """One number with its plain sentence and its definition; `tone` is calm, good or warn."""

    label: str
    number: str
    sentence: str
    definition: Definition
    tone: str = "calm"


@dataclass(frozen=True, slots=True)
class TableView:
    """A plain table; the first cell of a row is its heading."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ChartView:
    """A Vega-Lite picture, its text alternative and the table behind it."""

    name: str
    spec: dict[str, Any]
    alternative: str
    table: TableView


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """Customers of one churn band and one value band; `heat` 0 to 4 grows with what is at stake."""

    label: str
    count: str
    stake: str
    heat: int
    href: str | None


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A churn band's cells, highest value band first."""

    band: str
    label: str
    range: str
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Risk by value; `columns` are (label, range) of the value bands."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """Customers without a score for one reason."""

    label: str
    sentence: str
    count: str
    share: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One measured figure of the model and of the baseline; `better` is model, baseline or none."""

    name: str
    href: str
    model: str
    baseline: str
    better: str
    verdict: str


@dataclass(frozen=True, slots=True)
class MeasureTable:
    """Figures of one model beside the baseline's."""

    caption: str
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class QualityView:
    """How good the model is, and how that was measured."""

    measured: str
    model: str
    baseline: str
    tables: tuple[MeasureTable, ...]


@dataclass(frozen=True, slots=True)
class OverviewView:
    """The first page."""

    stats: tuple[Stat, ...]
    matrix: Matrix
    bands: ChartView
    unscored_sentence: str
    unscored: tuple[Slice, ...]
    calibration: tuple[str, ...]
    quality: QualityView | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a filter can take."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class RiskRow:
    """A customer in the list; `meter` is the probability in whole percent."""

    customer_id: str
    href: str
    market: str
    probability: str
    meter: int
    band: str
    band_label: str
    expected: str
    interval: str
    stake: str
    reasons: tuple[str, ...]
    last_order: str
    rhythm: str


@dataclass(frozen=True, slots=True)
class ListView:
    """The customers at risk, one part of them; an address is None where there is no such part."""

    action: str
    searched: str
    search_message: str
    bands: tuple[Choice, ...]
    value_bands: tuple[Choice, ...]
    markets: tuple[Choice, ...]
    summary: str
    rows: tuple[RiskRow, ...]
    previous_href: str | None
    next_href: str | None
    reset_href: str


@dataclass(frozen=True, slots=True)
class ReasonView:
    """A driver of the score in words; `direction` is raises or lowers."""

    text: str
    direction: str
    direction_label: str
    weight_label: str


@dataclass(frozen=True, slots=True)
class ScoreView:
    """The score card."""

    probability: Stat
    meter: int
    band: str
    band_label: str
    percentile: str
    stats: tuple[Stat, ...]
    reasons: tuple[ReasonView, ...]


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer; without a score, `unavailable` is a heading and a sentence."""

    customer_id: str
    back_href: str
    facts: tuple[tuple[str, str], ...]
    score: ScoreView | None
    unavailable: tuple[str, str] | None
    timeline: ChartView | None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A page that only says something, with commands to run or an address to go on."""

    heading: str
    sentences: tuple[str, ...]
    commands: tuple[str, ...] = ()
    href: str = ""
    href_label: str = ""


@dataclass(frozen=True, slots=True)
class DefinitionsView:
    """Every definition, in groups of (heading, definitions)."""

    groups: tuple[tuple[str, tuple[Definition, ...]], ...]
