"""How a GAN is trained: `fit`, and single steps."""

import math
from collections.abc import Sequence
from typing import Any

import keras

from ganzoo import backend, distribution
from ganzoo.training import checks, epoch_length, inputs, resume
from ganzoo.training.initialization import initialize_from_data
from ganzoo.training.stop_at_step import StopAtStep
from ganzoo.validation import check_positive_integer


class FittedModel:
    """The methods of a GAN that train it.

    The class that inherits from it is a `keras.Model` too, and makes the steps.
    """

    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Sequence[keras.callbacks.Callback] | None = None,
        validation_data: Any = None,
        validation_freq: int = 1,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        steps: int | None = None,
    ) -> keras.callbacks.History:
        """Trains both networks.

        Args:
            x: A `ganzoo.data.Dataset` or an array of examples: uint8 images in [0, 255], float
                images in [-1, 1], or float vectors; a list of arrays of one shape is stacked. Or
                ready batches in their own order: a `ganzoo.data.Batches`, a
                `keras.utils.PyDataset`, a batched `tf.data.Dataset`, a
                `torch.utils.data.DataLoader`, a generator or another iterable of batches, or a
                function that returns one of these for each pass over the data; a function with an
                argument gets the step at which the pass starts. A batch is `examples`, `(examples,
                labels)`, or a dictionary with the keys "image" and "label", and is
                `discriminator_steps` times as large as an update of the discriminator. Batches of a
                `tf.data.Dataset` or of an iterable that differ in size are put together to equal
                ones, as large as the first one. Every batch is checked.
            y: Labels of shape `(examples,)`, where `x` is an array: integers, or names of classes
                if the GAN has `class_names`; or one-hot labels of shape `(examples, num_classes)`.
                With `condition_dim`, conditions of shape `(examples, condition_dim)`.
            batch_size: Real examples per update of the discriminator, by default 64, where `x` is a
                `Dataset` or an array, or has batches of no fixed size. An incomplete batch at the
                end of an epoch is dropped. Each epoch of a `Dataset` or an array has a new order.
            epochs: Number of the last epoch; an epoch is a pass over the data, or
                `steps_per_epoch` steps.
            verbose: As for `keras.Model.fit`.
            callbacks: List of `keras.callbacks.Callback`.
            validation_data: A `ganzoo.data.Dataset`, an array of examples, a pair of examples and
                labels, or batches as for `x`, that the metrics of `compile(metrics=...)` compare
                samples of the averaged generator with. The logs of an epoch hold the values as
                `val_fid` and so on.
            validation_freq: Epochs from one measurement to the next.
            initial_epoch: Number of epochs that are done already.
            steps_per_epoch: Steps per epoch, by default a pass over the data. Batches that end
                earlier are read again from the start. Needed for batches without end.
            steps: In place of `epochs`: the run ends after this step, counted by `gan.step`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: If the data are empty, have another shape than the networks take, are out of
                their range or not finite, if labels are missing, if batches differ in size or have
                no end, or if the metrics cannot be measured. A batch that does not fit later on
                ends the training.
            TypeError: If examples or labels have an unusable type.

        Warns:
            UserWarning: If there are labels, but the GAN has no classes; or if only the end of the
                data shows how many batches there are.
        """
        self._check_compiled()
        batches, errors = inputs.as_batches(self, x, y, batch_size)
        epoch_length.check_passes(batches, epochs, steps_per_epoch, initial_epoch)
        settings = {}
        if validation_data is not None:
            settings = self._validation_settings(validation_data, validation_freq)
        with errors:
            return self._fit(
                batches,
                epochs=epochs,
                steps=steps,
                verbose=verbose,
                callbacks=callbacks,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps_per_epoch,
                **settings,
            )

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: None = None,
        class_weight: None = None,
        return_dict: bool = False,
    ) -> dict[str, float] | list[float]:
        """Makes one step on one batch, as `fit` does, after the same checks.

        Args:
            x: Array of examples, `discriminator_steps` times as many as in an update of the
                discriminator.
            y: Labels of shape `(examples,)` of a conditional GAN, or its conditions.
            sample_weight: Not used; must be `None`.
            class_weight: Not used; must be `None`.
            return_dict: Whether to return a dictionary from names to values, not a list.

        Returns:
            What the step logs, as floats.

        Raises:
            ValueError: If the batch does not fit the GAN, or if there are several replicas or
                processes.
            TypeError: If examples or labels have an unusable type.
        """
        self._check_compiled()
        checks.check_no_weights(sample_weight, class_weight)
        checks.check_one_replica(backend.replica_count(self) * distribution.process_count())
        batch, first = self._checked_batch(x, y)
        initialize_from_data(self, lambda: first)
        return super().train_on_batch(*batch, return_dict=return_dict)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: None = None, return_dict: bool = False
    ):
        """A GAN has no loss of examples alone: this always raises `TypeError`."""
        raise TypeError(
            "A GAN has no value that says how well it fits a batch. Measure samples with "
            '`gan.evaluate(data, metrics=["fid"])`. Received: a call of `test_on_batch`'
        )

    def _checked_batch(self, x, y):
        """Returns a batch for one step, and its examples and labels for initialization."""
        batch = inputs.as_batch(self, x, y, self._range_evidence)
        inputs.check_size(self, len(batch[0]))
        self._set_batch_size(len(batch[0]))
        return batch, batch

    def _check_compiled(self):
        if not self.compiled:
            raise ValueError(
                "Call `gan.compile(...)` before training. Received: a GAN that is not compiled"
            )
        checks.check_trainable(self, self._compiled_variables)

    def _fit(self, batches, steps=None, **settings):
        """Trains on batches that were checked."""
        if steps is not None:
            settings |= self._until_step(steps, batches, settings)
        self._set_batch_size(inputs.size_of(batches))
        if self._batch_size is None and self.counts_images:
            raise ValueError(
                "A half-life or a schedule of images needs batches of one size. "
                "Received: batches of unknown size"
            )
        backend.collect_garbage_at_exit()
        return resume.fit(self, super().fit, batches, **settings)

    def _set_batch_size(self, size):
        if size != self._batch_size:
            # The functions were compiled for batches of another size.
            self._batch_size, self.train_function, self._execution_functions = size, None, {}

    def make_train_function(self, force=False):
        if self.train_function is None or force:
            super().make_train_function(force)
            self.train_function = backend.with_plain_state(self.train_function)

    def _until_step(self, steps, batches, settings):
        """Returns the settings of a `fit` that ends after a step."""
        check_positive_integer("steps", steps)
        if settings.get("epochs", 1) != 1:
            raise ValueError(
                "Give `epochs` or `steps`, not both. "
                f"Received: epochs={settings['epochs']}, steps={steps}"
            )
        if steps <= self.step:
            raise ValueError(
                "`steps` must be larger than the number of steps so far, `gan.step`. "
                f"Received: steps={steps} with gan.step={self.step}"
            )
        per_epoch = epoch_length.steps_of_epoch(batches, settings.get("steps_per_epoch"))
        if per_epoch is None:
            raise ValueError(
                "The number of steps of an epoch must be known: give `steps_per_epoch`. "
                f"Received: steps={steps} with data of unknown length"
            )
        epochs = settings.get("initial_epoch", 0) + math.ceil((steps - self.step) / per_epoch)
        callbacks = [*resume.as_list(settings.get("callbacks")), StopAtStep(steps)]
        return {"epochs": epochs, "callbacks": callbacks, "last_step": steps}
