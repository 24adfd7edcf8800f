"""The real server as a process, over a Solr that a proxy may slow down."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.api.shop import Shop
from tests.faults.between import Fault, Seen, Wire
from tests.processes import served


@dataclass(frozen=True)
class Running:
    """Its address and its process."""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def server(shop: Shop, solr_url: str, **variables: str) -> Iterator[Running]:
    """``visual-search serve`` of a shop; ended and waited for with the block, if it still runs."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VISUAL_SEARCH_")}
    settings = {
        "SOLR_URL": solr_url,
        "VISUAL_SEARCH_HOME": str(shop.settings.home),
        "VISUAL_SEARCH_COLLECTION": str(shop.settings.collection),
    }
    with served(inherited | settings | variables) as (url, process):
        yield Running(url, process)


def slow(seconds: float) -> Fault:
    """Solr's own answer, later."""

    def fault(wire: Wire, seen: Seen) -> None:
        time.sleep(seconds)
        wire.send(wire.upstream(seen).raw())

    return fault
