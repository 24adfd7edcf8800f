from __future__ import annotations

import io
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.v1.pictures import WIDTHS, Renderer, step
from tests.api.fakes import DOCUMENT, FakeEngine, FakeWorkspace, hit, result
from tests.api.shop import NASTY
from vision.catalog.pictures import Pictures
from vision.errors import SolrUnavailable

ID = "a%2Fb%20%C3%BC"


@pytest.fixture
def folder(workspace: FakeWorkspace, tmp_path: Path) -> Path:
    """The catalogue's folder with one picture, known to the workspace and to the document."""
    (tmp_path / "images").mkdir()
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    Image.new("RGB", (600, 900), (200, 30, 40)).save(tmp_path / "images" / "red.jpg", exif=exif)
    pictures = Pictures(tmp_path)
    workspace.roots().remember(pictures)
    workspace.fake_client.documents = [DOCUMENT | {"root": pictures.root_id}]
    return tmp_path


def test_a_product_by_picture_or_product_id(client: FlaskClient) -> None:
    body = client.get(f"/v1/products/{ID}").get_json()
    assert body == client.get("/v1/products/p1").get_json()
    assert body["id"] == "a/b ü"
    assert body["attributes"] == {"price": 20.5, "color": "red"}
    assert body["pictures"] == [{"id": "a/b ü", "image": f"/v1/products/{ID}/image"}]


def test_no_such_product(client: FlaskClient) -> None:
    for path in ("none", "none/image", "none/similar", "..%2f..%2fetc%2fpasswd/image", "%2fetc%2fpasswd/image", "a//b"):
        response = client.get(f"/v1/products/{path}")
        assert response.status_code == 404
        assert response.mimetype == "application/problem+json"


def test_similar_leaves_the_product_itself_out(client: FlaskClient, engine: FakeEngine) -> None:
    engine.answer = result(hit(), hit("2", product_id="p2"), hit("3", product_id="p3"), total=9)
    body = client.get(f"/v1/products/{ID}/similar?rows=2").get_json()
    assert [each["id"] for each in body["hits"]] == ["2", "3"]
    assert body["total"] == 8 and body["page"] is None
    request, _ = engine.asked[0]
    assert (request.image_id, request.rows) == ("a/b ü", 3)


def test_similar_where_duplicates_come_before_the_product(client: FlaskClient, engine: FakeEngine) -> None:
    engine.answer = result(*(hit(str(each), product_id=f"p{each + 1}") for each in range(1, 4)))
    assert len(client.get(f"/v1/products/{ID}/similar?rows=2").get_json()["hits"]) == 2


@pytest.mark.parametrize("rows", ["-1", "101", "x", "", "1e3"])
def test_similar_rows(client: FlaskClient, rows: str) -> None:
    response = client.get(f"/v1/products/{ID}/similar?rows={rows}")
    assert response.status_code == 400
    assert response.get_json(force=True)["field"] == "rows"


def test_a_picture(client: FlaskClient, folder: Path) -> None:
    response = client.get(f"/v1/products/{ID}/image?w=200")
    assert response.mimetype == "image/jpeg"
    with Image.open(io.BytesIO(response.data)) as image:
        assert image.size == (240, 360)
        assert not image.getexif()
    assert "max-age" in response.headers["Cache-Control"]
    again = client.get(f"/v1/products/{ID}/image?w=239", headers={"If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304 and not again.data
    other = client.get(f"/v1/products/{ID}/image?w=480")
    assert other.headers["ETag"] != response.headers["ETag"]


def test_a_picture_is_never_enlarged(client: FlaskClient, folder: Path) -> None:
    with Image.open(io.BytesIO(client.get(f"/v1/products/{ID}/image?w=1280").data)) as image:
        assert image.size == (600, 900)


@pytest.mark.parametrize("width", ["0", "-5", "x", "", "1e3", "100000", "²"])
def test_widths_that_are_none(client: FlaskClient, folder: Path, width: str) -> None:
    response = client.get(f"/v1/products/{ID}/image", query_string={"w": width})
    assert response.status_code == 400
    assert response.get_json(force=True)["field"] == "w"


def test_widths_are_few() -> None:
    assert {step(width) for width in range(1, 5000)} == set(WIDTHS)
    assert (step(96), step(97), step(1280), step(9999)) == (96, 160, 1280, 1280)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"image": "images/gone.jpg"}, "not on this machine"),
        ({"root": "another"}, "not on this machine"),
        ({"image": "notes.txt"}, "can no longer be read"),
        ({"image": "images"}, "not on this machine"),
        ({"image": "\x00"}, "not on this machine"),
        ({"image": "https://pictures.example/1.jpg"}, "another site"),
        ({"image": None}, "no picture"),
    ],
)
def test_no_picture(
    client: FlaskClient, workspace: FakeWorkspace, folder: Path, change: dict[str, str | None], says: str
) -> None:
    (folder / "notes.txt").write_text("private notes")
    workspace.fake_client.documents = [{**workspace.fake_client.documents[0], **change}]
    response = client.get(f"/v1/products/{ID}/image")
    assert response.status_code == 404
    assert says in response.get_json(force=True)["detail"]
    assert "private" not in response.text and str(folder) not in response.text


def test_pictures_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (50, 4000)).save(path)
    renderer = Renderer()
    first = renderer.render(path, 96, "key")
    with Image.open(io.BytesIO(first)) as image:
        assert image.height <= 3 * 96
    path.unlink()
    assert renderer.render(path, 96, "key") is first


def test_facets(client: FlaskClient, engine: FakeEngine) -> None:
    body = client.get("/v1/facets").get_json()
    assert body["facets"]["color"][0] == {"value": "red", "count": 2}
    assert body["ranges"] == {"price": {"min": 1.0, "max": 99.0}}
    client.get("/v1/facets?field=color&field=size&q=dress")
    assert [(each.q, each.facets, each.rows) for each, _ in engine.asked] == [
        ("*", ["color"], 0),
        ("dress", ["color", "size"], 0),
    ]


def test_health_whatever_solr_does(client: FlaskClient, workspace: FakeWorkspace) -> None:
    workspace.error = SolrUnavailable("no connection")
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json() == {
        "ready": False,
        "checks": [{"name": "solr", "ok": False, "detail": "no connection"}],
    }
    assert client.post("/v1/search", json={"q": "x"}).status_code == 503
    assert client.get("/v1/facets").status_code == 503
    page = client.get("/")
    assert page.status_code == 503 and "The search is not available right now" in page.text


def test_a_solr_that_comes_back_is_found(client: FlaskClient, workspace: FakeWorkspace) -> None:
    workspace.error = SolrUnavailable("no connection")
    assert client.post("/v1/search", json={"q": "x"}).status_code == 503
    workspace.error = None
    assert client.post("/v1/search", json={"q": "x"}).status_code == 200


@pytest.mark.solr
def test_several_products_by_their_own_and_their_pictures_ids(shopper: FlaskClient) -> None:
    body = shopper.get("/v1/products?id=red-circle&id=red-circle-2&id=none&id=blue-ring-1").get_json()["products"]
    assert set(body) == {"red-circle", "red-circle-2", "blue-ring-1"}
    # Of a product its first picture, by id; that of red-circle has a name that needs every escape there is.
    assert body["red-circle"]["id"] == min("red-circle-2", NASTY) and body["red-circle-2"]["id"] == "red-circle-2"
    assert {each["product_id"] for each in body.values()} == {"red-circle", "blue-ring-1"}
    assert body["blue-ring-1"]["attributes"]["color"] == "blue"
    assert shopper.get(body["blue-ring-1"]["image"] + "?w=96").mimetype == "image/jpeg"


@pytest.mark.parametrize("count", [0, 201])
def test_how_many_products_at_once(client: FlaskClient, count: int) -> None:
    answer = client.get("/v1/products?" + "&".join(f"id={number}" for number in range(count)))
    assert (answer.status_code, answer.get_json()["field"]) == (400, "id")
    assert f"{count} ids came; accepted: 1 to 200" in answer.get_json()["detail"]
