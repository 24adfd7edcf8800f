"""Where weights are looked for, how they are downloaded, and what is said when they cannot be had."""

from __future__ import annotations

import time
import urllib.error
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.extractors.publishing import BODY, MD5, Weights
from tests.web import serving
from vision.errors import ModelUnavailable
from vision.extractors import load, weights
from vision.extractors.networks import NETWORKS
from vision.extractors.weights import check, download, fetch, keras_cache, locate

CLOSED = "http://127.0.0.1:9/weights.h5"
FILE = replace(NETWORKS["resnet50"].headless, url=CLOSED, bytes=len(BODY), md5=MD5)


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")


def place(folder: Path, name: str = FILE.name) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(BODY)
    return folder / name


def test_places_in_their_order(tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert locate(FILE, None, None) is None and locate(FILE, None, models) is None
    cached = place(keras_cache())
    assert (found := locate(FILE, None, models)) and (found.path, found.origin) == (cached, "the Keras cache")
    own = place(models)
    assert (found := locate(FILE, None, models)) and (found.path, found.origin) == (own, "the models folder")
    explicit = place(tmp_path / "elsewhere")
    assert (found := locate(FILE, explicit, models)) and (found.path, found.origin) == (explicit, "the path given")
    assert fetch(FILE, None, models).path == own


def test_an_explicit_path_is_never_replaced(tmp_path: Path) -> None:
    place(keras_cache(), NETWORKS["inception_v3"].headless.name)
    for spec, given in (("inception_v3:missing.h5", None), ("inception_v3", "missing.h5")):
        with pytest.raises(ModelUnavailable, match=r"no InceptionV3 weights at missing\.h5"):
            load(spec, models=tmp_path, weights=given)


def test_the_keras_cache_follows_keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert keras_cache() == tmp_path / "keras" / "models"
    monkeypatch.delenv("KERAS_HOME")
    assert keras_cache() == Path.home() / ".keras" / "models"


@pytest.mark.parametrize("name", NETWORKS)
def test_without_a_network_there_is_one_clear_message_soon(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    real = weights._download
    monkeypatch.setattr(weights, "_download", lambda file, *rest: real(replace(file, url=CLOSED), *rest))
    start = time.monotonic()
    with pytest.raises(ModelUnavailable) as caught:
        load(name, models=tmp_path)
    assert time.monotonic() - start < 5
    message = str(caught.value)
    file = NETWORKS[name].headless
    for part in (file.network, file.name, str(tmp_path), str(keras_cache()), "VISUAL_SEARCH_MODELS", "refused"):
        assert part in message
    assert "--extractor compact" in message
    assert "\n" not in message and "Traceback" not in message
    assert capfd.readouterr() == ("", "")


def test_the_message_says_when_no_models_folder_is_set() -> None:
    with pytest.raises(ModelUnavailable, match=r"VISUAL_SEARCH_MODELS, not set"):
        fetch(FILE, None, None)


def test_a_file_is_compared_with_the_published_one(tmp_path: Path) -> None:
    path = place(tmp_path)
    check(FILE, path)
    check(replace(FILE, md5=None), path)
    with pytest.raises(ModelUnavailable, match="the MD5 is .* that of the published ResNet50 weights 0000"):
        check(replace(FILE, md5="0" * 32), path)
    with pytest.raises(ModelUnavailable, match="7,000 bytes are not the 7,001 of the published ResNet50 weights"):
        check(replace(FILE, md5=None, bytes=7001), path)


def test_long_reasons_are_cut() -> None:
    assert weights.short(Exception("a\n b")) == "a b"
    assert len(weights.short(Exception("x" * 999))) == 160
    assert weights.short(TimeoutError()) == "TimeoutError"
    assert weights.short(urllib.error.URLError("no route")) == "no route"


@pytest.fixture
def server() -> Iterator[str]:
    with serving(Weights) as url:
        yield url


@pytest.mark.model
def test_weights_are_downloaded_once_and_silently(server: str, capfd: pytest.CaptureFixture[str]) -> None:
    file = replace(FILE, url=f"{server}/ok")
    found = fetch(file, None, None)
    assert found.path == keras_cache() / FILE.name and found.path.read_bytes() == BODY
    assert fetch(file, None, None).origin == "the Keras cache"
    assert capfd.readouterr() == ("", "")


@pytest.mark.model
def test_a_download_goes_where_it_is_wanted_and_tells_how_far_it_is(server: str, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    wanted = tmp_path / "models"
    found = download(replace(FILE, url=f"{server}/ok"), wanted, None, lambda *now: told.append(now))
    assert found.path == wanted / FILE.name and [path.name for path in wanted.iterdir()] == [FILE.name]
    assert told[-1] == (len(BODY), len(BODY)) and not keras_cache().exists()


@pytest.mark.model
@pytest.mark.parametrize("wrong", [{"md5": "0" * 32}, {"md5": None, "bytes": 1}])
def test_a_download_of_another_file_is_refused(server: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelUnavailable, match="hash does not match|7,000 bytes are not the 1 of"):
        fetch(replace(FILE, url=f"{server}/ok", **wrong), None, None)
    assert not list(keras_cache().iterdir())


@pytest.mark.model
def test_a_refused_download_says_so(server: str) -> None:
    with pytest.raises(ModelUnavailable, match="Forbidden|403"):
        fetch(replace(FILE, url=f"{server}/forbidden"), None, None)
