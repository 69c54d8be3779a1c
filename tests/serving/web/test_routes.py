"""The page over HTTP, without a port: what it says, what it escapes, and what it never asks for."""

import html
import json
import re
from datetime import date

import pytest

from serving.web.definitions import GROUPS

PAGES = ("/", "/customers", "/customers/C-0010", "/customers/U-market", "/definitions")
EXTERNAL = re.compile(r"(?:https?:)?//[a-z0-9.-]+\.[a-z]", re.IGNORECASE)


def text_of(response) -> str:
    """What a reader sees: no tags, no scripts, single spaces."""
    body = re.sub(r"<script.*?</script>", " ", response.text, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)))


def charts_of(response) -> list[dict]:
    found = re.findall(r'<script type="application/json">(.*?)</script>', response.text, re.DOTALL)
    return [json.loads(spec) for spec in found]


def listed(response) -> list[str]:
    return re.findall(r'role="rowheader"><a href="/customers/([^"]+)"', response.text)


def test_the_overview_shows_the_sums_of_the_store(get, shop):
    sums = shop.store.overview(shop.store.current().generation)
    said = text_of(get("/"))
    assert f"Customers {sums.customers_count} {sums.scored_count} of them have a score." in said
    assert f"At risk {sums.at_risk_count} " in said
    assert f"Value at stake €{sums.value_at_stake:,.0f} " in said
    assert "Model grade B Ranks customers better than bg-nbd (AUC 0.781 against 0.752)." in said
    assert "Kaffee & Kuchen" in said


def test_a_market_that_is_off_is_told_on_the_overview_and_beside_its_probabilities(
    shop, empty_shop, get_of, publish
):
    marks = {
        "rule": {"flagged_over": 0.05, "withheld_over": 0.2},
        "checked_on": "2026-08-31",
        "all": {"state": "ok"},
        "markets": {"DE": {"state": "flagged"}, "AT": {"state": "ok"}},
        "customers": {"flagged": {"DE": 203}, "withheld": {}},
    }
    publish(empty_shop, quality=shop.store.current().quality | {"calibration": marks})
    get = get_of(empty_shop)
    told = "In DE the probabilities were off by more than 5% on the hold-out: for 203 customers"
    assert told in text_of(get("/"))
    pages = {one: text_of(get(f"/customers/C-{one:04}")) for one in range(10, 30)}
    off = {one for one, page in pages.items() if "read this one as a place among others" in page}
    assert off == {one for one, page in pages.items() if "Market DE" in page}
    assert 0 < len(off) < len(pages)
    assert all("customers with a score like this" not in pages[one] for one in off)


def test_every_number_of_the_overview_has_its_definition_beside_it(get):
    assert get("/").text.count('<details class="meaning">') == 5


def test_customers_without_a_score_are_a_slice_of_their_own_with_reasons(get):
    said = text_of(get("/"))
    assert "40 customers have no score." in said
    assert "Already churned 25 8%" in said
    assert "Model off in the market 1 < 1%" in said


def test_the_matrix_cells_lead_to_as_many_customers_as_they_say(get, shop):
    page = get("/").text
    for cell in shop.store.cells(shop.store.current().generation):
        href = f"/customers?band={cell.band}&value={cell.value_band}"
        assert f'href="{html.escape(href)}"' in page
        assert f"{cell.customers_count} customer" in text_of(get(href))


def test_the_model_is_shown_beside_its_baseline(get):
    said = text_of(get("/"))
    assert "Ranking (AUC) 0.781 0.752 model" in said
    assert "Typical error (RMSE) €81 €80 baseline" in said
    assert "Measured on 5,123 customers as of Jun 3, 2026" in said


def test_what_was_not_measured_is_left_out(empty_shop, publish, get_of):
    publish(empty_shop, quality={"churn": {"champion": {"auc": 0.7, "ece": float("nan")}}})
    said = text_of(get_of(empty_shop)("/"))
    assert "Ranking (AUC) 0.700 –" in said
    assert "no difference" not in said
    assert "Calibration gap" not in said
    assert "These scores came without a grade." in said


def test_without_any_measure_there_is_no_section_on_quality(empty_shop, publish, get_of):
    publish(empty_shop, quality={})
    assert 'id="quality"' not in get_of(empty_shop)("/").text


@pytest.mark.parametrize(
    ("today", "word"), [(date(2026, 9, 8), "Fresh"), (date(2026, 9, 9), "Out of date")]
)
def test_scores_are_fresh_until_the_day_they_name(shop, get_of, today, word):
    page = get_of(shop, today=today)("/")
    assert f"Freshness {word} " in text_of(page)
    assert ('role="status"' in page.text) == (word == "Out of date")


def test_scores_of_old_orders_are_called_a_look_back(empty_shop, publish, get_of):
    publish(empty_shop, as_of=date(1998, 7, 1), valid_until=date(1998, 7, 8))
    said = text_of(get_of(empty_shop)("/"))
    assert "Freshness A look back The orders end before Jul 1, 1998" in said


def test_the_list_is_sorted_by_value_at_stake(get, shop):
    first = shop.store.at_risk(shop.store.current().generation, limit=25)
    assert listed(get("/customers")) == [score.customer_id for score in first]


def test_a_row_says_how_likely_what_is_at_stake_and_why(get, shop):
    score = shop.store.at_risk(shop.store.current().generation, limit=1)[0]
    said = text_of(get("/customers"))
    assert f"€{score.value_at_stake:,.0f}" in said
    assert f"No order for {(date(2026, 9, 1) - score.last_order_on).days} days" in said
    assert f"usually every {round(score.usual_gap_days)} days" in said


def test_filters_narrow_the_list(get, shop):
    page = get("/customers?band=medium&value=high&market=DE")
    wanted = shop.store.at_risk(
        shop.store.current().generation, bands=["medium"], value_bands=["high"], market="DE"
    )
    assert wanted
    assert listed(page) == [score.customer_id for score in wanted]
    assert re.search(r'name="band" value="medium" checked', page.text)
    assert re.search(r'<option value="DE" selected', page.text)


def test_pages_of_the_list_join_without_a_gap(get, shop):
    everybody = shop.store.at_risk(shop.store.current().generation, limit=1000)
    address, seen = "/customers", []
    while address:
        page = get(address)
        seen += [html.unescape(one) for one in listed(page)]
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        address = html.unescape(following[1]) if following else None
    assert len(seen) == len(everybody)
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(
    "query", ["band=none", "page=0", "page=x", "page=99999999999999999999", "market=%00", "value="]
)
def test_a_filter_that_means_nothing_is_left_out(get, query):
    page = get(f"/customers?{query}")
    assert page.status_code == 200
    assert len(listed(page)) == 25


def test_a_page_after_the_last_says_that_nothing_matches(get):
    assert "No customers match these filters." in text_of(get("/customers?page=9999999"))


@pytest.mark.parametrize("customer_id", ["C-0010", "a/b", "<script>alert(1)</script>"])
def test_searching_an_id_opens_the_customer(get, customer_id):
    found = get("/customers", params={"customer": customer_id})
    assert found.status_code == 303
    page = get(found.headers["location"])
    assert f"Customer {customer_id}" in text_of(page)


def test_searching_an_unknown_id_says_so_and_escapes_it(get):
    page = get("/customers", params={"customer": '"><script>alert(2)</script>'})
    assert "<script>alert(2)" not in page.text
    assert 'No customer has the id “"><script>alert(2)</script>”' in text_of(page)


def test_an_id_that_looks_like_markup_stays_text_everywhere(get):
    everybody = [get(f"/customers?band=high&band=medium&band=low&page={n}") for n in range(1, 12)]
    pages = [*everybody, get("/customers/%3Cscript%3Ealert(1)%3C%2Fscript%3E")]
    assert all("<script>alert(1)" not in page.text for page in pages)
    assert any("&lt;script&gt;alert(1)&lt;/script&gt;" in page.text for page in everybody)


def test_a_customer_page_says_the_score_in_words(get, shop):
    score = shop.store.scores(shop.store.current().generation, ["C-0010"])["C-0010"]
    said = text_of(get("/customers/C-0010"))
    likely = round(score.churn_probability * 100)
    assert f"Of 100 customers with a score like this, about {likely} leave" in said
    assert f"A higher risk than {score.percentile} of 100 scored customers." in said
    assert f"With 80% probability between €{score.cltv_low:.0f} and €{score.cltv_high:.0f}" in said
    assert f"Days with an order {score.order_days_count} " in said


def test_the_timeline_holds_every_order_day_and_the_as_of_day(get, shop):
    (chart,) = charts_of(get("/customers/C-0010"))
    tiles = shop.tiles["C-0010"].to_pylist()
    orders = {row["day"]: row["amount"] for row in chart["datasets"]["days"] if row["amount"] > 0}
    assert orders == {tile["day"].isoformat(): tile["order_value_minor"] / 100 for tile in tiles}
    assert chart["datasets"]["lines"][0]["day"] == "2026-09-01"


def test_the_table_behind_a_chart_has_its_figures_and_stands_open_without_javascript(get):
    page = get("/")
    (chart,) = charts_of(page)
    behind = re.search(r'<details class="behind" open>.*?</details>', page.text, re.DOTALL)[0]
    for bar in chart["datasets"]["bars"]:
        assert f">{bar['customers']}<" in behind
    assert chart["description"] in text_of(page)


def test_a_customer_whose_orders_are_not_kept_still_has_a_page(empty_shop, publish, get_of):
    publish(empty_shop)
    empty_shop.tiles = {}
    page = get_of(empty_shop)("/customers/C-0010")
    assert "The orders of this customer are not kept here." in text_of(page)


@pytest.mark.parametrize(
    ("customer_id", "words"),
    [
        ("U-churned", "No score: Already churned"),
        ("U-new", "No score: Too little history"),
        ("U-objected", "No score: Objected to profiling"),
        ("U-market", "No score: Model off in the market"),
    ],
)
def test_a_customer_without_a_score_says_why(get, customer_id, words):
    page = get(f"/customers/{customer_id}")
    assert page.status_code == 200
    assert words in text_of(page)
    assert "Likely to leave" not in text_of(page)


def test_an_unknown_customer_is_404_in_the_same_look(get):
    page = get("/customers/nobody/at/all")
    assert page.status_code == 404
    assert "No customer has the id “nobody/at/all”." in text_of(page)
    assert '<nav class="nav"' in page.text


@pytest.mark.parametrize("address", ["/", "/customers", "/customers/C-0010", "/definitions"])
def test_before_the_first_publication_the_page_says_what_to_run(empty_shop, get_of, address):
    page = get_of(empty_shop)(address)
    assert page.status_code == 503
    assert "No scores yet" in text_of(page)
    assert "<code>regulars train</code>" in page.text
    assert "<code>regulars score</code>" in page.text


@pytest.mark.parametrize("address", [*PAGES, "/customers/nobody", "/customers?customer=C-0010"])
def test_every_answer_forbids_foreign_and_inline_code(get, address):
    headers = get(address).headers
    assert headers["content-security-policy"].startswith("default-src 'self';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("address", PAGES)
def test_no_page_names_another_host_or_holds_inline_code(get, address):
    page = get(address).text
    assert not EXTERNAL.search(page)
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", page)
    assert not re.search(r"<script(?![^>]*(src=|application/json))", page)


@pytest.mark.parametrize("address", PAGES)
def test_every_address_on_a_page_answers(get, address):
    for href in set(re.findall(r'(?:href|src|action)="([^"#]+)[^"]*"', get(address).text)):
        assert get(html.unescape(href)).status_code in {200, 303}, href


@pytest.mark.parametrize("address", PAGES)
def test_every_link_to_a_definition_finds_it(get, address):
    anchors = set(re.findall(r"/definitions#([\w-]+)", get(address).text))
    assert anchors <= {anchor for group in GROUPS.values() for anchor in group}


@pytest.mark.parametrize("address", PAGES)
def test_headings_go_down_one_level_at_a_time(get, address):
    levels = [int(level) for level in re.findall(r"<h([1-6])", get(address).text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_below_a_mount_point_every_address_keeps_its_prefix(shop, get_of):
    page = get_of(shop, below="/page")("/page/customers")
    addresses = re.findall(r'(?:href|action)="(/[^"]*)"', page.text)
    assert len(addresses) > 25
    assert all(address.startswith("/page/") for address in addresses)


def test_the_language_is_that_of_the_browser_unless_another_is_asked_for(get):
    wanted = {"accept-language": "de, cs-CZ;q=0.9, en;q=0.5"}
    for address, language, word in (
        ("/", "cs", "Ohrožení zákazníci"),
        ("/?lang=vi", "vi", "Khách hàng có nguy cơ"),
        ("/?lang=hr-HR", "hr", "Ugroženi kupci"),
        ("/?lang=xx", "cs", "Ohrožení zákazníci"),
    ):
        answer = get(address, headers=wanted)
        assert answer.headers["content-language"] == language
        assert f'<html lang="{language}" dir="ltr">' in answer.text
        assert word in text_of(answer)


def test_a_chosen_language_is_kept_in_a_cookie_that_no_other_site_sends_along(get):
    kept = get("/customers?lang=hr").headers["set-cookie"]
    assert kept.startswith("regulars_language=hr; ")
    assert "SameSite=lax" in kept
    assert "HttpOnly" in kept
    wanted = {"cookie": "regulars_language=hr", "accept-language": "vi"}
    later = get("/customers", headers=wanted)
    assert later.headers["content-language"] == "hr"
    assert "set-cookie" not in later.headers
    assert {"Accept-Language", "Cookie"} == set(later.headers["vary"].split(", "))


@pytest.mark.parametrize("cookie", ["regulars_language=", "regulars_language=../x", "=;;="])
def test_a_cookie_that_names_no_language_changes_nothing(get, cookie):
    assert get("/", headers={"cookie": cookie}).headers["content-language"] == "en"


def test_every_page_offers_itself_in_every_language(get):
    page = get("/customers?band=high&lang=vi&page=2").text
    for language, name in (("cs", "Čeština"), ("en", "English"), ("hr", "Hrvatski")):
        href = html.escape(f"?band=high&page=2&lang={language}")
        assert f'href="{href}" lang="{language}"' in page
        assert f">{name}<" in page
    assert page.count('aria-current="true"') == 1


@pytest.mark.parametrize("language", ["cs", "hr", "vi"])
@pytest.mark.parametrize("address", PAGES)
def test_no_english_is_left_on_a_page(get, address, language):
    english, said = (text_of(get(f"{address}?lang={one}")) for one in ("en", language))
    for sentence in re.findall(r"[A-Z][a-z]+(?: [a-z]+){3,}", english):
        assert sentence not in said


def test_numbers_money_and_days_are_written_as_the_language_does(get, shop):
    sums = shop.store.overview(shop.store.current().generation)
    amount = round(sums.value_at_stake)
    said = text_of(get("/?lang=cs"))
    assert f"{amount:,} €".replace(",", " ") in said
    assert "1. 9. 2026" in said
    said = text_of(get("/?lang=vi"))
    assert f"{amount:,} €".replace(",", ".") in said
    assert "1 thg 9, 2026" in said
