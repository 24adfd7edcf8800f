"""Create and drop collections from the product's own configset."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from typing import Any

from vision.errors import BadSetting, Conflict, NotFound, SolrRefused
from vision.solr import aliases, replies
from vision.solr.client import SolrClient
from vision.solr.resources import configsets
from vision.solr.vectors import Keeping

CONFIGSET = "visual"
COARSE_DIMS = 256
"""Values of the coarse field, unless a collection is created with others."""


@dataclass(frozen=True)
class Shape:
    """How many parts a SolrCloud's collection has, and how many copies of each."""

    shards: int
    replicas: int

    def __str__(self) -> str:
        """In words."""
        return f"{self.shards} shards of {self.replicas} replicas"


def shape(client: SolrClient) -> Shape | None:
    """That of the client's collection; None for a standalone server's, or where there is none.

    Raises:
        SolrUnavailable: no answer.
        SolrRefused: an error.
    """
    if not is_cloud(client):
        return None
    about = _about(client)
    if about is None:
        return None
    shards = [each for each in about["shards"].values() if each.get("state", "active") == "active"]
    return Shape(len(shards), max(len(each["replicas"]) for each in shards))


def default_shape(client: SolrClient) -> Shape:
    """That of a collection of which nobody says more: one shard, and two replicas where there are two nodes."""
    return Shape(1, min(2, len(cluster(client)["live_nodes"]))) if is_cloud(client) else Shape(1, 1)


def cluster(client: SolrClient) -> dict[str, Any]:
    """What a SolrCloud says of its live nodes and its collections.

    Raises:
        SolrUnavailable: no answer.
        SolrRefused: an error, or no SolrCloud.
    """
    return dict(client.admin("admin/collections", action="CLUSTERSTATUS")["cluster"])


def real_name(client: SolrClient) -> str:
    """What the client's collection is called by whoever administers a SolrCloud."""
    return aliases.real(cluster(client), client.collection)


def _about(client: SolrClient) -> dict[str, Any] | None:
    found = cluster(client)
    about: dict[str, Any] | None = found["collections"].get(aliases.real(found, client.collection))
    return about


def exists(client: SolrClient) -> bool:
    """Whether the client's collection is there."""
    if is_cloud(client):
        return _about(client) is not None
    return bool(client.admin("admin/cores", action="STATUS", core=client.collection)["status"][client.collection])


def upload(client: SolrClient) -> list[str]:
    """Bring our configset to a SolrCloud's ZooKeeper, in place of one of its name that is there.

    Returns:
        the collections that use it, which took it up.

    Raises:
        SolrUnavailable: no answer.
        SolrRefused: no SolrCloud, or it does not take the configset.
    """
    _send(client)
    using = [name for name, about in cluster(client)["collections"].items() if about.get("configName") == CONFIGSET]
    for name in using:
        client.admin("admin/collections", action="RELOAD", name=name)
    return using


def digest() -> str:
    """What tells one version of our configset from another."""
    return hashlib.sha256(_packed()).hexdigest()


def _send(client: SolrClient) -> None:
    params = {"action": "UPLOAD", "name": CONFIGSET, "overwrite": "true", "cleanup": "true", "wt": "json"}
    with replies.solr_errors(client.base):
        response = client.session.post(
            f"{client.base}/admin/configs",
            params=params,
            data=_packed(),
            headers={"Content-Type": "application/octet-stream"},
            timeout=client.timeout,
        )
        replies.check(response, client.shown)


def _packed() -> bytes:
    """The configset as a ZIP file, the same for the same files."""
    conf = configsets()[CONFIGSET]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(each for each in conf.rglob("*") if each.is_file()):
            archive.writestr(zipfile.ZipInfo(path.relative_to(conf).as_posix()), path.read_bytes())
    return packed.getvalue()


def create(
    client: SolrClient,
    *,
    shape: Shape | None = None,
    coarse_dims: int = COARSE_DIMS,
    keeping: Keeping = Keeping.STORED,
    instance: str | None = None,
) -> bool:
    """Create the client's collection from :data:`CONFIGSET`, unless it is there; tells whether it had to.

    In a SolrCloud its name becomes an alias: another collection can then take its place.

    Args:
        client: names the collection.
        shape: of a SolrCloud's collection; None for one shard, and two replicas where there are two nodes. All pictures
            of a product come to the same shard: grouping works, and products are counted, shard by shard
            (docs/facets.md). Every replica indexes: those that copy lose what was committed last when all nodes stop
            (docs/decisions/0022-what-is-acknowledged-is-kept.md).
        coarse_dims: values of the coarse field, for good.
        keeping: where vectors are kept, for good.
        instance: the name of a core's folder; None for its own.

    Raises:
        BadSetting: several shards or replicas of a standalone Solr.
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
    in_cloud = is_cloud(client)
    if not in_cloud and shape not in (None, Shape(1, 1)):
        raise BadSetting(
            f"{shape} are asked for, and Solr at {client.shown} is a standalone one; leave --shards and --replicas "
            "out, or start a SolrCloud: visual-search solr start --cloud"
        )
    if in_cloud and CONFIGSET not in client.admin("admin/configs", action="LIST").get("configSets", ()):
        _send(client)
    try:
        if in_cloud:
            wanted = shape or default_shape(client)
            client.admin(
                "admin/collections",
                action="CREATE",
                name=aliases.free(cluster(client), client.collection),
                alias=client.collection,
                numShards=wanted.shards,
                nrtReplicas=wanted.replicas,
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
    failures = {} if is_cloud(client) else client.admin("admin/cores", action="STATUS").get("initFailures", {})
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
    if is_cloud(client):
        name = real_name(client)
        if name != client.collection:
            client.admin("admin/collections", action="DELETEALIAS", name=client.collection)
        client.admin("admin/collections", action="DELETE", name=name)
    else:
        client.admin(
            "admin/cores",
            action="UNLOAD",
            core=client.collection,
            deleteInstanceDir="true",
        )
    client.forget_keeping()


def is_cloud(client: SolrClient) -> bool:
    """Whether the Solr is a SolrCloud."""
    return bool(client.admin("admin/info/system").get("mode") == "solrcloud")
