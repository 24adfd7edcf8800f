"""What a language's two fields cost: bytes on disk a product, and the time to load and to create a core.

The words of a catalogue (the demo's, say) are loaded without pictures into cores with all languages, with none but
English, and with all but one.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import click

from benchmarks import server, variants
from benchmarks.report import Table, emit, progress
from vision.catalog.features import check
from vision.errors import SolrError
from vision.solr.client import SolrClient
from vision.solr.fields import solr_field
from vision.solr.resources import configsets

LANGUAGES = ("de", "fr", "es", "ja")


def without(languages: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """The change of the schema that leaves these languages out."""
    schema = (configsets()["visual"] / "schema.xml").read_text(encoding="utf-8")
    begin, end = (schema.index(mark) for mark in ('  <field name="title_de"', "  <!-- Vectors:"))
    block = schema[begin:end]
    named = re.compile(rf'"(title|text)_({"|".join(languages)})"')
    kept = "\n".join(line for line in block.split("\n") if not languages or not named.search(line))
    return {"schema.xml": (block, kept)}


def run(catalogue: Path, rounds: int = 3) -> Sequence[Table]:
    """Load every variant, ``rounds`` times in turns."""
    documents = list(_documents(catalogue))
    if not documents:
        raise click.ClickException(f"{catalogue} has no good rows")
    cases: dict[str, Sequence[str]] = {"all": (), "English alone": LANGUAGES} | {
        f"all but {each}": [each] for each in LANGUAGES
    }
    columns = ("languages", "bytes a product", "load s", "create s")
    table = Table(f"{len(documents):,} products without pictures, best of {rounds} rounds", columns)
    best: dict[str, tuple[float, float, float]] = {}
    with server.temporary() as running:
        _load(running, "warm", without(()), documents)
        for turn in range(rounds):
            for number, (name, left_out) in enumerate(cases.items()):
                progress(f"round {turn + 1}: {name}")
                taken = _load(running, f"core{turn}_{number}", without(left_out), documents)
                best[name] = min(best.get(name, taken), taken, key=lambda each: each[1])
    for name, (size, load, create) in best.items():
        table.add(name, size, load, create)
    return [table]


def _load(
    running: server.Server, core: str, changes: Mapping[str, tuple[str, str]], documents: Sequence[dict[str, Any]]
) -> tuple[float, float, float]:
    with SolrClient(running.url, core, timeout=120) as client:
        began = time.perf_counter()
        variants.create(running, client, f"set_{core}", changes)
        created = time.perf_counter() - began
        began = time.perf_counter()
        rest = iter(documents)
        while batch := list(islice(rest, 500)):
            client.add(batch)
        client.commit()
        loaded = time.perf_counter() - began
        client.merge()
        if client.count() != len(documents):
            raise SolrError(f"{core} holds {client.count()} of {len(documents)} products")
        size = sum(server.bytes_by_extension(running.index_folder(core)).values()) / len(documents)
        return size, loaded, created


def _documents(catalogue: Path) -> Iterator[dict[str, Any]]:
    for row in check(catalogue):
        product = row.product
        if product is not None:
            document: dict[str, Any] = {"id": product.id, "product_id": product.product_id, "title": product.title}
            if product.description:
                document["description"] = product.description
            yield document | {solr_field(name): list(values) for name, values in product.attributes.items()}


@click.command(help=__doc__)
@click.argument("catalogue", type=click.Path(path_type=Path))
@click.option("--rounds", default=3, show_default=True, help="Loads of each variant.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(catalogue: Path, rounds: int, as_json: bool) -> None:
    emit("languages", run(catalogue, rounds), as_json=as_json)


if __name__ == "__main__":
    main()
