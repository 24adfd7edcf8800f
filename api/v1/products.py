"""One product, and the products that look like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from flask import Blueprint, Response, request

from api import documents
from api.access.keys import Role
from api.access.security import requires
from api.links import image_url, picture_url
from api.operations import Operation, Parameter, answer, describe
from api.parameters import whole_number
from api.services import services
from vision.errors import BadQuery
from vision.search import answers
from vision.search.presentation import ResultForm, form
from vision.search.request import SearchRequest

blueprint = Blueprint("products", __name__, url_prefix="/v1/products")

MAX_SIMILAR: Final = 100
MAX_LISTED: Final = 200

_FIELDS: Final = "id,product_id,title,description,image,url,price,currency,in_stock,attr_*"


class PictureForm(msgspec.Struct, frozen=True):
    """One of a product's pictures."""

    id: str
    image: str | None


class ProductForm(msgspec.Struct, frozen=True):
    """A product as one of its pictures, the one asked for, with the ids of all of them."""

    id: str
    product_id: str
    title: str
    description: str | None
    image: str | None
    attributes: dict[str, Any]
    pictures: list[PictureForm]


class ListedForm(msgspec.Struct, frozen=True):
    """A product or one of its pictures, as a list shows it."""

    id: str
    product_id: str
    title: str
    image: str | None
    attributes: dict[str, Any]


class ProductsForm(msgspec.Struct, frozen=True):
    """Products by the ids that were asked for; what is not there is left out."""

    products: dict[str, ListedForm]


@blueprint.get("")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "Several products, by their own or pictures' ids",
        answer=ProductsForm,
        parameters=(
            Parameter("id", "A product or a picture; repeated.", {"type": "array", "items": {"type": "string"}}),
        ),
        problems=(400, 502, 503),
    )
)
def several() -> Response:
    """Answer several products."""
    ids = request.args.getlist("id")
    if not 1 <= len(ids) <= MAX_LISTED:
        raise BadQuery(f"{len(ids):,} ids came; accepted: 1 to {MAX_LISTED}, as ?id=…&id=…", "id")
    return answer(ProductsForm(listed(ids)))


def listed(ids: Sequence[str]) -> dict[str, ListedForm]:
    """Products and pictures by their ids, of those that are there."""
    found = documents.several(services().client, ids, _FIELDS)
    return {
        asked: ListedForm(
            id=each["id"],
            product_id=each["product_id"],
            title=answers.first(each.get("title", "")),
            image=image_url(each["id"], answers.first(each.get("image"))),
            attributes=answers.attributes(each),
        )
        for asked, each in found.items()
    }


@blueprint.get("/<id:id>")
@requires(Role.SHOPPER)
@describe(Operation("One product, by its own or a picture's id", answer=ProductForm, problems=(404, 502, 503)))
def product(id: str) -> Response:
    """Answer one product."""
    client = services().client
    found = documents.find(client, id, _FIELDS)
    pictures = documents.matching(client, "product_id", found["product_id"], "id,image", rows=documents.MAX_PICTURES)
    return answer(
        ProductForm(
            id=found["id"],
            product_id=found["product_id"],
            title=answers.first(found.get("title", "")),
            description=answers.first(found.get("description")),
            image=image_url(found["id"], answers.first(found.get("image"))),
            attributes=answers.attributes(found),
            pictures=[
                PictureForm(each["id"], image_url(each["id"], answers.first(each.get("image")))) for each in pictures
            ],
        )
    )


@blueprint.get("/<id:id>/similar")
@requires(Role.SHOPPER)
@describe(
    Operation(
        "The products that look most like one, without that one",
        answer=ResultForm,
        parameters=(
            Parameter(
                "rows",
                "How many products.",
                {"type": "integer", "minimum": 0, "maximum": MAX_SIMILAR, "default": 24},
            ),
        ),
        problems=(400, 404, 502, 503),
    )
)
def similar(id: str) -> Response:
    """Answer a product's neighbours."""
    rows = whole_number("rows", request.args.get("rows"), default=24, low=0, high=MAX_SIMILAR)
    engine = services().engine
    own = documents.find(engine.client, id, "id,product_id")
    # One more than was asked for: the product itself is among its own neighbours, though behind its duplicates with
    # smaller ids, and so perhaps not on this page.
    result = engine.search(SearchRequest(image_id=own["id"], rows=rows + 1))
    shown = form(result, image=picture_url)
    others = [hit for hit in shown.hits if hit.product_id != own["product_id"]]
    return answer(msgspec.structs.replace(shown, hits=others[:rows], total=max(0, shown.total - 1), page=None))
