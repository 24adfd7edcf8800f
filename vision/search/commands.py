"""``visual-search search``: one search from the shell."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from vision.console import echo, reported
from vision.errors import BadQuery


@click.command()
@click.option("--text", "-t", help="Words, as a shopper types them.")
@click.option("--language", help="Of the words: en, de, fr, es or ja.  [default: en]")
@click.option("--image", type=click.Path(path_type=Path), help="A photo to search by.")
@click.option("--id", "image_id", help="An indexed product or picture to search by.")
@click.option("--image-text", help="A picture described in words; needs a collection made with CLIP.")
@click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="May be repeated; price=10..50.")
@click.option("--missing", multiple=True, metavar="FIELD", help="Only what has no value of it; may be repeated.")
@click.option("--facet", "facets", multiple=True, metavar="FIELD", help="Count its values; may be repeated.")
@click.option("--text-weight", type=click.FloatRange(0, 1), default=0.5, show_default=True)
@click.option("--image-weight", type=click.FloatRange(0, 1), default=0.5, show_default=True)
@click.option("--crop", metavar="X,Y,W,H", help="The part of the photo to search by, each 0 to 1.")
@click.option("--detect", is_flag=True, help="Find the thing in the photo and search by it; says which.")
@click.option("--min-similarity", type=float, help="Only pictures with s = 1/(1+d²) of at least this.")
@click.option("--max-distance", type=float, help="Only pictures with a squared distance d² of at most this.")
@click.option("--min-match", type=float, help="Only pictures whose match is at least this, 0 to 1; see `calibrate`.")
@click.option("--mode", type=click.Choice(["auto", "approximate", "exact"]), default="auto", show_default=True)
@click.option("--sort", help="score, price asc or price desc.  [default: score]")
@click.option("--rows", type=int, default=10, show_default=True)
@click.option("--start", type=int, default=0, show_default=True)
@click.option("--page", help="The token of the next page, from the previous answer.")
@click.option("--plain", is_flag=True, help="Take the words as they are: no prices, no attributes, no spelling.")
@click.option("--explain", is_flag=True, help="Show the parts of each score.")
@click.option("--collection", help="Where to search.  [default: products, else demo]")
@click.option("--json", "as_json", is_flag=True, help="Print the answer of POST /v1/search.")
@reported
def search(image: Path | None, collection: str | None, as_json: bool, **options: Any) -> None:
    """Search by words, photo, an indexed product and facets, any of them together."""
    import orjson

    from vision.search.listing import lines
    from vision.search.presentation import to_json
    from vision.search.request import parse
    from vision.settings import Settings
    from vision.workspace import Workspace

    request = parse(_members(options))
    data = None if image is None else _read(image)
    workspace = Workspace(Settings.from_environment(collection=collection))
    with workspace.reading_client() as client:
        engine = workspace.engine(client)
        result = engine.search(request, data)
        notice = engine.limits().notice
    if notice is not None:
        echo(notice, err=True)
    if as_json:
        click.echo(orjson.dumps(to_json(result)).decode())
        return
    for line in lines(result):
        echo(line)


@click.command()
@click.option("--collection", help="What to measure.  [default: products, else demo]")
@click.option("--by", default="category", show_default=True, help="Attribute that says what is of one kind.")
@click.option("--sample", type=click.IntRange(20, 5000), default=300, show_default=True, help="Pictures that ask.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of their choice.")
@click.option("--json", "as_json", is_flag=True, help="Print {collection, embedding, by, rates: [{match, …}]}.")
@reported
def calibrate(collection: str | None, by: str, sample: int, seed: int, as_json: bool) -> None:
    """Measure what a distance means in a collection, for `match` of a hit and `min_match` of a search.

    Pictures ask with everything of their own kind left out: what they find nearest is the nearest thing of another
    kind. A match of .95 is a distance that one in twenty of them comes within.
    """
    import numpy as np
    import orjson

    from vision.jobs.recording import recorded
    from vision.search.steering import calibration
    from vision.settings import Settings
    from vision.workspace import Workspace

    settings = Settings.from_environment(collection=collection)
    workspace = Workspace(settings)
    recording = recorded(settings, "calibrate", f"calibrate by {by}", {"ask": "asking"})
    with recording as job, workspace.reading_client() as client:
        engine = workspace.engine(client)
        embedding = engine.collection.embedding()
        found = calibration.calibrate(client, embedding, by, sample=sample, seed=seed, told=partial(job, "ask"))
        path = calibration.Calibrations(workspace.store().folder).save(client.collection, found)
        job.summary = {"collection": client.collection, "strangers": len(found.strangers), "kin": len(found.kin)}
    rates = [
        {"match": match, "false_alarms": round(1 - match, 4), "max_distance": limit, "found": round(kept, 4)}
        for match, limit, kept in calibration.rates(found, np.array([0.5, 0.8, 0.9, 0.95, 0.99]))
    ]
    if as_json:
        about = {"collection": client.collection, "embedding": found.embedding, "by": by, "rates": rates}
        click.echo(orjson.dumps(about).decode())
        return
    echo(f"{len(found.strangers)} pictures without their own {by}, {len(found.kin)} with it; kept in {path}")
    echo(f"{'min_match':>9} {'false alarms':>13} {'of the kind found':>18} {'squared distance':>17}")
    for each in rates:
        echo(f"{each['match']:>9} {each['false_alarms']:>13.1%} {each['found']:>18.1%} {each['max_distance']:>17.4g}")


def _members(options: dict[str, Any]) -> dict[str, Any]:
    """The members of a search request from the command line's options."""
    members: dict[str, Any] = {
        "q": options["text"],
        "weights": {"text": options["text_weight"], "image": options["image_weight"]},
        "facets": list(options["facets"]),
        "missing": list(options["missing"]),
    } | filter_members(options["filters"])
    if options["plain"]:
        members |= {"understand": "off", "spelling": "off"}
    if options["crop"] is not None:
        members["crop"] = _numbers("--crop", options["crop"], ",", 4)
    same = (
        "language",
        "image_id",
        "image_text",
        "min_similarity",
        "max_distance",
        "min_match",
        "mode",
        "sort",
        "rows",
        "start",
        "page",
        "explain",
        "detect",
    )
    return members | {name: options[name] for name in same if options[name] is not None}


def filter_members(given: Sequence[str]) -> dict[str, dict[str, Any]]:
    """``filters`` and ``ranges`` of a search request from FIELD=VALUE texts.

    Raises:
        BadQuery: a text of another form.
    """
    filters: dict[str, list[str]] = {}
    ranges: dict[str, Any] = {}
    for each in given:
        name, separator, value = each.partition("=")
        if not separator or not name or not value:
            raise BadQuery(f"--filter is {each!r}; give FIELD=VALUE, as color=red or price=10..50")
        if name == "price":
            ranges[name] = _range(each, value)
        else:
            filters.setdefault(name, []).append(value)
    return {"filters": filters, "ranges": ranges}


def _range(given: str, value: str) -> dict[str, float | None]:
    low, separator, high = value.partition("..")
    try:
        bounds = {"min": float(low) if low else None, "max": float(high) if high else None}
    except ValueError:
        bounds = {}
    if not separator or not bounds:
        raise BadQuery(f"--filter is {given!r}; a price is given as price=10..50, price=10.. or price=..50")
    return bounds


def _numbers(option: str, text: str, separator: str, count: int) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(separator)]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise BadQuery(f"{option} is {text!r}; {count} numbers with {separator!r} between them are accepted")
    return numbers


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadQuery(f"--image {path} cannot be read: {error.strerror}") from error
