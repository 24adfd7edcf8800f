"""Whether documents survive an atomic update: Solr rebuilds them from what it can give back, and drops the rest."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from vision.install.inspection import Field, Found
from vision.install.ours import FIELDS

_SOLRS_OWN = ("_version_", "_root_", "_nest_path_", "_nest_parent_")
# These keep one stored value and derive fields of other types from it.
_DERIVING = ("PointType", "CurrencyField", "CurrencyFieldType", "LatLonType")


def lost(found: Found) -> tuple[str, ...]:
    """Fields that documents have and Solr cannot give back: an update of anything else would drop their values."""
    copied = [dest for _, dest in found.copies()]
    return tuple(
        each.name
        for each in _theirs(found)
        if not each.readable and not _matches(each.name, copied) and not _derived(each, found)
    )


def doubled(found: Found) -> tuple[str, ...]:
    """Stored fields filled through a pattern (``dest="*_x"``): Solr copies into them once more at each update."""
    exact = {dest for _, dest in found.copies() if "*" not in dest}
    patterns = [dest for _, dest in found.copies() if "*" in dest]
    return tuple(
        each.name
        for each in _theirs(found)
        if each.readable
        and each.name not in exact
        and _matches(each.name, patterns)
        and (each.stored or each.kind != "StrField")
    )


def swallowed(found: Found) -> tuple[str, ...]:
    """The copyFields that would copy our vectors somewhere, as ``* to _text_``."""
    return tuple(
        f"{source} to {dest}" for source, dest in found.copies() if any(fnmatchcase(name, source) for name in FIELDS)
    )


def problems(found: Found) -> list[str]:
    """Why vectors cannot be added to this collection's documents, in words."""
    wrong = []
    if names := lost(found):
        wrong.append(
            f"{', '.join(names)}: neither stored nor given back from docValues, nor filled by a copyField. A document "
            "is updated from what Solr can give back, so their values would be lost. Store them and index the "
            "documents again first"
        )
    if names := doubled(found):
        wrong.append(
            f"{', '.join(names)}: stored, and filled by a copyField with a pattern as its destination. Solr would fill "
            "them once more at each update. Name the destination, or do not store it"
        )
    if copies := swallowed(found):
        wrong.append(
            f"copyField {', '.join(copies)}: the 1,024 numbers of each vector would be copied as well. Name the fields "
            "that are to be copied, and index again"
        )
    if "_nest_path_" in found.present:
        wrong.append("the documents are nested; a document inside another cannot be updated by its id alone")
    if found.declared("fields", "_version_") is None:
        wrong.append("the schema has no field _version_, which tells whether somebody changed a document meanwhile")
    if not found.log:
        wrong.append("solrconfig.xml has no <updateLog/>, which updating a document needs; add it and reload")
    return wrong


def _theirs(found: Found) -> Sequence[Field]:
    ours = {*FIELDS, *_SOLRS_OWN}
    return [found.fields[name] for name in sorted(found.present - ours) if name in found.fields]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _derived(each: Field, found: Found) -> bool:
    """Whether a field is what a currency or a point is taken apart into: ``price____amount`` of ``price``."""
    return any(
        parent.kind in _DERIVING and parent.readable and each.name.startswith(f"{name}_")
        for name, parent in found.fields.items()
    )
