"""What a shopper likes and does not, looking around, and nothing close enough, on the page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.api.browsing import counts, fits, opened_page, search_by, sync_api
from tests.api.shop import Shop, index_shop, serving
from vision.search.steering import calibration
from vision.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]


@pytest.fixture(scope="module")
def measured(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A catalogue that knows what its distances mean."""
    found = index_shop(solr_url, tmp_path_factory.mktemp("measured"), collection="api-measured")
    workspace = Workspace(found.settings)
    with workspace.client() as client:
        engine = workspace.engine(client)
        known = calibration.calibrate(client, engine.collection.embedding(), "color")
        calibration.Calibrations(workspace.store().folder).save(client.collection, known)
    return found


@pytest.fixture(scope="module")
def url(measured: Shop) -> Iterator[str]:
    with serving(measured.settings) as found:
        yield found


@pytest.fixture(params=[(1280, 900), (360, 780)], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    with opened_page(browser, url, request.param, complaints) as opened:
        counts(opened, "39 products")
        yield opened


def test_likes_and_dislikes_steer_and_are_taken_back(page: Page) -> None:
    expect = sync_api.expect
    page.get_by_role("button", name="I like this: green ring").first.click()
    expect(page).to_have_url(re.compile("more=green-ring"))
    expect(page.locator("#hits h3").first).to_have_text("green ring")
    expect(page.locator(".heart").first).to_have_attribute("aria-pressed", "true")
    assert fits(page)
    shown = page.locator("#hits h3").nth(2).text_content()
    page.locator("#hits .opinion.not").nth(2).click()
    counts(page, "38 products")
    expect(page).to_have_url(re.compile("less="))
    page.reload()
    counts(page, "38 products")
    page.get_by_role("list", name="What you do not like").get_by_role("button", name=f"Take back: {shown}").click()
    counts(page, "39 products")
    page.get_by_role("list", name="What you like").get_by_role("button", name="Take back: green ring").click()
    expect(page.locator("#by")).to_be_hidden()
    page.go_back()
    expect(page.locator("#liked")).to_be_visible()


def test_what_is_not_liked_is_left_out_of_words_alone(page: Page) -> None:
    page.locator("#q").fill("circle")
    page.keyboard.press("Enter")
    counts(page, "7 products")
    page.get_by_role("button", name="Not this: blue circle").first.click()
    counts(page, "6 products")


def test_looking_around(page: Page) -> None:
    expect = sync_api.expect
    page.get_by_role("navigation", name="Other ways to search").get_by_role("link", name="Look around").click()
    hits = page.locator("#around-hits .hit")
    expect(hits).to_have_count(12)
    expect(page.locator("#left")).to_have_text("27 more to discover")
    assert fits(page)
    first = set(page.locator("#around-hits h3").all_text_contents())
    seen = page.locator("#around-hits .heart").evaluate_all("all => all.map((each) => each.dataset.more)")
    liked = page.locator("#around-hits .heart").nth(3)
    liked.click()
    expect(liked).to_have_attribute("aria-pressed", "true")
    expect(liked).to_be_focused()
    page.reload()
    expect(liked).to_have_attribute("aria-pressed", "true")
    assert set(page.locator("#around-hits h3").all_text_contents()) == first
    page.get_by_role("button", name="More like what I like").click()
    expect(page.locator("#left")).to_have_text("15 more to discover")
    now = page.locator("#around-hits .heart").evaluate_all("all => all.map((each) => each.dataset.more)")
    assert not set(now) & set(seen)
    page.go_back()
    expect(page.locator("#left")).to_have_text("27 more to discover")
    expect(liked).to_have_attribute("aria-pressed", "true")
    page.go_forward()
    expect(page.locator("#left")).to_have_text("15 more to discover")
    page.get_by_role("link", name="Search by what I like").click()
    expect(page).not_to_have_url(re.compile("view="))
    counts(page, "39 products")
    expect(page.locator("#liked")).to_be_visible()


def test_nothing_this_close(page: Page) -> None:
    expect = sync_api.expect
    noise = np.random.default_rng(5).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    search_by(page, buffer.getvalue(), "noise.png")
    if not page.locator("#filters").evaluate("each => each.open"):
        page.locator("#filters > summary").click()
    page.get_by_label("Only very similar").check()
    expect(page.get_by_role("heading", name="Nothing this close")).to_be_visible()
    counts(page, "0 products")
    expect(page.locator("#hits .hit")).to_have_count(5)
    expect(page).to_have_url(re.compile("close=1"))
    assert fits(page)
    page.get_by_role("link", name="Show everything, best first").click()
    counts(page, "39 products")
    expect(page.locator("#empty")).to_be_hidden()


def test_prices_by_slider(page: Page) -> None:
    expect = sync_api.expect
    if not page.locator("#filters").evaluate("each => each.open"):
        page.locator("#filters > summary").click()
    high = page.get_by_role("slider", name="Price to")
    expect(high).to_have_attribute("aria-valuetext", "any")
    high.focus()
    for _ in range(50):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#max")).to_have_value("11")
    expect(page).to_have_url(re.compile("max=11"))
    counts(page, re.compile("^1[01] products$"))
    expect(high).to_be_focused()
    page.get_by_role("button", name="Remove the filter Price: 0 – 11").click()
    counts(page, "39 products")
    expect(high).to_have_value("100")
