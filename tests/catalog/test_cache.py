from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vision.catalog.cache import FeatureCache
from vision.detect import Region
from vision.errors import BadSetting, Conflict

KEYS = [bytes([n]) * 32 for n in range(5)]
VECTORS = {key: np.array([n, n / 3, -n], dtype=np.float32) for n, key in enumerate(KEYS)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "features.sqlite"


def test_what_is_put_is_there_after_closing(path: Path) -> None:
    with FeatureCache(path) as cache:
        cache.put("e1", {key: VECTORS[key] for key in KEYS[:3]})
    with FeatureCache(path) as cache:
        assert cache.known("e1", KEYS) == frozenset(KEYS[:3])
        assert cache.known("e2", KEYS) == frozenset()
        order = [KEYS[2], KEYS[0], KEYS[2]]
        found = cache.matrix("e1", order)
        assert found.dtype == np.float32
        assert np.array_equal(found, np.stack([VECTORS[key] for key in order]))


def test_regions_are_kept_by_detector_none_found_too(path: Path) -> None:
    region = Region((0.1, 0.25, 1 / 3, 0.5), "chair", 0.123456789)
    with FeatureCache(path) as cache:
        cache.put_regions("d1", {KEYS[0]: (region, region), KEYS[1]: ()})
    with FeatureCache(path) as cache:
        assert cache.get_regions("d1", KEYS) == {KEYS[0]: (region, region), KEYS[1]: ()}
        assert cache.get_regions("d2", KEYS) == {}


def test_more_pictures_than_one_question_takes(path: Path) -> None:
    keys = [n.to_bytes(32, "big") for n in range(1201)]
    with FeatureCache(path) as cache:
        cache.put("e", {key: np.array([n], dtype=np.float32) for n, key in enumerate(keys)})
        assert cache.matrix("e", keys[::-1])[:, 0].tolist() == list(range(1200, -1, -1))


def test_what_is_missing_is_an_error_that_says_what_to_do(path: Path) -> None:
    with FeatureCache(path) as cache:
        cache.put("e", {KEYS[0]: VECTORS[KEYS[0]]})
        with pytest.raises(Conflict, match="lost the features of 2 pictures; run the same command again"):
            cache.matrix("e", KEYS[:3])


def test_a_killed_writer_leaves_whole_batches(path: Path) -> None:
    code = f"""
import os, sys
import numpy as np
from pathlib import Path
from vision.catalog.cache import FeatureCache
cache = FeatureCache(Path({str(path)!r}))
cache.put("e", {{bytes([n]) * 32: np.ones(3, np.float32) for n in range(3)}})
cache._db.execute("BEGIN IMMEDIATE")
cache._db.execute("INSERT INTO features VALUES ('e', x'09', x'00')")
os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    with FeatureCache(path) as cache:
        assert cache.known("e", [*KEYS, b"\x09"]) == frozenset(KEYS[:3])
        cache.put("e", {KEYS[4]: VECTORS[KEYS[4]]})


def test_processes_write_at_once(path: Path) -> None:
    code = f"""
import sys
import numpy as np
from pathlib import Path
from vision.catalog.cache import FeatureCache
mine = int(sys.argv[1])
sys.stdin.readline()
with FeatureCache(Path({str(path)!r})) as cache:
    for n in range(50):
        key = bytes([mine, n]) * 16
        cache.put("e", {{key: np.array([mine, n], np.float32)}})
        assert cache.matrix("e", [key])[0].tolist() == [mine, n]
"""
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(n)], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for n in range(4)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        _, said = writer.communicate(timeout=60)
        assert writer.returncode == 0, said.decode()
    with FeatureCache(path) as cache:
        keys = [bytes([mine, n]) * 16 for mine in range(4) for n in range(50)]
        assert cache.known("e", keys) == frozenset(keys)


def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "no.sqlite").write_bytes(b"this is no database, and long enough to be told apart from one" * 20)
    with pytest.raises(BadSetting, match=r"the feature cache .*no\.sqlite cannot be used: file is not a database; "):
        FeatureCache(tmp_path / "no.sqlite")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadSetting, match="unable to open database file"):
        FeatureCache(tmp_path / "folder")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadSetting, match="cannot be made .*set VISUAL_SEARCH_HOME"):
        FeatureCache(tmp_path / "file" / "below" / "features.sqlite")


def test_a_full_disk_is_told_and_leaves_what_was_there(path: Path) -> None:
    with FeatureCache(path) as cache:
        cache.put("e", {KEYS[0]: VECTORS[KEYS[0]]})
        cache._db.execute("PRAGMA max_page_count=10")
        many = {n.to_bytes(32, "big"): np.zeros(1024, dtype=np.float32) for n in range(1, 100)}
        with pytest.raises(BadSetting, match="database or disk is full"):
            cache.put("e", many)
        assert cache.known("e", list(many)) == frozenset()
        assert np.array_equal(cache.matrix("e", KEYS[:1])[0], VECTORS[KEYS[0]])


def test_the_file_is_plain_sqlite(path: Path) -> None:
    with FeatureCache(path) as cache:
        cache.put("e", {KEYS[1]: VECTORS[KEYS[1]]})
    database = sqlite3.connect(path)
    found = database.execute("SELECT extractor, picture, vector FROM features").fetchall()
    database.close()
    assert found == [("e", KEYS[1], VECTORS[KEYS[1]].astype("<f4").tobytes())]
