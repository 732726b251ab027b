"""Metrics of a GAN's samples, in `fit` and by `evaluate`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganzoo.data.conditions import check_conditions
from ganzoo.generation.conditioning import check_no_conditions
from ganzoo.generation.truncation import check_truncation
from ganzoo.metrics.evaluation import Evaluation, check_metrics
from ganzoo.training import inputs
from ganzoo.training.checks import check_no_arguments
from ganzoo.validation import check_positive_integer, describe


class MetricSettings:
    """The metrics of `compile`.

    Args:
        metrics: List of metrics or their names, or `None`.
        extractor: The extractor of the metrics that are given by name, its name, or `None`.

    Raises:
        ValueError: If there is no such metric, or an extractor without metrics.
    """

    def __init__(self, metrics=None, extractor=None):
        if metrics is not None:
            check_metrics(metrics)
        elif extractor is not None:
            raise ValueError(
                "`extractor` is for the metrics that are given by name: give `metrics` too. "
                f"Received: extractor={describe(extractor)} with metrics=None"
            )
        self.metrics = metrics
        self.extractor = extractor


class EvaluatedModel:
    """The methods of a GAN that measure its samples.

    The class that inherits from it has the method `sample` and the attribute `metric_settings`.
    """

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int = 0,
        metrics: Sequence[Any] | None = None,
        extractor: Any = None,
        n: int | None = None,
        seed: int = 0,
        cache: bool | str = True,
        **keras_arguments: Any,
    ) -> dict[str, float]:
        """Measures samples of the averaged generator against real examples.

        Args:
            x: Real examples, a `ganzoo.data.Dataset`, an array or a list of arrays, or batches as
                for `fit`, all of which are read into memory; `None` where no metric compares.
            y: Integer labels of shape `(examples,)`, or conditions, where `x` is an array. Samples
                have the conditions of the examples, in turn.
            batch_size: Examples per call of a classifier (`SemiSupervisedGAN`).
            verbose: 0 prints nothing. Otherwise each value is printed with its protocol.
            metrics: List of `ganzoo.metrics` metrics or their names. By default the metrics of
                `compile`, or `["fid"]`.
            extractor: The extractor of the metrics that are given by name: a name of
                `ganzoo.extractors.names()`, or an extractor. By default the one of `compile`, or
                the one that is made for the data.
            n: Number of samples; by default as many as there are real examples.
            seed: Seed of the first sample.
            cache: Whether to keep the features of the real examples on disk, or the folder for
                them.
            **keras_arguments: For `keras.Model.fit` only.

        Returns:
            Dictionary from short names, such as `"fid"`, to floats.

        Raises:
            ValueError: If metrics, extractor and examples do not fit each other.

        Example:

        >>> gan = ganzoo.GAN.from_preset("dcgan_digits")
        >>> gan.evaluate(ganzoo.data.load("digits", split="test"), metrics=["fid"])
        {'fid': ...}
        """
        if keras_arguments.pop("_use_cached_eval_dataset", False):
            # `keras.Model.fit` calls it at the end of an epoch.
            return self._validate()
        check_no_arguments("evaluate", keras_arguments)
        default = self.metric_settings
        data = None if x is None and y is None else inputs.as_dataset(self, x, y)
        results = Evaluation(
            metrics=metrics or default.metrics or ["fid"],
            data=data,
            extractor=default.extractor if extractor is None else extractor,
            n=n,
            cache=cache,
        ).measure(self.sampler_for(data), seed)
        if verbose:
            print(*results.values(), sep="\n")
        return _values(results)

    def _validate(self, arrays=None, batch_size=None):
        """Measures the validation data of `fit`.

        Args:
            arrays: What `fit` has given to Keras's `fit` as `validation_data`. Not used here.
            batch_size: Examples per call of a classifier. Not used here.
        """
        return _values(self._evaluation.measure(self.sampler_for(self._evaluation.data)))

    def sampler_for(
        self,
        data: Any,
        truncation: float | None = None,
        conditions: Sequence[float] | np.ndarray | None = None,
    ) -> Any:
        """Returns what metrics and pictures of samples call: `sample`, with images as uint8.

        Args:
            data: A `ganzoo.data.Dataset`. With conditions, a sample of seed s has the ones of
                example s, in turn.
            truncation: As for `sample`.
            conditions: One vector of conditions in place of the ones of `data`, or several: a
                sample of seed s has vector s, in turn.

        Raises:
            ValueError: If the truncation is out of range, or conditions are missing or do not fit.
        """
        check_truncation(self, truncation)
        vectors = self._conditions_of_samples(data, conditions)
        # A subclass may have a `sample` of a number and a seed alone.
        settings = {} if truncation is None else {"truncation": truncation}

        def sample(n, seed=0):
            if vectors is not None:
                rows = (np.arange(n) + seed % len(vectors)) % len(vectors)
                settings["conditions"] = vectors[rows]
            return self.pixels.in_eight_bits(self.sample(n, seed, **settings))

        return sample

    def _conditions_of_samples(self, data, conditions):
        """Returns vectors of conditions of shape `(count, condition_dim)`, or `None`."""
        if self.condition_dim is None:
            check_no_conditions(conditions)
            return None
        if conditions is not None:
            return check_conditions(np.atleast_2d(conditions), condition_dim=self.condition_dim)
        if getattr(data, "conditions", None) is None:
            raise ValueError(
                "Samples have the conditions of the real examples: give examples with conditions. "
                f"Received: {describe(data)}"
            )
        return check_conditions(data.conditions, condition_dim=self.condition_dim)

    def _validation_settings(self, data, validation_freq):
        """Returns what makes `keras.Model.fit` call `evaluate`, after one measurement."""
        if self.metric_settings.metrics is None:
            raise ValueError(
                "`validation_data` is compared with samples by the metrics of `compile`. Compile "
                "with e.g. metrics=['fid']. Received: validation_data with metrics=None"
            )
        check_positive_integer("validation_freq", validation_freq)
        settings = self.metric_settings
        data = inputs.as_dataset(self, data)
        self._evaluation = Evaluation(settings.metrics, data, settings.extractor)
        # Whatever does not fit is an error now, and not after the first epoch.
        self._evaluation.measure(self.sampler_for(data))
        examples = self._evaluation.data.examples[:1]
        return {"validation_data": (examples,), "validation_freq": validation_freq}


def _values(results):
    return {name: float(result) for name, result in results.items()}
