"""``--map title=name_t,category=cat_s``: which fields of theirs a search means, held against their schema."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from vision.errors import BadSetting
from vision.install.inspection import Field, Found
from vision.solr.fields import KNOWN

_NAME = re.compile(r"[^\W\d]\w*\Z")
_WORD = re.compile(r"[\w.]+(\^\d+(\.\d+)?)?\Z", re.ASCII)
# What Solr accepts as a field's name everywhere, in `fl` and function queries as well.
_FIELD = re.compile(r"[A-Za-z_][\w.]*\Z", re.ASCII)
_NUMBERS = ("IntPointField", "LongPointField", "FloatPointField", "DoublePointField")
_FACETS = ("StrField", "BoolField", "IntPointField", "LongPointField", "EnumFieldType", "UUIDField")


def parse(values: Sequence[str]) -> dict[str, str]:
    """Solr field by catalogue name, from ``NAME=FIELD`` pairs with commas between them.

    Raises:
        BadSetting: something that is no pair, or a name that comes twice.
    """
    found: dict[str, str] = {}
    for pair in (part.strip() for value in values for part in value.split(",")):
        name, separator, solr = (part.strip() for part in pair.partition("="))
        if not pair:
            continue
        if not separator or not _NAME.match(name) or not _FIELD.match(solr):
            raise BadSetting(f"--map has {pair!r}; give NAME=FIELD, as title=name_t,category=cat_s")
        if name == "id":
            raise BadSetting("--map has id; the collection's uniqueKey is taken for it by itself")
        if name in found:
            raise BadSetting(f"--map gives {name!r} twice, {found[name]} and {solr}; give it once")
        found[name] = solr
    return found


def complete(given: Mapping[str, str], found: Found) -> dict[str, str]:
    """What was given, and what a collection calls as we do without being told."""
    named = {name: name for name in KNOWN if name != "id" and found.declared("fields", name)}
    return {**named, **given}


def problems(fields: Mapping[str, str], found: Found) -> list[str]:
    """What is wrong with a mapping in this collection, in words."""
    wrong = []
    for name, solr in fields.items():
        each = found.fields.get(solr)
        if each is None:
            wrong.append(f"--map {name}={solr}: the schema has no field {solr}")
        elif reason := _unfit(name, each):
            wrong.append(f"--map {name}={solr}: {solr} is a {_described(each)}; {reason}")
    if "image" not in fields:
        names = ", ".join(sorted(each.name for each in found.fields.values() if each.kind == "StrField")[:12])
        wrong.append(f"no field is mapped to image; say where paths or URLs of pictures are: --map image=… ({names})")
    return wrong


def _unfit(name: str, each: Field) -> str:
    if name in ("title", "description", "image", "url"):
        return "" if each.readable else "it must be stored, to be shown and read"
    if name == "price":
        if each.kind not in _NUMBERS or each.multi_valued:
            return "a price is one number (an int, long, float or double point field)"
        return "" if each.indexed and each.doc_values else "it must be indexed and have docValues, to sort and filter"
    if name == "product_id" and (each.kind != "StrField" or each.multi_valued or not each.doc_values):
        return "a string with one value and docValues is needed, to group by"
    if each.kind not in _FACETS:
        return "a facet is a string, boolean or whole number; give a field that is not split into words"
    if not (each.indexed or each.doc_values):
        return "a facet must be indexed or have docValues"
    return ""


def _described(each: Field) -> str:
    parts = [each.kind, *(["multi-valued"] if each.multi_valued else [])]
    parts += [word for word, has in (("indexed", each.indexed), ("stored", each.stored)) if has]
    return ", ".join([*parts, *(["docValues"] if each.doc_values else [])])


def words(given: str | None, fields: Mapping[str, str], found: Found) -> dict[str, str]:
    """The handler's ``qf``, ``df`` and ``sow``: where the words of a search are looked for.

    Of fields with different analysis edismax wants all words in one of them, unless it is told to split at blanks.

    Raises:
        BadSetting: ``given`` is no list of fields, names one that is not there, or there is nothing to search in.
    """
    if given is None:
        parts = [f"{fields['title']}^2"] if "title" in fields else []
        parts += [fields["description"]] if "description" in fields else []
    else:
        parts = given.replace(",", " ").split()
    if not parts:
        raise BadSetting(
            "nothing says where words are searched; map a title (--map title=…) or give --words FIELD[^2],…"
        )
    for part in parts:
        name = part.partition("^")[0]
        if not _WORD.match(part) or name not in found.fields:
            raise BadSetting(f"--words has {part!r}; a field of the schema is accepted, as name_t^2")
        if not found.fields[name].indexed:
            raise BadSetting(f"words are searched in {name}, which is not indexed; give other fields with --words")
    names = [part.partition("^")[0] for part in parts]
    split = {"sow": "true"} if len({found.fields[name].type for name in names}) > 1 else {}
    return {"qf": " ".join(parts), "df": names[0], **split}
