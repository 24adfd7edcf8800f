"""One product: drawn at random from the vocabulary, the same for the same seed and number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random

from vision.demo.vocabulary import (
    BRANDS,
    CATEGORIES,
    CATEGORY_SHARES,
    COLOR_WEIGHTS,
    FURNITURE,
    FURNITURE_BRANDS,
    HAWAIIAN_COLORS,
    LENGTHS,
    MATERIALS,
    PATTERN_WEIGHTS,
    PRICES,
    STYLES,
    WOOD_COLORS,
    Weights,
)


@dataclass(frozen=True)
class Attributes:
    """The attribute columns of one product; an empty string means that the attribute does not apply."""

    category: str
    color: str
    length: str
    sleeve: str
    neckline: str
    pattern: str
    material: str
    brand: str
    price: str


@dataclass(frozen=True)
class Product:
    """One product as it truly is, before any defect.

    ``number`` counts from 1. ``style`` is what the pictures and the text show beyond the attributes,
    such as "sneakers" or "wide-leg". ``views`` is the number of its pictures, 1 to 3.
    """

    number: int
    product_id: str
    style: str
    views: int
    in_stock: bool
    attributes: Attributes


def stream(seed: int, number: int, purpose: str) -> Random:
    """Return a generator of its own for one purpose of one product.

    Separate streams keep the pictures of a product as they are when its wording changes.
    """
    return Random(f"{seed}:{number}:{purpose}")


def pick(rng: Random, weights: Weights) -> str:
    """Draw one key in proportion to its weight."""
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def sample_product(seed: int, number: int) -> Product:
    """Draw product ``number`` (counting from 1) of the catalogue with this seed."""
    rng = stream(seed, number, "product")
    category = _deck(seed)[(number - 1) % sum(CATEGORY_SHARES.values())]
    style = pick(rng, STYLES[category])
    pattern = pick(rng, PATTERN_WEIGHTS[category]) if category in PATTERN_WEIGHTS else ""
    style, pattern = _agree(rng, category, style, pattern)
    material = _material(rng, category, style, pattern)
    sleeve, neckline = _sleeve_and_neckline(rng, category, style, pattern)
    attributes = Attributes(
        category=category,
        color=_color(rng, category, style, pattern, material),
        length=rng.choice(LENGTHS) if category in ("dress", "skirt") else "",
        sleeve=sleeve,
        neckline=neckline,
        pattern=pattern,
        material=material,
        brand=rng.choice(FURNITURE_BRANDS if category in FURNITURE else BRANDS),
        price=_price(rng, category, material),
    )
    return Product(
        number=number,
        product_id=f"p{number:06d}",
        style=style,
        views=rng.choices((1, 2, 3), (70, 19, 11))[0],
        in_stock=rng.random() < 0.92,
        attributes=_fit_length(rng, attributes, style),
    )


@lru_cache(maxsize=8)
def _deck(seed: int) -> tuple[str, ...]:
    """Shuffle a deck of categories, so that any run of products has nearly the wanted shares.

    One of each category lies on top: even a catalogue of a dozen products shows them all.
    """
    rng = Random(f"{seed}:deck")
    top = list(CATEGORIES)
    rest = [name for name, share in CATEGORY_SHARES.items() for _ in range(share - 1)]
    rng.shuffle(top)
    rng.shuffle(rest)
    return tuple(top + rest)


def _agree(rng: Random, category: str, style: str, pattern: str) -> tuple[str, str]:
    """Change style or pattern where a shop would not sell the two together."""
    if pattern == "Hawaiian" and category == "shirt" and style != "blouse":
        style = "shirt" if rng.random() < 0.85 else "T-shirt"
    if style == "jeans" and pattern != "plain":
        style = "straight"
    if style == "office chair" or (category == "chair" and style == "shell chair"):
        pattern = "plain"
    if category == "shoes" and pattern != "plain":
        style = "sneakers"
    if category == "bag" and pattern in ("Hawaiian", "floral", "striped") and style in ("handbag", "shoulder bag"):
        style = "tote"
    return style, pattern


def _material(rng: Random, category: str, style: str, pattern: str) -> str:
    """Draw a material that the style and the pattern can be made of."""
    choices = dict(MATERIALS[category])
    if pattern not in ("", "plain"):
        for unprintable in ("suede",) if category == "bag" else ("denim", "leather", "suede", "velvet", "corduroy"):
            choices.pop(unprintable, None)
    if pattern == "Hawaiian":
        choices.pop("wool", None)
    if category == "chair" and pattern != "plain":
        choices = {"linen": 1.0}
    elif style == "jeans":
        choices = {"denim": 1.0}
    elif style == "office chair":
        choices = {"leather": 5.0, "linen": 5.0}
    elif style == "shell chair":
        choices = {"plastic": 7.0, "oak": 3.0}
    elif style == "armchair":
        choices = {"velvet": 5.0, "linen": 4.0, "leather": 3.0}
    elif style == "dining chair":
        choices.pop("plastic", None)
    elif style in ("heels", "boots", "ankle boots", "loafers", "handbag"):
        choices.pop("canvas", None)
        choices.pop("nylon", None)
    return pick(rng, choices)


def _color(rng: Random, category: str, style: str, pattern: str, material: str) -> str:
    """Draw a colour that the pattern and the material come in."""
    if pattern == "Hawaiian":
        return pick(rng, HAWAIIAN_COLORS)
    if material == "denim":
        return pick(rng, {"blue": 50, "navy": 26, "black": 12, "grey": 8, "white": 4})
    if category == "table":
        return {"marble": rng.choice(("white", "grey", "black"))}.get(material) or pick(rng, WOOD_COLORS)
    if style in ("dining chair", "shell chair") and material in ("oak", "walnut"):
        return pick(rng, WOOD_COLORS)
    return pick(rng, COLOR_WEIGHTS[category])


def _sleeve_and_neckline(rng: Random, category: str, style: str, pattern: str) -> tuple[str, str]:
    """Draw sleeve and neckline of a dress or shirt; both are empty for anything else."""
    if category == "dress":
        sleeve = pick(rng, {"sleeveless": 40, "short": 32, "long": 28})
        if style == "wrap":
            return sleeve, "v-neck"
        return sleeve, pick(rng, {"round": 30, "v-neck": 24, "boat": 16, "square": 14, "collar": 16})
    if category != "shirt":
        return "", ""
    if style == "polo shirt":
        return "short", "collar"
    if style == "shirt" and pattern == "Hawaiian":
        return pick(rng, {"short": 80, "long": 20}), "collar"
    if style == "shirt":
        return pick(rng, {"long": 52, "short": 42, "sleeveless": 6}), "collar"
    if style == "T-shirt":
        return pick(rng, {"short": 66, "long": 18, "sleeveless": 16}), pick(
            rng, {"round": 56, "v-neck": 30, "boat": 14}
        )
    return pick(rng, {"long": 48, "short": 28, "sleeveless": 24}), pick(
        rng, {"v-neck": 38, "round": 28, "boat": 20, "square": 14}
    )


def _fit_length(rng: Random, attributes: Attributes, style: str) -> Attributes:
    """Lengthen or shorten what would look odd, such as a mini tiered skirt."""
    if attributes.category == "skirt" and style == "tiered" and attributes.length == "mini":
        return replace(attributes, length=rng.choice(("knee-length", "midi", "maxi")))
    if style == "skater" and attributes.length == "maxi":
        return replace(attributes, length=rng.choice(("mini", "knee-length")))
    return attributes


def _price(rng: Random, category: str, material: str) -> str:
    """Draw a price in euros, log-normal by category; costly materials cost more."""
    median, spread = PRICES[category]
    if material in ("silk", "leather", "walnut", "marble"):
        median *= 1.35
    price = median * math.exp(rng.gauss(0.0, spread))
    return f"{max(math.floor(price), 5) + rng.choice((0.0, 0.5, 0.9, 0.95, 0.99)):.2f}"
