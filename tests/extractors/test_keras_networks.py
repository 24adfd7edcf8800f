"""Networks of Keras: their preprocessing and outputs against Keras' own, layers, and weights of every kind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from vision.errors import BadSetting, ModelUnavailable
from vision.extractors import canonical, load
from vision.extractors.base import Extractor
from vision.extractors.keras_network import assemble, layer_names, load_weights
from vision.extractors.networks import NETWORKS, Network
from vision.extractors.scaling import pixels
from vision.extractors.tensorflow_runtime import keras
from vision.extractors.weights import keras_cache

pytestmark = [pytest.mark.model, pytest.mark.slow]

MODULES = {
    "inception_v3": "inception_v3",
    "resnet50": "resnet50",
    "vgg16": "vgg16",
    "mobilenet_v2": "mobilenet_v2",
}
INCEPTION = NETWORKS["inception_v3"]


def photos(count: int) -> list[Image.Image]:
    random = np.random.default_rng(5)
    small = random.integers(0, 256, size=(count, 12, 9, 3), dtype=np.uint8)
    return [Image.fromarray(each).resize((310, 400)) for each in small]


def prepared(network: Network, images: list[Image.Image]) -> NDArray[np.float32]:
    """The network's input as Keras' own preprocessing makes it."""
    side = network.side
    batch = np.stack([np.asarray(each.resize((side, side), Image.Resampling.BILINEAR)) for each in images])
    module = getattr(keras().applications, MODULES[network.name])
    return np.asarray(module.preprocess_input(batch.astype(np.float32)), dtype=np.float32)


def save_as_published(model: Any, path: Path) -> Path:
    """A model's weights in the format of the published files."""
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    h5py = pytest.importorskip("h5py")
    with warnings.catch_warnings(), h5py.File(path, "w") as file:
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy keyword", DeprecationWarning)
        save_weights_to_hdf5_group(file, model)
    return path


def close(actual: NDArray[np.float32], expected: NDArray[np.float32]) -> bool:
    return actual.shape == expected.shape and bool(np.abs(actual - expected).max() <= 1e-4 * np.abs(expected).max())


@pytest.fixture(scope="module")
def model() -> Any:
    """Keras' own InceptionV3 with random weights, of a size at which signals neither vanish nor explode."""
    module = keras()
    module.utils.set_random_seed(11)
    network = module.applications.InceptionV3(include_top=False, weights=None, pooling="avg")
    for variable in network.trainable_weights:
        if variable.path.endswith("kernel"):
            variable.assign(variable * 1.4)
    return network


@pytest.fixture(scope="module")
def weights_file(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_as_published(model, tmp_path_factory.mktemp("weights") / INCEPTION.headless.name)


@pytest.fixture(scope="module")
def expected(model: Any) -> NDArray[np.float32]:
    """What Keras' model, fed by Keras' own preprocessing, gives for the photos."""
    return np.asarray(model(prepared(INCEPTION, photos(17)), training=False), dtype=np.float32)


@pytest.fixture(scope="module")
def extractor(weights_file: Path) -> Extractor:
    return load("inception_v3", weights=str(weights_file))


def test_outputs_are_keras_own(extractor: Extractor, expected: NDArray[np.float32]) -> None:
    assert expected.std() > 0.01
    vectors = extractor.extract(photos(17))
    assert vectors.dtype == np.float32 and close(vectors, expected)


def test_a_vector_does_not_depend_on_its_batch(extractor: Extractor, expected: NDArray[np.float32]) -> None:
    alone = np.concatenate([extractor.extract([photo]) for photo in photos(3)])
    assert close(alone, extractor.extract(photos(17))[:3])
    assert extractor.extract([]).shape == (0, 2048)


@pytest.mark.parametrize("name", NETWORKS)
def test_preprocessing_is_keras_own(name: str) -> None:
    network = NETWORKS[name]
    values = np.arange(256, dtype=np.uint8)
    every = np.stack([np.broadcast_to(values, (256, 256)), np.broadcast_to(values[:, None], (256, 256))], axis=-1)
    image = Image.fromarray(np.concatenate([every, every[::-1, ::-1, :1]], axis=-1))
    image = image.resize((network.side, network.side))
    ours = pixels([image], (network.side, network.side), network.scale)
    np.testing.assert_array_equal(ours, prepared(network, [image]))


class Asked(Exception):
    """Which file Keras wanted to download."""


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("top", [False, True])
def test_the_files_are_those_that_keras_asks_for(name: str, top: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_file(fname: str, origin: str, cache_subdir: str = "", file_hash: str | None = None) -> str:
        raise Asked(fname, origin, file_hash)

    keras()
    from keras.src.utils import file_utils

    monkeypatch.setattr(file_utils, "get_file", get_file)
    network = NETWORKS[name]
    side = network.side
    with pytest.raises(Asked) as asked:
        getattr(keras().applications, network.constructor)(include_top=top, input_shape=(side, side, 3))
    file = network.whole if top else network.headless
    assert asked.value.args == (file.name, file.url, file.md5)


@pytest.mark.parametrize("spec", [*NETWORKS, "vgg16@fc2"])
def test_canonical_vectors(spec: str) -> None:
    seeded = load(spec, weights="random:0")
    vector = seeded.extract([canonical.picture()])[0]
    network = NETWORKS[spec.partition("@")[0]]
    assert (seeded.info.dims, seeded.info.input_size) == (len(vector), (network.side, network.side))
    assert seeded.info.dims == (4096 if spec == "vgg16@fc2" else network.dims)
    deviation = canonical.deviation(seeded.fingerprint, vector)
    assert deviation is not None and deviation <= canonical.TOLERANCE
    mirrored = seeded.extract([canonical.picture().transpose(Image.Transpose.FLIP_LEFT_RIGHT)])[0]
    far = canonical.deviation(seeded.fingerprint, mirrored)
    assert far is not None and far > canonical.TOLERANCE


def test_layers_of_the_headless_network(weights_file: Path, model: Any) -> None:
    inner = load(f"inception_v3@mixed7:{weights_file}")
    cut = keras().Model(model.input, model.get_layer("mixed7").output)
    maps = np.asarray(cut(prepared(INCEPTION, photos(2)), training=False))
    assert maps.ndim == 4 and inner.info.dims == maps.shape[-1] == 768
    assert close(inner.extract(photos(2)), maps.mean(axis=(1, 2)))
    assert inner.info.name == "inception_v3@mixed7" and inner.fingerprint.startswith("inception_v3@mixed7-")


def test_layers_of_the_head_need_the_whole_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = keras()
    module.utils.set_random_seed(2)
    whole = module.applications.MobileNetV2(weights=None)
    network = NETWORKS["mobilenet_v2"]
    for variable in whole.trainable_weights:
        if variable.path.endswith("kernel"):
            variable.assign(variable * 1.6)
    save_as_published(whole, tmp_path / network.whole.name)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "none"))
    classes = load("mobilenet_v2@predictions", models=tmp_path)
    expected = np.asarray(whole(prepared(network, photos(2)), training=False), dtype=np.float32)
    assert classes.info.dims == 1000 and close(classes.extract(photos(2)), expected)
    with pytest.raises(ModelUnavailable, match="does not hold MobileNetV2's weights without its classifier"):
        load(f"mobilenet_v2:{tmp_path / network.whole.name}")


def test_pool5_of_resnet50_is_its_last_layer_of_that_name() -> None:
    pool5, named = load("resnet50", weights="random:3"), load("resnet50@avg_pool", weights="random:3")
    np.testing.assert_array_equal(pool5.extract(photos(1)), named.extract(photos(1)))


@pytest.mark.parametrize(
    ("spec", "accepted"),
    [
        ("resnet50@conv9", "accepted: conv1_pad, conv1_conv, .*, conv5_block3_out, avg_pool, predictions"),
        ("vgg16@fc3", "accepted: block1_conv1, .*, block5_pool, flatten, fc1, fc2, predictions"),
        ("inception_v3@conv2d_5", "accepted: mixed0, .*, mixed10, predictions"),
        ("mobilenet_v2@x", "accepted: Conv1, bn_Conv1, .*, out_relu, predictions"),
    ],
)
def test_unknown_layers_are_refused_before_weights_are_looked_for(spec: str, accepted: str) -> None:
    with pytest.raises(BadSetting, match=f"has no layer '.*'; {accepted}$"):
        load(spec, weights="nowhere.h5")


@pytest.mark.parametrize("name", NETWORKS)
def test_layers_have_the_same_names_whenever_a_network_is_built(name: str) -> None:
    first, second = (layer_names(assemble(NETWORKS[name])) for _ in range(2))
    assert first == second and len(first) > 10


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
    (keras_cache() / INCEPTION.headless.name).symlink_to(weights_file)
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
        with pytest.raises(ModelUnavailable, match=f"{path.name} does not hold InceptionV3's weights without"):
            load_weights(model, INCEPTION, path)


def test_random_weights_are_seeded_and_marked() -> None:
    first = load("inception_v3", weights="random:7")
    assert "speed only" in first.info.source and first.info.weights_hash == "random:7"
    assert first.fingerprint == "inception_v3-f8ec60ce5b12"  # collections carry it: it must stay
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
