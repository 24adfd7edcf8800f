"""The command line as a user meets it: help, exit status, messages, and the JSON that machines read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from tests.catalog.support import catalogue, draw, row, write
from vision.cli import _COMMANDS, main

NOWHERE = "http://127.0.0.1:9/solr"


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


COMMANDS = dict(commands(main))


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    """A home of its own, and no Solr."""
    return {
        "VISUAL_SEARCH_HOME": str(tmp_path / "home"),
        "SOLR_URL": NOWHERE,
        "VISUAL_SEARCH_COLLECTION": "",
        "VISUAL_SEARCH_SOLR_TIMEOUT": "5",
    }


def run(environ: Mapping[str, str], *words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=environ, prog_name="visual-search")


def test_the_commands_that_there_are() -> None:
    top = {"demo", "serve", "index", "search", "pca", "evaluate", "solr"}
    assert top <= set(_COMMANDS)
    assert {("pca", "fit"), ("pca", "report"), ("solr", "start"), ("solr", "stop"), ("solr", "status")} <= set(COMMANDS)


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_help(words: tuple[str, ...]) -> None:
    result = run({}, *words, "--help")
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"Usage: visual-search{''.join(' ' + word for word in words)} ")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_option_says_what_it_does(words: tuple[str, ...]) -> None:
    command = COMMANDS[words]
    assert (command.help or "").strip()
    silent = {"text_weight", "image_weight", "mode", "rows", "start", "out"}  # name and default say it all
    for option in command.params:
        if isinstance(option, click.Option) and option.name not in silent:
            assert option.help, option.name


def test_short_help() -> None:
    assert run({}, "-h").output == run({}, "--help").output


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert run({}, "--version").output.strip().endswith(version("solr-visual-search"))


def test_the_overview_names_each_command_once() -> None:
    lines = run({}, "--help").output.splitlines()
    assert [line.split()[0] for line in lines[lines.index("Commands:") + 1 :]] == list(_COMMANDS)


EVALUATE = ("evaluate", "--catalog", "c.csv", "--extractor", "histogram")
BAD_INPUT = [
    (("nonsense",), "No such command 'nonsense'"),
    (("index",), "Missing argument 'CATALOGUE'"),
    (("index", "none.csv"), "there is no file none.csv"),
    (("index", "."), "there is no file ."),
    (("index", "c.csv", "--extractor", "vgg"), "there is no extractor 'vgg'; known: inception_v3"),
    (("index", "c.csv", "--dims", "0"), "0 is not in the range 1<=x<=1024"),
    (("index", "c.csv", "--collection", "a/b"), "Solr accepts letters, digits"),
    (("index", "latin.csv", "--extractor", "histogram"), "the header is not UTF-8"),
    (("index", "c.txt"), "accepted: .csv, .tsv, .jsonl, .parquet"),
    (("pca", "fit", "none.csv"), "there is no file none.csv"),
    (("pca", "fit", "c.csv", "--extractor", "histogram", "--out", "c.csv"), "--out c.csv is the catalogue itself"),
    (("pca", "fit", "c.csv", "--extractor", "histogram", "--out", "images"), "--out images is a folder"),
    (
        ("pca", "fit", "c.csv", "--extractor", "histogram", "--out", "c.csv/p.npz"),
        "--out c.csv/p.npz cannot be written",
    ),
    (
        ("pca", "fit", "bad.csv", "--extractor", "histogram"),
        "bad.csv has 0 different good pictures, a PCA needs 2 or more; 2 rows are no good, the first: line 2: image",
    ),
    (("search", "--filter", "red"), "--filter is 'red'; give FIELD=VALUE"),
    (("search", "--filter", "price=5"), "a price is given as price=10..50"),
    (("search", "--crop", "1,2"), "--crop is '1,2'; 4 numbers with ',' between them are accepted"),
    (("search", "--image", "none.jpg"), "--image none.jpg cannot be read: No such file or directory"),
    (("search", "--text", "a", "--rows", "-1"), "rows"),
    (("detect", "none.jpg"), "none.jpg cannot be read: No such file or directory"),
    (("detect", "c.csv"), "not a picture that can be read"),
    (("search", "--mode", "quick"), "'quick' is not one of"),
    (EVALUATE, "one of --label FIELD, --judgments FILE, --same-product"),
    ((*EVALUATE, "--label", "a", "--same-product"), "one of --label FIELD, --judgments FILE, --same-product"),
    ((*EVALUATE, "--same-product", "--without", "red"), "--without names labels; give --label as well"),
    ((*EVALUATE, "--same-product"), "no picture has another one that is right"),
    ((*EVALUATE, "--label", "size"), "--label size: c.csv has no such column; it has id, title, image, color, price"),
    ((*EVALUATE, "--label", "color", "--mode", "quick"), "--mode is 'quick'; accepted: exact, approx"),
    ((*EVALUATE, "--label", "color", "--dims", "0"), "--dims is '0'; accepted: numbers of 1 or more, or full"),
    ((*EVALUATE, "--label", "color", "--filter", "red"), "--filter is 'red'; give FIELD=VALUE"),
    ((*EVALUATE, "--label", "color", "--filter", "size=1"), "--filter: no product has a field 'size'; accepted: color"),
    ((*EVALUATE, "--label", "color", "--html", "images"), "--html images is a folder"),
    (("solr", "start", "--port", "0"), "0 is not in the range"),
]
IMPOSSIBLE = [
    (("index", "c.csv", "--extractor", "histogram"), f"Solr at {NOWHERE}/products did not answer: no connection"),
    (("index", "c.csv", "--extractor", "onnx:none.onnx"), "no model file at none.onnx"),
    (("search", "--text", "dress"), f"Solr at {NOWHERE}/products did not answer: no connection"),
    (("evaluate", "--catalog", "six.csv", *EVALUATE[3:], "--label", "color"), "did not answer: no connection"),
    (("solr", "status"), f"no Solr answers at {NOWHERE}"),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a few catalogues, and the current one."""
    catalogue(tmp_path, 3)
    write(tmp_path / "c.csv", [row(n) for n in range(3)])
    write(tmp_path / "six.csv", [row(n % 3, id=f"p{n}") for n in range(6)])
    write(tmp_path / "bad.csv", [row(n, image="x") for n in range(2)])
    (tmp_path / "latin.csv").write_bytes(b"id,title,image,gr\xf6\xdfe\n")
    (tmp_path / "c.txt").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ended(result: Result, status: int, message: str) -> None:
    """The exit status, the message on stderr after ``Error:``, no traceback, and nothing that looks like an answer."""
    assert isinstance(result.exception, SystemExit), result.exc_info
    assert result.exit_code == status, result.output
    said = result.stderr.partition("Error: ")[2]
    assert message in said
    assert "Traceback" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize(("words", "message"), BAD_INPUT, ids=[" ".join(words) for words, _ in BAD_INPUT])
def test_bad_input_is_one_message_and_status_2(
    here: Path, environ: Mapping[str, str], words: tuple[str, ...], message: str
) -> None:
    ended(run(environ, *words), 2, message)


@pytest.mark.parametrize(("words", "message"), IMPOSSIBLE, ids=[" ".join(words) for words, _ in IMPOSSIBLE])
def test_what_cannot_be_done_is_one_message_and_status_1(
    here: Path, environ: Mapping[str, str], words: tuple[str, ...], message: str
) -> None:
    ended(run(environ, *words), 1, message)


def test_a_bad_variable_is_bad_input(here: Path, environ: Mapping[str, str]) -> None:
    ended(run({**environ, "VISUAL_SEARCH_PORT": "many"}, "index", "c.csv"), 2, "VISUAL_SEARCH_PORT is 'many'")


def test_a_home_that_cannot_be_used(here: Path, environ: Mapping[str, str]) -> None:
    result = run(
        {**environ, "VISUAL_SEARCH_HOME": str(here / "c.csv")}, "pca", "fit", "c.csv", "--extractor", "histogram"
    )
    ended(result, 2, "cannot be made")


def test_status_without_any_solr(environ: Mapping[str, str]) -> None:
    result = run({**environ, "SOLR_URL": ""}, "solr", "status", "--json")
    assert result.exit_code == 1
    assert set(json.loads(result.stdout)) == {"url", "version", "java", "simd", "mode", "collections"}
    assert json.loads(result.stdout)["url"] is None


def test_pca_fit_as_json(here: Path, environ: Mapping[str, str]) -> None:
    with Path("c.csv").open("a") as file:
        file.write("p9,title,none.png,red,1\n")
    result = run(environ, "pca", "fit", "c.csv", "--extractor", "histogram", "--out", "deep/p.npz", "--json")
    assert result.exit_code == 0, result.output
    about = json.loads(result.stdout)
    assert set(about) == {"file", "fingerprint", "dims", "samples", "total", "variance"}
    assert (about["dims"], about["samples"], about["total"]) == (2, 3, 3)
    assert Path(about["file"]).is_file()
    assert "1 rows are no good and were left out; the first: line 5: image 'none.png' does not exist" in result.stderr
    again = run(environ, "pca", "fit", "c.csv", "--extractor", "histogram", "--out", "q.npz")
    assert again.stdout.splitlines()[-1] == "q.npz: 704 to 2 dimensions keep 100.00% of the variance"


@pytest.mark.solr
def test_index_and_search_as_json(here: Path, environ: Mapping[str, str], solr_url: str) -> None:
    environ = {**environ, "SOLR_URL": solr_url, "VISUAL_SEARCH_COLLECTION": "cli"}
    rows = [row(n) for n in range(3)] + [row(7, price="dear")]
    write(here / "c.csv", rows)
    indexed = run(environ, "index", "c.csv", "--extractor", "histogram", "--json")
    assert indexed.exit_code == 0, indexed.output
    report = json.loads(indexed.stdout)
    seconds = report.pop("seconds")
    assert report == {"indexed": 3, "rejected": 1, "cached": 0, "regions": 0, "drifted": False}
    assert seconds > 0
    assert "1 rows rejected; the reasons are in c.rejects.jsonl" in indexed.stderr

    (here / "query.png").write_bytes(draw(2))
    words = ("search", "--image", "query.png", "--text", "thing", "--facet", "color", "--filter", "price=0..", "--json")
    found = run(environ, *words)
    assert found.exit_code == 0, found.output
    answer = json.loads(found.stdout)
    always = {"hits", "total", "facets", "took", "plan", "partial", "page"}
    assert set(answer) == always | {"understood", "spelling", "corrected"}
    assert (answer["total"], answer["partial"]) == (3, False)
    assert set(answer["took"]) == {"extract", "solr", "total"}
    assert {value["value"]: value["count"] for value in answer["facets"]["color"]} == {"red": 1, "green": 1, "blue": 1}
    first = answer["hits"][0]
    assert set(first) == {"id", "product_id", "title", "image", "attributes", "score", "distance", "box"}
    assert (first["id"], first["attributes"]) == ("p00002", {"color": "blue", "price": 2.5})
    assert first["distance"] == pytest.approx(0, abs=1e-4)
    ended(run(environ, "search", "--facet", "colour", "--text", "a"), 2, "no product has a field 'colour'; accepted: ")
    ended(run(environ, "search", "--id", "nobody"), 1, "has no product or picture 'nobody'")
    ended(run(environ, "search", "--text", "a", "--collection", "none"), 1, "has no collection 'none'")


@pytest.mark.solr
def test_the_installed_command_prints_for_people(here: Path, environ: Mapping[str, str], solr_url: str) -> None:
    variables = os.environ | environ | {"SOLR_URL": solr_url, "VISUAL_SEARCH_COLLECTION": "cli_people"}
    done = subprocess.run(
        [Path(sys.executable).with_name("visual-search"), "index", "c.csv", "--extractor", "histogram"],
        env=variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    *notes, last = done.stdout.splitlines()
    assert notes[0].startswith("PCA: 2 components instead of 1024")
    assert last.startswith("3 pictures indexed in ")
    assert "into 'cli_people' (0 from the cache), embedding histogram-" in last
    assert done.stderr.splitlines()[:2] == ["pictures to features", "fitting PCA"]
