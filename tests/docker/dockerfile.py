"""What a Dockerfile says, stage by stage."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Stage:
    """The instructions of one stage, in order."""

    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """What ``ENV`` sets, as it is written."""
        words = [word for name, text in self.steps if name == "ENV" for word in shlex.split(text)]
        return dict(word.split("=", 1) for word in words)

    def command(self) -> list[str]:
        """Of ``CMD``."""
        return [str(each) for each in json.loads(next(text for name, text in self.steps if name == "CMD"))]

    def health(self) -> list[str]:
        """The command of ``HEALTHCHECK``."""
        text = next(text for name, text in self.steps if name == "HEALTHCHECK")
        return [str(each) for each in json.loads(text.partition("CMD ")[2])]


def read(path: Path) -> list[Stage]:
    """All stages; comments go, lines that go on are joined."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    stages: list[Stage] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if not line.strip():
            continue
        name, _, text = line.partition(" ")
        if name == "FROM":
            stages.append(Stage(text))
        else:
            stages[-1].steps.append((name, text.strip()))
    return stages
