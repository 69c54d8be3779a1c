"""The first page: five numbers, the risk-value matrix, the bands, and who has no score."""

from datetime import date

from serving.calibration import calibration_sentences
from serving.store import Cell, Overview, ScoreStore
from serving.web.charts import bands_chart
from serving.web.edition import BANDS, Edition
from serving.web.quality import quality_view
from serving.web.views import (
    ChartView,
    Matrix,
    MatrixCell,
    MatrixRow,
    OverviewView,
    Slice,
    Stat,
    TableView,
)

WARMEST = 4
BAND_COLUMNS = ("band", "range", "customers", "share", "stake")


def overview_view(edition: Edition, store: ScoreStore, today: date) -> OverviewView:
    """The overview of the edition's generation as it stands on this day."""
    number = edition.generation.generation
    sums, cells = store.overview(number), store.cells(number)
    unscored = sums.customers_count - sums.scored_count
    return OverviewView(
        stats=(*_sums(edition, sums), _grade(edition), freshness(edition, today)),
        matrix=_matrix(edition, cells),
        bands=_bands(edition, sums, cells),
        unscored_sentence=edition.texts("unscored.sentence", unscored),
        unscored=_unscored(edition, sums),
        calibration=calibration_sentences(edition.generation.quality, edition.texts),
        quality=quality_view(edition),
    )


def freshness(edition: Edition, today: date) -> Stat:
    """Whether the scores may still be used on this day, and why not."""
    texts, generation = edition.texts, edition.generation
    if generation.published_at.date() > generation.valid_until:
        state, tone = "past", "calm"  # old orders, such as a public data set: a look back
    elif today > generation.valid_until:
        state, tone = "stale", "warn"
    else:
        state, tone = "fresh", "good"
    sentence = texts(
        f"freshness.{state}.sentence",
        as_of=texts.day(generation.as_of),
        valid_until=texts.day(generation.valid_until),
        published=texts.day(generation.published_at.date()),
    )
    definition = edition.definition("as-of")
    return Stat(texts("freshness"), texts(f"freshness.{state}"), sentence, definition, tone)


def _sums(edition: Edition, sums: Overview) -> tuple[Stat, Stat, Stat]:
    texts = edition.texts
    share = sums.at_risk_count / sums.scored_count if sums.scored_count else 0.0
    return (
        Stat(
            texts("overview.customers"),
            texts.number(sums.customers_count),
            texts("overview.customers.sentence", scored=texts.number(sums.scored_count)),
            edition.definition("customers"),
        ),
        Stat(
            texts("overview.at-risk"),
            texts.number(sums.at_risk_count),
            texts(
                "overview.at-risk.sentence",
                share=texts.percent(share),
                high=texts.percent(edition.settings.bands.high),
                days=texts.number(edition.generation.churn_horizon_days),
            ),
            edition.definition("at-risk"),
        ),
        Stat(
            texts("overview.stake"),
            edition.money(sums.value_at_stake),
            texts(
                "overview.stake.sentence",
                days=texts.number(edition.generation.value_horizon_days),
            ),
            edition.definition("value-at-stake"),
        ),
    )


def _grade(edition: Edition) -> Stat:
    texts, grade = edition.texts, edition.measured("grade")
    return Stat(
        texts("overview.grade"),
        str(grade or texts("overview.grade.none")),
        _grade_rule(edition) if grade else texts("overview.grade.none.sentence"),
        edition.definition("grade"),
    )


def _grade_rule(edition: Edition) -> str:
    """Why the grade is what it is, from the figures that it was given for."""
    texts, baseline = edition.texts, edition.measured("baseline_name")
    names = ("auc", "log_loss", "ece")
    ours = [edition.measured("churn", "champion", name) for name in names]
    theirs = [edition.measured("churn", "baseline", name) for name in names]
    if baseline is None or None in (*ours, *theirs):
        return str(edition.measured("grade_rule") or texts("overview.grade.none.sentence"))

    def against(place: int) -> dict[str, str]:
        both = {"ours": ours[place], "theirs": theirs[place]}
        return {name: texts.number(figure, digits=3) for name, figure in both.items()}

    order = "better" if ours[0] > theirs[0] else "no-better"
    level = "better" if ours[1] < theirs[1] else "no-better"
    return " ".join(
        (
            texts(f"overview.grade.order.{order}", baseline=str(baseline), **against(0)),
            texts(f"overview.grade.level.{level}", **against(1)),
            texts("overview.grade.ece", ece=texts.percent(ours[2])),
        )
    )


def _matrix(edition: Edition, cells: list[Cell]) -> Matrix:
    found = {(cell.band, cell.value_band): cell for cell in cells}
    most = max((cell.value_at_stake for cell in cells), default=0.0)
    texts = edition.texts
    columns = tuple(
        (texts(f"value-band.{band}"), texts(f"value-band.{band}.range")) for band in BANDS
    )
    rows = tuple(
        MatrixRow(
            band,
            texts(f"band.{band}.risk"),
            edition.band_range(band),
            tuple(_cell(edition, found.get((band, value)), value, most) for value in BANDS),
        )
        for band in BANDS
    )
    return Matrix(columns, rows)


def _cell(edition: Edition, cell: Cell | None, value_band: str, most: float) -> MatrixCell:
    texts = edition.texts
    column = texts(f"value-band.{value_band}")
    if cell is None:
        return MatrixCell(column, texts.number(0), "", 0, None)
    warmth = max(cell.value_at_stake, 0) / most if most > 0 else 0
    return MatrixCell(
        label=column,
        count=texts.number(cell.customers_count),
        stake=texts("matrix.stake", amount=edition.money(cell.value_at_stake)),
        heat=min(WARMEST, int(warmth * WARMEST + 0.999)),
        href=edition.links.customers([("band", cell.band), ("value", cell.value_band)]),
    )


def _bands(edition: Edition, sums: Overview, cells: list[Cell]) -> ChartView:
    texts = edition.texts
    everybody = sums.customers_count or 1
    counts = {band: sums.bands.get(band, 0) for band in BANDS}
    counts["unscored"] = sums.customers_count - sums.scored_count
    stakes = {
        band: edition.money(sum(cell.value_at_stake for cell in cells if cell.band == band))
        for band in BANDS
    }
    rows, bars = [], []
    for band, count in counts.items():
        share = texts.percent(count / everybody)
        label, stake = texts(f"band.{band}.risk"), stakes.get(band, "")
        span = edition.band_range(band)
        rows.append((label, span, texts.number(count), share, stake))
        bars.append((band, label, count, texts("bands.told", count, share=share)))
    alternative = texts(
        "bands.alternative", **{band: texts.number(count) for band, count in counts.items()}
    )
    columns = tuple(texts(f"bands.column.{name}") for name in BAND_COLUMNS)
    table = TableView(texts("bands.caption"), columns, tuple(rows))
    return ChartView("bands", bands_chart(bars, alternative, texts), alternative, table)


def _unscored(edition: Edition, sums: Overview) -> tuple[Slice, ...]:
    texts = edition.texts
    everybody = sums.customers_count or 1
    ordered = sorted(sums.unavailable.items(), key=lambda item: (-item[1], item[0]))
    return tuple(
        Slice(
            texts(f"unavailable.{reason}"),
            texts(f"unavailable.{reason}.why"),
            texts.number(count),
            texts.percent(count / everybody),
        )
        for reason, count in ordered
    )
