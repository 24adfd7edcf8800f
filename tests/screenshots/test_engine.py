"""The search engineer's pages."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.api.browsing import opened_page, save, sync_api
from tests.screenshots.test_shop import WIDE

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.model, pytest.mark.many]

LONG_MS = 240_000
SEARCHES = (
    {"q": "knee-length dress"},
    {"q": "red dress under 50 euro", "facets": ["color"]},
    {"q": "chiar"},
    {"q": "bag", "filters": {"color": ["brown", "black"]}},
    {"q": "*", "ranges": {"price": {"max": 80}}},
    {"image_id": "no-such-product"},
)


def test_screenshots(browser: Browser, url: str, folder: Path) -> None:
    expect = sync_api.expect
    for body in SEARCHES:
        found = requests.post(f"{url}/v1/search", json=body, timeout=60).json()
        for hit in found.get("hits", [])[:2]:
            like = {"image_id": hit["id"], "q": "dress", "mode": "approximate"}
            requests.post(f"{url}/v1/search", json=like, timeout=60)
    with opened_page(browser, url, WIDE, [], "/jobs") as page:
        for body in ({"kind": "audit", "request": {"field": "weight"}}, {"kind": "duplicates", "request": {}}):
            begun = requests.post(f"{url}/v1/jobs", json=body | {"by": "Grace"}, timeout=60).json()
            badge = page.locator(f"#job-{begun['id']} .badge")
            expect(badge).to_have_text("failed" if body["kind"] == "audit" else "done", timeout=LONG_MS)
    request = {"quick": True, "queries": 60}
    tuning = requests.post(f"{url}/v1/jobs", json={"kind": "tune", "request": request, "by": "Ada"}, timeout=60)
    assert tuning.status_code == 202, tuning.text
    with opened_page(browser, url, WIDE, [], "/jobs") as page:
        running = page.locator(".job.running", has_text="Tune")
        expect(running).to_contain_text(" of ", timeout=LONG_MS)
        expect(running.get_by_role("button", name="Cancel")).to_be_visible()
        save(page, folder, "engine-jobs", asking=True)
        expect(page.locator(".job", has_text="Tune").locator(".badge")).to_have_text("done", timeout=LONG_MS)
        page.goto("/engine")
        save(page, folder, "engine-overview")
        page.goto("/engine/queries")
        save(page, folder, "engine-queries")
        page.goto("/engine/measurements")
        page.get_by_role("link", name="What that rests on").click()
        expect(page.locator(".chart").first).to_have_js_property("complete", True)
        save(page, folder, "engine-measurement")
