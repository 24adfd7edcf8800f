"""Pictures that are in the index, by their ids: their vectors, each with the fingerprint of what made it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from cachetools import TTLCache
from numpy.typing import NDArray

from vision.embedding import check_vector
from vision.errors import BadQuery, NotFound
from vision.search.answers import attributes
from vision.search.composer import Params
from vision.search.explaining import texts
from vision.search.model import Vector
from vision.solr.client import SolrClient
from vision.solr.fields import ATTRIBUTE_PREFIX, SEPARATOR, of_region


@dataclass(frozen=True)
class Indexed:
    """A picture of the index: its (1024,) vector, the fingerprint of what made it, and its attributes' values."""

    vector: Vector
    embedding: str
    attributes: Mapping[str, tuple[str, ...]]


class IndexedPictures:
    """Those of one collection; vectors are kept for a while. Safe to share between threads."""

    def __init__(self, client: SolrClient, check: Callable[[str], None], seconds: float) -> None:
        """Nothing is asked yet.

        Args:
            client: of the collection.
            check: told of what each vector was made with; refuses what the collection's others are not made with.
            seconds: for which vectors are kept.
        """
        self._client = client
        self._check = check
        self._lock = threading.Lock()
        self._forgotten = 0
        self._vectors: TTLCache[str, tuple[Vector, str]] = TTLCache(4096, seconds)

    def forget(self) -> None:
        """Drop everything kept."""
        with self._lock:
            self._forgotten += 1
            self._vectors.clear()

    def picture(self, id: str) -> Indexed:
        """An indexed picture, by its own, a region's or its product's id.

        A region that is no longer there, as after an indexing without ``--detect``, stands for its picture.

        Raises:
            NotFound: no such id.
            BadQuery: the product has no picture.
            Superseded: the collection was replaced meanwhile.
        """
        names = self._client.names
        ways = [(names.key, id), (names.product, id)]
        picture = of_region(id)
        for field, wanted in ways if picture is None else [*ways, (names.key, picture)]:
            params = {
                "q": f"{{!term f={field} v=$id}}",
                "id": wanted,
                "fl": f"vector,embedding,{names.returned(ATTRIBUTE_PREFIX + '*')}".rstrip(","),
                "sort": f"embedding asc,{names.key} asc",  # a product's pictures before what has no vector
                "rows": 1,
            }
            documents = self._client.select(params)["response"]["docs"]
            if documents:
                if "vector" not in documents[0]:
                    raise BadQuery(f"product {id!r} has no picture to search by; search by its words", "image_id")
                self._check(str(documents[0]["embedding"]))
                known = {name: texts(value) for name, value in attributes(documents[0]).items()}
                return Indexed(check_vector(documents[0]["vector"]), str(documents[0]["embedding"]), known)
        raise NotFound(f"collection {self._client.collection!r} has no product or picture {id!r}")

    def vectors(self, ids: Sequence[str], *, missing_ok: bool = False, member: str = "like") -> dict[str, Vector]:
        """The stored vectors of pictures or products, by the ids asked for; of a product the first picture's.

        Args:
            ids: of pictures or products.
            missing_ok: leave out what is not there or has no picture, instead of refusing it.
            member: of the request, that they come from.

        Raises:
            NotFound: no such id; names the first.
            BadQuery: a product without a picture.
            Superseded: the collection was replaced meanwhile.
        """
        names = self._client.names
        with self._lock:
            found = {id: held for id in ids if (held := self._vectors.get(id)) is not None}
            before = self._forgotten
        for field in dict.fromkeys((names.key, names.product)):
            missing = sorted(set(ids) - set(found))
            if not missing:
                break
            params: Params = {
                "q": f"{{!terms f={field} separator='{SEPARATOR}' v=$wanted}}",
                "wanted": SEPARATOR.join(missing),
                "fl": f"{field},vector,embedding",
                "rows": len(missing),
            }
            if field != names.key:  # a product's pictures before what has no vector
                params["fq"] = f"{{!collapse field={field} sort='embedding asc,{names.key} asc'}}"
            for document in self._client.select(params)["response"]["docs"]:
                if "vector" in document:
                    found[str(document[field])] = check_vector(document["vector"]), str(document["embedding"])
                elif not missing_ok:
                    raise BadQuery(f"product {document[field]!r} has no picture to search by", member)
        for embedding in {embedding for _, embedding in found.values()}:
            self._check(embedding)
        with self._lock:
            if before == self._forgotten:
                self._vectors.update(found)
        for id in ids:
            if id not in found and not missing_ok:
                raise NotFound(f"collection {self._client.collection!r} has no product or picture {id!r}")
        return {id: vector for id, (vector, _) in found.items()}

    def coarse(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The coarse vectors, in steps, of these documents; those that are not there are left out."""
        if not ids:
            return {}
        key = self._client.names.key
        params: Params = {
            "q": f"{{!terms f={key} cache=false separator='{SEPARATOR}' v=$wanted}}",
            "wanted": SEPARATOR.join(ids),
            "fl": f"{key},coarse",
            "rows": len(ids),
        }
        documents = self._client.select(params)["response"]["docs"]
        return {str(each[key]): np.asarray(each["coarse"], dtype=np.float32) for each in documents if "coarse" in each}
