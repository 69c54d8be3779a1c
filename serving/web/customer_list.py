"""The customers at risk: sorted by value at stake, filtered, a page at a time."""

import re
from dataclasses import dataclass
from typing import Self

from starlette.datastructures import QueryParams

from serving.reasons import reason_text
from serving.store import Score, ScoreStore
from serving.texts import Texts
from serving.web.edition import BANDS, Edition
from serving.web.views import Choice, ListView, RiskRow

PAGE_ROWS = 25
PAGE_NUMBER = re.compile("[1-9][0-9]{0,6}")  # keeps the offset within what a database counts to
REASONS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader asked for; values that mean nothing are left out, not refused."""

    bands: tuple[str, ...]
    value_bands: tuple[str, ...]
    market: str | None
    page: int

    @classmethod
    def asked(cls, query: QueryParams, markets: list[str]) -> Self:
        """The filters of an address; without any, everybody in the high churn band."""
        bands = tuple(band for band in BANDS if band in query.getlist("band"))
        value_bands = tuple(band for band in BANDS if band in query.getlist("value"))
        market = query.get("market")
        page = PAGE_NUMBER.fullmatch(query.get("page", ""))
        return cls(
            bands=bands or ("high",),
            value_bands=value_bands or BANDS,
            market=market if market in markets else None,
            page=int(page[0]) if page else 1,
        )

    def query(self, page: int) -> list[tuple[str, str]]:
        """These filters as the query of an address, for another page."""
        asked = [("band", band) for band in self.bands]
        if self.value_bands != BANDS:
            asked += [("value", band) for band in self.value_bands]
        if self.market is not None:
            asked.append(("market", self.market))
        return [*asked, ("page", str(page))] if page > 1 else asked


def list_view(
    edition: Edition, store: ScoreStore, filters: Filters, *, searched: str = ""
) -> ListView:
    """One page of the list; `searched` is an id that was looked for and not found."""
    texts, links = edition.texts, edition.links
    markets = list(edition.settings.markets)
    first = (filters.page - 1) * PAGE_ROWS
    scores = store.at_risk(
        edition.generation.generation,
        bands=filters.bands,
        value_bands=filters.value_bands,
        market=filters.market,
        limit=PAGE_ROWS + 1,  # one more tells whether there is a next page
        offset=first,
    )
    shown, more = scores[:PAGE_ROWS], len(scores) > PAGE_ROWS
    return ListView(
        action=links.customers(),
        searched=searched,
        search_message=texts("search.unknown", customer_id=searched) if searched else "",
        bands=_choices(texts, "band.{}.risk", filters.bands),
        value_bands=_choices(texts, "value-band.{}", filters.value_bands),
        markets=_markets(texts, markets, filters.market),
        summary=_summary(edition, store, filters, first, len(shown)),
        rows=tuple(_row(edition, score, show_market=len(markets) > 1) for score in shown),
        previous_href=links.customers(filters.query(filters.page - 1)) if first else None,
        next_href=links.customers(filters.query(filters.page + 1)) if more else None,
        reset_href=links.customers(),
    )


def reason_texts(edition: Edition, score: Score) -> list[str]:
    """The reasons of a score as sentences, the strongest first."""
    currency, language = edition.generation.currency, edition.texts.language
    return [reason_text(one, currency=currency, language=language) for one in score.reasons]


def rhythm_text(edition: Edition, score: Score) -> str:
    """How often the customer orders, or that it cannot be said yet."""
    if score.usual_gap_days is None:
        return edition.texts("rhythm.unknown")
    return edition.texts("rhythm.every", max(1, round(score.usual_gap_days)))


def _row(edition: Edition, score: Score, *, show_market: bool) -> RiskRow:
    texts = edition.texts
    probability, band = score.churn_probability or 0.0, score.band or ""
    reasons = [
        text
        for reason, text in zip(score.reasons, reason_texts(edition, score), strict=True)
        if reason.direction == "raises"
    ]
    return RiskRow(
        customer_id=score.customer_id,
        href=edition.links.customer(score.customer_id),
        market=score.market if show_market else "",
        probability=texts.percent(probability),
        meter=round(probability * 100),
        band=band,
        band_label=texts(f"band.{band}"),
        expected=_money(edition, score.cltv),
        interval=texts(
            "interval",
            low=_money(edition, score.cltv_low),
            high=_money(edition, score.cltv_high),
        ),
        stake=_money(edition, score.value_at_stake),
        reasons=tuple(reasons[:REASONS_SHOWN]),
        last_order=texts.day(score.last_order_on),
        rhythm=rhythm_text(edition, score),
    )


def _money(edition: Edition, value: float | None) -> str:
    return "–" if value is None else edition.money(value)


def _choices(texts: Texts, key: str, chosen: tuple[str, ...]) -> tuple[Choice, ...]:
    return tuple(Choice(band, texts(key.format(band)), band in chosen) for band in BANDS)


def _markets(texts: Texts, markets: list[str], chosen: str | None) -> tuple[Choice, ...]:
    if len(markets) == 1:
        return ()
    every = Choice("", texts("filter.market.all"), chosen is None)
    return (every, *(Choice(market, market, market == chosen) for market in markets))


def _summary(edition: Edition, store: ScoreStore, filters: Filters, first: int, shown: int) -> str:
    texts = edition.texts
    if not shown:
        return texts("list.empty")
    span = {"first": texts.number(first + 1), "last": texts.number(first + shown)}
    if filters.market is not None:
        return texts("list.part", **span)
    # The matrix already counts every band, but not per market.
    found = [
        cell
        for cell in store.cells(edition.generation.generation)
        if cell.band in filters.bands and cell.value_band in filters.value_bands
    ]
    return texts(
        "list.summary",
        sum(cell.customers_count for cell in found),
        stake=edition.money(sum(cell.value_at_stake for cell in found)),
        **span,
    )
