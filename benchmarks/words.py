"""What is made of words, on the demo catalogue: whether attributes that words say come first, and what that loses.

The catalogue is drawn and indexed without pictures. Every pair of a category and a value of its attributes is asked for
as a shopper would, and every value alone; the truth behind the catalogue, which has other values in places, says
which products are right. Only searches that find more than ten products are counted: the others show the same ten.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from benchmarks import server
from benchmarks.report import Table, emit, progress
from vision.catalog.features import check
from vision.demo import draw_catalogue
from vision.embedding import EmbeddingStore
from vision.search import composer
from vision.search.engine import SearchEngine
from vision.search.model import Query
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.solr.fields import solr_field

TOP = 10
AGREEMENTS = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
FORMS = {
    "category": "{value}",
    "color": "{value} {category}",
    "pattern": "{value} {category}",
    "material": "{value} {category}",
    "brand": "{value} {category}",
    "length": "{value} {category}",
    "sleeve": "{category} with {value} sleeves",
    "neckline": "{category} with a {value} neck",
}
SPECIAL = {"sleeveless": "sleeveless {category}", "v-neck": "v-neck {category}", "collar": "{category} with a collar"}


@dataclass(frozen=True)
class Asked:
    """A search and the product ids that are right."""

    text: str
    attribute: str
    right: frozenset[str]


@contextmanager
def demo(products: int) -> Iterator[tuple[SearchEngine, Path]]:
    """The demo catalogue's words in a Solr of the benchmark's own, and its folder."""
    with server.temporary() as running, SolrClient(running.url, "words", timeout=120) as client:
        drawn = draw_catalogue(running.home / "demo", products=products, size=32)
        progress(f"indexing the words of {drawn.images:,} pictures")
        configset.create(client)
        client.add(list(documents(drawn.catalogue)))
        client.commit()
        yield SearchEngine(client, EmbeddingStore(running.home / "none")), drawn.truth


def documents(catalogue: Path) -> Iterator[dict[str, Any]]:
    """The rows of a catalogue without vectors."""
    for row in check(catalogue):
        product = row.product
        if product is not None:
            known = {"id": product.id, "product_id": product.product_id, "title": product.title}
            more = {"description": product.description, "price": product.price, "currency": product.currency}
            document = known | {name: value for name, value in more.items() if value is not None}
            yield document | {solr_field(name): list(values) for name, values in product.attributes.items()}


def questions(truth: Path) -> list[Asked]:
    """Each category with each value that it truly has."""
    with truth.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    right: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        for attribute, form in FORMS.items():
            value = row[attribute]
            if value:
                for category in {row["category"], ""}:
                    text = " ".join(SPECIAL.get(value, form).format(value=value, category=category).split())
                    right.setdefault((attribute, text), set()).add(row["product_id"])
    return [Asked(text, attribute, frozenset(ids)) for (attribute, text), ids in sorted(right.items())]


def run(products: int) -> Sequence[Table]:
    """All tables."""
    with demo(products) as (engine, truth):
        asked = questions(truth)
        return [ranking(engine, asked), kept(engine, asked)]


def ranking(engine: SearchEngine, asked: Sequence[Asked]) -> Table:
    """Precision at ten of the attribute, by what agreement adds."""
    columns = ("attribute", "searches", "off", *(f"+{each:g}" for each in AGREEMENTS))
    table = Table(f"share of the first {TOP} products that truly are what was asked for", columns)
    found: dict[str, list[list[float]]] = {}
    for each in asked:
        row = [_precision(engine, each, None), *(_precision(engine, each, added) for added in AGREEMENTS)]
        if None not in row:
            found.setdefault(each.attribute, []).append([value for value in row if value is not None])
    everything = [row for rows in found.values() for row in rows]
    for attribute, rows in [*found.items(), ("all", everything)]:
        table.add(attribute, len(rows), *(sum(column) / len(rows) for column in zip(*rows, strict=True)))
    table.notes.append(
        f"off: understand=off; +n: what an attribute that agrees adds to BM25; built in: {composer.AGREEMENT:g}"
    )
    return table


def _precision(engine: SearchEngine, asked: Asked, added: float | None) -> float | None:
    built_in = composer.AGREEMENT
    composer.AGREEMENT = built_in if added is None else added
    try:
        found = engine.run(Query(text=asked.text, rows=TOP, understand=added is not None))
    finally:
        composer.AGREEMENT = built_in
    return None if found.total <= TOP else sum(hit.product_id in asked.right for hit in found.hits) / TOP


def kept(engine: SearchEngine, asked: Sequence[Asked]) -> Table:
    """Whether anything that was found without understanding is found with it."""
    table = Table(
        "with understanding against without", ("attribute", "searches", "other products", "other totals", "other order")
    )
    found: dict[str, list[tuple[bool, bool, bool]]] = {}
    for each in asked:
        off = engine.run(Query(text=each.text, rows=1000))
        on = engine.run(replace(Query(text=each.text, rows=1000), understand=True))
        before, after = ([hit.product_id for hit in result.hits] for result in (off, on))
        found.setdefault(each.attribute, []).append((set(before) != set(after), off.total != on.total, before != after))
    for attribute, rows in found.items():
        table.add(attribute, len(rows), *(sum(column) for column in zip(*rows, strict=True)))
    return table


def failed(tables: Sequence[Table]) -> Mapping[str, int]:
    """What was lost, by attribute; empty where all is well."""
    lost = next(table for table in tables if "other products" in table.columns)
    return {str(row[0]): int(row[2] or 0) + int(row[3] or 0) for row in lost.rows if row[2] or row[3]}


@click.command(help=__doc__)
@click.option("--products", default=1200, show_default=True, help="How many are drawn.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, as_json: bool) -> None:
    tables = run(products)
    emit("words", tables, as_json=as_json)
    if failed(tables):
        raise click.ClickException(f"found with understanding is not what is found without: {failed(tables)}")


if __name__ == "__main__":
    main()
