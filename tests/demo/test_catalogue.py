from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from vision.demo import COLUMNS, TRUTH_COLUMNS, DemoCatalogue, draw_catalogue
from vision.demo.vocabulary import ATTRIBUTES, CATEGORIES

PRODUCTS, SIZE = 33, 48


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digest(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> DemoCatalogue:
    folder = tmp_path_factory.mktemp("demo") / "made by the drawing"
    return draw_catalogue(folder, products=PRODUCTS, size=SIZE, workers=1)


def test_the_columns_are_the_agreed_ones(drawn: DemoCatalogue) -> None:
    agreed = (
        "id,product_id,title,description,image,url,currency,in_stock,"
        "category,color,length,sleeve,neckline,pattern,material,brand,price"
    )
    assert drawn.catalogue.read_text(encoding="utf-8").splitlines()[0] == agreed == ",".join(COLUMNS)
    assert drawn.truth.read_text(encoding="utf-8").splitlines()[0] == ",".join(TRUTH_COLUMNS)


def test_one_row_per_picture_and_every_picture_can_be_opened(drawn: DemoCatalogue) -> None:
    listed = rows(drawn.catalogue)
    assert len(listed) == drawn.images == len(list((drawn.folder / "images").iterdir()))
    assert len({row["id"] for row in listed}) == len({row["image"] for row in listed}) == drawn.images
    for row in listed:
        with Image.open(drawn.folder / row["image"]) as picture:
            picture.load()
            assert (picture.size, picture.mode, picture.format) == ((SIZE, SIZE), "RGB", "JPEG")


def test_views_of_a_product_share_everything_but_id_and_image(drawn: DemoCatalogue) -> None:
    views: dict[str, list[dict[str, str]]] = {}
    for row in rows(drawn.catalogue):
        views.setdefault(row["product_id"], []).append(row)
    assert len(views) == drawn.products == PRODUCTS
    assert {len(group) for group in views.values()} == {1, 2, 3}
    for product_id, group in views.items():
        ids = [product_id, f"{product_id}-2", f"{product_id}-3"][: len(group)]
        assert [row["id"] for row in group] == ids
        assert len({tuple(row[name] for name in COLUMNS if name not in ("id", "image")) for row in group}) == 1


def test_every_category_is_in_a_small_catalogue(drawn: DemoCatalogue) -> None:
    assert {row["category"] for row in rows(drawn.truth)} == set(CATEGORIES)


def test_fixed_columns(drawn: DemoCatalogue) -> None:
    for row in rows(drawn.catalogue):
        assert row["currency"] == "EUR"
        assert row["in_stock"] in ("true", "false")
        assert row["url"] == f"https://shop.example/p/{row['product_id']}"
        assert row["title"] and row["description"]
        assert float(row["price"]) > 0 and len(row["price"].split(".")[1]) == 2


def test_catalogue_and_truth_differ_exactly_where_the_defect_says(drawn: DemoCatalogue) -> None:
    truths = {row["product_id"]: row for row in rows(drawn.truth)}
    for row in rows(drawn.catalogue):
        truth = truths[row["product_id"]]
        differing = [name for name in ATTRIBUTES if row[name] != truth[name]]
        kind, _, name = truth["defect"].partition(":")
        assert differing == ([name] if kind else [])
        assert kind in ("", "missing", "wrong")
        if kind:
            assert (row[name] == "") == (kind == "missing")


def test_same_parameters_give_the_same_bytes(drawn: DemoCatalogue, tmp_path: Path) -> None:
    draw_catalogue(tmp_path, products=PRODUCTS, size=SIZE, workers=2)
    assert digest(tmp_path) == digest(drawn.folder)


def test_another_seed_gives_another_catalogue(drawn: DemoCatalogue, tmp_path: Path) -> None:
    other = draw_catalogue(tmp_path, products=4, seed=8, size=SIZE, workers=1)
    assert rows(other.truth) != rows(drawn.truth)[:4]


def test_a_complete_catalogue_is_left_alone(tmp_path: Path) -> None:
    first = draw_catalogue(tmp_path, products=2, size=SIZE, workers=1)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    calls: list[tuple[int, int]] = []
    again = draw_catalogue(
        tmp_path, products=2, size=SIZE, workers=1, progress=lambda done, of: calls.append((done, of))
    )
    assert again == first
    assert not calls
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times


def test_without_about_json_it_is_drawn_again(tmp_path: Path) -> None:
    draw_catalogue(tmp_path, products=2, size=SIZE, workers=1)
    before = digest(tmp_path)
    (tmp_path / "about.json").unlink()
    next((tmp_path / "images").iterdir()).write_bytes(b"half a picture")
    draw_catalogue(tmp_path, products=2, size=SIZE, workers=1)
    assert digest(tmp_path) == before


def test_a_missing_picture_is_drawn_again(tmp_path: Path) -> None:
    draw_catalogue(tmp_path, products=2, size=SIZE, workers=1)
    before = digest(tmp_path)
    next((tmp_path / "images").iterdir()).unlink()
    draw_catalogue(tmp_path, products=2, size=SIZE, workers=1)
    assert digest(tmp_path) == before


def test_an_interrupted_drawing_goes_on_where_it_stopped(tmp_path: Path) -> None:
    def stop(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw_catalogue(tmp_path, products=20, size=SIZE, workers=1, progress=stop)
    assert not (tmp_path / "about.json").exists()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "images").iterdir()}
    assert kept
    made = draw_catalogue(tmp_path, products=20, size=SIZE, workers=1)
    now = {path: path.stat().st_mtime_ns for path in (tmp_path / "images").iterdir()}
    assert len(now) == made.images > len(kept)
    assert {path: now[path] for path in kept} == kept


def test_other_parameters_replace_the_catalogue_but_not_foreign_files(tmp_path: Path) -> None:
    draw_catalogue(tmp_path, products=4, size=SIZE, workers=1)
    (tmp_path / "images" / "mine.jpg").write_bytes(b"not ours")
    made = draw_catalogue(tmp_path, products=1, size=64, workers=1)
    names = {path.name for path in (tmp_path / "images").iterdir()}
    assert names == {"mine.jpg", *(Path(row["image"]).name for row in rows(made.catalogue))}
    about = json.loads((tmp_path / "about.json").read_text(encoding="utf-8"))
    assert (about["products"], about["size"], about["images"]) == (1, 64, made.images)


def test_progress_counts_up_to_all_products(tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    draw_catalogue(tmp_path, products=18, size=32, workers=1, progress=lambda done, of: calls.append((done, of)))
    assert [of for _, of in calls] == [18] * len(calls)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert calls[-1] == (18, 18)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"products": 0}, "products is 0"), ({"size": 8}, "size is 8"), ({"workers": 0}, "workers is 0")],
)
def test_numbers_out_of_range_are_refused(tmp_path: Path, wrong: dict[str, int], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        draw_catalogue(tmp_path / "new", **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here already")
    with pytest.raises(ValueError, match="is a file"):
        draw_catalogue(tmp_path / "file", products=1)


def test_product_ids_are_counted(drawn: DemoCatalogue) -> None:
    counted = Counter(row["product_id"] for row in rows(drawn.truth))
    assert set(counted.values()) == {1}
    assert list(counted)[0] == "p000001"
