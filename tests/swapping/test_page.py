"""The collection beside the one that is served, on the search engineer's page in Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
import requests

from tests.api.browsing import check_axe, fits, opened_page, sync_api
from tests.api.shop import serving
from tests.swapping.pair import Pair, pair

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.solr]


@pytest.fixture
def made(solr_url: str, tmp_path: Path) -> Iterator[Pair]:
    with pair(solr_url, tmp_path, "shown") as found:
        files = found.workspace.beside()
        files.save(msgspec.structs.replace(files.known(found.served), shadow=1.0))
        yield found


def test_what_is_beside_is_on_the_overview(made: Pair, browser: Browser, complaints: list[str]) -> None:
    expect = sync_api.expect
    with serving(made.shop.settings) as url:
        for product in ("red-square-1", "blue-ring-1"):
            assert requests.post(f"{url}/v1/search", json={"image_id": product}, timeout=60).status_code == 200
            time.sleep(1.2)
        with opened_page(browser, url, (1280, 900), complaints, "/engine") as page:
            card = page.locator("section", has=page.get_by_role("heading", name="Beside it"))
            expect(card).to_contain_text("shown-next")
            expect(card).to_contain_text("to take its place")
            expect(card).to_contain_text("2 searches, 100% of them now")
            check_axe(page, "beside")
            made.switched()
            expect(card).to_contain_text("what was served before")  # the page looks again by itself
            page.set_viewport_size({"width": 390, "height": 844})
            assert fits(page)
