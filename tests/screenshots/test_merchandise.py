"""The merchandiser's pages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.browsing import save
from tests.pages.test_merchandise import expect, page_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.model, pytest.mark.many]


def test_screenshots(browser: Browser, url: str, folder: Path) -> None:
    phone: dict[str, Any] = {"has_touch": True, "is_mobile": True}
    with page_of(browser, url, "/merchandise/groups?clusters=8&projection=tsne", (1280, 860)) as page:
        page.get_by_role("button", name="Find groups").click()
        page.locator(".medoid").first.wait_for()
        page.locator(".medoid").first.hover()
        page.locator(".map-tip img").wait_for()
        save(page, folder, "merchandise-groups")
        page.goto("/merchandise/audit?field=pattern")
        page.get_by_role("button", name="Look for wrong ones").click()
        page.get_by_role("button", name="Keep them for later").click()
        page.get_by_role("status").get_by_role("link", name="Proposals").click()
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
