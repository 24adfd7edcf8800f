"""What is kept of one query, and the pieces that every query is put together from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.recorded.asking import Api, Call
from benchmarks.recorded.sheet import Asked, Box, Card, Strip

Answer = Mapping[str, Any]
"""What a search answers, as JSON."""
Hit = Mapping[str, Any]


@dataclass(frozen=True)
class Recorded:
    """One query of the page.

    Attributes:
        slug: the name of its picture.
        title: heading.
        why: what is asked, and why one would.
        shell: commands that a reader can run after ``make demo``, lines as they are or requests.
        picture: WebP.
        seen: what to see in it, good and not; figures in it come from the answers.
        output: what follows the last request in the shell.
    """

    slug: str
    title: str
    why: str
    shell: Sequence[Call | str]
    picture: bytes
    seen: Sequence[str]
    output: str = ""


def strip(
    api: Api,
    heading: str,
    answer: Answer,
    asked: Asked,
    *,
    figures: Callable[[Hit], Sequence[str]] | None = None,
    liked: Collection[str] = (),
    unliked: Collection[str] = (),
    nothing: str = "",
    notes: Sequence[str] = (),
) -> Strip:
    """One search as a strip of its hits, or of its nearest misses where there are none."""
    hits = answer["hits"] or answer.get("misses", [])
    cards = [
        Card(
            api.picture(hit),
            str(number) if answer["hits"] else "miss",
            hit["title"],
            [*(_marked(hit, liked, unliked)), *(figures or measured)(hit)],
            next(iter(_marked(hit, liked, unliked)), ""),
        )
        for number, hit in enumerate(hits, start=1)
    ]
    return Strip(heading, asked, cards, [*notes, *facet_lines(answer.get("facets", {}))], nothing)


def _marked(hit: Hit, liked: Collection[str], unliked: Collection[str]) -> Iterator[str]:
    if hit["product_id"] in liked:
        yield "liked"
    if hit["product_id"] in unliked:
        yield "not liked"


def measured(hit: Hit) -> Sequence[str]:
    """Score, and distance where there is one."""
    found = [f"score {hit['score']:.3f}"]
    return found if hit["distance"] is None else [*found, f"distance {hit['distance']:.3f}"]


def distanced(hit: Hit) -> Sequence[str]:
    """The distance alone."""
    return ["" if hit["distance"] is None else f"distance {hit['distance']:.3f}"]


def matched(hit: Hit) -> Sequence[str]:
    """The distance and what it means."""
    return [*distanced(hit), f"match {hit['match']:.2f}"] if "match" in hit else distanced(hit)


def facet_lines(facets: Mapping[str, Sequence[Mapping[str, Any]]], most: int = 8) -> list[str]:
    """A line for each facet: its most frequent values and how many others there are."""
    lines = []
    for field, values in facets.items():
        named = ", ".join(f"{each['value']} {each['count']}" for each in values[:most])
        more = f", {len(values) - most} more" if len(values) > most else ""
        lines.append(f"facet {field}: {named}{more}")
    return lines


def chips(answer: Answer) -> list[str]:
    """What was understood of the words."""
    return [_chip(each) for each in answer["understood"]]


def _chip(understood: Mapping[str, Any]) -> str:
    value = understood["value"]
    if isinstance(value, Mapping):
        ends = {name: f"{bound:g}" for name, bound in value.items() if bound is not None}
        value = (
            " to ".join(ends.values())
            if len(ends) == 2
            else f"{'up to' if 'max' in ends else 'from'} {min(ends.values())}"
        )
    return f"{understood['field']}: {value}"


def products(count: int) -> str:
    """How many, in words."""
    return f"{count:,} product" + ("" if count == 1 else "s")


def tally(hits: Sequence[Hit], field: str) -> str:
    """How often each value of an attribute is among hits: "5 × dress, 1 × skirt"."""
    counted = Counter(str(hit["attributes"].get(field) or f"no {field} listed") for hit in hits)
    return ", ".join(f"{count}\u00a0×\u00a0{value}" for value, count in counted.most_common())


def box(answer: Answer) -> Box:
    """The part of the photo that was searched by."""
    found: Box = answer["region"]["box"]
    return found
