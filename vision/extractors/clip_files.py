"""The files of a CLIP: their names in a folder, where the folder is, and the published ones.

The published ones are the conversion of OpenAI's CLIP ViT-B/32 to ONNX by Qdrant, on the Hugging Face Hub, fetched by
that hub's own client. Sizes and SHA-256 sums are those that other projects pin for the same files.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vision.errors import ModelUnavailable
from vision.extractors.base import Located, ModelFile, file_hash
from vision.extractors.weights import Told, keras_cache, reach, short, watched

FOLDER: Final = "clip"
VISION: Final = "vision_model.onnx"
TEXT: Final = "text_model.onnx"
TOKENIZER: Final = "tokenizer.json"
CONVERTER: Final = "preprocessor_config.json"
LICENCE: Final = "MIT"
SOURCE: Final = "Radford and others, OpenAI (2021); ONNX conversion by Qdrant"


@dataclass(frozen=True)
class Files:
    """The four files of one CLIP."""

    vision: Path
    text: Path
    tokenizer: Path
    converter: Path

    @property
    def models(self) -> tuple[Path, Path, Path]:
        """Those whose content decides the vectors of pictures and of words; the converter's settings count apart."""
        return (self.vision, self.text, self.tokenizer)


@dataclass(frozen=True)
class _Published:
    """One file as it is published, and the name it is kept under."""

    kept: str
    repository: str
    name: str
    bytes: int
    sha256: str


_IMAGES: Final = "Qdrant/clip-ViT-B-32-vision"
_WORDS: Final = "Qdrant/clip-ViT-B-32-text"
PUBLISHED: Final = (
    _Published(
        VISION, _IMAGES, "model.onnx", 351_686_194, "c68d3d9a200ddd2a8c8a5510b576d4c94d1ae383bf8b36dd8c084f94e1fb4d63"
    ),
    _Published(
        TEXT, _WORDS, "model.onnx", 254_102_519, "4dbe762b11e36488304471e439cde89da053ad7acaddbf9e096745d142ec8d8b"
    ),
    _Published(
        TOKENIZER, _WORDS, TOKENIZER, 2_224_147, "b68d571997a1f81bf521fb73806740ddb91e4ed6666cb6e996c066bb289cf55b"
    ),
    _Published(CONVERTER, _IMAGES, CONVERTER, 780, "ce945ef831c9972c135b5b198a03d8eeb70478cd69c0238f24caf1903a9965e6"),
)


def find(folder: Path | None, models: Path | None) -> Files:
    """The files of a folder: as given, or below the models folder; without one, ``clip`` there or in the Keras cache.

    Raises:
        ModelUnavailable: no folder in any of these places has all of them; says which are missing.
    """
    looked = _places(folder, models)
    missing: list[str] = [VISION, TEXT, TOKENIZER, CONVERTER]
    for place in looked:
        found = {name: _inside(place, name) for name in (VISION, TEXT, TOKENIZER, CONVERTER)}
        present = {name: path for name, path in found.items() if path is not None}
        if len(present) == len(found):
            return Files(present[VISION], present[TEXT], present[TOKENIZER], present[CONVERTER])
        missing = min(missing, [name for name in found if name not in present], key=len)
    hint = "docs/extractors.md says how to get them" if folder is not None else "`visual-search models fetch clip`"
    raise ModelUnavailable(f"no CLIP in {' or '.join(map(str, looked))}: {', '.join(missing)} missing; {hint}")


def listed(folder: Path | None, models: Path | None) -> tuple[ModelFile, ...]:
    """Each file and where it was found, without judging."""
    sizes = {each.kept: each.bytes for each in PUBLISHED} if folder is None else {}
    files = []
    for name in (VISION, TEXT, TOKENIZER, CONVERTER):
        paths = (_inside(place, name) for place in _places(folder, models))
        path = next((each for each in paths if each is not None), None)
        files.append(ModelFile(name, sizes.get(name), None if path is None else Located(path, str(path.parent))))
    return tuple(files)


def fetch(models: Path | None, told: Told | None = None) -> tuple[Located, ...]:
    """The published files in ``clip`` below the models folder, else below the Keras cache; missing ones downloaded.

    Raises:
        ModelUnavailable: no network, no client, or another file than the published one.
    """
    folder = (models or keras_cache()) / FOLDER
    total = sum(each.bytes for each in PUBLISHED)
    done = 0
    located = []
    for each in PUBLISHED:
        path = folder / each.kept
        if not path.is_file():
            _download(each, folder, None if told is None else _ahead(told, done, total))
            located.append(Located(path, "a download from the Hugging Face Hub"))
        else:
            _check(each, path)
            located.append(Located(path, str(folder)))
        done += each.bytes
        if told is not None:
            told(done, total)
    return tuple(located)


def _ahead(told: Told, before: int, total: int) -> Told:
    """Progress of one file as progress of all of them."""
    return lambda done, _: told(before + done, total)


def _download(file: _Published, folder: Path, told: Told | None) -> None:
    """Fetch one file by the hub's client into a folder aside, check it, and put it into its place."""
    try:
        from huggingface_hub import hf_hub_download, hf_hub_url
        from huggingface_hub.utils import disable_progress_bars
    except ImportError as error:
        raise ModelUnavailable(
            "fetching CLIP needs the package huggingface_hub, which is not installed: "
            "`pip install solr-visual-search[clip]`"
        ) from error
    try:
        reach(hf_hub_url(file.repository, file.name))  # without a network, the client tries for half a minute
        disable_progress_bars()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as aside:
            with watched(Path(aside), file.bytes, told):
                path = Path(hf_hub_download(file.repository, file.name, local_dir=aside))
            _check(file, path)
            path.replace(folder / file.kept)
    except ModelUnavailable:
        raise
    except Exception as error:  # the client's exceptions and those of its HTTP library share no base class
        raise ModelUnavailable(
            f"no CLIP: {file.name} of {file.repository} on the Hugging Face Hub could not be downloaded "
            f"({short(error)}); put it into {folder} as {file.kept}"
        ) from error


def _check(file: _Published, path: Path) -> None:
    found = file_hash(path)
    if found != file.sha256:
        raise ModelUnavailable(
            f"{path} is not {file.name} of {file.repository}: its SHA-256 is {found}, the published one's {file.sha256}"
        )


def _places(folder: Path | None, models: Path | None) -> list[Path]:
    if folder is None:
        return [place / FOLDER for place in (models, keras_cache()) if place is not None]
    given = folder.expanduser()
    return [given] if models is None or given.is_absolute() else [given, models / given]


def _inside(folder: Path, name: str) -> Path | None:
    """A file of the folder; models may lie in its folder ``onnx``, as conversions are often published."""
    return next((path for path in (folder / name, folder / "onnx" / name) if path.is_file()), None)
