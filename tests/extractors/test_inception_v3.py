"""InceptionV3: its weights through every way they are found, and its outputs against Keras' own model."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vision.errors import BadSetting, ModelUnavailable
from vision.extractors import load
from vision.extractors import weights as weights_module
from vision.extractors.base import Extractor
from vision.extractors.inception_v3 import load_weights
from vision.extractors.tensorflow_runtime import keras
from vision.extractors.weights import FILE, fetch, keras_cache

pytestmark = [pytest.mark.model, pytest.mark.slow]


def photos(count: int) -> list[Image.Image]:
    random = np.random.default_rng(5)
    small = random.integers(0, 256, size=(count, 12, 9, 3), dtype=np.uint8)
    return [Image.fromarray(each).resize((310, 400)) for each in small]


@pytest.fixture(scope="module")
def model() -> Any:
    """Keras' own model with random weights, of a size at which signals neither vanish nor explode."""
    module = keras()
    module.utils.set_random_seed(11)
    network = module.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    for variable in network.trainable_weights:
        if variable.path.endswith("kernel"):
            variable.assign(variable * 1.4)
    return network


@pytest.fixture(scope="module")
def weights_file(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its weights in the format of the published file."""
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    h5py = pytest.importorskip("h5py")
    path = tmp_path_factory.mktemp("weights") / FILE
    with warnings.catch_warnings(), h5py.File(path, "w") as file:
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy keyword", DeprecationWarning)
        save_weights_to_hdf5_group(file, model)
    return path


@pytest.fixture(scope="module")
def expected(model: Any) -> NDArray[np.float32]:
    """What Keras' model, fed by Keras' own preprocessing, gives for the photos."""
    batch = np.stack([np.asarray(each.resize((299, 299), Image.Resampling.BILINEAR)) for each in photos(17)])
    prepared = keras().applications.inception_v3.preprocess_input(batch.astype(np.float32))
    return np.asarray(model(prepared, training=False), dtype=np.float32)


@pytest.fixture(scope="module")
def extractor(weights_file: Path) -> Extractor:
    return load("inception_v3", weights=str(weights_file))


def close(actual: NDArray[np.float32], expected: NDArray[np.float32]) -> bool:
    return actual.shape == expected.shape and bool(np.abs(actual - expected).max() <= 1e-4 * np.abs(expected).max())


def test_outputs_are_keras_own(extractor: Extractor, expected: NDArray[np.float32]) -> None:
    assert expected.std() > 0.01
    vectors = extractor.extract(photos(17))
    assert vectors.dtype == np.float32 and close(vectors, expected)


def test_a_vector_does_not_depend_on_its_batch(extractor: Extractor, expected: NDArray[np.float32]) -> None:
    alone = np.concatenate([extractor.extract([photo]) for photo in photos(3)])
    assert close(alone, extractor.extract(photos(17))[:3])
    assert extractor.extract([]).shape == (0, 2048)


def test_preprocessing_is_keras_own() -> None:
    from vision.extractors.inception_v3 import preprocess

    values = np.arange(256, dtype=np.uint8)
    image = Image.fromarray(np.broadcast_to(values[:, None], (256, 256)).copy()).convert("RGB").resize((299, 299))
    theirs = keras().applications.inception_v3.preprocess_input(np.asarray(image).astype(np.float32))
    np.testing.assert_array_equal(preprocess([image])[0], theirs)


def test_the_description(extractor: Extractor, weights_file: Path) -> None:
    info = extractor.info
    assert (info.name, info.input_size, info.dims) == ("inception_v3", (299, 299), 2048)
    assert info.weights_hash == hashlib.sha256(weights_file.read_bytes()).hexdigest()
    assert extractor.fingerprint.startswith("inception_v3-")


def test_weights_are_found_in_the_keras_cache(
    weights_file: Path,
    extractor: Extractor,
    expected: NDArray[np.float32],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    keras_cache().mkdir(parents=True)
    (keras_cache() / FILE).symlink_to(weights_file)
    found = load("inception_v3", models=tmp_path / "none")
    assert found.fingerprint == extractor.fingerprint
    assert close(found.extract(photos(1)), expected[:1])


def test_files_of_other_models_are_refused(model: Any, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    text, other = tmp_path / "text.h5", tmp_path / "other.h5"
    text.write_bytes(b"not HDF5")
    with h5py.File(other, "w") as file:
        file["x"] = 1
    for path in (text, other):
        with pytest.raises(ModelUnavailable, match=f"{path.name} does not hold InceptionV3's weights"):
            load_weights(model, path)


def test_random_weights_are_seeded_and_marked() -> None:
    first = load("inception_v3", weights="random:7")
    assert "speed only" in first.info.source and first.info.weights_hash == "random:7"
    assert np.isfinite(first.extract(photos(1))).all()
    for wrong in ("random:", "random:x"):
        with pytest.raises(BadSetting, match="random:SEED"):
            load("inception_v3", weights=wrong)
    with pytest.raises(BadSetting, match="two weights files"):
        load("inception_v3:a.h5", weights="b.h5")


def test_weights_are_found_in_the_models_folder_without_a_word(
    weights_file: Path, extractor: Extractor, expected: NDArray[np.float32], tmp_path: Path
) -> None:
    photos(1)[0].save(tmp_path / "photo.png")
    code = (
        "import sys; from pathlib import Path; import numpy as np; from PIL import Image\n"
        "from vision.extractors import load; extractor = load('inception_v3', models=Path(sys.argv[1]))\n"
        "np.save('vector.npy', extractor.extract([Image.open('photo.png')])); print(extractor.fingerprint)"
    )
    arguments = [sys.executable, "-W", "error", "-c", code, str(weights_file.parent)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{extractor.fingerprint}\n", "")
    assert close(np.load(tmp_path / "vector.npy"), expected[:1])


class Handler(BaseHTTPRequestHandler):
    body = b"weights" * 1000

    def do_HEAD(self) -> None:
        self.send_response(403 if "forbidden" in self.path else 200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(self.body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "*")
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_weights_are_downloaded_once_and_silently(
    server: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(weights_module, "MD5", hashlib.md5(Handler.body).hexdigest())
    found = fetch(None, None, f"{server}/ok")
    assert found.path == keras_cache() / FILE and found.path.read_bytes() == Handler.body
    assert fetch(None, None, f"{server}/ok").origin == "the Keras cache"
    assert capfd.readouterr() == ("", "")


def test_a_download_with_another_hash_is_refused(server: str) -> None:
    with pytest.raises(ModelUnavailable, match="hash does not match"):
        fetch(None, None, f"{server}/ok")
    assert not list(keras_cache().iterdir())


def test_a_refused_download_says_so(server: str) -> None:
    with pytest.raises(ModelUnavailable, match="Forbidden|403"):
        fetch(None, None, f"{server}/forbidden")
