"""A photo on the page: made ready, cropped by hand, finger and keyboard, and the things in it."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.api.browsing import counts, fits, opened_page, search_by, sync_api
from tests.api.shop import Shop, draw

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]


def jpeg(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def scene() -> bytes:
    """Two things beside each other: a red circle on the left, a blue square on the right."""
    image = Image.new("RGB", (700, 340), (245, 245, 240))
    image.paste(draw("red", "circle", 1), (20, 20))
    image.paste(draw("blue", "square", 1), (440, 20))
    return jpeg(image, quality=95)


def box(page: Page) -> list[float]:
    """The part of the photo that the frame shows, 0 to 1."""
    found = page.evaluate(
        """() => {
            const [stage, frame] = ["stage", "frame"].map((id) => document.getElementById(id).getBoundingClientRect());
            return [(frame.x - stage.x) / stage.width, (frame.y - stage.y) / stage.height,
                    frame.width / stage.width, frame.height / stage.height];
        }"""
    )
    return [float(each) for each in found]


def crop(page: Page) -> list[float]:
    """The part of the photo that the address names."""
    found = re.search(r"crop=([^&]+)", page.url)
    assert found is not None, page.url
    return [float(each) for each in found[1].replace("%2C", ",").split(",")]


def middle(place: Locator) -> tuple[float, float]:
    found = place.bounding_box()
    assert found is not None
    return found["x"] + found["width"] / 2, found["y"] + found["height"] / 2


def test_the_things_in_a_photo_are_suggested_and_searched(page: Page) -> None:
    expect = sync_api.expect
    search_by(page, scene())
    spots = page.get_by_role("button", name=re.compile("^Search by this part"))
    expect(spots).to_have_count(2)
    colors = set()
    for index in range(2):
        spots.nth(index).click()
        expect(spots.nth(index)).to_have_attribute("aria-pressed", "true")
        expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")
        x, _, w, _ = crop(page)
        side = "red" if x + w / 2 < 0.5 else "blue"
        expect(page.locator("#hits h3").first).to_contain_text(side)
        colors.add(side)
    assert colors == {"red", "blue"}
    page.go_back()
    expect(spots.nth(0)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Whole photo").click()
    expect(page).not_to_have_url(re.compile("crop="))
    expect(page.locator("#whole")).to_be_hidden()


def test_the_box_by_keyboard(page: Page) -> None:
    expect = sync_api.expect
    search_by(page, scene())
    frame = page.locator("#frame")
    frame.focus()
    for _ in range(25):
        page.keyboard.press("Shift+ArrowLeft")
    expect(page).to_have_url(re.compile("crop="))
    assert crop(page) == pytest.approx([0, 0, 0.5, 1], abs=0.001)
    expect(page.locator("#hits h3").first).to_contain_text("red")
    expect(page.locator("#cropped")).to_have_text(
        "The part searched is 50 % wide and 100 % high, 0 % from the left and 0 % from the top."
    )
    expect(frame).to_be_focused()
    for _ in range(25):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#hits h3").first).to_contain_text("blue")
    assert crop(page) == pytest.approx([0.5, 0, 0.5, 1], abs=0.001)
    page.get_by_role("button", name="Top left corner").focus()
    page.keyboard.press("ArrowDown")
    expect(page).to_have_url(re.compile("crop=0.5%2C0.02"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("crop="))
    assert box(page) == pytest.approx([0, 0, 1, 1], abs=0.01)


def test_the_box_by_mouse(page: Page) -> None:
    expect = sync_api.expect
    search_by(page, scene())
    stage = page.locator("#stage").bounding_box()
    assert stage is not None
    x, y = middle(page.get_by_role("button", name="Bottom right corner"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.5, y, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("crop="))
    assert crop(page) == pytest.approx([0, 0, 0.5, 1], abs=0.02)
    expect(page.locator("#hits h3").first).to_contain_text("red")
    # Beside the box a new one is drawn; within it, it is moved.
    page.mouse.move(stage["x"] + stage["width"] * 0.6, stage["y"] + 3)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.95, stage["y"] + stage["height"] * 0.8, steps=4)
    page.mouse.up()
    expect(page.locator("#hits h3").first).to_contain_text("blue")
    assert crop(page)[0] == pytest.approx(0.6, abs=0.02)
    page.mouse.move(stage["x"] + stage["width"] * 0.72, stage["y"] + stage["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.22, stage["y"] + stage["height"] * 0.3, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"crop=0\.(0[89]|1)"))
    assert crop(page)[2] == pytest.approx(0.35, abs=0.02)


def test_the_box_by_finger(browser: Browser, url: str, complaints: list[str]) -> None:
    expect = sync_api.expect
    with opened_page(browser, url, (360, 780), complaints, has_touch=True, is_mobile=True) as page:
        search_by(page, scene())
        assert fits(page)
        x, y = middle(page.get_by_role("button", name="Bottom right corner"))
        stage = page.locator("#stage").bounding_box()
        assert stage is not None
        touch = page.context.new_cdp_session(page)
        for kind, at in (("Start", x), ("Move", x - 20), ("Move", stage["x"] + stage["width"] * 0.5), ("End", None)):
            points = [] if at is None else [{"x": at, "y": y}]
            touch.send("Input.dispatchTouchEvent", {"type": f"touch{kind}", "touchPoints": points})
        expect(page).to_have_url(re.compile("crop="))
        assert crop(page)[2] == pytest.approx(0.5, abs=0.03)
        expect(page.locator("#hits h3").first).to_contain_text("red")


def test_a_large_photo_is_made_smaller_and_upright(page: Page, shop: Shop) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "A camera with a serial number"
    before = set((shop.settings.home / "uploads").glob("*")) if (shop.settings.home / "uploads").exists() else set()
    # On its side, and noisy, so that it is some megabytes.
    picture = draw("green", "triangle", 1).resize((2400, 3000)).transpose(Image.Transpose.ROTATE_90)
    noise = Image.effect_noise(picture.size, 40).convert("RGB")
    data = jpeg(Image.blend(picture, noise, 0.1), quality=95, exif=exif)
    assert len(data) > 1_000_000
    search_by(page, data)
    (kept,) = set((shop.settings.home / "uploads").glob("*")) - before
    with Image.open(kept) as stored:
        assert stored.size == (1280, 1600)
        assert not stored.getexif()
        left, right = (stored.convert("RGB").getpixel((x, 1180)) for x in (300, 980))
    assert isinstance(left, tuple) and isinstance(right, tuple)
    sync_api.expect(page.locator("#hits h3").first).to_contain_text("green")


def test_a_small_photo_is_sent_as_it_is(page: Page, shop: Shop) -> None:
    search_by(page, shop.photo("yellow-square-1.jpg"))
    sync_api.expect(page.locator("#hits .match").first).to_have_text("100% match")


def test_a_transparent_picture_of_another_kind(page: Page) -> None:
    image = Image.new("RGBA", (2000, 2000), (0, 0, 0, 0))
    image.paste((40, 70, 190, 255), (400, 400, 1600, 1600))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=0)
    search_by(page, buffer.getvalue(), "photo.png")
    sync_api.expect(page.locator("#hits h3").first).to_have_text("blue square")


def test_the_look(page: Page) -> None:
    expect = sync_api.expect
    search_by(page, scene())
    page.get_by_role("link", name="Shop the look").click()
    expect(page).to_have_url(re.compile("view=looks"))
    expect(page.locator("#looks-count")).to_have_text("2 things found in your photo")
    firsts = page.locator(".look").evaluate_all("all => all.map((each) => each.querySelector('.hit h3').textContent)")
    assert {each.split()[0] for each in firsts} == {"red", "blue"}
    assert fits(page)
    page.reload()
    expect(page.locator(".look")).to_have_count(2)
    page.get_by_role("link", name="See all for Part 1").click()
    expect(page).to_have_url(re.compile("crop="))
    counts(page, "39 products")
    page.go_back()
    expect(page.locator(".look")).to_have_count(2)
    page.get_by_role("link", name="Back to all results").click()
    counts(page, "39 products")
    expect(page.locator("#stage")).to_be_visible()


def test_the_camera_is_explained_before_it_is_asked_for(page: Page) -> None:
    expect = sync_api.expect
    page.get_by_role("button", name="Take a photo").click()
    dialog = page.get_by_role("dialog", name="Take a photo")
    expect(dialog).to_contain_text("your browser will ask you for it")
    dialog.get_by_role("button", name="Use my camera").click()
    expect(dialog.get_by_role("alert")).to_contain_text("The camera was not allowed")
    page.context.grant_permissions(["camera"])
    dialog.get_by_role("button", name="Use my camera").click()
    take = dialog.get_by_role("button", name="Take the photo", exact=True)
    expect(take).to_be_focused()
    take.click()
    expect(dialog).to_be_hidden()
    expect(page).to_have_url(re.compile("photo="))
    expect(page.locator("#hits .match").first).to_be_visible()
