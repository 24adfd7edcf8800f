"""Extractors and their options from the command line through the index to the hits, on a real Solr."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.catalog.shop import Shop
from tests.catalog.support import draw, row, write
from tests.extractors.tiny import FOLDER
from vision import extractors
from vision.embedding import open_picture
from vision.search.model import Result
from vision.search.request import parse
from vision.workspace import Workspace

pytestmark = pytest.mark.solr

COUNT = 14


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    (tmp_path / "images").mkdir()
    for number in range(COUNT):
        (tmp_path / "images" / f"{number}.png").write_bytes(draw(number, side=48))
    return write(tmp_path / "c.csv", [row(number) for number in range(COUNT)])


def run(shop: Shop, *words: str | Path) -> Any:
    """A command's answer as JSON."""
    with shop.command(*words) as process:
        output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output)


def search(shop: Shop, **members: Any) -> Result:
    workspace = Workspace(shop.settings)
    with workspace.client() as client:
        return workspace.engine(client).search(parse({"rows": COUNT, **members}))


def features(spec: str, catalogue: Path) -> dict[str, Any]:
    """Each picture's own vector, by id, without Solr and without PCA."""
    extractor = extractors.load(spec)
    pictures = [(catalogue.parent / "images" / f"{number}.png").read_bytes() for number in range(COUNT)]
    vectors = extractor.extract([open_picture(data, extractor) for data in pictures])
    return {f"p{number:05d}": vector for number, vector in enumerate(vectors)}


def test_l2_travels_from_the_command_line_to_the_distances(shop: Shop, catalogue: Path) -> None:
    run(shop, "index", catalogue, "--extractor", "histogram?l2", "--json")
    (fingerprint,) = {embedding for _, _, embedding in shop.vectors().values()}
    made = Workspace(shop.settings).store().load(fingerprint)
    assert made.extractor == "histogram?l2"
    assert made.extractor_fingerprint == extractors.load("histogram", l2=True).fingerprint
    assert made.extractor_fingerprint != extractors.load("histogram").fingerprint
    scaled, raw = features("histogram?l2", catalogue), features("histogram", catalogue)
    # 14 pictures span 13 dimensions, all of which the PCA keeps: distances are those of the extractor.
    photo = catalogue.parent / "images" / "3.png"
    found = run(shop, "search", "--image", photo, "--rows", str(COUNT), "--json")
    distances = {hit["id"]: hit["distance"] for hit in found["hits"]}
    expected = {id: float(((vector - scaled["p00003"]) ** 2).sum()) for id, vector in scaled.items()}
    other = {id: float(((vector - raw["p00003"]) ** 2).sum()) for id, vector in raw.items()}
    assert len(distances) == COUNT and found["hits"][0]["id"] == "p00003"
    for id, distance in distances.items():
        assert distance == pytest.approx(expected[id], abs=1e-5)
    assert max(abs(distances[id] - other[id]) for id in distances) > 0.05


@pytest.mark.model
def test_a_description_ranks_pictures_by_the_text_tower(shop: Shop, catalogue: Path) -> None:
    for name in ("onnxruntime", "tokenizers"):
        pytest.importorskip(name, reason="CLIP needs the extra `clip`")
    spec = f"clip:{FOLDER}"
    run(shop, "index", catalogue, "--extractor", spec, "--json")
    clip = extractors.load(spec)
    assert isinstance(clip, extractors.TextEncoder)
    words = clip.text(["red dress"])[0]
    pictures = features(spec, catalogue)
    # Outside the 12 dimensions that the pictures span nothing is lost: their PCA keeps all of them.
    expected = {id: float(((vector - words) ** 2).sum()) for id, vector in pictures.items()}
    result = search(shop, image_text="red dress")
    assert [hit.id for hit in result.hits] == sorted(expected, key=lambda id: (expected[id], id))
    assert result.total == COUNT and result.took.extract > 0
    for hit in result.hits:
        assert hit.distance == pytest.approx(expected[hit.id], abs=1e-4)
    # Beside Solr's own text score: words narrow, the description ranks.
    narrowed = search(shop, image_text="red dress", q="thing 3", explain=True)
    assert [hit.id for hit in narrowed.hits] == ["p00003"] and narrowed.hits[0].explain
    assert [each.name for each in narrowed.hits[0].explain.parts] == ["text", "image"]
    shell = run(shop, "search", "--image-text", "red dress", "--filter", "color=red", "--rows", str(COUNT), "--json")
    reds = [hit.id for hit in result.hits if int(hit.id[1:]) % 3 == 0]
    assert [hit["id"] for hit in shell["hits"]] == reds
    assert np.isfinite([hit["distance"] for hit in shell["hits"]]).all()
