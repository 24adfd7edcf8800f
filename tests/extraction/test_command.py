"""``extract`` and ``index --features`` as a user has them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.catalog.conftest import new_shop, shop
from tests.catalog.shop import Shop, same_vectors
from tests.catalog.support import catalogue, draw, row, write
from tests.extraction.support import alone, contents, same
from vision.cli import main
from vision.extraction.places import Folder, Store

__all__ = ["new_shop", "shop"]
SECRET = "not-to-be-told-anywhere"


def extract(home: Path, *options: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from vision.cli import main; main()", "extract", *map(str, options)],
        env=os.environ | {"VISUAL_SEARCH_HOME": str(home), "VISUAL_SEARCH_COLLECTION": ""} | environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_local_mode_with_two_workers(tmp_path: Path) -> None:
    path, to, home = catalogue(tmp_path, 36), tmp_path / "features", tmp_path / "home"
    done = extract(home, path, "--to", to, "--extractor", "histogram", "--workers", "2", "--part", "9", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    seconds, fingerprint = report.pop("seconds"), report.pop("extractor")
    assert seconds > 0
    assert report == {"rows": 36, "pictures": 36, "extracted": 36, "known": 0, "bad": 0, "parts": 4, "rejected": 0}
    assert same(contents(Folder(to), fingerprint)[0], alone(path, "histogram", home))
    assert done.stderr.splitlines() == ["starting workers", "reading pictures", "pictures to features"]
    jobs = CliRunner().invoke(main, ["jobs", "list", "--json"], env={"VISUAL_SEARCH_HOME": str(home)})
    job = json.loads(jobs.stdout)[0]
    assert (job["kind"], job["title"], job["state"], job["summary"]["extracted"]) == (
        "extract",
        "extract catalogue.csv",
        "done",
        36,
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--workers", "2", "--scheduler", "tcp://h:1"), "give one"),
        (("--extractor", "vgg"), "there is no extractor 'vgg'"),
        (("--images", "s4://bucket"), "does not know"),
        (("--images", "gs://bucket"), "gcsfs"),
        (("--part", "0"), "0 is not in the range"),
    ],
)
def test_bad_input_is_one_message(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    told = CliRunner().invoke(
        main,
        ["extract", str(catalogue(tmp_path, 2)), "--to", str(tmp_path / "f"), *options],
        env={"VISUAL_SEARCH_HOME": str(tmp_path / "home")},
    )
    assert told.exit_code == 2
    assert words in " ".join(told.stderr.split())
    assert "Traceback" not in told.output


@pytest.fixture
def s3() -> Iterator[dict[str, str]]:
    """A server that speaks S3, in a process of its own: the environment to use it with."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def bucket(s3: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, bytes], None]]:
    """Puts objects into a bucket."""
    import time

    import s3fs

    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    files = s3fs.S3FileSystem(skip_instance_cache=True)
    deadline = time.monotonic() + 60
    while True:
        try:
            files.mkdir("shop")
            break
        except Exception:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    yield lambda path, data: files.pipe_file(f"shop/{path}", data)


@pytest.mark.slow
def test_pictures_and_features_in_an_object_store(
    tmp_path: Path, s3: dict[str, str], bucket: Callable[[str, bytes], None]
) -> None:
    for number in range(12):
        bucket(f"pictures/images/{number}.png", draw(number))
    bucket("pictures/images/12.png", b"")
    bucket("secret.png", draw(99))
    rows = [row(number) for number in range(14)] + [row(20, image="../secret.png"), row(21, image="/shop/secret.png")]
    path, home = write(tmp_path / "c.csv", rows), tmp_path / "home"
    told = (path, "--to", "s3://shop/features", "--images", "s3://shop/pictures", "--extractor", "histogram")
    for extracted in (12, 0):
        done = extract(home, *told, "--workers", "2", "--part", "5", "--json", **s3)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert (report["extracted"], report["bad"], report["rejected"]) == (extracted, 1, 4)
        assert SECRET not in done.stdout + done.stderr
    reasons = (tmp_path / "c.rejects.jsonl").read_text()
    assert reasons.count("leads out of --images") == 2
    assert "image 'images/13.png' does not exist in s3://shop/pictures" in reasons
    vectors, _ = contents(Store("s3://shop/features"), report["extractor"])
    catalogue(tmp_path, 12)
    assert same(vectors, alone(tmp_path / "catalogue.csv", "histogram", home))
    wrong = extract(home, path, "--to", "s3://nobody/f", "--extractor", "histogram", "--workers", "1", **s3)
    assert wrong.returncode == 1
    assert "s3://nobody/f cannot be used" in wrong.stderr
    assert SECRET not in wrong.stderr and "Traceback" not in wrong.stderr


def test_index_takes_features_instead_of_extracting(shop: Shop, new_shop: Callable[[], Shop], tmp_path: Path) -> None:
    path, to = catalogue(tmp_path, 24), tmp_path / "features"
    (tmp_path / "images" / "7.png").write_bytes(b"GIF89a nothing more")
    done = extract(shop.home, path, "--to", to, "--extractor", "histogram", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert "23 pictures extracted in " in done.stdout
    running = shop.command("index", path, "--features", to, "--extractor", "histogram", "--json")
    out, said = running.communicate(timeout=120)
    assert running.returncode == 0, said
    report = json.loads(out)
    assert (report["indexed"], report["cached"], report["rejected"]) == (23, 23, 1)
    other = new_shop()
    assert other.index(path).cached == 0
    assert same_vectors(shop, other)
    running = shop.command("index", path, "--features", to, "--extractor", "histogram?l2", "--json")
    out, said = running.communicate(timeout=120)
    assert (running.returncode, out) == (1, "")
    assert "has features of 'histogram-" in said and "wanted are those of 'histogram-" in said
