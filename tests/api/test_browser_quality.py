"""What every state of the page keeps to: no violation that axe-core finds, few bytes, and results within a second."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.api.browsing import check_axe, counts, fits, opened_page, search_by, sync_api, weight
from tests.api.shop import Shop, draw, index_shop, serving

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr, pytest.mark.model]

MAX_WEIGHT = 150_000
MAX_SECONDS = 1.0


@pytest.fixture(scope="module")
def compact(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The catalogue with vectors of the network that comes with the package."""
    return index_shop(solr_url, tmp_path_factory.mktemp("compact"), collection="api-compact", extractor="compact")


@pytest.fixture(scope="module")
def url(compact: Shop) -> Iterator[str]:
    with serving(compact.settings) as found:
        yield found


def scene() -> bytes:
    """A photo of 3 megapixels, with two things in it."""
    image = Image.new("RGB", (1000, 750), (238, 236, 230))
    image.paste(draw("red", "circle", 1).resize((480, 600)), (20, 80))
    image.paste(draw("blue", "square", 1).resize((360, 450)), (600, 150))
    image = image.resize((2000, 1500))
    noise = np.random.default_rng(3).normal(0, 3, (1500, 2000, 3))
    pixels = np.clip(np.asarray(image, np.float64) + noise, 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def text(page: Page) -> None:
    page.goto("/?q=red+circle+under+90+euro&f.color=red&sort=price")
    page.locator("#understood li").first.wait_for()


def photo(page: Page) -> None:
    search_by(page, scene())
    page.locator(".spot").first.click()
    page.locator("#whole").wait_for()
    page.get_by_role("button", name="I like this: ").first.click()
    page.locator("#liked img").wait_for()
    page.locator("#q").fill("circle")
    page.keyboard.press("Enter")
    page.locator("#blend").wait_for()
    sync_api.expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")


def suggestions(page: Page) -> None:
    page.locator("#q").press_sequentially("red s")
    page.get_by_role("option").first.wait_for()


def looks(page: Page) -> None:
    search_by(page, scene())
    page.get_by_role("link", name="Shop the look").click()
    page.locator(".look .hit").first.wait_for()


def around(page: Page) -> None:
    page.goto("/?view=around&seed=7")
    page.get_by_role("button", name="I like this: ").nth(2).click()


def nothing(page: Page) -> None:
    page.goto("/?q=xyzzyx")
    page.get_by_role("heading", name="Nothing matches").wait_for()


def problem(page: Page) -> None:
    said = '{"title": "Solr does not answer", "status": 503, "detail": "no connection"}'
    page.route(
        "**/v1/search", lambda route: route.fulfill(status=503, content_type="application/problem+json", body=said)
    )
    page.locator("#q").fill("ring")
    page.keyboard.press("Enter")
    page.get_by_role("alert").locator("h2").wait_for()


def waiting(page: Page) -> None:
    page.goto("/?q=xyzzyx")
    page.route("**/v1/search", lambda route: None)
    page.locator("#q").fill("ring")
    page.keyboard.press("Enter")
    page.locator(".skeleton").first.wait_for()


def camera(page: Page) -> None:
    page.get_by_role("button", name="Take a photo").click()
    page.get_by_role("dialog").wait_for()


STATES: tuple[Callable[[Page], None], ...] = (
    lambda page: counts(page, "39 products"),
    text,
    suggestions,
    photo,
    looks,
    around,
    nothing,
    problem,
    waiting,
    camera,
)


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        pytest.param(1280, "light", id="wide", marks=pytest.mark.slow),
        pytest.param(360, "dark", id="phone, dark"),
        pytest.param(320, "light", id="narrow", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_everything_fits(browser: Browser, url: str, width: int, scheme: str) -> None:
    for number, arrive in enumerate(STATES):
        name = "start" if number == 0 else arrive.__name__
        # Still, so that nothing is measured while it fades.
        options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
        said: list[str] = []
        with opened_page(browser, url, (width, 800), said, **options) as page:
            arrive(page)
            if width < 900 and name == "text":
                page.locator("#filters > summary").click()
            check_axe(page, name)
            assert fits(page), name
            said[:] = [each for each in said if "503" not in each]


def test_the_page_is_light(browser: Browser, url: str) -> None:
    context = browser.new_context(base_url=url)
    ours = weight(context.new_page(), "/", lambda page: counts(page, "39 products"))
    context.close()
    assert any("main.js" in each for each in ours) and any("shop.css" in each for each in ours)
    print(f"\nweight without product pictures: {sum(ours.values()):,} bytes in {len(ours)} requests")
    assert sum(ours.values()) < MAX_WEIGHT


@pytest.mark.alone
def test_results_come_within_a_second_of_choosing_a_photo(browser: Browser, url: str) -> None:
    data = scene()
    seconds = []
    with opened_page(browser, url, (1280, 900), []) as page:
        for _ in range(4):
            page.goto("/?q=xyzzyx")
            page.locator("#nothing").wait_for()
            # Measured in the page: what steers the browser takes its time too.
            page.evaluate(
                """() => {
                    let began = 0;
                    const start = () => { began = performance.now(); };
                    document.getElementById("photo").addEventListener("change", start, true);
                    new MutationObserver((_, watch) => {
                        if (!document.querySelector("#hits .match")) return;
                        document.body.dataset.took = performance.now() - began;
                        watch.disconnect();
                    }).observe(document.getElementById("hits"), { childList: true, subtree: true });
                }"""
            )
            page.locator("#q").fill("")
            page.locator("#photo").set_input_files({"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": data})
            sync_api.expect(page.locator("body")).to_have_attribute("data-took", re.compile("[1-9]"))
            seconds.append(float(page.locator("body").get_attribute("data-took") or "nan") / 1000)
            time.sleep(0.3)
    print(f"\nfirst result after {', '.join(f'{each:.2f}' for each in seconds)} s")
    # The machine may be busy with something else: one of a few counts.
    assert min(seconds) < MAX_SECONDS
