"""How good a ranking is: metrics, and an exact NumPy ranking to measure and to compare others with."""

from vision.evaluation.metrics import (
    average_precision,
    mean_average_precision,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)
from vision.evaluation.ranking import Quality, label_quality, rank, squared_distances

__all__ = [
    "Quality",
    "average_precision",
    "label_quality",
    "mean_average_precision",
    "precision_at_k",
    "rank",
    "recall_at_k",
    "reciprocal_rank",
    "squared_distances",
]
