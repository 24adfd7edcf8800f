"""Tuned beats untuned: MobileNetV2 of ImageNet on real photos of clothes, some people's photos kept aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.evaluation.clothing import NO_CLASS, mobilenet, write_catalogue
from tests.finetuning.mobilenet import write_weights
from vision import extractors
from vision.finetuning.session import Asked, finetune
from vision.settings import Settings

pytestmark = [
    pytest.mark.model,
    pytest.mark.many,
    # TensorFlow's variables know nothing of NumPy 2's copy=False, which Keras uses to save them.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]


def test_a_tuned_network_ranks_photos_of_other_people_better(shared: Path, tmp_path: Path) -> None:
    weights = write_weights(Path(mobilenet(shared).partition(":")[2]), tmp_path / "mobilenet.weights.h5")
    asked = Asked(
        write_catalogue(shared, tmp_path),
        f"mobilenet_v2:{weights}",
        "category",
        group="sender",
        without=NO_CLASS,
        layers=2,
        epochs=3,
        most=900,
    )
    found = finetune(Settings(home=tmp_path / "home"), asked, lambda stage, done, total: None)
    print(f"MobileNetV2: {found.pictures}, {found.before} -> {found.after} in {found.seconds:.0f} s")
    assert found.after["map"] > 1.03 * found.before["map"]
    assert found.specification is not None
    assert extractors.load(found.specification).fingerprint == found.fingerprints[1] != found.fingerprints[0]
