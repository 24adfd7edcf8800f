from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from vision.catalog.remembered import Remembered

WRITER = """
import sys
from pathlib import Path
from vision.catalog.remembered import Remembered
kept = Remembered(Path(sys.argv[1]), str)
for number in range(60):
    kept.put(f"{sys.argv[2]}-{number}", "value")
"""


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "home" / "kept.json"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(file), str(each)]) for each in range(3)]
    assert [writer.wait(60) for writer in writers] == [0] * 3
    assert set(Remembered(file, str).all()) == {f"{each}-{number}" for each in range(3) for number in range(60)}
    assert not list(file.parent.glob("*.partial"))
