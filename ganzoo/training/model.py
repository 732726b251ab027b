"""What a GAN is outside of its step: networks, settings, files, data and samples."""

import keras

from ganzoo import augment as augment_module
from ganzoo import backend, layers, losses
from ganzoo.generation.methods import GenerationMethods
from ganzoo.metrics import evaluation
from ganzoo.regularizers import Penalty, WeightPenalty
from ganzoo.training import checks, ema, inputs, part_state, reference_batch, resume
from ganzoo.training.initialization import initialize_from_data
from ganzoo.training.judge import Judge
from ganzoo.training.optimizer import join_optimizers
from ganzoo.training.saving import SavingMethods
from ganzoo.validation import check_choice, check_fraction, check_positive_integer, check_seed


class AdversarialModel(SavingMethods, GenerationMethods, keras.Model):
    """The part of `GAN` that its training step builds on; its arguments are those of `GAN`."""

    _logs = ("d_loss", "g_loss", "d_real", "d_fake")

    def __init__(
        self,
        generator,
        discriminator,
        latent_dim=None,
        latent="normal",
        num_classes=None,
        packing=1,
        seed=0,
        name="gan",
    ):
        super().__init__(name=name)
        self.latent = check_choice("latent", latent, ("normal", "uniform"))
        self.num_classes = (
            None if num_classes is None else check_positive_integer("num_classes", num_classes)
        )
        self.packing = check_positive_integer("packing", packing)
        self.latent_dim, self.example_shape = checks.check_generator(
            generator, latent_dim, self.num_classes
        )
        self._check_discriminator(discriminator)
        self.seed = check_seed(seed)
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = ema.clone(generator)
        self._averaging = True
        # Name of the preset that the weights came from, and the hash of the generator's.
        self.preset = None
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
        # What parts of the training remember from update to update, and the means for the logs.
        self._memories = {}
        self._memory_owners = {}
        self._trackers = {}
        self._log_names = ()
        self._batch_size = None
        self.built = True

    def _check_discriminator(self, discriminator):
        checks.check_discriminator(
            discriminator, self.example_shape, self.num_classes, self.packing
        )

    # Settings.

    def compile(
        self,
        optimizer=None,
        loss="non_saturating",
        g_optimizer=None,
        d_optimizer=None,
        generator_loss=None,
        classifier_loss=None,
        regularizers=(),
        augment=None,
        discriminator_steps=1,
        generator_steps=1,
        generator_batch_ratio=1,
        ema_decay=0.999,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
    ):
        """Sets how the two networks are trained, and builds both optimizers.

        Args:
            optimizer: An `AdversarialOptimizer`; or give `g_optimizer` and `d_optimizer`.
            loss: A `ganzoo.losses` loss or its name, such as `"hinge"`.
            g_optimizer: The generator's Keras optimizer or its name.
            d_optimizer: The discriminator's Keras optimizer or its name.
            generator_loss: A `ganzoo.losses.FeatureMatching` for the generator to minimize in
                place of the adversarial loss, or beside it.
            classifier_loss: The `ganzoo.losses.AuxiliaryClassifier` of a discriminator that gives
                class logits too; by default that of the paper.
            regularizers: List of `ganzoo.regularizers`, of different names.
            augment: A `ganzoo.augment` augmentation of all images that the discriminator sees, or
                its name.
            discriminator_steps: Updates of the discriminator per step. The data must then yield
                batches of `discriminator_steps` times the number of real examples of an update.
            generator_steps: Updates of the generator per step.
            generator_batch_ratio: Fakes in the generator's update for each one in the
                discriminator's.
            ema_decay: Decay of the generator's average per step, in [0, 1); `None` for no average:
                `sample` then uses the weights in training.
            run_eagerly: Whether to train without compiling, for debugging.
            steps_per_execution: Steps per call of the compiled function.
            jit_compile: Whether to compile with XLA. `"auto"` does where it pays: on JAX, and
                with TensorFlow on a GPU.

        Raises:
            ValueError: If an argument is out of its range or does not fit another.
        """
        self.adversarial_loss = self._get_loss(loss)
        self.generator_loss = losses.get_generator_loss(generator_loss)
        self.classifier_loss = checks.check_classifier_loss(
            losses.get_classifier_loss(classifier_loss), self.discriminator
        )
        self.regularizers = checks.check_regularizers(regularizers)
        checks.check_penalties(self._parts(Penalty), self.packing)
        self.augment = checks.check_augment(augment_module.get(augment), self.example_shape)
        self.discriminator_steps = check_positive_integer(
            "discriminator_steps", discriminator_steps
        )
        self.generator_steps = check_positive_integer("generator_steps", generator_steps)
        self.generator_batch_ratio = check_positive_integer(
            "generator_batch_ratio", generator_batch_ratio
        )
        self.ema_decay = None if ema_decay is None else check_fraction("ema_decay", ema_decay)
        if self.adversarial_loss.generator_needs_real and self.generator_batch_ratio != 1:
            raise ValueError(
                "A relativistic loss compares as many fakes with reals in the generator's update. "
                "Expected: generator_batch_ratio=1. Received: "
                f"generator_batch_ratio={self.generator_batch_ratio}"
            )
        check_positive_integer("steps_per_execution", steps_per_execution)
        check_choice("jit_compile", jit_compile, ("auto", True, False))
        checks.check_replicas(backend.replica_count(self), steps_per_execution, jit_compile)
        optimizer = join_optimizers(optimizer, g_optimizer, d_optimizer)
        if any(map(checks.computes_in_float16, (self.generator, self.discriminator))):
            optimizer.scale_losses()
        optimizer.build(self.generator.trainable_variables, self.discriminator.trainable_variables)
        if self.ema_decay is not None and not self._averaging:
            self._start_averages()
        self._averaging = self.ema_decay is not None
        feature_layer = None if self.generator_loss is None else self.generator_loss.layer
        self._judge = self._make_judge(feature_layer)
        self._build_memories()
        self._build_trackers()
        self._jit_choice = jit_compile
        if jit_compile == "auto":
            jit_compile = (
                not run_eagerly and backend.prefers_jit() and backend.replica_count(self) == 1
            )
        super().compile(
            optimizer=optimizer,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=jit_compile,
            auto_scale_loss=False,
        )
        self._forget_functions()

    def _get_loss(self, loss):
        return losses.get(loss)

    def _start_averages(self):
        """Makes an average that starts now start from the weights of now."""
        self.ema_generator.set_weights(self.generator.get_weights())

    def _make_judge(self, feature_layer):
        return Judge(self.discriminator, feature_layer)

    def inference_judge(self):
        """Returns the `Judge` that speaks for the trained discriminator."""
        return Judge(self.discriminator)

    def _build_memories(self):
        parts = {}
        if self.augment is not None:
            parts[f"augment/{self.augment.name}"] = self.augment, self.augment.memory()
        for part in self._parts(WeightPenalty):
            for player in part.players:
                memory = part.memory(getattr(self, player).trainable_variables)
                parts[f"{player}/{part.name}"] = part, memory
        self._memory_owners = part_state.renew(self._memories, self._memory_owners, parts)

    @property
    def _augment_memory(self):
        return self.augment and self._memories.get(f"augment/{self.augment.name}")

    def _build_trackers(self):
        self._log_names = (
            *self._logs,
            *(("d_class_loss", "g_class_loss") if self.classifier_loss is not None else ()),
            *(part.name for part in self._parts(Penalty)),
            *(
                f"{player[0]}_{part.name}"
                for part in self._parts(WeightPenalty)
                for player in part.players
            ),
            *(("augment_probability",) if self._augment_memory is not None else ()),
        )
        for name in self._log_names:
            if name not in self._trackers:
                self._trackers[name] = keras.metrics.Mean(name=name)

    def _parts(self, kind):
        """Returns the regularizers of one kind."""
        return [part for part in self.regularizers if isinstance(part, kind)]

    # Use.

    @property
    def step(self):
        """Number of training steps so far, an `int`."""
        self._synchronize()
        return int(self._step.numpy())

    @property
    def sampler(self):
        """The generator that samples: the average if there is one."""
        return self.ema_generator if self._averaging else self.generator

    def call(self, inputs):
        return self.sampler(inputs, training=False)

    def fit(
        self,
        x,
        y=None,
        batch_size=64,
        epochs=1,
        verbose="auto",
        callbacks=None,
        initial_epoch=0,
        steps_per_epoch=None,
    ):
        """Trains both networks.

        Args:
            x: A `ganzoo.data.Dataset` or an array of examples: uint8 images in [0, 255], float
                images in [-1, 1], or float vectors; or ready batches: a `ganzoo.data.Batches`,
                a `keras.utils.PyDataset` or a batched `tf.data.Dataset` of `examples` or
                `(examples, labels)`, each batch `discriminator_steps` times as large as a
                discriminator's update, in their own order.
            y: Integer labels of shape `(examples,)`, where `x` is an array.
            batch_size: Real examples per update of the discriminator, where `x` is a `Dataset` or
                an array. What is left over at an epoch's end is dropped, and an epoch shuffles
                anew.
            epochs: Number of the last epoch; an epoch is a pass over the data, or
                `steps_per_epoch` steps.
            verbose: As for `keras.Model.fit`, and so are the next three.
            callbacks: List of `keras.callbacks.Callback`.
            initial_epoch: Number of epochs that are done already.
            steps_per_epoch: Steps per epoch; needed for batches without end.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError: If the data are empty, of another shape than the networks take, out of
                their range or not finite, if labels are missing, or if batches differ in size.
        """
        if not self.compiled:
            raise ValueError("Call `gan.compile(...)` before `gan.fit(...)`.")
        return self._fit(
            inputs.as_batches(self, x, y, batch_size),
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
        )

    def _fit(self, batches, **settings):
        """Trains on batches that were seen to be right."""
        size = inputs.size_of(batches)
        if size != self._batch_size:
            # The function was compiled for batches of another size.
            self._batch_size, self.train_function = size, None
        if resume.is_asked_for(settings.get("callbacks")):
            return resume.fit(self, super().fit, batches, **settings)
        if self.step == 0:
            initialize_from_data(self, batches)
        # Keras would shuffle batches by a generator that follows neither the seed nor the step.
        return super().fit(batches, shuffle=False, **settings)

    def evaluate(self, x, metrics=("fid",), extractor=None, n=None, seed=0, **settings):
        """Measures samples against real examples, and prints the figures with their protocols.

        Args:
            x: Real examples, a `ganzoo.data.Dataset` or an array. (In place of `validation_data`,
                `ganzoo.callbacks.EvaluateSamples` measures while the GAN trains.)
            metrics: As for `ganzoo.metrics.evaluation.evaluate`, and so are all that follow.

        Returns:
            Dictionary from short names, such as `"fid"`, to floats.
        """
        results = evaluation.evaluate(self.sample, x, metrics, extractor, n, seed, **settings)
        print(*results.values(), sep="\n")
        return {name: float(result) for name, result in results.items()}

    def _refresh_references(self):
        """Makes the statistics of virtual batch normalization those of the sampler's weights."""
        if self._reference_size is not None:
            self._synchronize()
            reference_batch.refresh(self)

    def _synchronize(self):
        """On JAX, `fit` keeps the state outside of the variables until someone asks for it."""
        if hasattr(self, "jax_state_sync"):
            self.jax_state_sync()
