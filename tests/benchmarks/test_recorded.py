"""The page of recorded queries: its requests are ones that the API takes, and the command that writes it works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from PIL import Image
from werkzeug.exceptions import MethodNotAllowed, NotFound

from api.app import create_app
from api.operations import Operation
from vision.search.request import SearchRequest, parse
from vision.settings import Settings
from vision.workspace import Workspace

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs/recorded.md"
MOST = 1_500_000


@dataclass(frozen=True)
class Request:
    """What a curl command of the page sends."""

    route: str
    body: bytes | None
    photo: str | None


def requests_of(page: str) -> list[Request]:
    """Every curl command of a page's shell blocks."""
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            # What a variable is set from is a command, too.
            words = shlex.split(line.partition("$(")[2].partition(" | ")[0] if "=$(" in line else line)
            assert words[:2] == ["curl", "-s"], line
            body, photo = None, None
            for option, value in zip(words[3::2], words[4::2], strict=False):
                if option == "--json":
                    body = value.encode()
                elif option == "-F" and value.startswith("query="):
                    body = value.removeprefix("query=").encode()
                elif option == "-F":
                    photo = value.removeprefix("image=@")
                else:
                    assert option in ("-X", ">"), line
            found.append(Request(urlsplit(words[2]).path, body, photo))
    return found


def check(request: Request, home: Path) -> None:
    """Fail unless the application has the route, and takes the body."""
    app = create_app(Settings(home=home))
    try:
        endpoint, _ = app.url_map.bind("127.0.0.1").match(request.route, method="POST")
    except (NotFound, MethodNotAllowed) as error:
        raise AssertionError(f"there is no POST {request.route}") from error
    operation: Operation = vars(app.view_functions[endpoint])["operation"]
    assert request.photo is None or "image" in operation.parts
    if request.body is not None:
        assert operation.body is not None
        msgspec.json.decode(request.body, type=operation.body)
        if operation.body is SearchRequest:
            parse(request.body)


def sections(page: str) -> dict[str, str]:
    """Each query's text by its heading."""
    parts = re.split(r"^## \d+\. ", page, flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: part for part in parts}


def test_every_query_has_requests_that_the_api_takes_and_a_picture(tmp_path: Path) -> None:
    found = sections(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 10
    for title, text in found.items():
        asked = requests_of(text)
        assert asked, title
        for request in asked:
            check(request, tmp_path)
            assert request.photo is None or (ROOT / request.photo).is_file(), title
        (picture,) = re.findall(r"^!\[[^\]]+\]\((recorded/[\w-]+\.webp)\)$", text, flags=re.MULTILINE)
        with Image.open(ROOT / "docs" / picture) as sheet:
            assert sheet.format == "WEBP" and sheet.width >= 800


def test_the_check_finds_what_the_api_does_not_take(tmp_path: Path) -> None:
    for line in (
        """curl -s http://127.0.0.1:8080/v1/search --json '{"qq": "dress"}'""",
        """curl -s http://127.0.0.1:8080/v1/looks --json '{"search": {"rows": -1}}'""",
        """curl -s http://127.0.0.1:8080/v1/searches --json '{"q": "dress"}'""",
    ):
        (request,) = requests_of(f"```sh\n{line}\n```\n")
        with pytest.raises((AssertionError, msgspec.ValidationError)):
            check(request, tmp_path)


def test_nothing_lies_beside_the_page_that_it_does_not_show_and_all_is_small() -> None:
    page, files = PAGE.read_text(encoding="utf-8"), sorted((ROOT / "docs/recorded").iterdir())
    asked = {
        "bag-in-a-room",
        "chair-in-a-room",
        "black-bed",
    }  # one query may have several photos, its command shows one
    assert [file.name for file in files if f"recorded/{file.name}" not in page and file.stem not in asked] == []
    assert sum(file.stat().st_size for file in files) + len(page) < MOST


@pytest.mark.solr
@pytest.mark.model
@pytest.mark.slow
def test_recording_a_small_demo(solr_url: str, tmp_path: Path) -> None:
    docs, home = tmp_path / "docs", tmp_path / "home"
    docs.mkdir()
    flags = ["--products", "100", "--solr", solr_url, "--home", str(home), "--docs", str(docs)]
    only = [word for name in ("words", "detect", "absent") for word in ("--only", name)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.recorded", *flags, *only],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    page = (docs / "recorded.md").read_text(encoding="utf-8")
    found = sections(page)
    assert len(found) == 3
    for request in requests_of(page):
        check(request, tmp_path)
    for name in re.findall(r"\]\((recorded/[\w-]+\.webp)\)", page):
        with Image.open(docs / name) as sheet:
            assert sheet.format == "WEBP"
    workspace = Workspace(Settings(home=home, solr_url=solr_url, collection="recorded"))
    with workspace.client() as client:
        (request,) = requests_of(found["Words alone"])
        total = workspace.engine(client).search(parse(request.body or b"")).total
    assert f"* {total} product" in found["Words alone"]
    assert (docs / "recorded/guitar.jpg").read_bytes() == (ROOT / "docs/recorded/guitar.jpg").read_bytes()
