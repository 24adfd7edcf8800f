"""How much of files is in memory: what a search really needs of an index."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections import Counter
from pathlib import Path

import numpy as np


def resident(folder: Path) -> dict[str, int]:
    """Bytes of the files below a folder that are in the page cache, by extension.

    Raises:
        OSError: the system does not say.
    """
    found: Counter[str] = Counter()
    for path, _, files in os.walk(folder):
        for name in files:
            found[Path(name).suffix or name] += in_memory(Path(path) / name)
    return dict(found)


def in_memory(file: Path) -> int:
    """Bytes of a file that are in the page cache, by Linux' mincore(2).

    Raises:
        OSError: the system does not say.
    """
    size = file.stat().st_size
    if not size:
        return 0
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), size, prot=mmap.PROT_READ) as mapped:
        view = np.frombuffer(mapped, dtype=np.uint8)
        states = ctypes.create_string_buffer(-(-size // mmap.PAGESIZE))
        failed = libc.mincore(view.ctypes.data, size, states)
        del view
        if failed:
            raise OSError(ctypes.get_errno(), "mincore", str(file))
    return int((np.frombuffer(states.raw[:-1], dtype=np.uint8) & 1).sum()) * mmap.PAGESIZE
