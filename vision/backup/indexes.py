"""Solr's part of a backup: its own snapshots, of a core or of a SolrCloud's collection.

Solr writes to and reads from folders of its own machine, and only such as it is allowed to: its home, and what its
``solr.allowPaths`` names. What it writes is fetched from there, what it is to read is put there.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from vision.backup.manifest import Index
from vision.errors import BadSetting, Conflict, NotFound, SolrRefused, SolrUnavailable, VisualSearchError
from vision.solr import aliases, configset
from vision.solr.client import SolrClient

_PREFIX: Final = "visual-search-"
"""Of whatever we make in Solr and its folder for the time being."""
_FOLDER: Final = "transfer"
_POLL_S: Final = 0.1
_SETTLES_S: Final = 60.0


@dataclass(frozen=True)
class Server:
    """What a Solr says of itself."""

    version: str
    is_cloud: bool
    home: Path


def server(client: SolrClient) -> Server:
    """Ask the node.

    Raises:
        SolrError: it does not answer, or refuses.
    """
    system = client.admin("admin/info/system")
    version = str(system["lucene"]["solr-spec-version"])
    return Server(version, system.get("mode") == "solrcloud", Path(str(system["solr_home"])))


class Transfer:
    """A folder that Solr and this process both read and write: where a snapshot lies for the time being."""

    def __init__(self, client: SolrClient, shared: Path | None = None) -> None:
        """``shared`` is one that Solr may use; None takes one in Solr's home. Nothing is made yet."""
        self._client = client
        self.root = shared or server(client).home / _FOLDER
        self._own = f"{_PREFIX}{client.collection}-"

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """An empty one, which is deleted in the end; those that killed runs left go before.

        Raises:
            BadSetting: it cannot be made here.
        """
        self.sweep()
        made = self.root / f"{self._own}{secrets.token_hex(4)}"
        try:
            made.mkdir(parents=True)
        except OSError as error:
            raise BadSetting(f"{made} cannot be made on this machine ({error.strerror}); {self.hint()}") from error
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what killed runs left, of this collection."""
        for left in self.root.glob(f"{self._own}*"):
            shutil.rmtree(left, ignore_errors=True)

    def hint(self) -> str:
        """What to do where Solr and this machine do not see the same folder."""
        return (
            "give --solr-folder, a folder that Solr and this machine both read and write under the same path, and that "
            "Solr was started with in -Dsolr.allowPaths"
        )


def embeddings(client: SolrClient) -> list[str]:
    """The fingerprints that the collection's documents have."""
    facet = orjson.dumps({"embedding": {"type": "terms", "field": "embedding", "limit": 1000}}).decode()
    answer = client.select({"q": "*:*", "rows": 0, "json.facet": facet})
    return sorted(str(bucket["val"]) for bucket in answer["facets"].get("embedding", {}).get("buckets", []))


@dataclass(frozen=True)
class Snapshot:
    """A commit that Solr keeps until it is released, and what its manifest says.

    ``files`` are those of a core's commit; empty of a SolrCloud's collection.
    """

    name: str
    index: Index
    files: Sequence[str]


def take(client: SolrClient) -> Snapshot:
    """Commit, and have Solr keep that commit; quick, as nothing is copied.

    Raises:
        Conflict: the collection is not of this product's configset.
        NotFound: there is none.
        SolrError: Solr did not answer or refused.
    """
    if not configset.exists(client):
        raise NotFound(f"Solr at {client.shown} has no collection {client.collection!r}: there is nothing to back up")
    if client.names.fields is not None:
        raise Conflict(
            f"collection {client.collection!r} has a schema of its own, `solr install` only added to it: back it up "
            "as its owners do, with Solr's own BACKUP"
        )
    about = server(client)
    _forget_snapshots(client, about)
    name = f"{_PREFIX}{secrets.token_hex(4)}"
    client.commit()
    before = client.index_version()
    answer = client.admin(_admin(about), action="CREATESNAPSHOT", commitName=name, **_named(client, about))
    count = client.count()
    index = Index(
        version=about.version,
        mode="cloud" if about.is_cloud else "standalone",
        name=name,
        keeping=client.keeping,
        coarse_dims=configset.coarse_dims(client),
        documents=count if client.index_version() == before else None,
        embeddings=embeddings(client),
    )
    return Snapshot(name, index, tuple(answer.get("files", ())))


def release(client: SolrClient, snapshot: Snapshot) -> None:
    """Let Solr delete the commit."""
    about = server(client)
    client.admin(_admin(about), action="DELETESNAPSHOT", commitName=snapshot.name, **_named(client, about))


def export(client: SolrClient, snapshot: Snapshot, transfer: Transfer, folder: Path) -> Path:
    """Have Solr copy a snapshot to a folder of :class:`Transfer`; returns what it wrote.

    Raises:
        SolrRefused: it could not.
        BadSetting: it wrote elsewhere than this machine sees.
    """
    about = server(client)
    if about.is_cloud:
        client.admin(
            "admin/collections",
            action="BACKUP",
            name=snapshot.name,
            collection=configset.real_name(client),
            location=str(folder),
            commitName=snapshot.name,
        )
        made = folder / snapshot.name
    else:
        client.admin(
            "admin/cores",
            action="BACKUPCORE",
            core=client.collection,
            name=snapshot.name,
            location=str(folder),
            commitName=snapshot.name,
            incremental="false",
        )
        made = folder / f"snapshot.{snapshot.name}"
    missing = not made.is_dir() or set(snapshot.files) - set(os.listdir(made))
    if missing:
        raise BadSetting(f"Solr wrote its snapshot to {made}, which is not there on this machine; {transfer.hint()}")
    return made


def restore_core(client: SolrClient, index: Index, folder: Path, instance: str | None) -> None:
    """Make the client's core of what :func:`export` wrote, lying in a folder of :class:`Transfer`.

    Args:
        client: of a core that is not there yet.
        index: what the manifest says.
        folder: where it lies.
        instance: the name of the core's folder; None for the core's own.

    Raises:
        SolrRefused: Solr could not read it.
    """
    configset.create(client, coarse_dims=index.coarse_dims, keeping=index.keeping, instance=instance)
    client.get_json("replication", command="restore", location=str(folder), name=index.name)
    _wait(client, f"snapshot.{index.name}")


def restore_collection(client: SolrClient, index: Index, folder: Path) -> None:
    """The same for a SolrCloud: the client's collection must not be there.

    Raises:
        SolrRefused: Solr could not read it.
        NotFound, SolrUnavailable: it does not come to answer.
    """
    name = aliases.free(configset.cluster(client), client.collection)
    client.admin("admin/collections", action="RESTORE", name=index.name, collection=name, location=str(folder))
    client.admin("admin/collections", action="CREATEALIAS", name=client.collection, collections=name)
    deadline = time.monotonic() + _SETTLES_S
    while True:  # a node answers for it a moment later
        try:
            client.count()
            return
        except (NotFound, SolrUnavailable, SolrRefused) as error:
            passes = not isinstance(error, SolrRefused) or error.status >= 500
            if not passes or time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)


def check(client: SolrClient, index: Index) -> int:
    """See that a restored index is whole, and return how many documents it holds.

    Raises:
        SolrRefused: it holds others than the manifest says.
    """
    client.forget_keeping()
    count, found = client.count(), embeddings(client)
    if index.documents not in (None, count) or found != index.embeddings:
        raise SolrRefused(
            f"Solr restored {count:,} documents with vectors of {', '.join(found) or 'none'}; the backup holds "
            f"{index.documents or 0:,} with {', '.join(index.embeddings) or 'none'}; look into Solr's log",
            status=500,
        )
    return count


def instance(client: SolrClient) -> str | None:
    """The name of the folder that the client's core lies in; None where there is no such core."""
    status = client.admin("admin/cores", action="STATUS", core=client.collection)["status"][client.collection]
    return Path(str(status["instanceDir"])).name if status else None


def _wait(client: SolrClient, name: str) -> None:
    """Until Solr says that what it began to restore in the background is done."""
    while True:
        found = client.get_json("replication", command="restorestatus", **{"json.nl": "map"})["restorestatus"]
        status = str(found.get("status", "")).lower()
        if found.get("snapshotName") == name and status == "success":
            return
        if status == "failed":
            raise SolrRefused(f"Solr at {client.shown} could not restore: {found.get('exception', status)}", status=500)
        time.sleep(_POLL_S)


def _admin(about: Server) -> str:
    return "admin/collections" if about.is_cloud else "admin/cores"


def _named(client: SolrClient, about: Server) -> dict[str, str]:
    return {"collection": configset.real_name(client)} if about.is_cloud else {"core": client.collection}


def _forget_snapshots(client: SolrClient, about: Server) -> None:
    """Release what killed backups left: Solr would keep those commits for ever."""
    answer = client.admin(_admin(about), action="LISTSNAPSHOTS", **_named(client, about))
    kept = answer.get("snapshots", {})
    names = kept[::2] if isinstance(kept, list) else list(kept)
    for name in names:
        if str(name).startswith(_PREFIX):
            with suppress(VisualSearchError):
                client.admin(_admin(about), action="DELETESNAPSHOT", commitName=name, **_named(client, about))
