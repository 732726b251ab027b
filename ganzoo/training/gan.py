"""The GAN: two networks, one training step."""

import keras
from keras import ops

from ganzoo import losses
from ganzoo.random import Draws
from ganzoo.regularizers import Constraint, Penalty
from ganzoo.training import backend, ema, feeding, sampling
from ganzoo.training.critic import Critic, logits_of
from ganzoo.training.optimizer import join_optimizers
from ganzoo.validation import check_choice, check_fraction, check_positive_integer, check_seed


@keras.saving.register_keras_serializable(package="ganzoo")
class GAN(keras.Model):
    """A generator and a discriminator that train against each other through `fit`.

    One training step updates the discriminator `discriminator_steps` times, each time on fresh
    real examples, and then the generator once. All randomness is a pure function of (`seed`,
    step, row): two runs with one seed end with the same weights. The fakes of a conditional GAN
    take the classes of the real examples of the same update.

    Args:
        generator: A built Keras model, latents of shape `(batch, latent_dim)` in, examples out:
            images of shape `(batch, height, width, channels)` in [-1, 1], or vectors.
        discriminator: A built Keras model, examples in, logits of shape `(batch, 1)` out.
        latent_dim: Size of a latent vector; by default what the generator takes.
        latent: `"normal"`, or `"uniform"` for latents in (-1, 1).
        num_classes: Number of classes of a conditional GAN, whose networks take `[latents,
            labels]` and `[examples, labels]` with integer labels of shape `(batch,)`; or `None`.
        seed: Integer in [0, 2**64) that all draws of the training follow from.
        name: Name of the model.

    Raises:
        ValueError: If the networks do not fit each other or the other arguments.

    Example:

    >>> generator, discriminator = ganzoo.architectures.build("sngan", image_shape=(32, 32, 1))
    >>> gan = ganzoo.GAN(generator, discriminator, latent_dim=128)
    >>> gan.compile(g_optimizer=keras.optimizers.Adam(2e-4, 0.5),
    ...             d_optimizer=keras.optimizers.Adam(2e-4, 0.5), loss="hinge")
    >>> history = gan.fit(ganzoo.data.load("digits"), batch_size=64, epochs=10)
    >>> images = gan.sample(16, seed=0)  # uint8, (16, 32, 32, 1)

    Reference:
        - Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, Algorithm 1.
    """

    def __init__(
        self,
        generator,
        discriminator,
        latent_dim=None,
        latent="normal",
        num_classes=None,
        seed=0,
        name="gan",
    ):
        super().__init__(name=name)
        self.latent = check_choice("latent", latent, ("normal", "uniform"))
        self.num_classes = (
            None if num_classes is None else check_positive_integer("num_classes", num_classes)
        )
        self.latent_dim, self.example_shape = feeding.check_networks(
            generator, discriminator, latent_dim, self.num_classes
        )
        self.seed = check_seed(seed)
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = ema.clone(generator)
        self._averaging = True
        self._sampling_function = None
        self._step = self.add_weight(
            shape=(),
            dtype="int32",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="step",
        )
        self._trackers = {
            name: keras.metrics.Mean(name=name) for name in ("d_loss", "g_loss", "d_real", "d_fake")
        }
        self.built = True

    # The step.

    def train_step(self, *args):
        return backend.run_step(self, self._train_on_batch, *args)

    def _train_on_batch(self, batch):
        real, labels = feeding.split_batch(batch, self.num_classes, self.discriminator_steps)
        replica, replicas = backend.replica_context()
        draws = Draws(self.seed, self._step.value, replica)
        self._reseed_layers(draws)
        for k in range(self.discriminator_steps):
            self._update_discriminator(
                real[k], labels[k], k, draws.scope(f"discriminator_{k}"), replicas
            )
        self._update_generator(real[-1], labels[-1], draws.scope("generator"), replicas)
        if self.ema_decay is not None:
            ema.update(self.ema_generator, self.generator, self.ema_decay, self._step.value)
        self._step.assign_add(1)
        return {name: tracker.result() for name, tracker in self._logged.items()}

    def _reseed_layers(self, draws):
        """Makes the noise of stock layers such as `Dropout` follow from the step, as all draws do.

        Keras saves no seed generator: a resumed run would otherwise repeat or change its noise.
        """
        states = [v for v in self.variables if v.name == "seed_generator_state"]
        for i, state in enumerate(states):
            state.assign(ops.cast(draws.seed(f"layer_{i}"), state.dtype))

    def _update_discriminator(self, real, labels, k, draws, replicas):
        fake = self._generate(draws, ops.shape(real)[0], labels)

        def objective():
            real_logits = logits_of(self.discriminator, real, labels)
            fake_logits = logits_of(self.discriminator, fake, labels)
            loss = self.adversarial_loss.discriminator(real_logits, fake_logits)
            penalties = self._penalize(real, fake, labels, k, draws)
            logs = {
                "d_loss": loss,
                "d_real": ops.mean(real_logits),
                "d_fake": ops.mean(fake_logits),
            }
            return sum(penalties.values(), loss), {**logs, **penalties}

        self._minimize(objective, self.discriminator, self.optimizer.discriminator, replicas)
        for constraint in self._constraints:
            constraint.constrain(self.discriminator.trainable_variables)

    def _update_generator(self, real, labels, draws, replicas):
        rows = self.generator_batch_ratio * ops.shape(real)[0]
        fake_labels = None if labels is None else ops.tile(labels, self.generator_batch_ratio)

        def objective():
            fake = self._generate(draws, rows, fake_labels)
            fake_logits = logits_of(self.discriminator, fake, fake_labels)
            real_logits = None
            if self.adversarial_loss.generator_needs_real:
                real_logits = logits_of(self.discriminator, real, labels)
            loss = self.adversarial_loss.generator(fake_logits, real_logits)
            return loss, {"g_loss": loss}

        self._minimize(objective, self.generator, self.optimizer.generator, replicas)

    def _generate(self, draws, rows, labels):
        """Draws fakes of the real examples' classes: so both have one distribution of classes,
        and what compares a fake with a real example compares two of one class."""
        latents = self._draw_latents(draws, rows)
        return self.generator(latents if labels is None else [latents, labels], training=True)

    def _draw_latents(self, draws, rows):
        if self.latent == "normal":
            return draws.normal("latents", rows, (self.latent_dim,))
        return draws.uniform("latents", rows, (self.latent_dim,), minval=-1.0)

    def _penalize(self, real, fake, labels, k, draws):
        """Each penalty at this update; a lazy one costs `every` times as much, or nothing."""
        update = self._step.value * self.discriminator_steps + k
        critic = Critic(self.discriminator, labels)

        def cost_of(part):
            def due():
                return part.every * part.penalty(critic, real, fake, draws)

            if part.every == 1:
                return due()
            return ops.cond(ops.equal(update % part.every, 0), due, lambda: ops.zeros(()))

        return {part.name: cost_of(part) for part in self._penalties}

    def _minimize(self, objective, network, optimizer, replicas):
        """One update of one player. Replicas' gradients are summed, so each takes its share."""
        share = optimizer.scale_loss(1.0) / replicas

        def scaled_objective():
            loss, logs = objective()
            return loss * share, logs

        variables = network.trainable_variables
        _, logs, gradients = backend.value_and_grad(scaled_objective, variables, self.variables)
        backend.apply_gradients(optimizer, gradients, variables)
        for name, value in logs.items():
            self._trackers[name].update_state(value)

    # Configuration.

    def compile(
        self,
        optimizer=None,
        loss="non_saturating",
        g_optimizer=None,
        d_optimizer=None,
        regularizers=(),
        discriminator_steps=1,
        generator_batch_ratio=1,
        ema_decay=0.999,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
    ):
        """Sets how the two networks are trained, and builds both optimizers.

        Args:
            optimizer: An `AdversarialOptimizer`; or give the next two.
            loss: A `ganzoo.losses` loss or its name, such as `"hinge"`.
            g_optimizer: The generator's Keras optimizer or its name.
            d_optimizer: The discriminator's Keras optimizer or its name.
            regularizers: List of `ganzoo.regularizers`, of different names.
            discriminator_steps: Updates of the discriminator per step. The data must then yield
                batches of `discriminator_steps` times the number of real examples of an update.
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
        self.adversarial_loss = losses.get(loss)
        self.regularizers = feeding.check_regularizers(regularizers)
        self.discriminator_steps = check_positive_integer(
            "discriminator_steps", discriminator_steps
        )
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
        if check_positive_integer("steps_per_execution", steps_per_execution) > 1:
            feeding.check_single_replica(backend.replica_count(self), steps_per_execution)
        check_choice("jit_compile", jit_compile, ("auto", True, False))
        optimizer = join_optimizers(optimizer, g_optimizer, d_optimizer)
        if any(map(feeding.computes_in_float16, (self.generator, self.discriminator))):
            optimizer.scale_losses()
        optimizer.build(self.generator.trainable_variables, self.discriminator.trainable_variables)
        if self.ema_decay is not None and not self._averaging:
            # An average that starts now starts from the weights of now.
            self.ema_generator.set_weights(self.generator.get_weights())
        self._averaging = self.ema_decay is not None
        for part in self._penalties:
            if part.name not in self._trackers:
                self._trackers[part.name] = keras.metrics.Mean(name=part.name)
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
        self._sampling_function = None

    @property
    def _penalties(self):
        return [part for part in self.regularizers if isinstance(part, Penalty)]

    @property
    def _constraints(self):
        return [part for part in self.regularizers if isinstance(part, Constraint)]

    @property
    def _logged(self):
        names = ["d_loss", "g_loss", "d_real", "d_fake", *(part.name for part in self._penalties)]
        return {name: self._trackers[name] for name in names}

    def get_config(self):
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent_dim": self.latent_dim,
            "latent": self.latent,
            "num_classes": self.num_classes,
            "seed": self.seed,
            "name": self.name,
            "averaging": self._averaging,
        }

    @classmethod
    def from_config(cls, config):
        networks = {
            player: keras.saving.deserialize_keras_object(config[player])
            for player in ("generator", "discriminator")
        }
        config = dict(config)
        averaging = config.pop("averaging")
        gan = cls(**{**config, **networks})
        gan._averaging = averaging
        return gan

    def get_compile_config(self):
        if not self.compiled:
            return None
        return {
            "optimizer": keras.saving.serialize_keras_object(self.optimizer),
            "loss": keras.saving.serialize_keras_object(self.adversarial_loss),
            "regularizers": [
                keras.saving.serialize_keras_object(regularizer)
                for regularizer in self.regularizers
            ],
            "discriminator_steps": self.discriminator_steps,
            "generator_batch_ratio": self.generator_batch_ratio,
            "ema_decay": self.ema_decay,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self._jit_choice,
        }

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

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
        batches = feeding.as_batches(self, x, y, batch_size)
        # Keras would shuffle batches by a generator that follows neither the seed nor the step.
        return super().fit(
            batches,
            epochs=epochs,
            verbose=verbose,
            callbacks=callbacks,
            shuffle=False,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps_per_epoch,
        )

    def sample(self, n, seed=0, labels=None, truncation=1.0, batch_size=64):
        """Draws examples from the generator's average.

        Row i follows from the seed `seed + i` alone: it is the same in any batch of samples.

        Args:
            n: Number of examples.
            seed: Integer in [0, 2**64), the seed of the first row.
            labels: Of a conditional GAN, one class or `n` classes; by default row i is of class
                `(seed + i) % num_classes`.
            truncation: Factor of the latents, at least 0: below 1, samples are more typical and
                less varied.
            batch_size: Examples per call of the generator.

        Returns:
            NumPy array: uint8 images of shape `(n, height, width, channels)`, or float32 vectors.

        Raises:
            ValueError: If an argument is out of its range.
        """
        self._synchronize()
        if self._sampling_function is None:
            self._sampling_function = sampling.compile_sampling(self)
        return sampling.sample(
            self, self._sampling_function, n, seed, labels, truncation, batch_size
        )

    def _synchronize(self):
        """On JAX, `fit` keeps the state outside of the variables until someone asks for it."""
        if hasattr(self, "jax_state_sync"):
            self.jax_state_sync()
