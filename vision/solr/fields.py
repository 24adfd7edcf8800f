"""Which Solr field a catalogue column lives in, and which names a search may use."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vision.errors import BadQuery

ATTRIBUTE_PREFIX = "attr_"
NUMBERS = ("price",)
# Between the values of a `{!terms}` query: no value can hold it, as control characters are refused.
SEPARATOR = "\u001f"
PLAIN = ("currency", "in_stock", "product_id")
KNOWN = ("id", "product_id", "title", "description", "image", "url", "price", "currency", "in_stock")
"""The names with a meaning of their own; every other name is an attribute."""
REGIONS = "box:*"
"""Finds the documents of regions; the document of a whole picture has no box."""
REGION_FIELDS = ("picture_id", "box", "label")
"""What a search returns of a region's document besides what every document has; in our own schema alone."""
HANDLER = "visual"
"""The request handler, and the member of it that says how an installed collection's fields are called."""
_NAME = re.compile(r"[^\W\d]\w*\Z")
_REGION = re.compile(r"#region-\d+\Z")


def attribute_name(column: str) -> str:
    """Turn a catalogue column's heading into an attribute name: ``Neck line`` becomes ``neck_line``.

    Raises:
        ValueError: nothing usable is left of the heading.
    """
    name = re.sub(r"\W+", "_", column.strip()).strip("_").lower()
    if not _NAME.match(name):
        raise ValueError(f"column {column!r} gives no field name: begin it with a letter")
    return name


def solr_field(name: str) -> str:
    """The Solr field of a filter, facet or range, by its catalogue name, in our own schema.

    Raises:
        BadQuery: a name that cannot be a field; whether the index has it is for the engine to say.
    """
    if name in NUMBERS or name in PLAIN:
        return name
    if not _NAME.match(name):
        raise BadQuery(f"{name!r} is no field name; letters, digits and '_', beginning with a letter", field=name)
    return ATTRIBUTE_PREFIX + name


def region_id(picture: str, number: int) -> str:
    """The id of a region's document: that of its picture, which sorts before it, and the region's number from 1 on."""
    return f"{picture}#region-{number}"


def of_region(id: str) -> str | None:
    """The id of the picture that a region's id speaks of, or None of any other id; no catalogue's id is a region's."""
    found = _REGION.search(id)
    return None if found is None else id[: found.start()]


@dataclass(frozen=True)
class FieldMap:
    """How a collection calls what a search speaks of; without arguments, as our own schema does.

    Attributes:
        handler: the request handler that searches go to.
        key: the collection's uniqueKey.
        fields: Solr field by catalogue name, of a collection that is not ours; None in our own.
        root: short name of the folder that the pictures' paths are relative to, where one was given.
    """

    handler: str = "select"
    key: str = "id"
    fields: Mapping[str, str] | None = None
    root: str | None = field(default=None, kw_only=True)

    @classmethod
    def from_handler(cls, handler: Mapping[str, Any] | None) -> FieldMap:
        """Read what an installed handler's configuration says; our own names where there is none."""
        record = (handler or {}).get(HANDLER)
        if not isinstance(record, Mapping) or "key" not in record:
            return cls()
        fields = {str(name): str(value) for name, value in dict(record.get("fields") or {}).items()}
        return cls(HANDLER, str(record["key"]), fields, root=record.get("root") or None)

    @property
    def product(self) -> str:
        """The field that the pictures of a product share; the key where each document is a product."""
        return self.known("product_id") or self.key

    @property
    def groups(self) -> bool:
        """Whether several documents may show one product, so that there is anything to group."""
        return self.product != self.key

    @property
    def pictures(self) -> list[str]:
        """The ``fq`` that leaves whole pictures and takes out their regions, which only our own schema has."""
        return [f"-{REGIONS}"] if self.fields is None else []

    def known(self, name: str) -> str | None:
        """The Solr field of one of :data:`KNOWN`; None where the collection has none."""
        if self.fields is None:
            return name
        if name == "id" or (name == "product_id" and name not in self.fields):
            return self.key
        return self.fields.get(name)

    def field(self, name: str) -> str:
        """The Solr field of a filter, facet or range.

        Raises:
            BadQuery: a name that cannot be a field, or one that the collection's mapping does not have.
        """
        if self.fields is None:
            return solr_field(name)
        found = self.known(name)
        if found is None:
            accepted = ", ".join(self.attributes(tuple(self.fields.values()))) or "none, none was mapped"
            raise BadQuery(f"no field is mapped to {name!r}; accepted: {accepted}", field=name)
        return found

    def attributes(self, indexed: Collection[str]) -> tuple[str, ...]:
        """The names that can be filtered and faceted by, of a collection whose documents have these fields."""
        if self.fields is None:
            found = [each.removeprefix(ATTRIBUTE_PREFIX) for each in indexed if each.startswith(ATTRIBUTE_PREFIX)]
        else:
            found = [name for name, solr in self.fields.items() if name not in KNOWN and solr in indexed]
        plain = [name for name in PLAIN if name != "product_id" and self.known(name) in indexed]
        return (*sorted(found), *plain)

    def returned(self, names: str) -> str:
        """``fl`` for these names, separated by commas, so that the answer has them as our own schema would."""
        return names if self.fields is None else ",".join(self._aliases(names))

    def _aliases(self, names: str) -> Iterator[str]:
        assert self.fields is not None
        for name in names.split(","):
            if name == ATTRIBUTE_PREFIX + "*":
                others = {each: solr for each, solr in self.fields.items() if each not in KNOWN}
                yield from (f"{ATTRIBUTE_PREFIX}{each}:{solr}" for each, solr in others.items())
            elif name in REGION_FIELDS:
                continue  # theirs may mean something else
            elif name == "root":
                yield from [] if self.root is None else [f"root:[value v={self.root}]"]
            elif name in KNOWN:
                found = self.known(name)
                yield from [] if found is None else [name if found == name else f"{name}:{found}"]
            else:
                yield name
