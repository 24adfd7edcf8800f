"""Both Solr engines when memory holds only part of the vectors: each in a cgroup with the same room for files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.cgroups import Cgroup, cgroup, forget
from benchmarks.peers.building import built
from benchmarks.peers.engines import SERVERS, engine
from benchmarks.peers.engines.ours import Ours
from benchmarks.peers.engines.stock import StockSolr
from benchmarks.peers.measuring import Effort, Figures, measure
from benchmarks.peers.model import Ask
from benchmarks.peers.shop import Matching, Shop
from benchmarks.report import progress
from vision.reduction import DIMS

PART: Final = 0.35
"""Of the float32 vectors, that files may hold in memory."""
_WARM: Final = 40
_LEAST: Final = 64 << 20


def run(
    shop: Shop, parts: Sequence[Matching], repeats: int, queries: int, efforts: Mapping[tuple[str, Matching], Effort]
) -> list[Figures]:
    """Ask both in turns; the limit is the heap as it is before each repeat, and a part of the vectors' bytes.

    Args:
        shop: whose indexes are built.
        parts: which parts are asked for.
        repeats: how often.
        queries: of a repeat.
        efforts: chosen with all memory, by engine and part.

    Raises:
        OSError: this machine lets us make no cgroup.
        ValueError: the shop is so small that the JVM's own changes are larger than what is left for files.
    """
    truths = shop.truth(tuple(parts))
    room = int(PART * 4 * DIMS * shop.count)
    if room < _LEAST:
        raise ValueError(f"{shop.count:,} products leave {room / 2**20:.0f} MB for files; 45,000 or more are needed")
    figures: list[Figures] = []
    with ExitStack() as stack:
        engines: dict[str, Ours | StockSolr] = {}
        groups: dict[str, tuple[Cgroup, Path]] = {}
        for name in SERVERS:
            _, folder = built(shop, name)
            forget(folder)
            made = engine(name)
            assert isinstance(made, Ours | StockSolr)
            group = stack.enter_context(cgroup(f"visual-search-{name}"))
            made.open(folder)
            stack.callback(made.close)
            group.add(made.running.process.pid)
            forget(folder)  # what it read before it was in the group is charged to nobody
            engines[name], groups[name] = made, (group, folder)

        def limit() -> None:
            for group, _ in groups.values():
                group.limit(group.anonymous() + room)

        for matching in parts:
            chosen = {name: efforts[name, matching] for name in engines}
            for name, made in engines.items():
                for query in list(shop.tuning)[:_WARM]:
                    made.search(Ask(shop.queries[query], matching.level, matching.words, chosen[name].value))
            figures += measure(engines, shop, matching, truths[matching], repeats, queries, chosen, limit)
            held = ", ".join(f"{name} {group.cached() / 2**20:,.0f} MB" for name, (group, _) in groups.items())
            progress(f"  {matching.level:>4} % {matching.words or '-':12} limited; files in memory: {held}")
    return figures
