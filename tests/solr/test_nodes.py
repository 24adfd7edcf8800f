"""Several nodes: who is asked, who no longer, and what is never sent twice; by real connections to small servers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import web
from tests.web import Handler
from vision.errors import BadSetting, SolrRefused, SolrUnavailable
from vision.settings import Settings
from vision.solr import auth, nodes
from vision.solr.client import SolrClient
from vision.solr.nodes import Node, Nodes

EMPTY = {"responseHeader": {"status": 0}, "response": {"numFound": 0, "docs": []}}


@dataclass
class Fake:
    """A node that notes what it is asked; ``status`` is what it answers searches with."""

    live: list[str] = field(default_factory=list)
    status: int = 200
    asked: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    running: ExitStack = field(default_factory=ExitStack)
    host: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.host}/solr"

    @property
    def name(self) -> str:
        return f"{self.host}_solr"

    @property
    def searches(self) -> int:
        return sum("/select" in path or "/visual" in path for path in self.asked)

    def answer(self, path: str) -> tuple[int, object]:
        self.asked.append(path)
        if "CLUSTERSTATUS" in path:
            return 200, {"cluster": {"live_nodes": self.live, "collections": {}}}
        if "/config/requestHandler" in path:
            return 200, {"config": {"requestHandler": {}}}
        return self.status, EMPTY

    def start(self) -> None:
        fake = self

        class Asked(Handler):
            # HTTP/1.0: each request comes by a connection of its own, to the node whose turn it is.
            def do_GET(self) -> None:
                self.body()
                fake.hosts.add(self.headers["Host"])
                status, found = fake.answer(self.path)
                self.say(found, status)

            do_POST = do_GET

        self.host = self.running.enter_context(web.serving(Asked)).removeprefix("http://")

    def stop(self) -> None:
        self.running.close()


@contextmanager
def serving(count: int) -> Iterator[list[Fake]]:
    fakes = [Fake() for _ in range(count)]
    for fake in fakes:
        fake.start()
    for fake in fakes:
        fake.live = [each.name for each in fakes]
    try:
        yield fakes
    finally:
        for fake in fakes:
            fake.stop()


def client(*fakes: Fake) -> SolrClient:
    return SolrClient(",".join(each.url for each in fakes), "shop", timeout=5)


def until(reached: Callable[[], bool], do: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not reached() and time.monotonic() < deadline:
        do()


def test_a_single_address_is_used_as_it_is() -> None:
    with serving(2) as fakes, client(fakes[0]) as one:
        one.select({})
        assert fakes[1].asked == [] and not [path for path in fakes[0].asked if "CLUSTERSTATUS" in path]


def test_nodes_that_nobody_named_are_found() -> None:
    with serving(3) as fakes, client(*fakes[:2]) as one:
        one.select({})
        until(lambda: fakes[2].searches > 0, lambda: one.select({}))
        assert fakes[2].searches > 0
        assert fakes[2].hosts == {fakes[2].host}


def test_a_node_that_ended_is_left() -> None:
    with serving(2) as fakes, client(*fakes) as one:
        one.select({})
        first, second = sorted(fakes, key=lambda each: -each.searches)
        first.stop()
        before = first.searches
        for _ in range(20):
            one.select({})
        assert (first.searches, second.searches) == (before, 20)


def test_a_node_that_has_no_time_is_asked_last() -> None:
    with serving(2) as fakes, client(*fakes) as one:
        busy, other = fakes
        busy.status = 503
        for _ in range(6):
            one.select({})
        assert busy.searches <= 2 and other.searches >= 6


def test_all_of_them_are_gone() -> None:
    with serving(2) as fakes:
        one = client(*fakes)
    with one, pytest.raises(SolrUnavailable, match="no connection"):
        one.select({})


def test_a_refusal_is_not_asked_again() -> None:
    with serving(2) as fakes, client(*fakes) as one:
        one.select({})
        before = sum(each.searches for each in fakes)
        for each in fakes:
            each.status = 400
        with pytest.raises(SolrRefused):
            one.select({})
        assert sum(each.searches for each in fakes) == before + 1


def test_names_that_count_elsewhere_are_no_harm() -> None:
    with serving(1) as fakes:
        fakes[0].live = ["node-1.cluster.invalid:8983_solr"]
        url = f"{fakes[0].url},http://127.0.0.1:9/solr"
        with SolrClient(url, "shop", timeout=5) as one:
            for _ in range(5):
                one.select({})
        assert fakes[0].searches == 5


def test_the_turn_goes_round_and_those_out_come_last() -> None:
    named = [Node("a", 1), Node("b", 1), Node("c", 1)]
    made = Nodes(named, lambda node: [])
    assert {made.order()[0] for _ in range(3)} == set(named)
    made.failed(named[0])
    assert {made.order()[-1] for _ in range(3)} == {named[0]}
    assert made.is_out(named[0]) and not made.is_out(named[1])
    made.failed(named[1])
    made.failed(named[2])
    assert not made.is_out(named[0])  # all are: none is worse than others
    made.worked(named[0])
    assert made.order()[0] == named[0]


@pytest.mark.parametrize(
    ("name", "node"),
    [("10.0.0.7:8983_solr", Node("10.0.0.7", 8983)), ("[::1]:8983_solr", Node("::1", 8983))],
)
def test_names_of_nodes(name: str, node: Node) -> None:
    assert Node.named(name) == node


def test_addresses() -> None:
    assert nodes.addresses(" http://a:1/solr/ ,http://b:2/solr") == ["http://a:1/solr", "http://b:2/solr"]
    assert Node.of("https://a/solr") == Node("a", 443)
    assert Settings.from_environment({"SOLR_URL": "http://a:1/solr/, http://b:2/solr/"}).solr_url == (
        "http://a:1/solr,http://b:2/solr"
    )


@pytest.mark.parametrize(
    "url", ["http://a/solr,", "http://a/solr,b", "http://a/solr,https://b/solr", "http://a/x,http://b/y"]
)
def test_addresses_that_are_not_of_one_solr(url: str) -> None:
    with pytest.raises(BadSetting, match="commas in between"):
        Settings(solr_url=url)


def test_a_password_goes_to_each(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("secret")
    settings = Settings(solr_url="http://a:1/solr,http://b:1/solr", solr_user="u", solr_password_file=file)
    assert auth.address(settings) == "http://u:secret@a:1/solr,http://u:secret@b:1/solr"
