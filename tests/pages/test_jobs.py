"""Long work in Chromium: begun by a form, followed, cancelled and gone on with, and what it leads to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.api.browsing import fits, opened_page, sync_api
from tests.api.shop import serving
from tests.catalog.shop import Shop
from tests.catalog.support import catalogue

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]

COUNT = 2000
LONG_MS = 240_000
KEYS = {"merchandiser": ["merchandiser-key-0123456789"], "engineer": ["engineer-key-0123456789"]}


@pytest.fixture(scope="module")
def shop(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """Indexed in a terminal, which the jobs know of."""
    many = catalogue(tmp_path_factory.mktemp("many"), COUNT)
    found = Shop(tmp_path_factory.mktemp("jobs"), solr_url, "pages-jobs", timeout=30)
    running = found.command("index", many, "--extractor", "histogram", "--json")
    _, said = running.communicate(timeout=400)
    assert running.returncode == 0, said
    yield found
    found.drop()


@pytest.fixture(scope="module")
def url(shop: Shop) -> Iterator[str]:
    with serving(shop.settings) as found:
        yield found


@pytest.fixture
def page(browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    with opened_page(browser, url, (1280, 900), complaints, "/jobs") as opened:
        yield opened


def newest(page: Page, kind: str) -> Locator:
    return page.locator(".job", has_text=re.compile(rf"{kind} ·")).first


def test_indexing_is_begun_by_keys_followed_cancelled_and_gone_on_with(page: Page, shop: Shop) -> None:
    expect = sync_api.expect
    expect(page.locator(".job")).to_have_count(1)
    expect(newest(page, "index").locator(".badge")).to_have_text("done")
    for path in shop.home.glob("features.sqlite*"):
        path.unlink()

    page.locator("#begin-index summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Catalogue").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.locator("#begin-index").get_by_role("button", name="Index").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#begun")).to_have_text(re.compile("^Begun: index"))
    expect(page.locator("#begin-index summary")).to_be_focused()
    running = page.locator(".job.running")
    bar = running.get_by_role("progressbar", name="How far it is")
    expect(running).to_contain_text(re.compile(rf"[1-9][\d,]* of {COUNT:,}"), timeout=LONG_MS)
    assert 0 < float(bar.get_attribute("value") or 0) < 1
    running.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    stopped = newest(page, "index")
    expect(stopped.locator(".badge")).to_have_text("cancelled", timeout=LONG_MS)
    expect(stopped).to_contain_text("What was extracted is kept")

    stopped.get_by_role("link", name="index again").click()
    expect(page.locator("#begin-index select")).to_be_focused()
    page.locator("#begin-index").get_by_role("button", name="Index").click()
    expect(page.locator(".job")).to_have_count(3)
    expect(newest(page, "index").locator(".badge")).to_have_text("done", timeout=LONG_MS)
    cached = newest(page, "index").locator(".summary div", has_text="Cached").locator("dd")
    assert int((cached.text_content() or "0").replace(",", "")) > 0

    page.get_by_label("State").select_option("cancelled")
    expect(page.locator(".job")).to_have_count(1)
    expect(page).to_have_url(re.compile("state=cancelled"))
    page.get_by_role("button", name=re.compile("^Forget: index")).click()
    expect(page.get_by_role("heading", name="No job is like this")).to_be_visible()
    counted = page.locator("#counted")
    expect(counted).to_be_focused()
    with page.expect_response(lambda response: response.url.endswith("/jobs?state=cancelled")):
        pass  # the page looks again by itself
    expect(page.locator("#live")).not_to_have_attribute("aria-busy", "true")
    expect(counted).to_be_focused()


def test_what_cannot_begin_is_said_where_it_was_asked(page: Page, complaints: list[str]) -> None:
    expect = sync_api.expect
    page.locator("#begin-evaluate summary").click()
    form = page.locator("#begin-evaluate form")
    form.get_by_role("button", name="Evaluate").click()
    expect(form.get_by_role("alert")).to_contain_text("--label")
    form.get_by_label("Right is the same").fill("colour")
    form.get_by_role("button", name="Evaluate").click()
    expect(form.get_by_role("alert")).to_contain_text("colour")
    assert complaints and all("400" in each for each in complaints)
    complaints.clear()


@pytest.mark.slow
def test_an_evaluation_leads_to_its_charts_and_two_are_compared(page: Page, url: str) -> None:
    expect = sync_api.expect
    for queries in ("30", "40"):
        page.goto("/jobs")
        page.locator("#begin-evaluate summary").click()
        form = page.locator("#begin-evaluate form")
        form.get_by_label("Right is the same").fill("color")
        form.get_by_label("Dimensions").fill("16, 64")
        form.get_by_label("Queries").fill(queries)
        form.get_by_role("button", name="Evaluate").click()
        expect(page.locator(".job.running")).to_be_visible()
        expect(newest(page, "evaluate").locator(".badge")).to_have_text("done", timeout=LONG_MS)
    newest(page, "evaluate").get_by_role("link", name="What was measured").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Best mAP"))
    expect(page.locator(".chart")).to_have_count(2)
    for chart in page.locator(".chart").all():
        expect(chart).to_have_js_property("complete", True)
        assert int(chart.evaluate("each => each.naturalWidth")) > 100
        assert chart.evaluate("each => each.getAttribute('height') === String(each.naturalHeight)")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_role("link", name="All measurements").click()
    picks = page.get_by_role("checkbox", name=re.compile("^Compare evaluate"))
    expect(picks).to_have_count(2)
    for pick in picks.all():
        pick.check()
    page.get_by_role("button", name="Compare the two that are picked").click()
    expect(page.get_by_role("heading", name="Compared")).to_be_visible()
    expect(page.locator(".compared tbody tr")).to_have_count(4)
    expect(page.locator(".compared")).to_contain_text("→")
    assert fits(page)


def test_a_merchandiser_sees_their_own_and_begins_nothing_here(
    browser: Browser, shop: Shop, tmp_path: Path, complaints: list[str]
) -> None:
    expect = sync_api.expect
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(KEYS))
    with (
        serving(replace(shop.settings, api_keys=keys)) as url,
        opened_page(browser, url, (360, 780), complaints, "/jobs") as page,
    ):
        page.get_by_label("API key").fill(KEYS["merchandiser"][0])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Nothing was done yet")).to_be_visible()
        expect(page.locator(".begin")).to_have_count(0)
        expect(page.get_by_role("link", name="Engine")).to_have_count(0)
        assert fits(page)
        for path in ("/engine", "/engine/queries", "/engine/measurements"):
            answered = page.goto(path)
            assert answered is not None and answered.status == 403
        complaints.clear()
