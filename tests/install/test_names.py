"""How a search speaks to a collection with names of its own, as exact strings, and what stands in files for it."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from vision.errors import BadQuery
from vision.install import snippet
from vision.install.ours import additions
from vision.search.composer import RETURNED, compose
from vision.search.model import Plan, Query, Way
from vision.solr.fields import FieldMap

FIELDS = {"title": "name_t", "image": "img_s", "price": "price_f", "category": "cat_s", "product_id": "group_s"}
THEIRS = FieldMap("visual", "sku", FIELDS, root="abc")


def test_our_own_names_are_left_as_they_are() -> None:
    assert FieldMap().returned(RETURNED) == RETURNED
    assert FieldMap.from_handler(None) == FieldMap.from_handler({"defaults": {}}) == FieldMap()
    assert FieldMap().field("color") == "attr_color"
    assert FieldMap().attributes(["attr_b", "attr_a", "price", "currency"]) == ("a", "b", "currency")


def test_their_names_come_back_as_ours() -> None:
    assert THEIRS.returned(RETURNED) == (
        "id:sku,product_id:group_s,title:name_t,image:img_s,price:price_f,attr_category:cat_s,score"
    )
    assert THEIRS.returned("id,image,root") == "id:sku,image:img_s,root:[value v=abc]"
    assert FieldMap("visual", "id", {}).returned("id,product_id,root") == "id,product_id:id"


def test_a_search_is_composed_in_their_names() -> None:
    query = Query(text="red", filters={"category": ("chair",)}, facets=("category",), sort="-price", language="en")
    params = compose(query, Plan(Way.TEXT, ""), None, THEIRS)
    assert params["fq"][1].startswith("{!terms f=cat_s tag=by_category")
    assert params["fq"][2] == "{!collapse tag=group field=group_s sort='score desc,sku asc'}"
    assert params["sort"] == "price_f desc,sku asc"
    assert '"field":"cat_s"' in params["json.facet"] and '"products":"unique(group_s)"' in params["json.facet"]


def test_where_a_document_is_a_product_nothing_is_grouped() -> None:
    params = compose(
        Query(facets=("category",)), Plan(Way.BROWSE, ""), None, FieldMap("visual", "id", {"category": "c"})
    )
    assert len(params["fq"]) == 1
    assert "unique" not in params["json.facet"]


def test_a_name_that_is_not_mapped() -> None:
    with pytest.raises(BadQuery, match="no field is mapped to 'color'; accepted: category"):
        THEIRS.field("color")


def test_what_is_added_is_what_our_own_configset_has() -> None:
    ours = additions()
    assert ours.types["vector_full"]["vectorDimension"] == "1024"
    assert ours.types["vector_coarse"]["vectorEncoding"] == "BYTE"
    assert ours.types["vector_coarse"]["vectorDimension"] == "256"  # a core's own property in the configset
    assert {each["type"] for each in ours.fields.values()} == set(ours.types)
    assert ours.invariants == {"expandMacros": "false"}
    assert (ours.defaults["mm"], ours.defaults["rows"], ours.defaults["tie"]) == ("100%", 24, 0.1)


def test_a_handler_as_xml() -> None:
    record = {"key": "id", "fields": {"title": 'a"b'}, "added": {"types": [], "fields": ["vector"]}}
    handler = {"name": "/visual", "class": "x", "defaults": {"rows": 24, "tie": 0.1, "mm": "<1"}, "visual": record}
    root = ElementTree.fromstring(snippet.handler(handler))
    assert root.findtext("lst[@name='defaults']/str[@name='mm']") == "<1"
    assert root.findtext("lst[@name='defaults']/int") == "24"
    assert root.findtext("lst[@name='visual']/lst[@name='added']/arr[@name='fields']/str") == "vector"
