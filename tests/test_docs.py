"""What the documents say, held against the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import click
import pytest

from vision.cli import main
from vision.settings import Settings

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(path for path in ROOT.rglob("*.md") if not {".venv", "node_modules"} & set(path.parts))


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def command(words: list[str]) -> click.Command:
    found: click.Command = main
    for word in words:
        if not isinstance(found, click.Group):
            break
        context = click.Context(found)
        inner = found.get_command(context, word)
        assert inner is not None, f"there is no command visual-search {' '.join(words)}"
        found = inner
    return found


def test_readme_begins_with_the_two_commands() -> None:
    commands = [line.split("#")[0].strip() for line in text("README.md").splitlines() if line.startswith("    make ")]
    assert commands[:2] == ["make demo", "make test"]


def test_every_setting_is_documented_and_nothing_else() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*) \|$", text("docs/settings.md"), flags=re.MULTILINE)
    assert {(variable, meaning) for variable, _, meaning in rows} == {
        (each.metadata["env"], each.metadata["doc"]) for each in fields(Settings)
    }


def test_every_route_and_member_is_documented_and_nothing_else(tmp_path: Path) -> None:
    from api.app import create_app
    from api.openapi import document
    from vision.search.request import SearchRequest

    content = text("docs/http.md")
    routes = document(create_app(Settings(home=tmp_path)))["paths"]
    named = set(re.findall(r"^\| `([A-Z]+) (/\S+)`", content, flags=re.MULTILINE))
    assert named == {(method.upper(), path) for path, methods in routes.items() for method in methods}
    rows = re.findall(
        r"^\| ((?:`\w+`(?:, )?)+) \|", content.split("## A search")[1].split("\n## ")[0], flags=re.MULTILINE
    )
    assert {name for row in rows for name in re.findall(r"\w+", row)} == set(SearchRequest.__struct_fields__)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_and_their_options_exist(path: Path) -> None:
    content = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for line in re.findall(r"^(?: {4}|\$ )(?:\S+/)?visual-search (.*)$", content, flags=re.MULTILINE):
        words = re.split(r" [#|>&]", line)[0].split()
        found = command([word for word in words if not word.startswith("-")][:2])
        known = {name for parameter in found.params for name in parameter.opts}
        options = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)} - {"--help", "--version"}
        assert options <= known, f"{path.name}: {line}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"


def test_make_targets_named_in_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), flags=re.MULTILINE))
    for path in DOCUMENTS:
        named = set(re.findall(r"`make ([a-z-]+)", path.read_text(encoding="utf-8")))
        assert named <= targets, path


def test_no_registry_host_is_named_anywhere() -> None:
    # Written in two parts, so that this file does not name them either.
    parts = (("pypi", ".org"), ("pythonhosted", ".org"), ("repo1", ".maven"), ("maven", ".org"), ("npmjs", ".org"))
    hosts = ["".join(part) for part in parts]
    ignored = {".venv", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__"}
    for path in ROOT.rglob("*"):
        if path.is_file() and not ignored & set(path.parts) and path.stat().st_size < 2_000_000:
            content = path.read_bytes()
            for host in hosts:
                assert host.encode() not in content, f"{path} names {host}"
