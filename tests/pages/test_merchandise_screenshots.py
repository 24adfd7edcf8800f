"""The merchandiser's pictures in the documents, made of the demo's drawn catalogue: `make screenshots` writes them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.browsing import save
from tests.api.shop import serving
from tests.pages.test_merchandise import expect, page_of
from vision.demo.preparation import prepare
from vision.settings import Settings
from vision.workspace import DEMO_COLLECTION, Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.solr, pytest.mark.model, pytest.mark.slow]

PRODUCTS = int(os.environ.get("SCREENSHOT_PRODUCTS", "300"))
LARGEST = 150_000


def test_screenshots(browser: Browser, solr_url: str, tmp_path: Path) -> None:
    wanted = os.environ.get("SCREENSHOTS")
    folder = Path(wanted) if wanted else tmp_path
    settings = Settings(home=tmp_path / "home", solr_url=solr_url, collection=DEMO_COLLECTION)
    prepare(Workspace(settings), products=PRODUCTS, extractor="compact", progress=lambda stage, done, total: None)
    phone: dict[str, Any] = {"has_touch": True, "is_mobile": True}
    with serving(settings) as url:
        with page_of(browser, url, "/merchandise/groups?clusters=8&projection=tsne", (1280, 860)) as page:
            page.get_by_role("button", name="Find groups").click()
            page.locator(".medoid").first.wait_for()
            page.locator(".medoid").nth(2).hover()
            page.locator(".map-tip img").wait_for()
            save(page, folder, "merchandise-groups")
            page.goto("/merchandise/audit?field=pattern")
            page.get_by_role("button", name="Look for wrong ones").click()
            page.locator(".detail .tiles img").first.wait_for()
            page.goto("/merchandise/proposals?tool=audit")
            page.locator(".detail .tiles img").first.wait_for()
            save(page, folder, "merchandise-desk")
            page.goto("/merchandise/fill?way=examples&field=pattern&value=Hawaiian&q=hawaiian")
            for number in range(3):
                page.locator("#candidates .tile").nth(number).click()
            page.get_by_label("Words").fill("")
            page.get_by_role("button", name="Find what is missing").click()
            expect(page.locator("#results h2")).to_have_text(re.compile("like your examples"))
            save(page, folder, "merchandise-examples")
        with page_of(browser, url, "/merchandise/proposals?tool=audit", (390, 844), **phone) as page:
            page.locator(".detail .tiles img").first.wait_for()
            page.locator(".queue").scroll_into_view_if_needed()
            page.evaluate("document.querySelector('.queue').scrollIntoView()")
            save(page, folder, "merchandise-desk-phone")
    for each in folder.glob("merchandise-*.jpg"):
        assert each.stat().st_size <= LARGEST, each.name
