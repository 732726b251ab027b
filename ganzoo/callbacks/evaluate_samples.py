"""Metrics of a GAN's samples while it trains."""

import json
from pathlib import Path

import keras

from ganzoo.callbacks.order import check_listed_before_readers
from ganzoo.metrics.evaluation import Evaluation
from ganzoo.metrics.result import Result
from ganzoo.training.gan import GAN
from ganzoo.validation import check_positive_integer, check_seed


class EvaluateSamples(keras.callbacks.Callback):
    """Measures samples of the generator's average against real examples every few epochs.

    The figures are in the logs at the end of each epoch, for `ModelCheckpoint(monitor="fid",
    mode="min")`, `EarlyStopping` and `CSVLogger`, which are to be listed after this callback. Their
    names are `fid`, `kid`, `is`, `precision`, `recall`, `density`, `coverage` and so on; a metric
    that was made with a `name` is logged by that. In the epochs between two evaluations, the logs
    hold the figures of the last one.

    The first evaluation is before the training, so that whatever is wrong with data, extractor or
    number of samples is an error then; and there is one of the last step. (List this callback after
    `BackupAndRestore`, so that the first one sees the restored weights.) Measuring does not change
    the training. The samples always have the same seeds.

    Args:
        metrics: List of `ganzoo.metrics` metrics or their names, such as `["fid", "is"]`.
        data: The real examples, a `ganzoo.data.Dataset` or an array; `None` where no metric
            compares.
        extractor: For the metrics that are given by name: a name of
            `ganzoo.extractors.names()`, or an extractor.
        n: Number of samples; by default as many as there are real examples.
        every: Epochs from one evaluation to the next.
        seed: Integer, the seed of the first sample.
        folder: Where to add a line for each evaluation to the file `metrics.jsonl`, the figures
            with their protocols; or `None`. A resumed run goes on in the same file: of two lines
            with one step, the later one counts.
        cache: Whether to keep the features of the real images on disk; or the folder for them. See
            `ganzoo.metrics.evaluation.Evaluation`.

    Attributes:
        records: List of (step, dictionary from names to `ganzoo.metrics.Result`).

    Raises:
        ValueError: If an argument is out of its range; or when the training begins, if the samples
            cannot be measured so, or a callback before this one reads its figures.
        OSError: When the training begins, if the folder cannot be written to.

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
        metrics,
        data=None,
        extractor=None,
        n=None,
        every=1,
        seed=0,
        folder=None,
        cache=True,
    ):
        super().__init__()
        self.every = check_positive_integer("every", every)
        self.seed = check_seed(seed)
        self.folder = None if folder is None else Path(folder)
        self.records = []
        self._evaluation = Evaluation(metrics, data, extractor, n, cache)

    def on_train_begin(self, logs=None):
        if not isinstance(self.model, GAN):
            raise ValueError(f"`EvaluateSamples` measures a `ganzoo.GAN`. Received: {self.model!r}")
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._measure()
        check_listed_before_readers(self, self._figures)

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            self._measure()
        if logs is not None:
            logs.update(self._figures)

    def on_train_end(self, logs=None):
        if self.model.step != self._step:
            self._measure()

    def get_state(self):
        """Returns all figures so far, for `AtomicCheckpoint`."""
        return [[step, _plain(results)] for step, results in self.records]

    def set_state(self, state):
        """Restores what `get_state` returned, in place of the figures of the resumed step."""
        self.records = [
            (step, {name: Result.from_dict(one) for name, one in results.items()})
            for step, results in state
        ]
        self._take(*self.records[-1])

    def _measure(self):
        results = self._evaluation.measure(self.model.sample, self.seed)
        self.records.append((self.model.step, results))
        self._take(*self.records[-1])
        if self.folder is not None:
            with open(self.folder / "metrics.jsonl", "a") as file:
                file.write(json.dumps({"step": self._step, "results": _plain(results)}) + "\n")

    def _take(self, step, results):
        self._step = step
        self._figures = {name: float(result) for name, result in results.items()}


def _plain(results):
    return {name: result.to_dict() for name, result in results.items()}
