"""What is depended on: pinned, hashed, licensed; and that the audit finds what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import audit

HASH = "--hash=sha256:" + "0" * 64
LOCK = f"""a==1.0 \\
    {HASH} \\
    {HASH}
B.c==2.1 ; sys_platform == 'linux' {HASH}  # a comment
"""


@pytest.mark.parametrize("name", audit.LOCKS)
def test_every_package_is_pinned_with_its_hashes(name: str) -> None:
    lock = (audit.ROOT / name).read_text()
    assert len(audit.pins(lock)) > 40 and audit.unpinned(lock) == []


@pytest.mark.parametrize(
    "line",
    [
        "d>=1",
        "d==1.0",
        f"d>=1 {HASH}",
        "d @ https://x.example/d.whl",
        "-e .",
        "--index-url https://x",
        f"git+https://x#egg=d {HASH}",
    ],
)
def test_what_is_not_pinned_is_found(line: str) -> None:
    assert audit.unpinned(LOCK) == [] and len(audit.unpinned(f"{LOCK}{line}\n")) == 1


def test_what_is_not_locked_is_found() -> None:
    project = {"dependencies": ["a>=1"], "optional-dependencies": {"x": ["b_c>=2,<3", "b-c>=2.2", "d"]}}
    assert audit.unlocked(project, LOCK) == ["b-c>=2.2", "d"]


def test_licences() -> None:
    names = [each.name for each in audit.pins((audit.ROOT / "requirements-dev.lock").read_text())]
    assert audit.unlicensed(names) == []
    assert sum(audit.licence(each) is not None for each in names) > 60
    assert all(name in names and audit.refused(audit.licence(name) or "") for name in audit.EXCEPTIONS)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("MIT", False),
        ("Apache-2.0 OR BSD-3-Clause", False),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", False),
        ("License :: OSI Approved :: BSD License", False),
        ("GPL-3.0-only OR MIT", False),
        ("AGPL-3.0-or-later", True),
        ("GNU Affero General Public License v3", True),
        ("License :: OSI Approved :: GNU General Public License v2 (GPLv2)", True),
        ("MIT AND LGPL-2.1", True),
        ("SSPL-1.0", True),
        ("Apache-2.0 with Commons Clause", True),
        ("Proprietary", True),
        ("", True),
    ],
)
def test_which_licences_are_refused(text: str, refused: bool) -> None:
    assert audit.refused(text) is refused


def test_a_package_that_says_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, said in (("quiet", ""), ("copyleft", "License-Expression: AGPL-3.0-only\n"), ("fine", "License: MIT\n")):
        folder = tmp_path / f"{name}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{said}")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [each.partition(":")[0] for each in audit.unlicensed(["quiet", "copyleft", "fine", "not-installed"])] == [
        "copyleft",
        "quiet",
    ]


def test_what_was_not_looked_at_is_not_counted() -> None:
    """The forms are pip-audit's own: that of a mirror that has no advisories, and that of one that has."""
    skipped = {
        "name": "flask",
        "skip_reason": "Dependency not found on the index and could not be audited: flask (3.1.3)",
    }
    known = {"name": "a", "version": "1.0", "vulns": []}
    hit = {"name": "b", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}]}
    assert audit.vulnerable({"dependencies": [skipped], "fixes": []}) == ([], 0)
    assert audit.vulnerable({"dependencies": [skipped, known, hit], "fixes": []}) == (
        ["b 2.0: PYSEC-1, fixed in 2.1"],
        2,
    )
