from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backup.place import Place


@pytest.fixture
def place(solr_url: str, tmp_path: Path) -> Iterator[Place]:
    """A filled one on the tests' own Solr."""
    made = Place(tmp_path, f"backup_{tmp_path.name.strip('_')[-24:]}", solr_url)
    made.fill(pictures=60)
    yield made
    made.drop()
