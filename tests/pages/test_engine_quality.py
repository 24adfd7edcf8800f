"""What every state of the search engineer's pages keeps to: nothing that axe-core finds, no width lost, few bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.api.browsing import check_axe, fits, opened_page, weight
from tests.api.shop import Shop, serving
from vision.evaluation.charts import Axis, Chart, Point, Series
from vision.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.browser, pytest.mark.solr]

MAX_WEIGHT = 150_000
LONG = {"q": "long " * 30, "filters": {"color": ["y" * 40]}}


def measured(shop: Shop, qps: float) -> str:
    """A measurement as `evaluate` keeps it."""
    row = {"extractor": "histogram", "dims": 64, "mode": "exact", "filter": None, "queries": 9, "map": qps / 100}
    row |= {"p@10": 0.5, "r@10": 0.6, "mrr": 0.7, "qps": qps, "p50_ms": 1000 / qps, "p95_ms": 2000 / qps}
    series = [Series("exact", (Point(1.0, 0.5, "64"), Point(2.0, 0.6, "128")), 0, 0)]
    chart = Chart("Quality against speed", Axis("ms"), Axis("mAP"), series)
    kept = Workspace(shop.settings).measurements()
    found = "best mAP of a setup with a rather long name"
    made = kept.keep(
        "evaluate", collection=None, about="a catalogue", found=found, result=[row], charts={"speed": chart}
    )
    return made.summary.id


@pytest.fixture(scope="module")
def paths(drawn: Shop, url: str) -> dict[str, str]:
    """Every page, in every state that it has."""
    for body in (LONG, {"image_id": "green-ring-1", "mode": "approximate"}, {"image_id": "nobody"}):
        requests.post(f"{url}/v1/search", json=body, timeout=30)
    failed, found, _ = (each["id"] for each in requests.get(f"{url}/v1/queries", timeout=10).json()["queries"])
    first, second = measured(drawn, 20.0), measured(drawn, 30.0)
    requests.post(f"{url}/v1/jobs", json={"kind": "audit", "request": {"field": "weight"}}, timeout=60)
    return {
        "overview": "/engine",
        "queries": "/engine/queries",
        "no queries": "/engine/queries?slower=5000",
        "query": f"/engine/queries/{found}?again=1",
        "failed query": f"/engine/queries/{failed}",
        "unknown query": "/engine/queries/gone",
        "measurements": "/engine/measurements",
        "compared": f"/engine/measurements?pick={first}&pick={second}",
        "measurement": f"/engine/measurements/{first}",
        "jobs": "/jobs",
        "no jobs": "/jobs?state=cancelled",
    }


@pytest.fixture(scope="module")
def down(drawn: Shop) -> Iterator[str]:
    """The server of a Solr that is not there."""
    with serving(replace(drawn.settings, solr_url="http://127.0.0.1:9/solr")) as found:
        yield found


@pytest.mark.parametrize(
    ("width", "scheme"),
    [
        (1280, "light"),
        pytest.param(1280, "dark", marks=pytest.mark.slow),
        pytest.param(360, "light", marks=pytest.mark.slow),
        pytest.param(360, "dark", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_and_everything_fits(
    browser: Browser, url: str, down: str, paths: dict[str, str], width: int, scheme: str
) -> None:
    said: list[str] = []
    options: dict[str, Any] = {"color_scheme": scheme, "reduced_motion": "reduce"}
    with opened_page(browser, url, (width, 800), said, "/engine", **options) as page:
        for name, path in [*paths.items(), ("overview of nothing", f"{down}/engine")]:
            page.goto(path)
            for each in page.locator("details:not([open]) > summary").all():
                each.click()
            check_axe(page, name)
            assert fits(page), name
        said[:] = [each for each in said if "404" not in each]


def test_the_pages_are_light(browser: Browser, url: str, paths: dict[str, str]) -> None:
    for name in ("overview", "queries", "query", "measurement", "jobs"):
        with opened_page(browser, url, (1280, 800), [], "about:blank") as page:
            sizes = weight(page, paths[name], lambda opened: opened.locator("#main h1").wait_for())
        print(f"\n{name}: {sum(sizes.values()):,} bytes without product pictures")
        assert sum(sizes.values()) < MAX_WEIGHT, name
