from __future__ import annotations

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import data
from training.data import Photos


def photos(count: int = 400, classes: int = 4, senders: int = 40) -> Photos:
    random = np.random.default_rng(3)
    labels = random.integers(-1, classes, count)
    groups = random.integers(senders, size=count).astype(str)
    return Photos("clothing", np.zeros((count, 2, 2, 3), np.uint8), labels, groups, tuple("abcd"[:classes]))


def test_a_sender_is_on_one_side_only_and_classes_are_shared_out_alike() -> None:
    given = photos()
    aside = data.by_sender(given.labels, given.groups, 0.25, seed=7)
    assert not set(given.groups[aside]) & set(given.groups[~aside])
    for label in range(4):
        part = (given.labels[aside] == label).sum() / (given.labels == label).sum()
        assert part == pytest.approx(0.25, abs=0.06)
    assert (aside == data.by_sender(given.labels, given.groups, 0.25, seed=7)).all()
    assert (aside != data.by_sender(given.labels, given.groups, 0.25, seed=8)).any()


def test_nobodys_photos_are_both_chosen_on_and_reported() -> None:
    given = photos(1000, senders=120)
    parts = data.split(given.labels, given.groups)
    assert not (parts.tune & parts.report).any() and not (parts.train & parts.report).any()
    assert not set(given.groups[parts.report]) & set(given.groups[parts.train])
    assert [part.mean() for part in (parts.tune, parts.report)] == pytest.approx([0.22, 0.22], abs=0.03)


def test_twenty_classes_are_never_trained_on() -> None:
    classes = [f"n{number:08}" for number in range(197)] + list(data.FURNITURE)
    unseen = data.unseen_classes(classes)
    assert len(unseen) == 20 and set(data.FURNITURE) < set(unseen) <= set(classes)
    assert unseen == data.unseen_classes(classes[::-1])


def test_tiny_imagenet_is_read_from_its_archive(tmp_path: Path) -> None:
    archive = tmp_path / "tiny.tar.xz"
    with tarfile.open(archive, "w:xz") as file:
        for wnid, shade in (("n02", 200), ("n01", 100), ("n02", 50)):
            picture = io.BytesIO()
            Image.new("RGB", (64, 64), (shade, shade, shade)).save(picture, "JPEG")
            member = tarfile.TarInfo(f"{wnid}/{shade}.JPEG")
            member.size = picture.tell()
            picture.seek(0)
            file.addfile(member, picture)
    read = data.tiny_imagenet(archive)
    assert read.classes == ("n01", "n02")
    assert read.labels.tolist() == [0, 1, 1]
    assert read.pixels.shape == (3, 64, 64, 3)
    assert sorted(int(each) for each in read.pixels.mean(axis=(1, 2, 3))) == [50, 100, 200]


def test_the_digest_names_the_data() -> None:
    one = photos()
    assert data.digest(one) == data.digest(photos())
    assert data.digest(one) != data.digest(one.take(np.arange(399)))
