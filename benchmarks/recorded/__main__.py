"""Record queries on the demo catalogue: docs/recorded.md, a contact sheet for each, and the photos they ask with.

Draws and indexes the demo in a temporary folder and a Solr of its own, calibrates it, serves it, and asks over HTTP.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from api.app import create_app
from benchmarks import server
from benchmarks.recorded import finding, page, photos, steering
from benchmarks.recorded.asking import Api, serving
from benchmarks.recorded.record import Recorded
from benchmarks.report import progress
from vision.demo.preparation import FALLBACK, prepare
from vision.search.steering import calibration
from vision.settings import Settings
from vision.workspace import Workspace

_DOCS: Final = Path(__file__).parent.parent.parent / "docs"
_DETECTOR: Final = "saliency"
_COLLECTION: Final = "recorded"
QUERIES: Final[Sequence[Callable[[Api], Recorded]]] = (
    finding.words,
    finding.photo,
    finding.blend,
    finding.detect,
    finding.looks,
    finding.category,
    steering.likes,
    steering.diversity,
    steering.navigation,
    steering.absent,
    steering.profile,
    steering.spelling,
    steering.why,
)


def record(home: Path, solr: str, docs: Path, products: int, only: Sequence[str] = ()) -> None:
    """Prepare the demo in a home folder and a Solr, ask, and write the page."""
    settings = Settings.from_environment({}, home=home, solr_url=solr, collection=_COLLECTION, detector=_DETECTOR)
    workspace = Workspace(settings)
    progress(f"drawing and indexing {products:,} products")
    ready = prepare(workspace, products=products, extractor=FALLBACK, progress=lambda stage, done, total: None)
    progress("calibrating")
    with workspace.client() as client:
        # All products, not some by chance: the next recording has the same figures.
        found = calibration.calibrate(client, workspace.engine(client).collection.embedding(), sample=products)
        calibration.Calibrations(workspace.store().folder).save(client.collection, found)
    folder = docs / page.FOLDER
    photos.write(folder)
    recorded = []
    with serving(create_app(settings, workspace)) as url:
        for query in QUERIES:
            if not only or query.__name__ in only:
                progress(query.__name__)
                recorded.append(query(Api(url, folder)))
    for each in recorded:
        (folder / f"{each.slug}.webp").write_bytes(each.picture)
    shop = page.Shop(ready.drawn.products, ready.drawn.images, ready.extractor, _DETECTOR)
    (docs / "recorded.md").write_text(page.document(shop, recorded), encoding="utf-8")
    progress(
        f"{docs / 'recorded.md'}, {sum(path.stat().st_size for path in folder.iterdir()) / 1000:,.0f} KB beside it"
    )


@contextmanager
def _solr(given: str | None, home: Path) -> Iterator[str]:
    if given is not None:
        yield given
        return
    with server.of(home) as running:
        yield running.url


@click.command(help=__doc__)
@click.option("--products", default=1200, show_default=True, help="How many are drawn.")
@click.option("--docs", default=_DOCS, type=click.Path(path_type=Path), help="Where to write.  [default: docs]")
@click.option("--only", multiple=True, type=click.Choice([each.__name__ for each in QUERIES]), help="May be repeated.")
@click.option("--home", type=click.Path(path_type=Path), help="Keep the demo there, and find it there the next time.")
@click.option("--solr", help="Another Solr than one of its own; its collection 'recorded' is written to.")
def main(products: int, docs: Path, only: tuple[str, ...], home: Path | None, solr: str | None) -> None:
    with tempfile.TemporaryDirectory(prefix="visual-search-recorded-", ignore_cleanup_errors=True) as folder:
        place = home or Path(folder)
        with _solr(solr, place) as url:
            record(place, url, docs, products, only)


if __name__ == "__main__":
    main()
