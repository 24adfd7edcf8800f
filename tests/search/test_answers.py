"""Pages of candidates are asked for by score alone; where equal scores meet at an end, Solr orders them by id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.search.synthetic import build
from vision.search.answers import settled
from vision.search.model import Mode, Query


def answered(*scores: float, ids: str = "abcdefgh") -> dict[str, Any]:
    documents = [{"id": id, "score": score} for id, score in zip(ids, scores, strict=False)]
    return {"response": {"numFound": 99, "docs": documents}, "facets": {"count": 99}}


def page(found: Any) -> str:
    return "".join(each["id"] for each in found["response"]["docs"])


def test_the_first_page_has_a_hit_more_at_its_end() -> None:
    found = settled(answered(4.0, 3.0, 2.0), Query(rows=2))
    assert found is not None and page(found) == "ab"
    assert found["response"]["numFound"] == 99 and found["facets"] == {"count": 99}
    assert settled(answered(4.0, 3.0, 3.0), Query(rows=2)) is None
    assert page(settled(answered(4.0, 3.0), Query(rows=2))) == "ab"
    assert page(settled(answered(), Query(rows=2))) == ""


def test_a_later_page_has_one_before_it_too() -> None:
    assert page(settled(answered(9.0, 4.0, 3.0, 2.0), Query(rows=2, start=4))) == "bc"
    assert settled(answered(4.0, 4.0, 3.0, 2.0), Query(rows=2, start=4)) is None
    assert settled(answered(9.0, 4.0, 3.0, 3.0), Query(rows=2, start=4)) is None
    assert page(settled(answered(9.0), Query(rows=2, start=4))) == ""


def test_equal_scores_within_a_page_come_by_id() -> None:
    assert page(settled(answered(9.0, 4.0, 4.0, 4.0, 1.0, ids="zcab!"), Query(rows=4))) == "zabc"


def test_what_is_no_candidate_is_no_reason_to_ask_again() -> None:
    assert page(settled(answered(9.0, 0.0, 0.0), Query(rows=2))) == "ab"


@pytest.mark.solr
def test_products_of_one_picture_are_paged_as_exact_searches_page_them(solr_url: str, tmp_path: Path) -> None:
    synthetic = build(solr_url, "ties", tmp_path, pictures=400)
    client, vector = synthetic.engine.client, synthetic.vectors[7]
    coarse = synthetic.embedding.codec.encode(vector[None])[0]
    same = {"title": "the same", "vector": vector, "coarse": coarse, "embedding": synthetic.embedding.fingerprint}
    order = np.random.default_rng(5).permutation(30)
    client.add([same | {"id": f"same{number:02d}", "product_id": f"same{number:02d}"} for number in order])
    client.commit()

    def asked(mode: Mode, rows: int, start: int) -> tuple[list[str], int]:
        query = Query(vector=vector + np.float32(0.01), mode=mode, candidates=200, rows=rows, start=start)
        result = synthetic.engine.run(query)
        return [hit.id for hit in result.hits], len(result.plan.requests)

    expected = asked(Mode.EXACT, 60, 0)[0]
    for rows in (12, 60):
        pages = [asked(Mode.APPROXIMATE, rows, start) for start in range(0, 60, rows)]
        assert [id for found, _ in pages for id in found] == expected
        # Of five pages the first three begin or end among the thirty, and are asked for twice.
        assert [requests for _, requests in pages] == ([2, 2, 2, 1, 1] if rows == 12 else [1])
    client.close()


@pytest.mark.solr
def test_few_pictures_are_all_compared_also_once_they_are_many_or_have_no_vector(solr_url: str, tmp_path: Path) -> None:
    synthetic = build(solr_url, "few", tmp_path, pictures=400)
    engine, client, embedding = synthetic.engine, synthetic.engine.client, synthetic.embedding
    random = np.random.default_rng(3)

    def added(first: int, count: int) -> dict[str, np.ndarray[Any, Any]]:
        vectors = synthetic.vectors[random.integers(400, size=count)] + random.normal(size=(count, 1024))
        named = {f"rare{first + row:04d}": vector.astype(np.float32) for row, vector in enumerate(vectors)}
        client.add(
            [
                {
                    "id": id,
                    "product_id": id,
                    "title": "rare",
                    "attr_color": ["rare"],
                    "vector": vector,
                    "coarse": embedding.codec.encode(vector[None])[0],
                    "embedding": embedding.fingerprint,
                }
                for id, vector in named.items()
            ]
        )
        client.commit()
        return named

    def nearest(known: dict[str, np.ndarray[Any, Any]]) -> list[str]:
        away = {id: float(np.square(each.astype(np.float64) - asked).sum()) for id, each in known.items()}
        return sorted(away, key=lambda id: (away[id], id))[:20]

    asked = synthetic.vectors[9]
    query = Query(vector=asked, filters={"color": ("rare",)}, rows=20)
    known = added(0, 30)
    first = engine.run(query)
    assert [hit.id for hit in first.hits] == nearest(known) and first.total == 30
    assert len(first.plan.requests) == 2 and "topK=160" in first.plan.requests[-1]
    known |= added(30, 300)  # the count that is remembered does not know them
    second = engine.run(query)
    assert [hit.id for hit in second.hits] == nearest(known) and second.total == 330
    assert len(second.plan.requests) == 2 and "must=$blend" in second.plan.requests[-1]
    engine.collection.forget()
    client.add([{"id": "plain", "product_id": "plain", "title": "rare", "attr_color": ["rare"]}])
    client.commit()
    last = engine.run(Query(vector=asked, filters={"color": ("rare",)}, rows=20, start=320))
    assert last.total == 331 and (last.hits[-1].id, last.hits[-1].distance) == ("plain", None)
