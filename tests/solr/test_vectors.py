"""Where vectors are kept: packed without loss, outside under their own hash, and lost in no way without a word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vision.errors import BadSetting, Conflict, NotFound, SolrRefused
from vision.solr import configset, vectors
from vision.solr.client import SolrClient
from vision.solr.updates import atomic, current
from vision.solr.vectors import Keeping, VectorFile, pack, unpack

CONSTANTS: list[float] = [0.0, -0.0, 1e-45, -1e-45, np.inf, -np.inf, float(np.finfo(np.float32).max), 1 / 3]


def bits(values: Any) -> bytes:
    return np.asarray(values, dtype="<f4").tobytes()


@pytest.mark.parametrize("seed", range(5))
def test_packing_keeps_every_bit(seed: int) -> None:
    random = np.random.default_rng(seed)
    anything = random.integers(0, 2**32, size=1024, dtype=np.uint32).view(np.float32)  # NaNs with a payload as well
    usual = random.normal(size=1024).astype(np.float32)
    usual[: len(CONSTANTS)] = CONSTANTS
    for vector in (anything, usual, np.zeros(1024, dtype=np.float32)):
        assert bits(unpack(pack(vector))) == bits(vector)
    assert len(pack(usual)) < 3700


def test_a_file_gives_back_what_was_put_into_it_from_another_process_too(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    pairs = [
        (random.normal(size=1024).astype(np.float32), random.integers(-127, 128, 256).astype(np.int8))
        for _ in range(1200)
    ]
    one, other = VectorFile(tmp_path / "a" / "vectors.sqlite"), VectorFile(tmp_path / "a" / "vectors.sqlite")
    assert one.get([b"nothing"]) == {}
    keys = one.put(pairs)
    assert len(set(keys)) == len(pairs) and one.put(pairs) == keys
    found = other.get([*keys, b"nothing"])
    assert found.keys() == set(keys)
    for made, (vector, code) in zip(keys, pairs, strict=True):
        assert bits(found[made][0]) == bits(vector) and np.array_equal(found[made][1], code)
    one.close()
    other.close()
    (tmp_path / "b").write_bytes(b"no database at all, but long enough to be looked at" * 20)
    broken = VectorFile(tmp_path / "b")
    with pytest.raises(BadSetting, match="cannot be used"):
        broken.get(keys)
    broken.close()


def document(number: int) -> dict[str, Any]:
    random = np.random.default_rng(number)
    return {
        "id": f"{number}",
        "product_id": f"{number}",
        "title": f"dress {number}",
        "attr_color": ["red"],
        "vector": random.normal(size=1024).astype(np.float32),
        "coarse": random.integers(-127, 128, 256).astype(np.int8),
        "embedding": "made-up",
    }


@pytest.fixture(params=list(Keeping))
def client(request: pytest.FixtureRequest, solr_url: str, tmp_path: Path) -> Iterator[SolrClient]:
    with SolrClient(solr_url, "keeping", vectors=tmp_path / "vectors.sqlite") as made:
        assert configset.create(made, keeping=request.param)
        try:
            assert made.keeping is request.param
            yield made
        finally:
            configset.drop(made)


def check(client: SolrClient, count: int) -> None:
    """Both vectors of all documents: those that are given back, and those that Solr searches."""
    answer = client.select({"q": "*:*", "fl": "id,vector,coarse", "rows": 100})
    found = {each["id"]: each for each in answer["response"]["docs"]}
    assert len(found) == count
    for number in range(count):
        made = document(number)
        assert bits(found[made["id"]]["vector"]) == bits(made["vector"])
        assert np.array_equal(found[made["id"]]["coarse"], made["coarse"])
        assert found[made["id"]].keys() == {"id", "vector", "coarse"}
        for field, encoding in (("vector", "FLOAT32"), ("coarse", "BYTE")):
            asked = ",".join(f"{value:.9g}" if field == "vector" else str(value) for value in made[field])
            same = f"vectorSimilarity({encoding},EUCLIDEAN,{field},[{asked}])"
            near = client.select({"q": "{!frange l=0.9999 cache=false v=$same}", "same": same, "fl": "id"})
            assert [each["id"] for each in near["response"]["docs"]] == [made["id"]]


def color(client: SolrClient, id: str, version: int, value: str) -> dict[str, int]:
    update = {"id": id, "_version_": version, "attr_color": {"set": [value]}}
    return atomic(client, "id", [update], compared=["attr_color"])


def version(client: SolrClient, id: str) -> int:
    return int(current(client, "id", [id], "id,_version_")[id]["_version_"])


@pytest.mark.solr
def test_an_update_keeps_both_vectors_bit_for_bit_committed_or_not(client: SolrClient) -> None:
    client.add([document(number) for number in range(4)])
    assert color(client, "1", version(client, "1"), "blue")  # not committed yet
    client.commit()
    check(client, 4)
    for round in range(3):  # the copy that is put back is put back again
        assert color(client, "2", version(client, "2"), f"blue{round}")
        client.commit()
    assert color(client, "2", version(client, "2"), "pink")
    assert color(client, "2", version(client, "2"), "green")
    client.commit()
    check(client, 4)
    assert client.count("{!term f=attr_color}green") == 1 and client.count("{!term f=attr_color}blue") == 1


@pytest.mark.solr
def test_a_document_that_changed_meanwhile_is_left_as_it_is(client: SolrClient) -> None:
    client.add([document(number) for number in range(2)])
    client.commit()
    old = version(client, "1")
    assert color(client, "1", old, "blue")
    assert color(client, "1", old, "green") == {}
    newer = document(1) | {"vector": document(7)["vector"], "coarse": document(7)["coarse"]}
    seen = version(client, "1")
    client.add([newer])  # another picture, by another run
    assert color(client, "1", seen, "green") == {}
    client.commit()
    found = client.select({"q": "{!term f=id}1", "fl": "vector,coarse"})["response"]["docs"][0]
    assert bits(found["vector"]) == bits(newer["vector"]) and np.array_equal(found["coarse"], newer["coarse"])
    assert client.count("{!term f=attr_color}green") == 0


@pytest.mark.solr
def test_an_update_that_forgets_the_vector_loses_none(client: SolrClient) -> None:
    client.add([document(number) for number in range(3)])
    client.commit()
    update = {"id": "1", "attr_color": {"set": ["blue"]}}
    if client.keeping is Keeping.STORED:
        client.post("update", [update])
    else:
        with pytest.raises(SolrRefused, match="missing required field: (vector|coarse)"):
            client.post("update", [update])
        client.forget_keeping()
        with pytest.raises(SolrRefused, match="missing required field"):  # a client that did not ask how they are kept
            client.post("update", [{name: each for name, each in document(5).items() if name != "embedding"}])
    client.commit()
    check(client, 3)


@pytest.mark.solr
def test_a_vector_that_is_nowhere_is_said_to_be(solr_url: str, tmp_path: Path) -> None:
    here, there = tmp_path / "vectors.sqlite", tmp_path / "elsewhere" / "vectors.sqlite"
    with SolrClient(solr_url, "nowhere", vectors=here) as client:
        configset.create(client, keeping=Keeping.OUTSIDE)
        try:
            client.add([document(0)])
            client.commit()
            with SolrClient(solr_url, "nowhere", vectors=there) as other, SolrClient(solr_url, "nowhere") as third:
                seen = version(client, "0")
                for lacking, error in ((other, NotFound), (third, BadSetting)):
                    with pytest.raises(error, match="outside Solr"):
                        lacking.select({"q": "*:*", "fl": "vector"})
                    with pytest.raises(error, match="outside Solr"):
                        lacking.select({"q": "*:*", "fl": "id,coarse"})
                    with pytest.raises(error, match="outside Solr"):
                        color(lacking, "0", seen, "blue")
                    assert lacking.select({"q": "*:*", "fl": "id"})["response"]["docs"] == [{"id": "0"}]
                assert version(client, "0") == seen
            check(client, 1)
        finally:
            configset.drop(client)


@pytest.mark.solr
def test_an_older_configset_is_not_taken_for_one_that_packs(solr_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keeping, "properties", {})  # what an older configset makes of them
    with SolrClient(solr_url, "older") as client:
        with pytest.raises(Conflict, match="cannot keep vectors 'packed', it is older; copy solr_config/visual"):
            configset.create(client, keeping=Keeping.PACKED)
        assert not configset.exists(client)


def test_names_that_are_no_vectors_are_asked_for_as_they_are() -> None:
    assert vectors.returning("id,title,attr_*") == "id,title,attr_*"
    assert vectors.returning("coarse,id") == "coarse,id,vector_key"
    assert vectors.returning("id,vector") == "id,vector,vector_packed,vector_key"
