"""Runs that are ended in the middle, and owners who go on writing meanwhile."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.catalog.support import draw
from tests.catalog.test_interruption import wait_for, wait_for_line
from tests.install.conftest import NewTheirs
from tests.install.theirs import Theirs
from vision.install import backfill
from vision.solr import updates
from vision.solr.client import SolrClient

pytestmark = pytest.mark.solr

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
MANY = 1500


def same(one: Theirs, other: Theirs) -> bool:
    """Whether two cores' documents have the same vectors, value for value."""
    return one.vectors() == other.vectors()


def finish(theirs: Theirs) -> dict[str, Any]:
    running = theirs.process("--json")
    out, said = running.communicate(timeout=240)
    assert running.returncode == 0, said
    return dict(json.loads(out)["backfill"])


@posix
@pytest.mark.slow
def test_killed_at_any_stage_and_run_again_is_as_if_undisturbed(new_theirs: NewTheirs, tmp_path: Path) -> None:
    undisturbed = new_theirs(MANY, pictures=tmp_path / "pictures")
    assert finish(undisturbed)["added"] == MANY * 4 // 5
    theirs = new_theirs(MANY, pictures=tmp_path / "pictures")
    documents = theirs.own()

    running = theirs.process()
    wait_for_line(running.stderr, "pictures to features")
    running.kill()
    running.communicate()
    assert theirs.vectors() == {}

    running = theirs.process()
    wait_for_line(running.stderr, "sending to Solr")
    wait_for(lambda: _sent(theirs) > 0, running)
    running.kill()
    running.communicate()
    with theirs.client() as client:
        client.commit()
    sent = len(theirs.vectors())
    assert 0 < sent < MANY * 4 // 5

    report = finish(theirs)
    assert (report["added"], report["present"]) == (MANY * 4 // 5 - sent, sent)
    assert same(theirs, undisturbed)
    assert theirs.own() == documents


def _sent(theirs: Theirs) -> int:
    with theirs.client() as client:
        return client.count("embedding:*")


@posix
@pytest.mark.slow
def test_killed_while_uninstalling(new_theirs: NewTheirs, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = new_theirs(12)
    schema, documents = theirs.schema(), theirs.own()
    assert theirs.install().exit_code == 0
    post = SolrClient.post

    def dies(client: SolrClient, path: str, body: Any, **params: Any) -> dict[str, Any]:
        if path == "config":
            raise KeyboardInterrupt
        return post(client, path, body, **params)

    with monkeypatch.context() as patched:
        patched.setattr(SolrClient, "post", dies)
        assert theirs.run("uninstall").exit_code == 130
    assert theirs.run("uninstall").exit_code == 0
    assert theirs.schema() == schema and theirs.own() == documents


def test_ended_between_handler_and_schema(new_theirs: NewTheirs, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = new_theirs(12)
    schema = theirs.schema()
    post = SolrClient.post

    def dies(client: SolrClient, path: str, body: Any, **params: Any) -> dict[str, Any]:
        if path == "schema":
            raise KeyboardInterrupt
        return post(client, path, body, **params)

    with monkeypatch.context() as patched:
        patched.setattr(SolrClient, "post", dies)
        assert theirs.install().exit_code == 130
    assert theirs.schema() == schema and "/visual" in theirs.overlay()["requestHandler"]
    assert theirs.install(mapped=None).exit_code == 0
    assert len(theirs.vectors()) == 9
    assert theirs.run("uninstall").exit_code == 0
    assert theirs.schema() == schema


def meddling(monkeypatch: pytest.MonkeyPatch, meddle: Callable[[int], None]) -> None:
    """Call ``meddle`` with the number of each batch just before it is sent."""
    atomic, calls = updates.atomic, [0]

    def late(
        client: SolrClient, key: str, sent: Sequence[Mapping[str, Any]], *, compared: Sequence[str]
    ) -> dict[str, int]:
        calls[0] += 1
        meddle(calls[0])
        return atomic(client, key, sent, compared=compared)

    monkeypatch.setattr(backfill, "atomic", late)


def test_changes_of_others_meanwhile_are_kept(new_theirs: NewTheirs, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = new_theirs(12)
    (theirs.pictures / "shots" / "new.png").write_bytes(draw(99))
    expected = theirs.own()

    def meddle(batch: int) -> None:
        if batch != 2:
            return
        with theirs.client() as client:
            client.add([{"id": "sku-00002", "price_f": {"set": 999.5}}])
            client.add([{"id": "sku-00003", "img_s": {"set": "shots/new.png"}}])
            client.add([{"id": "sku-00004", "img_s": {"set": None}}])
            client.add([{**expected["sku-00006"], "name_t": "written anew"}])
            client.delete("id:sku-00007")

    meddling(monkeypatch, meddle)
    done = theirs.install("--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["backfill"]["added"] == 7
    expected["sku-00002"]["price_f"] = 999.5
    expected["sku-00003"]["img_s"] = "shots/new.png"
    del expected["sku-00004"]["img_s"]
    expected["sku-00006"]["name_t"] = "written anew"
    del expected["sku-00007"]
    assert theirs.own() == expected
    vectors = theirs.vectors()
    assert set(vectors) == {id for id, each in expected.items() if "img_s" in each}
    hashes = {id: each["image_hash"] for id, each in theirs.documents("id,image_hash").items() if "image_hash" in each}
    assert len(set(hashes.values())) == len(hashes) == 7


def test_an_owner_who_never_rests_is_left_alone(new_theirs: NewTheirs, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = new_theirs(12)

    def meddle(batch: int) -> None:
        with theirs.client() as client:
            client.add([{"id": "sku-00002", "price_f": {"set": float(batch)}}])

    meddling(monkeypatch, meddle)
    done = theirs.install()
    assert done.exit_code == 1
    assert "1 documents of" in done.output and "changed again and again" in done.output
    monkeypatch.undo()
    assert json.loads(theirs.install("--json", mapped=None).stdout)["backfill"]["added"] == 1


def test_another_extractor_is_refused(new_theirs: NewTheirs, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = new_theirs(12)
    assert theirs.install().exit_code == 0
    before = theirs.documents()
    monkeypatch.setattr("vision.extractors.histogram.Histogram.fingerprint", "histogram-other")
    done = theirs.install(mapped=None)
    assert done.exit_code == 1
    assert "this run would add 'histogram-other'" in done.output and "solr uninstall" in done.output
    assert theirs.documents() == before
