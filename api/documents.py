"""Single documents of the collection, read by picture id or product id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from vision.errors import NotFound
from vision.solr.client import SolrClient
from vision.solr.fields import SEPARATOR, of_region

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


def several(client: SolrClient, ids: Sequence[str], fields: str) -> dict[str, dict[str, Any]]:
    """The documents of pictures, and for other ids the first picture of the product, by the ids asked for.

    What is not there is left out.
    """
    names, found = client.names, dict[str, dict[str, Any]]()
    for field in dict.fromkeys((names.key, names.product)):
        missing = [id for id in dict.fromkeys(ids) if id not in found]
        if not missing:
            break
        first = [f"{{!collapse field={field} sort='{names.key} asc'}}"] if field != names.key else []
        params = {
            "q": f"{{!terms f={field} cache=false separator='{SEPARATOR}' v=$wanted}}",
            "wanted": SEPARATOR.join(missing),
            "fq": names.pictures + first,
            "fl": names.returned(fields),
            "rows": len(missing),
        }
        for document in client.select(params)["response"]["docs"]:
            found[str(document["id" if field == names.key else "product_id"])] = document
    return found


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
