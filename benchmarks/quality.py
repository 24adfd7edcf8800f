"""Extractors by number: mAP and P@10 of a catalogue's pictures, same label relevant, ranked by NumPy, and ms a picture.

Features as they are and after PCA to fewer dimensions, each picture once the query and never its own result.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np

from benchmarks.report import Table, emit, progress
from vision import extractors, reduction
from vision.catalog.cache import FeatureCache
from vision.catalog.features import check, extract
from vision.catalog.pictures import Pictures
from vision.evaluation import label_quality
from vision.extractors import Extractor


def run(catalogue: Path, label: str, names: Sequence[str], dims: Sequence[int], without: Sequence[str]) -> Table:
    """One row for each extractor and number of dimensions."""
    table = Table(f"{catalogue.name}, same {label} relevant", ("extractor", "dims", "pictures", "mAP", "P@10", "ms"))
    for name in names:
        progress(name)
        extractor = extractors.load(name)
        began = time.perf_counter()
        vectors, labels, ids = _features(catalogue, label, extractor, without)
        each = (time.perf_counter() - began) * 1000 / max(1, len(vectors))
        reduced = {extractor.info.dims: vectors}
        if dims:
            pca = reduction.fit(vectors, extractor_fingerprint=extractor.fingerprint)
            reduced |= {size: pca.transform(vectors)[:, :size] for size in dims if size < pca.dims_out}
        for size, rows in reduced.items():
            quality = label_quality(rows, labels, ids)
            table.add(extractor.info.name, size, len(rows), round(quality.map, 4), round(quality.precision, 4), each)
    table.notes.append("ms: reading, decoding and extracting, for each picture")
    return table


def _features(
    catalogue: Path, label: str, extractor: Extractor, without: Sequence[str]
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], list[str], list[str]]:
    pictures, labels, ids = [], [], []
    with tempfile.TemporaryDirectory() as folder, FeatureCache(Path(folder) / "features.sqlite") as cache:
        for row in extract(check(catalogue), Pictures(catalogue.parent), extractor, cache):
            values = () if row.product is None else row.product.attributes.get(label, ())
            if row.picture is not None and values and values[0] not in without:
                pictures.append(row.picture)
                labels.append(values[0])
                ids.append(row.id)
        matrix: np.ndarray[tuple[int, int], np.dtype[np.float32]] = cache.matrix(extractor.fingerprint, pictures)
    return matrix, labels, ids


@click.command(help=__doc__)
@click.argument("catalogue", type=click.Path(path_type=Path, exists=True))
@click.option("--label", default="category", show_default=True, help="The column that says what is alike.")
@click.option("--extractor", "names", multiple=True, default=("histogram",), show_default=True, help="May be repeated.")
@click.option("--dims", multiple=True, type=click.IntRange(1, 1024), help="Also after PCA to so many; may be repeated.")
@click.option("--without", multiple=True, help="Labels that are none; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    catalogue: Path, label: str, names: Sequence[str], dims: Sequence[int], without: Sequence[str], as_json: bool
) -> None:
    emit("quality", [run(catalogue, label, names, dims, without)], as_json=as_json)


if __name__ == "__main__":
    main()
