from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.api.conftest import workspace as workspace
from tests.api.shop import Shop, index_shop, serving
from tests.pages.gate import Gate
from tests.pages.wares import index_wares


@pytest.fixture(scope="session")
def wares(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """The catalogue that the merchandiser's journeys work on; each takes an attribute of its own."""
    return index_wares(solr_url, tmp_path_factory.mktemp("wares"))


@pytest.fixture(scope="session")
def gate(wares: Shop) -> Iterator[Gate]:
    """What the server reaches Solr by."""
    assert wares.settings.solr_url is not None
    made = Gate(wares.settings.solr_url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def merchant(wares: Shop, gate: Gate) -> Iterator[str]:
    """A server of the catalogue, in a process of its own."""
    with serving(replace(wares.settings, solr_url=gate.url)) as url:
        yield url


@pytest.fixture(scope="session")
def drawn(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A small catalogue of drawn shapes in a real Solr."""
    return index_shop(solr_url, tmp_path_factory.mktemp("pages"), collection="pages-shop")


@pytest.fixture(scope="module")
def url(drawn: Shop) -> Iterator[str]:
    """The real server of it."""
    with serving(drawn.settings) as found:
        yield found
