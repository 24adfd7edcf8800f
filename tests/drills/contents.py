"""What a collection holds, byte for byte, and how two of them differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.catalog.shop import ALL
from vision.reduction import DIMS
from vision.solr.client import SolrClient

COARSE = 256
_PROBE = f"[{','.join(str(number % 7 - 3) for number in range(DIMS))}]"
_COARSE_PROBE = f"[{','.join(str(number % 7 - 3) for number in range(COARSE))}]"
_MEASURED = {
    "indexed": f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{_PROBE})",
    "indexed_coarse": f"vectorSimilarity(BYTE,EUCLIDEAN,coarse,{_COARSE_PROBE})",
}
# Java leaves open in which order the lanes of a vector are summed up; compiled code does it otherwise than interpreted.
_CLOSE = 1e-5

Contents = Mapping[str, Mapping[str, Any]]


def contents(client: SolrClient) -> Contents:
    """Every document by id: both vectors as bytes, their distance in the index from a probe, and all else.

    Raises:
        AssertionError: an id comes twice.
    """
    fields = ["*", *(f"{name}:{function}" for name, function in _MEASURED.items())]
    params = {"q": "*:*", "rows": ALL, "fl": ",".join(fields), "sort": "id asc"}
    answer = client.select(params)["response"]
    documents = answer["docs"]
    assert answer["numFound"] == len(documents)
    by_id = {each["id"]: _exact(each) for each in documents}
    assert len(by_id) == len(documents), f"{len(documents) - len(by_id)} ids come twice"
    return by_id


def _exact(document: Mapping[str, Any]) -> dict[str, Any]:
    exact = {name: value for name, value in document.items() if name != "_version_"}
    # Solr writes a float32 with the digits that lead back to it.
    exact["vector"] = np.array(document["vector"], dtype="<f4").tobytes()
    exact["coarse"] = np.array(document["coarse"], dtype=np.int8).tobytes()
    assert (len(exact["vector"]), len(exact["coarse"])) == (4 * DIMS, COARSE)
    return exact


def differences(found: Contents, wanted: Contents) -> list[str]:
    """What is missing, what is too much, and what is another, in words; nothing when they are equal."""
    said = [f"{id} is missing" for id in sorted(wanted.keys() - found.keys())]
    said += [f"{id} is too much" for id in sorted(found.keys() - wanted.keys())]
    for id in sorted(wanted.keys() & found.keys()):
        one, other = found[id], wanted[id]
        names = sorted(one.keys() | other.keys())
        said += [f"{id}: another {name}" for name in names if not _equal(name, one.get(name), other.get(name))]
    return said


def _equal(name: str, one: Any, other: Any) -> bool:
    if name in _MEASURED and None not in (one, other):
        return math.isclose(one, other, rel_tol=_CLOSE)
    return bool(one == other)
