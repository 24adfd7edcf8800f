"""``compact[:FILE]``: a small residual network whose weights come with this package, run by ONNX Runtime.

training/ holds how it was trained and on what, docs/extractors.md how well it ranks. A FILE is the same network
fine-tuned, as ``visual-search models finetune`` writes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from vision.errors import ModelUnavailable
from vision.extractors import converted
from vision.extractors.base import Description, Extractor, Located, ModelFile
from vision.extractors.onnx import Onnx
from vision.extractors.registry import Spec
from vision.model_files import find_model

WEIGHTS: Final = Path(__file__).with_name("compact.onnx")
DIMS: Final = 256
SIDE: Final = 128
LICENCE: Final = "Apache-2.0"
SOURCE: Final = "this package, trained from scratch on Tiny ImageNet and photos of clothes"
TUNED: Final = "this package, fine-tuned"


def build(spec: Spec) -> Extractor:
    """Load the weights of this package, or those of a file, or what they were converted to.

    Raises:
        BadSetting: there is no such precision.
        ModelUnavailable: the file is missing, damaged or another network; or it was not converted.
    """
    spec.accept(converted.OPTION)
    network = original(spec)
    found = converted.load(network.info, spec.options.get(converted.OPTION), converted.places(spec.models))
    return found or network


def original(spec: Spec) -> Onnx:
    """Load the weights of this package, or those of a file, for ONNX Runtime.

    Raises:
        ModelUnavailable: the file is missing, damaged or another network.
    """
    path = weights(spec)
    network = Onnx(path, {}, name="compact", licence=LICENCE, source=SOURCE if path == WEIGHTS else TUNED, unit=True)
    found = (network.info.dims, network.info.input_size)
    if found != (DIMS, (SIDE, SIDE)):
        raise ModelUnavailable(
            f"{path} is not compact: it gives {found[0]} values for {found[1][0]} x {found[1][1]} pixels, compact "
            f"{DIMS} for {SIDE} x {SIDE}; use onnx:{path} for a model of your own"
        )
    return network


def describe(spec: Spec) -> Description:
    """The network, and where its weights are."""
    spec.accept(converted.OPTION)
    path = weights(spec)
    origin = "this package" if path == WEIGHTS else "the path given"
    file = ModelFile(path.name, path.stat().st_size, Located(path, origin))
    return Description(DIMS, (SIDE, SIDE), LICENCE, SOURCE if path == WEIGHTS else TUNED, (file,))


def weights(spec: Spec) -> Path:
    """The weights file of a specification.

    Raises:
        ModelUnavailable: it is not there.
    """
    return WEIGHTS if spec.path is None else find_model(spec.path, spec.models)
