"""Where model files are looked for."""

from __future__ import annotations

from pathlib import Path

from vision.errors import ModelUnavailable


def find_model(path: Path, models: Path | None) -> Path:
    """A model file: at ``path`` as given, else under the models folder.

    Raises:
        ModelUnavailable: in neither place; names both.
    """
    looked = [path.expanduser()]
    if models is not None and not path.is_absolute():
        looked.append(models / path)
    for candidate in looked:
        if candidate.is_file():
            return candidate
    places = " and ".join(str(candidate) for candidate in looked)
    hint = "" if models is not None else "; VISUAL_SEARCH_MODELS, a folder to look in as well, is not set"
    raise ModelUnavailable(f"no model file at {places}{hint}")
