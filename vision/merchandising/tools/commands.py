"""``visual-search cluster | fill | audit | duplicates``: the merchandiser's tools from the shell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from vision.console import echo, reported, together
from vision.errors import BadQuery

if TYPE_CHECKING:
    from vision.jobs.kinds import Kind
    from vision.jobs.recording import Recorder
    from vision.merchandising.proposal import Proposal
    from vision.merchandising.tools.workbench import Workbench

T = TypeVar("T")
_SHOWN: Final = 20


of_a_search = together(
    click.option("--text", "-t", help="Only what these words find."),
    click.option("--filter", "filters", multiple=True, metavar="FIELD=VALUE", help="May be repeated."),
    click.option("--missing", multiple=True, metavar="FIELD", help="Only what has no value of it."),
    click.option("--id", "image_id", help="Only what looks like this product; needs --max-distance."),
    click.option("--max-distance", type=float, help="Squared distance to --id, at most."),
    click.option("--collection", help="Where to look.  [default: products, else demo]"),
    click.option("--time-limit", type=click.FloatRange(min=1), default=900, show_default=True, help="Seconds."),
    click.option("--seed", type=int, default=0, show_default=True, help="Of everything that is by chance."),
    click.option("--proposals", type=click.Path(path_type=Path), help="Write the proposals to this file."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON."),
)
"""The options that every tool has: what is looked at, where, how long, and how it is printed."""


@click.command()
@of_a_search
@click.option("--clusters", type=click.IntRange(1, 500), help="How many.  [default: by the silhouette of a sample]")
@click.option(
    "--method",
    type=click.Choice(["kmeans", "hdbscan"]),
    default="kmeans",
    show_default=True,
    help="hdbscan finds the number itself.",
)
@click.option("--least", type=click.IntRange(2), default=5, show_default=True, help="Products of a cluster, hdbscan.")
@click.option("--members", type=click.IntRange(0), default=1_000_000, help="Named of each cluster.  [default: all]")
@click.option("--about", multiple=True, metavar="FIELD", help="Count its values in each cluster; may be repeated.")
@click.option("--map", "picture", type=click.Path(path_type=Path), help="Draw the products on a plane: a PNG.")
@click.option("--projection", type=click.Choice(["pca", "tsne"]), default="pca", show_default=True, help="Of the map.")
@click.option("--assign", metavar="FIELD=VALUE", help="Propose it for the products of --cluster.")
@click.option("--cluster", "chosen", type=int, metavar="ID", help="Which one --assign is about.")
@click.option("--within", type=float, help="Only products of it within this squared distance of its medoid.")
@click.option(
    "--existing",
    type=click.Choice(["skip", "add", "replace"]),
    default="skip",
    show_default=True,
    help="What becomes of a product that has another value.",
)
@reported
def cluster(as_json: bool, proposals: Path | None, picture: Path | None, **options: Any) -> None:
    """Group products that look alike; name what a group is, and propose it for all of it."""
    import msgspec

    from vision.merchandising.tools.requests import ClusterRequest

    named = ("clusters", "method", "least", "seed", "members", "projection")
    members = {name: options[name] for name in named if options[name] is not None}
    request = _request(ClusterRequest, options, {**members, "about": list(options["about"])})
    if (options["assign"] is None) != (options["chosen"] is None):
        raise BadQuery("--assign and --cluster belong together: a value, and which cluster gets it")
    with _workbench("cluster", request, options) as (workbench, job, kind):
        found = workbench.cluster(request)
        job.summary = kind.summary(found)
        if picture is not None:
            picture.write_bytes(workbench.picture(request))
        made = _assigned(workbench, found.clusters, options)
    if options["assign"] is not None:
        _print(made, as_json, proposals)
        return
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    score = "" if found.silhouette is None else f", silhouette {found.silhouette:.3f}"
    echo(f"{len(found.clusters)} clusters of {found.products:,} products{score}; {found.noise:,} in none")
    echo(f"{'id':>4} {'size':>7} {'cohesion':>9}  medoid")
    for each in found.clusters:
        values = "; ".join(
            f"{field}: " + ", ".join(f"{value} {count}" for value, count in list(counts.items())[:3])
            for field, counts in each.values.items()
        )
        echo(f"{each.id:>4} {each.size:>7,} {each.cohesion:>9.3f}  {each.medoid}  {values}")


@click.command()
@of_a_search
@click.option("--field", required=True, help="The attribute to fill.")
@click.option("--value", help="The value that the examples have; without it, what products have is learned.")
@click.option("--like", "positives", multiple=True, metavar="ID", help="A product that has it; 2 to 5 of them.")
@click.option("--unlike", "negatives", multiple=True, metavar="ID", help="A product that has not; may be repeated.")
@click.option("--precision", type=click.FloatRange(0.01, 0.999), default=0.9, show_default=True, help="Of the list.")
@click.option("--confidence", type=click.FloatRange(0.01, 0.999), help="Of each proposal, instead of --precision.")
@click.option("--rows", type=click.IntRange(1, 10_000), default=1000, show_default=True, help="At most.")
@click.option("--questions", type=click.IntRange(0, 100), default=5, show_default=True, help="Products to ask about.")
@click.option("--group", metavar="FIELD", help="Products that share its value are not judged by each other.")
@click.option("--replace", is_flag=True, help="The value takes the place of others, instead of standing beside them.")
@reported
def fill(as_json: bool, proposals: Path | None, **options: Any) -> None:
    """Propose values for products that have none, from those that have one or from a few examples.

    With --value and --like, products to ask about are named; run it again with the answers as --like and --unlike.
    """
    from vision.merchandising.tools.requests import FillRequest

    named = ("field", "value", "precision", "confidence", "rows", "questions", "group", "replace", "seed")
    members = {name: options[name] for name in named if options[name] is not None}
    members |= {"positives": list(options["positives"]), "negatives": list(options["negatives"])}
    request = _request(FillRequest, options, members)
    with _workbench("fill", request, options) as (workbench, job, kind):
        found = workbench.fill(request)
        job.summary = kind.summary(found)
    learned = found.learned
    if learned is not None:
        reach = "out of reach" if learned.confidence is None else f"from a confidence of {learned.confidence:.2f} on"
        echo(
            f"{learned.known:,} products have {options['field']!r}, {learned.missing:,} have not; of the known, "
            f"{learned.accuracy:.1%} are guessed right ({learned.neighbours:.1%} by neighbours alone); the list is "
            f"{reach}, expected precision {learned.precision:.1%}",
            err=True,
        )
    _print(found.proposals, as_json, proposals)
    if found.questions:
        echo(f"is one of these {options['value']!r}? {' '.join(found.questions)}", err=True)


@click.command()
@of_a_search
@click.option("--field", required=True, help="The attribute to check.")
@click.option("--rows", type=click.IntRange(1, 10_000), default=100, show_default=True, help="At most.")
@click.option("--group", metavar="FIELD", help="Products that share its value are not judged by each other.")
@reported
def audit(as_json: bool, proposals: Path | None, **options: Any) -> None:
    """List products whose pictures speak against an attribute, the most suspicious first."""
    from vision.merchandising.tools.requests import AuditRequest

    named = ("field", "rows", "group", "seed")
    members = {name: options[name] for name in named if options[name] is not None}
    request = _request(AuditRequest, options, members)
    with _workbench("audit", request, options) as (workbench, job, kind):
        found = workbench.audit(request)
        job.summary = kind.summary(found)
    echo(f"{found.suspected:,} of {found.products:,} products may have a wrong {options['field']!r}", err=True)
    _print(found.proposals, as_json, proposals)


@click.command()
@of_a_search
@click.option("--within", type=click.FloatRange(1e-6, 0.999), help="Part of the median distance.  [default: 0.02]")
@click.option(
    "--field", "fields", multiple=True, metavar="FIELD", help="Copy it to those of a group that have no value."
)
@click.option("--mark", metavar="FIELD", help="Propose the id of a group's first product as this field of the others.")
@reported
def duplicates(as_json: bool, proposals: Path | None, **options: Any) -> None:
    """Find products that show the same picture, or nearly the same, under two ids."""
    import msgspec

    from vision.merchandising.tools.requests import DuplicatesRequest

    members = {name: options[name] for name in ("within", "mark") if options[name] is not None}
    members["fields"] = list(options["fields"])
    request = _request(DuplicatesRequest, options, members)
    with _workbench("duplicates", request, options) as (workbench, job, kind):
        found = workbench.duplicates(request)
        job.summary = kind.summary(found)
    if proposals is not None:
        _print(found.proposals, as_json=False, path=proposals)
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    echo(f"{len(found.groups):,} groups among {found.pictures:,} pictures, {len(found.proposals):,} proposals")
    for each in found.groups[:_SHOWN]:
        echo(f"{'same' if each.same else 'near':<5} {each.distance:>10.4g}  {' '.join(each.products)}")


@contextmanager
def _workbench(name: str, request: Any, options: dict[str, Any]) -> Iterator[tuple[Workbench, Recorder, Kind]]:
    """The tools, the job that a command is, and what is known of its kind."""
    from vision.jobs import kinds
    from vision.jobs.recording import recorded
    from vision.merchandising.tools.budget import Budget
    from vision.merchandising.tools.workbench import Workbench
    from vision.settings import Settings
    from vision.workspace import Workspace

    settings = Settings.from_environment(collection=options["collection"])
    kind, workspace = kinds.named(name), Workspace(settings)
    with (
        recorded(settings, name, kind.title(settings, request), kind.stages) as job,
        workspace.reading_client() as client,
    ):
        yield Workbench(workspace.engine(client), Budget(options["time_limit"], job)), job, kind


def _request(kind: type[T], options: dict[str, Any], members: dict[str, Any]) -> T:
    """A tool's request from the command line's options."""
    import msgspec

    from vision.search.commands import filter_members

    search: dict[str, Any] = {"q": options["text"] or "*", "missing": list(options["missing"]), "rows": 0}
    search |= filter_members(options["filters"])
    search |= {name: options[name] for name in ("image_id", "max_distance") if options[name] is not None}
    try:
        return msgspec.convert({**members, "search": search}, type=kind)
    except msgspec.ValidationError as error:
        raise BadQuery(str(error)) from error


def _assigned(workbench: Workbench, clusters: Sequence[Any], options: dict[str, Any]) -> list[Proposal]:
    from vision.merchandising.tools.requests import MOST_MEMBERS, AssignRequest

    if options["assign"] is None:
        return []
    field, equals, value = options["assign"].partition("=")
    one = next((each for each in clusters if each.id == options["chosen"]), None)
    if not (field and equals and value) or one is None:
        raise BadQuery(
            f"--assign is {options['assign']!r} and --cluster {options['chosen']}; give FIELD=VALUE and one of "
            f"{', '.join(str(each.id) for each in clusters)}"
        )
    if len(one.members) > MOST_MEMBERS:
        raise BadQuery(f"the cluster has {one.size:,} products; {MOST_MEMBERS:,} are accepted: ask for more clusters")
    members = {
        "field": field,
        "value": value,
        "medoid": one.medoid,
        "members": one.members,
        "max_distance": options["within"],
        "existing": options["existing"],
    }
    return workbench.assign(_request(AssignRequest, options | {"max_distance": None, "image_id": None}, members))


def _print(made: Sequence[Proposal], as_json: bool, path: Path | None) -> None:
    import msgspec

    from vision.merchandising.tools.tagging import write

    if path is not None:
        write(made, path)
    if as_json:
        click.echo(msgspec.json.encode(list(made)))
        return
    echo(f"{len(made):,} proposals" + ("" if path is None else f", in {path}"))
    for each in made[:_SHOWN]:
        old, new = ("|".join(values) or "-" for values in (each.old, each.new))
        echo(f"{each.confidence:>6.3f}  {each.product}  {each.field}: {old} → {new}")
