"""What we add to a collection, read from our own configset: the fields, their types and the request handler."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.etree import ElementTree

from vision.solr.resources import configsets

FIELDS = ("vector", "coarse", "embedding", "image_hash")
"""What a document gets beside its own fields."""
_STRING = "visual_string"
"""Our `string` under a name of its own, as the collection's may be another."""
_NUMBERS = {"int": int, "long": int, "float": float, "double": float}

_PROPERTY = re.compile(r"\$\{[\w.]+:(\w+)\}")
"""A core's own property with its default, which the Schema API does not know."""

Definition = Mapping[str, Any]


@dataclass(frozen=True)
class Additions:
    """Definitions as the Schema API takes and shows them, by name; parameters of the handler."""

    types: Mapping[str, Definition]
    fields: Mapping[str, Definition]
    defaults: Mapping[str, Any]
    invariants: Mapping[str, Any]


@cache
def additions() -> Additions:
    """Read them from ``solr_config/visual/conf``."""
    conf = configsets()["visual"]
    schema = ElementTree.parse(conf / "schema.xml").getroot()
    fields = {}
    for element in schema.iterfind("field"):
        if element.attrib["name"] in FIELDS:
            found = _definition(element)
            fields[found["name"]] = found | ({"type": _STRING} if found["type"] == "string" else {})
    wanted = {each["type"] for each in fields.values()}
    types = {}
    for element in schema.iterfind("fieldType"):
        found = _definition(element)
        if found["name"] == "string":
            found["name"] = _STRING
        if found["name"] in wanted:
            types[found["name"]] = found
    config = ElementTree.parse(conf / "solrconfig.xml").getroot()
    handler = config.find("requestHandler[@name='/select']")
    assert handler is not None and len(fields) == len(FIELDS) and len(types) == len(wanted)
    return Additions(types, fields, _parameters(handler, "defaults"), _parameters(handler, "invariants"))


def _definition(element: ElementTree.Element) -> dict[str, Any]:
    flags = {"true": True, "false": False}
    plain = {name: _PROPERTY.sub(r"\1", value) for name, value in element.attrib.items()}
    return {name: flags.get(value, value) for name, value in plain.items()}


def _parameters(handler: ElementTree.Element, name: str) -> dict[str, Any]:
    found = {}
    for each in handler.iterfind(f"lst[@name='{name}']/*"):
        kind = _NUMBERS.get(each.tag, str)
        found[each.attrib["name"]] = kind((each.text or "").strip())
    return found
