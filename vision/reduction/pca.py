"""PCA: fitted once with scikit-learn, kept as one ``.npz``, applied with NumPy alone."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vision.errors import BadSetting, FingerprintMismatch
from vision.reduction.sample import take
from vision.reduction.vectors import DIMS, validated

_FORMAT: Final = 1
_BLOCK: Final = 4096


@dataclass(frozen=True, eq=False)
class Pca:
    """A fitted projection of ``dims_in`` features on ``dims_out`` principal components, largest variance first."""

    mean: NDArray[np.float32]
    """(dims_in,)."""
    components: NDArray[np.float32]
    """(dims_out, dims_in), orthonormal rows."""
    explained_variance: NDArray[np.float32]
    """(dims_out,), in squared feature units."""
    explained_variance_ratio: NDArray[np.float32]
    """(dims_out,), parts of the sample's whole variance."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """``extractor`` (fingerprint), ``samples`` used of ``total``, ``seed``, ``sklearn``."""
    notes: tuple[str, ...] = ()
    """What the user should know about the fit, in sentences."""

    @property
    def dims_in(self) -> int:
        """Features per vector before."""
        return int(self.components.shape[1])

    @property
    def dims_out(self) -> int:
        """Components, at most 1024; transformed vectors are padded to 1024."""
        return int(self.components.shape[0])

    @cached_property
    def fingerprint(self) -> str:
        """The extractor's fingerprint and a hash of this projection: the name of the whole embedding.

        Kept, as it is asked for with every document and every search, and 8 MB take 5 ms and more to hash.
        """
        digest = hashlib.sha256()
        for array in (self.mean, self.components):
            digest.update(np.ascontiguousarray(array, dtype="<f4").tobytes())
        return f"{self.provenance.get('extractor', 'unknown')}+pca{self.dims_out}-{digest.hexdigest()[:12]}"

    def transform(self, features: ArrayLike, *, extractor_fingerprint: str | None = None) -> NDArray[np.float32]:
        """Project (n, dims_in) or (dims_in,) features on the components: float32 (n, 1024), zeros at the end.

        Raises:
            BadVector: another length, or NaN or infinite values.
            FingerprintMismatch: ``extractor_fingerprint`` is given and is not the one this PCA was fitted on.
        """
        expected = self.provenance.get("extractor")
        if extractor_fingerprint is not None and extractor_fingerprint != expected:
            raise FingerprintMismatch(extractor_fingerprint, str(expected))
        vectors = validated(features, self.dims_in)
        result = np.zeros((len(vectors), DIMS), dtype=np.float32)
        for start in range(0, len(vectors), _BLOCK):
            part = slice(start, start + _BLOCK)
            result[part, : self.dims_out] = (vectors[part] - self.mean) @ self.components.T
        return result

    def truncated(self, dims: int) -> Pca:
        """The PCA of the first ``dims`` components, which is the best one of that size on the same sample."""
        if not 1 <= dims <= self.dims_out:
            raise BadSetting(f"{dims} dimensions asked of a PCA of {self.dims_out}; accepted: 1 to {self.dims_out}")
        return replace(
            self,
            components=self.components[:dims],
            explained_variance=self.explained_variance[:dims],
            explained_variance_ratio=self.explained_variance_ratio[:dims],
        )

    def save(self, path: Path) -> None:
        """Write one ``.npz``; whoever reads at the same time sees the old file or the new one, never half of one."""
        about = {"format": _FORMAT, "provenance": dict(self.provenance), "notes": self.notes}
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                np.savez(
                    file,
                    mean=self.mean,
                    components=self.components,
                    explained_variance=self.explained_variance,
                    explained_variance_ratio=self.explained_variance_ratio,
                    about=np.array(json.dumps(about, sort_keys=True)),
                )
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path) -> Pca:
        """Read what :meth:`save` wrote; pickled content is refused.

        Raises:
            BadSetting: no file there, or not a PCA file.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                about = json.loads(str(file["about"]))
                mean, components, variance, ratio = (
                    np.asarray(file[name], dtype=np.float32)
                    for name in ("mean", "components", "explained_variance", "explained_variance_ratio")
                )
        except FileNotFoundError as error:
            raise BadSetting(f"no PCA file at {path}; fit one with `visual-search pca fit`") from error
        except Exception as error:  # zipfile, NumPy and json each raise their own on a damaged file
            raise BadSetting(f"{path} is not a PCA file: {error}; fit it again") from error
        consistent = components.ndim == 2 and mean.shape == components.shape[1:]
        if about.get("format") != _FORMAT or not consistent or not 1 <= len(components) <= DIMS:
            raise BadSetting(f"{path} is not a PCA file of format {_FORMAT} with at most {DIMS} components")
        return cls(mean, components, variance, ratio, about["provenance"], tuple(about["notes"]))


def fit(
    features: ArrayLike | Iterable[NDArray[Any]],
    *,
    extractor_fingerprint: str,
    n_components: int = DIMS,
    sample: int = 20_000,
    seed: int = 0,
) -> Pca:
    """Fit a PCA on features (n, D), or on an iterable of batches of them that need not fit into memory.

    The same features in the same order, however batched, with the same seed give the same PCA and fingerprint. Past
    ``sample`` rows a seeded uniform sample is taken, so that memory stays at about ``sample * D * 12`` bytes.

    Raises:
        BadSetting: fewer than two vectors, a number of components outside 1 to 1024, or too large a sample.
        BadVector: batches of different lengths, or NaN or infinite values.
    """
    if not 1 <= n_components <= DIMS:
        raise BadSetting(f"n_components is {n_components}; accepted: 1 to {DIMS}")
    if sample < 2:
        raise BadSetting(f"sample is {sample}; a PCA needs at least 2 vectors")
    whole = [features] if isinstance(features, np.ndarray | list | tuple) else features
    try:
        return _fit(whole, extractor_fingerprint, n_components, sample, seed)  # type: ignore[arg-type]
    except MemoryError as error:
        raise BadSetting(
            f"a PCA on a sample of {sample:,} vectors does not fit into memory; fit one on fewer with "
            "`visual-search pca fit --sample`, and give its file to `index --pca`"
        ) from error


def _fit(batches: Iterable[ArrayLike], extractor: str, n_components: int, sample: int, seed: int) -> Pca:
    from sklearn.decomposition import PCA

    rows, total = take(batches, sample, seed)
    count, width = rows.shape
    if count < 2:
        raise BadSetting(f"a PCA needs at least 2 vectors, {total} came; index more pictures")
    used = min(n_components, count - 1, width)
    notes = []
    if used < n_components:
        limit = (
            f"the {count:,} vectors it was fitted on allow no more; with {n_components + 1:,} or more vectors, "
            "fit again"
            if used == count - 1
            else f"the extractor gives {width} features"
        )
        notes.append(f"{used} components instead of {n_components}: {limit}.")
    if total > count:
        notes.append(f"Fitted on a random sample (seed {seed}) of {count:,} of {total:,} vectors.")
    values = rows.astype(np.float64)
    del rows  # a third of the memory that the fit would take
    # `auto` would pick a randomised solver here: two fits would differ.
    with np.errstate(invalid="ignore"):  # equal vectors have no variance to divide by
        model = PCA(n_components=used, svd_solver="covariance_eigh").fit(values)
    return Pca(
        mean=model.mean_.astype(np.float32),
        components=model.components_.astype(np.float32),
        explained_variance=np.maximum(model.explained_variance_, 0).astype(np.float32),
        explained_variance_ratio=np.nan_to_num(np.maximum(model.explained_variance_ratio_, 0)).astype(np.float32),
        provenance={
            "extractor": extractor,
            "samples": count,
            "total": total,
            "seed": seed,
            "sklearn": version("scikit-learn"),
        },
        notes=tuple(notes),
    )
