"""``visual-search serve`` and ``visual-search demo``: the commands that end in a web page."""

from __future__ import annotations

import click

from vision.console import progress_bars, reported


@click.command()
@click.option("--host", help="Address to bind.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 8080]")
@click.option("--collection", help="What to search.  [default: products, else demo]")
@click.option("--debug", is_flag=True, help="Log everything; what was searched for only with VISUAL_SEARCH_LOG_TEXTS.")
@reported
def serve(host: str | None, port: int | None, collection: str | None, debug: bool) -> None:
    """Serve the HTTP API and the search page, until Ctrl+C."""
    from api.serving.serve import serve as run
    from vision.settings import Settings

    settings = Settings.from_environment(host=host, port=port, collection=collection)
    run(settings, debug=debug, started=lambda url: click.echo(f"search page on {url}"))


@click.command()
@click.option("--products", type=click.IntRange(100), default=1200, show_default=True, help="How many to draw.")
@click.option("--extractor", help="[default: inception_v3, else compact, saying so]")
@click.option("--no-serve", is_flag=True, help="Stop after indexing and one search.")
@click.option("--host", help="Address to bind.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="[default: 8080]")
@click.option("--json", "as_json", is_flag=True, help="Print {products, images, extractor, dims, solr, seconds}.")
@reported
def demo(
    products: int, extractor: str | None, no_serve: bool, host: str | None, port: int | None, as_json: bool
) -> None:
    """Draw a catalogue, index it into Solr, search it once and open the search page on http://127.0.0.1:8080.

    A second run draws, downloads and indexes nothing.
    """
    import orjson

    from api.serving.serve import check_address
    from vision.catalog.commands import STAGES
    from vision.demo.preparation import EXAMPLE, prepare
    from vision.search.listing import lines
    from vision.settings import Settings
    from vision.solr.curl import without_password
    from vision.workspace import DEMO_COLLECTION, Workspace

    settings = Settings.from_environment(host=host, port=port)
    check_address(settings)
    with progress_bars(STAGES | {"draw": "drawing products"}) as progress:
        workspace = Workspace(settings, progress=progress)
        ready = prepare(workspace, products=products, extractor=extractor, progress=progress)
    drawn = ready.drawn
    if as_json:
        about = {
            "products": drawn.products,
            "images": drawn.images,
            "extractor": ready.extractor,
            "dims": ready.dims,
            "solr": without_password(workspace.solr_url())[0],
            "seconds": ready.seconds,
        }
        click.echo(orjson.dumps(about).decode())
    else:
        if ready.notice is not None:
            click.echo(f"NOTE: {ready.notice}", err=True)
        state = "indexed" if ready.indexed else "were indexed already"
        click.echo(
            f"{drawn.products:,} products in {drawn.images:,} pictures {state}, vectors by {ready.extractor} "
            f"({ready.dims} features), ready in {ready.seconds} s"
        )
        click.echo(f"\n{EXAMPLE!r} + the photo {ready.photo} + its color:")
        for line in lines(ready.example):
            click.echo(line)
    if no_serve:
        return
    from api.serving.serve import serve as run

    name = settings.collection or DEMO_COLLECTION
    served = Settings.from_environment(host=host, port=port, collection=name)
    run(
        served,
        notice=ready.notice,
        started=lambda url: click.echo(f"\nsearch page on {url}  (Ctrl+C to stop)", err=as_json),
    )
