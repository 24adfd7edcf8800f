"""Counts that are taken again: for the same words and filters, for a while, and never of part of an answer."""

from __future__ import annotations

import time
from typing import Any

import orjson

from vision.search.counted import Counted
from vision.search.counting import counted_by

FACETS = orjson.dumps({"shared.": {"domain": {"query": "{!bool filter=$base}", "filter": ["$pre0"]}}}).decode()


def params(words: str = "dress", photo: str = "[1,2]", color: str = "red", start: int = 0) -> dict[str, Any]:
    return {
        "q": "{!knn f=vector preFilter=$near v=$full}",
        "near": "{!knn f=coarse preFilter=$pre0 v=$coarse}",
        "base": "{!edismax v=$words}",
        "pre0": f"{{!terms f=attr_color}}{color}",
        "words": words,
        "full": photo,
        "start": start,
        "json.facet": FACETS,
    }


class Solr:
    """Counts requests; every answer has facets of its own unless they were not asked for."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.header: dict[str, Any] = {}

    def __call__(self, given: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(given)
        facets = {"facets": {"count": len(self.asked)}} if "json.facet" in given else {}
        return {"responseHeader": self.header, "response": {"docs": [len(self.asked)]}, **facets}


def test_what_is_counted_is_what_the_facets_refer_to_and_no_more() -> None:
    assert set(counted_by(params())) == {"json.facet", "base", "words", "pre0"}
    assert counted_by(params(photo="[3,4]", start=20)) == counted_by(params())
    assert counted_by(params(words="skirt")) != counted_by(params())
    assert set(counted_by(params(words="a $full text"))) == {"json.facet", "base", "words", "pre0", "full"}


def test_another_photo_and_page_have_the_counts_of_the_one_before() -> None:
    solr, counted = Solr(), Counted(60)
    first = counted.answered(params(), solr)
    second = counted.answered(params(photo="[3,4]", start=20), solr)
    assert "json.facet" in solr.asked[0] and "json.facet" not in solr.asked[1]
    assert second["facets"] == first["facets"] and second["response"] != first["response"]
    for other in (params(words="skirt"), params(color="blue")):
        counted.answered(other, solr)
        assert "json.facet" in solr.asked[-1]
    counted.forget()
    assert counted.answered(params(), solr)["facets"] != first["facets"]


def test_they_are_forgotten_after_a_while() -> None:
    solr, counted = Solr(), Counted(0.05)
    counted.answered(params(), solr)
    time.sleep(0.1)
    counted.answered(params(), solr)
    assert all("json.facet" in each for each in solr.asked)


def test_part_of_an_answer_is_not_kept() -> None:
    solr, counted = Solr(), Counted(60)
    solr.header = {"partialResults": True}
    counted.answered(params(), solr)
    solr.header = {}
    counted.answered(params(), solr)
    counted.answered(params(), solr)
    assert ["json.facet" in each for each in solr.asked] == [True, True, False]


def test_what_a_commit_makes_old_while_it_is_asked_for_is_not_kept() -> None:
    solr, counted = Solr(), Counted(60)

    def ask(given: dict[str, Any]) -> dict[str, Any]:
        counted.forget()
        return solr(given)

    counted.answered(params(), ask)
    counted.answered(params(), solr)
    assert "json.facet" in solr.asked[-1]
