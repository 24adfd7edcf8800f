"""``visual-search detect``: where the things in a photo are."""

from __future__ import annotations

from pathlib import Path

import click

from vision.console import reported
from vision.errors import BadQuery


@click.command()
@click.argument("photo", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the answer of POST /v1/detect.")
@reported
def detect(photo: Path, as_json: bool) -> None:
    """Find the things in PHOTO: boxes as x,y,w,h from 0 to 1, the one that `search --detect` takes first."""
    import orjson

    from vision.settings import Settings
    from vision.workspace import Workspace

    try:
        data = photo.read_bytes()
    except OSError as error:
        raise BadQuery(f"{photo} cannot be read: {error.strerror}") from error
    found = Workspace(Settings.from_environment()).finder().find(data)
    if as_json:
        whole = {"regions": found.regions, "detector": found.detector, "notice": found.notice}
        click.echo(orjson.dumps(whole).decode())
        return
    for region in found.regions:
        box = ",".join(f"{side:.4f}" for side in region.box)
        categories = f"  -> {', '.join(region.categories)}" if region.categories else ""
        click.echo(f"{box}  {region.score:.2f}  {region.label}{categories}")
    if not found.regions:
        click.echo(f"{found.detector} found nothing")
    click.echo(f"detector: {found.detector}" + (f"; {found.notice}" if found.notice else ""))
