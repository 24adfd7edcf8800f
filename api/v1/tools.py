"""`/v1/clusters`, `/v1/fills`, `/v1/audits`, `/v1/duplicates`: the merchandiser's tools; all end in proposals."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec
from flask import Blueprint, Response

from api import parts
from api.access.keys import Role
from api.access.security import requires
from api.operations import JSON, PNG, Operation, answer, describe
from api.services import services
from vision.errors import BadQuery
from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.requests import (
    AssignedForm,
    AssignRequest,
    AuditForm,
    AuditRequest,
    ClusterRequest,
    ClustersForm,
    DuplicatesForm,
    DuplicatesRequest,
    FillForm,
    FillRequest,
)
from vision.merchandising.tools.workbench import Workbench

blueprint = Blueprint("tools", __name__, url_prefix="/v1")

T = TypeVar("T", bound=msgspec.Struct)
_PROBLEMS: Final = (400, 404, 409, 413, 415, 422, 502, 503, 504)


@blueprint.post("/clusters")
@requires(Role.MERCHANDISER)
@describe(Operation("Groups of products that look alike", answer=ClustersForm, body=ClusterRequest, problems=_PROBLEMS))
def clusters() -> Response:
    """Answer clusters of what a search finds."""
    return answer(_workbench().cluster(_read(ClusterRequest)))


@blueprint.post("/clusters/map")
@requires(Role.MERCHANDISER)
@describe(Operation("The same clusters on a plane, as PNG", media=PNG, body=ClusterRequest, problems=_PROBLEMS))
def picture() -> Response:
    """Answer a picture."""
    return Response(_workbench().picture(_read(ClusterRequest)), content_type=PNG)


@blueprint.post("/clusters/assign")
@requires(Role.MERCHANDISER)
@describe(
    Operation("A value for the products of a cluster", answer=AssignedForm, body=AssignRequest, problems=_PROBLEMS)
)
def assign() -> Response:
    """Answer proposals for a cluster."""
    return answer(AssignedForm(_workbench().assign(_read(AssignRequest))))


@blueprint.post("/fills")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "Values for products without one, learned from the others or from a few examples",
        answer=FillForm,
        body=FillRequest,
        problems=_PROBLEMS,
    )
)
def fills() -> Response:
    """Answer proposals, and questions where there are examples."""
    return answer(_workbench().fill(_read(FillRequest)))


@blueprint.post("/audits")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "Products whose pictures speak against an attribute, the most suspicious first",
        answer=AuditForm,
        body=AuditRequest,
        problems=_PROBLEMS,
    )
)
def audits() -> Response:
    """Answer proposals, ranked."""
    return answer(_workbench().audit(_read(AuditRequest)))


@blueprint.post("/duplicates")
@requires(Role.MERCHANDISER)
@describe(
    Operation(
        "Products that show the same picture, or nearly the same",
        answer=DuplicatesForm,
        body=DuplicatesRequest,
        problems=_PROBLEMS,
    )
)
def duplicates() -> Response:
    """Answer groups of products."""
    return answer(_workbench().duplicates(_read(DuplicatesRequest)))


def _workbench() -> Workbench:
    wired = services()
    return Workbench(wired.engine, Budget(float(wired.settings.tools_seconds)))


def _read(kind: type[T]) -> T:
    accepted = f"accepted: {JSON} with {', '.join(each.name for each in msgspec.structs.fields(kind))}"
    try:
        return msgspec.json.decode(parts.json_body(accepted), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadQuery(f"the body is not understood: {error}; {accepted}") from error
