"""Words, photos, and the things in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.recorded.asking import Api, Call
from benchmarks.recorded.record import Hit, Recorded, box, chips, products, strip, tally
from benchmarks.recorded.sheet import Asked, Box, draw

SEARCH: Final = "/v1/search"


def words(api: Api) -> Recorded:
    """Words alone."""
    call = Call(SEARCH, {"q": "gray couch under 900", "facets": ["color", "material"], "rows": 12})
    answer = api.ask(call)
    asked = Asked(words=f'"{call.body["q"]}"', chips=chips(answer))
    unlisted = [hit["title"] for hit in answer["hits"] if not hit["attributes"].get("color")]
    seen = [
        f"{products(answer['total'])}, although no title says gray, couch or 900: “gray” and “couch” are synonyms of "
        "what the catalogue says, and “under 900” left the words and became a range of prices.",
        "The chips are the answer's `understood`: each can be taken away again by `ignore`, or made a filter.",
    ]
    if unlisted:
        seen.append(
            f"“{unlisted[0]}” has no color listed, one of the catalogue's defects. Its words match, so it is there, "
            "but it does not agree in the color and comes after those that do."
        )
    return Recorded(
        "words",
        "Words alone",
        "A shopper types what comes to mind, a price with it, and the catalogue says it otherwise.",
        [call],
        draw([strip(api, products(answer["total"]), answer, asked)]),
        seen,
    )


def photo(api: Api) -> Recorded:
    """A photo alone."""
    call = Call(SEARCH, {"rows": 12, "facets": ["category", "pattern"]}, "checked-dress")
    answer = api.ask(call)
    hits = answer["hits"]
    seen = [
        f"The first four are {tally(hits[:4], 'category')} and {tally(hits[:4], 'pattern')}, none of them yellow and "
        f"black: the network sees the pattern before the color. All twelve: {tally(hits, 'pattern')}; "
        f"{tally(hits, 'category')}.",
        "A photo alone leaves nothing out: all products are found, in the order of their distance, and the facets "
        "count all of them.",
        "`distance` is the exact squared distance of the vectors, to be compared within a collection. What a distance "
        "means is in the tenth query.",
    ]
    return Recorded(
        "photo",
        "A photo alone",
        "There is a photo of a dress and no word for it. The dress is not in the catalogue: what comes near it?",
        [call],
        draw([strip(api, products(answer["total"]), answer, Asked(api.photo("checked-dress")))]),
        seen,
    )


def blend(api: Api) -> Recorded:
    """Words, a photo and a facet in one score."""
    alone = Call(SEARCH, {"rows": 6}, "dotted-skirt")
    both = {"q": "dress", "filters": {"color": ["red"]}, "facets": ["color", "pattern"], "explain": True, "rows": 6}
    call = Call(SEARCH, both, "dotted-skirt")
    before, after = api.ask(alone), api.ask(call)
    picture = api.photo("dotted-skirt")
    heading = f"With words and a facet: {products(after['total'])}"
    asked = Asked(picture, words='"dress"', chips=["color is red"])
    seen = [
        f"The photo alone finds what is dotted: {tally(before['hits'], 'category')}. With the word and the facet "
        f"{products(after['total'])} are left, and the picture says which of them comes first.",
        f"The six: {tally(after['hits'], 'pattern')}. Where the pattern runs out, what is striped or of the same shape "
        "follows.",
        "`explain` has the parts: words and picture count one half each here (`weights`). The words of all six say "
        "dress nearly alike, so the picture decides.",
        "The facet on color still counts the dresses of every other color, as its own filter does not apply to it.",
    ]
    return Recorded(
        "blend",
        "Words, a photo and a facet",
        "“Like this skirt, but a dress, and red”: the photo says what no word does, the word and the facet what the "
        "photo does not.",
        [call],
        draw(
            [strip(api, "The photo alone", before, Asked(picture)), strip(api, heading, after, asked, figures=_parts)]
        ),
        seen,
    )


def _parts(hit: Hit) -> Sequence[str]:
    found = hit["explain"]
    return [f"words {found['text']:.3f}", f"picture {found['image']:.3f}", f"score {hit['score']:.3f}"]


def detect(api: Api) -> Recorded:
    """The thing in a photo of a scene."""
    bag, chair = "bag-in-a-room", "chair-in-a-room"
    calls = [Call(SEARCH, {"detect": True, "rows": 6}, name) for name in (bag, chair)]
    before = api.ask(Call(SEARCH, {"rows": 6}, bag))
    after, less = (api.ask(call) for call in calls)
    region = after["region"]
    seen = [
        f"By the whole photo it finds what stands in a beige room: {tally(before['hits'], 'category')}.",
        f"With `detect` it searches by the frame that the answer calls `region`: {tally(after['hits'], 'category')}.",
        f"`{region['detector']}` needs no model and does not know what it found: it says {region['label']}, and takes "
        "what stands out. A YOLOX that you bring names things.",
        f"It does not always go as well: the green armchair is found in its room, but its hits are "
        f"{tally(less['hits'], 'category')}. A crop has less room around the thing than the pictures of the catalogue, "
        "and few pixels, and the small network minds.",
    ]
    strips = [
        strip(api, "The whole photo", before, Asked(api.photo(bag))),
        strip(api, "With detect", after, Asked(api.photo(bag), [box(after)])),
        strip(api, "With detect, another photo", less, Asked(api.photo(chair), [box(less)], first=1)),
    ]
    return Recorded(
        "detect",
        "The thing in a photo of a scene",
        "People photograph a bag where it stands, in a room, and mean the bag.",
        calls,
        draw(strips),
        seen,
    )


def looks(api: Api) -> Recorded:
    """One photo, several lists."""
    name = "living-room"
    call = Call("/v1/looks", {"search": {"rows": 6}}, name)
    answer = api.ask(call)
    picture = api.photo(name)
    strips, found = [], []
    for number, look in enumerate(answer["looks"]):
        asked = Asked(picture, [look["region"]["box"]], first=number)
        strips.append(strip(api, f"Thing {number + 1}", look["result"], asked))
        found.append(f"{tally(look['result']['hits'], 'category')} for thing {number + 1}")
    square = _squared(answer["looks"][0]["region"]["box"])
    given = Call("/v1/looks", {"boxes": [square], "search": {"rows": 6}}, name)
    better = api.ask(given)["looks"][0]["result"]
    strips.append(strip(api, "Thing 1, its box given as a square", better, Asked(picture, [square])))
    seen = [
        f"{len(found)} things were found, and each has its own list, facets and total, as a search has: "
        f"{'; '.join(found)}.",
        "Thing 1 is a red sofa. Its box is wide, a network takes squares, and a sofa squeezed into a square looks "
        f"like an armchair. With a square around it, given in `boxes`, it is {tally(better['hits'], 'category')}.",
        "Saliency marks what stands out: the picture on the wall, which the shop does not sell; and of the lamp the "
        "stem alone, as its shade is as light as the wall. `boxes` says which parts are meant instead.",
    ]
    return Recorded(
        "looks",
        "Shop the look",
        "A photo of a room, and everything in it is wanted.",
        [call, given],
        draw(strips),
        seen,
    )


def _squared(box: Box) -> list[float]:
    """The square about the middle of a square photo's box, within the photo."""
    x, y, width, height = box
    side = max(width, height)
    left, top = (min(max(0.0, at + (span - side) / 2), 1 - side) for at, span in ((x, width), (y, height)))
    return [round(value, 2) for value in (left, top, side, side)]


def category(api: Api) -> Recorded:
    """The category first, where the vote is sure."""
    strips, seen, calls = [], [], []
    for name, heading in (("orange-bed", "An orange bed"), ("black-bed", "A black bed")):
        calls.append(Call(SEARCH, {"category_first": True, "facets": ["category"], "rows": 6}, name))
        plain, kept = api.ask(Call(SEARCH, {"rows": 6}, name)), api.ask(calls[-1])
        vote = kept["category"]
        outcome = f"kept to {' and '.join(vote['kept_to'])}" if vote["kept_to"] else "too little to keep to it"
        said = f"{heading}, category first: {vote['value']} with probability {vote['probability']:.2f}, {outcome}"
        voted = [f"{each['value']} {each['share']:.0%} of votes" for each in vote["alternatives"]]
        strips.append(strip(api, f"{heading}, as it is", plain, Asked(api.photo(name))))
        strips.append(strip(api, said, kept, Asked(chips=voted)))
        if vote["kept_to"]:
            done = f"{products(kept['total'])} are left, and the facet still counts all"
        else:
            done = "nothing is left out, and the answer says so"
        seen.append(
            f"{heading}: {tally(plain['hits'], 'category')} as it is, {tally(kept['hits'], 'category')} with the "
            f"category first. The vote is for {vote['value']}, with a probability of {vote['probability']:.2f} where "
            f".8 is needed: {done}."
        )
        if vote["value"] != "bed":
            seen.append("That vote is wrong, and beds would have been lost: this is what the probability is for.")
    return Recorded(
        "category",
        "The category first",
        "A red bag is no bed, however alike the two are to a network. The nearest pictures vote on what the photo "
        "shows, and where the vote is sure the search is kept to it.",
        calls,
        draw(strips),
        seen,
    )
