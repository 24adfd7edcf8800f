"""What would be added to a collection, and what is in the way: computed from what was found, nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vision.install import mapping, safety, snippet
from vision.install.inspection import Found
from vision.install.ours import Additions, additions
from vision.solr.fields import HANDLER, FieldMap

PATH = f"/{HANDLER}"


@dataclass(frozen=True)
class Wishes:
    """What the command line chose; ``fields`` is None where an installed collection keeps its mapping."""

    fields: Mapping[str, str] | None = None
    words: str | None = None
    root: str | None = None


@dataclass(frozen=True)
class Plan:
    """Changes of a collection, none of them made yet.

    Attributes:
        types: field types to add, as the Schema API takes them.
        fields: fields to add.
        handler: the request handler to add or to bring up to date; None where it is as it should be.
        replaces: whether that handler is there already.
        kept: names that are there already and are exactly ours; never removed.
        names: how the collection's fields are called.
        problems: why it cannot be done, in words; empty where it can.
        notes: what is good to know.
    """

    types: tuple[Mapping[str, Any], ...]
    fields: tuple[Mapping[str, Any], ...]
    handler: Mapping[str, Any] | None
    replaces: bool
    kept: tuple[str, ...]
    names: FieldMap
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the collection has everything already."""
        return not self.types and not self.fields and self.handler is None


def plan(found: Found, wishes: Wishes) -> Plan:
    """Compare a collection with what it needs.

    Raises:
        BadSetting: words cannot be searched where they were said to be.
    """
    ours = additions()
    record = found.installed or {}
    given = wishes.fields if wishes.fields is not None else dict(record.get("fields") or {})
    fields = dict(given) if wishes.fields is None and record else mapping.complete(given, found)
    types, type_conflicts = _missing(ours.types, "fieldTypes", found)
    added, field_conflicts = _missing(ours.fields, "fields", found)
    problems = [*_foreign(found, added), *type_conflicts, *field_conflicts, *mapping.problems(fields, found)]
    problems += safety.problems(found)
    handler = None
    if not problems:
        handler = _handler(ours, found, fields, wishes, types, added)
        problems += _immutable(found, types, added, handler)
    return Plan(
        types=tuple(types),
        fields=tuple(added),
        handler=handler,
        replaces=found.installed is not None,
        kept=_kept(ours, types, added, record),
        names=FieldMap(HANDLER, found.key, fields, root=wishes.root or record.get("root") or None),
        problems=tuple(problems),
        notes=tuple(_notes(found, fields)),
    )


def _missing(
    wanted: Mapping[str, Mapping[str, Any]], kind: str, found: Found
) -> tuple[list[Mapping[str, Any]], list[str]]:
    missing, conflicts = [], []
    word = "field" if kind == "fields" else "field type"
    for name, definition in wanted.items():
        there = found.declared(kind, name)
        if there is None:
            missing.append(definition)
        elif not _same(there, definition):
            conflicts.append(f"there is a {word} {name!r} already, and it is another one: {_shown(there)}")
    return missing, conflicts


def _same(there: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return {name: str(value) for name, value in there.items()} == {name: str(value) for name, value in wanted.items()}


def _shown(definition: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in definition.items() if name != "name")


def _foreign(found: Found, added: list[Mapping[str, Any]]) -> list[str]:
    """What tells that this is no collection to install into."""
    wrong = []
    key = found.fields.get(found.key)
    if key is None or key.kind != "StrField":
        shown = "there is none" if key is None else f"{found.key} is a {key.kind}"
        wrong.append(f"the uniqueKey must be a string, to update documents and to order results by: {shown}")
    if PATH in found.handlers and found.installed is None:
        wrong.append(f"there is a request handler {PATH} already, and it is not ours")
    for name in (each["name"] for each in added):
        pattern = found.shadowed(name)
        if pattern is not None and name in found.present:
            wrong.append(f"documents have values in {name!r} already, through the dynamic field {pattern}")
    kept = {"embedding", "vector"} - {each["name"] for each in added}
    if found.installed is None and kept & found.present:
        wrong.append(
            f"documents have values in {', '.join(sorted(kept & found.present))} already, and no {PATH} says that they "
            "are of an installation; a collection made by `visual-search index` needs none"
        )
    return wrong


def _handler(
    ours: Additions,
    found: Found,
    fields: Mapping[str, str],
    wishes: Wishes,
    types: list[Mapping[str, Any]],
    added: list[Mapping[str, Any]],
) -> Mapping[str, Any] | None:
    record = found.installed or {}
    before = record.get("added") or {}
    old = found.handlers.get(PATH, {})
    parameters = old.get("defaults", {})
    words = wishes.words
    if words is None and wishes.fields is None and "qf" in parameters:
        words = str(parameters["qf"])
    names = FieldMap(HANDLER, found.key, fields)
    searched = mapping.words(words, fields, found)
    # How words of a language are cut up is for their fields to say: a search in any language is in the same ones.
    languages = {name: searched["qf"] for name in ours.defaults if name.startswith("qf_")}
    wanted = {
        "name": PATH,
        "class": "solr.SearchHandler",
        "defaults": {
            **ours.defaults,
            **searched,
            **languages,
            "fl": names.returned(ours.defaults["fl"]),
        },
        "invariants": dict(ours.invariants),
        HANDLER: {
            "key": found.key,
            "fields": dict(fields),
            "root": wishes.root or record.get("root") or "",
            "added": {
                "types": _joined(before.get("types"), types),
                "fields": _joined(before.get("fields"), added),
            },
        },
    }
    return None if old and _plain(old) == _plain(wanted) else wanted


def _joined(before: Any, now: list[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys([*(before or []), *(each["name"] for each in now)]))


def _plain(value: Any) -> Any:
    """A configuration as strings without what is empty, so that 24 and "24" compare equal."""
    if isinstance(value, Mapping):
        return {name: plain for name, each in value.items() if (plain := _plain(each))}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return str(value)


def _immutable(
    found: Found,
    types: list[Mapping[str, Any]],
    added: list[Mapping[str, Any]],
    handler: Mapping[str, Any] | None,
) -> list[str]:
    wrong = []
    if (types or added) and not found.mutable:
        wrong.append(
            "the schema cannot be changed over HTTP (it is a schema.xml, or a managed schema with mutable=false). "
            "Paste this into it, reload the collection and run the same command again:\n" + snippet.schema(types, added)
        )
    if handler is not None and not found.editable:
        wrong.append(
            "this Solr runs with disable.configEdit=true. Paste this into solrconfig.xml, reload the collection and "
            "run the same command again:\n" + snippet.handler(handler)
        )
    return wrong


def _kept(
    ours: Additions, types: list[Mapping[str, Any]], added: list[Mapping[str, Any]], record: Mapping[str, Any]
) -> tuple[str, ...]:
    new = {each["name"] for each in (*types, *added)}
    before = record.get("added") or {}
    known = new | set(before.get("types") or ()) | set(before.get("fields") or ())
    return tuple(name for name in (*ours.types, *ours.fields) if name not in known)


def _notes(found: Found, fields: Mapping[str, str]) -> list[str]:
    notes = []
    if not found.codec:
        notes.append(
            'solrconfig.xml has no <codecFactory class="solr.SchemaCodecFactory"/>, so M and beam of the vector types '
            "are ignored: searches find the same, loading vectors takes longer. Only that file can change it."
        )
    if found.cloud:
        notes.append("SolrCloud: tried with one node and two shards, not with replicas on several nodes")
    if found.shared:
        notes.append(
            f"the configset is also that of {', '.join(found.shared)}: they get the fields and the handler too"
        )
    if "title" not in fields:
        notes.append("no field is mapped to title; hits will have none (--map title=…)")
    image = found.fields.get(fields.get("image", ""))
    if image is not None and image.multi_valued:
        notes.append(f"{image.name} has several values; the first one's picture stands for the document")
    return notes
