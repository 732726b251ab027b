"""A GAN whose discriminator is a classifier that learns from few labels (Salimans et al. 2016)."""

import keras
import numpy as np
from keras import ops

from ganzoo import backend, losses
from ganzoo.data import Dataset, sharding
from ganzoo.data.classes import numbered_as
from ganzoo.data.sharded_array import ShardedArray, blocks_of
from ganzoo.distribution.replicas import gather_rows
from ganzoo.numerics import dtype_of_means, to_signed_range
from ganzoo.training import checks, ema, inputs, semi_supervised_inputs
from ganzoo.training.evaluation import MetricSettings
from ganzoo.training.gan import GAN
from ganzoo.training.semi_supervised_inputs import STREAMS
from ganzoo.validation import check_positive_integer, describe

_TEST_BATCH_SIZE = 500


@keras.saving.register_keras_serializable(package="ganzoo")
class SemiSupervisedGAN(GAN):
    """Trains a classifier on few labeled examples, many unlabeled ones and a generator's.

    The discriminator gives one logit for each class; the logit of the class "generated" is fixed at
    0. So an example is real with the logit `logsumexp(class_logits)`, which regularizers and the
    logs `d_real` and `d_fake` use. One step updates the discriminator on a batch of each kind, and
    then the generator, by default through feature matching.

    `evaluate` and validation give the error rate of the discriminator's average, which like the
    generator's moves with `ema_decay`.

    Args:
        generator: As for `GAN`; without labels.
        discriminator: A built Keras model, examples in, class logits `(batch, num_classes)` out,
            with a layer named `features` where features are matched. There are at least two
            classes.
        latent_dim: As for `GAN`.
        latent: As for `GAN`. The paper's latents are uniform.
        seed: Integer in [0, 2**64).
        name: Name of the model.
        class_names, pixels: As for `GAN`.

    Raises:
        ValueError: If the networks do not fit each other or the other arguments.

    Example:

    >>> mnist, recipe = ganzoo.data.load("tfds:mnist"), ganzoo.recipes.get("semi_supervised_mnist")
    >>> gan = ganzoo.GAN.from_recipe(recipe, mnist)
    >>> history = gan.fit(mnist, **recipe.fit_arguments)
    >>> gan.evaluate(ganzoo.data.load("tfds:mnist", split="test"))
    {'error': ...}

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 5.
    """

    def __init__(
        self,
        generator,
        discriminator,
        latent_dim=None,
        latent="uniform",
        seed=0,
        name="semi_supervised_gan",
        class_names=None,
        pixels=None,
    ):
        super().__init__(
            generator,
            discriminator,
            latent_dim=latent_dim,
            latent=latent,
            seed=seed,
            name=name,
            class_names=class_names,
            pixels=pixels,
        )
        self.ema_discriminator = ema.clone(discriminator)
        self._error = keras.metrics.Mean("error", dtype_of_means(keras.config.floatx()))

    def get_config(self):
        config = super().get_config()
        del config["num_classes"], config["packing"]
        return config

    def compile(
        self,
        optimizer=None,
        loss="semi_supervised",
        generator_loss="feature_matching",
        **settings,
    ):
        """Sets how the two networks are trained; see `GAN.compile` for all settings.

        Args:
            optimizer: As for `GAN.compile`.
            loss: A `ganzoo.losses.SemiSupervised` of as many classes as the discriminator has, or
                its name.
            generator_loss: By default feature matching; `None` for the loss's own.
            **settings: `discriminator_steps` must be 1.

        Raises:
            ValueError: If an argument is out of its range or does not fit another.
        """
        steps = settings.get("discriminator_steps", 1)
        if steps != 1:
            raise ValueError(
                "A semi-supervised step updates the discriminator once. Expected: "
                f"discriminator_steps=1. Received: discriminator_steps={steps!r}"
            )
        super().compile(optimizer, loss, generator_loss=generator_loss, **settings)

    @property
    def class_count(self):
        """Number of classes that the discriminator distinguishes."""
        return self.discriminator.output_shape[-1]

    # The hooks of `GAN`.

    log_names = ("d_loss", "g_loss", "d_real", "d_fake", "train_error")

    def check_discriminator(self, discriminator):
        checks.check_network("discriminator", discriminator)
        checks.check_discriminator_input(discriminator, self.example_shape)
        shapes = [tuple(output.shape[1:]) for output in discriminator.outputs]
        is_classifier = len(shapes) == 1 and len(shapes[0]) == 1 and shapes[0][0] > 1
        if len(discriminator.inputs) != 1 or not is_classifier:
            raise ValueError(
                "The discriminator must take examples and give class logits, of shape (batch, "
                "num_classes) with at least 2 classes. An example has one class: take the mean of "
                "class logits of patches, with a layer such as `GlobalAveragePooling2D`. "
                f"Received: {len(discriminator.inputs)} "
                f"input(s) and the output shape(s) {shapes}"
            )

    def get_loss(self, loss):
        if loss == "semi_supervised":
            return losses.SemiSupervised(self.class_count)
        if isinstance(loss, dict) and "class_name" in loss:
            loss = keras.saving.deserialize_keras_object(loss)
        if isinstance(loss, losses.SemiSupervised) and loss.num_classes == self.class_count:
            return loss
        raise ValueError(
            "`loss` must be a `ganzoo.losses.SemiSupervised` with as many classes as the "
            f"discriminator gives logits for, {self.class_count}. Received: loss={describe(loss)}"
        )

    def averages(self):
        return [*super().averages(), (self.ema_discriminator, self.discriminator)]

    def update_players(self, batch, draws):
        examples, labels, *_ = batch
        examples = {name: to_signed_range(examples[name]) for name in STREAMS}
        labels = ops.cast(labels, "int32")
        self._update_classifier(examples, labels, draws.scope("discriminator"))
        for k in range(self.generator_steps):
            self.update_generator(examples["matching"], None, k, draws.scope(f"generator_{k}"))

    def _update_classifier(self, examples, labels, draws):
        needs_gradient = bool(self._penalties)

        def objective(draws, examples, labels):
            fake = self.draw_fakes(draws, ops.shape(examples["unlabeled"])[0], None)
            unlabeled = self.replace_real(examples["unlabeled"], None, draws)
            on_labeled = self.discriminate(examples["labeled"], None, draws.scope("labeled"))
            on_real = self.discriminate(unlabeled, None, draws.scope("real"), needs_gradient)
            on_fake = self.discriminate(fake, None, draws.scope("fake"), needs_gradient)
            loss = self._part_now(self.adversarial_loss).discriminator(
                on_labeled.class_logits, labels, on_real.class_logits, on_fake.class_logits
            )
            terms = self.penalty_terms(on_real, on_fake, None, 0, draws)
            means = {
                "d_real": ops.mean(on_real.logits),
                "d_fake": ops.mean(on_fake.logits),
                "train_error": ops.mean(_is_wrong(on_labeled.class_logits, labels)),
            }
            logs = {"d_loss": loss, **means, **terms}
            return sum(terms.values(), loss), logs, (on_real.logits, on_fake.logits)

        results = self.minimize(objective, "discriminator", 0, draws, examples, labels)
        self.finish_discriminator_update(*results)

    def test_step(self, *args):
        return backend.run_step(self, self._test_on_batch, *args)

    def _test_on_batch(self, batch):
        examples, labels, *_ = batch
        labels = ops.cast(labels, "int32")
        logits = self.inference_discriminator(to_signed_range(examples), training=False)
        # Rows that only complete a batch have the label -1. Keras takes the mean of the rates of
        # the replicas, so each replica computes the rate of all rows.
        wrong = gather_rows(_is_wrong(logits.class_logits, labels))
        self._error.update_state(wrong, sample_weight=gather_rows(labels) >= 0)
        return {"error": self._error.result()}

    # Use.

    def classify(self, examples, batch_size=_TEST_BATCH_SIZE):
        """Returns the classes that the averaged classifier gives to examples.

        Args:
            examples: uint8 images, float images in [-1, 1], or float vectors, as for `fit`. The
                examples of data in shards are read block by block.
            batch_size: Examples per call of the classifier, at least 1.

        Returns:
            NumPy array of int32 classes, of shape `(examples,)`.

        Raises:
            ValueError: If the examples do not fit the classifier.
        """
        check_positive_integer("batch_size", batch_size)
        if isinstance(examples, ShardedArray):
            blocks = blocks_of(examples)
            return np.concatenate([self.classify(block, batch_size) for block in blocks])
        self.update_inference_state()
        examples, _ = inputs.as_batch(self, examples)
        classify, classes = self.inference_discriminator, []
        for start in range(0, len(examples), batch_size):
            rows = ops.convert_to_tensor(examples[start : start + batch_size])
            logits = classify(to_signed_range(rows), training=False).class_logits
            classes.append(ops.convert_to_numpy(ops.argmax(logits, axis=-1)))
        return np.concatenate(classes).astype("int32")

    def fit(
        self,
        x,
        labels_per_class=None,
        batch_size=None,
        epochs=1,
        validation_data=None,
        *,
        verbose="auto",
        callbacks=None,
        validation_freq=1,
        initial_epoch=0,
        steps_per_epoch=None,
        steps=None,
    ):
        """Trains both networks; see `GAN.fit` for the arguments that are not here.

        Args:
            x: A `ganzoo.data.Dataset` with labels, or a `ganzoo.data.SemiSupervisedBatches`. A
                `tf.data.Dataset` and other batches are read into a `Dataset`, see
                `ganzoo.data.gather`.
            labels_per_class: Examples of each class whose labels are used, where `x` is a
                `Dataset`.
            batch_size: Examples of each kind per step, where `x` is a `Dataset`; by default 100.
            epochs: Number of the last epoch; an epoch is a pass over the unlabeled examples.
            validation_data: A `Dataset`, or a pair of examples and labels. Its error rate is logged
                as `val_error`, with the metrics of `compile`, if there are any.
            verbose, callbacks, validation_freq, initial_epoch, steps_per_epoch, steps: As for
                `GAN.fit`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: If the data do not fit the networks or the other arguments.
        """
        self._check_compiled()
        x = semi_supervised_inputs.as_batches(self, x, labels_per_class, batch_size)
        inputs.check_same_classes(self, x.dataset)
        self._check_data(x.dataset)
        inputs.check_equal_shares(self, x.batch_size)
        settings = {}
        if validation_data is not None:
            check_positive_integer("validation_freq", validation_freq)
            data = self._check_data(inputs.as_dataset(self, validation_data))
            if self.metric_settings.metrics is not None:
                self._validation_settings(data, validation_freq)
            *arrays, size = sharding.test_arrays(self, data, _TEST_BATCH_SIZE)
            settings = {
                "validation_data": tuple(arrays),
                "validation_batch_size": size,
                "validation_freq": validation_freq,
            }
        return self._fit(
            sharding.own_batches(x.follow(lambda: self.step)),
            epochs=epochs,
            steps=steps,
            verbose=verbose,
            callbacks=callbacks,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
            **settings,
        )

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Returns the error rate of the averaged classifier on one batch.

        Args:
            x: Array of examples.
            y: Labels of shape `(examples,)`.
            sample_weight: Not used; must be `None`.
            return_dict: Whether to return a dictionary with `error`, not a number.

        Raises:
            ValueError: If the batch does not fit the classifier.
            TypeError: If examples or labels have an unusable type.
        """
        self._check_compiled()
        checks.check_no_weights(sample_weight, None)
        examples, _ = inputs.as_batch(self, x)
        labels = self._batch_labels(y, len(examples))
        return keras.Model.test_on_batch(self, examples, labels, return_dict=return_dict)

    def _checked_batch(self, x, y):
        examples = semi_supervised_inputs.as_batch(self, x)
        labels = self._batch_labels(y, len(examples["labeled"]))
        inputs.check_equal_shares(self, len(examples["unlabeled"]))
        self._set_batch_size(len(examples["unlabeled"]))
        return (examples, labels), (examples["unlabeled"], None)

    def _batch_labels(self, labels, count):
        """Returns the int32 labels of a batch, after all checks."""
        check = inputs.BatchCheck(self, self.class_names)
        return check.checked_labels(labels, self.class_count, count)

    def evaluate(
        self, x=None, y=None, batch_size=None, verbose=0, metrics=None, extractor=None, **settings
    ):
        """Returns the error rate of the averaged classifier, and metrics of samples on request.

        Args:
            x: A `ganzoo.data.Dataset` with labels, or an array of examples.
            y: Labels of shape `(examples,)`, where `x` is an array.
            batch_size: Examples per call of the classifier; by default 500.
            verbose: 0 prints nothing.
            metrics: As for `GAN.evaluate`; by default the metrics of `compile`, or none.
            extractor: As for `GAN.evaluate`.
            **settings: `n`, `seed` and `cache`, as for `GAN.evaluate`.

        Returns:
            Dictionary with `error`, the share of examples that are classified wrongly, and the
            values of the metrics.

        Raises:
            ValueError: If the data do not fit the classifier.
        """
        metrics = self.metric_settings.metrics if metrics is None else metrics
        if settings.get("_use_cached_eval_dataset"):
            # Keras's `fit`, with the arrays that ours has prepared.
            values = keras.Model.evaluate(self, x, y, batch_size, verbose, **settings)
            return values if metrics is None else values | super()._validate()
        data = self._check_data(inputs.as_dataset(self, x, y))
        if metrics is None:
            checks.check_no_arguments("evaluate", settings)
            MetricSettings(metrics, extractor)  # An extractor alone is refused.
        size = _TEST_BATCH_SIZE if batch_size is None else batch_size
        *arrays, size = sharding.test_arrays(self, data, check_positive_integer("batch_size", size))
        values = keras.Model.evaluate(self, *arrays, size, verbose, return_dict=True)
        if metrics is None:
            return values
        return values | super().evaluate(
            data, verbose=verbose, metrics=metrics, extractor=extractor, **settings
        )

    def _validate(self, arrays, batch_size):
        values = keras.Model.evaluate(self, *arrays, batch_size, verbose=0, return_dict=True)
        return values if self.metric_settings.metrics is None else values | super()._validate()

    def _check_data(self, data):
        """Returns a data set whose examples and labels fit the classifier."""
        if not isinstance(data, Dataset) or data.labels is None:
            received = repr(data) if isinstance(data, Dataset) else f"type {type(data).__name__}"
            raise ValueError(
                f"A classifier needs a `ganzoo.data.Dataset` with labels. Received: {received}"
            )
        data = numbered_as(data, self.class_names, "the GAN")
        if data.example_shape != self.example_shape or data.num_classes > self.class_count:
            raise ValueError(
                f"The networks are made for examples of shape {self.example_shape} of "
                f"{self.class_count} classes. Received: {data!r}"
            )
        return data


def _is_wrong(class_logits, labels):
    return ops.cast(ops.not_equal(ops.argmax(class_logits, axis=-1), labels), "float32")
