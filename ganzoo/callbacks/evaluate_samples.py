"""Metrics of the samples of a GAN while it trains."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from ganzoo import json_lines
from ganzoo.callbacks.checks import check_gan, check_listed_before_readers
from ganzoo.file_names import check_folder_name
from ganzoo.files import user_path
from ganzoo.metrics.evaluation import Evaluation
from ganzoo.metrics.result import Result
from ganzoo.training.fit_hook import FitHook
from ganzoo.validation import check_positive_integer, check_seed


class EvaluateSamples(FitHook):
    """Measures samples of the averaged generator against real examples every few epochs.

    The logs hold the values at the end of each epoch, for `ModelCheckpoint(monitor="fid",
    mode="min")`, `EarlyStopping` and `CSVLogger`. List those callbacks after this one. The names of
    the values are `fid`, `kid`, `is`, `precision`, `recall`, `density`, `coverage` and so on. A
    metric that was created with a `name` is logged under that name. In the epochs between two
    evaluations, the logs hold the values of the last one.

    The first evaluation takes place before training, so that an error in data, extractor or number
    of samples is raised then. The last step is always evaluated. (List this callback after
    `BackupAndRestore`, so that the first evaluation sees the restored weights.) Measuring does not
    change training. The samples always have the same seeds.

    Args:
        metrics: List of `ganzoo.metrics` metrics or their names, such as `["fid", "is"]`.
        data: The real examples, a `ganzoo.data.Dataset`, an array or anything that
            `ganzoo.data.gather` takes; `None` if no metric compares samples with real examples.
        extractor: For the metrics that are given by name: a name of
            `ganzoo.extractors.names()`, or an extractor.
        n: Number of samples; by default as many as there are real examples.
        every: Epochs from one evaluation to the next.
        seed: Integer, the seed of the first sample.
        folder: Folder of the file `metrics.jsonl`, to which each evaluation adds a line with the
            values and their protocols; or `None`. A resumed run continues the same file: of two
            lines with the same step, the later one is valid.
        cache: Whether to keep the features of the real images on disk; or the folder for them. See
            `ganzoo.metrics.evaluation.Evaluation`.

    Attributes:
        records: List of (step, dictionary from names to `ganzoo.metrics.Result`).

    Raises:
        ValueError: If an argument is out of its range; or when training begins, if the samples
            cannot be measured in this way, or if a callback that reads the values is listed before
            this one.
        OSError: When training begins, if the folder is not writable.

    Example:

    >>> test = ganzoo.data.load("digits", split="test")
    >>> metrics = ganzoo.callbacks.EvaluateSamples(["fid", "is"], test, "digits", every=5)
    >>> best = keras.callbacks.ModelCheckpoint(
    ...     "best.keras", monitor="fid", mode="min", save_best_only=True
    ... )
    >>> history = gan.fit(dataset, epochs=20, callbacks=[metrics, best])
    """

    def __init__(
        self,
        metrics: Sequence[str | keras.metrics.Metric],
        data: Any = None,
        extractor: str | Callable | None = None,
        n: int | None = None,
        every: int = 1,
        seed: int = 0,
        folder: str | Path | None = None,
        cache: bool | str | Path = True,
    ):
        super().__init__()
        self.every = check_positive_integer("every", every)
        self.seed = check_seed(seed)
        if folder is not None:
            check_folder_name("folder", folder)
        self.folder = None if folder is None else user_path(folder)
        self.records: list[tuple[int, dict[str, Result]]] = []
        self._values: dict[str, float] = {}
        self._evaluation = Evaluation(metrics, data, extractor, n, cache)
        self._callbacks = []

    @property
    def n(self) -> int:
        """The number of samples in a measurement."""
        return self._evaluation.n

    @property
    def data(self) -> Any:
        """The real examples, a data set, or `None`."""
        return self._evaluation.data

    def attach(self, callbacks: list[keras.callbacks.Callback]) -> None:
        self._callbacks = callbacks

    def detach(self) -> None:
        self._callbacks = []

    def on_train_begin(self, logs=None):
        check_gan(self)
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._measure()
        check_listed_before_readers(self, self._callbacks, self._values)

    def on_epoch_end(self, epoch, logs=None):
        is_last = self._model.stop_training or epoch + 1 == self.params["epochs"]
        if is_last or (epoch + 1) % self.every == 0:
            self._measure()
        if logs is not None:
            logs.update(self._values)

    def on_train_end(self, logs=None):
        if self.model.step != self._step:
            self._measure()

    def measured_step(self, name: str) -> int | None:
        """Returns the step of the latest value of this name, or `None` if it measures no such."""
        return self._step if name in self._values else None

    def get_state(self) -> list:
        return [[step, _plain(results)] for step, results in self.records]

    def set_state(self, state: list) -> None:
        # It replaces the values of the first evaluation, of the resumed step.
        self.records = [
            (step, {name: Result.from_dict(one) for name, one in results.items()})
            for step, results in state
        ]
        self._take(*self.records[-1])

    def _measure(self):
        sample = self.model.sampler_for(self._evaluation.data)
        results = self._evaluation.measure(sample, self.seed)
        self.records.append((self.model.step, results))
        self._take(*self.records[-1])
        if self.folder is not None:
            record = {"step": self._step, "results": _plain(results)}
            json_lines.append(self.folder / "metrics.jsonl", record)

    def _take(self, step, results):
        self._step = step
        # A value that is not finite this time has no result.
        unknown = dict.fromkeys(self._values, float("nan"))
        self._values = unknown | {name: float(result) for name, result in results.items()}


def _plain(results: dict[str, Result]) -> dict[str, Any]:
    return {name: result.to_dict() for name, result in results.items()}
