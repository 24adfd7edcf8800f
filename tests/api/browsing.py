"""A page of the real server in a real browser."""

from __future__ import annotations

import io
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")

# What is waited for comes at once on an idle machine; a busy one is no failure.
sync_api.expect.set_options(timeout=20_000)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-component-update"]
# A drawn picture in place of a camera; the page still has to be allowed to use it.
CAMERA = "--use-fake-device-for-media-stream"


@contextmanager
def launched() -> Iterator[Browser]:
    """Chromium, or a skip where there is none."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, CAMERA])
        yield browser
        browser.close()


@contextmanager
def opened_page(
    browser: Browser, url: str, size: tuple[int, int], complaints: list[str], path: str = "/", **options: Any
) -> Iterator[Page]:
    """The search page, ``size`` = (width, height); the console's ``complaints`` must be empty when it is closed.

    ``options`` are those of a browser's context.
    """
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, base_url=url, **options)
    context.set_default_timeout(90_000)
    opened = context.new_page()
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(path)
    yield opened
    context.close()
    assert complaints == []


def counts(page: Page, text: str | re.Pattern[str]) -> None:
    sync_api.expect(page.locator("#count")).to_have_text(text)


def search_by(page: Page, photo: bytes, name: str = "photo.jpg") -> None:
    """Choose a photo, and wait until its results are there."""
    kind = f"image/{name.rpartition('.')[2].replace('jpg', 'jpeg')}"
    page.locator("#photo").set_input_files({"name": name, "mimeType": kind, "buffer": photo})
    sync_api.expect(page).to_have_url(re.compile("photo="))
    sync_api.expect(page.locator("#hits .match").first).to_be_visible()
    sync_api.expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")


def check_axe(page: Page, name: str) -> None:
    """See that axe-core finds nothing wrong in what the page shows now; skips where it is not installed."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    found = axe.Axe().run(page).response
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == [], name
    assert len(found["passes"]) > 10


def weight(page: Page, path: str, ready: Callable[[Page], None]) -> dict[str, int]:
    """Bytes that come for a page until nothing more does, by address, without product pictures."""
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(path)
    ready(page)
    page.wait_for_load_state("networkidle")
    sizes = [(each.url, each.sizes()) for each in finished]
    bodies = {address: size["responseBodySize"] + size["responseHeadersSize"] for address, size in sizes}
    return {address: size for address, size in bodies.items() if "/image" not in address}


def settle(page: Page) -> None:
    """Wait for what is in view; asked again and again, as the page's policy forbids a function that waits there."""
    page.wait_for_load_state("networkidle")
    page.evaluate("document.activeElement.blur()")
    script = """() => [...document.images].every((each) => {
        const { top, left } = each.getBoundingClientRect();
        return !each.offsetParent || each.complete || top > innerHeight || left > innerWidth;
    })"""
    deadline = time.monotonic() + 60
    while not page.evaluate(script):
        assert time.monotonic() < deadline, "a picture in view did not come"
        page.wait_for_timeout(100)


LARGEST = 150_000
"""Bytes of a picture in the documents."""


def save(page: Page, folder: Path, name: str, *, asking: bool = False) -> None:
    """Keep a picture of what is in view; ``asking``: the page keeps asking the server, and is ready as it is."""
    if not asking:
        settle(page)
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as shot:
        path = folder / f"{name}.jpg"
        shot.convert("RGB").save(path, quality=82, optimize=True, progressive=True)
        assert path.stat().st_size <= LARGEST, name
        # Nothing but one colour would be a page that shows nothing.
        assert len(shot.convert("RGB").resize((64, 64)).getcolors(64 * 64) or []) > 100, name


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
