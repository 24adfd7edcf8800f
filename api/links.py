"""The addresses of products and pictures, and the ids in them."""

from __future__ import annotations

from urllib.parse import quote

from werkzeug.routing import BaseConverter

from vision.catalog.pictures import is_url
from vision.search.model import Hit


class IdConverter(BaseConverter):
    """A product's or picture's id in a path: any text, slashes too, as catalogues have them."""

    regex = ".+?"
    part_isolating = False
    weight = 200


def picture_url(hit: Hit) -> str | None:
    """Where a hit's picture is: at this server, or where the catalogue says if that is a web address."""
    return image_url(hit.id, hit.image)


def image_url(id: str, image: str | None) -> str | None:
    """The address of one picture; None for a document without one."""
    if not image:
        return None
    return image if is_url(image) else f"/v1/products/{quote(id, safe='')}/image"
