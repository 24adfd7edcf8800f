from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.shop import Shop, index_shop, serving


@pytest.fixture(scope="session")
def drawn(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A small catalogue of drawn shapes in a real Solr."""
    return index_shop(solr_url, tmp_path_factory.mktemp("pages"), collection="pages-shop")


@pytest.fixture(scope="module")
def url(drawn: Shop) -> Iterator[str]:
    """The real server of it."""
    with serving(drawn.settings) as found:
        yield found
