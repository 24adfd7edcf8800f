"""What is dropped from standard error, and what is not. No TensorFlow here."""

from __future__ import annotations

import os
import sys

import pytest

from vision.errors import ModelUnavailable
from vision.extractors.tensorflow_runtime import quiet, tensorflow


def test_only_the_known_notes_are_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        os.write(2, b"I0000 00:00:1 7 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"F0000 the CPU lacks AVX\n")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "F0000 the CPU lacks AVX\nlater\n"


def test_after_an_error_all_is_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), quiet():
        os.write(2, b"why it failed\n")
        raise KeyError
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "why it failed\nlater\n"


def test_without_tensorflow_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(ModelUnavailable, match="--extractor compact"):
        tensorflow()
