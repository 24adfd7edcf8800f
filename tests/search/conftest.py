from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.search.synthetic import Synthetic, build
from vision.search.planner import Limits


@pytest.fixture(scope="session")
def synthetic(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synthetic]:
    """20,000 pictures of 18,000 products."""
    home = tmp_path_factory.mktemp("synthetic")
    built = build(solr_url, "synthetic", home, pictures=20_000, limits=Limits(exact_below=1000))
    yield built
    built.engine.client.close()
