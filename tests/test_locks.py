from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vision.errors import Locked
from vision.locks import file_lock

HOLDER = """
import sys, time
from pathlib import Path
from vision.locks import file_lock
with file_lock(Path(sys.argv[1]), timeout=1, doing="testing"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_one_at_a_time_and_free_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked, match="has been testing here for 0"):
            with file_lock(path, timeout=0.2, doing="testing here"):
                pass
        holder.kill()
    with file_lock(path, timeout=1, doing="testing"):
        pass
    with file_lock(path, timeout=1, doing="testing again"):
        pass
