"""The addresses of the page. Every answer is HTML that needs nothing from another host."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from serving.store import Generation
from serving.texts import Texts
from serving.web.customer_list import Filters, list_view
from serving.web.customer_page import customer_view
from serving.web.definitions import definitions_view
from serving.web.edition import Edition
from serving.web.language import chosen_texts, in_language, language_links
from serving.web.links import Links
from serving.web.overview import freshness, overview_view
from serving.web.ports import PageState
from serving.web.views import Frame, MessageView

HERE = Path(__file__).parent
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # A customer's id is part of an address; no other site may learn it.
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Language, Cookie",
}
COMMANDS = ("regulars train", "regulars score")


def today_utc() -> date:
    """The day now, in UTC."""
    return datetime.now(UTC).date()


def page_routes(state: PageState, *, today: Callable[[], date] = today_utc) -> list[BaseRoute]:
    """The routes of the page over this state; `today` decides whether scores are still valid."""
    page = Page(state, today)
    return [
        Route("/", page.overview),
        Route("/customers", page.customers),
        Route("/customers/{customer_id:path}", page.customer),
        Route("/definitions", page.definitions),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]


class Page:
    """Answers the requests of a browser; synchronous, so each runs in a thread of its own."""

    def __init__(self, state: PageState, today: Callable[[], date]) -> None:
        """Read the templates once."""
        self._state = state
        self._today = today
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def overview(self, request: Request) -> Response:
        """The overview, or what to do first where nothing is published."""
        edition = self._edition(request)
        if edition is None:
            return self._nothing_yet(request)
        view = overview_view(edition, self._state.store, self._today())
        return self._page(request, "overview.html", edition, edition.texts("nav.overview"), view)

    def customers(self, request: Request) -> Response:
        """The list of customers at risk; a customer looked for by id is opened at once."""
        edition = self._edition(request)
        if edition is None:
            return self._nothing_yet(request)
        wanted = request.query_params.get("customer", "").strip()
        if wanted and self._state.store.scores(edition.generation.generation, [wanted]):
            found = RedirectResponse(edition.links.customer(wanted), 303, headers=HEADERS)
            return in_language(request, found, edition.texts)
        filters = Filters.asked(request.query_params, list(edition.settings.markets))
        view = list_view(edition, self._state.store, filters, searched=wanted)
        return self._page(request, "customers.html", edition, edition.texts("nav.customers"), view)

    def customer(self, request: Request) -> Response:
        """One customer, or a page that says that the id is not known."""
        edition = self._edition(request)
        if edition is None:
            return self._nothing_yet(request)
        customer_id = request.path_params["customer_id"]
        found = self._state.store.scores(edition.generation.generation, [customer_id])
        if customer_id not in found:
            return self._unknown(request, edition, customer_id)
        tiles = self._state.customer_tiles(customer_id)
        view = customer_view(edition, found[customer_id], tiles)
        return self._page(request, "customer.html", edition, customer_id, view)

    def definitions(self, request: Request) -> Response:
        """What every number of the page means."""
        edition = self._edition(request)
        if edition is None:
            return self._nothing_yet(request)
        view = definitions_view(edition)
        return self._page(
            request, "definitions.html", edition, edition.texts("nav.definitions"), view
        )

    def _edition(self, request: Request) -> Edition | None:
        generation: Generation | None = self._state.store.current()
        if generation is None:
            return None
        return Edition(chosen_texts(request), _links(request), self._state.settings, generation)

    def _page(
        self,
        request: Request,
        template: str,
        edition: Edition,
        title: str,
        view: Any,
        status: int = 200,
    ) -> Response:
        texts, generation = edition.texts, edition.generation
        state = freshness(edition, self._today())
        frame = Frame(
            title=title,
            here=template.removesuffix(".html"),
            business=generation.business,
            stamp=texts(
                "frame.stamp",
                as_of=texts.day(generation.as_of),
                valid_until=texts.day(generation.valid_until),
            ),
            notice=state.sentence if state.tone == "warn" else "",
        )
        return self._html(request, template, status, texts=texts, frame=frame, view=view)

    def _nothing_yet(self, request: Request) -> Response:
        texts = chosen_texts(request)
        view = MessageView(texts("empty.heading"), (texts("empty.sentence"),), COMMANDS)
        frame = Frame(view.heading, "", self._state.settings.business)
        return self._html(request, "message.html", 503, texts=texts, frame=frame, view=view)

    def _unknown(self, request: Request, edition: Edition, customer_id: str) -> Response:
        texts = edition.texts
        view = MessageView(
            texts("unknown.heading"),
            (texts("unknown.sentence", customer_id=customer_id), texts("unknown.why")),
            href=edition.links.customers(),
            href_label=texts("unknown.link"),
        )
        return self._page(request, "message.html", edition, view.heading, view, 404)

    def _html(
        self, request: Request, template: str, status: int, *, texts: Texts, frame: Frame, view: Any
    ) -> Response:
        content = self._templates.get_template(template).render(
            t=texts,
            links=_links(request),
            languages=language_links(request),
            frame=frame,
            view=view,
        )
        return in_language(request, HTMLResponse(content, status, headers=HEADERS), texts)


def _links(request: Request) -> Links:
    return Links(request.scope.get("root_path", "").rstrip("/"))
