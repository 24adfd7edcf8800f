"""Defects put into the catalogue on purpose: an attribute missing, or one that is wrong.

They let an evaluation ask how a search copes with the catalogue a shop really has.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from vision.demo.product import Attributes, pick
from vision.demo.vocabulary import CATEGORIES, COLORS, LENGTHS, NECKLINES, PATTERNS, SLEEVES

MISSING_SHARE = 0.12
WRONG_SHARE = 0.04

_MAY_BE_MISSING = {
    "color": 30.0,
    "pattern": 22.0,
    "material": 16.0,
    "length": 14.0,
    "sleeve": 12.0,
    "neckline": 8.0,
    "brand": 6.0,
    "category": 6.0,
}
_MAY_BE_WRONG = {"color": 45.0, "pattern": 27.0, "length": 10.0, "sleeve": 10.0, "category": 8.0}
_OTHERS = {
    "color": tuple(COLORS),
    "pattern": PATTERNS,
    "length": LENGTHS,
    "sleeve": SLEEVES,
    "neckline": NECKLINES,
    "category": CATEGORIES,
}


@dataclass(frozen=True)
class Listing:
    """What the catalogue says of a product, and in what it differs from the truth.

    ``defect`` is empty, ``missing:<attribute>`` or ``wrong:<attribute>``. ``told`` are the attributes that
    title and description are written from: the true ones, or the catalogue's with the defect in them.
    """

    listed: Attributes
    told: Attributes
    defect: str


def list_product(true: Attributes, rng: Random) -> Listing:
    """Decide whether this product is listed with a defect, and with which."""
    draw = rng.random()
    if draw >= MISSING_SHARE + WRONG_SHARE:
        return Listing(true, true, "")
    missing = draw < MISSING_SHARE
    weights = _MAY_BE_MISSING if missing else _MAY_BE_WRONG
    name = pick(rng, {key: weight for key, weight in weights.items() if getattr(true, key)})
    value = "" if missing else _other(name, getattr(true, name), rng)
    listed = replace(true, **{name: value})
    told = true if not listed.category or rng.random() < 0.5 else listed
    return Listing(listed, told, f"{'missing' if missing else 'wrong'}:{name}")


def _other(name: str, value: str, rng: Random) -> str:
    """Return a value of the same attribute that is not this one."""
    return rng.choice([other for other in _OTHERS[name] if other != value])
