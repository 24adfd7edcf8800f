"""Finding things in photos as the settings say: detector, mapping file and the rule of the default region."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vision import images, telemetry
from vision.detect import labels, registry
from vision.detect.base import Detector, Region, fingerprint_of
from vision.detect.choice import FRAME, MOST, SPECK, ordered, sensible
from vision.errors import BadSetting, ModelUnavailable
from vision.telemetry import Stage


@dataclass(frozen=True)
class Found:
    """What a detector found in one photo: the region that a search takes by default first.

    ``notice`` is what a reader must know about it, if anything.
    """

    regions: tuple[Region, ...]
    detector: str
    notice: str | None


class Finder:
    """One detector, loaded on first use; safe to share between threads."""

    def __init__(
        self, specification: str | None = None, *, mapping: Path | None = None, models: Path | None = None
    ) -> None:
        """Read the mapping file; load nothing.

        Args:
            specification: as :func:`vision.detect.registry.load` takes it; None for the default.
            mapping: a mapping file.
            models: the folder of model files.

        Raises:
            BadSetting: an unknown detector, or a mapping file that is not accepted.
        """
        if specification is not None:
            registry.check(specification)
        self._specification = specification
        self._models = models
        self._mapped = labels.read(mapping)
        self._detector: Detector | None = None
        self._lock = threading.Lock()

    def find(self, data: bytes) -> Found:
        """The regions of a photo's bytes; one photo at a time.

        Raises:
            BadImage: no picture that is accepted.
            ModelUnavailable: the detector cannot be loaded.
        """
        found = labels.apply(self._mapped, self.look(data))
        detector = self.detector()
        return Found(ordered(found), detector.name, detector.notice)

    def look(self, data: bytes) -> tuple[Region, ...]:
        """All that the detector says of a photo's bytes, before mapping file and rule; one photo at a time.

        Raises:
            BadImage, ModelUnavailable: as :meth:`find`.
        """
        with self._lock:
            detector = self._loaded()
            picture = images.decode(data, min_side=detector.side)
            with telemetry.stage(Stage.DETECT):
                return tuple(detector.detect(picture))

    def chosen(self, looked: Iterable[Region]) -> tuple[Region, ...]:
        """Of what :meth:`look` gave, the regions that are indexed, the default one first."""
        return sensible(labels.apply(self._mapped, looked))

    def detector(self) -> Detector:
        """What finds.

        Raises:
            ModelUnavailable: it cannot be loaded.
        """
        with self._lock:
            return self._loaded()

    @property
    def fingerprint(self) -> str:
        """Two finders with the same fingerprint choose the same regions: by detector, mapping file and rule.

        Raises:
            ModelUnavailable: the detector cannot be loaded.
        """
        made_by = self.detector().fingerprint
        return fingerprint_of(made_by.rpartition("-")[0], made_by, sorted(self._mapped.items()), SPECK, FRAME, MOST)

    def _loaded(self) -> Detector:
        if self._detector is None:
            specification = self._specification or registry.default(self._models)
            try:
                self._detector = registry.load(specification, models=self._models)
            except BadSetting as error:
                # Whoever sends a photo is not at fault.
                raise ModelUnavailable(f"the detector {specification!r} cannot be loaded: {error}") from error
        return self._detector
