"""The words of :mod:`vision.search.words.prices`, as they are when folded: lower case, no accents, plain apostrophes.

Each value is a part of a regular expression; blanks stand for one or more.
"""

from __future__ import annotations

from collections.abc import Mapping


def _any(*words: str) -> str:
    return "|".join(word.replace(" ", r"\s+") for word in words)


DOLLARS = ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN")
CURRENCIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("€", "eur", "euro", "euros"), ("EUR",)),
    **dict.fromkeys(("£", "gbp", "pound", "pounds", "quid", "pfund", "libras", "livres sterling"), ("GBP",)),
    **dict.fromkeys(("$", "dollar", "dollars", "bucks", "dolares"), DOLLARS),
    **dict.fromkeys(("us$", "usd"), ("USD",)),
    **dict.fromkeys(("ca$", "c$", "cad"), ("CAD",)),
    **dict.fromkeys(("a$", "au$", "aud"), ("AUD",)),
    **dict.fromkeys(("chf", "franken", "francs", "sfr"), ("CHF",)),
    **dict.fromkeys(("¥", "yen", "jpy"), ("JPY", "CNY")),
    **dict.fromkeys(("kr", "kronen", "kronor", "kroner"), ("SEK", "NOK", "DKK")),
    **dict.fromkeys(("zł", "zl", "pln"), ("PLN",)),
    **dict.fromkeys(("₹", "inr", "rupees"), ("INR",)),
    **{code.lower(): (code,) for code in ("CNY", "SEK", "NOK", "DKK", "CZK", "HUF", "NZD", "BRL", "MXN", "TRY")},
}
"""What a sign or word may stand for."""

LEAD: Mapping[str, str] = {
    "en": _any("for", "at", "priced", "price", "prices", "costing", "cost"),
    "de": _any("fur", "fuer", "zu", "preis", "preise"),
    "fr": _any("pour", "a", "prix"),
    "es": _any("por", "a", "precio", "precios"),
}
"""Goes with the price where it stands directly before it."""

BELOW: Mapping[str, str] = {
    "en": _any(
        "no more than",
        "not more than",
        "under",
        "below",
        "less than",
        "lower than",
        "cheaper than",
        "up to",
        "at most",
        "not over",
        "not above",
        "maximum",
        "max",
    ),
    "de": _any(
        "unter",
        "unterhalb von",
        "bis zu",
        "bis",
        "weniger als",
        "hochstens",
        "hoechstens",
        "gunstiger als",
        "guenstiger als",
        "billiger als",
        "nicht mehr als",
        "nicht uber",
        "nicht ueber",
        "maximal",
        "max",
    ),
    "fr": _any(
        "moins de",
        "moins cher que",
        "en dessous de",
        "en-dessous de",
        "au dessous de",
        "au-dessous de",
        "sous les",
        "sous",
        "jusqu'a",
        "jusqu a",
        "pas plus de",
        "inferieur a",
        "au maximum",
        "maximum",
        "max",
    ),
    "es": _any(
        "menos de",
        "por debajo de",
        "hasta",
        "no mas de",
        "mas barato que",
        "mas barata que",
        "inferior a",
        "como maximo",
        "maximo",
        "max",
    ),
}

ABOVE: Mapping[str, str] = {
    "en": _any("over", "above", "more than", "higher than", "at least", "no less than", "not less than")
    + "|"
    + _any("not under", "not below", "starting at", "starting from", "upwards of", "minimum", "min", "from"),
    "de": _any("uber", "ueber", "oberhalb von", "ab", "mehr als", "mindestens", "nicht unter", "teurer als", "min"),
    "fr": _any("plus de", "au dessus de", "au-dessus de", "a partir de", "au moins", "pas moins de")
    + "|"
    + _any("superieur a", "plus cher que", "minimum", "min", "des"),
    "es": _any("mas de", "por encima de", "desde", "a partir de", "al menos", "no menos de", "superior a")
    + "|"
    + _any("como minimo", "minimo", "min"),
}

SUFFIX_BELOW: Mapping[str, str] = {
    "en": _any("or less", "or under", "or below", "or cheaper", "and under", "and below", "max", "maximum", "tops"),
    "de": _any("oder weniger", "oder gunstiger", "oder billiger", "und darunter", "hochstens", "maximal", "max"),
    "fr": _any("ou moins", "et moins", "maximum", "au maximum", "max"),
    "es": _any("o menos", "y menos", "como maximo", "maximo", "max"),
}
SUFFIX_ABOVE: Mapping[str, str] = {
    "en": _any("or more", "or over", "or above", "and up", "and over", "and above", "and more", "minimum"),
    "de": _any("oder mehr", "und mehr", "und daruber", "aufwarts", "mindestens"),
    "fr": _any("ou plus", "et plus", "au moins", "minimum"),
    "es": _any("o mas", "y mas", "como minimo", "minimo", "en adelante"),
}

BETWEEN: Mapping[str, tuple[str, str]] = {
    "en": (_any("between", "from"), _any("and", "to", "up to", "until", "till")),
    "de": (_any("zwischen", "von"), _any("und", "bis zu", "bis")),
    "fr": (_any("entre", "de"), _any("et", "a", "jusqu'a")),
    "es": (_any("entre", "desde", "de"), _any("y", "a", "hasta")),
}
TO: Mapping[str, str] = {"en": "to", "de": "bis", "fr": "a", "es": "a"}
"""Between two amounts of which one has a currency."""

NEEDS_MONEY: Mapping[str, str] = {
    "en": _any("max", "maximum", "min", "minimum", "from", "starting at", "starting from", "tops", "and up"),
    "de": _any("max", "min", "von", "aufwarts"),
    "fr": _any("max", "maximum", "min", "minimum", "de", "des"),
    "es": _any("max", "maximo", "min", "minimo", "de", "desde"),
}
"""Forms that mean a price only where a currency is named: "air max 90", "taille de 36 a 44"."""

UNITS = (
    r"(?:"
    r"cm|mm|m|km|meters?|metres?|metern?|inch(?:es)?|in\s+(?:wide|long|high|tall|deep|length|width|height)|in\s*$|ft|feet|foot"
    r"|yards?|zoll|pouces?|pulgadas?|g|kg|mg|gsm|oz|lbs?|ml|cl|l|lit(?:er|re)s?|litros?|w|watts?|kw|v|volts?|hz|khz|mah|lm|lumens?"
    r"|gb|tb|mb|mp|megapixels?|den|deniers?|tog|k|kelvin|x|percent|per\s+cent|prozent|pour\s+cent|por\s+ciento"
    r"|years?|yrs?|yo|months?|weeks?|days?|hours?|minutes?|jahren?|jahr|monaten?|monat|wochen?|tagen?|ans?|annees?|mois"
    r"|anos?|meses|mes|dias?|seaters?|sitzer|places?|plazas?|pieces?|pcs|packs?|stuck|teilig|pieces|piezas?|doors?|drawers?"
    r"|persons?|people|personen|personnes?|personas?|players?|stars?|sterne|reviews?|ratings?|degrees?|grad|degres?|grados?"
    r")(?![^\W_])"
)
"""What follows a number that is no price."""

NOT_MONEY_BEFORE = frozenset(
    "size sizes sz inseam age aged ages eu uk us spf große größe großen grosse groesse grossen alter"
    " taille tailles pointure pointures talla tallas edad".split()
)
"""What stands before a number that is no price, as in "sizes between 38 and 44"."""

ADULTS = frozenset(
    "women woman womens ladies lady men man mens adults people folks those anyone everyone"
    " damen herren frauen frau manner mann erwachsene leute femme femmes homme hommes adultes"
    " mujer mujeres hombre hombres adultos senoras senores".split()
)
"""Before "over 50" they make it an age."""

CHILDREN = frozenset(
    "kids kid children child boys boy girls girl babies baby toddlers toddler teens kinder kind jungen madchen babys"
    " enfant enfants garcon garcons fille filles bebe bebes nino ninos nina ninas chico chicos chica chicas".split()
)
"""Before "under 12" they make it an age."""
