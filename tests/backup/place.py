"""A home folder, a collection in it with everything that a backup holds, and what it answers."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.catalog.support import COLUMNS, draw, row, write
from tests.extractors.onnx_file import grey_file
from tests.merchandising.material import proposal
from vision.backup import indexes
from vision.search.request import parse
from vision.search.steering.calibration import Calibration, Calibrations
from vision.search.steering.categories import learn
from vision.search.tuned import Tuned
from vision.settings import Settings
from vision.solr import configset
from vision.solr.client import SolrClient
from vision.workspace import Workspace

PICTURES = 250
QUERIES = 500
_WORDS = ("thing", "red thing", "green", "blue thing 7", "thing 12")
_SIDE = 8


@dataclass(frozen=True)
class Place:
    """``url`` None means the embedded Solr of the home folder."""

    folder: Path
    name: str
    url: str | None = None
    port: int = 8983

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def model(self) -> Path:
        return self.home / "models" / "grey.onnx"

    @property
    def settings(self) -> Settings:
        here = Settings.from_environment()
        return Settings(home=self.home, cache=here.cache, solr_url=self.url, solr_port=self.port, collection=self.name)

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.settings)

    def run(self, *words: str | Path, script: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        """``visual-search`` in a process of its own."""
        variables = {name: value for name, value in os.environ.items() if not name.startswith("VISUAL_SEARCH_")}
        variables |= {
            "SOLR_URL": self.url or "",
            "VISUAL_SEARCH_HOME": str(self.home),
            "VISUAL_SEARCH_CACHE": str(self.settings.cache),
            "VISUAL_SEARCH_COLLECTION": self.name,
            "VISUAL_SEARCH_SOLR_PORT": str(self.port),
        }
        begun = script or ("-c", "from vision.cli import main; main()")
        return subprocess.run(
            [sys.executable, *begun, *map(str, words)],
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
        )

    def done(self, *words: str | Path) -> dict[str, Any]:
        """What a command that goes well prints with ``--json``."""
        ran = self.run(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        return dict(json.loads(ran.stdout))

    def client(self) -> SolrClient:
        return self.workspace.client()

    def drop(self) -> None:
        with self.client() as client:
            if configset.exists(client):
                configset.drop(client)

    def wipe(self) -> None:
        """Of a Solr that is not of this home: the collection and the home folder."""
        self.drop()
        shutil.rmtree(self.home)

    def fill(self, *, pictures: int = PICTURES, vectors: str = "stored") -> None:
        """Everything that a backup holds: an index of a model of the user's own, and what was said of it since."""
        images = self.folder / "catalogue" / "images"
        images.mkdir(parents=True, exist_ok=True)
        for number in range(pictures):
            (images / f"{number}.png").write_bytes(draw(number, 32))
        file = write(images.parent / "catalogue.csv", map(row, range(pictures)), COLUMNS)
        self.model.parent.mkdir(parents=True)
        self.model.write_bytes(grey_file(_SIDE, _SIDE))
        found = self.done("index", file, "--extractor", f"onnx:{self.model}", "--vectors", vectors)
        assert found["indexed"] == pictures, found
        workspace = self.workspace
        with workspace.client() as client:
            (embedding,) = indexes.embeddings(client)
        calibration = Calibration(embedding, "color", [1.0, 2.0], [0.5], learn("color", []))
        Calibrations(workspace.store().folder).save(self.name, calibration)
        workspace.tuned().save(Tuned(self.name, embedding, pictures, 150, 7, "2026-01-01T00:00:00+00:00", {}))
        profile = workspace.profiles().make()
        workspace.profiles().add(profile.id, ["p00001"], ["p00002"])

    def change(self, *numbers: int) -> str:
        """Accept that these products are mauve; returns the change set's id."""
        with self.client() as client:
            proposals = [proposal(f"p{number:05d}", [row(number)["color"]], ["mauve"]) for number in numbers]
            desk = self.workspace.desk(client)
            desk.proposals.save(proposals)
            return desk.accept([each.id for each in proposals], by="Ada").id

    def undo(self, change: str) -> str:
        with self.client() as client:
            return str(self.workspace.desk(client).undo(change, by="Ada").state)

    def colors(self) -> dict[str, list[str]]:
        with self.client() as client:
            client.commit()
            found = client.select({"rows": 10_000, "fl": "id,attr_color"})["response"]["docs"]
        return {each["id"]: each["attr_color"] for each in found}

    def contents(self) -> Mapping[str, Any]:
        """Every document, its vectors too, less what a commit makes anew."""
        with self.client() as client:
            client.commit()
            params = {"rows": 10_000, "fl": "*,vector,coarse", "sort": "id asc"}
            found = client.select(params)["response"]["docs"]
        return {each["id"]: {name: _plain(value) for name, value in each.items()} for each in found}

    def answers(self, seed: int = 1, pictures: int = PICTURES, queries: int = QUERIES) -> list[Any]:
        """Ids, scores and distances of the first 20, totals and facets, of photos, products and words by chance."""
        chosen = random.Random(seed)
        found = []
        with self.workspace.client() as client:
            engine = self.workspace.engine(client)
            for number in range(queries):
                kind = number % 4
                words = {"q": chosen.choice(_WORDS)} if kind != 1 else {}
                near = {"image_id": f"p{chosen.randrange(pictures):05d}"} if kind in (1, 2) else {}
                filters = {"filters": {"color": [chosen.choice(("red", "green", "blue"))]}} if kind else {}
                mode = {"mode": chosen.choice(("auto", "exact", "approximate"))} if near else {}
                request = parse({"rows": 20, "facets": ["color"]} | words | near | filters | mode)
                photo = draw(10_000 + number, 32) if kind == 3 else None
                result = engine.search(request, photo)
                hits = [(hit.id, hit.score, hit.distance) for hit in result.hits]
                found.append((hits, result.total, result.facets))
        assert sum(bool(hits) for hits, _, _ in found) > queries // 2
        return found


def _plain(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else value
