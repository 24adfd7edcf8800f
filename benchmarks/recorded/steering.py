"""Likes, variety, looking around, what the shop does not have, tastes, spelling, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.recorded.asking import Api, Call
from benchmarks.recorded.finding import SEARCH
from benchmarks.recorded.record import Hit, Recorded, chips, distanced, matched, measured, products, strip, tally
from benchmarks.recorded.sheet import Asked, Strip, draw, encoded

_SHIRT = "hawaiian-shirt"
_TROUSERS = "p000859"
_NO_SOFA, _NO_DRESS = "p000734", "p000891"
"""Shoes, both: the catalogue lists them under a wrong category, on purpose."""
_STEPS = 4


def likes(api: Api) -> Recorded:
    """Like and unlike."""
    plain = api.ask(Call(SEARCH, {"rows": 12}, _SHIRT))
    hits = plain["hits"]
    chosen, refused = [hits[3], hits[7]], [hits[0]]
    asked = {"like": [hit["id"] for hit in chosen], "unlike": [hit["id"] for hit in refused], "rows": 12}
    call = Call(SEARCH, asked, _SHIRT)
    liked, unliked = ({hit["product_id"] for hit in some} for some in (chosen, refused))
    after = api.ask(call)
    places = {hit["product_id"]: number for number, hit in enumerate(after["hits"], start=1)}
    picture = api.photo(_SHIRT)
    still = places.get(refused[0]["product_id"])
    seen = [
        f"Before: {tally(plain['hits'], 'color')}. After: {tally(after['hits'], 'color')}. The point that is searched "
        "from moved from the photo towards the two that were liked; `distance` is from there.",
        "What was not liked is "
        + ("gone from the first twelve" if still is None else f"still there, in place {still}, and was in place 1")
        + ": `unlike` moves the point away by a little. `exclude` takes a product out.",
    ]
    return Recorded(
        "likes",
        "Like this, not that",
        "A blue Hawaiian shirt finds Hawaiian shirts. The shopper likes two orange ones of them and does not want the "
        "first.",
        [call],
        draw(
            [
                strip(api, "Before", plain, Asked(picture), figures=distanced, liked=liked, unliked=unliked),
                strip(
                    api,
                    "With like and unlike",
                    after,
                    Asked(chips=["2 liked", "1 not liked"]),
                    figures=distanced,
                    liked=liked,
                    unliked=unliked,
                ),
            ]
        ),
        seen,
    )


def diversity(api: Api) -> Recorded:
    """Results less alike."""
    ways: list[tuple[str, dict[str, Any]]] = [
        ("As they come", {}),
        ("fold: near-duplicates shown as one", {"fold": True}),
        ("mmr .5: each good, and unlike those before", {"mmr": 0.5}),
        ("most: one of each color, then one more", {"most": {"color": 1}}),
    ]
    strips: list[Strip] = []
    calls, answers = [], []
    for heading, wanted in ways:
        body: dict[str, Any] = {"image_id": _TROUSERS, "rows": 6} | ({"diversity": wanted} if wanted else {})
        calls.append(Call(SEARCH, body))
        answer = api.ask(calls[-1])
        asked = Asked() if strips else Asked(api.picture(answer["hits"][0]), words=answer["hits"][0]["title"])
        strips.append(strip(api, heading, answer, asked, figures=_folded))
        answers.append(answer)
    plain, folded, mmr, most = (answer["hits"] for answer in answers)
    behind = sum(len(hit.get("duplicates", [])) for hit in folded)
    seen = [
        f"As they come, the first six are {tally(plain, 'color')}, and hardly to be told apart.",
        f"`fold` leaves out {behind} that look like one shown, which names them in `duplicates`. The total counts all, "
        "and what still looks alike is a little further apart than 2 % of the collection's median.",
        f"`mmr` at .5 goes far for the second place and comes back: {tally(mmr, 'category')}. That is a lot of it; "
        ".3 is gentler.",
        f"`most` shows {tally(most, 'color')}. It goes by what the catalogue lists: a wrong color takes the place of a "
        "right one, and what has none listed is never too much.",
        "Nothing is lost by any of them: the first hundred are ordered anew.",
    ]
    return Recorded(
        "diversity",
        "Less alike",
        "Six pairs of nearly the same trousers are one result. Three ways to show more at a glance; they go together.",
        calls[1:],
        draw(strips),
        seen,
    )


def _folded(hit: Hit) -> Sequence[str]:
    names = hit.get("duplicates", [])
    return [*distanced(hit), f"and {len(names)} more like it" if names else ""]


def navigation(api: Api) -> Recorded:
    """Four steps towards something that is only in somebody's head."""
    everything = api.ask(Call(SEARCH, {"rows": 1000}, _SHIRT))["hits"]
    distances = {hit["product_id"]: hit["distance"] for hit in everything}

    def far(hit: Hit) -> float:
        found: float | None = distances.get(hit["product_id"])
        return 9.0 if found is None else found

    def remembered(hit: Hit) -> Sequence[str]:
        return [f"to target {far(hit):.2f}" if far(hit) < 9 else ""]

    body: dict[str, Any] = {"start": "diverse", "seed": 1, "rows": 12}
    calls, strips, nearest = [], [], []
    target = Asked(api.photo(_SHIRT), words="in mind, never sent")
    for number in range(_STEPS):
        calls.append(Call("/v1/navigation", body))
        step = api.ask(calls[-1])
        ordered = sorted(step["hits"], key=far)
        liked, unliked = [ordered[0]["product_id"]], [ordered[-1]["product_id"]]
        nearest.append(far(ordered[0]))
        heading = f"Step {number + 1}: nothing of it was shown before, {step['left']:,} to look at"
        strips.append(
            strip(
                api, heading, step, target if not number else Asked(), figures=remembered, liked=liked, unliked=unliked
            )
        )
        body = {"page": step["page"], "like": liked, "unlike": unliked, "rows": 12}
    seen = [
        f"The nearest of each page is {', '.join(f'{each:.2f}' for each in nearest)} from the shirt, by squared "
        "distance. What is clicked here is the nearest to the shirt of each page, and what is farthest from it as not "
        "liked; the shirt itself is never sent.",
        "The first page shows things that differ as much as they can. After a like, pages look around it, less widely "
        "each time, and show nothing twice: what was best before does not come again, so the last page need not be the "
        "nearest.",
        "The first page is by chance, the same for a `seed` until the index changes: yours will differ. The token "
        "holds what was shown and liked, the server keeps nothing. The third and fourth step go like the second.",
    ]
    return Recorded(
        "navigation",
        "Looking around",
        "No photo, no words, but a Hawaiian shirt in mind. Each page takes a like and a dislike and comes nearer.",
        calls[:2],
        draw(strips),
        seen,
    )


def absent(api: Api) -> Recorded:
    """Nothing like this here."""
    least = 0.9
    names = ("guitar", _SHIRT, "dotted-skirt")
    calls = [Call(SEARCH, {"min_match": least, "rows": 6}, name) for name in names]
    answers = {name: api.ask(call) for name, call in zip(names, calls, strict=True)}
    headings = {"guitar": "A guitar", _SHIRT: "A Hawaiian shirt", "dotted-skirt": "A dotted skirt"}
    strips = [
        strip(
            api,
            f"{headings[name]}: {products(answer['total']) if answer['total'] else 'nothing'} of match .9 or more",
            answer,
            Asked(api.photo(name)),
            figures=matched,
            nothing="" if answer["hits"] else "Nothing like this here. The nearest misses:",
        )
        for name, answer in answers.items()
    ]
    best = {name: (answer["hits"] or answer["misses"])[0]["match"] for name, answer in answers.items()}
    seen = [
        "A photo always finds something nearest, also where the shop has nothing of the kind. `match` says how rarely "
        f"a stranger comes as near: the guitar's best is {best['guitar']:.2f}, so {1 - best['guitar']:.0%} of them do. "
        "At .9 it finds nothing, and `misses` has what was nearest.",
        f"The Hawaiian shirt keeps {products(answers[_SHIRT]['total'])}.",
    ]
    wrong = [hit["title"] for hit in answers["guitar"].get("misses", []) if hit["product_id"] == _NO_SOFA]
    if wrong:
        seen.append(
            f"“{wrong[0]}” among the misses looks like a pair of shoes and is one: a wrong category, in attribute and "
            "title alike, is among the catalogue's defects."
        )
    skirt = answers["dotted-skirt"]
    if skirt["total"] == 0:
        seen.append(
            "The skirt is the price: the shop has dotted skirts, but none with a match of .9 "
            f"({best['dotted-skirt']:.2f} at best). `visual-search calibrate` prints for each `min_match` how many "
            "pictures whose kind is there are found."
        )
    return Recorded(
        "absent",
        "Nothing like this here",
        "A shop of clothes and furniture is asked for a guitar. The honest answer is none.",
        calls,
        draw(strips),
        seen,
    )


def profile(api: Api) -> Recorded:
    """What a shopper likes, in later searches."""
    made = Call("/v1/profiles")
    id = api.ask(made)["profile_id"]
    liked = [hit["product_id"] for hit in api.ask(Call(SEARCH, {"rows": 3}, _SHIRT))["hits"]]
    shown = {id: "id"}
    events = Call(f"/v1/profiles/{id}/events", {"like": liked}, shown=shown)
    api.ask(events)
    ways: list[tuple[str, dict[str, str] | None]] = [
        ("Without a profile", None),
        ("use: rank", {"id": id}),
        ("use: filter", {"id": id, "use": "filter"}),
    ]
    calls = [
        Call(SEARCH, {"q": "dress", "rows": 6} | ({"profile": use} if use else {}), shown=shown) for _, use in ways
    ]
    answers = [api.ask(call) for call in calls]
    strips = [
        strip(
            api,
            f"{heading}: {products(answer['total'])}",
            answer,
            Asked(words='"dress"', chips=["3 Hawaiian shirts liked"] if use else []),
            figures=measured,
        )
        for (heading, use), answer in zip(ways, answers, strict=True)
    ]
    plain, ranked, kept = answers
    seen = [
        f"Without: {tally(plain['hits'], 'pattern')}. Ranked by the profile: {tally(ranked['hits'], 'pattern')}, among "
        "as many products. Shirts were liked and dresses are asked for: it is the look that carries over.",
        f"`filter` leaves {products(kept['total'])} of {plain['total']}, those within half the collection's median "
        "distance of the likes, in the order of the words; some are plain, as color is look, too.",
    ]
    if any(hit["product_id"] == _NO_DRESS for hit in plain["hits"]):
        seen.append("The shoes among the dresses are listed as one, a defect of the catalogue that words cannot see.")
    read = "python -c \"import json, sys; print(json.load(sys.stdin)['profile_id'])\""
    create = f"id=$({made.curl('')} | {read})"
    return Recorded(
        "profile",
        "A shopper's taste",
        "Somebody liked three Hawaiian shirts last week, and asks for a dress today.",
        [create, events, *calls[1:]],
        draw(strips),
        seen,
    )


def spelling(api: Api) -> Recorded:
    """Words with errors."""
    call = Call(SEARCH, {"q": "knee lenght dres", "facets": ["color"], "rows": 6})
    answer = api.ask(call)
    asked = Asked(words=f'"{call.body["q"]}"', chips=chips(answer))
    meant = answer["corrected"]["to"] if answer["corrected"] else call.body["q"]
    heading = f'Nothing found; shown is "{meant}": {products(answer["total"])}'
    return Recorded(
        "spelling",
        "Errors in typing",
        "Two of three words are wrong, and as they are they find nothing.",
        [call],
        draw([strip(api, heading, answer, asked)]),
        [
            f"`corrected` says what the hits are of, “{meant}”, so that a page can say it, too. "
            '`"spelling": "off"` leaves the words as they are.',
            "The corrected words are understood like any others: a length, and a category.",
        ],
    )


def why(api: Api) -> Recorded:
    """Which parts of two pictures are alike."""
    hit = api.ask(Call(SEARCH, {"rows": 1}, _SHIRT))["hits"][0]
    call = Call(f"/v1/products/{hit['id']}/why", photo=_SHIRT)
    return Recorded(
        "why",
        "Why these two",
        f"The photo of the Hawaiian shirt found “{hit['title']}” first. Which parts of the two are alike?",
        [call],
        encoded(api.drawn(call)),
        [
            "Warm is what has an answer in the other picture, dark what has none; the three pairs that answer to each "
            "other most are numbered.",
            "`compact` has 4 x 4 places only, so this is rough; the networks of Keras have 7 x 7 or 8 x 8.",
        ],
        output=" > why.png",
    )
