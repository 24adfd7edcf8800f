"""Numbers, vectors and tags as Solr reads them back."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

GROUP_TAG = "group"
"""The tag of the filter that groups pictures to products."""
CONSTANT = "{!cache=false}*:*"
"""A filter that is always sent, and never kept."""


def number(value: float) -> str:
    """Write a number so that Solr reads the same double back."""
    return repr(float(value))


def vector(values: NDArray[Any]) -> str:
    """Write a vector as Solr's functions and ``{!knn}`` read it; float32 values come back bit for bit."""
    return orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def tag(name: str) -> str:
    """The tag of a field's own filter, by which its facet leaves it out."""
    return f"by_{name}"
