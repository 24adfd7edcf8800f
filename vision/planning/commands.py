"""``visual-search plan``: machines for a catalogue and a load.

Exit status: 0 planned, 2 no number of such machines will do, or a wrong option.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from vision.console import reported

if TYPE_CHECKING:
    from vision.planning.capacity import Capacity, Machine, Wanted


def _number(_: click.Context, __: click.Parameter, value: str) -> int:
    try:
        found = float(value.replace(",", "").replace("_", ""))
    except ValueError:
        found = 0.0
    if not 1 <= found <= 1e12:
        raise click.BadParameter(f"{value!r} is no number of products; accepted: 1 to 1e12, as 30e6 or 30,000,000")
    return round(found)


def _milliseconds(_: click.Context, __: click.Parameter, value: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s)?", value.strip())
    found = float(match[1]) * (1000 if match[2] == "s" else 1) if match else 0.0
    if found <= 0:
        raise click.BadParameter(f"{value!r} is no time; accepted: 500ms, 0.5s, or a number of milliseconds")
    return found


_ABOVE_0 = click.FloatRange(0, min_open=True)


@click.command()
@click.option("--products", callback=_number, required=True, help="How many, as 30e6.")
@click.option("--qps", type=_ABOVE_0, default=10.0, show_default=True, help="Searches a second.")
@click.option("--p95", callback=_milliseconds, default="500ms", show_default=True, help="Time for 95 % of them.")
@click.option("--pictures", type=_ABOVE_0, default=1.0, show_default=True, help="Of a product.")
@click.option("--cores", type=_ABOVE_0, default=8.0, show_default=True, help="Of a machine.")
@click.option("--memory", type=_ABOVE_0, default=32.0, show_default=True, help="GB of a machine.")
@click.option("--disk", type=_ABOVE_0, default=500.0, show_default=True, help="GB of a machine.")
@click.option("--price", type=_ABOVE_0, help="Of a machine, an hour.")
@click.option("--extraction", type=_ABOVE_0, help="Pictures a second that a machine extracts: `benchmarks.extraction`.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@reported
def plan(
    products: int,
    qps: float,
    p95: float,
    pictures: float,
    cores: float,
    memory: float,
    disk: float,
    price: float | None,
    extraction: float | None,
    as_json: bool,
) -> None:
    """How many machines, shards and replicas a catalogue and a load need: docs/scale.md says how that is known.

    From measurements of one index of up to a million products on two cores; cores of yours are taken to be as fast.
    Searches are by photo, alone, with a filter and with a word; extraction of the shopper's photo comes to them.
    """
    from vision.planning import capacity
    from vision.planning.capacity import Machine, Wanted
    from vision.planning.costs import Costs, measured

    costs = Costs.of(*measured())
    wanted = Wanted(products, qps, p95, pictures, extraction)
    machine = Machine(cores, memory, disk, price)
    found = capacity.plan(costs, wanted, machine)
    if as_json:
        click.echo(json.dumps({"wanted": asdict(wanted), "machine": asdict(machine), **plain(found)}))
    else:
        click.echo(text(found, wanted, machine))


def plain(found: Capacity) -> dict[str, object]:
    """For machines."""
    return {"machines": found.machines, **asdict(found)}


def text(found: Capacity, wanted: Wanted, machine: Machine) -> str:
    """For people."""
    lines = [
        f"{wanted.products:,} products ({wanted.documents:,} pictures), {wanted.qps:g} searches a second, p95 of "
        f"{wanted.p95:g} ms; machines of {machine.cores:g} cores, {machine.memory:g} GB, {machine.disk:g} GB of disk",
        "",
        f"{found.shards} shards x {found.replicas} replicas = {found.shards * found.replicas} machines of Solr, and "
        f"{found.api} of the API",
        f"a shard: {found.documents:,} documents, {found.memory:.1f} GB of memory (a heap of {found.heap:.1f}; "
        f"{found.in_memory:.0%} of the full vectors in the rest), {found.disk:.0f} GB of disk while it is merged",
        f"expected: p95 {found.p95:.0f} ms, cores {found.busy:.0%} busy",
        f"to index: {found.indexing:.1f} h, all shards at once"
        + ("" if found.extracting is None else f"; to extract on one machine: {found.extracting:,.0f} h"),
    ]
    if found.cost is not None:
        lines.append(f"cost: {found.cost:,.2f} an hour, {found.cost * 24 * 30:,.0f} in 30 days")
    if found.beyond:
        lines.append("beyond what was measured: a shard is larger than a million documents; try one before you buy")
    return "\n".join(lines)
