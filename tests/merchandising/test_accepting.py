"""Accepted, looked at, undone, on a real Solr: what was meant changed, and nothing else did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.merchandising.material import Shelf, document, explained, proposal, shelf
from tests.search.cloud import solr_cloud
from vision.errors import BadQuery, Conflict, NotFound, SolrUnavailable
from vision.locks import file_lock
from vision.merchandising.documents import Documents
from vision.merchandising.model import Outcome, State
from vision.solr.configset import Shape
from vision.solr.vectors import Keeping

pytestmark = pytest.mark.solr

PROBE = f"[{','.join(str(number % 7 - 3) for number in range(256))}]"
WHOLE = f"[{','.join(str(number % 7 - 3) for number in range(1024))}]"


KINDS = [
    *(pytest.param((each, None), id=each.value) for each in Keeping),
    *(
        pytest.param(
            (each, Shape(2, 1)), id=f"{each.value}-shards", marks=pytest.mark.many if number else pytest.mark.slow
        )
        for number, each in enumerate(Keeping)
    ),
]


@pytest.fixture(scope="module")
def cloud_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with solr_cloud(tmp_path_factory.mktemp("cloud")) as url:
        yield url


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, solr_url: str, tmp_path: Path) -> Iterator[Shelf]:
    keeping, shape = request.param
    url = solr_url if shape is None else request.getfixturevalue("cloud_url")
    documents = [document(number) for number in range(20)]
    documents += [
        document(20, product_id="two", attr_color=["red", "blue"]),
        document(21, product_id="two", attr_color=["blue", "red"]),
        document(22, product_id="uneven", attr_color=["red"]),
        document(23, product_id="uneven", attr_color=None),
        document(24, product_id="bare", attr_color=None, attr_tags=None),
    ]
    with shelf(url, tmp_path, "accepting", documents, keeping, shape) as made:
        yield made


def nearest(shop: Shelf) -> dict[str, float]:
    """In their order, by both vectors; the last digits are those of the code that Java has compiled by then."""
    distance = f"vectorSimilarity(FLOAT32,EUCLIDEAN,vector,{WHOLE})"
    params = {"q": "{!knn f=coarse topK=25 v=$probe}", "probe": PROBE, "fl": f"id,exact:{distance},score", "rows": 25}
    return {each["id"]: each["exact"] + each["score"] for each in shop.client.select(params)["response"]["docs"]}


def assert_as_near(shop: Shelf, before: dict[str, float]) -> None:
    found = nearest(shop)
    assert list(found) == list(before) and found == pytest.approx(before, rel=1e-5)


def found(shop: Shelf, words: str) -> set[str]:
    params = {"q": "{!edismax v=$words}", "words": words, "fl": "id", "rows": 100}
    return {each["id"] for each in shop.client.select(params)["response"]["docs"]}


def test_only_the_attribute_changes_and_undo_restores_everything(shop: Shelf) -> None:
    before, near = shop.contents(), nearest(shop)
    change = shop.accept(
        [
            proposal("p00001", ["red"], ["chartreuse"]),
            proposal("p00002", ["red"], []),
            proposal("p00003", ["zebra", "apple", "mango"], ["zebra", "kiwi"], field="tags"),
            proposal("p00003", ["red"], ["chartreuse"]),
            proposal("p00004", [], ["Hawaiian"], field="motif"),
            proposal("two", ["red", "blue"], ["chartreuse"]),
            proposal("bare", [], ["chartreuse"]),
        ]
    )
    after = shop.contents()
    expected = {id: dict(each) for id, each in before.items()}
    expected["p00001"]["attr_color"] = ["chartreuse"]
    del expected["p00002"]["attr_color"]
    expected["p00003"] |= {"attr_tags": ["kiwi", "zebra"], "attr_color": ["chartreuse"]}
    expected["p00004"]["attr_motif"] = ["Hawaiian"]
    for id in ("p00020", "p00021", "p00024"):
        expected[id]["attr_color"] = ["chartreuse"]
    assert after == expected
    assert_as_near(shop, near)
    assert found(shop, "chartreuse") == {"p00001", "p00003", "p00020", "p00021", "p00024"}
    assert found(shop, "hawaiian") == {"p00004"}
    facets = shop.client.select(
        {"q": "*:*", "rows": 0, "json.facet": '{c:{type:terms,field:attr_color,facet:{n:"unique(product_id)"}}}'}
    )["facets"]["c"]["buckets"]
    assert {each["val"]: each["n"] for each in facets} == {"red": 18, "chartreuse": 4}
    undo = shop.desk.undo(change, by="Bea", why="it was not chartreuse")
    assert (undo.state, undo.undoes, shop.desk.change(change).state) == ("written", change, "undone")
    assert shop.contents() == before
    assert_as_near(shop, near)
    assert found(shop, "chartreuse") == set()
    redo = shop.desk.undo(undo.id, by="Ada")
    assert (redo.state, shop.desk.change(undo.id).state, shop.desk.change(change).state) == (
        "written",
        "undone",
        "written",
    )
    assert shop.contents() == after
    again = shop.desk.undo(redo.id, by="Ada")
    assert (again.state, shop.desk.change(change).state) == ("written", "undone")
    assert shop.contents() == before
    explained(shop.journal)


def test_a_product_is_changed_as_a_whole_or_not_at_all(shop: Shelf) -> None:
    before = shop.contents()
    change = shop.accept([proposal("uneven", ["red"], ["green"]), proposal("two", ["red"], ["green"])])
    assert shop.outcomes(change) == {"uneven": Outcome.WRITTEN, "two": Outcome.CONFLICT}
    now = shop.contents()
    assert [now[id].get("attr_color") for id in ("p00022", "p00023")] == [["green"], ["green"]]
    assert [now[id]["attr_color"] for id in ("p00020", "p00021")] == [["red", "blue"], ["blue", "red"]]
    shop.desk.undo(change, by="Ada")
    assert shop.contents() == before


def test_what_is_there_already_is_not_written(shop: Shelf) -> None:
    change = shop.accept([proposal("two", ["red"], ["blue", "red"]), proposal("p00005", [], ["red"])])
    assert set(shop.outcomes(change).values()) == {Outcome.ALREADY}
    with pytest.raises(Conflict, match="nothing .* is left to be undone: its items are already"):
        shop.desk.undo(change, by="Ada")


def test_conflicts_are_reported_and_nothing_is_overwritten(shop: Shelf) -> None:
    proposals = [proposal(f"p{number:05d}", ["red"], ["green"]) for number in range(4)]
    shop.set("p00001", attr_color=["mauve"])
    shop.set("p00002", price=1.0)
    shop.client.delete("id:p00003")
    change = shop.accept(proposals)
    conflict = Outcome.CONFLICT
    assert list(shop.outcomes(change).values()) == [Outcome.WRITTEN, conflict, Outcome.WRITTEN, conflict]
    now = shop.contents()
    assert (now["p00001"]["attr_color"], now["p00002"]["price"]) == (["mauve"], 1.0)
    states = [each.state for each in shop.desk.proposals.get([each.id for each in proposals])]
    assert states == [State.ACCEPTED, State.SUPERSEDED, State.ACCEPTED, State.SUPERSEDED]


def test_undo_leaves_what_was_changed_since(shop: Shelf) -> None:
    change = shop.accept([proposal("p00001", ["red"], ["green"]), proposal("two", ["red", "blue"], ["green"])])
    shop.set("p00021", attr_color=["mauve"])
    shop.set("p00001", attr_tags=["kiwi"])
    undo = shop.desk.undo(change, by="Ada")
    assert shop.outcomes(undo.id) == {"p00001": Outcome.WRITTEN, "two": Outcome.CONFLICT}
    assert shop.desk.change(change).state == "partly undone"
    now = shop.contents()
    assert (now["p00001"]["attr_color"], now["p00001"]["attr_tags"]) == (["red"], ["kiwi"])
    assert [now[id]["attr_color"] for id in ("p00020", "p00021")] == [["green"], ["mauve"]]


def test_single_products_are_undone(shop: Shelf) -> None:
    before = shop.contents()
    change = shop.accept([proposal(f"p{number:05d}", ["red"], ["green"]) for number in range(3)])
    shop.desk.undo(change, by="Ada", products=["p00001"])
    assert [shop.contents()[f"p{number:05d}"]["attr_color"] for number in range(3)] == [["green"], ["red"], ["green"]]
    with pytest.raises(Conflict, match="nothing"):
        shop.desk.undo(change, by="Ada", products=["p00001"])
    with pytest.raises(NotFound, match="no product 'p00009'"):
        shop.desk.undo(change, by="Ada", products=["p00009"])
    shop.desk.undo(change, by="Ada")
    assert shop.contents() == before


def test_states_of_proposals(shop: Shelf) -> None:
    desk = shop.desk
    one, other = proposal("p00001", ["red"], ["green"]), proposal("p00001", ["red"], ["blue"])

    def kept() -> list[State]:
        return [each.state for each in desk.proposals.get([one.id, other.id])]

    assert desk.proposals.save([one, other]) == 2
    change = desk.accept([one.id], by="Ada")
    assert kept() == [State.ACCEPTED, State.SUPERSEDED]
    with pytest.raises(Conflict, match="accepted already"):
        desk.accept([one.id], by="Ada")
    with pytest.raises(BadQuery, match="undo that"):
        desk.proposals.reject([one.id], by="Ada", why="")
    desk.undo(change.id, by="Ada")
    assert kept() == [State.OPEN, State.SUPERSEDED]
    assert desk.proposals.save([other]) == 1
    assert kept() == [State.SUPERSEDED, State.OPEN]
    assert desk.proposals.reject([other.id], by="Ada", why="no") == 1
    assert desk.proposals.save([other]) == 0
    assert kept() == [State.SUPERSEDED, State.REJECTED]


@pytest.mark.parametrize(
    ("field", "new", "says"),
    [
        ("price", ["1"], "no attribute"),
        ("title", ["x"], "no attribute"),
        ("color", ["a\nb"], "cannot be"),
        ("color", [" "], "cannot be"),
        ("color", ["x" * 1001], "1,000 characters"),
        ("co:lor", ["x"], "no field name"),
        ("color", ["red"], "changes nothing"),
    ],
)
def test_what_is_no_change(shop: Shelf, field: str, new: list[str], says: str) -> None:
    with pytest.raises(BadQuery, match=says):
        shop.accept([proposal("p00001", ["red"], new, field=field)])


@pytest.mark.parametrize("words", [{"by": ""}, {"by": "a\nb"}, {"by": "x" * 101}, {"why": "x" * 1001}])
def test_who_and_why(shop: Shelf, words: dict[str, Any]) -> None:
    with pytest.raises(BadQuery, match="by is|why has"):
        shop.accept([proposal("p00001", ["red"], ["green"])], **words)


def test_solr_goes_away(shop: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    proposals = [proposal("p00001", ["red"], ["green"])]

    def gone(*_: object) -> dict[str, int]:
        raise SolrUnavailable("Solr did not answer")

    with monkeypatch.context() as patched, pytest.raises(SolrUnavailable, match="changes resume"):
        patched.setattr(Documents, "write", gone)
        shop.accept(proposals)
    kept = shop.desk.proposals.get([proposals[0].id])[0]
    assert kept.change is not None and shop.desk.change(kept.change).state == "unfinished"
    assert shop.desk.resume(kept.change).state == "written"
    assert shop.contents()["p00001"]["attr_color"] == ["green"]


def test_one_process_at_a_time(shop: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    change = shop.accept([proposal("p00001", ["red"], ["green"])])
    with file_lock(shop.journal.file.with_suffix(".locks") / change, timeout=1, doing="testing"):
        with pytest.raises(Conflict, match="another process"):
            shop.desk.resume(change)


def test_two_for_the_same_attribute(shop: Shelf) -> None:
    with pytest.raises(Conflict, match="both change color of product 'p00001'"):
        shop.accept([proposal("p00001", ["red"], ["green"]), proposal("p00001", ["red"], ["blue"])])
