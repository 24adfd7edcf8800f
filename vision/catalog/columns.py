"""A catalogue's headings: which column is meant, however it is spelt."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from vision.solr.fields import attribute_name

REQUIRED = ("id", "title", "image")
KNOWN = ("id", "title", "image", "description", "category", "price", "currency", "url", "in_stock", "product_id")


@lru_cache(maxsize=1024)
def columns(headings: tuple[str, ...]) -> tuple[str, ...]:
    """The column name of each heading: ``Price`` is ``price``, ``Neck line`` is ``neck_line``, an empty one stays so.

    Raises:
        ValueError: a heading that gives no name, or two that give the same.
    """
    found: dict[str, list[str]] = defaultdict(list)
    names = []
    for heading in headings:
        name = attribute_name(heading) if heading.strip() else ""
        names.append(name)
        if name:
            found[name].append(heading)
    for name, same in found.items():
        if len(same) > 1:
            spelt = ", ".join(repr(heading) for heading in same)
            raise ValueError(f"has the column {name!r} {len(same)} times ({spelt}); name each once")
    return tuple(names)
