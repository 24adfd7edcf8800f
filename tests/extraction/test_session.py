"""Catalogues through workers that are real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.catalog.support import catalogue, draw, row, write
from tests.extraction.support import alone, contents, digest, same
from vision.errors import BadCatalogue, BadSetting, Conflict, Locked, ModelUnavailable, WorkersUnavailable
from vision.extraction import parts, session
from vision.extraction.places import Folder
from vision.extraction.session import Options, Report
from vision.locks import file_lock

COUNT = 30
SLOW_TO_START_S = 120


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A Dask cluster as a user has one: two workers, and an address."""
    import distributed

    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=40
    ) as cluster:
        cluster.wait_for_workers(2, timeout=SLOW_TO_START_S)
        yield cluster.scheduler_address


def extract(path: Path, to: Path, scheduler: str, extractor: str = "histogram", **options: object) -> Report:
    told = Options(extractor, scheduler=scheduler, part=8, **options)  # type: ignore[arg-type]
    return session.extract(path, str(to), told, lambda stage, done, total: None)


def test_features_are_those_of_index_and_each_picture_is_in_one_part(scheduler: str, tmp_path: Path) -> None:
    catalogue(tmp_path, COUNT)
    rows = [row(number) for number in range(COUNT)] + [
        row(number, id=f"again{number}", image=f"images/{number % 7}.png") for number in range(10)
    ]
    path = write(tmp_path / "c.csv", rows)
    report = extract(path, tmp_path / "features", scheduler)
    assert (report.rows, report.pictures, report.extracted, report.known) == (COUNT + 10, COUNT, COUNT, 0)
    assert (report.parts, report.bad, report.rejected, report.reject_file) == (4, 0, 0, None)
    vectors, bad = contents(Folder(tmp_path / "features"), report.extractor)
    assert vectors.keys() == {digest(draw(number)) for number in range(COUNT)}
    assert bad == {}
    assert same(vectors, alone(path, "histogram", tmp_path / "home"))


def test_a_second_run_extracts_nothing_and_a_grown_catalogue_what_is_new(scheduler: str, tmp_path: Path) -> None:
    path, to = catalogue(tmp_path, 20), tmp_path / "features"
    extract(path, to, scheduler)
    before = {each: each.stat().st_mtime_ns for each in to.iterdir()}
    again = extract(path, to, scheduler)
    assert (again.extracted, again.known, again.parts) == (0, 20, 0)
    catalogue(tmp_path, 25)
    grown = extract(path, to, scheduler)
    assert (grown.extracted, grown.known, grown.parts) == (5, 20, 1)
    assert before.items() <= {each: each.stat().st_mtime_ns for each in to.iterdir()}.items()
    assert len(contents(Folder(to), grown.extractor)[0]) == 25


def test_another_extractor_s_features_go_beside(scheduler: str, tmp_path: Path) -> None:
    path, to = catalogue(tmp_path, 10), tmp_path / "features"
    one, other = extract(path, to, scheduler), extract(path, to, scheduler, "histogram?l2")
    assert other.extracted == 10
    assert parts.names(Folder(to)).keys() == {one.extractor, other.extractor}
    assert not same(contents(Folder(to), one.extractor)[0], contents(Folder(to), other.extractor)[0])


def test_bad_pictures_are_rejects_and_not_tried_again(scheduler: str, tmp_path: Path) -> None:
    catalogue(tmp_path, 12)
    (tmp_path / "images" / "3.png").write_bytes(b"GIF89a nothing more")
    (tmp_path / "images" / "5.png").unlink()
    rows = [row(number) for number in range(12)] + [
        row(20, image="images/3.png"),
        row(21, price="dear"),
        row(22, image=""),
    ]
    path = write(tmp_path / "c.csv", rows)
    for extracted in (10, 0):
        report = extract(path, tmp_path / "features", scheduler)
        assert (report.pictures, report.extracted, report.bad, report.rejected) == (11, extracted, 1, 4)
        assert report.reject_file is not None
        told = [json.loads(line) for line in report.reject_file.read_text().splitlines()]
        assert [(each["line"], each["id"], each["reason"][:25]) for each in told] == [
            (7, "p00005", "image 'images/5.png' does"),
            (15, "p00021", "price is 'dear'; a number"),
            (5, "p00003", "image: got 19 bytes that "),
            (14, "p00020", "image: got 19 bytes that "),
        ]
    (tmp_path / "images" / "5.png").write_bytes(draw(5))
    assert extract(path, tmp_path / "features", scheduler).extracted == 1


def test_images_may_be_elsewhere(scheduler: str, tmp_path: Path) -> None:
    catalogue(tmp_path / "there", 3)
    path = write(tmp_path / "c.csv", [row(number) for number in range(3)])
    assert extract(path, tmp_path / "features", scheduler, images=str(tmp_path / "there")).extracted == 3


def test_no_picture_can_be_read(scheduler: str, tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", [row(1), row(2)])
    with pytest.raises(
        BadCatalogue, match=r"none of the 2 pictures of c.csv can be read \(line 2: image 'images/1.png'"
    ):
        extract(path, tmp_path / "features", scheduler)
    assert len((tmp_path / "c.rejects.jsonl").read_text().splitlines()) == 2


def test_two_runs_at_once_into_one_folder(scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_LOCK_S", 0.1)
    path, to = catalogue(tmp_path, 3), tmp_path / "features"
    with file_lock(to / ".lock", timeout=1, doing="testing"), pytest.raises(Locked, match="has been extracting"):
        extract(path, to, scheduler)


def test_what_the_workers_cannot_do_is_told(scheduler: str, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 3)
    with pytest.raises(ModelUnavailable, match="no model file at none.onnx"):
        extract(path, tmp_path / "features", scheduler, "onnx:none.onnx")
    with pytest.raises(BadSetting, match="unknown option x"):
        extract(path, tmp_path / "features", scheduler, "histogram?x")
    with pytest.raises(BadCatalogue, match="there is no file"):
        extract(tmp_path / "none.csv", tmp_path / "features", scheduler)
    assert [each.name for each in (tmp_path / "features").iterdir()] == [".lock"]


def test_a_place_that_workers_do_not_share(scheduler: str, tmp_path: Path) -> None:
    told = Options("histogram", scheduler=scheduler)
    with pytest.raises(
        Exception, match="does not see what is written to memory://nobody/f here: give a folder that all"
    ):
        session.extract(catalogue(tmp_path, 3), "memory://nobody/f", told, lambda stage, done, total: None)


def test_a_picture_that_changes_meanwhile_is_in_no_part(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, to = catalogue(tmp_path, 9), tmp_path / "features"

    def changed(stage: str, done: int, total: int | None) -> None:
        if (stage, done) == ("extract", 0):
            (tmp_path / "images" / "4.png").write_bytes(draw(99))

    report = session.extract(path, str(to), Options("histogram", scheduler=scheduler, part=3), changed)
    assert (report.pictures, report.extracted, report.rejected) == (9, 8, 1)
    assert report.reject_file is not None
    assert "changed while it was extracted; run the same command again" in report.reject_file.read_text()
    again = extract(path, to, scheduler)
    assert (again.extracted, again.known, again.rejected) == (1, 8, 0)
    vectors, _ = contents(Folder(to), again.extractor)
    assert vectors.keys() == {digest(draw(number)) for number in (*range(4), *range(5, 9), 99)}


def test_a_catalogue_that_changes_meanwhile(scheduler: str, tmp_path: Path) -> None:
    path = catalogue(tmp_path, 9)

    def changed(stage: str, done: int, total: int | None) -> None:
        if (stage, done) == ("extract", 0):
            write(path, [row(number) for number in range(8)])

    with pytest.raises(Conflict, match="changed while"):
        session.extract(path, str(tmp_path / "f"), Options("histogram", scheduler=scheduler, part=3), changed)


@pytest.mark.parametrize(
    ("address", "kind", "words"),
    [("tcp://127.0.0.1:9", WorkersUnavailable, "no worker answers at"), ("nonsense://x", BadSetting, "no address")],
)
def test_a_scheduler_that_is_none(
    tmp_path: Path, address: str, kind: type[Exception], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vision.extraction.cluster._PATIENCE_S", 1.0)
    with pytest.raises(kind, match=words):
        extract(catalogue(tmp_path, 3), tmp_path / "features", address)


@pytest.mark.model
def test_a_network_gives_what_it_gives_index(
    scheduler: str, tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = catalogue(tmp_path, 20)
    for number, photo in enumerate(sorted((shared / "data/clothing/images").iterdir())[:20]):
        (tmp_path / "images" / f"{number}.png").write_bytes(photo.read_bytes())
    mobilenet = f"tflite:{shared / 'models/tf2_mobilenet_v2_1.0_224_ptq.tflite'}"
    for spec in ("compact", mobilenet):
        report = extract(path, tmp_path / "features", scheduler, spec)
        vectors, _ = contents(Folder(tmp_path / "features"), report.extractor)
        assert same(vectors, alone(path, spec, tmp_path / "home"))
