"""Create and drop collections from the product's own configset."""

from __future__ import annotations

from vision.errors import Conflict, NotFound, SolrRefused
from vision.solr.client import SolrClient
from vision.solr.vectors import Keeping

CONFIGSET = "visual"
COARSE_DIMS = 256
"""Values of the coarse field, unless a collection is created with others."""


def exists(client: SolrClient) -> bool:
    """Whether the client's collection is there."""
    if _is_cloud(client):
        return client.collection in client.admin("admin/collections", action="LIST")["collections"]
    return bool(client.admin("admin/cores", action="STATUS", core=client.collection)["status"][client.collection])


def create(
    client: SolrClient,
    *,
    shards: int = 1,
    coarse_dims: int = COARSE_DIMS,
    keeping: Keeping = Keeping.STORED,
    instance: str | None = None,
) -> bool:
    """Create the client's collection from :data:`CONFIGSET`, unless it is there; tells whether it had to.

    Args:
        client: names the collection.
        shards: of a SolrCloud's collection. All pictures of a product come to the same one: grouping works, and
            products are counted, shard by shard (docs/facets.md).
        coarse_dims: values of the coarse field, for good.
        keeping: where vectors are kept, for good.
        instance: the name of a core's folder; None for its own.

    Raises:
        Conflict: the configset is older than ``keeping``.
        NotFound: the Solr does not know the configset (one that is not ours, say), with what to do.
        SolrRefused: it is there, and Solr could not load it.
    """
    if exists(client):
        return False
    _check_loadable(client)
    own = {} if coarse_dims == COARSE_DIMS else {"property.visual.coarseDims": str(coarse_dims)}
    own |= {f"property.{name}": value for name, value in keeping.properties.items()}
    own |= {} if instance is None else {"instanceDir": instance}
    try:
        if _is_cloud(client):
            client.admin(
                "admin/collections",
                action="CREATE",
                name=client.collection,
                numShards=shards,
                **{"collection.configName": CONFIGSET, "router.field": "product_id"},
                **own,
            )
        else:
            client.admin("admin/cores", action="CREATE", name=client.collection, configSet=CONFIGSET, **own)
    except SolrRefused as error:
        raise NotFound(
            f"collection {client.collection!r} does not exist at {client.base} and could not be created from the "
            f"configset {CONFIGSET!r} ({error}); copy solr_config/{CONFIGSET} into that Solr's configsets first"
        ) from error
    client.forget_keeping()
    if keeping is not Keeping.STORED and client.keeping is not keeping:
        drop(client)
        raise Conflict(
            f"the configset {CONFIGSET!r} of Solr at {client.shown} cannot keep vectors {keeping.value!r}, it is "
            f"older; copy solr_config/{CONFIGSET} into that Solr's configsets, or leave --vectors out"
        )
    return True


def _check_loadable(client: SolrClient) -> None:
    """Before a core is made: Solr deletes the ``core.properties`` of one that is there and did not load."""
    failures = {} if _is_cloud(client) else client.admin("admin/cores", action="STATUS").get("initFailures", {})
    if client.collection in failures:
        raise SolrRefused(
            f"collection {client.collection!r} is there, and Solr at {client.base} could not load it: "
            f"{failures[client.collection]}; mend it or delete its folder, and start Solr again",
            status=500,
        )


def coarse_dims(client: SolrClient) -> int:
    """How many values the coarse field of the client's collection holds."""
    return int(client.get_json("schema/fieldtypes/vector_coarse")["fieldType"]["vectorDimension"])


def drop(client: SolrClient) -> None:
    """Delete the client's collection with its data."""
    if _is_cloud(client):
        client.admin("admin/collections", action="DELETE", name=client.collection)
    else:
        client.admin(
            "admin/cores",
            action="UNLOAD",
            core=client.collection,
            deleteInstanceDir="true",
        )
    client.forget_keeping()


def _is_cloud(client: SolrClient) -> bool:
    return bool(client.admin("admin/info/system").get("mode") == "solrcloud")
