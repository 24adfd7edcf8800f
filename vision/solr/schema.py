"""Whether a collection's schema has what a search by picture needs."""

from __future__ import annotations

from typing import Final

from vision.errors import Conflict, NotFound, SolrRefused
from vision.solr.client import SolrClient
from vision.solr.vectors import COARSE, VECTOR

_ENCODINGS: Final = {VECTOR: "FLOAT32", COARSE: "BYTE"}


def check_vectors(client: SolrClient) -> None:
    """Look at the fields of vectors; where the schema may not be read, nothing is said.

    Raises:
        Conflict: one is not there, or is no vector of its kind.
        SolrError: Solr did not answer, or failed.
    """
    try:
        schema = client.schema()
    except NotFound:
        return
    except SolrRefused as error:
        if error.status >= 500:
            raise
        return
    types = {each.get("name"): each for each in schema.get("fieldTypes", ())}
    declared = {each.get("name"): types.get(each.get("type"), {}) for each in schema.get("fields", ())}
    for name, encoding in _ENCODINGS.items():
        found = declared.get(name)
        kind = "no such field" if found is None else f"a {str(found.get('class')).removeprefix('solr.')}"
        if found is not None and kind == "a DenseVectorField":
            kind = found.get("vectorEncoding", "FLOAT32")
        if kind != encoding:
            raise Conflict(
                f"the schema of collection {client.collection!r} has for {name!r}: {kind}; needed is a DenseVectorField"
                f" with vectorEncoding {encoding}: index into a new collection, or add the fields to this one with "
                "`visual-search solr install`"
            )
