"""The same strings where other programs read them: terminals, logs, spreadsheets, headers and pages."""

from __future__ import annotations

import csv
import io
import logging
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from api.app import create_app
from tests.api.shop import Shop
from tests.faults.between import Between
from tests.injection.shapes import HARMLESS, PLAIN, Shapes
from tests.injection.strings import LONE_SURROGATES, SHORT
from vision.cli import main
from vision.console import in_one_line, printable
from vision.merchandising.proposal import Tool, propose

JSON = {"Content-Type": "application/json"}
TERMINAL = ("\x1b[31mred", "\x1b]0;title\x07", "a\rb", "a\x08b", "\x9b31m", "\u202egnirts", "\u2028", "\x00", "a\x7f")


def obeyed(text: str, kept: str = "\n\t") -> list[str]:
    """What is left in text that a terminal would obey."""
    return [each for each in text if each not in kept and unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp")] + [
        each for each in text if each in "\u202a\u202b\u202d\u202e\u2066\u2067"
    ]


@pytest.mark.parametrize("text", [*SHORT, *TERMINAL, *LONE_SURROGATES])
def test_nothing_is_left_that_a_terminal_or_a_log_obeys(text: str) -> None:
    assert not obeyed(printable(text)) and not obeyed(in_one_line(text), "")
    assert printable("Größe 3\u00a0€, 👩‍👩‍👧\n\tשלום") == "Größe 3\u00a0€, 👩‍👩‍👧\n\tשלום"


@pytest.fixture(scope="module")
def client(shop: Shop) -> FlaskClient:
    return create_app(shop.settings).test_client()


@pytest.mark.solr
def test_the_command_line(shop: Shop, between: Between) -> None:
    """Words, filters, ids and files as they stand on a command line: the same requests, nothing for the terminal."""
    environment = {
        "SOLR_URL": between.url,
        "VISUAL_SEARCH_HOME": str(shop.settings.home),
        "VISUAL_SEARCH_COLLECTION": str(shop.settings.collection),
    }

    def run(*arguments: str) -> tuple[int, str]:
        between.seen.clear()
        result = CliRunner().invoke(main, ["search", *arguments], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), (arguments, result.exception)
        return result.exit_code, result.output + result.stderr

    plain = []
    for text in PLAIN * 2:
        run(f"--text={text}", "--filter", f"color={text}", "--plain")
        plain.append((text, between.forms()))
    shapes = Shapes(plain)
    for text in (*SHORT[::5], *TERMINAL):
        code, output = run(f"--text={text}", "--filter", f"color={text}", "--plain")
        assert code in (0, 2) and not obeyed(output), (text, code, output)
        assert not [each for form in between.forms() for each in shapes.unlike(form, text)], text
    for text in (*SHORT[::10], *TERMINAL):
        if "\x00" in text:
            continue  # no process can be given it
        for option in (
            "--filter",
            "--sort",
            "--image-id",
            "--image",
            "--crop",
            "--mode",
            "--language",
            "--facet",
            "--page",
        ):
            code, output = run("--text=ring", option, text)
            assert code in (0, 1, 2) and not obeyed(output), (option, text, output)


@pytest.mark.solr
@pytest.mark.parametrize("one_in", [10, pytest.param(1, marks=pytest.mark.many)])
def test_headers_of_answers(client: FlaskClient, one_in: int) -> None:
    """No header has what came in it but where it leads, and that stays on this server."""
    for text in (
        *SHORT[::one_in],
        "//192.0.2.1/",
        "/\\192.0.2.1",
        "https://192.0.2.1/",
        "/\r\nX-Injected: 1",
        "/%0d%0aX-Injected:%201",
    ):
        said = quote(text, safe="")
        for address in (f"/sign-in?next={said}", f"/?q={said}", f"/?like={said}", f"/v1/products/{said}", f"/{said}"):
            response = client.get(address)
            assert response.status_code < 500, address
            assert "X-Injected" not in response.headers, address
            where = response.headers.get("Location", "/")
            assert re.match(r"(https?://localhost)?/(?![/\\])", where), (address, where)
            for value in response.headers.values():
                assert "\r" not in value and "\n" not in value
        for name in (
            "Origin",
            "Host",
            "X-API-Key",
            "Authorization",
            "Accept-Language",
            "If-None-Match",
            "Cookie",
            "Range",
        ):
            value = re.sub(r"[\r\n\x00]", " ", text).encode("utf-8", "replace").decode("latin-1")
            assert client.get("/v1/facets", headers={name: value}).status_code < 500, (name, text)


class Markup(HTMLParser):
    """Reads a page as a browser does, and keeps what would run."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "script" and not (given.get("src") or given.get("type") in ("application/json", "importmap")):
            self.wrong.append(self.get_starttag_text() or "")
        for name, value in attrs:
            leads = name in ("href", "src", "action", "formaction", "srcset")
            if name.startswith("on") or leads and re.match(r"\s*javascript:|x$", str(value), re.IGNORECASE):
                self.wrong.append(self.get_starttag_text() or "")


@pytest.mark.solr
def test_pages_show_text_as_text(client: FlaskClient) -> None:
    for text in (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' onfocus=alert(1) '",
        "{{7*7}}",
        "javascript:alert(1)",
    ):
        for name in ("q", "f.color", "like", "photo", "sort", "more", "ignore", "currency", "min", "page", "crop"):
            shown = client.get(f"/?{name}={quote(text)}&f.category=ring").get_data(as_text=True)
            read = Markup()
            read.feed(shown)
            assert not read.wrong and ">49<" not in shown, (name, text, read.wrong)


@pytest.mark.solr
def test_log_lines_are_one_line_each(client: FlaskClient, caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    from vision.settings import Settings

    gone = create_app(Settings(home=tmp_path, solr_url="http://127.0.0.1:9/solr", collection="x")).test_client()
    with caplog.at_level(logging.INFO):
        for text in (*SHORT[::3], *TERMINAL, "a\r\nERROR root: everything is lost", "a\n2026-01-01 CRITICAL"):
            assert gone.get(f"/v1/products/{quote(text, safe='')}").status_code in (404, 405, 503, 308)
    assert len(caplog.records) > 50
    for record in caplog.records:
        assert not obeyed(record.getMessage(), ""), record.getMessage()


@pytest.mark.solr
def test_a_spreadsheet_runs_nothing(client: FlaskClient) -> None:
    """Names and reasons that merchandisers type, through a change set into the export."""
    formulas = ("=cmd|'/c calc'!A1", "@SUM(1)", "+1+1", "-1+1", "\t=2", "＝1", '=HYPERLINK("http://192.0.2.1")')
    for text in formulas:
        proposal = propose(Tool.FILL, "blue-ring-2", "material", (), (text.strip(),), confidence=0.9)
        saved = client.post("/v1/proposals", data=msgspec.json.encode({"proposals": [proposal]}), headers=JSON)
        assert saved.status_code == 200, saved.text
        made = client.post("/v1/proposals/accept", json={"ids": [proposal.id], "by": text.strip(), "why": text.strip()})
        assert made.status_code == 200, made.text
        undone = client.post(
            f"/v1/changes/{made.get_json()['id']}/undo", json={"by": text.strip(), "why": text.strip()}
        )
        assert undone.status_code == 200, undone.text
    exported = client.get("/v1/changes.csv").get_data(as_text=True)
    cells = [cell for row in list(csv.reader(io.StringIO(exported)))[1:] for cell in row]
    assert len(cells) >= 9 * 2 * len(formulas)
    assert not [
        cell for cell in cells if re.match(r"[\s\ufeff]*[=+\-@＝＋－＠]", cell) and not re.fullmatch(r"[+-]?\d+", cell)
    ]
    assert HARMLESS not in exported
