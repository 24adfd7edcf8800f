"""The words of the demo catalogue: which values an attribute has, and how often each occurs.

Every table maps a value to its weight; weights are relative, they need not sum to one.
"""

from __future__ import annotations

from collections.abc import Mapping

Weights = Mapping[str, float]

ATTRIBUTES = ("category", "color", "length", "sleeve", "neckline", "pattern", "material", "brand", "price")
"""The attribute columns, in the order of the catalogue."""

CATEGORY_SHARES: Mapping[str, int] = {
    "dress": 40,
    "shirt": 38,
    "trousers": 24,
    "skirt": 22,
    "shoes": 24,
    "bag": 22,
    "chair": 16,
    "sofa": 14,
    "lamp": 14,
    "table": 13,
    "bed": 13,
}
"""Products of each category in every 240."""

CATEGORIES = tuple(CATEGORY_SHARES)
FURNITURE = frozenset({"chair", "sofa", "lamp", "table", "bed"})
WOODS = frozenset({"oak", "walnut"})

COLORS: Mapping[str, tuple[int, int, int]] = {
    "black": (38, 38, 42),
    "white": (243, 242, 238),
    "grey": (140, 143, 148),
    "beige": (216, 196, 164),
    "brown": (122, 80, 50),
    "red": (200, 34, 44),
    "orange": (236, 124, 34),
    "yellow": (245, 202, 50),
    "green": (50, 134, 74),
    "blue": (54, 116, 206),
    "navy": (32, 44, 92),
    "purple": (122, 64, 158),
    "pink": (240, 140, 172),
}
"""The centre of each named colour, as sRGB."""

PATTERNS = ("plain", "striped", "dotted", "checked", "floral", "Hawaiian")
LENGTHS = ("mini", "knee-length", "midi", "maxi")
SLEEVES = ("sleeveless", "short", "long")
NECKLINES = ("round", "v-neck", "boat", "square", "collar")

BRANDS = (
    "Alderwick",
    "Brisa Norte",
    "Calloway & Fenn",
    "Dovemark",
    "Elsparre",
    "Fjordline",
    "Halcyon Row",
    "Juniper Lane",
    "Maison Orlet",
    "Ostrava Living",
    "Pebblecourt",
    "Tamsin Vale",
)
FURNITURE_BRANDS = (
    "Alderwick",
    "Calloway & Fenn",
    "Fjordline",
    "Halcyon Row",
    "Ostrava Living",
    "Pebblecourt",
)

FASHION_COLORS: Weights = {
    "black": 11,
    "white": 10,
    "grey": 6,
    "beige": 7,
    "brown": 5,
    "red": 10,
    "orange": 5,
    "yellow": 7,
    "green": 9,
    "blue": 12,
    "navy": 8,
    "purple": 6,
    "pink": 8,
}
TROUSER_COLORS: Weights = {
    "black": 14,
    "white": 6,
    "grey": 11,
    "beige": 12,
    "brown": 8,
    "red": 4,
    "green": 8,
    "blue": 16,
    "navy": 14,
    "purple": 3,
    "pink": 4,
}
LEATHER_COLORS: Weights = {
    "black": 16,
    "white": 10,
    "grey": 6,
    "beige": 11,
    "brown": 18,
    "red": 10,
    "orange": 4,
    "yellow": 5,
    "green": 7,
    "blue": 8,
    "navy": 6,
    "purple": 3,
    "pink": 6,
}
HOME_COLORS: Weights = {
    "black": 8,
    "white": 10,
    "grey": 15,
    "beige": 14,
    "brown": 8,
    "red": 7,
    "orange": 6,
    "yellow": 8,
    "green": 12,
    "blue": 10,
    "navy": 8,
    "purple": 3,
    "pink": 5,
}
WOOD_COLORS: Weights = {"brown": 38, "beige": 26, "black": 14, "white": 16, "grey": 10}
HAWAIIAN_COLORS: Weights = {
    "red": 16,
    "orange": 11,
    "yellow": 9,
    "green": 14,
    "blue": 20,
    "navy": 12,
    "purple": 8,
    "pink": 10,
}
"""Grounds of a Hawaiian print: always saturated ones."""

COLOR_WEIGHTS: Mapping[str, Weights] = {
    "dress": FASHION_COLORS,
    "shirt": FASHION_COLORS,
    "trousers": TROUSER_COLORS,
    "skirt": FASHION_COLORS,
    "shoes": LEATHER_COLORS,
    "bag": LEATHER_COLORS,
    "chair": HOME_COLORS,
    "sofa": HOME_COLORS,
    "lamp": HOME_COLORS,
    "table": WOOD_COLORS,
    "bed": HOME_COLORS,
}

PATTERN_WEIGHTS: Mapping[str, Weights] = {
    "dress": {"plain": 40, "striped": 14, "dotted": 13, "checked": 9, "floral": 15, "Hawaiian": 9},
    "shirt": {"plain": 40, "striped": 17, "dotted": 7, "checked": 13, "floral": 8, "Hawaiian": 15},
    "trousers": {"plain": 68, "striped": 11, "dotted": 3, "checked": 11, "floral": 3, "Hawaiian": 4},
    "skirt": {"plain": 42, "striped": 12, "dotted": 12, "checked": 14, "floral": 12, "Hawaiian": 8},
    "shoes": {"plain": 88, "striped": 3, "checked": 5, "floral": 4},
    "bag": {"plain": 70, "striped": 9, "dotted": 5, "checked": 6, "floral": 5, "Hawaiian": 5},
    "chair": {"plain": 82, "striped": 7, "checked": 6, "floral": 5},
    "sofa": {"plain": 74, "striped": 9, "checked": 9, "floral": 8},
    "lamp": {"plain": 84, "striped": 8, "dotted": 4, "floral": 4},
    "bed": {"plain": 50, "striped": 17, "dotted": 9, "checked": 13, "floral": 11},
}
"""A category that is not here (table) has no pattern."""

STYLES: Mapping[str, Weights] = {
    "dress": {"A-line": 30, "sheath": 20, "skater": 24, "shift": 14, "wrap": 12},
    "shirt": {"shirt": 40, "T-shirt": 32, "blouse": 20, "polo shirt": 8},
    "trousers": {"straight": 28, "wide-leg": 24, "skinny": 24, "jeans": 24},
    "skirt": {"A-line": 30, "pencil": 22, "pleated": 26, "tiered": 22},
    "shoes": {"sneakers": 28, "ankle boots": 16, "boots": 12, "heels": 18, "sandals": 12, "loafers": 14},
    "bag": {"tote": 26, "handbag": 26, "backpack": 18, "clutch": 14, "shoulder bag": 16},
    "chair": {"dining chair": 34, "armchair": 28, "office chair": 18, "shell chair": 20},
    "sofa": {"two-seater": 40, "three-seater": 42, "corner sofa": 18},
    "lamp": {"table lamp": 38, "floor lamp": 34, "pendant lamp": 28},
    "table": {"dining table": 36, "round table": 34, "coffee table": 30},
    "bed": {"double bed": 68, "single bed": 32},
}
"""What is drawn and named in the text, but is no attribute column."""

MATERIALS: Mapping[str, Weights] = {
    "dress": {"cotton": 32, "linen": 18, "silk": 14, "viscose": 22, "wool": 6, "denim": 6},
    "shirt": {"cotton": 46, "linen": 20, "silk": 9, "viscose": 18, "denim": 7},
    "trousers": {"cotton": 40, "linen": 18, "wool": 20, "viscose": 12, "corduroy": 10},
    "skirt": {"cotton": 32, "linen": 14, "wool": 14, "viscose": 18, "denim": 12, "silk": 10},
    "shoes": {"leather": 58, "suede": 22, "canvas": 20},
    "bag": {"leather": 55, "canvas": 26, "suede": 12, "nylon": 7},
    "chair": {"oak": 26, "walnut": 16, "velvet": 20, "linen": 16, "leather": 12, "plastic": 10},
    "sofa": {"velvet": 30, "linen": 28, "leather": 22, "wool": 20},
    "lamp": {"metal": 34, "ceramic": 28, "glass": 14, "oak": 24},
    "table": {"oak": 44, "walnut": 26, "metal": 12, "marble": 18},
    "bed": {"oak": 34, "walnut": 20, "linen": 24, "velvet": 22},
}

PRICES: Mapping[str, tuple[float, float]] = {
    "dress": (79.0, 0.45),
    "shirt": (39.0, 0.45),
    "trousers": (59.0, 0.40),
    "skirt": (49.0, 0.40),
    "shoes": (89.0, 0.45),
    "bag": (95.0, 0.60),
    "chair": (149.0, 0.55),
    "sofa": (899.0, 0.45),
    "lamp": (85.0, 0.60),
    "table": (329.0, 0.60),
    "bed": (549.0, 0.45),
}
"""Median in euros and the standard deviation of the logarithm."""
