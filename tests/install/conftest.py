from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.install.theirs import Theirs

NewTheirs = Callable[..., Theirs]


@pytest.fixture
def new_theirs(solr_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NewTheirs]:
    """Makes cores that are not ours; each goes away after the test."""
    made: list[Theirs] = []

    def make(count: int = 12, *, key: str = "id", pictures: Path | None = None, **options: Any) -> Theirs:
        name = f"theirs_{abs(hash(request.node.nodeid)) % 10**9}_{len(made)}"
        each = Theirs(solr_url, name, tmp_path / f"home{len(made)}", pictures or tmp_path / "pictures", key)
        each.create(**options)
        made.append(each)
        if count:
            each.fill(count)
        return each

    yield make
    for each in made:
        each.drop()
