"""Kept measurements and the limits in force over HTTP, for engineers; a chart in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.fakes import FakeWorkspace
from tests.api.shop import Shop, serving
from vision.evaluation.charts import Axis, Chart, Point, Series
from vision.evaluation.measurements import Summary
from vision.settings import Settings
from vision.workspace import Workspace

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHART = Chart("Recall", Axis("ms"), Axis("recall"), [Series("K", [Point(1, 0.9), Point(3, 1)])])


def keep(workspace: Workspace, kind: str = "tune", collection: str | None = "shop") -> Summary:
    charts = {"frontier": CHART, "crossing": CHART}
    kept = workspace.measurements().keep(
        kind, collection=collection, about="3 pictures", found="K=100", result={"chosen": 1}, charts=charts
    )
    return kept.summary


def test_listed_and_read(client: FlaskClient, workspace: FakeWorkspace) -> None:
    assert client.get("/v1/measurements").get_json() == {"measurements": []}
    first, second = keep(workspace), keep(workspace, "evaluate", None)
    found = client.get("/v1/measurements").get_json()["measurements"]
    assert [each["id"] for each in found] == [second.id, first.id]
    assert set(found[0]) == {"id", "kind", "collection", "made", "about", "found", "charts"}
    of_shop = client.get("/v1/measurements?kind=tune&collection=shop").get_json()["measurements"]
    assert [each["id"] for each in of_shop] == [first.id]
    whole = client.get(f"/v1/measurements/{first.id}").get_json()
    assert whole["result"] == {"chosen": 1} and whole["summary"]["found"] == "K=100"


def test_charts(client: FlaskClient, workspace: FakeWorkspace) -> None:
    path = f"/v1/measurements/{keep(workspace).id}/chart.svg"
    for query, dark in (("", False), ("?of=crossing", False), ("?of=crossing&theme=dark", True)):
        answer = client.get(path + query)
        assert answer.status_code == 200 and answer.mimetype == "image/svg+xml"
        assert answer.text == CHART.image(dark=dark)
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/measurements?kind=guess", 400, "kind is 'guess'; accepted: evaluate, tune"),
        ("/v1/measurements/tune-1", 404, "there is no measurement 'tune-1'"),
        ("/v1/measurements/tune-20260101T000000000000Z/chart.svg", 404, "there is no measurement"),
        ("/v1/measurements/{id}/chart.svg?of=speed", 400, "of is 'speed'; accepted: frontier, crossing"),
        ("/v1/measurements/{id}/chart.svg?theme=red", 400, "theme is 'red'; accepted: light, dark"),
    ],
)
def test_what_is_refused(client: FlaskClient, workspace: FakeWorkspace, path: str, status: int, said: str) -> None:
    answer = client.get(path.replace("{id}", keep(workspace).id))
    assert answer.status_code == status and said in answer.get_json()["detail"]


def test_for_engineers_alone(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"merchandiser": ["merchandiser-000"], "engineer": ["engineer-0000000"]}')
    workspace = FakeWorkspace(tmp_path)
    client = create_app(Settings(home=tmp_path, api_keys=keys), workspace).test_client()
    id = keep(workspace).id
    for path in ("/v1/measurements", f"/v1/measurements/{id}", f"/v1/measurements/{id}/chart.svg", "/v1/tuning"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"X-API-Key": "merchandiser-000"}).status_code == 403
        assert client.get(path, headers={"X-API-Key": "engineer-0000000"}).status_code == 200


def test_what_is_in_force_without_any_tuning(client: FlaskClient) -> None:
    assert client.get("/v1/tuning").get_json() == {
        "collection": "fake",
        "pictures": 1,
        "candidates": {"value": 200, "from": "default"},
        "exact_below": {"value": 2000, "from": "default"},
        "tuned": None,
        "notice": None,
    }


@pytest.fixture(scope="module")
def server(shop: Shop) -> Iterator[tuple[str, str]]:
    id = keep(Workspace(shop.settings)).id
    with serving(shop.settings) as url:
        yield url, id


_PIXEL = """async path => {
    const image = new Image();
    image.src = path;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0);
    const colors = new Set();
    const data = pen.getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < data.length; at += 4) colors.add(data.slice(at, at + 3).join());
    return {width: image.naturalWidth, corner: [...data.slice(0, 3)], colors: colors.size,
            blue: colors.has('36,99,196') || colors.has('127,178,255')};
}"""


@pytest.mark.solr
@pytest.mark.browser
def test_a_browser_shows_it_under_our_policy(server: tuple[str, str], browser: Browser) -> None:
    url, id = server
    page = browser.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.goto(f"{url}/")
    for theme, corner in (("light", [255, 255, 255]), ("dark", [21, 24, 28])):
        found = page.evaluate(_PIXEL, f"/v1/measurements/{id}/chart.svg?theme={theme}")
        assert found["width"] == 400 and found["corner"] == corner
        assert found["blue"] and found["colors"] > 10
    page.goto(f"{url}/v1/measurements/{id}/chart.svg")
    assert complaints == []
    page.close()
