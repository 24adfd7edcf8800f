"""The merchandiser's pages: what the tools find, the desk where it is decided, and what was changed.

Everything they show comes from what programs get by the same routes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from api.access.keys import Role
from api.access.security import requires
from api.pages import addresses, frame, showing
from api.parameters import whole_number
from api.services import services
from api.v1.facets import FacetsForm, known_facets
from api.v1.products import MAX_LISTED, ListedForm, listed
from api.v1.proposals import wanted
from vision.errors import SolrError
from vision.merchandising import changes
from vision.merchandising.model import Outcome, State
from vision.merchandising.presentation import ProposalForm, change_form, item_form, proposal_form
from vision.merchandising.proposal import Tool
from vision.search.request import SearchRequest
from vision.solr.fields import KNOWN

blueprint = Blueprint("merchandise", __name__, url_prefix="/merchandise")
frame.install(blueprint)

ROWS: Final = 100
_CHANGES: Final = 25
_ITEMS: Final = 50
_UNFINISHED: Final = 20
_MODULES: Final = {
    name: frame.modules(f"merchandise/{name}.js")
    for name in ("groups", "fill", "audit", "duplicates", "proposals", "changes")
}


@blueprint.get("/groups")
@requires(Role.MERCHANDISER)
def groups() -> Response:
    """Answer the page of groups that look alike."""
    return _tool("groups")


@blueprint.get("/fill")
@requires(Role.MERCHANDISER)
def fill() -> Response:
    """Answer the page that fills gaps; each attribute with how many products lack it."""
    fields = _fields()
    engine = services().engine
    missing = {name: engine.search(_without(name), logged=False).total for name in fields}
    return _tool("fill", missing=missing)


@blueprint.get("/audit")
@requires(Role.MERCHANDISER)
def audit() -> Response:
    """Answer the page that looks for wrong values."""
    return _tool("audit")


@blueprint.get("/duplicates")
@requires(Role.MERCHANDISER)
def duplicates() -> Response:
    """Answer the page of the same pictures."""
    return _tool("duplicates")


@blueprint.get("/proposals")
@requires(Role.MERCHANDISER)
def proposals() -> Response:
    """Answer the desk: what is proposed, and one proposal with its evidence."""
    start = _start()
    kept, total = services().desk.proposals.page(wanted(), rows=ROWS, start=start)
    found = [proposal_form(each) for each in kept]
    asked = request.args.get("id", "")
    shown = next((each for each in found if each.id == asked), found[0] if found else None)
    products, notice = _products(_named(found, shown))
    return frame.render(
        "merchandise/proposals.html",
        modules=_MODULES["proposals"],
        showing=showing,
        proposals=found,
        shown=shown,
        products=products,
        total=total,
        start=start,
        rows=ROWS,
        given=request.args,
        states=[state.value for state in State],
        tools=[tool.value for tool in Tool],
        fields=sorted({*_fields_or_none(), *filter(None, [request.args.get("field")])}),
        unfinished=_unfinished(),
        notice=notice,
        address=_address,
        answer=frame.embedded({"proposals": found, "products": products, "total": total}),
    )


@blueprint.get("/changes", defaults={"change_id": None})
@blueprint.get("/changes/<change_id>")
@requires(Role.MERCHANDISER)
def log(change_id: str | None) -> Response:
    """Answer what was changed: all change sets, or one with what it did to each product."""
    start = _start()
    journal = services().desk.journal
    if change_id is None:
        with journal.reading() as database:
            found, total = changes.page(database, rows=_CHANGES, start=start)
        every = [change_form(each) for each in found]
        return frame.render(
            "merchandise/changes.html",
            modules=_MODULES["changes"],
            showing=showing,
            changes=every,
            total=total,
            start=start,
            rows=_CHANGES,
            outcomes=[outcome.value for outcome in Outcome],
            address=_address,
        )
    with journal.reading() as database:
        change = change_form(changes.get(database, change_id))
        items = [item_form(each) for each in changes.settled(database, change_id, rows=_ITEMS, start=start)]
    products, notice = _products([each.product for each in items])
    return frame.render(
        "merchandise/change.html",
        modules=_MODULES["changes"],
        showing=showing,
        change=change,
        items=items,
        products=products,
        total=sum(change.counts.values()),
        start=start,
        rows=_ITEMS,
        notice=notice,
        address=_address,
    )


def _tool(name: str, **values: Any) -> Response:
    """The page of a tool: its form, and the job that it was asked to show."""
    known = _known()
    return frame.render(
        f"merchandise/{name}.html",
        modules=_MODULES[name],
        showing=showing,
        asked=addresses.read(request.args),
        given=request.args,
        job=request.args.get("job", ""),
        known=known,
        fields=[each for each in known.facets if each not in KNOWN],
        **values,
    )


def _known() -> FacetsForm:
    return known_facets(services().engine)


def _fields() -> list[str]:
    return [each for each in services().engine.collection.attributes() if each not in KNOWN]


def _fields_or_none() -> list[str]:
    """Attributes to choose by; a stopped Solr does not hide what is kept here."""
    try:
        return _fields()
    except SolrError:
        return []


def _without(field: str) -> SearchRequest:
    return SearchRequest(q="*", missing=[field], rows=0, spelling="off")


def _named(proposals: Iterable[ProposalForm], shown: ProposalForm | None) -> list[str]:
    """Products of proposals, and the neighbours of the one that is shown."""
    return [each.product for each in proposals] + (list(shown.evidence.neighbours) if shown is not None else [])


def _products(ids: list[str]) -> tuple[dict[str, ListedForm], str]:
    """Products by id, and what to say where Solr does not tell."""
    wanted = list(dict.fromkeys(ids))[:MAX_LISTED]
    if not wanted:
        return {}, ""
    try:
        return listed(wanted), ""
    except SolrError as error:
        return {}, str(error)


def _unfinished() -> list[Any]:
    """Change sets among the latest that stopped in the middle."""
    with services().desk.journal.reading() as database:
        found, _ = changes.page(database, rows=_UNFINISHED)
    return [form for each in found if (form := change_form(each)).state == "unfinished"]


def _start() -> int:
    return whole_number("start", request.args.get("start"), default=0, low=0, high=10**9 - 1)


def _address(**changed: object) -> str:
    """This page's address with other members; an empty one is left out."""
    members = {name: value for name, value in request.args.items() if value} | changed
    return request.path + "?" + urlencode({name: value for name, value in members.items() if value not in ("", 0)})
