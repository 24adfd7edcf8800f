"""The pictures in the documents, made of the demo's drawn catalogue: `make screenshots` writes them to docs/images."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from tests.api.browsing import opened_page, save, search_by, sync_api
from tests.api.shop import serving
from vision.demo.preparation import prepare
from vision.search import calibration
from vision.search.request import parse
from vision.settings import Settings
from vision.workspace import DEMO_COLLECTION, Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.solr, pytest.mark.model, pytest.mark.slow]

PRODUCTS = int(os.environ.get("SCREENSHOT_PRODUCTS", "150"))
WIDE, PHONE = (1280, 860), (390, 844)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where they go."""
    wanted = os.environ.get("SCREENSHOTS")
    return Path(wanted) if wanted else tmp_path_factory.mktemp("screenshots")


@pytest.fixture(scope="module")
def demo(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, bytes]:
    """The indexed demo, and a photo of two of the demo's things beside each other."""
    home = tmp_path_factory.mktemp("demo")
    settings = Settings(home=home, solr_url=solr_url, collection=DEMO_COLLECTION)
    workspace = Workspace(settings)
    ready = prepare(workspace, products=PRODUCTS, extractor="compact", progress=lambda stage, done, total: None)
    with workspace.client() as client:
        embedding = workspace.engine(client).collection.embedding()
        known = calibration.calibrate(client, embedding, "category", sample=100)
        calibration.Calibrations(workspace.store().folder).save(client.collection, known)
    dress = Image.open(ready.photo)
    engine = workspace.engine()
    bag = engine.search(parse({"q": "bag", "rows": 1})).hits[0]
    other = Image.open(ready.drawn.folder / str(bag.image))
    scene = Image.new("RGB", (1500, 1100), dress.convert("RGB").resize((1, 1)).getpixel((0, 0)))
    scene.paste(dress.resize((1040, 1040)), (0, 30))
    scene.paste(other.resize((440, 440)), (1040, 330))
    buffer = io.BytesIO()
    scene.save(buffer, "JPEG", quality=92)
    return settings, buffer.getvalue()


@pytest.fixture(scope="module")
def url(demo: tuple[Settings, bytes]) -> Iterator[str]:
    with serving(demo[0]) as found:
        yield found


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
