from __future__ import annotations

from pathlib import Path

import pytest

from vision.solr.embedded.repositories import maven_context, mirror_of_central

SETTINGS = """<settings xmlns="urn:any:maven-settings"><mirrors>
  <mirror><mirrorOf>other</mirrorOf><url>http://other.test/</url></mirror>
  <mirror><mirrorOf>{of}</mirrorOf><url> http://mirror.test/maven/ </url></mirror>
</mirrors></settings>"""


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        ("central", "http://mirror.test/maven"),
        ("*", "http://mirror.test/maven"),
        ("snapshots, central", "http://mirror.test/maven"),
        ("external:*", "http://mirror.test/maven"),
        ("*,!central", None),
        ("snapshots", None),
    ],
)
def test_mirror(tmp_path: Path, of: str, expected: str | None) -> None:
    path = tmp_path / "settings.xml"
    path.write_text(SETTINGS.format(of=of))
    assert mirror_of_central(path) == expected


def test_no_settings_and_broken_settings(tmp_path: Path) -> None:
    assert mirror_of_central(tmp_path / "settings.xml") is None
    (tmp_path / "settings.xml").write_text("<settings>")
    assert mirror_of_central(tmp_path / "settings.xml") is None


def test_context_follows_jgo_and_maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("jgo")
    config = tmp_path / "jgo.conf"
    config.write_text("[repositories]\ncentral = http://jgo.test/maven\nmore = http://more.test/\n")
    monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
    monkeypatch.setenv("M2_REPO", str(tmp_path))
    context = maven_context(tmp_path / "cache", tmp_path / "settings.xml")
    assert context.remote_repos == {"central": "http://jgo.test/maven", "more": "http://more.test/"}
    assert context.repo_cache == tmp_path / "cache"
    assert context.local_repos == [tmp_path]
    (tmp_path / "settings.xml").write_text(SETTINGS.format(of="*"))
    mirrored = maven_context(tmp_path / "cache", tmp_path / "settings.xml")
    assert mirrored.remote_repos["central"] == "http://mirror.test/maven"
