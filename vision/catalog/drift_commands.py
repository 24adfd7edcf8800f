"""``visual-search pca drift``: how well a collection's new pictures are described."""

from __future__ import annotations

import click

from vision.console import echo, reported


@click.command()
@click.option("--collection", help="Of which.  [default: products, else demo]")
@click.option("--json", "as_json", is_flag=True, help="Print what GET /v1/status has of it.")
@click.pass_context
@reported
def drift(context: click.Context, collection: str | None, as_json: bool) -> None:
    """Show how well the PCA of a collection describes its newest pictures; exit 1 when worse than is tolerated.

    Every indexing run measures the pictures that are new to the collection, and says once when that begins.
    """
    import msgspec

    from vision.catalog.drift_form import drift_form
    from vision.catalog.drift_record import State
    from vision.catalog.fitting import held
    from vision.errors import NotFound
    from vision.evaluation.commands import print_table
    from vision.settings import Settings
    from vision.workspace import Workspace

    workspace = Workspace(Settings.from_environment(collection=collection))
    with workspace.reading_client() as client:
        embedding = held(client, workspace.store())
        if embedding is None:
            raise NotFound(f"collection {client.collection!r} has no pictures; index some first")
        found = drift_form(workspace.drift(), client.collection, embedding.fingerprint)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        rows = [
            (
                f"{each.components:,}",
                f"{each.usual:.2%}",
                f"{each.tolerated:.2%}",
                f"{each.now:.2%}",
                "-" if each.ratio is None else f"{each.ratio:.2f}",
                f"{each.beyond:.0%}",
            )
            for each in (found.whole, found.coarse)
            if each is not None
        ]
        since = f", since {found.since}" if found.since else ""
        title = (
            f"{found.collection}: {found.pictures} new pictures against {found.baseline_pictures} "
            f"({found.origin or 'none yet'}): {found.state}{since}"
        )
        columns = ("components", "left out, usual", "tolerated", "of new pictures", "ratio", "beyond 95 %")
        print_table(title, columns, rows) if rows else echo(title)
        if found.notice is not None:
            echo(found.notice)
    if found.state is State.DRIFTED:
        context.exit(1)
