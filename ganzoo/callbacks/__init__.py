"""What watches a training: samples, their figures, signs of a collapse, norms, a guard on NaN."""

from ganzoo.callbacks.collapse_monitor import CollapseMonitor
from ganzoo.callbacks.evaluate_samples import EvaluateSamples
from ganzoo.callbacks.nan_guard import NaNGuard
from ganzoo.callbacks.sample_grid import SampleGrid
from ganzoo.callbacks.spectral_monitor import SpectralMonitor

__all__ = ["CollapseMonitor", "EvaluateSamples", "NaNGuard", "SampleGrid", "SpectralMonitor"]
