"""A real server on a free port and a real browser, watched for everything it complains about."""

import importlib.util
import socket
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from starlette.applications import Starlette

from serving.web.routes import page_routes

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SHOP = Path(__file__).parents[1] / "serving" / "web" / "conftest.py"


def _shop_module() -> ModuleType:
    # Test folders are no packages, so the shop of the page's tests is loaded from its file.
    spec = importlib.util.spec_from_file_location("page_shop", SHOP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["page_shop"] = module
    spec.loader.exec_module(module)
    return module


_shop = _shop_module()
shop = _shop.shop


@pytest.fixture(scope="session")
def address(shop) -> Iterator[str]:
    """Where the page of the shop is served."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = Starlette(routes=page_routes(shop, today=lambda: _shop.TODAY))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


# Playwright keeps an event loop running as long as it lives; other files must not meet it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium; these tests fail where it is missing, for nothing else sees a page."""
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing. Install it with: apt-get install chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Watched:
    """A page of the browser with what it complained about and what it asked for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


def _watch(context: BrowserContext) -> Watched:
    watched = Watched(context.new_page())
    page = watched.page
    page.on("console", lambda message: watched.complaints.append(message.text))
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("request", lambda request: watched.requests.append(request.url))
    # A broken content security policy is an event of its own and may stay silent on the console.
    page.add_init_script(
        "addEventListener('securitypolicyviolation', event => "
        "console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI))"
    )
    return watched


@pytest.fixture
def watched(browser: Browser, address: str) -> Iterator[Watched]:
    """A wide window; the test fails if the page complains or asks another host."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=address)
    context.set_default_timeout(20_000)
    seen = _watch(context)
    yield seen
    context.close()
    assert seen.complaints == []
    assert [url for url in seen.requests if not url.startswith(f"{address}/")] == []


@pytest.fixture
def page(watched: Watched) -> Page:
    """The page of the wide window."""
    return watched.page
