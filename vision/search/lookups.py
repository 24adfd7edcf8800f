"""Requests beside the ranking one: neighbours of a picture, products by chance, phrases and words of the index, totals.

Pure, as the composer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from vision.search.composer import RETURNED, Params, base_params, filter_queries
from vision.search.literals import CONSTANT, GROUP_TAG, vector
from vision.search.model import Query
from vision.search.text import escape
from vision.solr.fields import REGIONS, SEPARATOR, FieldMap

SUGGESTED: Final = 40
"""Phrases of each prefix, and similar words, that are looked at."""
_SHOWN_TITLES: Final = 40
_OURS: Final = FieldMap()


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


def compose_sample(query: Query, seed: int, rows: int, names: FieldMap = _OURS) -> Params:
    """Products of what words and facets leave, in an order by chance that is the same for the same seed.

    Each as a whole picture.
    """
    params = base_params(query, filter_queries(query, names), names)
    params["fq"] += names.pictures
    params["fq"].append(f"{{!collapse tag={GROUP_TAG} field={names.known('product_id') or names.key}}}")
    return params | {
        "q": "{!bool filter=$base cache=false}",
        "sort": f"random_{seed} asc,{names.key} asc",
        "fl": f"{names.returned(RETURNED)},coarse",
        "rows": rows,
    }


def compose_totals(query: Query, texts: Sequence[str], names: FieldMap = _OURS, shown: Sequence[str] = ()) -> Params:
    """How many products each text would find, with the query's language and filters, as facets ``total0`` and so on.

    Args:
        query: whose words do not count.
        texts: as shoppers type them.
        names: how the collection calls its fields.
        shown: phrases; titles that have one are returned, to show it as it is written there. Filters then do not count.
    """
    base = base_params(replace(query, text=""), filter_queries(query, names), names)["base"]
    unique = {"facet": {"products": f"unique({names.known('product_id')})"}} if query.grouped and names.groups else {}
    facets = {}
    params: Params = {"q": "*:*", "fq": [CONSTANT, *filter_queries(query, names).values()], "rows": 0}
    if query.regions and not query.grouped:
        params["fq"] += names.pictures
    if shown:
        params["q"] = f"{{!terms f=phrases cache=false separator='{SEPARATOR}' v=$shown}}"
        params |= {"shown": SEPARATOR.join(shown), "rows": _SHOWN_TITLES, "fl": names.returned("title")}
    for n, text in enumerate(texts):
        params[f"words{n}"] = escape(text)
        counted: dict[str, Any] = {"type": "query", "q": base.replace("$words", f"$words{n}")}
        facets[f"total{n}"] = counted | unique | ({"domain": {"query": "*:*"}} if shown else {})
    return params | {"json.facet": orjson.dumps(facets).decode()}


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
