"""What a client remembers of its Solr, and what it must not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.web import Handler, serving
from vision.errors import ShardUnavailable, SolrRefused, SolrUnavailable
from vision.solr.client import SolrClient
from vision.solr.fields import HANDLER, FieldMap

MAPPED = {HANDLER: {"key": "sku", "fields": {"title": "name"}}}


class Answering(SolrClient):
    """Answers each request for the configuration with the next of ``statuses``."""

    def __init__(self, *statuses: int) -> None:
        super().__init__("http://solr/solr", "products")
        self.statuses = iter(statuses)

    def get_json(self, path: str, **params: Any) -> dict[str, Any]:
        status = next(self.statuses)
        if status != 200:
            raise SolrRefused("refused", status=status)
        return {"config": {"requestHandler": {f"/{HANDLER}": MAPPED}}}


def test_a_failure_is_not_taken_for_a_collection_without_a_mapping() -> None:
    with Answering(500, 200) as client:
        with pytest.raises(SolrRefused):
            client.names  # noqa: B018
        assert client.names.key == "sku"
        assert client.names.key == "sku"


def test_who_may_not_read_the_configuration_may_search() -> None:
    with Answering(403) as client:
        assert client.names == client.names == FieldMap()


def test_a_password_in_the_address_is_in_no_message() -> None:
    with SolrClient("http://eva:s3cret@127.0.0.1:9/solr", "x") as client:
        for ask in (client.count, lambda: client.admin("admin/info/system"), lambda: client.post("schema", {})):
            with pytest.raises(SolrUnavailable, match="127.0.0.1:9/solr") as caught:
                ask()
            assert "s3cret" not in str(caught.value)


@contextmanager
def leaderless(times: int, why: str) -> Iterator[tuple[str, list[str]]]:
    """A node that cannot pass on so many writes, and then can; its address, and what it was asked."""
    asked: list[str] = []

    class Node(Handler):
        def do_POST(self) -> None:
            self.body()
            asked.append(self.path)
            refused = len(asked) <= times
            self.say({"error": {"msg": why}} if refused else {"responseHeader": {"status": 0}}, 500 if refused else 200)

    with serving(Node) as url:
        yield f"{url}/solr", asked


LOST = "Async exception during distributed update: java.net.ConnectException: Connection refused"


def test_what_may_be_written_twice_waits_for_the_next_leader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.solr.client._PAUSE_S", 0.01)
    writes: list[Callable[[SolrClient], object]] = [
        lambda client: client.add([{"id": "a"}]),
        lambda client: client.delete_ids(["a"]),
        lambda client: client.delete("id:a"),
        lambda client: client.commit(),
    ]
    for write in writes:
        with leaderless(3, LOST) as (url, asked), SolrClient(url, "x") as client:
            write(client)
        assert len(asked) == 4, asked


def test_it_does_not_wait_for_ever_nor_for_something_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vision.solr.client._PAUSE_S", 0.05)
    monkeypatch.setattr("vision.solr.client._ELECTION_S", 0.2)
    with leaderless(1000, LOST) as (url, asked), SolrClient(url, "x") as client:
        with pytest.raises(ShardUnavailable, match="Connection refused"):
            client.add([{"id": "a"}])
        assert 2 <= len(asked) <= 5
    with leaderless(1000, "No space left on device") as (url, asked), SolrClient(url, "x") as client:
        with pytest.raises(SolrRefused, match="No space"):
            client.add([{"id": "a"}])
        assert len(asked) == 1


def test_an_update_for_one_version_is_sent_once() -> None:
    with leaderless(1, LOST) as (url, asked), SolrClient(url, "x") as client:
        for update in ({"id": "a", "_version_": 3}, {"id": "a", "title": {"set": "b"}}):
            asked.clear()
            with pytest.raises(ShardUnavailable):
                client.add([update])
            assert len(asked) == 1
