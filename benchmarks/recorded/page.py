"""The page of recorded queries, as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.recorded.asking import Call
from benchmarks.recorded.record import Recorded
from vision.demo.defects import MISSING_SHARE, WRONG_SHARE

FOLDER: Final = "recorded"
"""Of the pictures, beside the page."""
_SHELL: Final = f"docs/{FOLDER}"


@dataclass(frozen=True)
class Shop:
    """What was asked."""

    products: int
    pictures: int
    extractor: str
    detector: str


def document(shop: Shop, recorded: Sequence[Recorded]) -> str:
    """The whole page."""
    parts = [_head(shop)]
    parts += [_section(number, each) for number, each in enumerate(recorded, start=1)]
    return "\n\n".join(parts) + "\n"


def _head(shop: Shop) -> str:
    return "\n\n".join(
        [
            "<!-- Written by `python -m benchmarks.recorded`; what is changed by hand is lost. -->\n# Recorded queries",
            _prose(
                "What the search does, before you install it: real queries to the real HTTP API, on the demo catalogue "
                f"of {shop.products:,} products in {shop.pictures:,} pictures. Catalogue and photos are drawn by this "
                "repository's own code; the photos are of things that are not in the catalogue. On purpose, "
                f"{MISSING_SHARE:.0%} of the products lack an attribute and {WRONG_SHARE:.0%} have a wrong one."
            ),
            "    python -m benchmarks.recorded",
            _prose(
                "records all of it again in a Solr of its own: this page, the pictures, the photos. Every figure below "
                "comes from the answers. To ask the same yourself, in a checkout:"
            ),
            f"    make demo DEMO_FLAGS='--extractor {shop.extractor}'\n"
            f"    .venv/bin/visual-search calibrate --sample {shop.products}",
            _prose(
                f"The vectors are by `{shop.extractor}`, the small network that comes with this package, and the "
                f"things in photos are by `{shop.detector}`: neither needs a download, and larger networks see more. "
                "`calibrate`, in a second shell, is for `match`, `min_match` and `category_first`. The commands run in "
                "the checkout's root, with curl 7.82 or newer. Members and routes: [http.md](http.md)."
            ),
        ]
    )


def _section(number: int, one: Recorded) -> str:
    shell = [each.curl(_SHELL) if isinstance(each, Call) else each for each in one.shell]
    picture = f"![{one.title}: what was asked, and what was found]({FOLDER}/{one.slug}.webp)"
    seen = "\n".join(_prose(each, "* ", "  ") for each in one.seen)
    command = "\n".join(shell) + one.output
    return "\n\n".join([f"## {number}. {one.title}", _prose(one.why), f"```sh\n{command}\n```", picture, seen])


def _prose(text: str, first: str = "", later: str = "") -> str:
    wrapped = textwrap.wrap(
        text, 118, initial_indent=first, subsequent_indent=later, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(wrapped)
