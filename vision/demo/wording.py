"""Titles and descriptions in natural English, written from attributes."""

from __future__ import annotations

import re
from random import Random

from vision.demo.product import Attributes
from vision.demo.vocabulary import FURNITURE, WOOD_COLORS, WOODS

_NOUNS = {
    "dress": "{style} dress",
    "trousers": "{style} trousers",
    "skirt": "{style} skirt",
    "sofa": "{style} sofa",
}
"""Where the style is an adjective; elsewhere it is a noun of its own, such as "sneakers"."""

_STYLE_NOUNS = {"jeans": "jeans", "tote": "tote bag", "clutch": "clutch bag", "corner sofa": "corner sofa"}

_TITLES = (
    "[{length} ][{pattern} ]{noun}[ in {stuff}]",
    "[{length} ][{pattern} ]{noun}[ in {stuff}]",
    "[{brand} ][{color} ]{noun}",
    "[{color} ][{pattern} ]{noun}[ with {sleeves}]",
    "{noun}[ in {stuff}][, {pattern}]",
    "[{brand} ][{length} ]{noun}[ in {color}]",
    "[{pattern} ][{material} ]{noun}[, {color}]",
    "[{length} ][{color} ]{noun}[ with {neck}]",
    "[{brand} ][{pattern} ]{noun}",
)

_OPENINGS = (
    "{a}[{pattern} ]{noun}[ in {stuff}].",
    "[{this} {noun} by {brand} {is} made in {stuff}.]",
    "[{brand} presents {this_low} {noun} in {color}.]",
    "Our [{length} ][{color} ]{noun}[ with {sleeves}].",
    "{a}[{length} ]{noun}[ with {neck}][, {pattern}].",
    "[{a_print} print gives {this_low} {noun} {its} character.]",
    "[{noun} from {brand}, a favourite of our customers.]",
)
"""An opening that is empty once its brackets are dropped is not used."""

_CUTS = ("[{cut}.]", "[{cut}.]", "[A {length} cut.]", "[The length is {length}.]")

_FASHION_CLOSINGS = (
    "Easy to combine and made to last.",
    "Fits true to size.",
    "Machine wash cold, do not tumble dry.",
    "A piece for every season.",
    "Goes from the office straight to dinner.",
    "Free returns within thirty days.",
    "Soft to the touch, with a relaxed fit.",
)
_HOME_CLOSINGS = (
    "Delivered to your door, assembled in minutes.",
    "Wipe clean with a damp cloth.",
    "Made to be lived with for years.",
    "Fits small rooms as well as large ones.",
    "Tested for daily use.",
    "A calm companion for any room.",
)


def write_texts(told: Attributes, style: str, rng: Random) -> tuple[str, str]:
    """Write a title and a description that say nothing but what ``told`` says.

    Args:
        told: The attributes to write from; empty ones are left out of the text.
        style: What the product is beyond its attributes; empty if the text must not tell.
        rng: Decides which attributes are mentioned, and how.
    """
    words = _words(told, style, rng)
    title = _fill(rng.choice(_TITLES), words)
    openings = [text for text in (_fill(template, words) for template in _OPENINGS) if text]
    sentences = [rng.choice(openings)]
    if rng.random() < 0.6 and "neck" not in sentences[0] and "sleeves" not in sentences[0]:
        sentences += [text for text in [_fill(rng.choice(_CUTS), words)] if text]
    if rng.random() < 0.65:
        sentences.append(rng.choice(_HOME_CLOSINGS if told.category in FURNITURE else _FASHION_CLOSINGS))
    return title, " ".join(sentences)


def _words(told: Attributes, style: str, rng: Random) -> dict[str, str]:
    """Return what the placeholders of the templates stand for."""
    noun = _noun(told.category, style) if style and rng.random() < 0.7 else told.category
    plural = noun.endswith(("trousers", "shoes", "jeans", "sneakers", "boots", "heels", "sandals", "loafers"))
    length = told.length
    if length == "knee-length" and rng.random() < 0.5:
        length = "knee length"
    sleeves = f"{told.sleeve} sleeves" if told.sleeve in ("short", "long") else ""
    neck = {"": "", "v-neck": "a v-neck", "collar": "a collar"}.get(told.neckline, f"a {told.neckline} neck")
    cut = " and ".join(part for part in (sleeves, neck) if part)
    if told.sleeve == "sleeveless":
        cut = "Sleeveless" + (f", with {neck}" if neck else "")
    elif cut:
        cut = f"It has {cut}"
    return {
        "noun": noun,
        "length": length,
        "pattern": _pattern(told.pattern, rng),
        "a_print": f"A {told.pattern}" if told.pattern in ("floral", "Hawaiian", "dotted", "checked") else "",
        "color": told.color,
        "material": told.material,
        "stuff": _stuff(told.color, told.material),
        "brand": told.brand,
        "sleeves": sleeves,
        "neck": neck,
        "cut": cut,
        "this": "These" if plural else "This",
        "this_low": "these" if plural else "this",
        "is": "are" if plural else "is",
        "its": "their" if plural else "its",
        "plural": "yes" if plural else "",
    }


def _noun(category: str, style: str) -> str:
    return _STYLE_NOUNS.get(style) or _NOUNS.get(category, "{style}").format(style=style)


def _stuff(color: str, material: str) -> str:
    """Return colour and material together: red cotton, but blue and oak."""
    between = " and " if material in WOODS and color not in WOOD_COLORS else " "
    return between.join(part for part in (color, material) if part)


def _pattern(pattern: str, rng: Random) -> str:
    synonyms = {
        "plain": ("", "", "", "plain"),
        "dotted": ("dotted", "polka-dot"),
        "checked": ("checked", "checked"),
    }
    return rng.choice(synonyms.get(pattern, (pattern,)))


def _fill(template: str, words: dict[str, str]) -> str:
    """Fill a template; a part in brackets is dropped if one of its words is empty."""

    def keep(match: re.Match[str]) -> str:
        names = re.findall(r"{(\w+)}", match[1])
        return match[1] if all(words[name] for name in names) else ""

    text = re.sub(r"\[([^\]]*)\]", keep, template)
    article, rest = ("{a}", text[3:]) if text.startswith("{a}") else ("", text)
    rest = rest.format(**words)
    if article:
        rest = f"A pair of {rest}" if words["plural"] else f"{'An' if rest[:1] in 'aeioAEIO' else 'A'} {rest}"
    return rest[:1].upper() + rest[1:]
