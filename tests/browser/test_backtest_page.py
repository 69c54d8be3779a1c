"""The backtest's page in a real browser: from the disk, without a complaint or a request."""

import pytest
from holdouts import ABOUT, holdouts

from training.backtest_page import write_report
from training.backtest_report import backtest_report


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> str:
    """The address of the page, as a reader opens it."""
    report = backtest_report(holdouts(), ABOUT, margin=0.5, seed=1, resamples_count=50)
    page, _ = write_report(report, tmp_path_factory.mktemp("backtest"))
    return page.as_uri()


@pytest.fixture(params=[1280, 390], ids=["wide", "narrow"])
def page(browser, written, request):
    """The page in a window; the test fails if it complains or asks for anything but itself."""
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    page = context.new_page()
    complaints, asked = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda one: asked.append(one.url))
    page.goto(written)
    yield page
    context.close()
    assert complaints == []
    assert asked == [written]


def test_it_opens_without_a_complaint_or_a_request(page):
    assert page.title() == "Backtest of A shop & <b>more</b>"
    assert page.locator("h2").count() == 7


def test_nothing_runs_over_the_side_of_the_window(page):
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]


def test_every_picture_is_drawn_and_named(page):
    pictures = page.locator(".picture svg")
    assert pictures.count() > 12
    boxes = page.evaluate(
        "[...document.querySelectorAll('.picture svg')].map(one => one.getBoundingClientRect())"
        ".map(box => [box.width, box.height])"
    )
    assert min(min(box) for box in boxes) > 150
    labels = page.locator(".picture").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert all(labels)


def test_at_1280_every_table_fits_beside_its_picture(page):
    page.set_viewport_size({"width": 1280, "height": 900})
    too_wide = page.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(one => one.scrollWidth > one.clientWidth)"
        ".length"
    )
    assert too_wide == 0


def test_on_paper_nothing_is_cut_off(page):
    page.set_viewport_size({"width": 1039, "height": 700})  # A4 across, less its margins
    page.emulate_media(media="print")
    cut = page.evaluate(
        "[...document.querySelectorAll('table, svg')]"
        ".filter(one => one.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert cut == 0
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
