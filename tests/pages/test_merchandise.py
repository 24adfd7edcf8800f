"""What a merchandiser does, in a real browser over a real server and a real Solr."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.api.browsing import fits, opened_page, sync_api
from tests.pages.gate import Gate
from tests.pages.wares import COLLECTION, ROUND, WITHOUT, WRONG
from vision.merchandising.proposal import Evidence, Proposal, Tool, propose

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]

expect = sync_api.expect
WIDE, PHONE = (1280, 900), (360, 780)


def ask(url: str, path: str, body: Any = None) -> Any:
    data = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def held(url: str, field: str, value: str) -> set[str]:
    """Products that the shop finds by a facet."""
    body = {"q": "*", "filters": {field: [value]}, "rows": 100}
    return {hit["product_id"] for hit in ask(url, "/v1/search", body)["hits"]}


def offer(url: str, *proposals: Proposal) -> None:
    ask(url, "/v1/proposals", {"proposals": list(proposals)})


def by_hand(product: str, field: str, new: str, *, old: tuple[str, ...] = (), confidence: float = 0.9) -> Proposal:
    seen = Evidence(neighbours=["red-ring-1", "blue-ring-1"], values=[[new], list(old)], distances=[0.1, 0.2])
    return propose(Tool.HAND, product, field, old, (new,), confidence=confidence, evidence=seen)


@contextmanager
def page_of(
    browser: Browser,
    url: str,
    path: str,
    size: tuple[int, int] = WIDE,
    by: str = "Ada",
    may_miss: bool = False,
    **options: Any,
) -> Iterator[Page]:
    """A page for somebody whose name is known.

    It may complain of nothing but that Solr is away, or, if it may miss something, that it is not there.
    """
    complaints: list[str] = []
    if by and options.get("java_script_enabled", True):
        origin = {"origin": url, "localStorage": [{"name": "visual-search.by", "value": by}]}
        options["storage_state"] = {"cookies": [], "origins": [origin]}
    with opened_page(browser, url, size, complaints, path, **options) as page:
        yield page
        complaints[:] = [each for each in complaints if "503" not in each and not (may_miss and "404" in each)]


def said(page: Page, words: str | re.Pattern[str]) -> None:
    expect(page.locator(".desk > .said-live")).to_contain_text(words)


@pytest.fixture(autouse=True)
def opened(gate: Gate) -> Iterator[None]:
    """Whatever a test shut is open for the next one."""
    yield
    gate.open()


def swipe(page: Page, selector: str, across: float) -> None:
    """Move a finger from the middle of something to a side."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 4
    finger = page.context.new_cdp_session(page)
    steps = [("touchStart", 0.0), *(("touchMove", share / 5) for share in range(1, 6)), ("touchEnd", 1.0)]
    for kind, share in steps:
        points = [] if kind == "touchEnd" else [{"x": x + across * share, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_a_group_is_named_accepted_found_and_undone(browser: Browser, merchant: str) -> None:
    with page_of(browser, merchant, "/merchandise/groups", by="") as page:
        page.get_by_label("How many").fill("4")
        page.get_by_role("button", name="Find groups").click()
        expect(page.locator("#results h2").first).to_have_text("4 groups of 61 products")
        found = page.url
        assert "job=" in found
        page.go_back()
        expect(page.locator("#results h2")).to_have_text("See what is in the catalogue")
        page.go_forward()
        expect(page.locator("#results h2").first).to_have_text("4 groups of 61 products")
        assert page.url == found
        page.locator(".group-row", has_text="Category: triangle").click()
        expect(page).to_have_url(re.compile("group="))
        page.reload()
        expect(page.locator(".one-group h2")).to_have_text(re.compile(r"Group \d: \d+ products"))
        first = page.locator(".members .tile").first
        first.click()
        expect(first).to_have_attribute("aria-pressed", "false")
        taken = str(first.get_attribute("data-id"))
        page.get_by_label("These are, by").select_option("theme")
        page.get_by_label("this value").fill("Sunset")
        page.get_by_role("button", name=re.compile("^Propose it for")).click()
        page.wait_for_url(re.compile("/merchandise/proposals.*field=theme"))
        page.get_by_label("Percent").fill("0")
        page.get_by_role("button", name="Select", exact=True).click()
        page.get_by_role("button", name="Accept them").click()
        page.get_by_label("Your name").fill("Ada")
        page.keyboard.press("Enter")
        page.get_by_label(re.compile("^Why")).fill("they glow")
        page.keyboard.press("Enter")
        said(page, re.compile(r"Accepted \d+"))
        sunset = held(merchant, "theme", "Sunset")
        assert len(sunset) >= 10 and taken not in sunset and all("triangle" in each for each in sunset)
        page.goto("/?f.theme=Sunset")
        expect(page.locator("#count")).to_have_text(f"{len(sunset)} products")
        page.goto("/merchandise/changes")
        page.get_by_role("row", name=re.compile("they glow")).get_by_role("link").first.click()
        page.get_by_role("button", name="Undo all of it").click()
        expect(page.get_by_role("dialog")).to_contain_text("exactly what they had before")
        page.get_by_role("dialog").get_by_role("button", name="Undo").click()
        expect(page.locator("#change")).to_contain_text("It undoes")
        page.goto("/merchandise/changes")
        with page.expect_download() as download:
            page.get_by_role("button", name="as CSV").click()
        assert "they glow" in download.value.path().read_text(encoding="utf-8")
        assert held(merchant, "theme", "Sunset") == set()


def test_gaps_are_filled_from_examples_by_clicking_and_by_keys(browser: Browser, merchant: str) -> None:
    with page_of(browser, merchant, "/merchandise/fill?way=examples&field=finish&q=triangle") as page:
        candidates = page.locator("#candidates")
        candidates.locator("[data-id='red-triangle-1']").click()
        candidates.locator("[data-id='red-triangle-2']").click()
        candidates.locator("[data-id='blue-triangle-1']").click(modifiers=["Alt"])
        candidates.locator("[data-id='yellow-triangle-1']").focus()
        page.keyboard.press("n")
        expect(page.locator("#picked-count")).to_have_text("2 have it, 2 have not")
        page.get_by_label("The value they have").fill("glossy")
        page.get_by_label("Words").fill("")
        page.get_by_role("button", name="Find what is missing").click()
        expect(page.locator("#results h2")).to_contain_text("like your examples")
        # A link shows the same.
        page.reload()
        expect(page.locator("#picked-count")).to_have_text("2 have it, 2 have not")
        expect(page.locator(".question h3")).to_contain_text("1 of 5: is this glossy?")
        before = page.url
        page.locator("#results h2").click()
        for number in range(5):
            expect(page.locator(".question h3")).to_contain_text(f"{number + 1} of 5")
            is_one = "triangle" in page.locator(".question-picture .soft").inner_text()
            page.keyboard.press("y" if is_one else "n")
        expect(page).not_to_have_url(before)
        expect(page.locator(".question h3")).to_contain_text("1 of 5: is this glossy?")
        expect(page.locator("#picked .tile")).to_have_count(9)
        page.get_by_role("button", name=re.compile("^Keep .* and review")).click()
        page.wait_for_url(re.compile("tool=fill&field=finish"))
        expect(page.locator(".detail h2")).to_have_text(re.compile("triangle"))


def test_gaps_are_filled_from_the_others(browser: Browser, merchant: str) -> None:
    with page_of(browser, merchant, "/merchandise/fill") as page:
        page.get_by_role("link", name="Outline", exact=True).click()
        page.wait_for_url(re.compile("field=outline"))
        page.get_by_role("button", name="Find what is missing").click()
        expect(page.locator("#results h2")).to_contain_text("products without outline can be filled")
        page.get_by_role("button", name=re.compile("^Keep .* and review")).click()
        page.wait_for_url(re.compile("tool=fill&field=outline"))
    kept = ask(merchant, "/v1/proposals?tool=fill&field=outline")["proposals"]
    assert len(kept) >= len(WITHOUT) - 2
    right = [
        each
        for each in kept
        if each["new"]
        == ["round" if each["product"].rpartition("yellow-")[2].split("-")[0] in (*ROUND, "twin") else "straight"]
    ]
    assert len(right) >= len(kept) - 1


def test_an_audit_is_decided_with_keys_alone(browser: Browser, merchant: str) -> None:
    with page_of(browser, merchant, "/merchandise/audit") as page:
        page.get_by_label("Attribute").focus()
        page.keyboard.type("Category")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("#results h2").first).to_contain_text("estimated to be wrong")
        titles = page.locator(".queue .title").all_inner_texts()
        assert {each.replace(" ", "-") for each in titles[:2]} == set(WRONG)
        first, second = (each.replace(" ", "-") for each in titles[:2])
        page.keyboard.press("a")
        said(page, "Accepted: ")
        expect(page.locator(".detail h2")).to_have_text(titles[1])
        page.keyboard.press("r")
        said(page, "Rejected: ")
        assert first in held(merchant, "category", first.split("-")[1])
        page.keyboard.press("u")
        said(page, "Taken back: ")
        page.keyboard.press("u")
        said(page, re.compile(f"Taken back: {titles[0]}"))
        assert held(merchant, "category", WRONG[first]) >= {first}
        # What was decided is still so after a reload, in the same order.
        page.keyboard.press("ArrowDown")
        expect(page.locator(".detail h2")).to_have_text(titles[1])
        page.keyboard.press("a")
        said(page, f"Accepted: {titles[1]}")
        page.reload()
        expect(page.locator(".queue li").nth(1).locator(".badge")).to_have_text("accepted")
        assert page.locator(".queue .title").all_inner_texts() == titles
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_contain_text("Undo the last decision")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert second in held(merchant, "category", second.split("-")[1])


def test_dragging_accepts_and_rejects(browser: Browser, merchant: str) -> None:
    offer(merchant, by_hand("red-circle-3", "season", "summer"), by_hand("red-circle-2", "season", "summer"))
    with page_of(browser, merchant, "/merchandise/proposals?field=season") as page:
        for zone, words in (("yes", "Accepted: "), ("no", "Rejected: ")):
            card = page.locator(".card").bounding_box()
            target = page.locator(f".zone.{zone}").bounding_box()
            assert card is not None and target is not None
            page.mouse.move(card["x"] + card["width"] / 2, card["y"] + card["height"] / 2)
            page.mouse.down()
            page.mouse.move(target["x"] + target["width"] / 2, target["y"] + target["height"] / 2, steps=6)
            expect(page.locator(f".zone.{zone}")).to_have_class(re.compile("over"))
            page.mouse.up()
            said(page, words)
    assert len(held(merchant, "season", "summer")) == 1
    states = [each["state"] for each in ask(merchant, "/v1/proposals?state=all&field=season")["proposals"]]
    assert sorted(states) == ["accepted", "rejected"]


def test_conflicts_are_told_of_each_product(browser: Browser, merchant: str) -> None:
    offer(
        merchant,
        by_hand("green-circle-1", "season", "spring"),
        by_hand("green-circle-2", "season", "spring", old=("autumn",)),
    )
    with page_of(browser, merchant, "/merchandise/proposals?field=season&view=list") as page:
        page.locator(".queue input").first.click()
        page.locator(".queue input").nth(1).click(modifiers=["Shift"])
        page.get_by_role("button", name="Accept them").click()
        page.keyboard.press("Enter")
        said(page, re.compile(r"1 accepted; 1 not, .*green circle 2 \(it has none\)"))
        expect(page.locator(".queue .badge", has_text="conflict")).to_have_count(1)
    assert held(merchant, "season", "spring") == {"green-circle-1"}


def test_a_running_job_is_cancelled(browser: Browser, merchant: str) -> None:
    with page_of(browser, merchant, "/merchandise/groups") as page:
        page.get_by_role("button", name="Find groups").click()
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("#problem h2")).to_have_text("Cancelled")
        job = page.url.rpartition("job=")[2]
        assert ask(merchant, f"/v1/jobs/{job}")["state"] == "cancelled"
        page.reload()
        expect(page.locator("#problem h2")).to_have_text("Cancelled")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator(".map")).to_be_visible()


def test_nothing_is_lost_when_solr_stops_in_the_middle(browser: Browser, merchant: str, gate: Gate) -> None:
    offer(merchant, *(by_hand(f"yellow-ring-{size}", "season", "autumn") for size in (1, 2, 3)))
    with page_of(browser, merchant, "/merchandise/proposals?field=season&min_confidence=0.9") as page:
        page.get_by_label("Percent").fill("90")
        page.get_by_role("button", name="Select", exact=True).click()
        page.get_by_role("button", name="Accept them").click()
        gate.fuse = f"/{COLLECTION}/update".encode()
        page.keyboard.press("Enter")
        expect(page.locator("#unfinished .banner")).to_contain_text("3 left to do")
        assert gate.is_shut
        said(page, "Solr stopped in the middle")
        # While it is away, what is decided is kept here and shown, without pictures.
        page.reload()
        expect(page.locator("#unfinished .banner")).to_contain_text("Nothing is lost")
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#unfinished .banner")).to_contain_text("It could not go on yet")
        gate.open()
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#unfinished .banner")).to_have_count(0)
    assert len(held(merchant, "season", "autumn")) == 3


def test_the_desk_on_a_phone(browser: Browser, merchant: str) -> None:
    offer(merchant, *(by_hand(f"blue-square-{size}", "theme", "Sea") for size in (1, 2, 3)))
    options: dict[str, Any] = {"has_touch": True, "is_mobile": True}
    with page_of(browser, merchant, "/merchandise/proposals?field=theme&tool=hand", PHONE, **options) as page:
        assert fits(page)
        page.get_by_role("button", name="Accept", exact=False).first.tap()
        said(page, "Accepted: blue square")
        swipe(page, ".card", -150)
        said(page, "Rejected: blue square")
        page.keyboard.press("u")
        said(page, "Taken back: blue square")
        page.get_by_role("button", name="List").tap()
        page.get_by_role("button", name=re.compile("^Reject blue square")).nth(1).tap()
        said(page, "Rejected: blue square")
        assert fits(page)
        page.goto("/merchandise/changes")
        assert fits(page)


def test_it_is_read_without_javascript(browser: Browser, merchant: str) -> None:
    offer(merchant, by_hand("green-square-1", "theme", "Meadow", confidence=0.99))
    with page_of(browser, merchant, "/merchandise/proposals?field=theme", java_script_enabled=False) as page:
        expect(page.locator(".queue")).to_contain_text("green square 1")
        expect(page.locator(".detail")).to_contain_text("Theme: none → Meadow, 99% sure")
        assert page.locator(".detail img").count() >= 2
        page.goto("/merchandise/changes")
        expect(page.locator("h1")).to_have_text("Changes")
        for section in ("groups", "fill", "audit", "duplicates"):
            page.goto(f"/merchandise/{section}")
            expect(page.locator("main")).to_contain_text("needs JavaScript")
