"""The score of the contract as a function of Solr's, from its parts; pure, as the composer.

    score = (wt·b/(b+2) + wi/(1+d²/σ²) + Σ w·part) / (wt + wi + Σ w)

over the parts that the query has. A further part is likeness to another picture, by the picture's formula, or nearness
of a number x, 1/(1+((x-near)/scale)²).

Where the picture alone weighs anything, Solr ranks by its s = 1/(1+d²), which is the same order and costs it much less;
the score is then computed from s as hits are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vision.search.literals import number, vector
from vision.search.model import Closeness, Likeness, Query
from vision.solr.fields import FieldMap

Params = dict[str, Any]


@dataclass(frozen=True)
class _Part:
    """A weight, the part as a function, and the parameters that it speaks of."""

    weight: float
    value: str
    params: Params


def by_picture(query: Query) -> bool:
    """Whether nothing but the picture searched by weighs anything."""
    others = [each.weight for each in query.similarities] + [query.weights.text if query.text is not None else 0.0]
    return query.vector is not None and query.weights.image > 0 and not any(others)


def compose_score(query: Query, sigma2: float | None, names: FieldMap) -> Params:
    """``score``, ``blend``, which makes a query of it, and what they need; nothing where the query has no parts.

    Args:
        query: whose weights count.
        sigma2: the collection's median squared distance; None where the query has no picture.
        names: how the collection calls its fields.
    """
    if by_picture(query):
        return {"blend": "{!func v=$similarity}"}
    parts = list(_parts(query, sigma2, names))
    if not parts:
        return {}
    whole = sum(part.weight for part in parts)
    score = parts[0].value
    if len(parts) > 1:
        score = f"sum({','.join(f'product({number(part.weight / whole)},{part.value})' for part in parts)})"
    params = {name: value for part in parts for name, value in part.params.items()}
    return params | {"blend": "{!func v=$score}", "score": score}


def further(query: Query) -> Iterator[tuple[str, Likeness | Closeness]]:
    """The parts beside words and picture, each with the parameter that its document's own value is returned from."""
    for place, each in enumerate(query.similarities, start=1):
        yield f"{'similarity' if isinstance(each, Likeness) else 'closeness'}{place}", each


def _parts(query: Query, sigma2: float | None, names: FieldMap) -> Iterator[_Part]:
    if query.text is not None:
        # b/(b+2); each mention of a query or a vector is evaluated anew for every document, so there is one of each
        relevance = "$relevance" if query.preferences else "query($base)"
        yield _Part(query.weights.text, f"sub(1,div(2,sum({relevance},2)))", {})
    if sigma2 is not None:
        yield _Part(query.weights.image, _nearness("$similarity", sigma2), {})
    for name, each in further(query):
        if isinstance(each, Likeness):
            if sigma2 is None:
                raise ValueError("likeness to another picture needs a picture that is searched by")
            similarity = f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(each.vector)})"
            yield _Part(each.weight, _nearness(f"${name}", sigma2), {name: similarity})
        else:
            yield _Part(each.weight, f"${name}", _closeness(name, each, names.field(each.field)))


def _nearness(similarity: str, sigma2: float) -> str:
    """1/(1+d²/σ²) of a vector similarity s = 1/(1+d²), which is mentioned once.

    A document without a vector has s=0: in Lucene's floats 1/0 is infinite and 1/∞ is 0, so that it gets 0.
    """
    return f"div(1,sum(1,product({number(1.0 / sigma2)},sub(div(1,{similarity}),1))))"


def _closeness(name: str, each: Closeness, field: str) -> Params:
    """1/(1+((x-near)/scale)²); 0 for a product without the number."""
    offset = f"{name}_offset"
    return {
        offset: f"div(sub({field},{number(each.near)}),{number(each.scale)})",
        name: f"if(exists({field}),div(1,sum(1,product(${offset},${offset}))),0)",
    }
