"""The compose files, held against the schema of the Compose specification."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docker.test_files import COMPOSE, DOCKER


def refused(file: Path) -> str:
    """What the schema says against a file, or nothing."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@pytest.mark.parametrize("name", COMPOSE)
def test_compose_files_are_what_compose_reads(name: str) -> None:
    assert refused(DOCKER / name) == ""


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("read_only: true", "readonly: true", "readonly"),
        ("condition: service_healthy", "condition: healthy", "healthy"),
        ("retries: 12", "retries: [12]", "retries"),
    ],
)
def test_what_compose_would_refuse_is_refused(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    text = (DOCKER / "compose.yml").read_text()
    assert right in text
    (tmp_path / "compose.yml").write_text(text.replace(right, wrong, 1))
    assert said in refused(tmp_path / "compose.yml")
