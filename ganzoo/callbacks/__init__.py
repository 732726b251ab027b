"""What watches a training and keeps it: checkpoints, samples, figures, norms, guards."""

from ganzoo.callbacks.atomic_checkpoint import AtomicCheckpoint
from ganzoo.callbacks.collapse_monitor import CollapseMonitor
from ganzoo.callbacks.evaluate_samples import EvaluateSamples
from ganzoo.callbacks.nan_guard import NaNGuard
from ganzoo.callbacks.sample_grid import SampleGrid
from ganzoo.callbacks.spectral_monitor import SpectralMonitor

__all__ = [
    "AtomicCheckpoint",
    "CollapseMonitor",
    "EvaluateSamples",
    "NaNGuard",
    "SampleGrid",
    "SpectralMonitor",
]
