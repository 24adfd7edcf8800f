"""Suggestions, what was understood, and other words, on the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.api.browsing import counts, fits, opened_page, sync_api

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]


@pytest.fixture(params=[(1280, 900), (375, 800)], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    with opened_page(browser, url, request.param, complaints) as opened:
        counts(opened, "39 products")
        yield opened


def search(page: Page, text: str) -> None:
    page.get_by_label("What are you looking for?").fill(text)
    page.keyboard.press("Enter")


def test_suggestions_by_keyboard_and_by_hand(page: Page) -> None:
    expect = sync_api.expect
    field = page.get_by_role("combobox", name="What are you looking for?")
    options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press_sequentially("red s")
    expect(options).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#suggested")).to_have_text("2 suggestions")
    assert fits(page)
    names = ["red square, Category square, 2 products", "red stripes, Category stripes, 2 products"]
    assert [each.get_attribute("aria-label") for each in options.all()] == names

    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "suggestion-1")
    expect(field).to_have_value("red stripes")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_value("red s")
    assert field.get_attribute("aria-activedescendant") is None
    page.keyboard.press("ArrowUp")
    expect(field).to_have_value("red stripes")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_have_value("red s")
    expect(field).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    expect(options).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    counts(page, "2 products")
    expect(page).to_have_url(re.compile(r"q=red\+square"))
    expect(options).to_have_count(0)
    expect(field).to_be_focused()

    field.fill("trianlge")
    options.filter(has_text="triangle").click()
    counts(page, "8 products")
    expect(field).to_have_value("triangle")
    field.fill("xyzzyx")
    page.wait_for_timeout(400)
    expect(options).to_have_count(0)


def test_what_was_understood_is_shown_and_taken_away(page: Page) -> None:
    expect = sync_api.expect
    search(page, "red circle under 2 euro")
    counts(page, "1 product")
    chips = page.get_by_role("list", name="Understood from the words")
    expect(chips).to_contain_text("Price: up to €2.00")
    assert fits(page)
    page.get_by_role("button", name="Take away: Price: up to €2.00").click()
    expect(page.get_by_label("What are you looking for?")).to_have_value("red circle")
    page.get_by_role("button", name="Take away: Category: circle").click()
    expect(page).to_have_url(re.compile("ignore=circle"))
    expect(chips).not_to_contain_text("Category")
    page.reload()
    expect(chips).to_contain_text("Color: red")
    expect(chips).not_to_contain_text("Category")
    page.get_by_role("button", name=re.compile("^Show only Color: red")).click()
    expect(page.get_by_role("button", name="Remove the filter Color: red")).to_be_visible()
    expect(chips).to_have_count(0)
    page.go_back()
    expect(chips).to_contain_text("Color: red")
    search(page, "blue ring under $30")
    expect(chips).to_contain_text("“under $30”not used: prices are in EUR")
    expect(chips).to_contain_text("Category: ring")


def test_other_words_are_never_shown_silently(page: Page) -> None:
    expect = sync_api.expect
    search(page, "bleu cricle")
    counts(page, "2 products")
    expect(page.locator("#spelling")).to_have_text(
        "Nothing found for “bleu cricle”. Showing results for blue circle. Search instead for bleu cricle"
    )
    assert fits(page)
    page.locator("#spelling").get_by_role("button", name="bleu cricle").click()
    counts(page, "0 products")
    expect(page.locator("#spelling")).to_be_hidden()
    expect(page.locator("#empty")).to_be_visible()
    search(page, "blue circle")
    counts(page, "2 products")
    expect(page.locator("#spelling")).to_be_hidden()
