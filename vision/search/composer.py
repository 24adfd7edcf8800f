"""Values in, Solr's parameters out: pure, so that every request can be tested as an exact string.

The forms, and the ones that look right and are not, are explained in docs/queries.md. In short:

* ``base`` is what keywords say, in the fields that the handler names for their language; facet filters are ``fq``,
  tagged so that a facet can count without its own.
* ``relevance`` is BM25 and what the attributes add that the words say (``agreement``); without any, BM25 alone.
* ``blend`` is the score of the contract as a function over BM25 and the exact vector similarity.
* exact: every document of ``base`` is scored by ``blend``.
* approximate: only the documents that ``near`` (HNSW on the coarse field) finds are; the rest match with score 0, so
  that totals and facets are those of the whole matching set.
* tail: the same candidates first, then all others by exact score; continues an approximate search past its candidates.
* threshold: two ``frange`` clauses, a cheap lower bound before the exact distance, neither cached.

One filter is always sent with ``cache=false``: without any, Solr keeps each query's own result set in filterCache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from vision.search.model import DEFAULT_LANGUAGE, SORTS, Plan, Preference, Query, Range, Way
from vision.search.text import escape
from vision.solr.fields import SEPARATOR, FieldMap

Params = dict[str, Any]

GROUP_TAG = "group"
FACET_LIMIT = 1000
SUGGESTED = 40
"""Phrases of each prefix, and similar words, that are looked at."""
SHOWN_TITLES = 40
AGREEMENT = 3.0
"""What an attribute that agrees with the words adds to BM25; `python -m benchmarks.words` prints what more would do."""
RETURNED = "id,product_id,title,image,url,price,currency,in_stock,attr_*,score"
_IN_CANDIDATES = "if(exists(query($near)),1,0)"
_CONSTANT = "{!cache=false}*:*"
_OURS = FieldMap()


@dataclass(frozen=True)
class QueryVectors:
    """A query's vectors and the collection's numbers that its score needs.

    Attributes:
        full: (1024,) float32.
        coarse: (256,) int8, the quantised prefix of ``full``.
        sigma2: the collection's median squared distance.
        coarse_limit: largest squared int8 distance that a match of the query's threshold can have, or None.
    """

    full: NDArray[np.float32]
    coarse: NDArray[np.int8]
    sigma2: float
    coarse_limit: float | None = None


def number(value: float) -> str:
    """Write a number so that Solr reads the same double back."""
    return repr(float(value))


def vector(values: NDArray[Any]) -> str:
    """Write a vector as Solr's functions and ``{!knn}`` read it; float32 values come back bit for bit."""
    return orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY).decode()


def filter_queries(query: Query, names: FieldMap = _OURS) -> dict[str, str]:
    """One tagged filter query for each filtered field, by field name, in a stable order."""
    composed = {}
    for name, values in sorted(query.filters.items()):
        joined = SEPARATOR.join(sorted(values))
        composed[name] = f"{{!terms f={names.field(name)} tag={_tag(name)} separator='{SEPARATOR}'}}{joined}"
    for name, bounds in sorted(query.ranges.items()):
        composed[name] = f"{{!lucene tag={_tag(name)}}}{names.field(name)}:{_range(bounds)}"
    return composed


def compose(query: Query, plan: Plan, vectors: QueryVectors | None, names: FieldMap = _OURS) -> Params:
    """The one ranking request of a search.

    Args:
        query: validated values; its vector is taken from ``vectors``.
        plan: the way to take; ``candidates`` is K.
        vectors: None for a search without a picture.
        names: how the collection calls its fields.
    """
    filters = filter_queries(query, names)
    params = _base(query, filters)
    if vectors is not None:
        params |= _image(query, vectors)
    params |= _preferences(query, names)
    params |= _score(query, vectors)
    params |= _clauses(plan, vectors, filters, has_text=query.text is not None)
    sort = _sort(query, names)
    if plan.way is Way.TAIL:
        sort = f"{_IN_CANDIDATES} desc,{sort}"
    if query.grouped and names.groups:
        field = names.known("product_id")
        params["fq"].append(f"{{!collapse tag={GROUP_TAG} field={field}{_head_sort(plan, names)}}}")
    params |= {
        "sort": sort,
        "fl": _returned(query, vectors, names),
        "rows": query.rows,
        "start": query.start,
        "json.facet": facet_request(query, names),
    }
    return params


def compose_count(query: Query, names: FieldMap = _OURS) -> Params:
    """The count that the planner decides by: how many pictures keyword and facets leave."""
    params = _base(query, filter_queries(query, names))
    return params | {"q": "{!bool filter=$base cache=false}", "rows": 0}


def compose_phrases(prefixes: Sequence[str], pattern: str | None) -> Params:
    """Phrases of titles that begin with each prefix, and words of the index that a pattern matches, with counts.

    Args:
        prefixes: folded words; the answer's facets are in their order, as ``phrases0`` and so on.
        pattern: a regular expression of Java's, made of letters, digits and dots; None asks for no words.
    """
    fields = [f"{{!key=phrases{n} facet.prefix=$prefix{n} facet.method=enum}}phrases" for n in range(len(prefixes))]
    params: Params = {
        "q": "*:*",
        "fq": _CONSTANT,
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


def compose_totals(query: Query, texts: Sequence[str], names: FieldMap = _OURS, shown: Sequence[str] = ()) -> Params:
    """How many products each text would find, with the query's language and filters, as facets ``total0`` and so on.

    Args:
        query: whose words do not count.
        texts: as shoppers type them.
        names: how the collection calls its fields.
        shown: phrases; titles that have one are returned, to show it as it is written there. Filters then do not count.
    """
    base = _base(replace(query, text=""), filter_queries(query, names))["base"]
    unique = {"facet": {"products": f"unique({names.known('product_id')})"}} if query.grouped and names.groups else {}
    facets = {}
    params: Params = {"q": "*:*", "fq": [_CONSTANT, *filter_queries(query, names).values()], "rows": 0}
    if shown:
        params["q"] = f"{{!terms f=phrases cache=false separator='{SEPARATOR}' v=$shown}}"
        params |= {"shown": SEPARATOR.join(shown), "rows": SHOWN_TITLES, "fl": names.returned("title")}
    for n, text in enumerate(texts):
        params[f"words{n}"] = escape(text)
        counted: dict[str, Any] = {"type": "query", "q": base.replace("$words", f"$words{n}")}
        facets[f"total{n}"] = counted | unique | ({"domain": {"query": "*:*"}} if shown else {})
    return params | {"json.facet": orjson.dumps(facets).decode()}


def compose_spelling(words: Sequence[str]) -> Params:
    """What the index has like each word; asked where words find next to nothing.

    Solr's own collation would put what it tries in the place of ``q``, as text to be parsed: instead
    :func:`compose_totals` tries, in the same form as any search.
    """
    return {
        "q": "*:*",
        "fq": _CONSTANT,
        "rows": 0,
        "spellcheck": "true",
        "spellcheck.q": " ".join(words),
        "spellcheck.count": 5,
        "spellcheck.alternativeTermCount": 5,
        "spellcheck.extendedResults": "true",
        "spellcheck.collate": "false",
    }


def facet_request(query: Query, names: FieldMap = _OURS) -> str:
    """``json.facet``: products per value, each facet counted without its own filter and without grouping."""
    facets: dict[str, Any] = {}
    grouped = query.grouped and names.groups
    for name in query.facets:
        excluded = [_tag(name)] + ([GROUP_TAG] if grouped else [])
        facet: dict[str, Any] = {
            "type": "terms",
            "field": names.field(name),
            "limit": FACET_LIMIT,
            "domain": {"excludeTags": excluded},
        }
        if grouped:
            facet |= {"facet": {"products": f"unique({names.known('product_id')})"}, "sort": "products desc"}
        facets[name] = facet
    for group, wanted in enumerate(query.preferences):
        for number_ in range(len(wanted)):
            facets[agreeing(group, number_)] = _agreeing(f"$prefer{group}_{number_}", names if grouped else None)
    return orjson.dumps(facets).decode()


def agreeing(group: int, number_: int) -> str:
    """The name in ``json.facet`` of the products that a preference agrees with; no attribute has such a name."""
    return f"agreeing.{group}.{number_}"


def _agreeing(prefer: str, names: FieldMap | None) -> dict[str, Any]:
    counted: dict[str, Any] = {"type": "query", "q": f"{{!bool filter={prefer} cache=false}}"}
    if names is not None:
        counted["domain"] = {"excludeTags": [GROUP_TAG]}
        counted["facet"] = {"products": f"unique({names.known('product_id')})"}
    return counted


def _preferences(query: Query, names: FieldMap) -> Params:
    """BM25 and what agreeing attributes add; of the fields that one part of the words may mean, one counts."""
    if query.text is None or not query.preferences:
        return {}
    params, parts = {}, []
    for group, wanted in enumerate(query.preferences):
        for number_, each in enumerate(wanted):
            params[f"prefer{group}_{number_}"] = _prefer(each, names)
        scores = ",".join(f"query($prefer{group}_{number_})" for number_ in range(len(wanted)))
        parts.append(f"max({scores})" if len(wanted) > 1 else scores)
    whole = f"sum({','.join(parts)})" if len(parts) > 1 else parts[0]
    params["agreement"] = f"product({number(AGREEMENT)},{whole})"
    params["relevance"] = "sum(query($base),$agreement)"
    return params


def _prefer(preference: Preference, names: FieldMap) -> str:
    joined = SEPARATOR.join(sorted(preference.values))
    return f"{{!terms f={names.field(preference.field)} cache=false separator='{SEPARATOR}'}}{joined}"


def _base(query: Query, filters: dict[str, str]) -> Params:
    params: Params = {"fq": [_CONSTANT, *filters.values()]}
    if query.text is None:
        params["base"] = "{!lucene cache=false v='*:*'}"
    else:
        fields = "" if query.language == DEFAULT_LANGUAGE else f" qf=$qf_{query.language}"
        params["base"] = f"{{!edismax cache=false uf=-*{fields} v=$words}}"
        params["words"] = escape(query.text)
    return params


def _image(query: Query, vectors: QueryVectors) -> Params:
    params = {"similarity": f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(vectors.full)})"}
    if query.max_distance is not None:
        limit = np.inf if vectors.coarse_limit is None else vectors.coarse_limit
        params |= {
            "close": "{!frange cache=false l=$closest v=$similarity}",
            "closest": number(_at_least(1.0 / (1.0 + query.max_distance))),
            "maybe": "{!frange cache=false l=$roughly v=$coarse_similarity}",
            "roughly": number(_at_least(1.0 / (1.0 + limit))),
            "coarse_similarity": f"vectorSimilarity(BYTE,EUCLIDEAN,coarse,{vector(vectors.coarse)})",
        }
    return params


def _at_least(similarity: float) -> float:
    """A bound just low enough that a document exactly on it is in: Lucene rounds s to float32 twice on the way."""
    return similarity * (1.0 - 2.0**-22)


def _score(query: Query, vectors: QueryVectors | None) -> Params:
    """The contract's score: (wt·b/(b+2) + wi/(1+d²/σ²)) / (wt+wi), over the parts that the query has."""
    text = "div($relevance,sum($relevance,2))" if query.preferences else "div(query($base),sum(query($base),2))"
    if vectors is None:
        return {"blend": "{!func v=$score}", "score": text} if query.text is not None else {}
    sigma2 = number(vectors.sigma2)
    # With s = 1/(1+d²), 1/(1+d²/σ²) is σ²s/(σ²s+1-s): no division by s, so a document without a vector (s=0) gets 0.
    image = f"div(product({sigma2},$similarity),sum(product({sigma2},$similarity),sub(1,$similarity)))"
    score = image
    if query.text is not None:
        whole = query.weights.text + query.weights.image
        wt, wi = number(query.weights.text / whole), number(query.weights.image / whole)
        score = f"sum(product({wt},{text}),product({wi},{image}))"
    return {"blend": "{!func v=$score}", "score": score}


def _clauses(plan: Plan, vectors: QueryVectors | None, filters: dict[str, str], *, has_text: bool) -> Params:
    if plan.way is Way.BROWSE:
        return {"q": "{!bool filter=$base cache=false}"}
    if plan.way is Way.THRESHOLD:
        return {"q": "{!bool filter=$base filter=$maybe filter=$close must=$blend cache=false}"}
    exact = {"q": "{!bool filter=$base must=$blend cache=false}"}
    if vectors is None or plan.way is Way.EXACT:
        return exact
    pre = " preFilter=$base" if has_text else ""
    near: Params = {"coarse": vector(vectors.coarse)}
    for number_, composed in enumerate(filters.values()):
        near[f"pre{number_}"] = composed
        pre += f" preFilter=$pre{number_}"
    near["near"] = f"{{!knn f=coarse topK={plan.candidates}{pre} cache=false v=$coarse}}"
    if plan.way is Way.TAIL:
        return near | exact
    near["verified"] = "{!bool filter=$near must=$blend cache=false}"
    return near | {"q": "{!bool filter=$base should=$verified cache=false}"}


def _head_sort(plan: Plan, names: FieldMap) -> str:
    """Which picture stands for its product: the best one, by Solr's default, which is much the quickest.

    Words score all pictures of a product alike: there the first id stands, whatever was written last.
    """
    if plan.way is Way.TAIL:
        return f" sort='{_IN_CANDIDATES} desc,score desc'"
    return f" sort='score desc,{names.key} asc'" if plan.way in (Way.TEXT, Way.BROWSE) else ""


def _sort(query: Query, names: FieldMap) -> str:
    """The order asked for, in the collection's names."""
    if names.fields is None:
        return SORTS[query.sort or "score"]
    parts = (part.partition(" ") for part in SORTS[query.sort or "score"].split(","))
    return ",".join(f"{field if field == 'score' else names.field(field)} {order}" for field, _, order in parts)


def _returned(query: Query, vectors: QueryVectors | None, names: FieldMap) -> str:
    fields = [names.returned(RETURNED)]
    if vectors is not None:
        fields.append("similarity:$similarity")
    if query.explain and query.text is not None:
        fields += ["bm25:$relevance", "agreement:$agreement"] if query.preferences else ["bm25:query($base)"]
    return ",".join(fields)


def _tag(name: str) -> str:
    return f"by_{name}"


def _range(bounds: Range) -> str:
    low = "*" if bounds.min is None else number(bounds.min)
    high = "*" if bounds.max is None else number(bounds.max)
    return f"[{low} TO {high}]"
