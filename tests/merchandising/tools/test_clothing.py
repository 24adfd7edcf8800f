"""The tools on real photos through a real Solr, at what they are for; the benchmark prints the whole of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.clothing import NO_CLASS, mobilenet, write_catalogue
from vision import extractors
from vision.catalog import IndexOptions, Ingest
from vision.merchandising.tools.auditing import audit
from vision.merchandising.tools.clusters import cluster
from vision.merchandising.tools.filling import fill
from vision.merchandising.tools.selection import Selection, select
from vision.settings import Settings
from vision.workspace import Workspace

pytestmark = [pytest.mark.solr, pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def photos(shared: Path, solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> Selection:
    folder = tmp_path_factory.mktemp("merchandising-clothing")
    workspace = Workspace(Settings(home=folder / "home", solr_url=solr_url, collection="merchandising-clothing"))
    name = mobilenet(shared)
    with workspace.client() as client, workspace.cache() as cache:
        ingest = Ingest(client, workspace.store(), cache, workspace.roots())
        ingest.run(write_catalogue(shared, folder), name, extractors.load(name), IndexOptions())
        found = select(workspace.engine(client), fields=["category", "sender"])
    return found.kept([row for row, held in enumerate(found.values["category"]) if held[0] not in NO_CLASS])


def test_half_of_three_in_ten_hidden_classes_come_back_nine_in_ten_of_them_right(photos: Selection) -> None:
    truth = photos.values["category"]
    hidden = np.random.default_rng(5).random(len(truth)) < 0.3
    shown = [() if gone else held for gone, held in zip(hidden, truth, strict=True)]
    found = fill(replace(photos, values={"category": shown}), "category")
    row = {id: number for number, id in enumerate(photos.ids)}
    right = [each.new == truth[row[each.product]] for each in found.proposals]
    print(f"precision {np.mean(right):.3f}, recall {sum(right) / hidden.sum():.3f}")
    assert np.mean(right) >= 0.88
    assert sum(right) >= 0.5 * hidden.sum()


def test_four_in_five_exchanged_classes_are_in_the_first_tenth(photos: Selection) -> None:
    truth = photos.values["category"]
    random = np.random.default_rng(6)
    classes = sorted({held[0] for held in truth})
    flipped = random.choice(len(truth), round(0.05 * len(truth)), replace=False)
    listed = list(truth)
    for each in flipped:
        listed[each] = (str(random.choice([value for value in classes if value != truth[each][0]])),)
    people = ["".join(held) for held in photos.values["sender"]]
    found = audit(replace(photos, values={"category": listed}), "category", rows=len(truth) // 10, groups=people)
    early = {each.product for each in found.proposals}
    caught = np.mean([photos.ids[each] in early for each in flipped])
    print(f"{caught:.3f} of the exchanged in the first tenth")
    assert caught >= 0.8


def test_clusters_tell_classes_apart(photos: Selection) -> None:
    found = cluster(photos, 17)
    truth = [held[0] for held in photos.values["category"]]
    largest = max(truth.count(each) for each in set(truth)) / len(truth)
    right = sum(np.unique([truth[row] for row in each.rows], return_counts=True)[1].max() for each in found.clusters)
    print(f"purity {right / len(truth):.3f}, of one cluster {largest:.3f}")
    assert right / len(truth) >= largest + 0.15
