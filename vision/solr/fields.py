"""Which Solr field a catalogue column lives in, and which names a search may use."""

from __future__ import annotations

import re

from vision.errors import BadQuery

ATTRIBUTE_PREFIX = "attr_"
NUMBERS = ("price",)
# Between the values of a `{!terms}` query: no value can hold it, as control characters are refused.
SEPARATOR = "\u001f"
PLAIN = ("currency", "in_stock", "product_id")
_NAME = re.compile(r"[^\W\d]\w*\Z")


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
    """The Solr field of a filter, facet or range, by its catalogue name.

    Raises:
        BadQuery: a name that cannot be a field; whether the index has it is for the engine to say.
    """
    if name in NUMBERS or name in PLAIN:
        return name
    if not _NAME.match(name):
        raise BadQuery(f"{name!r} is no field name; letters, digits and '_', beginning with a letter", field=name)
    return ATTRIBUTE_PREFIX + name
