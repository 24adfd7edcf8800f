"""`index --vectors`: the same index and the same searches wherever vectors are kept, on a real Solr."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.catalog.shop import Shop
from tests.catalog.support import catalogue
from vision.errors import Conflict, NotFound
from vision.search.request import parse
from vision.solr.vectors import Keeping
from vision.workspace import Workspace

REQUESTS = (
    {"image_id": "p00003", "mode": "exact"},
    {"image_id": "p00003", "mode": "approximate", "rows": 5},
    {"image_id": "p00003", "rows": 6, "diversity": {"mmr": 0.5, "fold": True}},
    {"like": ["p00003", "p00004"], "unlike": ["p00005"], "rows": 5},
    {"q": "thing", "image_id": "p00006", "facets": ["color"]},
)


@pytest.fixture
def shop(solr_url: str, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path / "home", solr_url, "vectors_option")
    yield made
    made.drop()


def found(shop: Shop) -> list[list[tuple[str, float, float]]]:
    workspace = Workspace(shop.settings)
    with workspace.client() as client:
        engine = workspace.engine(client)
        answers = [engine.search(parse(dict(request))) for request in REQUESTS]
    return [[(hit.id, hit.score, hit.distance or 0.0) for hit in answer.hits] for answer in answers]


@pytest.mark.solr
def test_every_way_holds_the_same_vectors_and_finds_the_same(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 40)
    vectors, answers = {}, {}
    for keeping in Keeping:
        shop.index(path, vectors=keeping, recreate=True)
        shop.index(path)  # again, without naming it
        workspace = Workspace(shop.settings)
        with workspace.client() as client:
            assert client.keeping is keeping
            documents = client.select({"q": "*:*", "fl": "id,vector,coarse", "rows": 100})["response"]["docs"]
        vectors[keeping] = {
            each["id"]: (
                np.asarray(each["vector"], np.float32).tobytes(),
                np.asarray(each["coarse"], np.int8).tobytes(),
            )
            for each in documents
        }
        answers[keeping] = found(shop)
    assert len(vectors[Keeping.STORED]) == 40
    assert vectors[Keeping.PACKED] == vectors[Keeping.OUTSIDE] == vectors[Keeping.STORED]
    for keeping in (Keeping.PACKED, Keeping.OUTSIDE):
        for one, other in zip(answers[keeping], answers[Keeping.STORED], strict=True):
            assert [hit[0] for hit in one] == [hit[0] for hit in other]
            # Scores of the same vectors differ in the last bits from run to run; why was not looked into
            assert np.allclose([hit[1:] for hit in one], [hit[1:] for hit in other], rtol=0, atol=1e-5)


@pytest.mark.solr
def test_a_collection_keeps_its_way_and_says_so(shop: Shop, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 12)
    shop.index(path, vectors=Keeping.OUTSIDE)
    with pytest.raises(Conflict, match="keeps its vectors outside, --vectors is packed: --recreate deletes it"):
        shop.index(path, vectors=Keeping.PACKED)
    with pytest.raises(Conflict, match="--allow-missing-images needs a collection whose vectors are stored"):
        shop.index(path, allow_missing_images=True)
    shop.index(path, recreate=True)
    with Workspace(shop.settings).client() as client:
        assert client.keeping is Keeping.OUTSIDE
    elsewhere = replace(shop, home=tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir()
    (shop.home / "embeddings").rename(tmp_path / "elsewhere" / "embeddings")
    with pytest.raises(NotFound, match=r"elsewhere/vectors\.sqlite does not hold .* copy the file"):
        found(elsewhere)
