"""What watches a training: pictures of its samples, and a guard against NaN."""

from ganzoo.callbacks.nan_guard import NaNGuard
from ganzoo.callbacks.sample_grid import SampleGrid

__all__ = ["NaNGuard", "SampleGrid"]
