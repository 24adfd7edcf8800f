"""A plan carried out, and an installation taken out again, through the Schema and Config APIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vision.errors import Conflict, NotFound, SolrRefused
from vision.install.inspection import Found
from vision.install.ours import FIELDS
from vision.install.plan import PATH, Plan
from vision.solr.client import SolrClient
from vision.solr.updates import atomic, documents

_ROUNDS = 5


def apply(client: SolrClient, plan: Plan) -> None:
    """Add what is missing. The handler comes first: it holds the record of what is added, for whoever undoes it.

    Raises:
        SolrRefused: Solr took nothing, or the handler and none of the fields; run it again, or undo it.
    """
    if plan.handler is not None:
        command = "update-requesthandler" if plan.replaces else "add-requesthandler"
        client.post("config", {command: dict(plan.handler)})
    if plan.types or plan.fields:
        # One request is carried out whole or not at all.
        client.post("schema", {"add-field-type": list(plan.types), "add-field": list(plan.fields)})


def removals(found: Found) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields and the field types that were added and are still there."""
    added: Mapping[str, Any] = (found.installed or {}).get("added") or {}
    fields = tuple(name for name in added.get("fields", ()) if found.declared("fields", name))
    types = tuple(name for name in added.get("types", ()) if found.declared("fieldTypes", name))
    return fields, types


def check_installed(client: SolrClient, found: Found) -> None:
    """See that there is something to undo.

    Raises:
        NotFound: nothing of ours is there.
    """
    if found.installed is None:
        raise NotFound(f"collection {client.collection!r} at {client.shown} has no {PATH} of ours; nothing to undo")


def clear(client: SolrClient, found: Found, progress: Callable[[int, int], None]) -> int:
    """Take our values out of every document that has them, and nothing else; returns how many had.

    Raises:
        Conflict: somebody kept changing documents, so that some still have values.
    """
    ours = [name for name in FIELDS if found.declared("fields", name)]
    if "embedding" not in ours:
        return 0
    key, cleared = found.key, 0
    client.commit()
    for _ in range(_ROUNDS):
        total = client.count("embedding:*")
        if not total:
            return cleared
        for batch in documents(client, key, f"{key},_version_", query="embedding:*"):
            nothing = {name: {"set": None} for name in ours}
            updates = [{key: each[key], "_version_": each["_version_"]} | nothing for each in batch]
            cleared += len(atomic(client, key, updates, compared=("embedding",)))
            progress(cleared, total)
        client.commit()
    if left := client.count("embedding:*"):
        raise Conflict(
            f"{left:,} documents of {client.collection!r} changed again and again; run the same command again"
        )
    return cleared


def remove(client: SolrClient, found: Found) -> tuple[str, ...]:
    """Remove fields, types and, last, the handler with its record; returns what files still hold.

    Raises:
        SolrRefused: something of theirs refers to our fields or types by now; nothing was removed.
    """
    fields, types = removals(found)
    commands = {"delete-field": fields, "delete-field-type": types}
    body = {command: [{"name": name} for name in names] for command, names in commands.items() if names}
    if body:
        try:
            client.post("schema", body)
        except SolrRefused as error:
            raise SolrRefused(
                f"{error}; vectors are gone from the documents, {', '.join(fields)} are still in the schema: remove "
                "what refers to them (a copyField, a field of one of our types) and run the same command again",
                error.status,
            ) from error
    left = [name for name in FIELDS if name not in fields and found.declared("fields", name)]
    if PATH in found.overlaid:
        client.post("config", {"delete-requesthandler": PATH})
    else:
        left.append(PATH)
    return tuple(left)
