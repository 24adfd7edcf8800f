"""A SolrCloud's collections and the names that they are asked by: an alias, so that another can take one's place.

What is made as ``products`` is the collection ``products_1`` with the alias ``products``. Solr resolves aliases in all
that reads and writes; what administers a collection wants its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from vision.errors import Conflict


def real(cluster: Mapping[str, Any], name: str) -> str:
    """The collection that a name stands for, or the name itself, be there one or not.

    Args:
        cluster: what ``CLUSTERSTATUS`` says.
        name: of a collection, or an alias.

    Raises:
        Conflict: an alias of several collections.
    """
    found = str(cluster.get("aliases", {}).get(name, name))
    if "," in found:
        raise Conflict(f"{name!r} is an alias of several collections, {found}; give one that stands for a single one")
    return found


def shown(cluster: Mapping[str, Any]) -> list[str]:
    """The collections, each by its alias if it has one."""
    by_real = {target: alias for alias, target in sorted(cluster.get("aliases", {}).items(), reverse=True)}
    return sorted(by_real.get(each, each) for each in cluster.get("collections", {}))


def free(cluster: Mapping[str, Any], name: str) -> str:
    """What a new collection may be called, whose alias is ``name``."""
    taken = {*cluster.get("collections", {}), *cluster.get("aliases", {})}
    return next(each for number in count(1) if (each := f"{name}_{number}") not in taken)
