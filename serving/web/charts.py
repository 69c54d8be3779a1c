"""The pictures of the page as Vega-Lite specifications, built with Altair.

A specification is built once per language and currency; the data of a request is put into its
named data sets. Colours are names of CSS variables, so the style sheet decides them, also in the
dark. No specification names another host.
"""

from collections.abc import Sequence
from copy import deepcopy
from datetime import date
from functools import cache
from typing import Any

from babel.dates import get_day_names, get_month_names
from babel.numbers import get_decimal_symbol, get_group_symbol

from serving.texts import Texts, texts_of

Spec = dict[str, Any]
Row = dict[str, Any]

TEXT, QUIET, GRID = "var(--text)", "var(--quiet)", "var(--line)"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
BAR_HEIGHT, TIMELINE_HEIGHT, LINE_HEIGHT = 38, 220, 16
SHORT_SPAN_DAYS = 150  # below this, marks of the time axis need their day


def bands_chart(bars: Sequence[tuple[str, str, int, str]], alternative: str, texts: Texts) -> Spec:
    """Bars of customers per band; each bar is (band, its label, customers, its tooltip)."""
    spec = deepcopy(_bands_template(texts.language))
    rows: list[Row] = [
        {"band": band, "label": label, "customers": count, "told": told}
        for band, label, count, told in bars
    ]
    spec["datasets"] = {"bars": rows}
    spec["params"][0]["value"] = max(count for _, _, count, _ in bars)
    spec["description"] = alternative
    return spec


def timeline_chart(
    days: Sequence[Row], marks: Sequence[tuple[date, str]], alternative: str, texts: Texts,
    currency: str,
) -> Spec:  # fmt: skip
    """Money by day, with named vertical lines.

    A row of `days` has `day` (ISO), `amount` (in whole units of the currency, refunds below zero),
    `kind` (the label of the legend) and `told` (the tooltip).
    """
    spec = deepcopy(_timeline_template(texts.language, currency, _is_short(days, marks)))
    lines = [
        {"day": day.isoformat(), "label": label, "line": number * LINE_HEIGHT}
        for number, (day, label) in enumerate(marks)
    ]
    spec["datasets"] = {"days": list(days), "lines": lines}
    spec["description"] = alternative
    return spec


@cache
def _bands_template(language: str) -> Spec:
    import altair as alt  # half a second of imports that only the first picture needs

    colours = alt.Scale(
        domain=["high", "medium", "low", "unscored"],
        range=["var(--high)", "var(--medium)", "var(--low)", "var(--unscored)"],
    )
    most = alt.param(name="most", value=1)
    room = alt.ExprRef(f"{most.name} * 1.2")  # the longest bar leaves room for its count
    base = alt.Chart(alt.NamedData("bars")).encode(
        y=alt.Y("label:N", sort=None, title=None, axis=alt.Axis(labelPadding=8, labelLimit=200)),
        x=alt.X("customers:Q", title=None, axis=None, scale=alt.Scale(domainMax=room)),
        tooltip=alt.Tooltip("told:N"),
    )
    bars = base.mark_bar(cornerRadiusEnd=3, size=22).encode(
        color=alt.Color("band:N", scale=colours, legend=None)
    )
    counts = base.mark_text(align="left", dx=6, fontSize=13, fontWeight=600, color=TEXT).encode(
        text=alt.Text("customers:Q", format=",d")
    )
    chart = (bars + counts).add_params(most)
    chart = chart.properties(width="container", height=BAR_HEIGHT * len(colours.domain))
    return _finished(chart, language, "USD")


@cache
def _timeline_template(language: str, currency: str, short: bool) -> Spec:  # noqa: FBT001
    import altair as alt

    texts = texts_of(language)
    # Days are days: read and drawn in UTC, so no reader's time zone shifts them.
    months = alt.Axis(
        tickCount=5, format="%-d %b" if short else "%b %Y", labelOverlap="greedy", labelBound=True
    )
    when = alt.X("day:T", title=None, scale=alt.Scale(type="utc", padding=14), axis=months)
    money = alt.Axis(format="$~s", tickCount=4)
    kinds = [texts("timeline.order"), texts("timeline.refund")]
    kind = {
        "color": alt.Color(
            "kind:N",
            scale=alt.Scale(domain=kinds, range=["var(--accent)", "var(--refund)"]),
            legend=alt.Legend(title=None, orient="top", direction="horizontal", offset=4),
        ),
        "shape": alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "diamond"])),
    }
    base = alt.Chart(alt.NamedData("days")).encode(x=when, tooltip=alt.Tooltip("told:N"))
    height = alt.Y("amount:Q", title=texts("timeline.axis"), axis=money)
    stems = base.mark_rule(strokeWidth=2).encode(y=height, y2=alt.datum(0), color=kind["color"])
    heads = base.mark_point(filled=True, size=60, opacity=1).encode(y=height, **kind)
    lines = alt.Chart(alt.NamedData("lines")).encode(x=when)
    rules = lines.mark_rule(strokeDash=[4, 3], color=QUIET)
    names = lines.mark_text(align="right", dx=-5, baseline="top", color=TEXT, fontSize=12).encode(
        text="label:N", y=alt.Y("line:Q", scale=None, axis=None, title=None)
    )
    chart = alt.layer(rules, stems, heads, names)
    chart = chart.properties(width="container", height=TIMELINE_HEIGHT)
    return _finished(chart, language, currency)


def _is_short(days: Sequence[Row], marks: Sequence[tuple[date, str]]) -> bool:
    seen = [date.fromisoformat(row["day"]) for row in days] + [day for day, _ in marks]
    return (max(seen) - min(seen)).days < SHORT_SPAN_DAYS


def _finished(chart: Any, language: str, currency: str) -> Spec:
    quiet = {"labelColor": QUIET, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12}
    chart = chart.configure(font=FONT, background="transparent").configure_view(stroke=None)
    chart = chart.configure_axis(
        **quiet, titleFontWeight="normal", gridColor=GRID, domainColor=GRID, tickColor=GRID
    ).configure_legend(**quiet, symbolType="circle")
    spec: Spec = chart.to_dict()
    # The schema's address is on another host; nothing here reads it.
    del spec["$schema"]
    spec["config"]["locale"] = _locale(language, currency)
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec


def _locale(language: str, currency: str) -> Spec:
    """Numbers, money and dates of a language in the form that Vega reads (d3 locale objects)."""
    texts = texts_of(language)
    locale = texts.locale
    before, _, after = texts.money(11, currency).partition(texts.number(11))
    months = {width: get_month_names(width, locale=locale) for width in ("wide", "abbreviated")}
    days = {width: get_day_names(width, locale=locale) for width in ("wide", "abbreviated")}
    week = (6, 0, 1, 2, 3, 4, 5)  # d3 begins with Sunday, babel with Monday
    return {
        "number": {
            "decimal": get_decimal_symbol(locale),
            "thousands": get_group_symbol(locale),
            "grouping": [3],
            "currency": [before, after],
        },
        "time": {
            "dateTime": "%Y-%m-%d %H:%M",
            "date": "%Y-%m-%d",
            "time": "%H:%M",
            "periods": ["AM", "PM"],
            "days": [days["wide"][day] for day in week],
            "shortDays": [days["abbreviated"][day] for day in week],
            "months": [months["wide"][month] for month in range(1, 13)],
            "shortMonths": [months["abbreviated"][month] for month in range(1, 13)],
        },
    }
