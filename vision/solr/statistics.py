"""What a Solr says of itself and of one collection's index, in a few requests with a time limit each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from vision.errors import NotFound, SolrRefused
from vision.solr.client import SolrClient
from vision.solr.status import uses_simd

_CACHES: Final = "CACHE.searcher."
_COMMITS: Final = "UPDATE.updateHandler.commits"
_SIZE: Final = "INDEX.sizeInBytes"
_ADMIN_UI: Final = b"solrAdminApp"
# By the ending of Lucene's files; what an ending is, is in org.apache.lucene.codecs.
_KINDS: Final = {
    "vectors": ("vec", "vem", "vemf", "veq", "vemq"),
    "vector graphs": ("vex",),
    "stored fields": ("fdt", "fdx", "fdm"),
    "terms and positions": ("tim", "tip", "tmd", "doc", "pos", "pay", "psm"),
    "doc values": ("dvd", "dvm"),
    "numbers (points)": ("kdd", "kdi", "kdm"),
    "norms": ("nvd", "nvm"),
    "compound files": ("cfs", "cfe"),
}


class ServerForm(msgspec.Struct, frozen=True):
    """The Solr node that answered; heap in bytes. ``simd``: Lucene computes distances with vector instructions.

    ``admin`` is the address of Solr's own pages where they answer, null where there are none, as with the embedded
    server.
    """

    url: str
    version: str
    lucene: str
    java: str
    simd: bool
    mode: str
    heap_used: int
    heap_max: int
    admin: str | None


class CacheForm(msgspec.Struct, frozen=True):
    """One of Solr's caches since its index was opened; ``hit_rate`` is null where nothing was looked up."""

    name: str
    lookups: int
    hit_rate: float | None
    size: int
    evictions: int


class SizeForm(msgspec.Struct, frozen=True):
    """Bytes on disk of one kind of file."""

    kind: str
    bytes: int


class IndexForm(msgspec.Struct, frozen=True):
    """The index of the core that answered; of several shards or replicas it is one.

    ``documents`` are all that can be found, ``deleted`` those that still take space; ``bytes`` is null, and ``sizes``
    empty, where Solr does not tell. ``commits`` are those since the core was opened.
    """

    documents: int
    deleted: int
    segments: int
    last_commit: str | None
    bytes: int | None
    sizes: list[SizeForm]
    caches: list[CacheForm]
    commits: int | None


def read_server(client: SolrClient) -> ServerForm:
    """What the node says.

    Raises:
        SolrUnavailable, SolrRefused: it does not answer, or not as a Solr does.
    """
    system = client.admin("admin/info/system")
    try:
        jvm, lucene = system["jvm"], system["lucene"]
        java, memory = str(jvm["version"]), jvm["memory"]["raw"]
        return ServerForm(
            url=client.shown,
            version=str(lucene["solr-spec-version"]),
            lucene=str(lucene["lucene-spec-version"]),
            java=java.split(" ")[0],
            simd=uses_simd(java, [str(each) for each in jvm["jmx"]["commandLineArgs"]]),
            mode="cloud" if system.get("mode") == "solrcloud" else "standalone",
            heap_used=int(memory["used"]),
            heap_max=int(memory["max"]),
            admin=_admin(client),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SolrRefused(f"{client.shown} answers, but not as Solr does (no {error})", 200) from error


def _admin(client: SolrClient) -> str | None:
    """Where Solr's own pages answer; a directory's listing is none of them."""
    page = client.page("")
    return f"{client.shown}/" if _ADMIN_UI in page else None


def read_index(client: SolrClient) -> IndexForm:
    """What the collection's index is like.

    Raises:
        SolrUnavailable, SolrRefused, NotFound: as of any request.
    """
    index = client.get_json("admin/luke", numTerms=0, show="index")["index"]
    metrics = _metrics(client)
    caches = {name.removeprefix(_CACHES): each for name, each in metrics.items() if name.startswith(_CACHES)}
    commits = metrics.get(_COMMITS)
    size = metrics.get(_SIZE)
    return IndexForm(
        documents=int(index["numDocs"]),
        deleted=int(index["deletedDocs"]),
        segments=int(index["segmentCount"]),
        last_commit=index.get("lastModified"),
        bytes=None if size is None else int(size),
        sizes=_sizes(client),
        caches=[_cache(name, each) for name, each in sorted(caches.items()) if "hitratio" in each],
        commits=None if commits is None else int(commits["count"]),
    )


def _metrics(client: SolrClient) -> Mapping[str, Any]:
    """Of the collection's core; of its first replica on the node that answers, where there are several."""
    prefix = ",".join((_SIZE, _CACHES, _COMMITS))
    found = client.admin("admin/metrics", group="core", prefix=prefix).get("metrics", {})
    name = client.shards.parts().collection or client.collection
    own = re.compile(rf"solr\.core\.{re.escape(name)}(\.shard.*)?")
    return next((dict(found[name]) for name in sorted(found) if own.fullmatch(name)), {})


def _cache(name: str, values: Mapping[str, Any]) -> CacheForm:
    lookups = int(values["lookups"])
    rate = float(values["hitratio"]) if lookups else None
    return CacheForm(name, lookups, rate, int(values["size"]), int(values["evictions"]))


def _sizes(client: SolrClient) -> list[SizeForm]:
    """Of the last commit's files, largest first; empty where the collection does not show them."""
    try:
        generation = client.get_json("replication", command="indexversion").get("generation")
        listed = client.get_json("replication", command="filelist", generation=generation)
    except (NotFound, SolrRefused):
        return []
    sizes: dict[str, int] = {}
    for file in listed.get("filelist", []):
        ending = str(file["name"]).rpartition(".")[2]
        kind = next((kind for kind, endings in _KINDS.items() if ending in endings), "other")
        sizes[kind] = sizes.get(kind, 0) + int(file["size"])
    return [SizeForm(kind, size) for kind, size in sorted(sizes.items(), key=lambda each: -each[1])]
