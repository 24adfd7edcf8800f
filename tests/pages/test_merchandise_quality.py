"""What every state of the merchandiser's pages keeps to: nothing that axe-core finds, everything fits, few bytes."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.browsing import check_axe, fits, weight
from tests.pages.test_merchandise import ask, by_hand, offer, page_of
from tests.pages.wares import LONG

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.solr]

MAX_WEIGHT = 150_000


def in_view(page: Page, selector: str) -> None:
    """Go where pictures are: they come when somebody does."""
    page.locator(selector).first.scroll_into_view_if_needed()
    page.locator(f"{selector} img").first.wait_for()


def nothing_proposed(page: Page) -> None:
    page.goto("/merchandise/proposals?tool=tag")
    page.get_by_role("heading", name="Nothing is waiting for you").wait_for()


def desk(page: Page) -> None:
    page.goto("/merchandise/proposals?field=material")
    page.locator(".detail .tiles img").first.wait_for()


def desk_as_list(page: Page) -> None:
    page.goto("/merchandise/proposals?field=material&view=list")
    page.locator(".queue input").first.click()
    page.get_by_role("button", name="Accept them").wait_for()


def keys(page: Page) -> None:
    desk(page)
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def bulk(page: Page) -> None:
    desk_as_list(page)
    page.get_by_role("button", name="Accept them").click()
    page.get_by_role("dialog").wait_for()


def changes(page: Page) -> None:
    page.goto("/merchandise/changes")
    page.locator("tbody tr").first.wait_for()


def change(page: Page) -> None:
    changes(page)
    page.locator("tbody a").first.click()
    page.locator(".item").first.wait_for()
    page.locator(".item input").first.click()


def groups(page: Page) -> None:
    page.goto("/merchandise/groups")
    page.locator(".empty").wait_for()


def grouped(page: Page) -> None:
    page.goto(finished("cluster", "/merchandise/groups", "group=1"))
    in_view(page, ".members .tile")


def fill(page: Page) -> None:
    page.goto("/merchandise/fill")
    page.locator(".gaps").wait_for()


def examples(page: Page) -> None:
    address = finished(
        "fill", "/merchandise/fill", "way=examples&field=finish&value=glossy&yes=red-ring-1&no=red-square-1"
    )
    page.goto(address)
    page.locator(".question").wait_for()
    in_view(page, "#candidates .tile")


def audit(page: Page) -> None:
    page.goto(finished("audit", "/merchandise/audit", "field=category"))
    page.locator(".detail .tiles img").first.wait_for()


def duplicates(page: Page) -> None:
    page.goto(finished("duplicates", "/merchandise/duplicates", ""))
    in_view(page, ".twins .pic")


def gone(page: Page) -> None:
    page.goto("/merchandise/groups?job=0000000000000000")
    page.get_by_role("heading", name="This result is no longer kept").wait_for()


REQUESTS: dict[str, Any] = {
    "cluster": {"about": ["category", "color", "theme"], "clusters": 5, "members": 100, "places": True},
    "fill": {"field": "finish", "value": "glossy", "positives": ["red-ring-1"], "negatives": ["red-square-1"]},
    "audit": {"field": "category"},
    "duplicates": {"fields": ["outline"], "mark": "duplicate_of"},
}
JOBS: dict[str, str] = {}


def finished(kind: str, path: str, members: str) -> str:
    """A page with what a job of :data:`REQUESTS` answered."""
    return f"{path}?{members}&job={JOBS[kind]}"


@pytest.fixture(scope="module", autouse=True)
def material(merchant: str) -> None:
    """Proposals with long values, a change set, and a job of each tool that is done."""
    offer(merchant, *(by_hand(f"red-{shape}-1", "material", LONG) for shape in ("circle", "ring", "square")))
    first = by_hand("red-stripes-1", "material", "wool")
    offer(merchant, first)
    ask(merchant, "/v1/proposals/accept", {"ids": [first.id], "by": "Ada", "why": LONG * 3})
    for kind, request in REQUESTS.items():
        job = ask(merchant, "/v1/jobs", {"kind": kind, "request": request})["id"]
        deadline = time.monotonic() + 120
        while (state := ask(merchant, f"/v1/jobs/{job}")["state"]) == "running":
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert state == "done"
        JOBS[kind] = job


STATES: tuple[Callable[[Page], None], ...] = (
    *(nothing_proposed, desk, desk_as_list, keys, bulk, changes, change),
    *(groups, grouped, fill, examples, audit, duplicates, gone),
)


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        pytest.param(1280, "light", id="wide"),
        pytest.param(1280, "dark", id="wide, dark", marks=pytest.mark.slow),
        pytest.param(360, "light", id="phone", marks=pytest.mark.slow),
        pytest.param(360, "dark", id="phone, dark", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_everything_fits(browser: Browser, merchant: str, width: int, scheme: str) -> None:
    # Still, so that nothing is measured while it fades.
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    with page_of(browser, merchant, "/merchandise/changes", (width, 800), may_miss=True, **options) as page:
        for arrive in STATES:
            arrive(page)
            check_axe(page, arrive.__name__)
            assert fits(page), arrive.__name__


@pytest.mark.parametrize("path", ["groups", "fill", "audit", "duplicates", "proposals", "changes"])
def test_the_pages_are_light(browser: Browser, merchant: str, path: str) -> None:
    kind = {"groups": "cluster", "audit": "audit", "duplicates": "duplicates"}.get(path)
    address = finished(kind, f"/merchandise/{path}", "") if kind else f"/merchandise/{path}"
    context = browser.new_context(base_url=merchant)
    ours = weight(context.new_page(), address, lambda page: page.locator("h1").wait_for())
    context.close()
    print(f"\n{path}: {sum(ours.values()):,} bytes without product pictures, in {len(ours)} requests")
    assert any(re.search("merchandise/[a-z]+.js", each) for each in ours)
    assert sum(ours.values()) < MAX_WEIGHT


def test_targets_are_large_enough(browser: Browser, merchant: str) -> None:
    script = """() => [...document.querySelectorAll("main :is(a, button, select, input:not([type=hidden]))")]
        .filter((each) => each.checkVisibility() && !each.closest("p, td"))
        .map((each) => [each.outerHTML.slice(0, 120), (each.closest("label") ?? each).getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    with page_of(browser, merchant, "/merchandise/changes", (360, 780)) as page:
        for arrive in (desk, desk_as_list, grouped, examples, duplicates):
            arrive(page)
            assert page.evaluate(script) == [], arrive.__name__
