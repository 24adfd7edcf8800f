"""Profiles: what is kept, what counts how much, and that a search goes by it as NumPy does."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.search.oracle import values
from tests.search.synthetic import Synthetic
from vision.errors import BadQuery, NotFound, VisualSearchError
from vision.search.engine import SearchEngine
from vision.search.model import Likeness, Mode, Query, Taste, Vector
from vision.search.request import parse
from vision.search.steering.profiles import KEPT, Profile, Profiles
from vision.search.steering.rocchio import UNLIKED

DAY = 24 * 3600


class Clock:
    """A time that is set."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def profiles(tmp_path: Path, clock: Clock) -> Profiles:
    return Profiles(tmp_path / "deep" / "profiles.sqlite", ttl=90 * DAY, half_life=30 * DAY, clock=clock)


def test_the_last_word_on_a_product_counts_and_the_newest_are_kept(profiles: Profiles, clock: Clock) -> None:
    id = profiles.make().id
    profiles.add(id, ["a", "b"], ["c"])
    clock.now += 10
    profiles.add(id, ["c"], ["a"])
    assert [(each.product, each.liked) for each in profiles.read(id).events] == [("a", False), ("c", True), ("b", True)]
    clock.now += 10
    profiles.add(id, [f"n{number:03}" for number in range(KEPT - 1)], [])
    kept = {each.product for each in profiles.read(id).events}
    assert len(kept) == KEPT and "a" in kept and "c" not in kept


def test_a_profile_goes_when_it_is_deleted_or_not_used(profiles: Profiles, clock: Clock) -> None:
    gone, unused, used = (profiles.make().id for _ in range(3))
    profiles.delete(gone)
    clock.now += 80 * DAY
    profiles.add(used, ["a"], [])
    clock.now += 20 * DAY
    for id in (gone, unused, "nobody", "x" * 32):
        with pytest.raises(NotFound, match="there is no profile"):
            profiles.read(id)
    assert profiles.read(used).events[0].product == "a"
    profiles.make()
    other = Profiles(profiles.file, ttl=90 * DAY, half_life=DAY, clock=clock)
    assert other.read(used).events[0].product == "a"


def test_a_use_is_noted_now_and_then_so_that_a_search_writes_nothing(profiles: Profiles, clock: Clock) -> None:
    id = profiles.make().id

    def noted() -> float:
        with closing(sqlite3.connect(profiles.file)) as database:
            return float(database.execute("SELECT used FROM profiles").fetchone()[0])

    made = noted()
    clock.now += DAY / 24
    profiles.read(id)
    assert noted() == made
    clock.now += DAY
    profiles.read(id)
    assert noted() == clock.now
    for _ in range(300):
        clock.now += DAY * 0.8
        profiles.read(id)
    assert clock.now - made > 2 * profiles.ttl


def point(profiles: Profiles, profile: Profile, vectors: dict[str, Vector]) -> Vector:
    found = profiles.point(profile, vectors)
    assert found is not None
    return found


def test_an_old_like_counts_half_after_the_half_life(profiles: Profiles, clock: Clock) -> None:
    id = profiles.make().id
    profiles.add(id, ["old"], [])
    clock.now += 30 * DAY
    profiles.add(id, ["new"], ["bad"])
    vectors = {
        name: np.array(each, dtype=np.float32)
        for name, each in {"old": [3.0, 0.0], "new": [0.0, 3.0], "bad": [4.0, 4.0]}.items()
    }
    profile = profiles.read(id)
    likes = point(profiles, profile, {name: vectors[name] for name in ("old", "new")})
    np.testing.assert_allclose(likes, np.array([1.0, 2.0]), rtol=1e-6)
    np.testing.assert_allclose(point(profiles, profile, vectors), likes + UNLIKED * (likes - vectors["bad"]), rtol=1e-6)
    assert profiles.point(profile, {"bad": vectors["bad"]}) is None


def test_a_file_that_is_damaged_says_so_and_not_where_it_is(tmp_path: Path) -> None:
    damaged = tmp_path / "profiles.sqlite"
    damaged.write_bytes(b"not a database at all" * 100)
    for file in (damaged, damaged / "below.sqlite"):
        with pytest.raises(VisualSearchError, match=r"profiles \(.*\.sqlite\) cannot be read or written") as caught:
            Profiles(file, ttl=1, half_life=1).make()
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.solr
@pytest.mark.parametrize("mode", [Mode.EXACT, Mode.APPROXIMATE])
def test_a_taste_ranks_by_the_formula_and_filters_by_its_distance(synthetic: Synthetic, mode: Mode) -> None:
    photo, taste = synthetic.queries(2, seed=31)
    sigma2 = synthetic.embedding.sigma2
    near, liked = (1 / (1 + synthetic.distances(each) / sigma2) for each in (photo, taste))
    keep = synthetic.where(tenth="t4")
    query = Query(vector=photo, embedding=synthetic.embedding.fingerprint, mode=mode, rows=10, explain=True)
    query = replace(query, filters={"tenth": ("t4",)}, similarities=(Likeness(taste, 0.25, "profile"),))
    found = synthetic.engine.run(query)
    score = (0.5 * near + 0.25 * liked) / 0.75
    assert [hit.id for hit in found.hits] == synthetic.ranked(score, keep, top=10)
    row = synthetic.ids.index(found.hits[0].id)
    assert values(found.hits[0])["profile"] == pytest.approx(liked[row], rel=1e-5)
    limit = float(np.quantile(synthetic.distances(taste)[keep], 0.3))
    hard = synthetic.engine.run(replace(query, similarities=(), taste=Taste(taste, limit), facets=("color",)))
    inside = keep & (synthetic.distances(taste) <= limit)
    assert [hit.id for hit in hard.hits] == synthetic.ranked(near, inside, top=10)
    assert hard.total == synthetic.total(inside)
    assert {each.value: each.count for each in hard.facets["color"]} == synthetic.counts("color", inside)


@pytest.mark.solr
def test_a_profile_in_a_search(synthetic: Synthetic, profiles: Profiles) -> None:
    engine = SearchEngine(synthetic.engine.client, synthetic.engine.collection.store, profiles=profiles)
    id = profiles.make().id
    empty = engine.search(parse({"q": "dress", "profile": {"id": id}}))
    assert [hit.id for hit in empty.hits] == [hit.id for hit in engine.search(parse({"q": "dress"})).hits]
    profiles.add(id, [synthetic.products[40], "gone-from-the-index"], [])
    alone = engine.search(parse({"profile": {"id": id}, "rows": 5}))
    assert alone.hits[0].product_id == synthetic.products[40] and alone.hits[0].distance == pytest.approx(0, abs=1e-3)
    few = engine.search(parse({"q": "*", "profile": {"id": id, "use": "filter", "max_distance": 1e-3}}))
    assert [hit.product_id for hit in few.hits] == [synthetic.products[40]] and few.total == 1
    with pytest.raises(NotFound, match="there is no profile 'nobody'"):
        engine.search(parse({"q": "dress", "profile": {"id": "nobody"}}))
    with pytest.raises(BadQuery, match="profiles are off here"):
        synthetic.engine.search(parse({"q": "dress", "profile": {"id": id}}))
