"""`visual-search tune` on a collection that is not ours: its own names, its own key, no side collections."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests.install.conftest import NewTheirs
from vision.cli import main

pytestmark = pytest.mark.solr


@pytest.mark.slow
@pytest.mark.parametrize("key", ["id", "sku_s"])
def test_it_is_tuned_under_its_own_names(new_theirs: NewTheirs, key: str) -> None:
    theirs = new_theirs(80, key=key)
    assert theirs.install().exit_code == 0
    documents = theirs.documents()
    environ = {**theirs.environment, "SOLR_URL": theirs.url}
    words = ["tune", "--collection", theirs.name, "--sample", "40", "--repeats", "1", "--candidates", "100"]
    done = CliRunner(env=environ).invoke(main, [*words, "--filter", "all", "--filter", "category=lamp", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert {(each["level"], each["matching"]) for each in found["points"]} == {("all", 80), ("category=lamp", 26)}
    assert all(each["recall"] == 1 for each in found["points"]) and found["pictures"] == 64
    assert found["notes"][0].startswith("other coarse dimensions were not tried")
    assert found["better_dims"] is None
    built = CliRunner(env=environ).invoke(main, [*words, "--dry-run", "--json"])
    assert built.exit_code == 0, built.output
    assert any("by id" in each["name"] or "=" in each["name"] for each in json.loads(built.stdout)["levels"])
    assert theirs.documents() == documents
