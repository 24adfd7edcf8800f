"""Every step of the Dockerfile, really taken: in an empty virtual environment, other folders in the place of its own.

What only a container can show stays open: the base image, its Python, and a root file system that is read-only.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.docker.dockerfile import Stage, read
from tests.docker.test_files import DOCKER
from vision.solr.embedded.home import choose_port

pytestmark = [pytest.mark.slow]

ROOT = DOCKER.parent
KEY = "a key of the container"


@dataclass(frozen=True)
class Built:
    """Where the image's folders are."""

    root: Path
    final: Stage

    def moved(self, text: str) -> str:
        """Paths of the image as those here."""
        return re.sub(r"(?<![\w.])/(venv|src|data)\b", lambda found: f"{self.root}/{found[1]}", text)

    def environ(self, **more: str) -> dict[str, str]:
        """What the container has, and nothing of ours."""
        given = {name: self.moved(value) for name, value in self.final.environment().items()}
        given["PATH"] = given["PATH"].replace("$PATH", os.environ["PATH"])
        return given | {"HOME": str(self.root / "data"), "LANG": "C.UTF-8"} | more


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """The first stage, step by step; its environment is of 2 GB, so it goes again."""
    root = tmp_path_factory.mktemp("image")
    first, final = read(DOCKER / "Dockerfile")
    image = Built(root, final)
    (root / "home").mkdir()
    (root / "data").mkdir()
    environ = {
        "PATH": f"{_python(root)}:/usr/bin:/bin",
        "HOME": str(root / "home"),
        **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_")) or "proxy" in name},
        **first.environment(),
    }
    try:
        where = root
        for name, text in first.steps:
            if name == "WORKDIR":
                where = Path(image.moved(text))
                where.mkdir(exist_ok=True)
            elif name == "COPY":
                *sources, target = text.split()
                for source in sources:
                    _copy(ROOT / source, where / target)
            elif name == "RUN":
                command = image.moved(re.sub(r"--mount=\S+\s+", "", text))
                done = subprocess.run(["sh", "-ec", command], cwd=where, env=environ, capture_output=True, text=True)
                if done.returncode and _unreachable(environ, image):
                    pytest.skip("packages cannot be had from here")
                assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            else:
                assert name == "ENV", f"{name} is not tried here"
        shutil.rmtree(root / "src")  # the final image has none of it
        yield image
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _python(root: Path) -> Path:
    """A folder with ``python``, as the base image has it: this interpreter without its packages."""
    folder = root / "bin"
    folder.mkdir()
    (folder / "python").symlink_to(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    return folder


def _copy(source: Path, target: Path) -> None:
    """As ``COPY`` does it, without what Dockerfile.dockerignore leaves out."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copy(source, target / source.name if target.is_dir() else target)


def _unreachable(environ: Mapping[str, str], image: Built) -> bool:
    pip = image.moved("/venv/bin/pip")
    command = [pip, "download", "--quiet", "--no-deps", "--dest", str(image.root / "one"), "click==8.1.8"]
    return subprocess.run(command, env=dict(environ), capture_output=True).returncode != 0


def test_the_command_line_is_there(built: Built) -> None:
    done = subprocess.run(
        ["visual-search", "--help"], env=built.environ(), cwd=built.root / "data", capture_output=True, text=True
    )
    assert done.returncode == 0 and "Visual product search on Apache Solr" in done.stdout
    check = [str(built.root / "venv" / "bin" / "pip"), "check", "--disable-pip-version-check"]
    assert subprocess.run(check, env=built.environ(), capture_output=True).returncode == 0


def test_without_keys_it_is_refused(built: Built) -> None:
    done = subprocess.run(
        built.final.command(), env=built.environ(), cwd=built.root / "data", capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 2 and "VISUAL_SEARCH_API_KEYS" in done.stderr


def test_it_serves_is_healthy_and_writes_nowhere_but_in_its_volume(built: Built) -> None:
    keys = built.root / "keys.json"
    keys.write_text(json.dumps({"shopper": [KEY]}))
    port = str(choose_port(0))
    assert built.final.command()[-1] == "8080" and "8080" in built.final.health()[-1]
    before = _files(built.root / "venv")
    environ = built.environ(VISUAL_SEARCH_API_KEYS=str(keys), SOLR_URL="http://127.0.0.1:9/solr")
    health = [word.replace("8080", port) for word in built.final.health()]
    assert subprocess.run(health, env=environ, capture_output=True, timeout=60).returncode != 0  # nothing runs yet
    command = [*built.final.command()[:-1], port]
    with subprocess.Popen(command, env=environ, cwd=built.root / "data") as process:
        try:
            deadline = time.monotonic() + 60
            while subprocess.run(health, env=environ, capture_output=True, timeout=60).returncode:
                assert process.poll() is None and time.monotonic() < deadline
                time.sleep(0.5)
            url = f"http://127.0.0.1:{port}"
            assert requests.post(f"{url}/v1/search", json={"q": "x"}, timeout=30).status_code == 401
            asked = requests.post(f"{url}/v1/search", json={"q": "x"}, headers={"X-API-Key": KEY}, timeout=60)
            assert asked.status_code == 503  # there is no Solr
        finally:
            process.terminate()
            assert process.wait(60) == 0
    assert _files(built.root / "venv") == before


def _files(folder: Path) -> set[tuple[str, int]]:
    return {(str(path), path.stat().st_size) for path in folder.rglob("*") if path.is_file()}


def test_the_user_that_it_runs_as_can_be_made(built: Built, tmp_path: Path) -> None:
    """The final stage's one step, on a copy of the files that it changes; only root can, and in a mount space apart."""
    steps = [text for name, text in built.final.steps if name == "RUN"]
    assert len(steps) == 1
    shutil.copytree("/etc", tmp_path / "etc", symlinks=True, ignore_dangling_symlinks=True)
    made = re.sub(r"/data\b", str(tmp_path / "data"), steps[0])
    script = f"mount --bind {tmp_path}/etc /etc && {made} && stat -c '%u:%g' {tmp_path}/data && getent passwd app"
    if os.geteuid() or subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("needs root and a mount space of its own")
    done = subprocess.run(["unshare", "-m", "sh", "-ec", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "10001:10001"
    assert done.stdout.splitlines()[1].startswith("app:x:10001:10001:")
