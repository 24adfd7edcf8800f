"""What is kept of a collection for a while, and what happens while Solr keeps everyone waiting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from vision.embedding import EmbeddingStore
from vision.errors import SolrUnavailable
from vision.search.collection import Collection
from vision.solr.client import SolrClient

CALLERS = 6
LIMIT = 0.3


class Hanging(SolrClient):
    """Takes a connection and does not answer until the time limit is over."""

    def select(self, params: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
        return self._wait()

    def get_json(self, path: str, **params: Any) -> dict[str, Any]:
        return self._wait()

    def _wait(self) -> dict[str, Any]:
        time.sleep(LIMIT)
        raise SolrUnavailable("it took longer than the time limit")


class Counting(SolrClient):
    """Has one more field each time it is asked; a read may be held up."""

    def __init__(self) -> None:
        super().__init__("http://solr/solr", "products")
        self.asked = 0
        self.held_up = threading.Event()
        self.held_up.set()

    def fields(self) -> frozenset[str]:
        self.asked += 1
        found = frozenset(f"attr_{number}" for number in range(self.asked))
        self.held_up.wait(10)
        return found


def collection(client: SolrClient, tmp_path: Path) -> Collection:
    return Collection(client, EmbeddingStore(tmp_path))


@pytest.mark.parametrize("read", [Collection.attributes, Collection.languages, Collection.fingerprint])
def test_nobody_waits_for_the_time_limits_of_others(read: Callable[[Collection], object], tmp_path: Path) -> None:
    with Hanging("http://solr/solr", "products") as client, ThreadPoolExecutor(CALLERS) as pool:
        hanging = collection(client, tmp_path)
        began = time.monotonic()
        waiting = [pool.submit(read, hanging) for _ in range(CALLERS)]
        for each in waiting:
            with pytest.raises(SolrUnavailable):
                each.result()
        assert time.monotonic() - began < (CALLERS - 1) * LIMIT


def test_what_was_read_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    with closing(Counting()) as client:
        counting = collection(client, tmp_path)
        assert counting._known(fresh=False) == counting._known(fresh=False) == {"attr_0"}
        assert counting._known(fresh=True) == counting._known(fresh=False) == {"attr_0", "attr_1"}
        counting.forget()
        assert len(counting._known(fresh=False)) == 3


def test_what_was_read_before_a_commit_is_not_kept_after_it(tmp_path: Path) -> None:
    with closing(Counting()) as client, ThreadPoolExecutor(1) as pool:
        counting = collection(client, tmp_path)
        client.held_up.clear()
        reading = pool.submit(counting._known, fresh=False)
        while not client.asked:
            time.sleep(0.001)
        counting.forget()
        client.held_up.set()
        assert reading.result() == {"attr_0"}
        assert counting._known(fresh=False) == {"attr_0", "attr_1"}
