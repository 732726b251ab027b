"""What watches a training: pictures of its samples, its spectral norms, a guard against NaN."""

from ganzoo.callbacks.nan_guard import NaNGuard
from ganzoo.callbacks.sample_grid import SampleGrid
from ganzoo.callbacks.spectral_monitor import SpectralMonitor

__all__ = ["NaNGuard", "SampleGrid", "SpectralMonitor"]
