"""Two collections change names: a core SWAP of a standalone Solr, two aliases of a SolrCloud."""

from __future__ import annotations

from vision.errors import Conflict
from vision.solr import aliases, configset
from vision.solr.client import SolrClient


def identity(client: SolrClient) -> str:
    """What tells a collection from the one that takes its name: a core's folder, or a SolrCloud's own name of it."""
    if configset.is_cloud(client):
        return configset.real_name(client)
    status = client.admin("admin/cores", action="STATUS", core=client.collection)["status"][client.collection]
    return str(status.get("instanceDir", ""))


def check(live: SolrClient, other: SolrClient) -> None:
    """See that the two can change names.

    Raises:
        Conflict: one of a SolrCloud has no alias, so that its name would hide it.
    """
    if not configset.is_cloud(live):
        return
    cluster = configset.cluster(live)
    for client in (live, other):
        if aliases.real(cluster, client.collection) == client.collection:
            raise Conflict(
                f"{client.collection!r} is the SolrCloud's own name of a collection, and no alias that could stand for "
                f"another: `visual-search index CATALOG --collection {client.collection} --recreate` makes it with one"
            )


def exchange(live: SolrClient, other: SolrClient, before: tuple[str, str]) -> None:
    """Let the two change names; goes on where an exchange was broken off, and does nothing where it is done.

    A core SWAP is one step. Of two aliases each is one: whoever asks for the collection that is served meets the one or
    the other, and never none.

    Args:
        live: of the name that is served.
        other: of the other one.
        before: :func:`identity` of both before it began.
    """
    if not configset.is_cloud(live):
        if identity(live) == before[0]:
            live.admin("admin/cores", action="SWAP", core=live.collection, other=other.collection)
    else:
        for client, wanted in ((live, before[1]), (other, before[0])):
            client.admin("admin/collections", action="CREATEALIAS", name=client.collection, collections=wanted)
    for client in (live, other):
        client.forget_keeping()
