"""Regions that earlier runs left in a collection: whether there are any, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from vision.catalog.regions import Regions
from vision.errors import Conflict, NotFound
from vision.solr.client import SolrClient
from vision.solr.fields import REGIONS


@dataclass(frozen=True)
class Before:
    """How many regions of each detector, by its fingerprint, a collection held before a run."""

    found_by: Mapping[str, int]

    @property
    def any(self) -> bool:
        """Whether there were any."""
        return bool(self.found_by)


def check_fields(client: SolrClient) -> None:
    """See that the collection can hold regions.

    Raises:
        Conflict: its configset is an older one.
    """
    try:
        client.get_json("schema/fields/picture_id")
    except NotFound as error:
        raise Conflict(
            f"collection {client.collection!r} has no field 'picture_id', which regions need: its configset is older. "
            "Copy solr_config/visual to that Solr's configsets and reload the collection, or leave out --detect"
        ) from error


def look(client: SolrClient) -> Before:
    """What the collection holds; of one that is not ours, nothing."""
    if client.names.fields is not None:
        return Before({})
    facet = orjson.dumps({"detector": {"type": "terms", "field": "detector", "limit": 100}}).decode()
    if not client.count(REGIONS):
        return Before({})
    answer = client.select({"q": REGIONS, "rows": 0, "json.facet": facet})
    found = answer["facets"].get("detector", {}).get("buckets", [])
    return Before({str(bucket["val"]): int(bucket["count"]) for bucket in found})


def remarks(before: Before, client: SolrClient, regions: Regions | None, swept: int) -> tuple[str, ...]:
    """What the user should know about regions of earlier runs, in words, after everything is committed.

    Args:
        before: what there was.
        client: of the collection.
        regions: of this run; None where it indexed whole pictures alone.
        swept: how many were deleted.
    """
    own = None if regions is None else regions.fingerprint
    others = {detector: count for detector, count in before.found_by.items() if detector != own}
    if not others:
        return ()
    said = []
    if regions is not None:
        names = " and ".join(sorted(others))
        said.append(f"regions found by {names} were replaced by what {own} finds; {swept:,} without a successor went")
    elif swept:
        said.append(
            f"{swept:,} regions of an earlier run with --detect were deleted: this run indexed whole pictures alone"
        )
    left = sum(count for detector, count in look(client).found_by.items() if detector != own)
    if left:
        said.append(
            f"{left:,} regions of other runs stay: their pictures are not among this catalogue's good rows; index them "
            "again in the same way, or everything with --recreate"
        )
    return tuple(said)
