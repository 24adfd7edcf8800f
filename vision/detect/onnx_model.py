"""A detector that is an ONNX model and a description, run by ONNX Runtime on the processor."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vision.detect import fitting
from vision.detect.base import Region, fingerprint_of, make_box
from vision.detect.description import Boxes, Description
from vision.detect.layouts import Detections, decode_boxes, decode_single
from vision.detect.suppression import suppress
from vision.errors import BadSetting, ModelUnavailable
from vision.onnx_runtime import open_session, run_all

_DTYPES: Final = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
# Overlaps are compared in pairs: of more boxes than this the least sure are left out before.
_MOST: Final = 1000
# Another number for every change of the code below that changes what is found.
_VERSION: Final = 1


class OnnxDetector:
    """One session; loading runs it once, so that a description that does not fit is refused at once."""

    notice: str | None = None

    def __init__(self, name: str, path: Path, description: Description) -> None:
        """Load the model.

        Raises:
            BadSetting: the description and the model disagree.
            ModelUnavailable: the model or ONNX Runtime cannot be had, or its outputs are others than described.
        """
        self.name = name
        self._path = path
        self._description = description
        self._labels = description.names()
        self._fingerprint: str | None = None
        self._session = open_session(path)
        entry = self._session.get_inputs()[0]
        if entry.type not in _DTYPES:
            raise ModelUnavailable(f"{path} takes {entry.type}; accepted: {', '.join(_DTYPES)}")
        self._input, self._dtype = str(entry.name), np.dtype(_DTYPES[entry.type])
        self._read_shape([side if isinstance(side, int) and side > 0 else None for side in entry.shape])
        self._outputs = self._choose_outputs()
        self.side = max(self._size)
        self.detect(Image.new("RGB", (64, 64), (114, 114, 114)))

    @property
    def fingerprint(self) -> str:
        """Over the model's bytes and its description; the file is read when this is asked for first."""
        if self._fingerprint is None:
            with self._path.open("rb") as file:
                model = hashlib.file_digest(file, "sha256").hexdigest()
            described = msgspec.json.encode(msgspec.structs.replace(self._description, model=""))
            self._fingerprint = fingerprint_of(self.name.partition(":")[0], _VERSION, model, described)
        return self._fingerprint

    def detect(self, image: Image.Image) -> tuple[Region, ...]:
        """The regions of an RGB picture, the surest first."""
        fitted = self._fit(image)
        outputs = run_all(self._session, self._outputs, {self._input: self._values(fitted.pixels)})
        found = self._kept(self._decode(outputs))
        places = fitted.to_picture(found.corners)
        regions = []
        for place, score, number in zip(places.tolist(), found.scores.tolist(), found.classes.tolist(), strict=True):
            box = make_box(*place)
            if box is not None:
                regions.append(Region(box, self._labels[number], round(min(score, 1.0), 4)))
        return tuple(regions)

    def _kept(self, found: Detections) -> Detections:
        """The surest of each thing, with a label that is known."""
        described = self._description
        usable = np.isfinite(found.corners).all(axis=1) & (found.scores >= described.min_score)
        rows = np.flatnonzero(usable & np.isin(found.classes, list(self._labels)))
        rows = rows[np.argsort(-found.scores[rows], kind="stable")][:_MOST]
        if not isinstance(described.output, Boxes):
            rows = rows[suppress(found.corners[rows], found.scores[rows], found.classes[rows], described.max_overlap)]
        rows = rows[: described.max_regions]
        return Detections(found.corners[rows], found.scores[rows], found.classes[rows])

    def _decode(self, outputs: list[NDArray[Any]]) -> Detections:
        layout = self._description.output
        if isinstance(layout, Boxes):
            return decode_boxes(outputs, layout, self._size)
        return decode_single(outputs[0], layout, self._size, len(self._labels))

    def _fit(self, image: Image.Image) -> fitting.Fitted:
        wanted = self._description.input
        if wanted.resize == "letterbox":
            return fitting.letterbox(image, self._size, fill=wanted.fill, centred=wanted.align == "centre")
        return fitting.stretch(image, self._size)

    def _values(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        """The input tensor of uint8 (height, width, 3)."""
        wanted = self._description.input
        ordered = pixels[..., ::-1] if wanted.channels == "bgr" else pixels
        mean, std = np.array(wanted.mean, dtype=np.float32), np.array(wanted.std, dtype=np.float32)
        values = (ordered.astype(np.float32) * np.float32(wanted.scale) - mean) / std
        if self._dtype == np.uint8:
            values = np.clip(np.rint(values), 0, 255)
        if self._channels_first:
            values = values.transpose(2, 0, 1)
        shaped = values if self._single else values[None]
        return np.ascontiguousarray(shaped, dtype=self._dtype)

    def _read_shape(self, shape: list[int | None]) -> None:
        """Layout and size of the input; a model that takes one picture without a batch has three sides."""
        self._single = len(shape) == 3
        sides = shape if self._single else shape[1:]
        if len(sides) != 3 or 3 not in (sides[0], sides[2]) or (not self._single and shape[0] not in (1, None)):
            raise ModelUnavailable(
                f"{self._path} takes an input of shape {shape}; accepted: (1, 3, height, width), "
                "(1, height, width, 3), or either without the 1"
            )
        self._channels_first = sides[2] != 3
        height, width = sides[1:] if self._channels_first else sides[:2]
        wanted = self._description.input.size
        if wanted is None and (height is None or width is None):
            raise BadSetting(f"{self._path} takes pictures of any size; give input.size = [height, width]")
        rows, columns = wanted or (height or 0, width or 0)
        if (height or rows, width or columns) != (rows, columns):
            raise BadSetting(
                f"input.size is [{rows}, {columns}], but {self._path} takes {height} x {width}; leave it out"
            )
        self._size = (rows, columns)

    def _choose_outputs(self) -> list[str]:
        known = [str(each.name) for each in self._session.get_outputs()]
        layout = self._description.output
        if isinstance(layout, Boxes):
            named = {"boxes": layout.boxes, "scores": layout.scores, "labels": layout.labels}
        else:
            named = {"output": layout.output or known[0]}
        for member, name in named.items():
            if name not in known:
                raise BadSetting(f"output.{member} is {name!r}; the outputs of {self._path}: {', '.join(known)}")
        return list(named.values())
