"""``visual-search pca``: fit a PCA on a catalogue's pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vision.catalog.commands import STAGES
from vision.catalog.drift_commands import drift
from vision.console import Progress, reported, resumable
from vision.errors import BadSetting
from vision.evaluation.commands import report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vision.catalog.cache import FeatureCache
    from vision.catalog.features import Checked
    from vision.extractors import Extractor


@dataclass
class _Rejected:
    """Rows that are no good: how many, and what is wrong with the first; there may be as many as rows."""

    count: int = 0
    first: str = ""

    def add(self, row: Checked) -> None:
        """Note one."""
        self.first = self.first or f"line {row.line}: {row.reason}"
        self.count += 1


@click.group()
def pca() -> None:
    """Reduce an extractor's features to the dimensions that are indexed."""


pca.add_command(report)
pca.add_command(drift)


@pca.command()
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("pca.npz"), show_default=True)
@click.option("--extractor", default="inception_v3", show_default=True, help="See `models list`.")
@click.option("--dims", type=click.IntRange(1, 1024), default=1024, show_default=True, help="Components.")
@click.option(
    "--sample", type=click.IntRange(2), default=20_000, show_default=True, help="Most pictures to fit on; memory."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample.")
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print {file, fingerprint, dims, samples, total, variance}.")
@reported
@resumable
def fit(
    catalogue: Path, out: Path, extractor: str, dims: int, sample: int, seed: int, allow_urls: bool, as_json: bool
) -> None:
    """Fit a PCA on the pictures of CATALOGUE and write it to one .npz file, for `index --pca`."""
    import orjson

    from vision import extractors, reduction
    from vision.catalog import reader
    from vision.jobs.recording import recorded
    from vision.settings import Settings
    from vision.workspace import Workspace

    settings = Settings.from_environment()
    reader.probe(catalogue)
    if out.resolve() == catalogue.resolve() or out.is_dir():
        raise BadSetting(f"--out {out} is {'a folder' if out.is_dir() else 'the catalogue itself'}; give another file")
    loaded = extractors.load(extractor, models=settings.models)
    rejected = _Rejected()
    with (
        recorded(settings, "pca", f"fit a PCA on {catalogue.name}", STAGES) as job,
        Workspace(settings).cache() as cache,
    ):
        batches = _features(catalogue, allow_urls, loaded, cache, job, rejected)
        fitted = reduction.fit(
            batches, extractor_fingerprint=loaded.fingerprint, n_components=dims, sample=sample, seed=seed
        )
        job.summary = {"dims": fitted.dims_out, "samples": fitted.provenance["samples"]}
    try:
        fitted.save(out)
    except OSError as error:
        raise BadSetting(f"--out {out} cannot be written: {error.strerror}") from error
    if rejected.count:
        click.echo(f"{rejected.count:,} rows are no good and were left out; the first: {rejected.first}", err=True)
    variance = float(fitted.explained_variance_ratio.sum())
    if as_json:
        about = {
            "file": str(out),
            "fingerprint": fitted.fingerprint,
            "dims": fitted.dims_out,
            "samples": fitted.provenance["samples"],
            "total": fitted.provenance["total"],
            "variance": round(variance, 6),
        }
        click.echo(orjson.dumps(about).decode())
        return
    for note in fitted.notes:
        click.echo(note)
    click.echo(f"{out}: {fitted.dims_in} to {fitted.dims_out} dimensions keep {variance:.2%} of the variance")


def _features(
    catalogue: Path,
    allow_urls: bool,
    extractor: Extractor,
    cache: FeatureCache,
    progress: Progress,
    rejected: _Rejected,
) -> Iterator[NDArray[np.float32]]:
    """Batches of features of the catalogue's different pictures; rows that are no good go to ``rejected``.

    Raises:
        BadCatalogue: fewer than the two pictures that a PCA needs.
    """
    from vision.catalog import reader
    from vision.catalog.features import catalogue_features
    from vision.catalog.pictures import Pictures
    from vision.errors import BadCatalogue

    total = reader.count(catalogue)
    found = 0
    for batch in catalogue_features(
        catalogue,
        Pictures(catalogue.parent, allow_urls),
        extractor,
        cache,
        advance=lambda done: progress("extract", done, total),
        reject=rejected.add,
    ):
        found += len(batch)
        yield batch
    if found < 2:
        first = f"; {rejected.count:,} rows are no good, the first: {rejected.first}" if rejected.count else ""
        raise BadCatalogue(f"{catalogue.name} has {found} different good pictures, a PCA needs 2 or more{first}")
