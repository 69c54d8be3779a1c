"""The backtest's page: the report as one HTML file that asks for nothing beside itself.

Everything on it comes from the report's data (`training.backtest_report`), in the words of
`training.backtest_words`. Templates decide nothing.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from training.backtest_pictures import (
    gain_picture,
    lift_picture,
    over_time_picture,
    reliability_picture,
    value_picture,
)
from training.backtest_words import (
    NOTHING,
    Cell,
    cell,
    counts_sentence,
    definitions,
    facts,
    label_of,
    method,
    name_of,
    number_text,
    summary,
    verdicts,
)
from training.judging import Sheet

TEMPLATES = Path(__file__).parent / "templates"
PAGE_NAME, DATA_NAME = "backtest.html", "backtest.json"
SHOWN_OVER_TIME = ("auc", "log_loss", "ece", "top_decile_lift", "empc_own", "ngini", "bias", "rmse")
SHOWN_OF_PARTS = ("auc", "log_loss", "empc_own", "ngini")


@dataclass(frozen=True, slots=True)
class Table:
    """A table; a row is its heading and its cells."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """A picture, as an element of SVG, with the table of what it shows."""

    title: str
    sentence: str
    picture: str
    table: Table


@dataclass(frozen=True, slots=True)
class Part:
    """A slice on the page; without enough customers it has only its sentence."""

    anchor: str
    title: str
    sentence: str
    table: Table | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Tenths:
    """What a table of tenths shows: `seen`, and before it what was `said`."""

    title: str
    sentence: str
    kind: str
    seen: str
    said: str | None = None

    @property
    def is_cumulative(self) -> bool:
        """Whether a row stands for all tenths down to it, so that its name is a share."""
        return self.said is None


def write_report(report: Sheet, folder: Path) -> tuple[Path, Path]:
    """Write page and data into this folder, which is made if need be; gives both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / PAGE_NAME, folder / DATA_NAME
    written[0].write_text(page(report), encoding="utf-8")
    text = json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False)
    written[1].write_text(text + "\n", encoding="utf-8")
    return written


def page(report: Sheet) -> str:
    """The whole page."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "backtest.css").read_text(encoding="utf-8")
    whole, *slices = report["slices"]
    return environment.get_template("backtest.html").render(
        style=style,
        business=report["business"],
        facts=facts(report),
        summary=summary(report),
        verdicts=verdicts(report),
        whole=_part(report, whole),
        markets=[_part(report, one) for one in slices if one["kind"] == "market"],
        same_market=_same_market(slices, whole),
        segments=[_part(report, one) for one in slices if one["kind"] == "segment"],
        definitions=definitions(report),
        method=method(report),
    )


def _part(report: Sheet, part: Sheet) -> Part:
    mean = part["mean"]
    sentence = counts_sentence(mean, days=len(report["embargo"]))
    anchor = f"{part['kind']}-{part['name']}".replace(" ", "-")
    if not mean["judged"]:
        return Part(anchor, part["name"], sentence, None, ())
    figures = SHOWN_OVER_TIME if part["kind"] == "all" else SHOWN_OF_PARTS
    blocks = [_over_time(report, part, figure) for figure in figures]
    blocks += _tenth_blocks(report, mean["tenths"])
    return Part(anchor, part["name"], sentence, _figures_table(report, mean), tuple(blocks))


def _figures_table(report: Sheet, mean: Sheet) -> Table:
    rows = []
    for figure, by_system in mean["figures"].items():
        kind = report["figures"][figure]["kind"]
        difference = mean["differences"].get(figure)
        told = cell(kind, difference, signed=True) if difference else Cell(NOTHING)
        cells = (*_cells(report, kind, by_system), told)
        rows.append((Cell(label_of(report, figure)), cells))
    return Table(
        f"Every figure with its {report['intervals']['level']:.0%} interval; the difference is "
        "that from the strongest baseline",
        ("Figure", *map(name_of, report["systems"]), "Difference"),
        tuple(rows),
    )


def _over_time(report: Sheet, part: Sheet, figure: str) -> Block:
    kind, label = report["figures"][figure]["kind"], label_of(report, figure)
    rows = []
    for sheet in part["over_time"]:
        by_system = sheet["figures"][figure] if sheet["judged"] else {}
        missing = NOTHING if sheet["judged"] else "too few"
        head = Cell(sheet["cutoff"], f"n = {sheet['customers_count']:,}")
        rows.append((head, tuple(_cells(report, kind, by_system, missing=missing))))
    columns = ("Day", *map(name_of, report["systems"]))
    picture = over_time_picture(part["over_time"], figure, _names(report), label)
    meaning = report["figures"][figure]["meaning"]
    table = Table(label, columns, tuple(rows))
    return Block(f"{label} over time", meaning, picture, table)


def _cells(report: Sheet, kind: str, by_system: Sheet, *, missing: str = NOTHING) -> Iterator[Cell]:
    for system in report["systems"]:
        yield cell(kind, by_system[system]) if system in by_system else Cell(missing)


def _tenth_blocks(report: Sheet, tenths: Sheet) -> Iterator[Block]:
    currency, names = report["currency"], _names(report)
    gain = "Of all who churned, the share reached by contacting so many customers, riskiest first."
    lift = "The churn rate of the contacted over that of all."
    said = (
        "Churn said → churn seen, in %, in ten equal groups of growing risk; on the line both "
        "are equal."
    )
    value = "Mean value expected → realised in ten equal groups, the most valuable first."
    shown = (
        (Tenths("Cumulative gain", gain, "share", "reached_share"), gain_picture(tenths, names)),
        (Tenths("Lift", lift, "ratio", "lift_ratio"), lift_picture(tenths, names)),
        (
            Tenths("Reliability", said, "percent", "churn_seen", "churn_said"),
            reliability_picture(tenths, names),
        ),
        (
            Tenths(
                f"Value by decile, {currency}", value, "money", "value_realised", "value_expected"
            ),
            value_picture(tenths, names, currency),
        ),
    )
    for what, picture in shown:
        table = _tenths_table(report, tenths, what)
        yield Block(what.title, what.sentence, picture, table)


def _tenths_table(report: Sheet, tenths: Sheet, what: Tenths) -> Table:
    rows = []
    for tenth in range(10):
        cells = []
        for system in report["systems"]:
            found = cell(what.kind, tenths[system][what.seen][tenth])
            if what.said:
                said = number_text(what.kind, tenths[system][what.said][tenth]["value"])
                found = Cell(f"{said} → {found.number}", found.interval)
            cells.append(found)
        name = f"{10 * (tenth + 1)}%" if what.is_cumulative else f"{tenth + 1}"
        rows.append((Cell(name), tuple(cells)))
    head = "Contacted" if what.is_cumulative else "Tenth"
    return Table(what.title, (head, *map(name_of, report["systems"])), tuple(rows))


def _names(report: Sheet) -> dict[str, str]:
    return {system: name_of(system) for system in report["systems"]}


def _same_market(slices: list[Sheet], whole: Sheet) -> str | None:
    """The one market's name, if all customers are of it."""
    markets = [one for one in slices if one["kind"] == "market"]
    same = len(markets) == 1 and markets[0]["mean"] == whole["mean"]
    return markets[0]["name"] if same else None
