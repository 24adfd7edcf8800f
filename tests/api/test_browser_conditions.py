"""The page where something is missing: JavaScript, a mouse, a fast network, Solr."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from tests.api.browsing import counts, fits, opened_page, search_by, sync_api
from tests.api.shop import Shop, index_shop, serving
from tests.api.test_addresses import ASKED
from vision.settings import Settings
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.launcher import EmbeddedSolr

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.browser, pytest.mark.solr]


@pytest.mark.parametrize("size", [(1280, 900), (360, 780)], ids=["wide", "narrow"])
def test_without_javascript(browser: Browser, url: str, complaints: list[str], size: tuple[int, int]) -> None:
    expect = sync_api.expect
    with opened_page(browser, url, size, complaints, java_script_enabled=False) as page:
        counts(page, "39 products")
        expect(page.get_by_label("Search by a photo")).to_be_hidden()
        page.locator("#q").fill("circle")
        page.keyboard.press("Enter")
        counts(page, "7 products")
        page.get_by_role("checkbox", name=re.compile("^green ")).check()
        page.get_by_role("button", name="Apply the filters").click()
        counts(page, "2 products")
        expect(page.get_by_role("combobox", name="What are you looking for?")).to_have_value("circle")
        page.get_by_role("link", name="Remove the filter Color: green").click()
        counts(page, "7 products")
        page.get_by_label("Sort by").select_option("Price, highest first")
        page.get_by_role("button", name="Sort", exact=True).click()
        expect(page.locator(".price").first).to_have_text(re.compile("^€3"))
        page.locator(".hit img").first.wait_for()
        page.goto("/")
        page.get_by_role("link", name="Next").click()
        expect(page.locator("#where")).to_have_text("Page 2 of 2")
        expect(page.locator(".hit")).to_have_count(15)
        page.get_by_role("link", name="More like this: yellow stripes").first.click()
        expect(page.locator(".hit h3").first).to_have_text("yellow stripes")
        page.goto("/?q=xyzzyx")
        expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()


def test_what_needs_a_script_shows_when_it_can_be_used(browser: Browser, url: str, complaints: list[str]) -> None:
    expect = sync_api.expect
    with opened_page(browser, url, (1280, 900), complaints, "/healthz") as page:
        held: list[Route] = []
        page.route("**/shop/main.js", lambda route: held.append(route))
        page.goto(url, wait_until="commit")
        expect(page.get_by_role("heading", name="Visual search")).to_be_visible()
        expect(page.get_by_text("Search by a photo").first).to_be_hidden()
        held[0].continue_()
        expect(page.get_by_text("Search by a photo").first).to_be_visible()


def test_by_keyboard_alone(page: Page) -> None:
    expect = sync_api.expect

    def tab_to(name: str) -> None:
        for _ in range(120):
            page.keyboard.press("Tab")
            if name in page.evaluate(
                "() => { const a = document.activeElement; return a.getAttribute('aria-label') ?? a.textContent }"
            ):
                return
        raise AssertionError(f"Tab never came to {name!r}")

    counts(page, "39 products")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the results")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#results")).to_be_focused()
    page.wait_for_timeout(200)
    assert not any("/v1/search" in each for each in asked)
    tab_to("More like this: ")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("like="))
    expect(page.locator("#results")).to_be_focused()
    page.locator("#q").focus()
    page.keyboard.type("ring")
    page.keyboard.press("Enter")
    counts(page, "8 products")
    page.locator("#values input").first.focus()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile(r"f\.\w+="))
    expect(page.locator("#values input").first).to_be_focused()
    tab_to("I like this: ")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("more="))
    expect(page.locator(".heart:focus")).to_have_count(1)
    outlined = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
    assert outlined == "solid"


def test_a_slow_network_shows_that_something_is_on_its_way(page: Page, shop: Shop) -> None:
    expect = sync_api.expect
    counts(page, "39 products")
    waiting: list[Route] = []
    page.route("**/v1/images", lambda route: waiting.append(route))
    page.locator("#photo").set_input_files(str(shop.folder / "images" / "green-ring-2.jpg"))
    # The photo is shown before the server has it.
    expect(page.locator("#subject")).to_have_js_property("complete", True)
    expect(page.locator("#stage")).to_be_visible()
    expect(page.locator("#count")).to_have_text("Looking at your photo …")
    expect(page.locator("#results")).to_have_attribute("aria-busy", "true")
    # What is asked meanwhile counts; the photo that comes late does not.
    page.locator("#q").fill("circle")
    page.keyboard.press("Enter")
    counts(page, "7 products")
    waiting[0].continue_()
    page.wait_for_timeout(800)
    counts(page, "7 products")
    assert "photo=" not in page.url
    expect(page.locator("#stage")).to_be_hidden()

    page.unroute("**/v1/images")
    held: list[Route] = []
    page.route("**/v1/search", lambda route: held.append(route))
    page.locator("#q").fill("ring")
    page.keyboard.press("Enter")
    page.locator("#q").fill("triangle")
    page.keyboard.press("Enter")
    page.wait_for_timeout(200)
    assert len(held) == 2
    held[1].continue_()
    counts(page, "8 products")
    expect(page.locator("#hits h3").first).to_contain_text("triangle")


@pytest.mark.parametrize("name", ["More like this: green circle", "green circle"])
def test_who_is_at_a_card_stays_there_when_results_come_late(page: Page, name: str) -> None:
    expect = sync_api.expect
    counts(page, "39 products")
    held: list[Route] = []
    page.route("**/v1/search", lambda route: held.append(route))
    page.get_by_role("checkbox", name=re.compile("^green ")).check()
    link = page.get_by_role("link", name=name, exact=True).first
    link.focus()
    page.wait_for_timeout(200)
    (asked,) = held
    asked.continue_()
    counts(page, "10 products")
    expect(link).to_be_focused()


def test_the_network_gone(page: Page, complaints: list[str]) -> None:
    expect = sync_api.expect
    counts(page, "39 products")
    page.context.set_offline(True)
    page.locator("#q").fill("ring")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No connection to the shop")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    counts(page, "8 products")
    complaints.clear()


def test_a_link_is_shared(page: Page, browser: Browser, url: str, shop: Shop, complaints: list[str]) -> None:
    expect = sync_api.expect
    page.goto("/?q=ring&f.color=green")
    search_by(page, shop.photo("green-ring-2.jpg"))
    counts(page, "2 products")
    address = page.url.removeprefix(url)
    with opened_page(browser, url, (360, 780), complaints, address) as other:
        counts(other, "2 products")
        expect(other.locator("#hits h3").first).to_have_text("green ring")
        expect(other.locator("#subject")).to_have_js_property("complete", True)
        assert other.evaluate("document.getElementById('subject').naturalWidth") > 0
        assert fits(other)


def test_addresses_mean_the_same_to_the_page_and_to_the_server(page: Page) -> None:
    script = """async ([address, rows]) => {
        const { fromAddress, toRequest, toAddress } = await import("/static/shop/state.js");
        const state = fromAddress(address);
        const again = fromAddress(toAddress(state).slice(1));
        const request = (each) => toRequest(each, { facets: ["color"], rows });
        return [request(state), request(again)];
    }"""
    for address, asked in ASKED.items():
        first, again = page.evaluate(script, [address, 24])
        assert first == again == {"rows": 24, "facets": ["color"], **asked}, address


def test_solr_stopped_in_the_middle(browser: Browser, tmp_path: Path, complaints: list[str]) -> None:
    expect = sync_api.expect
    here = Settings.from_environment()
    settings = Settings(home=tmp_path / "solr", cache=here.cache, solr_port=choose_port(0), solr_timeout=10)

    def started() -> EmbeddedSolr:
        return EmbeddedSolr(settings, home=tmp_path / "solr", port=settings.solr_port, heap="512m")

    def stopped(solr: Any) -> None:
        state = solr.state()
        assert state is not None
        process = psutil.Process(state.pid)
        process.kill()
        process.wait(30)

    with started() as solr:
        catalogue = tmp_path / "catalogue"
        catalogue.mkdir()
        shop = index_shop(solr.url, catalogue, collection="api-stopped")
        with (
            serving(replace(shop.settings, solr_timeout=10)) as url,
            opened_page(browser, url, (1280, 900), complaints) as page,
        ):
            counts(page, "39 products")
            search_by(page, shop.photo("green-ring-2.jpg"))
            stopped(solr)
            page.locator("#q").fill("ring")
            page.keyboard.press("Enter")
            alert = page.get_by_role("alert")
            expect(alert).to_contain_text("The search is not available right now", timeout=20_000)
            expect(alert).to_contain_text("What you asked for is kept")
            # Also for who comes to it anew, and the photo is still there.
            page.reload()
            expect(alert).to_contain_text("The search is not available right now", timeout=20_000)
            expect(page.locator("#stage")).to_be_visible()
            with started():
                alert.get_by_role("button", name="Try again").click()
                expect(page.locator("#count")).to_have_text("8 products", timeout=30_000)
                expect(page.locator("#hits h3").first).to_have_text("green ring")
                expect(alert).to_be_hidden()
            assert complaints and all("503" in each for each in complaints)
            complaints.clear()
