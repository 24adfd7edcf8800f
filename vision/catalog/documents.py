"""A checked product and its vectors as a Solr document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.catalog.product import Product
from vision.catalog.regions import Part
from vision.solr.fields import region_id, solr_field

_PLAIN = ("description", "price", "currency", "url", "in_stock")


def document(
    product: Product,
    *,
    vector: NDArray[np.float32],
    coarse: NDArray[np.int8],
    embedding: str,
    image_hash: bytes,
    root: str,
) -> dict[str, Any]:
    """Compose the document of a product with a picture; absent values are left out.

    Args:
        product: the row.
        vector: (1024,) float32.
        coarse: (256,) int8.
        embedding: fingerprint that the vectors were made with.
        image_hash: SHA-256 of the picture's bytes.
        root: short name of the folder that ``product.image`` is relative to.
    """
    return without_picture(product) | {
        "image": product.image,
        "root": root,
        "image_hash": image_hash.hex(),
        "vector": np.ascontiguousarray(vector),
        "coarse": np.ascontiguousarray(coarse),
        "embedding": embedding,
    }


def of_region(
    whole: Mapping[str, Any], part: Part, *, detector: str, vector: NDArray[np.float32], coarse: NDArray[np.int8]
) -> dict[str, Any]:
    """Compose the document of a region: all that its picture's has, where in the picture it is, and its own vectors.

    Args:
        whole: the picture's document.
        part: the region.
        detector: fingerprint of what found it.
        vector: (1024,) float32 of the region.
        coarse: (256,) int8 of it.
    """
    return dict(whole) | {
        "id": region_id(whole["id"], part.number),
        "picture_id": whole["id"],
        "box": list(part.region.box),
        "label": part.region.label,
        "detector": detector,
        "vector": np.ascontiguousarray(vector),
        "coarse": np.ascontiguousarray(coarse),
    }


def without_picture(product: Product) -> dict[str, Any]:
    """Compose the document of a product that has no picture: found by words and facets, ranked last by picture."""
    composed: dict[str, Any] = {"id": product.id, "product_id": product.product_id, "title": product.title}
    for name in _PLAIN:
        value = getattr(product, name)
        if value is not None:
            composed[name] = value
    for name, values in product.attributes.items():
        composed[solr_field(name)] = list(values)
    return composed
