"""Requests beside the ranking one: neighbours of a picture, phrases and words of the index. Pure, as the composer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.search.composer import CONSTANT, SUGGESTED, Params, vector
from vision.solr.fields import REGIONS, SEPARATOR, FieldMap

_OURS = FieldMap()


@dataclass(frozen=True)
class Others:
    """Which pictures may be neighbours.

    Attributes:
        product: whose pictures may not be.
        field: Solr's, of ``values``.
        values: of the field.
        same: whether a neighbour must have one of the values, or must have another one; None where it does not matter.
            What has no value at all may be of any kind, so that it is neither.
        regions: whether regions of pictures may be as well: what a product is need not be true of each thing beside it.
    """

    product: str | None = None
    field: str = ""
    values: tuple[str, ...] = ()
    same: bool | None = None
    regions: bool = True


def compose_neighbours(
    asked: NDArray[np.float32],
    coarse: NDArray[np.int8],
    others: Others,
    rows: int,
    returned: str,
    names: FieldMap = _OURS,
) -> Params:
    """The nearest pictures, one of each product, with ``similarity`` and the fields ``returned``.

    Args:
        asked: (1024,) float32.
        coarse: (256,) int8 of the same.
        others: which they may be.
        rows: how many.
        returned: names of Solr's fields.
        names: how the collection calls its own.
    """
    group = names.product
    clauses = ["must=$all"]
    params: Params = {"all": "*:*"}
    if others.product is not None:
        clauses.append("must_not=$itself")
        params |= {"itself": f"{{!term f={group} v=$product}}", "product": others.product}
    if others.same is not None:
        clauses.append("must=$kind" if others.same else "must=$known must_not=$kind")
        params |= {
            "known": f"{others.field}:[* TO *]",
            "kind": f"{{!terms f={others.field} separator='{SEPARATOR}' v=$kinds}}",
            "kinds": SEPARATOR.join(others.values),
        }
    if not others.regions and names.pictures:
        clauses.append("must_not=$regions")
        params["regions"] = REGIONS
    return params | {
        "q": "{!bool filter=$near must=$similar cache=false}",
        "near": f"{{!knn f=coarse topK={max(50, 6 * rows)} preFilter=$others cache=false v=$coarse}}",
        "others": f"{{!bool {' '.join(clauses)} cache=false}}",
        "coarse": vector(coarse),
        "similar": "{!func v=$similarity}",
        "similarity": f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(asked)})",
        "fq": [CONSTANT, f"{{!collapse field={group}}}"],
        "fl": f"{returned},similarity:$similarity",
        "sort": f"score desc,{names.key} asc",
        "rows": rows,
    }


def compose_phrases(prefixes: Sequence[str], pattern: str | None) -> Params:
    """Phrases of titles that begin with each prefix, and words of the index that a pattern matches, with counts.

    Args:
        prefixes: folded words; the answer's facets are in their order, as ``phrases0`` and so on.
        pattern: a regular expression of Java's, made of letters, digits and dots; None asks for no words.
    """
    fields = [f"{{!key=phrases{n} facet.prefix=$prefix{n} facet.method=enum}}phrases" for n in range(len(prefixes))]
    params: Params = {
        "q": "*:*",
        "fq": CONSTANT,
        "rows": 0,
        "facet": "true",
        "facet.field": fields,
        "facet.limit": SUGGESTED,
        "facet.mincount": 1,
        "facet.enum.cache.minDf": 2**31 - 1,  # a phrase is not worth an entry in filterCache
    }
    params |= {f"prefix{n}": prefix for n, prefix in enumerate(prefixes)}
    if pattern is not None:
        params |= {"terms": "true", "terms.fl": "words", "terms.regex": pattern, "terms.limit": SUGGESTED}
    return params


def compose_spelling(words: Sequence[str]) -> Params:
    """What the index has like each word; asked where words find next to nothing.

    Solr's own collation would put what it tries in the place of ``q``, as text to be parsed: instead
    :func:`compose_totals` tries, in the same form as any search.
    """
    return {
        "q": "*:*",
        "fq": CONSTANT,
        "rows": 0,
        "spellcheck": "true",
        "spellcheck.q": " ".join(words),
        "spellcheck.count": 5,
        "spellcheck.alternativeTermCount": 5,
        "spellcheck.extendedResults": "true",
        "spellcheck.collate": "false",
    }
