"""The demo catalogue: invented products, drawn from a seed, with known attributes and known defects."""

from vision.demo.catalogue import COLUMNS, DRAWING_VERSION, TRUTH_COLUMNS, DemoCatalogue, draw_catalogue

__all__ = ["COLUMNS", "DRAWING_VERSION", "TRUTH_COLUMNS", "DemoCatalogue", "draw_catalogue"]
