from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.search.words.price_words import DOLLARS
from vision.search.words.prices import find_prices, without_prices

EUR, GBP = ("EUR",), ("GBP",)
ANY: tuple[str, ...] = ()

Case = tuple[str, float | None, float | None, tuple[str, ...], str]

ENGLISH: list[Case] = [
    ("red dress under 50", None, 50, ANY, "red dress"),
    ("Under 50 red dress", None, 50, ANY, "red dress"),
    ("dress below €50", None, 50, EUR, "dress"),
    ("dress below 50€", None, 50, EUR, "dress"),
    ("dress below 50 € in red", None, 50, EUR, "dress in red"),
    ("sofa over 100", 100, None, ANY, "sofa"),
    ("sofa over £1,299.50", 1299.5, None, GBP, "sofa"),
    ("sofa over 1.299,50 euro", 1299.5, None, EUR, "sofa"),
    ("sofa more than 1,000", 1000, None, ANY, "sofa"),
    ("shoes between 20 and 40", 20, 40, ANY, "shoes"),
    ("shoes between 20-40", 20, 40, ANY, "shoes"),
    ("shoes between 40 and 20", 20, 40, ANY, "shoes"),
    ("shoes between $20 and $40", 20, 40, DOLLARS, "shoes"),
    ("bag 50-80 euro", 50, 80, EUR, "bag"),
    ("bag 50–80 €", 50, 80, EUR, "bag"),
    ("bag €50-€80", 50, 80, EUR, "bag"),
    ("bag €50 - 80", 50, 80, EUR, "bag"),
    ("bag 50 to 80 euros", 50, 80, EUR, "bag"),
    ("bag 50 EUR to 80 EUR leather", 50, 80, EUR, "bag leather"),
    ("from 20 to 40 euro lamp", 20, 40, EUR, "lamp"),
    ("lamp less than 19.99", None, 19.99, ANY, "lamp"),
    ("lamp less than 19,99", None, 19.99, ANY, "lamp"),
    ("lamp for under 50", None, 50, ANY, "lamp"),
    ("lamp priced below 50", None, 50, ANY, "lamp"),
    ("lamp no more than 50", None, 50, ANY, "lamp"),
    ("lamp not over 50", None, 50, ANY, "lamp"),
    ("lamp up to 50 dollars", None, 50, DOLLARS, "lamp"),
    ("lamp at most US$ 50", None, 50, ("USD",), "lamp"),
    ("lamp at least 30", 30, None, ANY, "lamp"),
    ("lamp max 50 euro", None, 50, EUR, "lamp"),
    ("lamp 50 euro max", None, 50, EUR, "lamp"),
    ("lamp 50 or less", None, 50, ANY, "lamp"),
    ("lamp 100 euros and up", 100, None, EUR, "lamp"),
    ("lamp from 100 euro", 100, None, EUR, "lamp"),
    ("lamp < 50", None, 50, ANY, "lamp"),
    ("lamp >= 50€", 50, None, EUR, "lamp"),
    ("under 50", None, 50, ANY, ""),
    ("size 50 jeans under 100", None, 100, ANY, "size 50 jeans"),
    ("501 jeans under 100", None, 100, ANY, "501 jeans"),
    ("under armour shoes under 80", None, 80, ANY, "under armour shoes"),
    ("knee-length under 50", None, 50, ANY, "knee-length"),
    ("crop top under 50", None, 50, ANY, "crop top"),
    ("gifts for men under 50", None, 50, ANY, "gifts for men"),
    ("dress for women over 50 euro", 50, None, EUR, "dress for women"),
    ("under 50 in red", None, 50, ANY, "in red"),
    ("dress, under 50!", None, 50, ANY, "dress, !"),
    ("dress under 50 chf", None, 50, ("CHF",), "dress"),
    ("dress under 500 kr", None, 500, ("SEK", "NOK", "DKK"), "dress"),
]
GERMAN: list[Case] = [
    ("rotes Kleid unter 50", None, 50, ANY, "rotes Kleid"),
    ("Kleid für unter 50 Euro", None, 50, EUR, "Kleid"),
    ("Kleid bis 49,90 €", None, 49.9, EUR, "Kleid"),
    ("Kleid bis zu 50", None, 50, ANY, "Kleid"),
    ("Sofa über 1.000 Euro", 1000, None, EUR, "Sofa"),
    ("Sofa ueber 1000", 1000, None, ANY, "Sofa"),
    ("Sofa ab 500", 500, None, ANY, "Sofa"),
    ("Schuhe zwischen 20 und 40", 20, 40, ANY, "Schuhe"),
    ("Schuhe von 20 bis 40 Euro", 20, 40, EUR, "Schuhe"),
    ("Schuhe 50-80 Euro", 50, 80, EUR, "Schuhe"),
    ("Schuhe 50 bis 80 €", 50, 80, EUR, "Schuhe"),
    ("Schuhe höchstens 80 Franken", None, 80, ("CHF",), "Schuhe"),
    ("Schuhe maximal 80", None, 80, ANY, "Schuhe"),
    ("Lampe weniger als 50,- Euro", None, 50, EUR, "Lampe"),
    ("Lampe günstiger als 50", None, 50, ANY, "Lampe"),
    ("Lampe mindestens 50", 50, None, ANY, "Lampe"),
]
FRENCH: list[Case] = [
    ("robe rouge moins de 50 euros", None, 50, EUR, "robe rouge"),
    ("robe à moins de 50 €", None, 50, EUR, "robe"),
    ("robe pour moins de 50", None, 50, ANY, "robe"),
    ("robe en dessous de 50", None, 50, ANY, "robe"),
    ("robe sous 50 €", None, 50, EUR, "robe"),
    ("robe jusqu’à 50", None, 50, ANY, "robe"),
    ("canapé plus de 1 000 euros", 1000, None, EUR, "canapé"),
    ("canapé à partir de 500", 500, None, ANY, "canapé"),
    ("chaussures entre 20 et 40", 20, 40, ANY, "chaussures"),
    ("chaussures de 20 à 40 euros", 20, 40, EUR, "chaussures"),
    ("chaussures 50-80 euros", 50, 80, EUR, "chaussures"),
    ("chaussures 50 à 80 €", 50, 80, EUR, "chaussures"),
    ("lampe 50 € maximum", None, 50, EUR, "lampe"),
]
SPANISH: list[Case] = [
    ("vestido rojo menos de 50", None, 50, ANY, "vestido rojo"),
    ("vestido por menos de 50 euros", None, 50, EUR, "vestido"),
    ("vestido hasta 49,90 €", None, 49.9, EUR, "vestido"),
    ("vestido por debajo de 50", None, 50, ANY, "vestido"),
    ("sofá más de 1.000 euros", 1000, None, EUR, "sofá"),
    ("sofá a partir de 500", 500, None, ANY, "sofá"),
    ("sofá desde 500 euros", 500, None, EUR, "sofá"),
    ("zapatos entre 20 y 40", 20, 40, ANY, "zapatos"),
    ("zapatos de 20 a 40 euros", 20, 40, EUR, "zapatos"),
    ("zapatos desde 20 hasta 40 €", 20, 40, EUR, "zapatos"),
    ("zapatos 50-80 euros", 50, 80, EUR, "zapatos"),
    ("lámpara como máximo 50", None, 50, ANY, "lámpara"),
    ("lámpara más de 30 dólares", 30, None, DOLLARS, "lámpara"),
]
CASES = [
    (language, *case)
    for language, cases in {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH}.items()
    for case in cases
]


@pytest.mark.parametrize(("language", "typed", "low", "high", "currencies", "rest"), CASES)
def test_a_price_in_words(
    language: str, typed: str, low: float | None, high: float | None, currencies: tuple[str, ...], rest: str
) -> None:
    (found,) = find_prices(typed, language)
    assert (found.low, found.high, found.currencies) == (low, high, currencies)
    assert typed[found.start : found.end] == found.text
    assert without_prices(typed, (found,)) == rest


NONE = [
    ("en", "under armour"),
    ("en", "under armour 50"),
    ("en", "size 50"),
    ("en", "size under 50"),
    ("en", "sizes between 38 and 44"),
    ("en", "501 jeans"),
    ("en", "no 5"),
    ("en", "chanel no. 5"),
    ("en", "nike air max 90"),
    ("en", "air max 90-95"),
    ("en", "cheap dress"),
    ("en", "cheap"),
    ("en", "dress 50"),
    ("en", "50-80"),
    ("en", "50 to 80"),
    ("en", "dress 110-116"),
    ("en", "table under 50 cm"),
    ("en", "table under 50cm"),
    ("en", "table under 50-cm"),
    ("en", 'table under 50"'),
    ("en", "table under 50 inches"),
    ("en", "table under 50 in wide"),
    ("en", "rug between 100 and 200 cm"),
    ("en", "rug 50x80"),
    ("en", "over 50% wool"),
    ("en", "over 50 % wool"),
    ("en", "tights over 40 den"),
    ("en", "over 3 years"),
    ("en", "sofa up to 3 seater"),
    ("en", "dresses for women over 50"),
    ("en", "kids under 12"),
    ("en", "girls between 4 and 6"),
    ("en", "over the knee boots"),
    ("en", "over-ear headphones 50"),
    ("en", "above knee 50"),
    ("en", "between 20"),
    ("en", "between you and me"),
    ("en", "under 50s fashion"),
    ("en", "under 0"),
    ("en", "undersized 50"),
    ("en", "hunter 50"),
    ("en", "50 under"),
    ("en", "50 euro to 80 dollars"),
    ("en", "europe 50-80"),
    ("en", "bag 50-80 europe"),
    ("en", "unter 50"),
    ("en", ""),
    ("de", "Größe 50"),
    ("de", "Größe bis 50"),
    ("de", "Kinder bis 12"),
    ("de", "Tisch unter 50 cm"),
    ("de", "ab 3 Jahren"),
    ("de", "Damen über 50"),
    ("de", "billiges Kleid"),
    ("de", "unterhemd 50"),
    ("de", "von 36 bis 44"),
    ("fr", "taille 50"),
    ("fr", "robe de 36 à 44"),
    ("fr", "taille de 36 à 44"),
    ("fr", "plus de 50 ans"),
    ("fr", "moins de 50 cm"),
    ("fr", "pas cher"),
    ("fr", "femmes plus de 50"),
    ("es", "talla 50"),
    ("es", "más de 3 años"),
    ("es", "menos de 50 cm"),
    ("es", "barato"),
    ("es", "de 36 a 44"),
    ("ja", "under 50"),
]


@pytest.mark.parametrize(("language", "typed"), NONE)
def test_what_is_no_price(language: str, typed: str) -> None:
    assert find_prices(typed, language) == ()


def test_two_bounds_in_two_places() -> None:
    low, high = find_prices("over 20 dress under 50 euro")
    assert (low.low, low.high, high.low, high.high) == (20, None, None, 50)
    assert without_prices("over 20 dress under 50 euro", (low, high)) == "dress"


def test_of_two_upper_bounds_the_first_counts_and_the_other_stays_words() -> None:
    found = find_prices("under 50 or under 80")
    assert [each.high for each in found] == [50]
    assert without_prices("under 50 or under 80", found) == "or under 80"


def test_bounds_that_leave_nothing_between_are_not_joined() -> None:
    assert [each.text for each in find_prices("over 80 under 50")] == ["over 80"]


def test_signs_are_read_in_every_language() -> None:
    (found,) = find_prices("靴 €50-€80", "ja")
    assert (found.low, found.high, found.currencies) == (50, 80, EUR)


@given(st.text(alphabet="under over between and 0123456789.,-€$ euro", max_size=60))
def test_whatever_is_typed_is_read_or_left(typed: str) -> None:
    found = find_prices(typed)
    assert len(found) <= 2
    for each in found:
        assert typed[each.start : each.end] == each.text
        assert each.low is None or each.high is None or each.low <= each.high
        assert each.low is not None or each.high is not None
