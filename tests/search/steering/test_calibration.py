"""What a distance means: the measured distances are NumPy's, and the rates are what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.search.synthetic import Synthetic
from vision.errors import BadQuery, BadSetting, Conflict
from vision.search.lookups import compose_sample
from vision.search.model import Query
from vision.search.request import parse, to_query
from vision.search.steering import calibration
from vision.search.steering.calibration import Calibration, Calibrations
from vision.search.steering.categories import Votes

STRANGERS = [float(each) for each in range(100, 200)]


def made(strangers: list[float] = STRANGERS) -> Calibration:
    return Calibration("e-1", "category", strangers, [50.0, 120.0, 250.0], Votes("category", [(0, 0)] * 10, {}))


def test_a_match_is_the_part_of_strangers_that_come_less_near() -> None:
    found = made()
    assert found.match(99.9) == 1.0 and found.match(100) == pytest.approx(99 / 101)
    assert found.match(149.5) == pytest.approx(50 / 101) and found.match(500) == 0
    for match in (0.01, 0.5, 0.9, 0.95, 0.99, 1.0):
        limit = found.limit(match)
        assert found.match(limit) >= match
        farther = next((each for each in STRANGERS if each > limit + 1), None)
        assert farther is None or match == 1.0 or found.match(farther) < match
    assert found.found(0.9) == pytest.approx(1 / 3) and found.found(0.5) == pytest.approx(2 / 3)


@pytest.mark.parametrize("match", [0.5, 0.9, 0.95, 0.98])
def test_the_next_stranger_is_let_through_as_rarely_as_is_said(match: float) -> None:
    """Over many samples of 100 uniform distances a limit is the chance itself that one more lies within it."""
    random = np.random.default_rng(5)
    samples = (sorted(random.random(100).tolist()) for _ in range(4000))
    chance = [made(sample).limit(match) for sample in samples]
    assert np.mean(chance) == pytest.approx(1 - match, abs=0.011) and np.mean(chance) <= 1 - match + 0.001


def test_one_file_for_a_collection_and_its_embedding(tmp_path: Path) -> None:
    kept = Calibrations(tmp_path)
    assert kept.load("shop", "e-1") is None
    path = kept.save("shop", made())
    assert kept.load("shop", "e-1") == made() and kept.load("other", "e-1") is None and kept.load("shop", "e-2") is None
    path.write_text("{")
    with pytest.raises(BadSetting, match="is damaged .* run `visual-search calibrate` again"):
        kept.load("shop", "e-1")


def test_a_threshold_by_match_needs_a_picture_and_is_the_only_one() -> None:
    with pytest.raises(BadQuery, match="min_match needs a picture"):
        to_query(parse({"q": "dress", "min_match": 0.9}), None, None)
    vector = np.zeros(1024, dtype=np.float32)
    with pytest.raises(BadQuery, match="give max_distance or min_match, not both"):
        to_query(parse({"max_distance": 3, "min_match": 0.9}), vector, "e-1")


@pytest.fixture
def calibrated(synthetic: Synthetic) -> Iterator[Calibration]:
    collection = synthetic.engine.client.collection
    found = calibration.calibrate(synthetic.engine.client, synthetic.embedding, sample=60, seed=4)
    path = Calibrations(synthetic.engine.collection.store.folder).save(collection, found)
    synthetic.engine.collection.forget()
    yield found
    path.unlink()
    synthetic.engine.collection.forget()


@pytest.mark.solr
def test_strangers_and_kin_are_at_numpys_distances(synthetic: Synthetic, calibrated: Calibration) -> None:
    sample = compose_sample(Query(), 4, 60)
    sample["fq"] += ["attr_category:[* TO *]", "embedding:[* TO *]"]
    rows = [synthetic.ids.index(each["id"]) for each in synthetic.engine.client.select(sample)["response"]["docs"]]
    strangers, kin = [], []
    known = np.array([value != "" for value in synthetic.columns["category"]])
    assert not known.all()  # what has no category may be of any
    for row in rows:
        distances = synthetic.distances(synthetic.vectors[row])
        other = np.array(synthetic.products) != synthetic.products[row]
        same = synthetic.where(category=synthetic.columns["category"][row])
        strangers.append(distances[other & ~same & known].min())
        kin.append(distances[other & same].min())
    for found, expected in ((calibrated.strangers, np.sort(strangers)), (calibrated.kin, np.sort(kin))):
        # The graph may miss the nearest of all, never find something nearer.
        assert len(found) == 60 and (np.array(found) >= expected * (1 - 1e-4)).all()
        assert np.isclose(found, expected, rtol=1e-4).mean() >= 0.9


@pytest.mark.solr
def test_a_search_by_match(synthetic: Synthetic, calibrated: Calibration) -> None:
    engine = synthetic.engine
    vector = synthetic.queries(1, seed=41)[0]
    near = engine.search(parse({"vector": vector.tolist(), "rows": 5}))
    for hit in near.hits:
        assert hit.distance is not None and hit.match == calibrated.match(hit.distance)
    limit = calibrated.limit(0.6)
    kept = engine.search(parse({"vector": vector.tolist(), "min_match": 0.6}))
    assert kept.total == synthetic.total(synthetic.distances(vector) <= limit)
    assert all(hit.match is not None and hit.match >= 0.6 for hit in kept.hits) and not kept.misses
    far = np.asarray(vector + 40 * synthetic.spread, dtype=np.float32)
    nothing = engine.search(parse({"vector": far.tolist(), "min_match": 0.6}))
    assert nothing.total == 0 and not nothing.hits and len(nothing.misses) == 5
    best = synthetic.ranked(-synthetic.distances(far), np.ones(len(synthetic.ids), dtype=bool), top=5)
    assert [hit.id for hit in nothing.misses] == best


@pytest.mark.solr
def test_without_a_calibration_a_search_by_match_says_what_to_do(synthetic: Synthetic) -> None:
    vector = synthetic.queries(1, seed=42)[0]
    synthetic.engine.collection.forget()
    with pytest.raises(Conflict, match="was not calibrated for these vectors; run `visual-search calibrate`"):
        synthetic.engine.search(parse({"vector": vector.tolist(), "min_match": 0.6}))
    assert synthetic.engine.run(replace(Query(vector=vector), rows=1)).hits[0].match is None


@pytest.mark.solr
def test_an_attribute_of_one_value_cannot_tell_strangers(synthetic: Synthetic) -> None:
    with pytest.raises(BadSetting, match="say another attribute with --by"):
        calibration.calibrate(synthetic.engine.client, synthetic.embedding, "nothing", sample=30)
