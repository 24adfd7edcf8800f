"""What is read from a real Solr against the rows that were indexed, and the tools on it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tests.search.synthetic import Synthetic, build
from vision.errors import BadQuery, TookTooLong
from vision.merchandising.tools import duplicates
from vision.merchandising.tools.budget import Budget
from vision.merchandising.tools.selection import select
from vision.search.planner import Limits
from vision.search.request import parse

pytestmark = pytest.mark.solr


@pytest.fixture(scope="module")
def rows(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    """2,300 pictures: more than two pages; one in ten is a second view of the product before it."""
    home = tmp_path_factory.mktemp("rows")
    built = build(solr_url, "merchandising", home, pictures=2300, limits=Limits(), kinds=True)
    yield built
    built.engine.client.close()


def test_products_are_the_means_of_their_pictures_whatever_the_page(rows: Synthetic) -> None:
    found = select(rows.engine, fields=["color"])
    codes = rows.embedding.codec.encode(rows.vectors).astype(np.float64)
    assert list(found.ids) == sorted(set(rows.products))
    place = {id: row for row, id in enumerate(found.ids)}
    for product in found.ids:
        pictures = [row for row, each in enumerate(rows.products) if each == product]
        mean = np.rint(codes[pictures].mean(axis=0))
        assert found.codes[place[product]].tolist() == mean.tolist()
        colors = tuple(sorted({rows.columns["color"][row] for row in pictures} - {""}))
        assert found.values["color"][place[product]] == colors
        assert found.pictures[place[product]] == min(rows.ids[row] for row in pictures)


def test_single_pictures_are_all_of_them(rows: Synthetic) -> None:
    found = select(rows.engine, single=True)
    assert sorted(found.ids) == sorted(rows.ids)
    assert dict(zip(found.ids, found.products, strict=True)) == dict(zip(rows.ids, rows.products, strict=True))


def test_filters_and_what_is_missing_select_as_they_search(rows: Synthetic) -> None:
    for members, keep in (
        ({"filters": {"color": ["red", "blue"]}}, rows.where(color=("red", "blue"))),
        ({"missing": ["color"]}, rows.where(color="")),
        ({"missing": ["color"], "filters": {"length": ["midi"]}}, rows.where(color="", length="midi")),
    ):
        request = parse(members)
        expected = {rows.products[row] for row in np.flatnonzero(keep)}
        assert set(select(rows.engine, request).ids) == expected
        assert rows.engine.search(request).total == len(expected)


@pytest.mark.parametrize("mode", ["exact", "approximate"])
def test_a_missing_value_is_a_filter_of_every_way(rows: Synthetic, mode: str) -> None:
    query = rows.queries(1, seed=4)[0]
    keep = rows.where(color="")
    request = parse({"vector": query.tolist(), "missing": ["color"], "mode": mode, "rows": 20, "facets": ["length"]})
    found = rows.engine.search(request)
    assert [hit.id for hit in found.hits] == rows.ranked(-rows.distances(query), keep, 20)
    assert found.total == rows.total(keep)
    assert {each.value: each.count for each in found.facets["length"]} == rows.counts("length", keep)


def test_a_facet_leaves_out_its_own_missing_filter(rows: Synthetic) -> None:
    found = rows.engine.search(parse({"missing": ["color"], "facets": ["color"]}))
    every = np.ones(len(rows.ids), dtype=bool)
    assert {each.value: each.count for each in found.facets["color"]} == rows.counts("color", every)


def test_by_a_picture_what_is_near_enough(rows: Synthetic) -> None:
    asked = rows.ids[10]
    distances = rows.distances(rows.vectors[10])
    limit = float(np.sort(distances)[40]) * 1.0001
    found = select(rows.engine, parse({"image_id": asked, "max_distance": limit}), single=True)
    assert set(found.ids) == {rows.ids[row] for row in np.flatnonzero(distances <= limit)}
    with pytest.raises(BadQuery, match="max_distance or min_match"):
        select(rows.engine, parse({"image_id": asked}))


def test_what_cannot_be_missing_is_refused(rows: Synthetic) -> None:
    with pytest.raises(BadQuery, match="narrowed to values as well"):
        select(rows.engine, parse({"missing": ["color"], "filters": {"color": ["red"]}}))
    with pytest.raises(BadQuery, match="missing: no product has a field 'weight'"):
        select(rows.engine, parse({"missing": ["weight"]}))


def test_reading_gives_up_in_time(rows: Synthetic) -> None:
    with pytest.raises(TookTooLong, match="reading vectors: 0 were through"):
        select(rows.engine, budget=Budget(1.0, began=0.0))


def near_pairs(rows: Synthetic, count: int) -> tuple[set[frozenset[str]], float]:
    """The nearest pairs of pictures of different products, as pairs of products, and the distance that joins them."""
    distances = rows.distances(rows.vectors)
    products = np.array(rows.products)
    apart = np.triu(products[:, None] != products[None], 1)
    limit = float(np.sort(distances[apart])[count]) * 1.0001
    found = np.argwhere(apart & (distances <= limit))
    return {frozenset((rows.products[left], rows.products[right])) for left, right in found}, limit


def test_duplicates_are_those_of_all_pairs(rows: Synthetic) -> None:
    """The pairs are put together from all distances by NumPy."""
    selection = select(rows.engine, fields=["color"], single=True)
    near, limit = near_pairs(rows, 60)
    groups = duplicates.find(selection, rows.engine.collection, within=limit / selection.sigma2)
    grouped = {product for each in groups for product in each.products}
    assert len(grouped) == sum(len(each.products) for each in groups)
    for group in groups:
        first = group.products[0]
        assert all(frozenset((first, each)) in near for each in group.products[1:])
        assert group.distance <= limit
    # What is left alone is near only to products that stand in another's group.
    leaders = {each.products[0] for each in groups}
    alone = {product for pair in near for product in pair} - grouped
    assert all(not pair & leaders for pair in near if pair & alone)
    assert len(grouped) > 40


def test_a_duplicates_missing_value_is_proposed_and_a_disagreement_is_not(rows: Synthetic) -> None:
    selection = select(rows.engine, fields=["color"], single=True)
    _, limit = near_pairs(rows, 60)
    groups = duplicates.find(selection, rows.engine.collection, within=limit / selection.sigma2)
    place = {id: row for row, id in enumerate(selection.ids)}
    held = {id: selection.values["color"][place[id]] for each in groups for id in each.pictures}
    made = duplicates.proposals(selection, groups, mark="duplicate_of")
    expected = set()
    for group in groups:
        known = {held[id] for id in group.pictures if held[id]}
        if len(known) == 1:
            lacking = zip(group.products, group.pictures, strict=True)
            expected |= {(product, next(iter(known))) for product, id in lacking if not held[id]}
    assert {(each.product, each.new) for each in made if each.field == "color"} == expected
    marked = {(each.product, each.new) for each in made if each.field == "duplicate_of"}
    assert marked == {(product, (each.products[0],)) for each in groups for product in each.products[1:]}
