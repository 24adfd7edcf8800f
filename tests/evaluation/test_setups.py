"""Which setups there are for what was asked."""

from __future__ import annotations

import pytest

from vision.errors import BadSetting
from vision.evaluation.setups import parse_dims, parse_modes, sizes, split


def test_lists() -> None:
    assert split(("a, b", "b,c", "")) == ("a", "b", "c")
    assert parse_modes(("exact,numpy", "exact")) == ("exact", "numpy")
    assert parse_dims(("full,64", "64")) == (None, 64)


@pytest.mark.parametrize("modes", ["quick", "", "exact;numpy"])
def test_modes_that_there_are_not(modes: str) -> None:
    with pytest.raises(BadSetting, match="accepted: exact, approximate, auto, numpy"):
        parse_modes((modes,))


@pytest.mark.parametrize("dims", ["0", "", "-1", "1.5", "many"])
def test_dims_that_there_are_not(dims: str) -> None:
    with pytest.raises(BadSetting, match="--dims is"):
        parse_dims((dims,))


def test_more_dims_than_the_index_holds_are_for_numpy_alone() -> None:
    found = sizes("inception_v3", 2048, 5000, (None, 512), ("exact", "numpy"))
    assert found.pairs == [(2048, "numpy"), (512, "exact"), (512, "numpy")]
    assert found.indexed == (512,)
    assert found.notes == ["inception_v3: 2048 dims are more than the index holds, for --mode numpy only"]
    with pytest.raises(BadSetting, match="nothing can be measured: inception_v3: 2048 dims"):
        sizes("inception_v3", 2048, 5000, (2048,), ("exact",))
    with pytest.raises(BadSetting, match="accepts 1 to 1024, or 2048: its own, without PCA"):
        sizes("inception_v3", 2048, 5000, (1500,), ("numpy",))


def test_a_pca_has_no_more_components_than_features_and_pictures_allow() -> None:
    few = sizes("histogram", 704, 5000, (1024, None, 256), ("exact",))
    assert few.pairs == [(704, "exact"), (256, "exact")]
    assert few.notes == ["histogram: 704 dims instead of 1024, it gives 704 features"]
    small = sizes("histogram", 704, 20, (1024,), ("exact",))
    assert small.pairs == [(19, "exact")]
    assert small.notes == ["histogram: 19 dims instead of 1024, 20 pictures allow no more"]
