"""The page, driven by a real browser as a shopper would."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.api.browsing import counts, fits, opened_page, sync_api
from tests.api.shop import Shop, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]

KEY = "a-key-of-a-shopper"


@pytest.fixture(params=[(1280, 900), (375, 800)], ids=["wide", "narrow"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    """The page with everything listed; fails on whatever the console complains about."""
    with opened_page(browser, url, request.param, complaints) as opened:
        counts(opened, "39 products")
        yield opened


@pytest.fixture(scope="module")
def guarded_url(shop: Shop) -> Iterator[str]:
    keys = shop.folder / "keys.json"
    keys.write_text(json.dumps({"shopper": [KEY]}))
    with serving(replace(shop.settings, api_keys=keys)) as found:
        yield found


def tick(page: Page, value: str) -> None:
    if not page.locator("#filters").evaluate("each => each.open"):
        page.locator("#filters > summary").click()
    page.locator("#values").get_by_role("checkbox", name=re.compile(f"^{value} ")).check()


def test_words_facets_pages_and_back(page: Page) -> None:
    expect = sync_api.expect
    expect(page.locator(".hit")).to_have_count(24)
    assert fits(page)
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#where")).to_have_text("Page 2 of 2")
    expect(page.locator(".hit")).to_have_count(15)
    page.reload()
    expect(page.locator("#where")).to_have_text("Page 2 of 2")
    page.get_by_role("link", name="Previous").click()
    expect(page.locator("#where")).to_have_text("Page 1 of 2")

    page.get_by_label("What are you looking for?").fill("circle")
    page.keyboard.press("Enter")
    counts(page, "7 products")
    tick(page, "green")
    counts(page, "2 products")
    tick(page, "blue")
    counts(page, "4 products")
    assert "q=circle" in page.url and "f.color=green" in page.url and "f.color=blue" in page.url
    page.go_back()
    counts(page, "2 products")
    page.go_forward()
    counts(page, "4 products")
    page.reload()
    counts(page, "4 products")
    page.get_by_role("button", name="Remove the filter Color: green").click()
    counts(page, "2 products")


def test_a_photo(page: Page, shop: Shop) -> None:
    expect = sync_api.expect
    page.get_by_label("Search by a photo").set_input_files(str(shop.folder / "images" / "yellow-square-1.jpg"))
    expect(page.locator(".hit").first).to_contain_text("100% match")
    expect(page.locator(".hit h3").first).to_have_text("yellow square")
    expect(page.locator("#blend")).to_be_hidden()
    page.get_by_label("What are you looking for?").fill("triangle")
    page.get_by_role("button", name="Search", exact=True).click()
    counts(page, "8 products")
    expect(page.get_by_label("Balance")).to_be_visible()
    page.get_by_label("Balance").focus()
    page.keyboard.press("End")
    expect(page).to_have_url(re.compile("weight=100"))
    assert fits(page)
    page.locator("#plan summary").click()
    expect(page.locator("#way")).to_contain_text("exact:")
    page.get_by_role("button", name="Remove: Your photo").click()
    expect(page.locator("#by")).to_be_hidden()


def test_a_photo_survives_a_reload_and_back_and_forward(page: Page, shop: Shop) -> None:
    expect = sync_api.expect
    page.get_by_label("Search by a photo").set_input_files(str(shop.folder / "images" / "green-ring-2.jpg"))
    expect(page).to_have_url(re.compile("photo="))
    expect(page.locator(".hit h3").first).to_have_text("green ring")
    page.reload()
    expect(page.locator(".hit").first).to_contain_text("100% match")
    expect(page.locator(".hit h3").first).to_have_text("green ring")
    page.wait_for_function("document.querySelector('#subject').naturalWidth > 0")
    page.get_by_role("link", name="Next").click()
    expect(page.locator("#where")).to_have_text("Page 2 of 2")
    page.reload()
    expect(page.locator("#where")).to_have_text("Page 2 of 2")
    expect(page.locator(".hit")).to_have_count(15)
    page.get_by_role("button", name="Remove: Your photo").click()
    expect(page.locator("#by")).to_be_hidden()
    page.go_back()
    expect(page.locator(".picture .label")).to_have_text("Your photo")


def test_a_photo_that_the_server_no_longer_has(page: Page, shop: Shop, complaints: list[str]) -> None:
    expect = sync_api.expect
    page.get_by_label("Search by a photo").set_input_files(str(shop.folder / "images" / "blue-square-1.jpg"))
    expect(page.locator(".hit h3").first).to_have_text("blue square")
    first = page.url
    drop_uploads(shop)
    # This page still has it, and sends it again.
    page.get_by_label("Sort by").select_option("Price, lowest first")
    expect(page.locator(".price").first).to_have_text("€1.00")
    expect(page.locator(".picture .label")).to_have_text("Your photo")
    assert page.url.split("photo=")[1] != first.split("photo=")[1]
    drop_uploads(shop)
    page.reload()
    expect(page.locator("#notice")).to_contain_text("Your photo was kept for a while and is gone")
    counts(page, "39 products")
    expect(page.locator("#by")).to_be_hidden()
    assert "photo=" not in page.url
    assert complaints and all("404" in complaint for complaint in complaints)
    complaints.clear()


def test_what_is_no_photo_is_said(page: Page, complaints: list[str]) -> None:
    expect = sync_api.expect
    page.get_by_label("Search by a photo").set_input_files(
        {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": b"%PDF-1.7"}
    )
    expect(page.get_by_role("alert")).to_contain_text("The picture cannot be used")
    expect(page.get_by_role("alert")).to_contain_text("a PDF document")
    expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Try again").click()
    counts(page, "39 products")
    assert len(complaints) == 1 and "422" in complaints.pop()


def drop_uploads(shop: Shop) -> None:
    for path in (shop.settings.home / "uploads").iterdir():
        path.unlink()


def test_a_pasted_and_a_dropped_photo(page: Page) -> None:
    send = """async ([kind, target]) => {
        const canvas = new OffscreenCanvas(80, 100);
        const pen = canvas.getContext("2d");
        pen.fillStyle = "#c81e28";
        pen.fillRect(0, 0, 80, 100);
        const data = new DataTransfer();
        data.items.add(new File([await canvas.convertToBlob()], "red.png", {type: "image/png"}));
        const event = kind === "paste"
            ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true})
            : new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
        document.querySelector(target).dispatchEvent(event);
    }"""
    expect = sync_api.expect
    page.evaluate(send, ["paste", "body"])
    expect(page.locator(".match").first).to_be_visible()
    page.get_by_role("button", name="Remove: Your photo").click()
    expect(page.locator(".match")).to_have_count(0)
    page.evaluate(send, ["dragenter", "#hits"])
    expect(page.locator("#drop")).to_be_visible()
    page.evaluate(send, ["drop", "#hits"])
    expect(page.locator("#drop")).to_be_hidden()
    expect(page.locator(".match").first).to_be_visible()


def test_more_like_this(page: Page) -> None:
    expect = sync_api.expect
    page.get_by_label("What are you looking for?").fill("ring")
    page.keyboard.press("Enter")
    counts(page, "8 products")
    page.get_by_role("link", name="More like this: yellow ring").first.click()
    expect(page.locator(".picture .label")).to_have_text("Like: yellow ring")
    expect(page.locator(".hit h3").first).to_have_text("yellow ring")
    assert "like=yellow-ring" in page.url
    page.reload()
    expect(page.locator(".picture .label")).to_have_text("Like: yellow ring")
    page.get_by_role("button", name="Remove: Like this").click()
    expect(page.locator("#by")).to_be_hidden()
    page.go_back()
    expect(page.locator("#by")).to_be_visible()
    page.go_back()
    counts(page, "8 products")


def test_prices_and_nothing_found(page: Page) -> None:
    expect = sync_api.expect
    page.get_by_label("Sort by").select_option("Price, highest first")
    expect(page.locator(".price").first).to_have_text("€40.00")
    if not page.locator("#filters").evaluate("each => each.open"):
        page.locator("#filters > summary").click()
    page.get_by_label("Lowest price").fill("100")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Show everything").click()
    counts(page, "39 products")


def test_only_web_addresses_become_links(page: Page) -> None:
    hrefs = page.locator(".hit h3 a").evaluate_all("all => all.map((each) => each.protocol)")
    assert hrefs and set(hrefs) == {"https:"}


def test_pictures_keep_their_place(page: Page) -> None:
    sync_api.expect(page.locator(".hit img").first).to_have_js_property("complete", True)
    shown = page.locator(".frame").first.evaluate(
        "each => [each.querySelector('img').naturalWidth, each.clientWidth / each.clientHeight]"
    )
    assert shown[0] > 0
    assert shown[1] == pytest.approx(1.0, abs=0.02)


def test_an_error_is_shown_and_can_be_left(page: Page, complaints: list[str]) -> None:
    expect = sync_api.expect
    problem = '{"title": "Solr does not answer", "status": 503, "detail": "no connection"}'
    page.route(
        "**/v1/search",
        lambda route: route.fulfill(status=503, content_type="application/problem+json", body=problem),
        times=1,
    )
    page.get_by_label("Sort by").select_option("Price, lowest first")
    expect(page.get_by_role("alert")).to_contain_text("Solr does not answer")
    expect(page.get_by_role("alert")).to_contain_text("no connection")
    page.get_by_role("button", name="Try again").click()
    counts(page, "39 products")
    expect(page.get_by_role("alert")).to_be_hidden()
    assert len(complaints) == 1 and "503" in complaints.pop()


def test_a_key_is_asked_for_and_used(browser: Browser, guarded_url: str) -> None:
    expect = sync_api.expect
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{guarded_url}/?f.color=red")
        page.get_by_label("API key").fill("a-key-of-a-stranger")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("not one of those configured")
        page.get_by_label("API key").fill(KEY)
        page.keyboard.press("Enter")
        counts(page, "9 products")
        first = page.locator(".hit img").first
        expect(first).to_have_js_property("complete", True)
        assert first.evaluate("image => image.naturalWidth") > 0
        page.locator("#q").fill("ring")
        page.keyboard.press("Enter")
        counts(page, "2 products")
        cookies = context.cookies()
        assert [(each["name"], each["httpOnly"], each["sameSite"]) for each in cookies] == [
            ("visual-search", True, "Lax")
        ]
        assert KEY not in cookies[0]["value"]
        context.clear_cookies()
        page.locator("#values input").first.click()
        page.get_by_role("link", name="Sign in").click()
        expect(page).to_have_url(re.compile("/sign-in\\?next=%2F%3Fq%3Dring"))
