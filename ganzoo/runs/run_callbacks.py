"""The callbacks of a training run: what it measures, draws, watches and saves."""

import math
import warnings

import numpy as np

from ganzoo import distribution, extractors, metrics
from ganzoo.callbacks import (
    AtomicCheckpoint,
    CollapseMonitor,
    CurvePicture,
    EpochLog,
    EvaluateSamples,
    MultiProcessCheckpoint,
    NaNGuard,
    SampleGrid,
    SpectralMonitor,
    StopAtStep,
    TrackRun,
)
from ganzoo.runs.recipe_flags import repeating_settings
from ganzoo.runs.sources import GIVEN_IN_PYTHON, load_test_split
from ganzoo.validation import check_choice

MONITORS = ("collapse", "spectral")
_NONE = "none"
_PICTURES = 50
_DRAWN = 64
_COMPARED = 256
_TRIED = 32
# Real examples between two checks for a collapse that nobody asked for: the samples of a check then
# cost less than 1% of the training.
_EXAMPLES_PER_CHECK = 12_800


class RunCallbacks:
    """The callbacks of a training run, checked before it starts.

    Args:
        folder: The `ganzoo.runs.RunFolder`.
        recipe: The `ganzoo.recipes.Recipe` of the run.
        settings: The other options of the run, as attributes.
        data: The `ganzoo.data.Dataset`.
        epochs: Number of the last epoch.
        steps_per_epoch: Number of steps in an epoch.

    Attributes:
        pictures: The `SampleGrid`.
        evaluation: The `EvaluateSamples`, or `None`.
        monitors: List of monitors.

    Raises:
        ValueError: If a metric, a monitor or the best value is unknown, or does not fit the data.
    """

    def __init__(self, folder, recipe, settings, data, epochs, steps_per_epoch):
        self._folder, self._settings = folder, settings
        self._goal = _goal(settings, recipe)
        self.pictures = SampleGrid(
            folder.samples,
            n=None if data.has_images else 1024,
            every=settings.sample_every or math.ceil(epochs / _PICTURES),
            conditions=_drawn_conditions(recipe, data),
        )
        self.evaluation = _evaluation(folder, recipe, settings, data)
        examples = steps_per_epoch * recipe.batch_size * recipe.discriminator_steps
        self.monitors = _monitors(settings.monitors, data, examples)
        # A missing package is an error before training.
        self._tracker = _tracker(folder, recipe, settings) if settings.log else None

    def check_monitors(self, gan):
        """Leaves out monitors that nobody asked for and that cannot watch these networks or data.

        Returns:
            A sentence that says why, or `None`.

        Raises:
            ValueError: If a monitor that was asked for cannot watch them.
        """
        try:
            for monitor in self.monitors:
                monitor.set_model(gan)
                monitor.on_train_begin()
        except ValueError as error:
            if (names := self._settings.monitors) is not None:
                raise ValueError(f"--monitors={names} cannot watch this model. {error}") from error
            self.monitors = []
            return f"none: {error}"
        return None

    def listed(self, steps, accepted):
        """Returns the callbacks of this process.

        Args:
            steps: The last step of the run.
            accepted: Names of what may differ from the checkpoint.
        """
        several = distribution.process_count() > 1
        kind = MultiProcessCheckpoint if several else AtomicCheckpoint
        settings, folder = self._settings, self._folder
        checkpoint = kind(
            folder.checkpoints,
            every=settings.checkpoint_every,
            keep=settings.keep,
            monitor=settings.keep_best,
            mode=self._goal,
            accept_changes=accepted,
        )
        shared = [StopAtStep(steps), checkpoint]
        if distribution.process_index():
            return [NaNGuard(), *shared]
        measured = [one for one in (self.evaluation, *self.monitors) if one is not None]
        written = [EpochLog(folder.log), CurvePicture(folder.curves, folder.log)]
        if self._tracker is not None:
            written.append(self._tracker)
        return [NaNGuard(), self.pictures, *measured, *written, *shared]


def _goal(settings, recipe):
    """Returns `"min"` or `"max"` for the value that chooses the best checkpoint."""
    wanted = settings.keep_best
    goals = {}
    for name in settings.metrics:
        kind = metrics.find(name)
        goals |= dict.fromkeys(kind.lower_is_better, "min")
        goals |= dict.fromkeys(kind.higher_is_better, "max")
    if recipe.labels_per_class is not None and settings.test_split is not None:
        goals["val_error"] = "min"
    if wanted is not None and wanted not in goals:
        known = f"one of {', '.join(goals)}" if goals else "a value of --metrics, such as fid"
        raise ValueError(
            f"--keep_best must be {known}. Received: --keep_best={wanted} with "
            f"--metrics={','.join(settings.metrics) or 'none'}"
        )
    return goals.get(wanted, "min")


def _evaluation(folder, recipe, settings, data):
    """Returns the `EvaluateSamples` of a run, or `None`."""
    if not settings.metrics:
        return None
    name = settings.extractor
    source = data.name if recipe.data == GIVEN_IN_PYTHON else recipe.data
    extractor = extractors.get_for(source) if name is None else extractors.get(name)
    needs = {need for metric in settings.metrics for need in metrics.find(metric).needs}
    if extractor is None and data.has_images and needs & {"features", "probabilities"}:
        raise ValueError(
            f"These metrics of images from {source} need --extractor, one of "
            f"{', '.join(extractors.names())}. Received: --metrics={','.join(settings.metrics)}"
        )
    real = None
    if recipe.data != GIVEN_IN_PYTHON:
        real = load_test_split(recipe.data, data.split, settings)
    compared = data if real is None else real
    _try_metrics(settings.metrics, compared, extractor, settings.metric_samples or len(compared))
    return EvaluateSamples(
        settings.metrics,
        compared,
        extractor,
        n=settings.metric_samples,
        every=settings.every,
        folder=folder.path,
    )


def _try_metrics(names, data, extractor, n):
    """Measures a few real examples, so that metrics that do not fit them are an error here."""
    few = data.take(np.arange(min(_TRIED, len(data))))
    samples = few.examples[np.arange(min(n, _TRIED)) % len(few)]
    with warnings.catch_warnings():
        # So few examples are too few for good values.
        warnings.simplefilter("ignore")
        metrics.evaluate(samples, few, names, extractor, n=len(samples), cache=False)


def _tracker(folder, recipe, settings):
    """Returns the `TrackRun` of a run."""
    options = repeating_settings(recipe, settings, everything=True)
    lines = [f"- {name}: {value}" for name, value in options.items()]
    card = "\n".join([f"# {settings.model}", "", recipe.source, "", *lines])
    return TrackRun(settings.log, folder.path, folder.samples, options=options, card=card)


def _monitors(names, data, examples_per_epoch):
    """Returns the monitors of these names; `None` stands for the default."""
    count = min(_COMPARED, len(data))
    if names is None:
        if count < 2:
            return []
        every = math.ceil(_EXAMPLES_PER_CHECK / examples_per_epoch)
        return [CollapseMonitor(data, n=count, every=every)]
    chosen = [] if names == _NONE else names.split(",")
    for name in chosen:
        check_choice("--monitors", name, (*MONITORS, _NONE))
    if _NONE in chosen or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"--monitors must be none, or different ones of {', '.join(MONITORS)}. "
            f"Received: --monitors={names}"
        )
    made = {"collapse": lambda: CollapseMonitor(data, n=count), "spectral": SpectralMonitor}
    return [made[name]() for name in chosen]


def _drawn_conditions(recipe, data):
    """Returns vectors of conditions for the pictures, spread over the data, or `None`."""
    if not recipe.conditional or data.conditions is None:
        return None
    return data.conditions[:: -(-len(data) // _DRAWN)]
