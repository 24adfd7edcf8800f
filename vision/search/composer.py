"""Values in, Solr's parameters out: pure, so that every request can be tested as an exact string.

The forms, and the ones that look right and are not, are explained in docs/queries.md. In short:

* ``base`` is what keywords say, in the fields that the handler names for their language; facet filters are ``fq``,
  tagged so that a facet can count without its own.
* ``relevance`` is BM25 and what the attributes add that the words say (``agreement``); without any, BM25 alone.
* ``blend`` is the score of the contract as a function over BM25 and the exact vector similarity; where nothing but the
  picture weighs anything, the similarity itself.
* exact: every document of ``base`` is scored by ``blend``.
* approximate: only the documents that ``near`` (HNSW on the coarse field) finds are, and only they match; totals and
  facets are counted over ``base`` and the filters beside it. Where pictures and regions are counted as one, which only
  the main query's own filters tell, everything else matches with score 0.
* tail: the same candidates first, then all others by exact score; continues an approximate search past its candidates.
* threshold: two ``frange`` clauses, a cheap lower bound before the exact distance, neither cached.

One filter is always sent with ``cache=false``: without any, Solr keeps each query's own result set in filterCache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.search.counting import Matched, facet_request, spread_request
from vision.search.literals import CONSTANT as CONSTANT
from vision.search.literals import GROUP_TAG, tag
from vision.search.literals import number as number
from vision.search.literals import vector as vector
from vision.search.model import DEFAULT_LANGUAGE, SORTS, Plan, Preference, Query, Range, Way
from vision.search.scoring import by_picture, compose_score, further
from vision.search.text import escape
from vision.solr.fields import SEPARATOR, FieldMap

Params = dict[str, Any]

AGREEMENT = 3.0
"""What an attribute that agrees with the words adds to BM25; `python -m benchmarks.words` prints what more would do."""
RETURNED = "id,product_id,title,image,picture_id,box,label,url,price,currency,in_stock,attr_*,score"
BY_SCORE = "score desc"
_COMPARED = 2000
"""Pictures up to which a vector query verifies quicker than a function: it orders all that it compares."""
_MORE = 100
"""Pictures that may have been added to a small set since it was counted."""
_IN_CANDIDATES = "if(exists(query($near)),1,0)"
_EXCLUDED, _TASTE, _HASHED = "", " ", "  "  # no field is called so
_OURS = FieldMap()


@dataclass(frozen=True)
class QueryVectors:
    """A query's vectors and the collection's numbers that its score needs.

    Attributes:
        full: (1024,) float32.
        coarse: (256,) int8, the quantised prefix of ``full``.
        sigma2: the collection's median squared distance.
        coarse_limit: largest squared int8 distance that a match of the query's threshold can have, or None.
        coarse_others: (256,) int8 of each further picture that counts, in the query's order.
    """

    full: NDArray[np.float32]
    coarse: NDArray[np.int8]
    sigma2: float
    coarse_limit: float | None = None
    coarse_others: tuple[NDArray[np.int8], ...] = ()


def filter_queries(query: Query, names: FieldMap = _OURS) -> dict[str, str]:
    """One tagged filter query for each filtered field, by field name, in a stable order."""
    composed = {}
    for name, values in sorted(query.filters.items()):
        joined = SEPARATOR.join(sorted(values))
        composed[name] = f"{{!terms f={names.field(name)} tag={tag(name)} separator='{SEPARATOR}'}}{joined}"
    for name, bounds in sorted(query.ranges.items()):
        composed[name] = f"{{!lucene tag={tag(name)}}}{names.field(name)}:{_range(bounds)}"
    for name in query.missing:
        composed[name] = f"{{!lucene tag={tag(name)}}}*:* -{names.field(name)}:[* TO *]"
    if query.excluded:
        composed[_EXCLUDED] = "{!bool must=$all must_not=$excluded cache=false}"
    if query.taste is not None:
        composed[_TASTE] = "{!frange cache=false l=$liked_from v=$liked_similarity}"
    if query.one_in is not None:
        composed[_HASHED] = f"{{!hash workers={query.one_in} worker=0}}"
    return composed


def compose(
    query: Query, plan: Plan, vectors: QueryVectors | None, names: FieldMap = _OURS, *, by_id: bool = True
) -> Params:
    """The one ranking request of a search.

    Args:
        query: validated values; its vector is taken from ``vectors``.
        plan: the way to take; ``candidates`` is K.
        vectors: None for a search without a picture.
        names: how the collection calls its fields.
        by_id: order equal scores by id; without, the page is of scores alone and has a hit more at each end, by which
            :func:`vision.search.answers.settled` tells whether equal ones stand across them. Without, what :func:`few`
            says is verified by a vector query, of which :func:`vision.search.answers.compared` tells whether it was.
    """
    filters = filter_queries(query, names)
    params = base_params(query, filters, names)
    matched = Matched(matched_by(query, plan, names), filters)
    alone = matched.query is not None and (plan.way is Way.APPROXIMATE or (not by_id and few(query, plan)))
    native = alone and by_picture(query)
    if vectors is not None and not native:
        params |= _image(query, vectors)
    params |= _preferences(query, names)
    if not native:
        params |= compose_score(query, None if vectors is None else vectors.sigma2, names)
    params |= _clauses(plan, vectors, filters, has_text=query.text is not None, alone=alone, native=native)
    sort = _sort(query, names)
    if plan.way is Way.TAIL:
        sort = f"{_IN_CANDIDATES} desc,{sort}"
    start, rows = query.start, query.rows
    if not by_id:
        sort, start, rows = BY_SCORE, max(0, start - 1), rows + (2 if start else 1)
    if query.grouped and names.groups:
        params["fq"].append(f"{{!collapse tag={GROUP_TAG} field={names.product}{_head_sort(plan, names)}}}")
    elif query.regions:
        # A picture without regions names no picture_id: it is its own.
        params["fq"].append(f"{{!collapse field=picture_id nullPolicy=expand{_head_sort(plan, names)}}}")
    if query.explain and query.text is not None:
        # Of several shards, only the request that ranks has the words' statistics of all of them.
        params["distrib.singlePass"] = "true"
    params |= {
        "sort": sort,
        "fl": _returned(query, vectors, names),
        "rows": rows,
        "start": start,
        "json.facet": facet_request(query, matched, names, whole=alone),
    }
    return params


def few(query: Query, plan: Plan) -> bool:
    """Whether so few pictures were counted that Lucene's own vector query compares all of them, and is quicker."""
    counted = plan.way is Way.EXACT and plan.matching is not None and plan.matching <= _COMPARED
    return counted and by_picture(query) and not query.regions


def compared(plan: Plan) -> int:
    """Up to how many matching pictures such a query compares all: the count may be older than the index."""
    assert plan.matching is not None
    return 2 * plan.matching + _MORE


def compose_count(query: Query, names: FieldMap = _OURS, vectors: QueryVectors | None = None) -> Params:
    """What is asked before the ranking request: how many pictures match, and how the numbers to be counted are spread.

    Args:
        query: whose order does not matter.
        names: how the collection calls its fields.
        vectors: needed by a threshold alone, which only the spread goes by; without them it is left out.
    """
    params = base_params(query, filter_queries(query, names), names)
    clauses = "filter=$base"
    if vectors is not None and query.max_distance is not None:
        params |= _image(query, vectors)
        clauses += " filter=$maybe filter=$close"
    params |= {"q": f"{{!bool {clauses} cache=false}}", "rows": 0}
    spread = spread_request(query, names)
    return params if spread is None else params | {"json.facet": spread}


def compose_selection(
    query: Query,
    vectors: QueryVectors | None,
    fields: Sequence[str],
    rows: int,
    cursor: str,
    names: FieldMap = _OURS,
    *,
    regions: bool = False,
) -> Params:
    """Whole pictures of what a query matches, within its threshold, those of a product one after the other.

    Args:
        query: its order, page and facets do not count.
        vectors: None for a search without a picture.
        fields: Solr's names of what is returned.
        rows: at most so many.
        cursor: Solr's ``nextCursorMark`` of the answer before, ``*`` at first.
        names: how the collection calls its own.
        regions: whether regions of pictures come as well.
    """
    params = base_params(query, filter_queries(query, names), names)
    params["fq"] += [] if regions else names.pictures
    within = ""
    if vectors is not None and query.max_distance is not None:
        params |= _image(query, vectors)
        within = " filter=$maybe filter=$close"
    product = names.product
    order = dict.fromkeys((product, names.key))
    return params | {
        "q": f"{{!bool filter=$base{within} cache=false}}",
        "sort": ",".join(f"{field} asc" for field in order),
        "fl": ",".join(dict.fromkeys(fields)),
        "rows": rows,
        "cursorMark": cursor,
    }


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


def base_params(query: Query, filters: dict[str, str], names: FieldMap) -> Params:
    """What words and filters leave: ``base``, ``fq`` and what they speak of."""
    params: Params = {"fq": [CONSTANT, *filters.values()]}
    if query.excluded:
        terms = f"{{!terms f={names.known('product_id') or names.key} separator='{SEPARATOR}' v=$excluded_ids}}"
        params |= {"all": "*:*", "excluded": terms, "excluded_ids": SEPARATOR.join(query.excluded)}
    if query.one_in is not None:
        params["partitionKeys"] = names.known("product_id") or names.key
    if query.taste is not None:
        params["liked_similarity"] = f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(query.taste.vector)})"
        params["liked_from"] = number(_at_least(1.0 / (1.0 + query.taste.max_distance)))
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


def _clauses(
    plan: Plan,
    vectors: QueryVectors | None,
    filters: dict[str, str],
    *,
    has_text: bool,
    alone: bool,
    native: bool,
) -> Params:
    """What matches and what is scored.

    Args:
        plan: the way.
        vectors: None for a search without a picture.
        filters: one for each filtered field.
        has_text: whether ``base`` narrows.
        alone: whether nothing need match beside the candidates.
        native: whether Lucene's own vector query can verify those, which costs half of what a function does.
    """
    if plan.way is Way.BROWSE:
        return {"q": "{!bool filter=$base cache=false}"}
    if plan.way is Way.THRESHOLD:
        return {"q": "{!bool filter=$base filter=$maybe filter=$close must=$blend cache=false}"}
    exact = {"q": "{!bool filter=$base must=$blend cache=false}"}
    if vectors is None or (plan.way is Way.EXACT and not native):
        return exact
    pre = " preFilter=$base" if has_text or plan.way is Way.EXACT else ""
    near: Params = {}
    for number_, composed in enumerate(filters.values()):
        near[f"pre{number_}"] = composed
        pre += f" preFilter=$pre{number_}"
    if plan.way is Way.EXACT:
        # Lucene compares all that a filter leaves where those are no more than topK, and needs a filter for that.
        verified = f"{{!knn f=vector topK={compared(plan)}{pre} cache=false v=$full}}"
        return near | {"q": verified, "full": vector(vectors.full)}
    nearest = plan.of_shard or plan.candidates
    near["coarse"] = vector(vectors.coarse)
    near["near"] = f"{{!knn f=coarse topK={nearest}{pre} cache=false v=$coarse}}"
    if vectors.coarse_others:
        # What else counts may be far from the photo: its own nearest are candidates as well.
        places = range(len(vectors.coarse_others) + 1)
        near["near0"] = near["near"]
        near["near"] = f"{{!bool {' '.join(f'should=$near{place}' for place in places)} cache=false}}"
        for place, coarse in enumerate(vectors.coarse_others, start=1):
            near[f"coarse{place}"] = vector(coarse)
            near[f"near{place}"] = f"{{!knn f=coarse topK={nearest}{pre} cache=false v=$coarse{place}}}"
    if plan.way is Way.TAIL:
        return near | exact
    if native:
        # As many as can be candidates: so few are all compared, and the graph of the full vectors is not used.
        verified = f"{{!knn f=vector topK={plan.candidates} preFilter=$near cache=false v=$full}}"
        return near | {"q": verified, "full": vector(vectors.full)}
    verified = "{!bool filter=$near must=$blend cache=false}"
    if alone:
        return near | {"q": verified}
    return near | {"q": "{!bool filter=$base should=$verified cache=false}", "verified": verified}


def matched_by(query: Query, plan: Plan, names: FieldMap = _OURS) -> str | None:
    """What the main query matches, in pictures and without what ranks; None where pictures and regions are one.

    Where it is one, facets see it and not the main query.
    """
    if query.regions and not (query.grouped and names.groups):
        return None
    if plan.way is Way.THRESHOLD:
        return "{!bool filter=$base filter=$maybe filter=$close cache=false}"
    return "*:*" if query.text is None else "{!bool filter=$base cache=false}"


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
    if vectors is not None or query.taste is not None:
        fields.append("embedding")  # another collection may have taken this one's place
    if vectors is not None and not by_picture(query):
        fields.append("similarity:$similarity")
    if query.explain and query.text is not None:
        fields += ["bm25:$relevance", "agreement:$agreement"] if query.preferences else ["bm25:query($base)"]
    if query.explain:
        fields += [f"{name}:${name}" for name, _ in further(query)]
    if query.diversity is not None:
        fields.append("coarse")
    return ",".join(fields)


def _range(bounds: Range) -> str:
    low = "*" if bounds.min is None else number(bounds.min)
    high = "*" if bounds.max is None else number(bounds.max)
    return f"[{low} TO {high}]"
