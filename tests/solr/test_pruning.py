"""Vectors outside Solr that nobody names go, all others stay, also those that are on their way."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.merchandising.material import document
from vision.errors import Conflict
from vision.settings import Settings
from vision.solr import configset, pruning
from vision.solr.client import SolrClient
from vision.solr.vectors import Keeping

pytestmark = pytest.mark.solr
SEED, ROUNDS = 2, 12


@pytest.fixture
def clients(solr_url: str, tmp_path: Path) -> Iterator[list[SolrClient]]:
    made = [SolrClient(solr_url, name, vectors=tmp_path / "vectors.sqlite") for name in ("pruned", "beside")]
    for client in made:
        configset.create(client, keeping=Keeping.OUTSIDE)
    yield made
    for client in made:
        if configset.exists(client):
            configset.drop(client)
        client.close()


def whole(client: SolrClient) -> int:
    """How many documents there are; each has its vectors."""
    client.commit()
    found = client.select({"rows": 10_000, "fl": "id,vector,coarse"})["response"]["docs"]
    assert all(len(each["vector"]) == 1024 for each in found)
    return len(found)


def test_only_what_nobody_names_goes(clients: list[SolrClient], tmp_path: Path) -> None:
    pruned, beside = clients
    settings = Settings(home=tmp_path)
    pruned.add([document(number) for number in range(300)])
    beside.add([document(number) for number in range(250, 350)])
    pruned.commit()
    pruned.delete("id:p0001*")
    size = (tmp_path / "vectors.sqlite").stat().st_size
    counted = pruning.prune([pruned.base], settings, dry_run=True)
    assert (counted.vectors, counted.named, counted.dropped) == (350, 340, 10)
    assert set(counted.collections) >= {"pruned", "beside"}
    assert (tmp_path / "vectors.sqlite").stat().st_size == size
    pruned.delete("id:p0000* id:p0002*")  # not committed: prune does that
    assert pruning.prune([pruned.base], settings).dropped == 30
    assert (tmp_path / "vectors.sqlite").stat().st_size < size
    assert (whole(pruned), whole(beside)) == (270, 100)
    assert pruning.prune([pruned.base], settings).dropped == 0


def test_while_others_index(clients: list[SolrClient], tmp_path: Path) -> None:
    """Documents come, go and come back with the same vectors; none is ever without."""
    seeded, errors = random.Random(SEED), []

    def index(client: SolrClient) -> None:
        try:
            for _ in range(ROUNDS):
                numbers = seeded.sample(range(100), 40)
                client.add([document(number) for number in numbers])
                client.delete_ids([f"p{number:05d}" for number in numbers[:30]])
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=index, args=(client,)) for client in clients]
    for worker in workers:
        worker.start()
    dropped = []
    while any(worker.is_alive() for worker in workers):
        dropped.append(pruning.prune([clients[0].base], Settings(home=tmp_path)).dropped)
        time.sleep(0.2)  # who writes comes to it as well
    assert not errors, f"seed {SEED}: {errors}"
    assert all(whole(client) for client in clients), f"seed {SEED}: dropped {dropped}"
    assert sum(dropped) > 0, f"seed {SEED}: nothing was ever dropped"


def test_nothing_goes_where_no_collection_names_any(clients: list[SolrClient], tmp_path: Path) -> None:
    for client in clients:
        client.add([document(1)])
        client.commit()
        configset.drop(client)
    with pytest.raises(Conflict, match="keeps its vectors outside"):
        pruning.prune([clients[0].base], Settings(home=tmp_path))
    assert clients[0].outside is not None and len(clients[0].outside.keys()) == 1
