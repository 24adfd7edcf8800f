"""Backups that are damaged, half, newer or older, and what is there already: refused before anything is touched."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.backup.place import Place
from vision.backup import manifest, restoring, saving
from vision.backup.manifest import Manifest
from vision.errors import BadInput, Conflict, NotFound
from vision.solr.vectors import Keeping

pytestmark = [pytest.mark.solr, pytest.mark.model]
SEED = 5
FLIPPED = 12


def files(folder: Path) -> dict[str, bytes]:
    """What a home folder holds, less the lock's file and the list of jobs."""
    left_out = {"backup.lock", "jobs"}
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.relative_to(folder).parts[0] not in left_out
    }


def test_what_is_there_is_not_replaced_unless_asked(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    assert place.run("backup", folder).returncode == 0
    again = place.run("backup", folder)
    assert again.returncode == 1 and f"{folder} is not empty" in again.stderr
    change, before = place.change(1, 2), place.colors()
    there, home = place.contents(), files(place.home)

    refused = place.run("restore", folder)
    assert refused.returncode == 1
    assert f"Error: collection '{place.name}', " in refused.stderr and "say --replace to do so" in refused.stderr
    assert (place.contents(), files(place.home)) == (there, home)

    # An older state is had back on request, journal and all: the change never was.
    replaced = place.done("restore", folder, "--replace")
    assert (replaced["replaced"], replaced["documents"]) == (True, 60)
    assert {color for colors in place.colors().values() for color in colors} == {"red", "green", "blue"}
    with pytest.raises(NotFound, match="change"):
        place.undo(change)
    assert place.change(1, 2) and place.colors() == before
    assert place.done("restore", folder, "--replace")["replaced"]


def test_another_collection_beside_it(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    place.done("backup", folder)
    other = Place(tmp_path, f"{place.name}_2", place.url)
    try:
        found = place.done("restore", folder, "--collection", other.name)
        assert (found["collection"], found["documents"]) == (other.name, 60)
        assert other.contents() == place.contents()
        assert {each.collection for each in place.workspace.catalogues().all()} == {place.name, other.name}
        tuned = place.workspace.tuned().load(other.name)
        assert tuned is not None and (tuned.collection, tuned.candidates) == (other.name, 150)
    finally:
        other.drop()


def flip(path: Path, seeded: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[seeded.randrange(len(content))] ^= 1 << seeded.randrange(8)
    path.write_bytes(bytes(content))


def test_damaged_ones(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    saving.back_up(place.workspace, folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    seeded = random.Random(SEED)
    there, home = place.contents(), files(place.home)
    for path in [folder / manifest.FILE, *seeded.sample(paths, FLIPPED)]:
        for damage in ("flipped", "shorter", "gone"):
            whole = path.read_bytes()
            if damage == "flipped":
                flip(path, seeded)
            elif damage == "shorter":
                path.write_bytes(whole[:-1])
            else:
                path.unlink()
            with pytest.raises((BadInput, NotFound), match="damaged|no finished backup") as raised:
                restoring.restore(place.workspace, folder, replace=True)
            said = f"seed {SEED}: {path} {damage}: {raised.value}"
            assert path.name == manifest.FILE or str(path.relative_to(folder)) in str(raised.value), said
            path.write_bytes(whole)
    assert (place.contents(), files(place.home)) == (there, home)
    assert restoring.restore(place.workspace, folder, replace=True).documents == 60


def rewritten(folder: Path, change: Callable[[Manifest], Manifest]) -> None:
    manifest.write(change(manifest.read(folder)), folder)


def test_of_other_releases(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    saving.back_up(place.workspace, folder)
    made = manifest.read(folder)
    cases = {
        "format 2": lambda found: msgspec.structs.replace(found, format=2),
        "written by Solr 10.0.0": lambda found: with_index(found, version="10.0.0"),
        "written by Solr 9.11.0": lambda found: with_index(found, version="9.11.0"),
        "written by Solr 7.7.3": lambda found: with_index(found, version="7.7.3"),
        "of a cloud Solr": lambda found: with_index(found, mode="cloud"),
    }
    for said, change in cases.items():
        rewritten(folder, change)
        with pytest.raises(Conflict, match=said):
            restoring.restore(place.workspace, folder, replace=True)
        manifest.write(made, folder)
    rewritten(folder, lambda found: with_index(found, version="8.11.4"))
    assert restoring.restore(place.workspace, folder, replace=True).documents == 60


def with_index(found: Manifest, **changes: str) -> Manifest:
    return msgspec.structs.replace(found, index=msgspec.structs.replace(found.index, **changes))


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "home/../../evil", "home\\evil", "C:/evil", ""])
def test_no_path_leads_out_of_the_backup(path: str, tmp_path: Path) -> None:
    index = manifest.Index("9.10.1", "standalone", "s", Keeping.STORED, 256, 1, [])
    entries = [manifest.Entry(path, 1, "0" * 64)]
    manifest.write(Manifest(1, "0", "now", "shop", index, [], False, entries), tmp_path)
    with pytest.raises(BadInput, match="is damaged"):
        manifest.read(tmp_path)


def test_a_failing_restore_leaves_everything_as_it_was(place: Place, tmp_path: Path) -> None:
    """The index does not hold what the manifest says: found after Solr has read it, before anything is replaced."""
    folder = tmp_path / "backup"
    saving.back_up(place.workspace, folder)
    place.change(7)
    there, home = place.contents(), files(place.home)
    rewritten(folder, lambda found: with_index(found, embeddings=["another"]))  # type: ignore[arg-type]
    with pytest.raises(Exception, match="look into Solr's log"):
        restoring.restore(place.workspace, folder, replace=True)
    assert (place.contents(), files(place.home)) == (there, home)
    with place.client() as client:
        cores = client.admin("admin/cores", action="STATUS", indexInfo="false")["status"]
    assert [name for name in cores if name.startswith(place.name)] == [place.name]
    shutil.rmtree(folder)
