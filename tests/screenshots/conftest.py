"""The pictures in the documents are made by tests: `make screenshots` writes them to docs/images."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.api.shop import serving
from vision.demo.preparation import prepare
from vision.search.request import parse
from vision.search.steering import calibration
from vision.settings import Settings
from vision.workspace import DEMO_COLLECTION, Workspace

PRODUCTS = int(os.environ.get("SCREENSHOT_PRODUCTS", "300"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where they go."""
    wanted = os.environ.get("SCREENSHOTS")
    return Path(wanted) if wanted else tmp_path_factory.mktemp("screenshots")


@pytest.fixture(scope="session")
def demo(solr_url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, bytes]:
    """The indexed demo, and a photo of two of the demo's things beside each other."""
    home = tmp_path_factory.mktemp("demo")
    settings = Settings(home=home, solr_url=solr_url, collection=DEMO_COLLECTION)
    workspace = Workspace(settings)
    ready = prepare(workspace, products=PRODUCTS, extractor="compact", progress=lambda stage, done, total: None)
    with workspace.client() as client:
        embedding = workspace.engine(client).collection.embedding()
        known = calibration.calibrate(client, embedding, "category", sample=100)
        calibration.Calibrations(workspace.store().folder).save(client.collection, known)
    dress = Image.open(ready.photo)
    engine = workspace.engine()
    bag = engine.search(parse({"q": "bag", "rows": 1})).hits[0]
    other = Image.open(ready.drawn.folder / str(bag.image))
    scene = Image.new("RGB", (1500, 1100), dress.convert("RGB").resize((1, 1)).getpixel((0, 0)))
    scene.paste(dress.resize((1040, 1040)), (0, 30))
    scene.paste(other.resize((440, 440)), (1040, 330))
    buffer = io.BytesIO()
    scene.save(buffer, "JPEG", quality=92)
    return settings, buffer.getvalue()


@pytest.fixture(scope="session")
def url(demo: tuple[Settings, bytes]) -> Iterator[str]:
    """A server of the demo."""
    with serving(demo[0]) as found:
        yield found
