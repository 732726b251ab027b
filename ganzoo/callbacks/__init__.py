"""Callbacks that watch a training run and save it: checkpoints, samples, metrics, guards."""

from ganzoo.callbacks.atomic_checkpoint import AtomicCheckpoint
from ganzoo.callbacks.collapse_monitor import CollapseMonitor
from ganzoo.callbacks.curve_picture import CurvePicture
from ganzoo.callbacks.epoch_log import EpochLog
from ganzoo.callbacks.evaluate_samples import EvaluateSamples
from ganzoo.callbacks.multi_process_checkpoint import MultiProcessCheckpoint
from ganzoo.callbacks.nan_guard import NaNGuard
from ganzoo.callbacks.sample_grid import SampleGrid
from ganzoo.callbacks.spectral_monitor import SpectralMonitor
from ganzoo.callbacks.track_run import TrackRun
from ganzoo.training.fit_hook import FitHook, Position
from ganzoo.training.stop_at_step import StopAtStep

__all__ = [
    "AtomicCheckpoint",
    "CollapseMonitor",
    "CurvePicture",
    "EpochLog",
    "EvaluateSamples",
    "FitHook",
    "MultiProcessCheckpoint",
    "NaNGuard",
    "Position",
    "SampleGrid",
    "SpectralMonitor",
    "StopAtStep",
    "TrackRun",
]
