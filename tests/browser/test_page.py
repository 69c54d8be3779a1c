"""The page in a real browser: pictures, policy, keyboard, paper, narrow screens and the dark.

The fixture `page` fails every test in which the browser complains (console, policy, script errors)
or asks another host for anything.
"""

import re

import pytest

PAGES = ("/", "/customers", "/customers/C-0010", "/customers/U-market", "/definitions")
CUSTOMER = "/customers/%3Cscript%3Ealert(1)%3C%2Fscript%3E"

# Every element that has text of its own with a contrast below 4.5 (3 for large text) to its ground.
FAINT = """
() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const svg = element instanceof SVGElement;
    if (!own || element.closest('script') || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const [one, two] = [rgba(svg ? style.fill : style.color), ground(element)].map(light);
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const enough = parseFloat(style.fontSize) >= 24 ? 3 : 4.5;
    if (contrast < enough) faint.push(element.textContent.trim() + ' ' + contrast.toFixed(2));
  }
  return faint;
}
"""


def test_the_bands_are_really_drawn(page):
    page.goto("/")
    bars = page.locator(".chart__picture--bands svg .mark-rect.role-mark path")
    bars.first.wait_for()
    assert bars.count() == 4
    told = page.locator(".chart__picture--bands").get_attribute("aria-label")
    assert told.startswith("Bar chart of customers by churn band. High risk: ")
    assert not page.locator(".behind").evaluate("details => details.open")


def test_the_timeline_draws_every_order_day(page, shop):
    page.goto("/customers/C-0010")
    heads = page.locator(".chart__picture--timeline svg .mark-symbol.role-mark path")
    heads.first.wait_for()
    tiles = shop.tiles["C-0010"]
    refunds = sum(1 for value in tiles["refund_value_minor"].to_pylist() if value)
    assert heads.count() == tiles.num_rows + refunds
    assert "Scored" in page.locator(".chart__picture--timeline svg").text_content()


def test_a_customer_id_with_markup_runs_nothing(page):
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog opened: {dialog.message}"))
    page.goto(CUSTOMER)
    page.locator("svg.marks").wait_for()
    assert "<script>alert(1)</script>" in page.locator("h1").inner_text()


def test_a_matrix_cell_leads_to_its_customers_and_on_to_one_of_them(page):
    page.goto("/")
    cell = page.locator(".matrix tbody tr").first.locator("a.cell").first
    count = cell.locator(".cell__count").inner_text()
    cell.click()
    page.wait_for_url("**/customers?band=high&value=high")
    assert page.locator("#summary").inner_text().startswith(f"{count} customers, ")
    customer = page.locator(".risk tbody th a").first
    customer_id = customer.inner_text()
    customer.click()
    assert customer_id in page.locator("h1").inner_text()
    page.locator("svg.marks").wait_for()


def test_filters_are_sent_without_javascript(browser, address):
    with browser.new_context(java_script_enabled=False, base_url=address) as context:
        page = context.new_page()
        page.goto("/customers")
        page.get_by_label("Medium risk").check()
        page.get_by_role("button", name="Apply").click()
        assert "band=high&band=medium" in page.url
        page.goto("/")
        assert page.locator(".behind table").is_visible()
        assert not page.locator(".chart__picture").is_visible()


def test_an_id_is_found_by_typing_it(page):
    page.goto("/customers")
    page.get_by_label("Customer id").fill("a/b")
    page.keyboard.press("Enter")
    page.wait_for_url("**/customers/a%2Fb")


def test_the_keyboard_reaches_the_content_first_and_every_cell_visibly(page):
    page.goto("/")
    page.locator("svg.marks").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    reached = []
    for _ in range(45):
        page.keyboard.press("Tab")
        if "cell" in page.evaluate("document.activeElement.className"):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            reached.append(outline)
    assert reached == ["solid"] * 9


def test_the_definition_of_a_number_opens_by_keyboard(page):
    page.goto("/")
    page.locator(".meaning summary").first.focus()
    page.keyboard.press("Enter")
    assert "Each person counts once." in page.locator(".meaning p").first.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address_of_page", PAGES)
def test_words_stand_out_from_their_ground(page, address_of_page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(address_of_page, wait_until="networkidle")
    assert page.evaluate(FAINT) == []


@pytest.mark.parametrize("language", ["cs", "hr", "vi"])
@pytest.mark.parametrize("address_of_page", PAGES)
def test_words_of_every_language_fit_a_narrow_screen_and_one_sheet(page, address_of_page, language):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{address_of_page}?lang={language}", wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("document.documentElement.lang") == language
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


def test_a_language_chosen_in_the_header_stays_on_the_next_page(page):
    page.goto("/customers?band=high&band=low")
    page.get_by_role("link", name="Čeština").click()
    assert "band=high&band=low&lang=cs" in page.url
    assert page.locator("h1").inner_text() == "Ohrožení zákazníci"
    page.get_by_role("link", name="Přehled").click()
    page.locator("svg.marks").wait_for()
    assert page.evaluate("document.documentElement.lang") == "cs"
    assert "Vysoké riziko" in page.locator(".chart__picture--bands svg").text_content()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("address_of_page", [*PAGES, CUSTOMER])
def test_a_narrow_screen_never_scrolls_sideways(page, address_of_page, direction):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(address_of_page, wait_until="networkidle")
    page.evaluate("direction => { document.documentElement.dir = direction }", direction)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("address_of_page", PAGES)
def test_a_page_prints_to_one_sheet(page, address_of_page):
    page.goto(address_of_page, wait_until="networkidle")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
