"""The search engineer's pages in Chromium: what a shopper searched is found, explained, and run again."""

from __future__ import annotations

import json
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests

from tests.api.browsing import counts, fits, opened_page, sync_api
from tests.api.shop import Shop, index_shop, serving
from vision.settings import Settings
from vision.solr.embedded.home import choose_port
from vision.solr.embedded.launcher import EmbeddedSolr

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]

COPYING = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture
def page(browser: Browser, url: str, complaints: list[str]) -> Iterator[Page]:
    with opened_page(browser, url, (1280, 900), complaints, "/engine", **COPYING) as opened:
        requests.delete(f"{url}/v1/queries", timeout=10)
        yield opened


def ids(found: dict[str, Any]) -> list[str]:
    return [each["id"] for each in found["response"]["docs"]]


def test_a_search_in_the_shop_is_found_explained_copied_and_run_again(page: Page, url: str) -> None:
    expect = sync_api.expect
    page.goto("/")
    counts(page, "39 products")
    page.get_by_role("link", name="More like this: green ring").first.click()
    expect(page).to_have_url(re.compile("like="))
    page.locator("#q").fill("ring")
    page.keyboard.press("Enter")
    counts(page, "8 products")
    page.get_by_role("link", name="Engine").click()
    expect(page.get_by_role("heading", name="Searches are answered")).to_be_visible()
    page.get_by_role("link", name="Queries").click()
    row = page.locator(".queries tbody tr").first
    expect(row).to_contain_text("ring")
    expect(row).to_contain_text("product green-ring-1")
    expect(row.locator(".way")).to_have_text("exact")
    row.get_by_role("link", name="ring").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("ring")
    expect(page.locator(".card").first).to_contain_text("8 pictures match: all are verified")
    shown = page.locator(".parameters").last
    expect(shown).to_contain_text("[…]")
    page.get_by_role("button", name=re.compile("^Copy request .* as curl$")).last.click()
    expect(page.locator("#copied")).to_have_text("Copied: paste it into a shell.")
    command = page.evaluate("navigator.clipboard.readText()")
    ran = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    body = {"q": "ring", "image_id": "green-ring-1", "weights": {"text": 0.5, "image": 0.5}}
    answer = requests.post(f"{url}/v1/search", json=body, timeout=30).json()
    assert ids(json.loads(ran.stdout)) == [each["id"] for each in answer["hits"]]
    page.get_by_role("button", name=re.compile("^Copy the parameters")).last.click()
    expect(page.locator("#copied")).to_have_text("Copied.")
    assert "similarity=vectorSimilarity" in page.evaluate("navigator.clipboard.readText()")
    page.get_by_role("link", name="Run again both ways").click()
    expect(page.locator(".verdict")).to_have_text("Nothing: both pages have the same products in the same order.")
    expect(page.locator(".sides .way")).to_have_text(["exact", "approximate"])
    expect(page.locator(".ranked").first.locator("li")).to_have_count(8)
    page.go_back()
    expect(page.get_by_role("link", name="Run again both ways")).to_be_visible()


def test_the_list_is_narrowed_by_keys_and_the_address_says_how(page: Page, url: str, complaints: list[str]) -> None:
    expect = sync_api.expect
    for body in ({"q": "ring"}, {"q": "circle"}, {"image_id": "green-ring-1"}, {"image_id": "nobody"}):
        requests.post(f"{url}/v1/search", json=body, timeout=30)
    page.goto("/engine/queries")
    expect(page.locator(".queries tbody tr")).to_have_count(4)
    page.get_by_label("Way").focus()
    page.keyboard.type("text")
    expect(page).to_have_url(re.compile(r"\?way=text$"))
    expect(page.locator(".queries tbody tr")).to_have_count(2)
    expect(page.get_by_label("Way")).to_be_focused()
    expect(page.locator("#counted")).to_have_text("2 of 4 searches")
    page.go_back()
    expect(page.locator(".queries tbody tr")).to_have_count(4)
    expect(page.get_by_label("Way")).to_have_value("")
    page.get_by_label("Only with errors").focus()
    page.keyboard.press("Space")
    expect(page.locator(".queries tbody tr")).to_have_count(1)
    expect(page.locator(".reason.warn")).to_contain_text("NotFound")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Forget all")).to_be_focused()
    page.once("dialog", lambda dialog: dialog.accept())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing was searched yet")).to_be_visible()
    expect(page.get_by_role("button", name="Forget all")).to_be_focused()


@pytest.mark.parametrize("scripts", [True, False], ids=["phone", "phone, no scripts"])
def test_at_the_size_of_a_phone(browser: Browser, url: str, complaints: list[str], scripts: bool) -> None:
    long = {"q": "x" * 90, "filters": {"color": ["y" * 40]}}
    for body in (long, {"image_id": "green-ring-1"}):
        requests.post(f"{url}/v1/search", json=body, timeout=30)
    with opened_page(browser, url, (360, 780), complaints, "/engine", java_script_enabled=scripts) as page:
        assert fits(page) if scripts else True
        sync_api.expect(page.get_by_role("heading", name="Searches are answered")).to_be_visible()
        page.get_by_role("link", name="Queries").click()
        sync_api.expect(page.get_by_role("link", name="x" * 90).first).to_be_visible()
        page.get_by_label("Slower than").select_option("5,000 ms")
        page.get_by_role("button", name="Refresh").click()
        sync_api.expect(page.get_by_role("heading", name="No search is like this")).to_be_visible()
        page.get_by_role("link", name="Show them all").click()
        page.get_by_role("link", name="product green-ring-1").first.click()
        page.get_by_role("link", name="Run again both ways").click()
        sync_api.expect(page.locator(".verdict")).to_be_visible()
        assert fits(page) if scripts else True


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings of a Solr that a test may stop, always on the same port."""
    cache = Settings.from_environment().cache
    return Settings(home=tmp_path / "solr", cache=cache, solr_port=choose_port(0), solr_timeout=10)


def started(settings: Settings) -> EmbeddedSolr:
    return EmbeddedSolr(settings, home=settings.home, port=settings.solr_port, heap="512m")


def process(solr: EmbeddedSolr) -> psutil.Process:
    state = solr.state()
    assert state is not None
    return psutil.Process(state.pid)


def stand_still(process: psutil.Process) -> None:
    """Suspend a process and wait until each of its threads has noticed."""
    process.suspend()
    tasks = Path("/proc", str(process.pid), "task")
    deadline = time.monotonic() + 10
    while any(state(each) not in ("T", "") for each in (tasks.iterdir() if tasks.is_dir() else ())):
        assert time.monotonic() < deadline, "it does not stand still"


def state(task: Path) -> str:
    """One thread's, as Linux writes it; nothing of one that has ended."""
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


@pytest.mark.slow
def test_a_slow_search_is_found_and_a_stopped_solr_is_seen_and_comes_back(
    browser: Browser, own: Settings, tmp_path: Path, complaints: list[str]
) -> None:
    expect = sync_api.expect
    (tmp_path / "shop").mkdir()
    with started(own) as solr:
        shop: Shop = index_shop(solr.url, tmp_path / "shop", collection="pages-stopped")
        settings = replace(shop.settings, solr_timeout=10)
        with serving(settings) as url, opened_page(browser, url, (1280, 900), complaints, "/engine") as page:
            for words in ("circle", "square", "ring"):
                requests.post(f"{url}/v1/search", json={"q": words}, timeout=30)
            # Solr stands still for two seconds while one search is under way.
            running = process(solr)
            stand_still(running)
            threading.Timer(2.0, running.resume).start()
            requests.post(f"{url}/v1/search", json={"q": "triangle"}, timeout=30)
            for _ in range(3):
                requests.post(f"{url}/v1/search", json={"q": "stripes"}, timeout=30)
            page.goto("/engine/queries")
            expect(page.locator(".queries tbody tr")).to_have_count(7)
            page.get_by_label("Order").select_option("slowest first")
            expect(page.locator(".queries tbody tr").first).to_contain_text("triangle")
            page.get_by_label("Slower than").select_option("1,000 ms")
            expect(page.locator(".queries tbody th").first).to_contain_text("triangle")
            expect(page).to_have_url(re.compile("slower=1000"))

            page.goto("/engine")
            good = page.get_by_role("heading", name="Searches are answered")
            expect(good).to_be_visible()
            page.evaluate("document.body.dataset.loaded = 'once'")
            running.kill()
            running.wait(30)
            expect(page.get_by_role("heading", name="Searches cannot be answered")).to_be_visible(timeout=40_000)
            expect(page.locator(".checks .bad")).to_contain_text("did not answer: no connection")
            expect(page.locator(".absent")).to_have_count(4)
            assert requests.post(f"{url}/v1/search", json={"q": "ring"}, timeout=30).status_code == 503
            with started(own):
                expect(good).to_be_visible(timeout=40_000)
                expect(page.locator("#index-title ~ .figures")).to_contain_text("Segments")
                assert page.evaluate("document.body.dataset.loaded") == "once"
                page.goto("/engine/queries?errors=true")
                expect(page.locator(".reason.warn").first).to_contain_text("SolrUnavailable")
