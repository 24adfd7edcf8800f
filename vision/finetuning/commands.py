"""``visual-search models finetune``: an extractor trained further on a catalogue, with what it gained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vision.console import reported

if TYPE_CHECKING:
    from vision.finetuning.session import Tuned


@click.command()
@click.option("--catalog", "catalogue", type=click.Path(path_type=Path), required=True, help="CSV, JSONL or Parquet.")
@click.option("--extractor", default="compact", show_default=True, help="compact, a network of Keras, or clip.")
@click.option("--label", help="Column: pictures with the same value belong together. CLIP takes titles instead.")
@click.option("--layers", type=click.IntRange(1), help="How many to train, from the last on.  [default: 8]")
@click.option(
    "--group", default="product_id", show_default=True, help="Column: rows with the same value are kept in one part."
)
@click.option("--without", multiple=True, metavar="LABEL", help="Leave out rows with this label; may be repeated.")
@click.option("--epochs", type=click.IntRange(1), help="At most.  [default: 20; 100 for clip]")
@click.option("--rate", type=click.FloatRange(0, 1, min_open=True), help="Highest learning rate.  [1e-3; clip 1e-4]")
@click.option("--most", type=click.IntRange(20), default=20_000, show_default=True, help="Rows used, sampled.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of parts, views and order.")
@click.option("--allow-urls", is_flag=True, help="Fetch pictures that are web addresses.")
@click.option("--out", type=click.Path(path_type=Path), help="What to write.  [default: in the models folder]")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one object.")
@reported
def finetune(as_json: bool, **given: Any) -> None:
    """Train an extractor further on CATALOG, so that pictures with the same label find each other.

    70 % of the products are trained on, 15 % decide when to stop, and 15 % say what was gained: those figures are of
    pictures that had no part in the training. The result is a new file with a new fingerprint, to index with; the old
    one stays.
    """
    import orjson

    from vision.finetuning.session import Asked
    from vision.finetuning.session import finetune as run
    from vision.jobs.recording import recorded
    from vision.settings import Settings

    settings, stages = Settings.from_environment(), {"read": "reading pictures", "train": "training"}
    stages["extract"] = "pictures to vectors"
    with recorded(settings, "finetune", f"fine-tune {given['extractor']} on {given['catalogue'].name}", stages) as job:
        tuned = run(settings, Asked(**given), job)
        job.summary = {"specification": tuned.specification, "before": tuned.before, "after": tuned.after}
    if as_json:
        click.echo(orjson.dumps(tuned.plain()).decode())
        return
    _print(tuned)


def _print(tuned: Tuned) -> None:
    parts = ", ".join(f"{count:,} to {name}" for name, count in tuned.pictures.items())
    click.echo(f"{tuned.extractor}: {parts} pictures; {len(tuned.trained)} layers, {tuned.seconds:.0f} s")
    if tuned.rejected:
        click.echo(f"{tuned.rejected:,} rows are no good and were left out; the first: {tuned.first_rejected}")
    for epoch in tuned.epochs:
        loss = f"loss {epoch.loss:7.4f}  " if epoch.number else " " * 14
        click.echo(f"epoch {epoch.number:>3}  {loss}{tuned.stopped_by} {epoch.quality:.4f}")
    click.echo(f"\n{'pictures kept aside':<20}{'before':>8}{'after':>8}")
    for name, value in tuned.before.items():
        if name != "queries":
            click.echo(f"{_NAMES[name]:<20}{value:>8.4f}{tuned.after[name]:>8.4f}")
    if tuned.specification is None:
        click.echo(f"\nNo epoch was better than {tuned.extractor} as it is: nothing was written.")
    else:
        click.echo(
            f"\n{tuned.fingerprints[0]} -> {tuned.fingerprints[1]}\nIndex with --extractor {tuned.specification}"
        )


_NAMES = {"map": "mAP", "precision": "P@10", "mrr": "MRR", "recall": "R@10"}
