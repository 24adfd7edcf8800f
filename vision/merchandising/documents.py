"""Attributes of a collection's documents, read as they are now, and written where nobody wrote since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vision.errors import BadQuery
from vision.merchandising.model import Intent, Values
from vision.merchandising.steps import Held
from vision.solr.client import SolrClient
from vision.solr.fields import KNOWN, SEPARATOR
from vision.solr.updates import atomic, current, documents

MAX_VALUE: Final = 1000
"""Characters of a value, as in a catalogue."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_TEXTS: Final = ("StrField", "TextField", "SortableTextField")


def check(field: str, values: Iterable[str]) -> None:
    """See that an attribute may be changed, and to these values.

    Raises:
        BadQuery: it may not.
    """
    if field in KNOWN:
        raise BadQuery(f"{field!r} is no attribute; category and a catalogue's own columns can be changed", "field")
    for value in values:
        if not value.strip() or value != value.strip() or len(value) > MAX_VALUE or _CONTROL.search(value):
            raise BadQuery(
                f"{field} cannot be {value[:40]!r}; accepted: 1 to {MAX_VALUE:,} characters without a line break or "
                "tab, and no space at either end",
                "new",
            )


@dataclass(frozen=True)
class _Column:
    """Where an attribute lives, and whether a document has one value of it at most."""

    solr: str
    single: bool


class Documents:
    """Documents of one collection, by product."""

    def __init__(self, client: SolrClient) -> None:
        """Nothing is asked yet."""
        self.client = client
        self._columns: dict[str, _Column] = {}

    def column(self, field: str) -> _Column:
        """Where an attribute lives.

        Raises:
            BadQuery: nowhere, or in a field that does not hold text.
        """
        if field not in self._columns:
            solr, single = self.client.names.field(field), False
            if self.client.names.fields is not None:
                described = self.client.get_json(f"schema/fields/{solr}", showDefaults="true", includeDynamic="true")
                single = not described["field"].get("multiValued", False)
                kind = self.client.get_json(f"schema/fieldtypes/{described['field']['type']}")["fieldType"]["class"]
                if kind.rpartition(".")[2] not in _TEXTS:
                    raise BadQuery(f"{field!r} is in {solr}, a {kind}; attributes of text can be changed", "field")
            self._columns[field] = _Column(solr, single)
        return self._columns[field]

    def check(self, field: str, values: Sequence[str]) -> None:
        """As :func:`check`, and whether this collection can hold them.

        Raises:
            BadQuery: it cannot.
        """
        check(field, values)
        if self.column(field).single and len(values) > 1:
            raise BadQuery(f"{field!r} holds one value in this collection, not {len(values)}", "new")

    def read(self, products: Sequence[str], fields: Iterable[str]) -> dict[str, dict[str, Held]]:
        """The documents of products as they are now, by id; those added since the last commit are not seen."""
        names = self.client.names
        key, product = names.key, names.product
        query = f"{{!terms f={product} cache=false separator='{SEPARATOR}' v=$wanted}}"
        pages = documents(self.client, key, key, query, wanted=SEPARATOR.join(products))
        ids = [str(each[key]) for page in pages for each in page]
        columns = {name: self.column(name).solr for name in fields}
        listed = ",".join(dict.fromkeys((key, product, "_version_", *columns.values())))
        found: dict[str, dict[str, Held]] = {each: {} for each in products}
        for id, each in current(self.client, key, ids, listed).items():
            if (owner := str(each.get(product, ""))) in found:
                values = {name: _values(each.get(solr)) for name, solr in columns.items()}
                found[owner][id] = Held(int(each["_version_"]), values)
        return found

    def write(self, wanted: Mapping[str, Mapping[str, Intent]]) -> dict[str, int]:
        """Set attributes of documents that still have the versions named; returns the new versions of those that had.

        Args:
            wanted: by document and attribute; all of a document name the same version.
        """
        key = self.client.names.key
        updates = []
        for id, intents in wanted.items():
            update: dict[str, Any] = {key: id}
            for name, intent in intents.items():
                column = self.column(name)
                values: Any = intent.after and list(intent.after)
                update["_version_"] = intent.version
                update[column.solr] = {"set": values[0] if column.single and values else values or None}
            updates.append(update)
        compared = sorted({self.column(name).solr for intents in wanted.values() for name in intents})
        return atomic(self.client, key, updates, compared=compared)


def _values(raw: Any) -> Values:
    if raw is None or raw == []:
        return None
    return tuple(str(each) for each in raw) if isinstance(raw, list) else (str(raw),)
