from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.merchandising.tools.clouds import blobs, of
from vision.errors import BadQuery
from vision.merchandising.tools import clusters
from vision.merchandising.tools.clusters import Clustered, cluster
from vision.merchandising.tools.mapping import SIDE, draw, places
from vision.merchandising.tools.selection import Selection


def purity(selection: Selection, found: Clustered, truth: list[str]) -> float:
    right = [max(np.unique([truth[row] for row in each.rows], return_counts=True)[1]) for each in found.clusters]
    return float(sum(right) / sum(len(each.rows) for each in found.clusters))


def test_the_number_of_clouds_is_found_and_each_is_a_cluster() -> None:
    selection, truth, _ = blobs(3000, classes=6, spread=0.3)
    found = cluster(selection)
    assert len(found.clusters) == 6 and purity(selection, found, truth) > 0.99
    assert sorted(row for each in found.clusters for row in each.rows) == list(range(3000))
    assert found.silhouette is not None and found.silhouette > 0.5
    assert max(found.tried, key=lambda each: found.tried[each]) == 6


def test_a_medoid_and_its_order_are_those_of_all_pairs() -> None:
    selection, _, _ = blobs(300, classes=3, spread=0.6)
    for each in cluster(selection, 3).clusters:
        vectors = selection.matrix(each.rows).astype(np.float64)
        apart = np.square(vectors[:, None] - vectors[None]).sum(axis=2)
        assert each.medoid == each.rows[int(apart.sum(axis=1).argmin())]
        assert each.rows[0] == each.medoid
        assert each.distances == pytest.approx(np.sort(apart[0]), rel=1e-4, abs=1e-4)
        pairs = apart.sum() / (len(vectors) * (len(vectors) - 1))
        assert each.cohesion == pytest.approx(1 / (1 + pairs / selection.sigma2), rel=1e-4)


def test_the_same_seed_gives_the_same() -> None:
    selection, _, _ = blobs(5000, classes=8, spread=1.0)
    one, other = (cluster(selection, 8, seed=3) for _ in range(2))
    assert [each.rows.tolist() for each in one.clusters] == [each.rows.tolist() for each in other.clusters]
    assert draw(selection, one) == draw(selection, other)


def test_density_leaves_out_what_has_no_neighbours() -> None:
    selection, truth, _ = blobs(600, classes=4, spread=0.15)
    stray = np.random.default_rng(9).uniform(-6, 6, size=(20, 32))
    strewn = of(np.concatenate([selection.matrix(), stray]), [()] * 620)
    found = cluster(strewn, method="hdbscan", least=20)
    assert len(found.clusters) == 4
    assert len(set(found.noise.tolist()) & set(range(600, 620))) >= 18
    assert purity(strewn, found, [*truth, *["none"] * 20]) > 0.97


def test_what_cannot_be_clustered_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    selection, _, _ = blobs(5, classes=2)
    with pytest.raises(BadQuery, match="5 products with a picture were found, for 9 clusters"):
        cluster(selection, 9)
    with pytest.raises(BadQuery, match="least is 6"):
        cluster(selection, method="hdbscan", least=6)
    monkeypatch.setattr(clusters, "DENSE", 4)
    with pytest.raises(BadQuery, match="hdbscan takes 4 products at most"):
        cluster(selection, method="hdbscan")


def test_equal_products_are_one_cluster() -> None:
    selection = of(np.ones((30, 8)), [()] * 30).kept(range(30))
    found = cluster(selection)
    assert len(found.clusters) == 1 and found.silhouette is None


def test_places_keep_the_two_directions_of_greatest_spread() -> None:
    selection, _, _ = blobs(300, classes=4, spread=0.3)
    found = places(selection, cluster(selection, 4))
    at = np.array([(each.x, each.y) for each in found])
    vectors = selection.matrix([each.row for each in found]).astype(np.float64)
    centred = vectors - vectors.mean(axis=0)
    plane = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    scaled = (plane - plane.min(axis=0)) / np.ptp(plane, axis=0)
    for own, oracle in zip(at.T, scaled.T, strict=True):  # either way round
        assert min(np.abs(own - oracle).max(), np.abs(own - (1 - oracle)).max()) < 1e-3
    assert sorted(each.row for each in found) == list(range(len(selection)))


@pytest.mark.parametrize("projection", ["pca", "tsne"])
def test_a_map_shows_every_cluster_in_its_colour(projection: str) -> None:
    selection, _, _ = blobs(300, classes=4, spread=0.3)
    found = cluster(selection, 4)
    image = Image.open(io.BytesIO(draw(selection, found, projection=projection)))  # type: ignore[arg-type]
    assert image.size == (SIDE, SIDE)
    colors = {color for _, color in image.convert("RGB").getcolors(1 << 20) or []}
    assert {(0x24, 0x63, 0xC4), (0xC8, 0x50, 0x1E), (0x0B, 0x7D, 0x5B), (0x8A, 0x3F, 0xA0)} <= colors
