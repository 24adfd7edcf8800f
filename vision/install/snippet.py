"""The same additions as XML, for a collection that only its files can change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

_TAGS = {bool: "bool", int: "int", float: "float"}


def schema(types: Iterable[Mapping[str, Any]], fields: Iterable[Mapping[str, Any]]) -> str:
    """Lines for schema.xml."""
    lines = [_element("fieldType", each) for each in types] + [_element("field", each) for each in fields]
    return "\n".join(lines)


def handler(definition: Mapping[str, Any]) -> str:
    """A request handler for solrconfig.xml."""
    lines = [f"<requestHandler name={quoteattr(definition['name'])} class={quoteattr(definition['class'])}>"]
    for name, value in definition.items():
        if isinstance(value, Mapping):
            lines += _list(name, value, 1)
    return "\n".join([*lines, "</requestHandler>"])


def _list(name: str, values: Mapping[str, Any], depth: int) -> list[str]:
    indent = "  " * depth
    lines = [f"{indent}<lst name={quoteattr(name)}>"]
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines += _list(key, value, depth + 1)
        elif isinstance(value, list):
            items = "".join(f"<str>{escape(each)}</str>" for each in value)
            lines.append(f"{indent}  <arr name={quoteattr(key)}>{items}</arr>")
        else:
            tag = _TAGS.get(type(value), "str")
            lines.append(f"{indent}  <{tag} name={quoteattr(key)}>{escape(str(value))}</{tag}>")
    return [*lines, f"{indent}</lst>"]


def _element(tag: str, attributes: Mapping[str, Any]) -> str:
    flags = {True: "true", False: "false"}
    parts = (
        f"{name}={quoteattr(flags[value] if isinstance(value, bool) else str(value))}"
        for name, value in attributes.items()
    )
    return f"<{tag} {' '.join(parts)}/>"
