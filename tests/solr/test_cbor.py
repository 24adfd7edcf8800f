"""Documents as CBOR: bytes as RFC 8949 has them, and the same documents in a real Solr as from JSON."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vision.solr import cbor, configset
from vision.solr.client import SolrClient

# RFC 8949, appendix A
EXAMPLES: list[tuple[Any, str]] = [
    (0, "00"),
    (23, "17"),
    (24, "1818"),
    (1000, "1903e8"),
    (1_000_000, "1a000f4240"),
    (1_000_000_000_000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-1, "20"),
    (-100, "3863"),
    (-1000, "3903e7"),
    (1.1, "fb3ff199999999999a"),
    (-4.1, "fbc010666666666666"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    ("", "60"),
    ("ü", "62c3bc"),
    ("水", "63e6b0b4"),
    ([1, 2, 3], "83010203"),
    (["a"] * 25, "9819" + "6161" * 25),
    (np.array([100000.0, 3.4028234663852886e38], dtype=np.float32), "82fa47c35000fa7f7fffff"),
    (np.array([-128, -1, 0, 127], dtype=np.int8), "84387f38001800187" + "f"),
    (np.float32(1.5), "fb3ff8000000000000"),
    (np.array([[1], [2]]), "8281018102"),
]


@pytest.mark.parametrize(("value", "expected"), EXAMPLES)
def test_values_are_written_as_the_standard_has_them(value: Any, expected: str) -> None:
    assert cbor.encode([{"a": value}]).hex() == "81a16161" + expected


def test_what_has_no_place_in_a_document_is_refused() -> None:
    for value in (object(), {"set": 1}, {1}, 2**64):
        with pytest.raises(TypeError):
            cbor.encode([{"a": value}])


@pytest.mark.solr
def test_solr_reads_the_same_documents_from_cbor_as_from_json(solr_url: str) -> None:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(3, 1024)).astype(np.float32)
    vectors[0, :6] = (0.0, -0.0, 1e-45, np.finfo(np.float32).max / 1e9, -1.1754944e-38, 1 / 3)
    whole: dict[str, Any] = {
        "title": "Größe “42” — 水",
        "price": 19.99,
        "in_stock": False,
        "attr_color": ["red", "dark-blue"],
        "attr_empty": [],
        "embedding": "made-up",
    }
    documents = [
        whole
        | {"id": f"{n}", "product_id": f"{n}", "vector": vector, "coarse": random.integers(-127, 128, 256, np.int8)}
        for n, vector in enumerate(vectors)
    ]
    found = {}
    for name in ("as_cbor", "as_json"):
        with SolrClient(solr_url, name) as client:
            configset.create(client)
            try:
                if name == "as_cbor":
                    client.add(documents)
                else:
                    client.post("update", documents)
                client.commit()
                answer = client.select({"q": "*:*", "fl": "*,vector,coarse", "sort": "id asc", "rows": 10})
                found[name] = [
                    {key: value for key, value in each.items() if key != "_version_"}
                    for each in answer["response"]["docs"]
                ]
            finally:
                configset.drop(client)
    assert found["as_cbor"] == found["as_json"]
    read = np.array([each["vector"] for each in found["as_cbor"]], dtype=np.float32)
    assert np.array_equal(read.view(np.uint32), vectors.view(np.uint32))


def test_a_solr_that_reads_no_cbor_gets_json(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    class Answer:
        status_code = 415

    def post(url: str, headers: dict[str, str], **_: Any) -> Answer:
        sent.append(headers["Content-Type"])
        return Answer()

    with SolrClient("http://solr/solr", "products") as client:
        monkeypatch.setattr(client.repeating, "post", post)
        monkeypatch.setattr(client._bulk, "add", lambda documents, commit: sent.append(f"json {len(documents)}"))
        client.add([{"id": "1"}])
        client.add([{"id": "2"}, {"id": "3"}])
    assert sent == ["application/cbor", "json 1", "json 2"]
