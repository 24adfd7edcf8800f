"""The command line: each command is loaded when it is called, so that ``--help`` is quick."""

from __future__ import annotations

from importlib import import_module

import click

# `serve` and `demo` run the web application, which stands above this package: they are named, never imported here.
_COMMANDS = {
    "demo": ("api.commands:demo", "Draw a catalogue, index it and open the search page."),
    "serve": ("api.commands:serve", "Serve the HTTP API and the search page."),
    "index": ("vision.catalog.commands:index", "Index a catalogue: CSV, JSONL or Parquet."),
    "follow": ("vision.following.commands:follow", "Apply changes that come over HTTP or from Kafka."),
    "extract": ("vision.extraction.commands:extract", "Extract a catalogue's features with several workers."),
    "search": ("vision.search.commands:search", "Search by words, photo, product and facets."),
    "calibrate": ("vision.search.commands:calibrate", "Measure what a distance means, for `min_match`."),
    "detect": ("vision.detect.commands:detect", "Find the things in a photo."),
    "models": ("vision.extractors.commands:models", "List, try and fetch what turns pictures into vectors."),
    "pca": ("vision.reduction.commands:pca", "Fit a PCA on a catalogue; report what it costs; watch it."),
    "changes": ("vision.merchandising.commands:changes", "Accept, reject and undo changes of products' attributes."),
    "cluster": ("vision.merchandising.tools.commands:cluster", "Group products that look alike."),
    "fill": ("vision.merchandising.tools.commands:fill", "Propose values for products without one."),
    "audit": ("vision.merchandising.tools.commands:audit", "List products whose pictures speak against an attribute."),
    "duplicates": ("vision.merchandising.tools.commands:duplicates", "Find products that show the same picture."),
    "evaluate": ("vision.evaluation.commands:evaluate", "Measure quality and speed of extractors, dims and modes."),
    "jobs": ("vision.jobs.commands:jobs", "Long work: what runs, how far it is, and how to end it."),
    "tune": ("vision.tuning.commands:tune", "Choose K and the cross-over of a collection by measuring it."),
    "swap": ("vision.swapping.commands:swap", "Let another collection take a served one's place, and back."),
    "plan": ("vision.planning.commands:plan", "How many machines a catalogue and a load need."),
    "backup": ("vision.backup.commands:backup", "Write everything that a collection needs to a folder."),
    "restore": ("vision.backup.commands:restore", "Put back what `backup` wrote."),
    "solr": ("vision.solr.commands:solr", "Start, stop and look at Solr."),
}


class _Lazy(click.Group):
    """A group that knows its commands' names and one-line helps without importing them."""

    def list_commands(self, context: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in _COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="solr-visual-search")
def main() -> None:
    """Visual product search on Apache Solr: words, facets and a photo in one query."""
