"""Seconds of the first and of the second demo: draw, extract, start Solr, index, search once.

By default `visual-search demo --no-serve` in an empty VISUAL_SEARCH_HOME, Solr's jars fetched already. With --bare
`make demo DEMO_FLAGS=--no-serve` in a copy of the tracked files with an empty HOME, which downloads everything.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks import server
from benchmarks.processes import command, environment, run_to_end
from benchmarks.report import Table, emit, progress
from vision.evaluation.timing import timed

_ROOT = Path(__file__).parent.parent


def run(products: int = 1200, *, bare: bool = False) -> Sequence[Table]:
    """Twice, Solr running on after the first as it does for a user; it is stopped in the end."""
    table = Table(f"Demo of {products:,} products" + (", from nothing" if bare else ""), ("run", "s"))
    with tempfile.TemporaryDirectory(prefix="visual-search-benchmark-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        if bare:
            checkout, home = place / "checkout", place / "home"
            _copy(checkout)
            env = environment(home / "visual-search") | {"HOME": str(home)}
            env = {name: value for name, value in env.items() if not name.startswith(("VISUAL_SEARCH_C", "XDG_"))}
            home.mkdir()
            flags = f"--no-serve --products {products}"
            asked = ["make", "-C", str(checkout), "demo", f"DEMO_FLAGS={flags}"]
            stop = [str(checkout / ".venv/bin/visual-search"), "solr", "stop"]
        else:
            with server.temporary():  # fetches the jars where they are not here yet
                pass
            env = environment(place / "home")
            asked = command("demo", "--no-serve", "--products", str(products))
            stop = command("solr", "stop")
        _twice(table, asked, stop, env)
    return [table]


def _twice(table: Table, asked: Sequence[str], stop: Sequence[str], env: Mapping[str, str]) -> None:
    try:
        for name in ("first", "second"):
            progress(f"{name} demo")
            table.add(name, timed(lambda: run_to_end(asked, env)) / 1000)
    finally:
        if Path(stop[0]).exists():
            subprocess.run(stop, env=env, capture_output=True, check=False)


def _copy(target: Path) -> None:
    listed = subprocess.run(["git", "-C", str(_ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (_ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(_ROOT / name, target / name)


@click.command(help=__doc__)
@click.option("--products", default=1200, show_default=True, help="How many are drawn.")
@click.option("--bare", is_flag=True, help="With virtual environment and downloads; minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(products: int, bare: bool, as_json: bool) -> None:
    emit("demo", run(products, bare=bare), as_json=as_json)


if __name__ == "__main__":
    main()
