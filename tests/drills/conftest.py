from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.drills import drills
from tests.drills.drills import Undisturbed
from tests.drills.yard import Yard


@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """A Solr of the drills' own, which they kill; what runs in the end is stopped."""
    yard = Yard.at(tmp_path_factory.mktemp("yard"))
    yield yard
    yard.solr.stop()


@pytest.fixture(scope="session")
def undisturbed(yard: Yard) -> Undisturbed:
    return drills.undisturbed(yard)
