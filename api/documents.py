"""Single documents of the collection, read by picture id or product id."""

from __future__ import annotations

from typing import Any, Final

from vision.errors import NotFound
from vision.solr.client import SolrClient
from vision.solr.fields import of_region

MAX_PICTURES: Final = 100


def find(client: SolrClient, id: str, fields: str) -> dict[str, Any]:
    """The picture with this id, or else the first picture of the product with this id; of a region's id, its picture.

    Raises:
        NotFound: neither exists.
        SolrUnavailable: Solr did not answer.
    """
    ways = [("id", id), ("product_id", id), ("id", of_region(id))]
    for field, wanted in ways:
        found = [] if wanted is None else matching(client, field, wanted, fields, rows=1)
        if found:
            return found[0]
    raise NotFound(f"collection {client.collection!r} has no product or picture {id!r}")


def matching(client: SolrClient, field: str, value: str, fields: str, *, rows: int) -> list[dict[str, Any]]:
    """The whole pictures that have this very value, in the order of their ids."""
    names = client.names
    params = {
        "q": f"{{!term f={names.known(field)} v=$wanted}}",
        "wanted": value,
        "fq": names.pictures,
        "fl": names.returned(fields),
        "sort": f"{names.key} asc",
        "rows": rows,
    }
    documents: list[dict[str, Any]] = client.select(params)["response"]["docs"]
    return documents
