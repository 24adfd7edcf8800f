"""`GET /v1/catalogues`: the files that were indexed from this machine, which jobs may name."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import msgspec
from flask import Blueprint, Response

from api.access.keys import Role
from api.access.security import requires
from api.operations import Operation, answer, describe
from api.services import services
from vision.catalog import reader
from vision.catalog.catalogues import Catalogue
from vision.errors import BadCatalogue

blueprint = Blueprint("catalogues", __name__, url_prefix="/v1")

_LOOKED_AT = 100
"""Rows that columns are read from."""


class CatalogueForm(msgspec.Struct, frozen=True):
    """A file, and how it was last indexed; ``columns`` are its own, and empty where it is not ``there`` any more.

    ``rows`` were indexed; null where the run did not come to its end.
    """

    id: str
    name: str
    file: str
    there: bool
    columns: list[str]
    collection: str
    extractor: str
    dims: int
    detect: bool
    rows: int | None
    time: datetime


class CataloguesForm(msgspec.Struct, frozen=True):
    """What was indexed from this machine, the last one first."""

    catalogues: list[CatalogueForm]


@blueprint.get("/catalogues")
@requires(Role.ENGINEER)
@describe(Operation("Catalogues that were indexed from this machine", answer=CataloguesForm))
def listed() -> Response:
    """Answer all catalogues."""
    return answer(CataloguesForm(known()))


def known() -> list[CatalogueForm]:
    """All of them, the last one first."""
    return [_form(each) for each in services().workspace.catalogues().all()]


def _form(each: Catalogue) -> CatalogueForm:
    return CatalogueForm(
        id=each.id,
        name=each.path.name,
        file=each.file,
        there=each.path.is_file(),
        columns=_columns(each),
        collection=each.collection,
        extractor=each.extractor,
        dims=each.dims,
        detect=each.detect,
        rows=each.rows,
        time=datetime.fromtimestamp(each.time, UTC),
    )


def _columns(each: Catalogue) -> list[str]:
    found: dict[str, None] = {}
    try:
        for _, row, _ in islice(reader.rows(each.path), _LOOKED_AT):
            found |= dict.fromkeys(row or ())
    except BadCatalogue:
        return []
    return list(found)
