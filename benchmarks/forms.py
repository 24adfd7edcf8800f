"""Query forms that look right and are not, and the ones used instead, each tried on a running Solr.

Every row is a claim of docs/queries.md with what Solr did just now; a claim that no longer holds is an error. The
collection is made by tests.search.synthetic.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from benchmarks import server
from benchmarks.asking import Forms
from benchmarks.claims import CLAIMS
from benchmarks.report import Table, emit, progress
from tests.search.synthetic import Synthetic, build

_HOLDS = "as documented"


def run(synthetic: Synthetic) -> Sequence[Table]:
    """Try every form."""
    forms = Forms(synthetic)
    table = Table(f"{len(synthetic.ids):,} pictures", ("form", "what Solr does", _HOLDS))
    for name, claim in CLAIMS:
        seen = claim(forms)
        table.add(name, seen.what, "yes" if seen.holds else "NO")
    return [table]


def check(tables: Sequence[Table]) -> None:
    """Fail where a claim does not hold.

    Raises:
        click.ClickException: naming the forms.
    """
    wrong = [str(row[0]) for table in tables if table.columns[-1] == _HOLDS for row in table.rows if row[-1] == "NO"]
    if wrong:
        raise click.ClickException(f"docs/queries.md does not hold on this Solr: {'; '.join(wrong)}")


@click.command(help=__doc__)
@click.option("--pictures", default=10_000, show_default=True, help="How many are indexed.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(pictures: int, as_json: bool) -> None:
    with server.temporary("1g") as running:
        progress(f"indexing {pictures:,} pictures")
        tables = run(build(running.url, "forms", running.home, pictures=pictures))
    emit("forms", tables, as_json=as_json)
    check(tables)


if __name__ == "__main__":
    main()
