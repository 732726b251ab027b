"""A GAN whose discriminator is a classifier that learns from few labels (Salimans et al. 2016)."""

import keras
import numpy as np
from keras import ops

from ganzoo import backend, losses
from ganzoo.data import Dataset, SemiSupervisedBatches, sharding
from ganzoo.distribution.replicas import gather_rows
from ganzoo.pixels import to_signed_range
from ganzoo.training import checks, ema, inputs
from ganzoo.training.gan import GAN
from ganzoo.training.judge import Judge

STREAMS = ("labeled", "unlabeled", "matching")
_TEST_BATCH_SIZE = 500


@keras.saving.register_keras_serializable(package="ganzoo")
class SemiSupervisedGAN(GAN):
    """Trains a classifier on few labeled examples, many unlabeled ones and a generator's.

    The discriminator gives one logit for each class; that of the class "generated" is fixed at 0.
    So an example is real with the logit `logsumexp(class_logits)`, which is what regularizers and
    the logs `d_real` and `d_fake` see. One step updates the discriminator on a batch of each kind,
    and then the generator, by default through feature matching.

    `evaluate` and validation tell the error rate of the discriminator's average, which like the
    generator's moves with `ema_decay`.

    Args:
        generator: As for `GAN`; without labels.
        discriminator: A built Keras model, examples in, class logits `(batch, num_classes)` out,
            with a layer named `features` where features are matched.
        latent_dim: As for `GAN`, and so are the next three.
        latent: The paper's latents are uniform.
        seed: Integer in [0, 2**64).
        name: Name of the model.

    Raises:
        ValueError: If the networks do not fit each other or the other arguments.

    Example:

    >>> mnist = ganzoo.data.load("tfds:mnist")
    >>> gan = ganzoo.gan_from_recipe("semi_supervised_mnist", mnist.example_shape, num_classes=10)
    >>> history = gan.fit(mnist, labels_per_class=10, batch_size=100, epochs=10)
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
    ):
        super().__init__(
            generator, discriminator, latent_dim=latent_dim, latent=latent, seed=seed, name=name
        )
        self.ema_discriminator = ema.clone(discriminator)
        self._error = keras.metrics.Mean(name="error")

    def get_config(self):
        config = super().get_config()
        del config["num_classes"], config["packing"]
        return config

    def _check_discriminator(self, discriminator):
        checks.check_network("discriminator", discriminator)
        checks.check_discriminator_input(discriminator, self.example_shape)
        shapes = [tuple(output.shape[1:]) for output in discriminator.outputs]
        if len(discriminator.inputs) != 1 or len(shapes) != 1 or len(shapes[0]) != 1:
            raise ValueError(
                "The discriminator must take examples and give class logits, of shape (batch, "
                f"num_classes). Received: {len(discriminator.inputs)} input(s) and the output "
                f"shape(s) {shapes}"
            )

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
        super().compile(optimizer, loss, generator_loss=generator_loss, **settings)
        if self.discriminator_steps != 1:
            raise ValueError(
                "A semi-supervised step updates the discriminator once. Expected: "
                f"discriminator_steps=1. Received: discriminator_steps={self.discriminator_steps}"
            )

    _logs = ("d_loss", "g_loss", "d_real", "d_fake", "train_error")

    @property
    def class_count(self):
        """Number of classes that the discriminator tells apart."""
        return self.discriminator.output_shape[-1]

    def _get_loss(self, loss):
        if loss == "semi_supervised":
            return losses.SemiSupervised(self.class_count)
        loss = keras.saving.deserialize_keras_object(loss) if isinstance(loss, dict) else loss
        if isinstance(loss, losses.SemiSupervised) and loss.num_classes == self.class_count:
            return loss
        raise ValueError(
            "`loss` must be a `ganzoo.losses.SemiSupervised` of as many classes as the "
            f"discriminator gives logits for, {self.class_count}. Received: loss={loss!r}"
        )

    def _start_averages(self):
        super()._start_averages()
        self.ema_discriminator.set_weights(self.discriminator.get_weights())

    def _make_judge(self, feature_layer):
        return Judge(self.discriminator, feature_layer, self.adversarial_loss.real_logits)

    def inference_judge(self):
        real_logits = losses.SemiSupervised(self.class_count).real_logits
        return Judge(self._classifier(), real_logits=real_logits)

    # The step.

    def _update_players(self, batch, draws):
        examples, labels = batch
        examples = {name: to_signed_range(examples[name]) for name in STREAMS}
        labels = ops.cast(labels, "int32")
        self._update_classifier(examples, labels, draws.scope("discriminator"))
        for k in range(self.generator_steps):
            self._update_generator(examples["matching"], None, k, draws.scope(f"generator_{k}"))

    def _update_classifier(self, examples, labels, draws):
        real = examples["unlabeled"]
        fake = self._generate(draws, ops.shape(real)[0], None)

        def objective():
            on_labeled = self._judged(examples["labeled"], None, draws.scope("labeled"))
            on_real = self._judged(real, None, draws.scope("real"))
            on_fake = self._judged(fake, None, draws.scope("fake"))
            loss = self.adversarial_loss.discriminator(
                on_labeled.class_logits, labels, on_real.class_logits, on_fake.class_logits
            )
            known = (real, on_real.logits), (fake, on_fake.logits)
            penalties = self._penalties(real, fake, None, known, 0, draws)
            logs = {
                "d_loss": loss,
                "d_real": ops.mean(on_real.logits),
                "d_fake": ops.mean(on_fake.logits),
                "train_error": ops.mean(_is_wrong(on_labeled.class_logits, labels)),
            }
            logs |= penalties | self._observe(on_real.logits)
            return sum(penalties.values(), loss), logs

        self._minimize(objective, "discriminator", 0)
        self._constrain()

    def _adversarial_objective(self, on_fake, on_real):
        return self.adversarial_loss.generator(on_fake.class_logits)

    def _average(self):
        super()._average()
        ema.update(self.ema_discriminator, self.discriminator, self.ema_decay, self._step.value)

    def test_step(self, *args):
        return backend.run_step(self, self._test_on_batch, *args)

    def _test_on_batch(self, batch):
        examples, labels = batch
        labels = ops.cast(labels, "int32")
        logits = self._classifier()(to_signed_range(examples), training=False)
        # Those that only fill a batch up have the label -1. Keras takes the mean of the replicas'
        # rates, so each computes that of all rows.
        wrong, counts = gather_rows(_is_wrong(logits, labels)), gather_rows(labels) >= 0
        self._error.update_state(wrong, sample_weight=counts)
        return {"error": self._error.result()}

    # Use.

    def _classifier(self):
        """The discriminator that classifies: its average if there is one.

        No property, which Keras would take for one more part of the model to save.
        """
        return self.ema_discriminator if self._averaging else self.discriminator

    def classify(self, examples, batch_size=_TEST_BATCH_SIZE):
        """Returns the classes that the averaged classifier gives to examples.

        Args:
            examples: uint8 images, float images in [-1, 1], or float vectors, as for `fit`.
            batch_size: Examples per call of the classifier.

        Returns:
            NumPy array of int32 classes, of shape `(examples,)`.

        Raises:
            ValueError: If the examples do not fit the classifier.
        """
        self._synchronize()
        data = Dataset(np.asarray(examples))
        if data.example_shape != self.example_shape:
            raise ValueError(
                f"The networks are made for examples of shape {self.example_shape}. "
                f"Received: examples of shape {data.example_shape}"
            )
        classes = []
        for start in range(0, len(data), batch_size):
            rows = ops.convert_to_tensor(data.examples[start : start + batch_size])
            logits = self._classifier()(to_signed_range(rows), training=False)
            classes.append(ops.convert_to_numpy(ops.argmax(logits, axis=-1)))
        return np.concatenate(classes).astype("int32")

    def fit(
        self, x, labels_per_class=None, batch_size=100, epochs=1, validation_data=None, **settings
    ):
        """Trains both networks; see `GAN.fit` for what is not here.

        Args:
            x: A `ganzoo.data.Dataset` with labels, or a `ganzoo.data.SemiSupervisedBatches`.
            labels_per_class: Examples of each class whose labels are used, where `x` is a
                `Dataset`.
            batch_size: Examples of each kind per step, where `x` is a `Dataset`.
            epochs: Number of the last epoch; an epoch is a pass over the unlabeled examples.
            validation_data: A `Dataset`; its error rate is logged as `val_error` each epoch.
            **settings: `verbose`, `callbacks`, `initial_epoch` and `steps_per_epoch`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: If the data do not fit the networks or the other arguments.
        """
        if not self.compiled:
            raise ValueError("Call `gan.compile(...)` before `gan.fit(...)`.")
        if isinstance(x, Dataset):
            x = SemiSupervisedBatches(x, labels_per_class, batch_size, seed=self.seed)
        elif not isinstance(x, SemiSupervisedBatches):
            raise ValueError(
                "`x` must be a `ganzoo.data.Dataset` with labels, or a `ganzoo.data."
                f"SemiSupervisedBatches`. Received: x of type {type(x).__name__}"
            )
        self._check_data(x.dataset)
        inputs.check_equal_shares(self, x.batch_size)
        if validation_data is not None:
            data = self._check_data(validation_data)
            *arrays, size = sharding.test_arrays(self, data, _TEST_BATCH_SIZE)
            settings |= {"validation_data": tuple(arrays), "validation_batch_size": size}
        x = sharding.own_batches(x.follow(lambda: self.step))
        return self._fit(x, epochs=epochs, **settings)

    def evaluate(self, x, y=None, batch_size=_TEST_BATCH_SIZE, verbose="auto", **settings):
        """Returns the error rate of the averaged classifier.

        Args:
            x: A `ganzoo.data.Dataset` with labels, or an array of examples.
            y: Labels of shape `(examples,)`, where `x` is an array.
            batch_size: Examples per call of the classifier.
            verbose: As for `keras.Model.evaluate`.
            **settings: Further arguments of `keras.Model.evaluate`, but for `return_dict`.

        Returns:
            Dictionary with `error`, the share of examples that are classified wrongly.

        Raises:
            ValueError: If the data do not fit the classifier.
        """
        if "_use_cached_eval_dataset" in settings:
            # Keras's `fit`, with the arrays that ours has prepared.
            return keras.Model.evaluate(self, x, y, batch_size, verbose, **settings)
        labels = () if y is None else (np.asarray(y),)
        data = x if isinstance(x, Dataset) else Dataset(np.asarray(x), *labels)
        self._check_data(data)
        *arrays, size = sharding.test_arrays(self, data, batch_size)
        settings |= {"batch_size": size, "verbose": verbose, "return_dict": True}
        # `GAN.evaluate` measures samples.
        return keras.Model.evaluate(self, *arrays, **settings)

    def _check_data(self, data):
        """Returns a data set whose examples and labels fit the classifier."""
        if not isinstance(data, Dataset) or data.labels is None:
            received = repr(data) if isinstance(data, Dataset) else f"type {type(data).__name__}"
            raise ValueError(
                f"A classifier needs a `ganzoo.data.Dataset` with labels. Received: {received}"
            )
        if data.example_shape != self.example_shape or data.num_classes > self.class_count:
            raise ValueError(
                f"The networks are made for examples of shape {self.example_shape} of "
                f"{self.class_count} classes. Received: {data!r}"
            )
        return data


def _is_wrong(class_logits, labels):
    return ops.cast(ops.not_equal(ops.argmax(class_logits, axis=-1), labels), "float32")
