"""The command that is copied: what a shell makes of it must be exactly what was sent."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from vision.solr import curl

NASTY = {
    "q": "{!bool filter=$base}",
    "words": 'it\'s "quoted" $HOME `id` \\ !! & = + % # ü 日本',
    "fq": ["{!terms f=color separator='\u001f'}red\u001fblue", "@/etc/passwd", ""],
    "rows": 10,
    "lines": "one\ntwo\tthree",
    "json.facet": '{"a":1}',
}


def received(command: str, folder: Path) -> tuple[str, list[tuple[str, str]]]:
    """What curl is given, as it would encode it: a shell runs the command with a curl that writes it down."""
    fake = folder / "curl"
    fake.write_text('#!/bin/sh\nfor each in "$@"; do printf "%s\\0" "$each"; done\n')
    fake.chmod(0o755)
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "HOME": "/nowhere"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=True, env=environment)
    words = done.stdout.decode().split("\0")[:-1]
    given, pairs = words[1:], []
    for option, value in zip(given, given[1:], strict=False):
        if option == "--data-urlencode":
            name, _, text = value.partition("=")
            pairs.append((name, text))
        elif option == "--data":
            pairs += parse_qsl(value, keep_blank_values=True)
    return " ".join(words[:3]), pairs


def test_a_shell_gives_curl_each_parameter_as_it_is(tmp_path: Path) -> None:
    command = curl.command("http://127.0.0.1:8983/solr/shop/select", NASTY)
    head, pairs = received(command, tmp_path)
    assert head.startswith("-sS http://127.0.0.1:8983/solr/shop/select")
    assert pairs == [("wt", "json"), *curl.pairs(NASTY)]


def test_nothing_in_a_command_is_a_key_in_a_terminal() -> None:
    command = curl.command("http://h/solr/shop/select", NASTY)
    assert all(character.isprintable() or character == "\n" for character in command)
    assert command.count("\n") == command.count(" \\\n") + 1


def test_the_parameters_alone_are_a_form() -> None:
    assert parse_qsl(curl.parameters(NASTY), keep_blank_values=True) == list(curl.pairs(NASTY))


@pytest.mark.parametrize("url", ["http://eva:s3cret@h:8983/solr/x/select", "https://eva:s3cret@h/solr/x/select"])
def test_a_password_is_asked_for_and_not_shown(url: str) -> None:
    command = curl.command(url, {"q": "*:*"})
    assert "s3cret" not in command and "--user 'eva'" in command and "@" not in command
