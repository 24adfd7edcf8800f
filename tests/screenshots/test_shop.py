"""The shop's pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.browsing import opened_page, save, search_by, sync_api
from vision.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.model, pytest.mark.many]

WIDE, PHONE = (1280, 860), (390, 844)


def test_screenshots(browser: Browser, url: str, demo: tuple[Settings, bytes], folder: Path) -> None:
    expect = sync_api.expect
    photo = demo[1]
    for name, size, scheme in (("", WIDE, "light"), ("-phone", PHONE, "light"), ("-dark", WIDE, "dark")):
        options: dict[str, Any] = {"color_scheme": scheme, "has_touch": size == PHONE, "is_mobile": size == PHONE}
        with opened_page(browser, url, size, [], **options) as page:
            expect(page.locator("#hits .hit").first).to_be_visible()
            save(page, folder, f"page-start{name}")
            page.goto("/?q=knee-length+dress")
            search_by(page, photo)
            page.locator(".spot").first.click()
            expect(page.locator("#whole")).to_be_visible()
            save(page, folder, f"page-photo{name}")
            if scheme == "dark":
                continue
            page.get_by_role("link", name="Shop the look").click()
            expect(page.locator(".look .hit").first).to_be_visible()
            save(page, folder, f"page-look{name}")
            page.goto("/?view=around&seed=7")
            page.locator("#around-hits .heart").nth(1).click()
            save(page, folder, f"page-around{name}")
