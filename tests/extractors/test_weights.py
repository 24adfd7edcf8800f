"""Where InceptionV3's weights are looked for, and what is said when they cannot be had. No TensorFlow here."""

from __future__ import annotations

import time
import urllib.error
from pathlib import Path

import pytest

from vision.errors import ModelUnavailable
from vision.extractors import load, weights
from vision.extractors.weights import FILE, fetch, keras_cache, locate

CLOSED = "http://127.0.0.1:9/weights.h5"


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")


def place(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(b"weights")
    return folder / FILE


def test_places_in_their_order(tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert locate(None, None) is None and locate(None, models) is None
    cached = place(keras_cache())
    assert (found := locate(None, models)) and (found.path, found.origin) == (cached, "the Keras cache")
    own = place(models)
    assert (found := locate(None, models)) and (found.path, found.origin) == (own, "the models folder")
    explicit = place(tmp_path / "elsewhere")
    assert (found := locate(explicit, models)) and (found.path, found.origin) == (explicit, "the path given")


def test_an_explicit_path_is_never_replaced(tmp_path: Path) -> None:
    place(keras_cache())
    for spec, given in (("inception_v3:missing.h5", None), ("inception_v3", "missing.h5")):
        with pytest.raises(ModelUnavailable, match=r"no InceptionV3 weights at missing\.h5"):
            load(spec, models=tmp_path, weights=given)


def test_the_keras_cache_follows_keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keras_cache() == tmp_path / "keras" / "models"
    monkeypatch.delenv("KERAS_HOME")
    assert keras_cache() == Path.home() / ".keras" / "models"


def test_without_a_network_there_is_one_clear_message_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(weights, "_download", lambda url, real=weights._download: real(CLOSED))
    start = time.monotonic()
    with pytest.raises(ModelUnavailable) as caught:
        load("inception_v3", models=tmp_path)
    assert time.monotonic() - start < 5
    message = str(caught.value)
    for part in (FILE, str(tmp_path), str(keras_cache()), "VISUAL_SEARCH_MODELS", "--extractor histogram", "refused"):
        assert part in message
    assert "\n" not in message and "Traceback" not in message
    assert capfd.readouterr() == ("", "")


def test_the_message_says_when_no_models_folder_is_set() -> None:
    with pytest.raises(ModelUnavailable, match=r"VISUAL_SEARCH_MODELS, not set"):
        fetch(None, None, CLOSED)


def test_long_reasons_are_cut() -> None:
    assert weights._short(Exception("a\n b")) == "a b"
    assert len(weights._short(Exception("x" * 999))) == 160
    assert weights._short(TimeoutError()) == "TimeoutError"
    assert weights._short(urllib.error.URLError("no route")) == "no route"
