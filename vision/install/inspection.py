"""What a running collection is: read over HTTP, nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from vision.errors import Conflict, NotFound, SolrRefused
from vision.solr.client import SolrClient
from vision.solr.fields import HANDLER

OLDEST, NEWEST = (9, 6), (9, 999)
SUPPORTED = "9.6 and later 9.x"
_CHUNK = 50


@dataclass(frozen=True)
class Field:
    """One field as Solr resolves it, whether it is declared by name or by a pattern."""

    name: str
    type: str
    kind: str
    """The type's class, without its package: ``StrField``."""
    indexed: bool
    stored: bool
    doc_values: bool
    as_stored: bool
    """Whether doc values stand in for a stored value."""
    multi_valued: bool

    @property
    def readable(self) -> bool:
        """Whether Solr can give the value back, as an atomic update must."""
        return self.stored or (self.doc_values and self.as_stored)


@dataclass(frozen=True)
class Found:
    """A collection before anything is done to it.

    Attributes:
        version: Solr's, as ``9.10.1``.
        cloud: whether it is SolrCloud.
        schema: ``GET /schema``.
        mutable: whether the Schema API may change it.
        editable: whether the Config API may change the configuration.
        codec: whether M and beam of a vector type are obeyed.
        log: whether there is a transaction log, which atomic updates need.
        handlers: all request handlers by path.
        overlaid: paths of those that the Config API can delete.
        fields: every field that is declared, that documents have, or that was asked for.
        present: the names of those that documents have.
        shared: other collections of the same configset, which change with this one.
    """

    version: str
    cloud: bool
    schema: Mapping[str, Any]
    mutable: bool
    editable: bool
    codec: bool
    log: bool
    handlers: Mapping[str, Mapping[str, Any]]
    overlaid: frozenset[str]
    fields: Mapping[str, Field] = field(repr=False)
    present: frozenset[str] = field(repr=False)
    shared: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The uniqueKey's field; empty without one."""
        return str(self.schema.get("uniqueKey") or "")

    @property
    def installed(self) -> Mapping[str, Any] | None:
        """Our handler's record of what was added; None where we are not installed."""
        record = (self.handlers.get(f"/{HANDLER}") or {}).get(HANDLER)
        return record if isinstance(record, Mapping) else None

    def declared(self, kind: str, name: str) -> Mapping[str, Any] | None:
        """The ``fields`` or ``fieldTypes`` entry of this name."""
        return next((each for each in self.schema.get(kind, ()) if each["name"] == name), None)

    def copies(self) -> Sequence[tuple[str, str]]:
        """Source and destination of each copyField."""
        return [(each["source"], each["dest"]) for each in self.schema.get("copyFields", ())]

    def shadowed(self, name: str) -> str | None:
        """The dynamic field whose pattern matches a name that is not declared."""
        if self.declared("fields", name):
            return None
        patterns = (each["name"] for each in self.schema.get("dynamicFields", ()))
        return next((pattern for pattern in patterns if fnmatchcase(name, pattern)), None)


def inspect(client: SolrClient, names: Iterable[str] = ()) -> Found:
    """Read what there is to know; ``names`` are fields wanted even where no document has them.

    Raises:
        NotFound: no such collection.
        Conflict: a version of Solr that is not supported.
        SolrError: Solr did not answer, or refused.
    """
    system = client.admin("admin/info/system")
    version = str(system.get("lucene", {}).get("solr-spec-version", ""))
    check_version(version, client.shown)
    try:
        config = client.get_json("config")["config"]
    except NotFound as error:
        raise NotFound(f"Solr at {client.shown} has no collection {client.collection!r}") from error
    schema = client.get_json("schema")["schema"]
    overlay = client.get_json("config/overlay")["overlay"]
    cloud = system.get("mode") == "solrcloud"
    present, shared = _cloud(client) if cloud else (client.fields(), ())
    declared = {each["name"] for each in schema["fields"]}
    factory = config.get("schemaFactory", {})
    managed = "Managed" in str(factory.get("class", "ManagedIndexSchemaFactory"))
    return Found(
        version=version,
        cloud=cloud,
        schema=schema,
        mutable=managed and str(factory.get("mutable", True)).lower() == "true",
        editable=_editable(client),
        codec="SchemaCodecFactory" in str(config.get("codecFactory", {}).get("class", "")),
        log="updateHandlerupdateLog" in config,
        handlers=config.get("requestHandler", {}),
        overlaid=frozenset(overlay.get("requestHandler", {})),
        fields=_fields(client, schema, present | declared | set(names)),
        present=present,
        shared=shared,
    )


def check_version(version: str, url: str) -> None:
    """Refuse a Solr that cannot run our searches, or on which nobody has tried.

    Raises:
        Conflict: with the reason.
    """
    found = re.match(r"(\d+)\.(\d+)", version)
    number = (int(found[1]), int(found[2])) if found else (0, 0)
    if OLDEST <= number <= NEWEST:
        return
    if number < OLDEST:
        reason = "older ones cannot filter inside the graph search ({!knn preFilter=…}), and would lose neighbours"
    else:
        reason = "later ones call the settings of a vector's graph otherwise, and were not tried"
    raise Conflict(f"{url} is Solr {version or '(no version given)'}; {SUPPORTED} are supported: {reason}")


def _editable(client: SolrClient) -> bool:
    try:
        answer = client.admin("admin/info/properties", name="disable.configEdit")
    except (SolrRefused, NotFound):  # who may not read it is told when the handler is sent
        return True
    return str(answer.get("system.properties", {}).get("disable.configEdit", "")).lower() != "true"


def _cloud(client: SolrClient) -> tuple[frozenset[str], tuple[str, ...]]:
    """The fields that documents have on any shard, and the other collections of the configset."""
    every = client.admin("admin/collections", action="CLUSTERSTATUS")["cluster"]["collections"]
    asked = client.admin("admin/collections", action="CLUSTERSTATUS", collection=client.collection)
    found: set[str] = set()
    shared: set[str] = set()
    for name, collection in asked["cluster"]["collections"].items():
        configset = collection.get("configName")
        shared |= {other for other, each in every.items() if other != name and each.get("configName") == configset}
        for shard in collection["shards"].values():
            active = [each["core"] for each in shard["replicas"].values() if each["state"] == "active"]
            if active and shard.get("state") == "active":
                found |= set(client.admin(f"{active[0]}/admin/luke", numTerms=0)["fields"])
    return frozenset(found), tuple(sorted(shared))


def _fields(client: SolrClient, schema: Mapping[str, Any], names: Iterable[str]) -> dict[str, Field]:
    kinds = {each["name"]: str(each["class"]).rpartition(".")[2] for each in schema["fieldTypes"]}
    wanted, found = sorted(name for name in names if "," not in name), {}
    for start in range(0, len(wanted), _CHUNK):
        listed = ",".join(wanted[start : start + _CHUNK])
        answer = client.get_json("schema/fields", fl=listed, showDefaults="true", includeDynamic="true")
        for each in answer["fields"]:
            found[each["name"]] = _field(each, kinds)
    return found


def _field(each: Mapping[str, Any], kinds: Mapping[str, str]) -> Field:
    return Field(
        each["name"],
        each["type"],
        kinds.get(each["type"], ""),
        indexed=bool(each.get("indexed")),
        stored=bool(each.get("stored")),
        doc_values=bool(each.get("docValues")),
        as_stored=bool(each.get("useDocValuesAsStored", True)),
        multi_valued=bool(each.get("multiValued")),
    )
