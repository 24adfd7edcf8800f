"""``visual-search pca``: fit a PCA on a catalogue's pictures."""

from __future__ import annotations

from pathlib import Path

import click

from vision.console import progress_bars, reported


@click.group()
def pca() -> None:
    """Reduce an extractor's features to the dimensions that are indexed."""


@pca.command()
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), default=Path("pca.npz"), show_default=True)
@click.option("--extractor", default="inception_v3", show_default=True, help="NAME, tflite:PATH or onnx:PATH.")
@click.option("--dims", type=click.IntRange(1, 1024), default=1024, show_default=True, help="Components.")
@click.option(
    "--sample", type=click.IntRange(2), default=20_000, show_default=True, help="Most pictures to fit on; memory."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the sample.")
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print {file, fingerprint, dims, samples, total, variance}.")
@reported
def fit(
    catalogue: Path, out: Path, extractor: str, dims: int, sample: int, seed: int, allow_urls: bool, as_json: bool
) -> None:
    """Fit a PCA on the pictures of CATALOGUE and write it to one .npz file, for `index --pca`."""
    import orjson

    from vision import extractors, reduction
    from vision.catalog import reader
    from vision.catalog.commands import STAGES
    from vision.catalog.features import catalogue_features
    from vision.catalog.pictures import Pictures
    from vision.settings import Settings
    from vision.workspace import Workspace

    settings = Settings.from_environment()
    total = reader.count(catalogue)
    loaded = extractors.load(extractor, models=settings.models)
    with progress_bars(STAGES) as progress, Workspace(settings).cache() as cache:
        pictures = Pictures(catalogue.parent, allow_urls)
        batches = catalogue_features(
            catalogue, pictures, loaded, cache, advance=lambda done: progress("extract", done, total)
        )
        fitted = reduction.fit(
            batches, extractor_fingerprint=loaded.fingerprint, n_components=dims, sample=sample, seed=seed
        )
        fitted.save(out)
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
