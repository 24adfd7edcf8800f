from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from vision.errors import BadQuery
from vision.search.composer import QueryVectors, compose, compose_count, few, number, vector
from vision.search.histograms import GRID
from vision.search.model import Closeness, Likeness, Plan, Preference, Query, Range, Way, Weights
from vision.solr.fields import SEPARATOR

FULL = np.zeros(1024, dtype=np.float32)
VECTORS = QueryVectors(FULL, np.zeros(256, dtype=np.int8), sigma2=2.0, coarse_limit=99.0)
SIMILARITY = f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(FULL)})"
IMAGE = "div(1,sum(1,product(0.5,sub(div(1,$similarity),1))))"
TEXT = "sub(1,div(2,sum(query($base),2)))"
EVERYTHING = "{!lucene cache=false v='*:*'}"
WORDS = "{!edismax cache=false uf=-* v=$words}"


def test_words_alone() -> None:
    params = compose(Query(text="knee-length dress"), Plan(Way.TEXT, ""), None)
    assert params["q"] == "{!bool filter=$base must=$blend cache=false}"
    assert params["base"] == WORDS
    assert params["words"] == r"knee\-length dress"
    assert params["score"] == TEXT
    assert params["sort"] == "score desc,id asc"


def test_words_of_another_language_are_searched_in_its_fields() -> None:
    german = compose(Query(text="Kleid", language="de"), Plan(Way.TEXT, ""), None)
    assert german["base"] == "{!edismax cache=false uf=-* qf=$qf_de v=$words}"
    english = compose(Query(text="Kleid", language="en"), Plan(Way.TEXT, ""), None)
    assert english["base"] == WORDS
    assert {name: value for name, value in german.items() if name != "base"} == {
        name: value for name, value in english.items() if name != "base"
    }
    count = compose_count(Query(text="Kleid", language="de", vector=FULL))
    assert count["base"] == german["base"]
    assert compose(Query(language="de"), Plan(Way.BROWSE, ""), None)["base"] == EVERYTHING


def test_exact_scores_everything_that_matches() -> None:
    params = compose(Query(vector=FULL), Plan(Way.EXACT, ""), VECTORS)
    assert params["q"] == "{!bool filter=$base must=$blend cache=false}"
    assert params["base"] == EVERYTHING
    assert params["blend"] == "{!func v=$similarity}"
    assert params["similarity"] == SIMILARITY
    assert "near" not in params and "score" not in params
    assert params["fl"].endswith(",score,embedding")
    both = compose(Query(vector=FULL, text="dress", weights=Weights(0.5, 0.5)), Plan(Way.EXACT, ""), VECTORS)
    assert both["blend"] == "{!func v=$score}"
    assert both["score"] == f"sum(product(0.5,{TEXT}),product(0.5,{IMAGE}))"
    assert both["fl"].endswith(",score,embedding,similarity:$similarity")


def test_a_hash_of_the_ids_filters_what_is_counted_and_what_is_found() -> None:
    query = Query(vector=FULL, filters={"color": ("red",)}, one_in=20)
    params = compose(query, Plan(Way.APPROXIMATE, "", candidates=200), VECTORS)
    assert params["fq"][2] == params["pre1"] == "{!hash workers=20 worker=0}"
    assert params["partitionKeys"] == "product_id"
    assert "preFilter=$pre0 preFilter=$pre1" in params["near"]
    assert compose_count(query)["fq"] == params["fq"][:3]


def test_approximate_matches_candidates_and_counts_everything() -> None:
    query = Query(text="dress", vector=FULL, filters={"color": ("red",)}, weights=Weights(0.2, 0.6))
    params = compose(query, Plan(Way.APPROXIMATE, "", candidates=200), VECTORS)
    assert params["q"] == "{!bool filter=$near must=$blend cache=false}"
    counted = {"query": "{!bool filter=$base cache=false}", "filter": [params["pre0"]]}
    whole = {"type": "query", "q": "{!cache=false}*:*", "domain": counted, "facet": {"total.": "unique(product_id)"}}
    assert json.loads(params["json.facet"]) == {"shared.": whole}
    assert params["near"] == "{!knn f=coarse topK=200 preFilter=$base preFilter=$pre0 cache=false v=$coarse}"
    assert params["pre0"] == f"{{!terms f=attr_color tag=by_color separator='{SEPARATOR}'}}red"
    assert params["score"] == f"sum(product(0.25,{TEXT}),product(0.7499999999999999,{IMAGE}))"


def test_where_the_picture_alone_weighs_candidates_are_verified_by_a_vector_query() -> None:
    for query in (Query(vector=FULL), Query(vector=FULL, text="dress", weights=Weights(0.0, 1.0))):
        params = compose(query, Plan(Way.APPROXIMATE, "", candidates=50), VECTORS)
        assert params["q"] == "{!knn f=vector topK=50 preFilter=$near cache=false v=$full}"
        assert params["full"] == vector(FULL)
        assert not {"similarity", "score", "blend"} & set(params)
        assert params["fl"].endswith(",score,embedding")
    other = Query(vector=FULL, similarities=(Likeness(FULL, 0.1, "profile"),))
    assert "$score" in compose(other, Plan(Way.APPROXIMATE, "", candidates=50), VECTORS)["blend"]


def test_without_words_and_filters_the_graph_is_searched_unfiltered() -> None:
    params = compose(Query(vector=FULL), Plan(Way.APPROXIMATE, "", candidates=50), VECTORS)
    assert params["near"] == "{!knn f=coarse topK=50 cache=false v=$coarse}"


def test_tail_puts_the_same_candidates_first() -> None:
    query = Query(vector=FULL, start=300)
    approximate = compose(query, Plan(Way.APPROXIMATE, "", candidates=200), VECTORS)
    tail = compose(query, Plan(Way.TAIL, "", candidates=200), VECTORS)
    assert tail["near"] == approximate["near"]
    assert tail["q"] == "{!bool filter=$base must=$blend cache=false}"
    assert tail["sort"] == "if(exists(query($near)),1,0) desc,score desc,id asc"
    assert tail["fq"][-1] == (
        "{!collapse tag=group field=product_id sort='if(exists(query($near)),1,0) desc,score desc'}"
    )
    assert approximate["fq"][-1] == "{!collapse tag=group field=product_id}"


def test_threshold_bounds_coarsely_before_it_verifies() -> None:
    params = compose(Query(vector=FULL, max_distance=3.0), Plan(Way.THRESHOLD, ""), VECTORS)
    assert params["q"] == "{!bool filter=$base filter=$maybe filter=$close must=$blend cache=false}"
    assert params["maybe"] == "{!frange cache=false l=$roughly v=$coarse_similarity}"
    assert params["close"] == "{!frange cache=false l=$closest v=$similarity}"
    assert float(params["closest"]) == pytest.approx(0.25, rel=1e-6)
    assert float(params["roughly"]) == pytest.approx(0.01, rel=1e-6)


def test_a_document_exactly_on_the_bound_belongs_to_it() -> None:
    for distance in (1e-9, 0.1, 7.0, 1e9):
        params = compose(Query(vector=FULL, max_distance=distance), Plan(Way.THRESHOLD, ""), VECTORS)
        lucene = np.float32(1.0) / (np.float32(1.0) + np.float32(distance))
        assert np.float32(0.9999995) * lucene < np.float32(float(params["closest"])) <= lucene


def test_filters_are_tagged_and_one_uncached_filter_is_always_there() -> None:
    query = Query(
        text="x",
        filters={"color": ("red", "blue"), "in_stock": ("true",)},
        ranges={"price": Range(10, None)},
        facets=("color", "in_stock"),
    )
    params = compose(query, Plan(Way.TEXT, ""), None)
    assert params["fq"] == [
        "{!cache=false}*:*",
        f"{{!terms f=attr_color tag=by_color separator='{SEPARATOR}'}}blue{SEPARATOR}red",
        f"{{!terms f=in_stock tag=by_in_stock separator='{SEPARATOR}'}}true",
        "{!lucene tag=by_price}price:[10.0 TO *]",
        "{!collapse tag=group field=product_id sort='score desc,id asc'}",
    ]
    facets = json.loads(params["json.facet"])
    assert facets["color"]["domain"] == {"query": "{!bool filter=$base cache=false}", "filter": params["fq"][2:4]}
    assert facets["color"]["facet"] == {"products": "unique(product_id)"}
    assert facets["in_stock"]["field"] == "in_stock"
    assert facets["in_stock"]["domain"]["filter"] == [params["fq"][1], params["fq"][3]]


def test_facets_that_see_the_same_stand_under_one_and_none_asks_the_graph() -> None:
    query = Query(vector=FULL, filters={"color": ("red",)}, facets=("color", "length", "brand"))
    params = compose(query, Plan(Way.APPROXIMATE, "", candidates=9), VECTORS)
    facets = json.loads(params["json.facet"])
    assert set(facets) == {"color", "shared."}
    assert facets["color"]["domain"] == {"query": "*:*", "filter": []}
    assert facets["shared."]["domain"] == {"query": "*:*", "filter": [params["pre0"]]}
    assert set(facets["shared."]["facet"]) == {"length", "brand", "total."}
    within = compose(replace(query, max_distance=3.0), Plan(Way.THRESHOLD, ""), VECTORS)
    domain = json.loads(within["json.facet"])["color"]["domain"]
    assert domain["query"] == "{!bool filter=$base filter=$maybe filter=$close cache=false}"


def test_where_regions_are_pictures_facets_see_what_the_main_query_leaves() -> None:
    query = Query(text="x", filters={"color": ("red",)}, facets=("color", "length"), grouped=False, regions=True)
    facets = json.loads(compose(query, Plan(Way.TEXT, ""), None)["json.facet"])
    assert facets["color"]["domain"] == {"excludeTags": ["by_color"]}
    assert facets["shared."]["domain"] == {}


def test_by_score_alone_the_page_has_a_hit_more_at_each_end() -> None:
    plan = Plan(Way.APPROXIMATE, "", candidates=200)
    for start, wanted in ((0, (0, 25)), (24, (23, 26))):
        query = Query(vector=FULL, start=start)
        params = compose(query, plan, VECTORS, by_id=False)
        assert (params["start"], params["rows"]) == wanted and params["sort"] == "score desc"
        ordered = compose(query, plan, VECTORS)
        assert ordered == params | {"sort": "score desc,id asc", "start": start, "rows": 24}


def test_single_pictures_are_counted_as_documents() -> None:
    params = compose(Query(text="x", facets=("color",), grouped=False), Plan(Way.TEXT, ""), None)
    assert not any("collapse" in each for each in params["fq"])
    assert "facet" not in json.loads(params["json.facet"])["shared."]["facet"]["color"]


def test_text_reaches_no_other_parameter() -> None:
    hostile = "x}{!knn f=coarse} $base ${a} v=$q"
    params = compose(Query(text=hostile), Plan(Way.TEXT, ""), None)
    assert [name for name, value in params.items() if "knn" in str(value)] == ["words"]


def test_a_field_name_cannot_smuggle_parameters() -> None:
    for name in ("a b", "x}", "color tag=z", "1st", ""):
        with pytest.raises(BadQuery, match="is no field name"):
            compose(Query(text="x", filters={name: ("v",)}), Plan(Way.TEXT, ""), None)


def test_the_count_asks_for_the_same_set() -> None:
    query = Query(text="dress", vector=FULL, filters={"color": ("red",)})
    count, ranked = compose_count(query), compose(query, Plan(Way.EXACT, ""), VECTORS)
    assert count["rows"] == 0
    assert count["base"] == ranked["base"]
    assert count["fq"] == ranked["fq"][:-1]


def test_numbers_and_vectors_come_back_bit_for_bit() -> None:
    values = np.random.default_rng(1).normal(size=2000).astype(np.float32) * np.float32(1e-20)
    assert np.array_equal(np.array(json.loads(vector(values)), dtype=np.float32), values)
    assert float(number(0.1 + 0.2)) == 0.1 + 0.2


def test_attributes_that_the_words_say_add_to_bm25() -> None:
    color, sleeve, length = (Preference(name, ("red", "Red")) for name in ("color", "sleeve", "length"))
    query = Query(text="red short", preferences=((color,), (sleeve, length)), explain=True, facets=("color",))
    params = compose(query, Plan(Way.TEXT, ""), None)
    assert params["q"] == "{!bool filter=$base must=$blend cache=false}"
    assert params["base"] == WORDS
    assert params["prefer0_0"] == f"{{!terms f=attr_color cache=false separator='{SEPARATOR}'}}Red{SEPARATOR}red"
    assert params["agreement"] == ("product(3.0,sum(query($prefer0_0),max(query($prefer1_0),query($prefer1_1))))")
    assert params["relevance"] == "sum(query($base),$agreement)"
    assert params["score"] == "sub(1,div(2,sum($relevance,2)))"
    assert params["fl"].endswith(",bm25:$relevance,agreement:$agreement")
    facets = json.loads(params["json.facet"])["shared."]["facet"]
    assert set(facets) == {"color", "agreeing.0.0", "agreeing.1.0", "agreeing.1.1"}
    assert facets["agreeing.1.1"] == {
        "type": "query",
        "q": "{!bool filter=$prefer1_1 cache=false}",
        "facet": {"products": "unique(product_id)"},
    }


def test_preferences_change_nothing_that_decides_what_matches() -> None:
    plain = Query(text="red", vector=FULL, filters={"category": ("dress",)})
    prefers = replace(plain, preferences=((Preference("color", ("red",)),),))
    for way in (Way.EXACT, Way.APPROXIMATE, Way.TAIL):
        one, other = (compose(each, Plan(way, "", candidates=9), VECTORS) for each in (plain, prefers))
        changed = {name for name in other if one.get(name) != other[name]}
        assert changed == {"prefer0_0", "agreement", "relevance", "score", "json.facet"}
    assert compose_count(plain) == compose_count(prefers)


def test_further_parts_of_the_score_are_bound_and_weighted() -> None:
    other = np.ones(1024, dtype=np.float32)
    parts = (Likeness(other, 0.3), Closeness("price", 50, 20, 0.2))
    vectors = replace(VECTORS, coarse_others=(np.ones(256, dtype=np.int8),))
    query = Query(text="dress", vector=FULL, similarities=parts, explain=True)
    params = compose(query, Plan(Way.APPROXIMATE, "", candidates=9), vectors)
    assert params["similarity1"] == f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{vector(other)})"
    assert params["closeness2_offset"] == "div(sub(price,50.0),20.0)"
    squared = "product($closeness2_offset,$closeness2_offset)"
    assert params["closeness2"] == f"if(exists(price),div(1,sum(1,{squared})),0)"
    nearness = IMAGE.replace("$similarity", "$similarity1")
    weighted = [(0.5, TEXT), (0.5, IMAGE), (0.3, nearness), (0.2, "$closeness2")]
    assert params["score"] == f"sum({','.join(f'product({number(w / 1.5)},{part})' for w, part in weighted)})"
    assert params["near"] == "{!bool should=$near0 should=$near1 cache=false}"
    assert params["near0"] == "{!knn f=coarse topK=9 preFilter=$base cache=false v=$coarse}"
    assert params["near1"] == "{!knn f=coarse topK=9 preFilter=$base cache=false v=$coarse1}"
    assert params["fl"].endswith("bm25:query($base),similarity1:$similarity1,closeness2:$closeness2")
    assert params["distrib.singlePass"] == "true"
    assert compose_count(query) == compose_count(replace(query, similarities=()))


def test_prices_are_counted_in_buckets_whose_ends_are_open() -> None:
    query = Query(facets=("price",), ranges={"price": Range(5, 9)}, edges={"price": (0.0, 10.0, 20.0, 90.0)})
    facet = json.loads(compose(query, Plan(Way.BROWSE, ""), None)["json.facet"])["price"]
    assert (facet["type"], facet["q"]) == ("query", "{!cache=false}*:*")
    assert facet["domain"] == {"query": "*:*", "filter": []}
    assert (facet["facet"].pop("min"), facet["facet"].pop("max")) == ("min(price)", "max(price)")
    assert [facet["facet"][str(place)]["q"] for place in range(3)] == [
        "{!lucene cache=false}price:[* TO 10.0}",
        "{!lucene cache=false}price:[10.0 TO 20.0}",
        "{!lucene cache=false}price:[20.0 TO *]",
    ]
    assert all(each["facet"] == {"products": "unique(product_id)"} for each in facet["facet"].values())
    count = json.loads(compose_count(query)["json.facet"])["price"]
    assert count["domain"] == {"excludeTags": ["by_price"]} and len(count["facet"]) == 2 + len(GRID) + 1


def test_the_spread_of_a_threshold_is_that_of_what_is_within_it() -> None:
    query = Query(vector=FULL, max_distance=3.0, facets=("price",))
    count = compose_count(query, vectors=VECTORS)
    assert count["q"] == "{!bool filter=$base filter=$maybe filter=$close cache=false}"
    assert count["close"] == compose(query, Plan(Way.THRESHOLD, ""), VECTORS)["close"]


def test_few_pictures_are_compared_by_a_vector_query_inside_a_filter() -> None:
    plan = Plan(Way.EXACT, "", matching=40)
    params = compose(Query(vector=FULL), plan, VECTORS, by_id=False)
    assert params["q"] == "{!knn f=vector topK=180 preFilter=$base cache=false v=$full}"
    assert (params["base"], params["sort"]) == (EVERYTHING, "score desc")
    red = Query(vector=FULL, filters={"color": ("red",)})
    params = compose(red, plan, VECTORS, by_id=False)
    assert params["q"] == "{!knn f=vector topK=180 preFilter=$base preFilter=$pre0 cache=false v=$full}"
    assert params["pre0"] == params["fq"][1] and "coarse" not in params
    assert "total." in json.loads(params["json.facet"])["shared."]["facet"]
    assert few(red, plan) and not few(red, Plan(Way.EXACT, ""))
    assert not few(replace(red, text="dress", weights=Weights(0.5, 0.5)), plan)
    assert not few(replace(red, regions=True), plan)
    assert compose(red, plan, VECTORS)["q"] == "{!bool filter=$base must=$blend cache=false}"
