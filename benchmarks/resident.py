"""How much of files is in memory: what a search really needs of an index."""

from __future__ import annotations

import ctypes
import mmap
import os
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np

_PAGE: Final = mmap.PAGESIZE


def resident(folder: Path) -> dict[str, int]:
    """Bytes of the files below a folder that are in the page cache, by extension; Linux' mincore(2).

    Raises:
        OSError: the system does not say.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mincore.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
    found: Counter[str] = Counter()
    for path, _, files in os.walk(folder):
        for name in files:
            file = Path(path) / name
            size = file.stat().st_size
            if size:
                found[file.suffix or name] += _pages(libc, file, size) * _PAGE
    return dict(found)


def _pages(libc: ctypes.CDLL, file: Path, size: int) -> int:
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), size, prot=mmap.PROT_READ) as mapped:
        view = np.frombuffer(mapped, dtype=np.uint8)
        states = ctypes.create_string_buffer((size + _PAGE - 1) // _PAGE)
        failed = libc.mincore(view.ctypes.data, size, states)
        del view
        if failed:
            raise OSError(ctypes.get_errno(), f"mincore failed on {file}")
    return int((np.frombuffer(states.raw[:-1], dtype=np.uint8) & 1).sum())
