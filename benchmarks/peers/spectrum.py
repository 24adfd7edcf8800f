"""Vectors like those of real photos, of any number: variance by component between and within clusters, and families.

`python -m benchmarks.peers.spectrum` measures real ones and says how near the drawn ones come: spectrum, contrast
(squared distance to the nearest, 10th and 100th neighbour over the median) and local intrinsic dimension (maximum
likelihood of Levina and Bickel over 100 neighbours). It needs VISUAL_SEARCH_SHARED.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.report import Table, emit, progress
from vision.evaluation.ranking import squared_distances
from vision.reduction import DIMS

Vectors = NDArray[np.float32]
KNOTS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True)
class Spectrum:
    """What vectors are like.

    Attributes:
        between: variance of cluster centres in the components :data:`KNOTS`; a straight line between them, both axes
            logarithmic.
        within: the same inside clusters.
        clusters: how many.
        families: groups of near alike products inside each cluster.
        family: part of the variance within a cluster that lies between its families.
        radius: standard deviation of the logarithm of a family's size.
        seed: of everything drawn.
    """

    between: Sequence[float]
    within: Sequence[float]
    clusters: int = 300
    families: int = 100
    family: float = 0.5
    radius: float = 0.15
    seed: int = 0

    def draw(self, count: int, part: int) -> Vectors:
        """(count, 1024); the same numbers give the same vectors. Queries are of a part of their own, -1."""
        between, within = self._deviations()
        fixed = np.random.default_rng(self.seed)
        centres = fixed.standard_normal((self.clusters, DIMS), dtype=np.float32) * between
        random = np.random.default_rng((self.seed, 1, part + 1))
        # Families are many: each is drawn from its own number when a product of it is.
        chosen = random.integers(self.clusters * self.families, size=count)
        met, which = np.unique(chosen, return_inverse=True)
        own = [np.random.default_rng((self.seed, 2, int(number))) for number in met]
        families = np.stack([each.standard_normal(DIMS, dtype=np.float32) for each in own])[which]
        sizes = np.asarray([np.exp(each.normal(0, self.radius)) for each in own], dtype=np.float32)[which, None]
        noise = random.standard_normal((count, DIMS), dtype=np.float32) * sizes
        inner = np.float32(np.sqrt(self.family)) * families + np.float32(np.sqrt(1 - self.family)) * noise
        return np.asarray(centres[chosen // self.families] + inner * within, dtype=np.float32)

    def _deviations(self) -> tuple[Vectors, Vectors]:
        at = np.log(np.arange(1, DIMS + 1))
        lines = (np.interp(at, np.log(KNOTS), np.log(values)) for values in (self.between, self.within))
        between, within = (np.sqrt(np.exp(line)).astype(np.float32) for line in lines)
        return between, within


MEASURED: Final = Spectrum(
    between=(17.6, 13.6, 5.01, 1.74, 0.473, 0.117, 0.0316, 0.00769, 0.00164, 0.0003, 5.03e-05),
    within=(2.5, 2.45, 2.24, 1.94, 1.15, 0.537, 0.236, 0.0965, 0.037, 0.0136, 0.00318),
)
"""As MobileNetV2 sees 50,000 photos of 200 classes; the command of this module prints it anew."""
_ARCHIVE: Final = "data/tiny-imagenet/train-250.tar.xz"


def measured(vectors: Vectors) -> Spectrum:
    """What (n, 1024) vectors in the order of their components are like, by 300 clusters of k-means."""
    from sklearn.cluster import MiniBatchKMeans

    clusters = Spectrum.clusters
    labels = MiniBatchKMeans(clusters, n_init=1, random_state=0, batch_size=4096).fit(vectors[:, :256]).labels_
    centres = np.zeros((clusters, DIMS))
    np.add.at(centres, labels, vectors)
    centres /= np.maximum(np.bincount(labels, minlength=clusters), 1)[:, None]
    between = (centres[labels] ** 2).mean(axis=0)
    within = ((vectors - centres[labels]) ** 2).mean(axis=0)
    return Spectrum(_at_knots(between), _at_knots(within))


def _at_knots(variance: NDArray[np.float64]) -> tuple[float, ...]:
    """Geometric means of a fifth of a knot's components to either side."""
    around = [variance[max(int(knot / 1.25), 1) - 1 : int(knot * 1.25) + 1] for knot in KNOTS]
    return tuple(float(f"{np.exp(np.log(part).mean()):.3g}") for part in around)


def alike(vectors: Vectors, queries: Vectors) -> tuple[list[float], float]:
    """Medians over queries: squared distance to the nearest, 10th and 100th over the median one, and dimension."""
    distances = squared_distances(queries, vectors)
    near = np.sort(np.partition(distances, 100, axis=1)[:, :100], axis=1)
    contrast = np.median(near[:, [0, 9, 99]] / np.median(distances, axis=1)[:, None], axis=0)
    ratios = np.log(np.maximum(near[:, :-1], 1e-9) / near[:, -1:]) / 2
    return [float(value) for value in contrast], float(np.median(-1 / ratios.mean(axis=1)))


def real_vectors(shared: Path) -> Vectors:
    """(50,000, 1024) of photos, by MobileNetV2 and a PCA of all; takes minutes."""
    import tarfile

    from tests.evaluation.clothing import mobilenet
    from vision import extractors, images

    extractor = extractors.load(mobilenet(shared))
    features = []
    with tarfile.open(shared / _ARCHIVE, "r|xz") as archive:
        batch = []
        for member in archive:
            stream = archive.extractfile(member) if member.name.endswith(".JPEG") else None
            if stream is not None:
                batch.append(images.decode(stream.read(), min_side=1))
            if len(batch) == 500:
                features.append(extractor.extract(batch))
                progress(f"{500 * len(features):,} photos")
                batch = []
        if batch:
            features.append(extractor.extract(batch))
    raw = np.concatenate(features).astype(np.float32)
    centred = raw - raw.mean(axis=0)
    _, components = np.linalg.eigh(centred.T @ centred / len(centred))
    vectors = centred @ components[:, ::-1][:, :DIMS]
    return np.asarray(vectors[np.random.default_rng(0).permutation(len(vectors))], dtype=np.float32)


@click.command(help=__doc__)
@click.option(
    "--vectors", type=click.Path(path_type=Path), help="Keep the real vectors in this .npy, or take them from it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(vectors: Path | None, as_json: bool) -> None:
    if vectors is not None and vectors.is_file():
        real = np.load(vectors)
    else:
        shared = os.environ.get("VISUAL_SEARCH_SHARED")
        if shared is None:
            raise click.ClickException("VISUAL_SEARCH_SHARED names no folder with real photos")
        real = real_vectors(Path(shared))
        if vectors is not None:
            np.save(vectors, real)
    found = measured(real)
    table = Table(f"variance of {len(real):,} real vectors by component", ("component", "between clusters", "within"))
    for row in zip(KNOTS, found.between, found.within, strict=True):
        table.add(*row)
    like = Table("neighbours, medians of 300 queries", ("vectors", "of", "1st", "10th", "100th", "dimension"))
    drawn = np.concatenate([MEASURED.draw(len(real) - 300, 0), MEASURED.draw(300, -1)])
    for name, every in (("real", real), ("drawn", drawn)):
        for count in sorted({5000, 20_000, len(real) - 300}):
            contrast, dimension = alike(every[:count], every[-300:])
            like.add(name, count, *contrast, dimension)
    emit("spectrum", [table, like], as_json=as_json)


if __name__ == "__main__":
    main()
