"""The mapping file: what a detector's labels are called in the catalogue, and which are left out.

JSON ``{"handbag": ["bag"], "couch": ["sofa", "armchair"], "person": null}``: a list of categories, or null to drop what
has the label. Labels that it does not name stay, without categories.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import msgspec

from vision.detect.base import Region
from vision.errors import BadSetting

Mapped = Mapping[str, tuple[str, ...] | None]


def read(path: Path | None) -> Mapped:
    """A mapping from its file; without one, nothing is named.

    Raises:
        BadSetting: it cannot be read or is of another form.
    """
    if path is None:
        return {}
    accepted = 'accepted: JSON {label: [categories] or null}, as {"handbag": ["bag"], "person": null}'
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, tuple[str, ...] | None])
    except OSError as error:
        raise BadSetting(f"the mapping file {path} of detectors' labels cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"the mapping file {path} of detectors' labels is not understood: {error}; {accepted}"
        ) from error
    empty = sorted(label for label, categories in found.items() if categories is not None and not all(categories))
    if empty:
        raise BadSetting(f"the mapping file {path} gives {', '.join(empty)} a category without a name; {accepted}")
    return found


def apply(mapped: Mapped, regions: Iterable[Region]) -> tuple[Region, ...]:
    """Regions with their categories, those of dropped labels left out."""
    found = []
    for region in regions:
        categories = mapped.get(region.label, ())
        if categories is not None:
            found.append(replace(region, categories=categories))
    return tuple(found)
