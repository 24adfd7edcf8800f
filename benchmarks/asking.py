"""A collection, one query's vectors, and short ways to ask Solr what it makes of a form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from tests.search.synthetic import Synthetic
from vision.errors import SolrRefused
from vision.search.composer import Params, vector


@dataclass(frozen=True)
class Seen:
    """What a form did: in words, and whether that is what the docs say."""

    what: str
    holds: bool


class Forms:
    """A collection, one query's vectors, and short ways to ask."""

    def __init__(self, synthetic: Synthetic) -> None:
        """Take the collection."""
        self.synthetic = synthetic
        self.client = synthetic.engine.client
        self.queries = synthetic.queries(20, seed=60)
        self.full = self.queries[0]
        codec = synthetic.embedding.codec
        self.codes = [vector(code) for code in codec.encode(self.queries)]
        self.similarity = f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(self.full)})"

    def ask(self, **params: Any) -> dict[str, Any]:
        """Solr's answer; ``facet`` is sent as ``json.facet``, and S stands for the exact similarity."""
        if "facet" in params:
            params["json.facet"] = orjson.dumps(params.pop("facet")).decode()
        sent: Params = {"fq": "{!cache=false}*:*", "sim": self.similarity, "code": self.codes[0], "fl": "id,score"}
        return self.client.select(sent | params)

    def found(self, **params: Any) -> int:
        """How many match."""
        return int(self.ask(rows=0, **params)["response"]["numFound"])

    def documents(self, **params: Any) -> list[dict[str, Any]]:
        """The page's documents."""
        return list(self.ask(**params)["response"]["docs"])

    def status(self, **params: Any) -> int:
        """200, or the HTTP status of the refusal."""
        try:
            self.ask(**params)
        except SolrRefused as refused:
            return refused.status
        return 200

    def nearest(self, number: int, keep: np.ndarray[Any, np.dtype[np.bool_]], top: int = 10) -> set[str]:
        """NumPy's nearest pictures, not grouped."""
        rows = np.flatnonzero(keep)
        distances = self.synthetic.distances(self.queries[number])[rows]
        return {self.synthetic.ids[row] for row in rows[np.argsort(distances)[:top]]}
