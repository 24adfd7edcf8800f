"""Feature vectors to the 1024 dimensions that are indexed, and to the compact int8 prefix of those."""

from vision.reduction.coarse import CoarseCodec
from vision.reduction.pca import Pca, fit
from vision.reduction.scale import sigma2
from vision.reduction.vectors import DIMS, pad

__all__ = ["DIMS", "CoarseCodec", "Pca", "fit", "pad", "sigma2"]
