"""Stock, currencies and products without a picture, on the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.api.browsing import counts, fits, opened_page, sync_api
from tests.api.shop import Shop, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]


@pytest.fixture(scope="module")
def url(market: Shop) -> Iterator[str]:
    with serving(market.settings) as found:
        yield found


@pytest.fixture(params=[(1280, 900), (375, 800)], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    with opened_page(browser, url, request.param, complaints) as opened:
        counts(opened, "7 products")
        if not opened.locator("#filters").evaluate("each => each.open"):
            opened.locator("#filters > summary").click()
        yield opened


def test_prices_wait_for_a_currency(page: Page) -> None:
    expect = sync_api.expect
    expect(page.locator("#min")).to_be_disabled()
    page.get_by_label("Currency", exact=True).select_option("JPY")
    counts(page, "2 products")
    expect(page.locator(".price")).to_have_text(["¥1,500", "¥2,500"])
    expect(page.locator("#min")).to_have_attribute("placeholder", "1500")
    page.locator("#min").fill("2000")
    page.keyboard.press("Enter")
    counts(page, "1 product")
    page.get_by_label("Currency", exact=True).select_option("EUR")
    counts(page, "4 products")
    page.get_by_label("Sort by").select_option("-price")
    expect(page.locator(".price")).to_have_text(["€50.00", "€30.00", "€20.00", "€10.00"])
    page.reload()
    expect(page.locator(".price").first).to_have_text("€50.00")
    expect(page.get_by_label("Currency", exact=True)).to_have_value("EUR")
    page.get_by_role("button", name="Remove the filter Currency: EUR").click()
    counts(page, "7 products")
    expect(page.locator("#sort")).to_have_value("")
    assert fits(page)


def test_a_bar_of_the_histogram_chooses_its_prices(page: Page) -> None:
    expect = sync_api.expect
    bars = page.get_by_role("list", name="Products by price").get_by_role("button")
    expect(bars).to_have_count(0)
    page.get_by_label("Currency", exact=True).select_option("EUR")
    counts(page, "4 products")
    expect(bars).to_have_count(8)
    names = [each.get_attribute("aria-label") or "" for each in bars.all()]
    assert names[0] == "€10.00 to €14.99, 1 product" and names[-1] == "€45.00 to €50.00, 1 product"
    expect(bars.nth(1)).to_be_disabled()
    bars.nth(2).focus()
    page.keyboard.press("Enter")
    counts(page, "1 product")
    expect(page.locator(".price")).to_have_text(["€20.00"])
    expect(bars).to_have_count(8)
    expect(bars.nth(2)).to_be_focused()
    expect(page.locator("#max")).to_have_value("24.99")
    assert fits(page)


def test_in_stock_only(page: Page) -> None:
    expect = sync_api.expect
    expect(page.locator(".sold")).to_have_count(2)
    page.get_by_label("In stock only").check()
    counts(page, "4 products")
    expect(page.locator(".sold")).to_have_count(0)
    page.reload()
    expect(page.get_by_label("In stock only")).to_be_checked()
    counts(page, "4 products")
    page.get_by_role("button", name="Remove the filter In stock").click()
    counts(page, "7 products")


def test_a_product_without_a_picture(page: Page) -> None:
    expect = sync_api.expect
    page.get_by_role("link", name="More like this: red ring").click()
    expect(page.locator(".match").first).to_have_text("100% match")
    last = page.locator(".hit").last
    expect(last).to_contain_text("green none")
    expect(last).to_contain_text("No picture to compare")
    expect(last.get_by_role("link")).to_have_count(0)
    expect(last.get_by_role("button")).to_have_count(0)
