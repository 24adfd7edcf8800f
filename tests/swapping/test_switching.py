"""Switched and switched back on a real Solr: what is served, what goes with it, and what an interruption leaves."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.search.cloud import solr_cloud
from tests.swapping.pair import Pair, pair
from vision.catalog.drift_record import Record
from vision.errors import Conflict, NotFound
from vision.search.engine import SearchEngine
from vision.search.request import SearchRequest
from vision.search.steering.calibration import Calibrations, calibrate
from vision.search.tuned import Tuned
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.swapping import comparing, exchange
from vision.swapping.status import gather
from vision.swapping.switching import Switch, drop

pytestmark = pytest.mark.solr


@pytest.fixture(scope="module")
def cloud_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with solr_cloud(tmp_path_factory.mktemp("cloud")) as url:
        yield url


@pytest.fixture(params=["standalone", pytest.param("cloud", marks=pytest.mark.many)])
def made(request: pytest.FixtureRequest, solr_url: str, tmp_path: Path) -> Iterator[Pair]:
    url = solr_url if request.param == "standalone" else request.getfixturevalue("cloud_url")
    with pair(url, tmp_path, "swapped") as found:
        yield found


def test_there_and_back(made: Pair) -> None:
    old, new = made.fingerprint(made.served), made.fingerprint(made.beside)
    done = made.switched()
    assert (done.embedding, done.before, done.carried, done.difference.missing) == (new, old, 0, 0)
    assert (made.fingerprint(made.served), made.fingerprint(made.beside)) == (new, old)
    with pytest.raises(Conflict, match="have changed places"):
        made.switched()
    assert made.switched(back=True).embedding == old
    assert (made.fingerprint(made.served), made.fingerprint(made.beside)) == (old, new)
    with pytest.raises(Conflict, match="no way back"):
        made.switched(back=True)


def test_what_was_changed_is_there_before_and_after(made: Pair) -> None:
    made.change("red-circle", "red", "crimson")  # since the other was indexed
    assert made.colors(made.beside, "red-circle") == {("red",)}
    assert made.switched().carried == 2
    assert made.colors(made.served, "red-circle") == {("crimson",)}
    made.change("red-circle", "crimson", "scarlet")
    made.switched(back=True)
    assert made.colors(made.served, "red-circle") == {("scarlet",)}


def test_what_is_indexed_beside_has_what_was_changed(made: Pair) -> None:
    made.change("blue-ring-1", "blue", "navy")
    made.index_beside()
    assert made.colors(made.beside, "blue-ring-1") == {("navy",)}


def test_a_change_that_is_written_during_the_exchange_is_not_lost(made: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    real = exchange.exchange

    def changed_first(live: SolrClient, other: SolrClient, before: tuple[str, str]) -> None:
        made.change("green-ring-1", "green", "olive")
        real(live, other, before)

    monkeypatch.setattr(exchange, "exchange", changed_first)
    assert made.switched().carried == 1
    assert made.colors(made.served, "green-ring-1") == {("olive",)}


def test_what_lacks_pictures_is_refused(made: Pair) -> None:
    with made.workspace.client(made.beside) as client:
        client.delete_ids(["blue-ring-1", "blue-ring-2"])
        client.add([{"id": "more", "product_id": "more", "title": "more"}])
        client.commit()
    with pytest.raises(Conflict, match="2 pictures of 'swapped' are not in 'swapped-next': 'blue-ring-1', 'bl"):
        made.switched()
    done = made.switched(missing_ok=True)
    assert done.difference.missing_ids == ("blue-ring-1", "blue-ring-2") and done.difference.more_ids == ("more",)


@pytest.mark.parametrize("step", ["exchange", "files", "late"])
@pytest.mark.parametrize("after", [False, True], ids=["before it", "after it"])
def test_it_goes_on_where_it_was_broken_off(
    made: Pair, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    old, new = made.fingerprint(made.served), made.fingerprint(made.beside)
    made.change("red-circle", "red", "crimson")
    owner, name = {
        "exchange": (exchange, "exchange"),
        "files": (Switch, "_exchange_files"),
        "late": (Switch, "_late"),
    }[step]
    real = getattr(owner, name)

    def broken(*args: object) -> object:
        if after:
            real(*args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, broken)
        with pytest.raises(KeyboardInterrupt):
            made.switched()
    assert made.switched().embedding == new
    assert (made.fingerprint(made.served), made.fingerprint(made.beside)) == (new, old)
    assert made.colors(made.served, "red-circle") == {("crimson",)}
    assert not made.workspace.beside().known(made.served).going


@pytest.mark.slow
def test_a_solrclouds_aliases_are_exchanged_and_one_alone_is_gone_on_with(
    cloud_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pair(cloud_url, tmp_path, "aliased") as made:
        old, new = made.fingerprint(made.served), made.fingerprint(made.beside)
        made.change("red-circle", "red", "crimson")
        real = SolrClient.admin

        def one(client: SolrClient, path: str, **params: str) -> dict[str, Any]:
            if params.get("action") == "CREATEALIAS" and params["name"] == made.beside:
                raise KeyboardInterrupt
            return real(client, path, **params)

        with monkeypatch.context() as patch:
            patch.setattr(SolrClient, "admin", one)
            with pytest.raises(KeyboardInterrupt):
                made.switched()
        assert made.fingerprint(made.served) == made.fingerprint(made.beside) == new
        assert made.switched().embedding == new
        assert made.fingerprint(made.beside) == old
        assert made.colors(made.served, "red-circle") == {("crimson",)}
        assert made.switched(back=True).embedding == old


def test_what_is_kept_by_name_goes_with_it(made: Pair) -> None:
    workspace = made.workspace
    calibrations = Calibrations(workspace.store().folder)
    old, new = made.fingerprint(made.served), made.fingerprint(made.beside)
    for name, fingerprint, candidates in ((made.served, old, 100), (made.beside, new, 300)):
        workspace.tuned().save(Tuned(name, fingerprint, 40, candidates, 50, "now", {}))
        with workspace.client(name) as client:
            embedding = workspace.engine(client).collection.embedding()
            calibrations.save(name, calibrate(client, embedding, "category", sample=40))
        workspace.drift().change(name, lambda _, made_with=fingerprint: Record(made_with))  # type: ignore[misc]
    made.switched()
    with workspace.client(made.served) as client:
        engine = workspace.engine(client)
        assert engine.limits().limits.candidates == 300 and engine.limits().notice is None
        assert engine.collection.calibration() is not None
    with workspace.client(made.beside) as client:
        assert workspace.engine(client).limits().limits.candidates == 100
    for name, fingerprint in ((made.served, new), (made.beside, old)):
        record = workspace.drift().record(name)
        assert record is not None and record.embedding == fingerprint


def test_nothing_is_switched_with_nothing_beside(made: Pair) -> None:
    drop(made.workspace, made.workspace.beside().known(made.served), collection=True)
    with made.workspace.client(made.beside) as client:
        assert not configset.exists(client)
    with pytest.raises(NotFound, match="nothing is beside"):
        made.switched()
    with made.workspace.client() as client:
        assert gather(made.workspace, client) is None


def precision(engine: SearchEngine, asked: Sequence[comparing.Asked], label: str) -> float:
    """Mean average precision of the first 50 products, counted by hand."""
    found = []
    for each in asked:
        hits = [hit for hit in engine.search(each.request).hits if hit.product_id != each.own][:50]
        right, shares = 0, []
        for rank, hit in enumerate(hits, start=1):
            if set(each.labels) & {hit.attributes[label]}:
                right += 1
                shares.append(right / rank)
        found.append(sum(shares) / right)
    return sum(found) / len(found)


def test_both_are_compared(made: Pair) -> None:
    workspace = made.workspace
    with workspace.client() as one, workspace.client(made.beside) as two:
        live, other = workspace.engine(one), workspace.engine(two)
        asked = comparing.sampled(live, 30, 1, "color")
        found = comparing.compare(live, other, asked, "color")
        assert (found.queries, found.judged, found.label) == (30, 30, "color")
        assert found.live.embedding != found.other.embedding and found.live.pictures == found.other.pictures == 40
        assert found.live.map == pytest.approx(precision(live, asked, "color"), abs=1e-4)
        assert found.other.map == pytest.approx(precision(other, asked, "color"), abs=1e-4) != found.live.map
        assert 0.5 < found.overlap < 1
        same = comparing.compare(live, live, asked, "category")
        assert (same.overlap, same.first, same.live.map) == (1.0, 1.0, same.other.map)
        file = made.shop.folder / "asked.jsonl"
        file.write_text('{"image_id": "blue-ring-1"}\n{"q": "red ring", "image_id": "red-ring-1"}\n' * 5)
        assert comparing.compare(live, other, comparing.read(file, 100), None).queries == 10


def test_a_search_names_which_it_means(made: Pair) -> None:
    workspace = made.workspace
    with workspace.client() as client:
        engine = workspace.engine(client)
        fingerprints = [made.fingerprint(each) for each in (made.served, made.beside)]
        for fingerprint in fingerprints:
            request = SearchRequest(image_id="red-ring-1", extractor=fingerprint)
            assert engine.search(request).plan.embedding == fingerprint


def test_a_catalogue_is_indexed_again_with_the_extractor_that_is_served(made: Pair) -> None:
    with (made.shop.folder / "catalogue.csv").open(encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == 41
    known = made.workspace.catalogues().all()
    assert [each.collection for each in known] == [made.beside]
