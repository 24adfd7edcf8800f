"""What is compared: extractors x dimensions x modes x filters, from lists as the command line takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from vision.errors import BadSetting
from vision.reduction import DIMS

NUMPY = "numpy"
SOLR_MODES = ("exact", "approximate", "auto")
MODES = (*SOLR_MODES, NUMPY)
FULL = "full"


@dataclass(frozen=True)
class Setup:
    """One row of the result.

    Attributes:
        extractor: as the user named it.
        dims: values of a vector; above 1,024 the extractor's own features, without PCA.
        mode: ``exact``, ``approximate`` or ``auto`` through Solr, ``numpy`` for a flat scan outside of it.
        filter: ``FIELD=VALUE``, or None for everything.
    """

    extractor: str
    dims: int
    mode: str
    filter: str | None = None


@dataclass
class Sizes:
    """The dimensions and modes of one extractor, and what the user should know about them."""

    pairs: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def indexed(self) -> tuple[int, ...]:
        """The dimensions that need a collection."""
        return tuple(dict.fromkeys(dims for dims, mode in self.pairs if mode != NUMPY))

    def add_reference(self, features: int) -> None:
        """Also measure an extractor's own features, if they are more than the index holds."""
        if features > DIMS:
            self.pairs.insert(0, (features, NUMPY))


def split(values: Sequence[str]) -> tuple[str, ...]:
    """Comma-separated lists of an option that may be repeated, each value once."""
    parts = (part.strip() for value in values for part in value.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def parse_modes(values: Sequence[str]) -> tuple[str, ...]:
    """Names of modes.

    Raises:
        BadSetting: another one, or none.
    """
    modes = split(values)
    for mode in modes or ("",):
        if mode not in MODES:
            raise BadSetting(f"--mode is {mode!r}; accepted: {', '.join(MODES)}")
    return modes


def parse_dims(values: Sequence[str]) -> tuple[int | None, ...]:
    """Numbers of dimensions; ``full``, as many as the extractor gives, is None.

    Raises:
        BadSetting: anything else, or nothing.
    """
    dims = split(values)
    for each in dims or ("",):
        if each != FULL and not (each.isdecimal() and int(each) > 0):
            raise BadSetting(f"--dims is {each!r}; accepted: numbers of 1 or more, or {FULL}")
    return tuple(None if each == FULL else int(each) for each in dims)


def sizes(extractor: str, features: int, pictures: int, dims: Sequence[int | None], modes: Sequence[str]) -> Sizes:
    """Which of the asked dimensions and modes there are for an extractor.

    Args:
        extractor: its name, for messages.
        features: what it gives.
        pictures: how many there are; a PCA has one component less at most.
        dims: as :func:`parse_dims` gives them.
        modes: as :func:`parse_modes` gives them.

    Raises:
        BadSetting: a number between what a PCA may have and what the extractor gives, or nothing left to measure.
    """
    found = Sizes()
    most = min(DIMS, features, pictures - 1)
    for asked in dims:
        size = features if asked is None else asked
        if size > DIMS and size != features and features > DIMS:
            raise BadSetting(f"--dims is {size}; {extractor} accepts 1 to {DIMS}, or {features}: its own, without PCA")
        if size > DIMS and size == features:
            if NUMPY in modes:
                found.pairs.append((size, NUMPY))
            if NUMPY not in modes or len(modes) > 1:
                found.notes.append(f"{extractor}: {size} dims are more than the index holds, for --mode {NUMPY} only")
            continue
        if size > most:
            why = f"it gives {features} features" if most == features else f"{pictures:,} pictures allow no more"
            found.notes.append(f"{extractor}: {most} dims instead of {size}, {why}")
        found.pairs += [(min(size, most), mode) for mode in modes]
    found.pairs = list(dict.fromkeys(found.pairs))
    if not found.pairs:
        raise BadSetting(f"nothing can be measured: {'; '.join(found.notes)}")
    return found
