"""What a GAN is outside of its step: networks, settings and state."""

from collections.abc import Sequence
from typing import Any

import keras

from ganzoo import augment as augmentations
from ganzoo import backend, layers, losses, schedules
from ganzoo.data.checks import RangeEvidence
from ganzoo.data.classes import check_class_names
from ganzoo.data.conditions import check_condition_names
from ganzoo.data.pixel_format import PixelFormat
from ganzoo.generation import TrainedGenerator
from ganzoo.numerics import dtype_of_means
from ganzoo.regularizers import (
    Constraint,
    GeneratorPenalty,
    Penalty,
    Regularizer,
    WeightPenalty,
)
from ganzoo.training import (
    accumulation,
    checks,
    ema,
    generator_penalties,
    output_range,
    part_state,
    reference_batch,
    scheduled,
)
from ganzoo.training.discriminator import Discriminator
from ganzoo.training.evaluation import EvaluatedModel, MetricSettings
from ganzoo.training.execution import AUTO
from ganzoo.training.fitting import FittedModel
from ganzoo.training.optimizer import AdversarialOptimizer, join_optimizers
from ganzoo.training.rematerialization import RematerializedNetwork
from ganzoo.training.saving import StoredModel
from ganzoo.training.transfer import TransferringModel
from ganzoo.validation import check_choice, check_positive_integer, check_seed


class AdversarialModel(
    FittedModel, EvaluatedModel, StoredModel, TransferringModel, TrainedGenerator, keras.Model
):
    """The base of `GAN`: networks, settings and `fit`. It has the arguments of `GAN`."""

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        latent_dim: int | None = None,
        latent: str = "normal",
        num_classes: int | None = None,
        packing: int = 1,
        seed: int = 0,
        name: str = "gan",
        class_names: Sequence[str] | None = None,
        condition_dim: int | None = None,
        condition_names: Sequence[str] | None = None,
        pixels: PixelFormat | dict | None = None,
    ):
        super().__init__(name=name)
        self.latent = check_choice("latent", latent, ("normal", "uniform"))
        self.num_classes = (
            None if num_classes is None else check_positive_integer("num_classes", num_classes)
        )
        self.packing = check_positive_integer("packing", packing)
        self.condition_dim = checks.check_condition_dim(generator, self.num_classes, condition_dim)
        # Whether the networks take classes or vectors of conditions.
        self.is_conditional = self.num_classes is not None or self.condition_dim is not None
        self._label_dtype = "int32" if self.num_classes is not None else None
        if self.condition_dim is not None:
            self._label_dtype = keras.config.floatx()
        self.latent_dim, self.example_shape = checks.check_generator(
            generator, latent_dim, self.is_conditional
        )
        checks.check_drawn_latents(generator, self.latent)
        self.check_discriminator(discriminator)
        # Smallest and largest value that the last activation gives, or `None` if nobody knows.
        self.generator_range = output_range.range_of(generator)
        self.seed = check_seed(seed)
        self.generator = generator
        self.discriminator = discriminator
        self.class_names = check_class_names(class_names, self.class_count)
        self.condition_names = check_condition_names(condition_names, self.condition_dim)
        # What samples are, if they are images.
        self.pixels = PixelFormat.get(pixels)
        self.ema_generator = ema.clone(generator)
        self._averaging = True
        # Name of the preset that the weights came from, and the hash of the generator's.
        self.preset = None
        # The `Directions` that the preset held, or `None`.
        self.stored_directions = None
        # Players whose weights the preset did not hold.
        self.unstored_players = ()
        self._reference_size = layers.reference_size_of(generator)
        self._forget_functions()
        self._step = self.add_weight(
            shape=(),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="step",
        )
        # The state of the parts of `compile`. Stored `.keras` files have this name as a key.
        self._memories = {}
        self._parts_with_state = {}
        self._trackers = {}
        self._all_log_names = ()
        self.metric_settings = MetricSettings()
        self._evaluation = None
        self._batch_size = None
        # What each step of the last call of the compiled function has logged, a `StepLogs`, while
        # `fit` makes several steps per call.
        self.step_logs = None
        # The functions that make several steps per call: of blocks, and of ready batches.
        self._execution_functions = {}
        # What the batches of `train_on_batch` have shown.
        self._range_evidence = RangeEvidence()
        self._compiled_variables = ()
        self.built = True

    # Hooks of a subclass, and what they are by default. `GAN` has the others.

    log_names = ("d_loss", "g_loss", "d_real", "d_fake")

    def check_discriminator(self, discriminator):
        """Hook: raises `ValueError` unless a discriminator fits the generator's examples."""
        taken = self.num_classes, self.packing, self.condition_dim
        checks.check_discriminator(discriminator, self.example_shape, *taken)

    def get_loss(self, loss):
        """Hook: returns the adversarial loss of a `compile` argument, or raises `ValueError`."""
        return losses.get_adversarial_loss(loss)

    # Settings.

    @property
    def class_count(self) -> int:
        """Number of classes that the networks know, 0 without classes."""
        return self.num_classes or 0

    def compile(
        self,
        optimizer: AdversarialOptimizer | str | None = None,
        loss: losses.AdversarialLoss | str = "non_saturating",
        g_optimizer: keras.optimizers.Optimizer | str | None = None,
        d_optimizer: keras.optimizers.Optimizer | str | None = None,
        generator_loss: losses.FeatureMatching | str | None = None,
        classifier_loss: losses.AuxiliaryClassifier | str | None = None,
        regularizers: Sequence[Regularizer | str] = (),
        augment: augmentations.Augmentation | str | Sequence[Any] | None = None,
        discriminator_steps: int = 1,
        generator_steps: int = 1,
        generator_batch_ratio: int = 1,
        accumulate: int = 1,
        remat: bool = False,
        ema_decay: float | None = ema.DEFAULT_DECAY,
        ema_half_life: float | schedules.Schedule | str | None = None,
        metrics: Sequence[Any] | None = None,
        extractor: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = "auto",
        jit_compile: bool | str = "auto",
    ) -> None:
        """Sets how the two networks are trained, and builds both optimizers.

        A call that raises leaves the GAN as it was.

        Args:
            optimizer: A `ganzoo.AdversarialOptimizer`, or the name of a Keras optimizer for both
                players. The default, `"adam"`, is Adam with a learning rate of 2e-4 and a
                `beta_1` of 0.5, the settings of DCGAN; other names stand for Keras's defaults.
            loss: A `ganzoo.losses` loss or its name, such as `"hinge"`.
            g_optimizer: The generator's Keras optimizer or its name, together with `d_optimizer`
                and in place of `optimizer`.
            d_optimizer: The discriminator's Keras optimizer or its name.
            generator_loss: A `ganzoo.losses.FeatureMatching`, or its name, for the generator to
                minimize instead of the adversarial loss or together with it.
            classifier_loss: The `ganzoo.losses.AuxiliaryClassifier` of a discriminator that gives
                class logits too; by default the paper's.
            regularizers: List of `ganzoo.regularizers` or their names, all of different names.
            augment: A `ganzoo.augment` augmentation of all images that the discriminator sees, its
                name, a policy such as `"color,translation"` (`DiffAugment`) or `"bgc"`
                (`AdaptiveAugment`), or a list of these.
            discriminator_steps: Updates of the discriminator per step. The data must then yield
                batches of `discriminator_steps` times the number of real examples of an update.
            generator_steps: Updates of the generator per step.
            generator_batch_ratio: Fakes in the generator's update for each fake in the
                discriminator's.
            accumulate: Parts in which the batch of each update is computed, one after another, in
                less memory. The gradient is that of the whole batch. So no loss, regularizer or
                layer may couple the examples of a batch, as batch normalization does. The noise of
                Keras's own layers, such as `Dropout`, has the same distribution, but is another one
                than for the whole batch.
            remat: Whether backward passes compute activations again instead of keeping them: in
                less memory, in more time, with the same results.
            ema_decay: Decay of the generator's average per step, in [0, 1). With `None` there is no
                average: `sample` then uses the weights in training.
            ema_half_life: In place of `ema_decay`: the number of real images after which weights
                have half of their share in the average. At most 5% of the images so far, unless it
                is a schedule.
            metrics: List of `ganzoo.metrics` metrics or their names, such as `["fid"]`, that `fit`
                measures on samples against its `validation_data`, and `evaluate` by default.
            extractor: The extractor of the metrics that are given by name: a name of
                `ganzoo.extractors.names()`, or an extractor. By default the one that is made for
                the data.
            run_eagerly: Whether to train without compiling, for debugging.
            steps_per_execution: Steps per call of the compiled function, of which callbacks see the
                last one. `"auto"` chooses up to 32 on a GPU or TPU for arrays and `ganzoo.data`,
                and 1 otherwise.
            jit_compile: Whether to compile with XLA. `"auto"` does where it pays: on JAX, and
                with TensorFlow on a GPU.

        Raises:
            ValueError: If an argument is out of its range or does not fit another.

        Example:

        >>> gan.compile(loss="hinge", regularizers=["r1"], metrics=["fid"])
        >>> history = gan.fit(train, epochs=10, validation_data=test)  # Logs `val_fid`.
        """
        settings = {
            "adversarial_loss": self.get_loss(loss),
            "generator_loss": losses.get_generator_loss(generator_loss),
            "classifier_loss": checks.check_classifier_loss(
                losses.get_classifier_loss(classifier_loss), self.discriminator
            ),
            "regularizers": checks.check_regularizers(
                regularizers, self.example_shape, self.packing
            ),
            "augment": checks.check_augment(augmentations.get(augment), self.example_shape),
            "discriminator_steps": check_positive_integer(
                "discriminator_steps", discriminator_steps
            ),
            "generator_steps": check_positive_integer("generator_steps", generator_steps),
            "generator_batch_ratio": check_positive_integer(
                "generator_batch_ratio", generator_batch_ratio
            ),
            "accumulate": check_positive_integer("accumulate", accumulate),
            "remat": check_choice("remat", remat, (True, False)),
            **ema.check(ema_decay, ema_half_life),
            "metric_settings": MetricSettings(metrics, extractor),
            "_execution_choice": steps_per_execution,
            "_jit_choice": check_choice("jit_compile", jit_compile, ("auto", True, False)),
        }
        checks.check_trainable(self)
        checks.check_batch_ratio(settings["adversarial_loss"], generator_batch_ratio)
        accumulation.check(self, settings)
        output_range.check_logits(
            self.discriminator, settings["adversarial_loss"], settings["classifier_loss"]
        )
        output_range.check_images(self.generator_range, self.example_shape)
        if steps_per_execution != AUTO:
            check_positive_integer("steps_per_execution", steps_per_execution)
        replicas = backend.replica_count(self)
        checks.check_xla_of_replicas(replicas, jit_compile)
        feature_layer = getattr(settings["generator_loss"], "layer", None)
        discriminate = Discriminator(self.discriminator, feature_layer, remat)
        generate = RematerializedNetwork(self.generator) if remat else self.generator.__call__
        generator_penalties.check(self.generator, settings["regularizers"], GeneratorPenalty)
        split_generator = generator_penalties.split(self.generator)
        parts = part_state.new(self, settings["augment"], settings["regularizers"])
        optimizer = join_optimizers(optimizer, g_optimizer, d_optimizer)
        if any(map(checks.computes_in_float16, (self.generator, self.discriminator))):
            optimizer.scale_losses()
        optimizer_schedules = scheduled.of_optimizers(optimizer)
        all_schedules = scheduled.by_log_name(
            optimizer_schedules,
            settings["ema_half_life"],
            settings["adversarial_loss"],
            settings["regularizers"],
            settings["augment"],
        )
        log_names = self._log_names_of(settings, discriminate, parts, all_schedules)
        states = part_state.renewed(self._memories, self._parts_with_state, parts)
        optimizer.build(self.generator.trainable_variables, self.discriminator.trainable_variables)
        if jit_compile == "auto":
            jit_compile = not run_eagerly and backend.prefers_jit() and replicas == 1
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            # This is for Keras's own loops; `Execution` has ours.
            steps_per_execution=1,
            jit_compile=jit_compile,
            auto_scale_loss=False,
        )
        # From here on nothing raises.
        self._compiled_variables = checks.trainable_ids(self)
        for name, value in settings.items():
            setattr(self, name, value)
        self._discriminate, self._generate = discriminate, generate
        self._penalties = self._regularizers_of(Penalty)
        self._generator_penalties = self._regularizers_of(GeneratorPenalty)
        self._split_generator = split_generator
        self._constraints = self._regularizers_of(Constraint)
        self._all_weight_penalties = self._regularizers_of(WeightPenalty)
        self._optimizer_schedules = optimizer_schedules
        self._schedules = all_schedules
        averaging = self.ema_decay is not None or self.ema_half_life is not None
        if averaging and not self._averaging:
            for average, network in self.averages():
                average.set_weights(network.get_weights())
        self._averaging = averaging
        self._memories.clear()
        self._memories.update(states)
        self._parts_with_state = {name: part for name, (part, _) in parts.items()}
        self._all_log_names = log_names
        for name in log_names:
            if name not in self._trackers:
                dtype = dtype_of_means(keras.config.floatx())
                self._trackers[name] = keras.metrics.Mean(name, dtype)
        self._forget_functions()
        self._execution_functions = {}

    def _regularizers_of(self, kind):
        return [part for part in self.regularizers if isinstance(part, kind)]

    def _log_names_of(self, settings, discriminate, parts, all_schedules):
        """Returns the names of all values that a step logs.

        Raises:
            ValueError: If two of them have one name.
        """
        regularizers, augment = settings["regularizers"], settings["augment"]
        names = list(self.log_names)
        if settings["classifier_loss"] is not None:
            names += ["d_class_loss", "g_class_loss"]
        if discriminate.gives_directions:
            names.append("d_direction")
        for kind in (Penalty, GeneratorPenalty):
            names += [part.name for part in regularizers if isinstance(part, kind)]
        for part in regularizers:
            if isinstance(part, WeightPenalty):
                names += [f"{player[0]}_{part.name}" for player in part.players]
        if augment is not None:
            names += augment.probabilities(parts[f"augment/{augment.name}"][1])
        names += all_schedules
        checks.check_log_names(names)
        return tuple(names)

    @property
    def counts_images(self) -> bool:
        """Whether a setting depends on the number of real images so far."""
        return self.ema_half_life is not None or any(
            schedule.unit == "images" for schedule in self._schedules.values()
        )

    # Use.

    @property
    def step(self) -> int:
        """Number of training steps so far, an `int`."""
        self._synchronize()
        # The counter has 32 bits, and runs on through the negative numbers: up to 2**32 steps.
        return int(self._step.numpy()) % 2**32

    @property
    def inference_generator(self) -> keras.Model:
        """The generator that samples: the average if there is one."""
        return self._inference_network(self.generator)

    @property
    def inference_discriminator(self) -> Discriminator:
        """The trained discriminator as a `Discriminator`, which names its outputs.

        It calls the average if the discriminator has one. Call it with `training=False`.
        """
        return Discriminator(self._inference_network(self.discriminator))

    def _inference_network(self, network):
        for average, averaged in self.averages():
            if self._averaging and averaged is network:
                return average
        return network

    def call(self, inputs):
        return self.inference_generator(inputs, training=False)

    def update_inference_state(self):
        """Brings everything up to date that the networks of inference store.

        On JAX, `fit` keeps the state outside of the variables until someone asks for it. The
        statistics of virtual batch normalization belong to the weights that sample.
        """
        self._synchronize()
        if self._reference_size is not None:
            reference_batch.refresh(self)

    def _synchronize(self):
        if keras.backend.backend() == "jax":
            self.jax_state_sync()
