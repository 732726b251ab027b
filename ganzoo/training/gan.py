"""The GAN: two networks, one training step."""

import contextlib

import keras
from keras import ops

from ganzoo import backend, schedules
from ganzoo.numerics import check_scalar
from ganzoo.random import Draws, reseed_layers
from ganzoo.training import ema, generator_penalties, part_state, reference_batch, scheduled
from ganzoo.training.accumulation import in_parts
from ganzoo.training.discriminator import (
    StatelessDiscriminator,
    differentiable_pass,
    direction_terms,
    pack,
    split_batch,
    unpack,
)
from ganzoo.training.model import AdversarialModel


@keras.saving.register_keras_serializable(package="ganzoo")
class GAN(AdversarialModel):
    """A generator and a discriminator that train against each other through `fit`.

    One training step updates the discriminator `discriminator_steps` times, each time on fresh
    real examples, and then the generator. All randomness is a pure function of (`seed`, step,
    row): two runs with one seed end with the same weights. The fakes of a conditional GAN take the
    classes of the real examples of the same update.

    A subclass may override five hooks: `log_names`, `check_discriminator`, `get_loss`, `averages`
    and `update_players`. In `update_players` it calls `draw_fakes`, `replace_real`, `discriminate`,
    `penalty_terms`, `minimize`, `finish_discriminator_update` and `update_generator`.

    The arguments and the settings of `compile` are attributes too, the `loss` as `adversarial_loss`
    and the `metrics` as `metric_settings`.

    Args:
        generator: A built Keras model, latents of shape `(batch, latent_dim)` in, examples out:
            images `(batch, height, width, channels)` in [-1, 1]; or vectors, sequences `(batch,
            time, channels)`, volumes `(batch, depth, height, width, channels)` in any range.
        discriminator: A built Keras model, examples in, logits out: of shape `(batch, 1)`, or one
            for each patch, `(batch, ..., 1)`. Losses are then means over the patches too, and
            penalties see the mean logit of an example.
        latent_dim: Size of a latent vector; by default what the generator takes.
        latent: `"normal"`, or `"uniform"` for latents in (-1, 1).
        num_classes: Number of classes of a conditional GAN, or `None`. Its generator takes
            `[latents, labels]`, labels being integers `(batch,)`. Its discriminator takes
            `[examples, labels]`; or examples alone, and gives logits and class logits `(batch,
            num_classes)` (an auxiliary classifier).
        packing: Examples that the discriminator sees in one row, stacked along the channels, as
            `(batch, height, width, packing * channels)`. It must divide the examples of an update.
        seed: Integer in [0, 2**64), the seed of all random draws of the training run.
        name: Name of the model.
        class_names: Names of the classes in the order of their numbers. By default the ones in the
            `ganzoo.data.Dataset` that is trained on first.
        condition_dim: Length of the vectors that the networks take in place of labels. By default
            what the generator takes.
        condition_names: Names of the components of conditions, by default as for `class_names`.
        pixels: The `ganzoo.data.PixelFormat` of samples. By default uint8, or the format of the
            data that are trained on first.

    Attributes:
        example_shape: Shape of an example, without the batch.
        is_conditional: Whether the networks take labels or conditions.
        generator_range: Smallest and largest value that the generator can give, or `None`.
        ema_generator: The average of the generator.
        preset: Name and hash of the preset that the weights came from, or `None`.
        stored_directions: The `Directions` of the preset, or `None`.
        unstored_players: Players without weights in the preset.
        step_logs: What each step of the last call logged, if the call made several steps.

    Raises:
        ValueError: If the networks do not fit each other or the other arguments.

    Example:

    >>> generator, discriminator = ganzoo.architectures.build("sngan", image_shape=(32, 32, 1))
    >>> gan = ganzoo.GAN(generator, discriminator)
    >>> gan.compile(loss="hinge")
    >>> history = gan.fit(ganzoo.data.load("digits"), batch_size=64, epochs=10)
    >>> images = gan.sample(16, seed=0)  # uint8, (16, 32, 32, 1)

    Reference:
        - Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, Algorithm 1.
        - `packing`: Lin et al. 2018, https://arxiv.org/abs/1712.04086, section 3.
        - Auxiliary classifier: Odena et al. 2017, https://arxiv.org/abs/1610.09585, section 3.
    """

    # One training step, from top to bottom.

    def train_step(self, *args):
        return backend.run_step(self, self._train_on_batch, *args)

    def _train_on_batch(self, batch):
        replica, _ = backend.replica_context()
        draws = Draws(self.seed, self._step.value, replica)
        reseed_layers(self.variables, draws)
        self.update_players(batch, draws)
        if self._averaging:
            share = share_of_decay(self.ema_decay or 0.0, self._step.value)
            if (half_life := self.ema_half_life) is not None:
                share = ema.share_of_half_life(half_life, self._step.value, self._batch_size)
            for average, network in self.averages():
                move_average(average, network, share)
        for name, schedule in self._schedules.items():
            self._trackers[name].update_state(self._value_now(schedule))
        self._step.assign_add(1)
        return {name: self._trackers[name].result() for name in self._all_log_names}

    def averages(self):
        """Hook: returns the pairs of an averaged network and the network that it averages."""
        return [(self.ema_generator, self.generator)]

    def update_players(self, batch, draws):
        """Hook: updates both players on one batch.

        Args:
            batch: Examples, or a tuple of examples and labels, as `fit` yields them.
            draws: The `ganzoo.random.Draws` of this step.
        """
        _, replicas = backend.replica_context()
        # Keras leaves the size of a batch open. A static size lets layers check it.
        size = None if self._batch_size is None else self._batch_size // replicas
        real, labels = split_batch(
            batch, self.discriminator_steps, size, self.packing, self._label_dtype
        )
        for k in range(self.discriminator_steps):
            self._update_discriminator(real[k], labels[k], k, draws.scope(f"discriminator_{k}"))
        for k in range(self.generator_steps):
            self.update_generator(real[-1], labels[-1], k, draws.scope(f"generator_{k}"))

    def _update_discriminator(self, real, labels, k, draws):
        def objective(draws, real, labels):
            fake = self.draw_fakes(draws, ops.shape(real)[0], labels)
            real = self.replace_real(real, labels, draws)
            on_real = self.discriminate(real, labels, draws.scope("real"), bool(self._penalties))
            on_fake = self.discriminate(fake, labels, draws.scope("fake"), bool(self._penalties))
            adversarial = self._part_now(self.adversarial_loss)
            loss = adversarial.discriminator(on_real.patch_logits, on_fake.patch_logits)
            terms = self.penalty_terms(on_real, on_fake, labels, k, draws)
            if self.classifier_loss is not None:
                terms["d_class_loss"] = self.classifier_loss.discriminator(
                    on_real.class_logits, labels, on_fake.class_logits, labels
                )
            means = {"d_real": ops.mean(on_real.logits), "d_fake": ops.mean(on_fake.logits)}
            logs = {"d_loss": loss, **means, **terms}
            return sum(terms.values(), loss), logs, (on_real.patch_logits, on_fake.patch_logits)

        results = self.minimize(objective, "discriminator", k, draws, real, labels)
        self.finish_discriminator_update(*results)

    def update_generator(self, real, labels, k, draws):
        """Makes update `k` of the generator in this step.

        Args:
            real: Real examples, packed; what the losses compare fakes with.
            labels: int32 classes or conditions of these, or `None`.
            k: Index of the update in this step.
            draws: `ganzoo.random.Draws` of this update.
        """
        ratio = self.generator_batch_ratio
        fake_labels = None if labels is None else ops.concatenate([labels] * ratio)
        needs_real = self.generator_loss is not None or self.adversarial_loss.generator_needs_real

        def objective(draws, real, labels, fake_labels):
            rows = ratio * ops.shape(real)[0]
            fake = self.draw_fakes(draws, rows, fake_labels)
            on_fake = self.discriminate(fake, fake_labels, draws.scope("fake"))
            on_real = self.discriminate(real, labels, draws.scope("real")) if needs_real else None
            loss, terms = self._generator_objective(on_fake, on_real), {}
            if self.classifier_loss is not None:
                terms["g_class_loss"] = self.classifier_loss.generator(
                    on_fake.class_logits, fake_labels
                )
            new_values = {}
            if self._generator_penalties:
                costs, new_values = generator_penalties.terms(self, rows, fake_labels, k, draws)
                terms |= costs
            return sum(terms.values(), loss), {"g_loss": loss, **terms}, new_values

        batch = real, labels, fake_labels
        for state, values in self.minimize(objective, "generator", k, draws, *batch).items():
            part_state.assign(self._memories[state], values)

    def _generator_objective(self, on_fake, on_real):
        """Returns the adversarial loss, or the `generator_loss` with or without it."""
        matching = self.generator_loss
        loss = 0.0 if matching is None else matching(on_real.features, on_fake.features)
        weight = 1.0 if matching is None else matching.adversarial_weight
        if weight:
            real_logits = None if on_real is None else on_real.patch_logits
            adversarial = self._part_now(self.adversarial_loss)
            loss = loss + weight * adversarial.generator(on_fake.patch_logits, real_logits)
        return loss

    def minimize(self, objective, player, k, draws, *batch):
        """Makes update `k` of one player in this step, with the penalties of its weights.

        Args:
            objective: Function of draws and of rows that returns the loss, a dictionary of scalars
                to log, and a structure of values for each row that the caller wants back.
            player: `"generator"` or `"discriminator"`.
            k: Index of the update in this step.
            draws: `ganzoo.random.Draws` of this update.
            *batch: Structures of rows that `objective` takes: all rows, or a part of the batch.

        Returns:
            The third result of `objective`, for all rows.
        """
        variables = getattr(self, player).trainable_variables
        optimizer = getattr(self.optimizer, player)
        _, replicas = backend.replica_context()
        for part in self._weight_penalties(player):
            self._part_now(part).update_state(variables, self._part_state(player, part))

        def differentiate(draws, *batch):
            def scaled_objective():
                loss, logs, result = objective(draws, *batch)
                check_scalar(f"The loss of the {player}", loss)
                costs = self._weight_terms(player, variables, k)
                loss = optimizer.scale_loss(sum(costs.values(), loss))
                # The gradients of replicas are summed.
                return loss / replicas, ({**logs, **costs}, result)

            state = [*self.variables, *optimizer.variables]
            values = backend.value_and_grad(scaled_objective, variables, state)
            _, (logs, result), gradients = values
            return dict(zip(map(id, variables), gradients, strict=True)), logs, result

        if self.accumulate > 1:
            differentiate = in_parts(self, differentiate)
        gradients, logs, result = differentiate(draws, *batch)
        with self._settings_now(player):
            self.optimizer.updates[player].apply(gradients)
        for name, value in logs.items():
            self._trackers[name].update_state(value)
        return result

    def finish_discriminator_update(self, real_logits, fake_logits):
        """Applies the constraints, and adapts penalties and the augmentation to the logits."""
        for part in self._penalties:
            for state in self._penalty_state(part):
                self._part_now(part).update_state(real_logits, fake_logits, state)
        for constraint in self._constraints:
            self._part_now(constraint).constrain(self.discriminator.trainable_variables)
        state = self._augment_state()
        if state is not None:
            augment = self._part_now(self.augment)
            # The logit of a pack is the logit of each of its images.
            augment.update_state(ops.repeat(real_logits, self.packing, axis=0), state)
            for name, probability in augment.probabilities(state).items():
                self._trackers[name].update_state(probability)

    # What the updates are made of.

    def draw_fakes(self, draws, rows, labels):
        """Returns generated examples, packed, in training mode.

        Args:
            draws: `ganzoo.random.Draws` of this update.
            rows: Number of rows of the discriminator.
            labels: int32 classes `(rows,)` or conditions `(rows, condition_dim)`, or `None`.
        """
        latents = draws.latents(rows * self.packing, self.latent_dim, self.latent)
        if self._reference_size is not None:
            latents, labels = reference_batch.prepend(self, latents, labels)
        fake = self._generate(latents if labels is None else [latents, labels], training=True)
        if self._reference_size is not None:
            fake = fake[self._reference_size :]
        return pack(fake, self.packing)

    def replace_real(self, real, labels, draws):
        """Returns what the discriminator takes for real: `real`, or with an augmentation's fakes.

        The real examples, their labels and the draws are as for `discriminate`.
        """
        if self.augment is None or not self.augment.replaces_real:
            return real
        draws = draws.scope("replace_real")
        # These fakes leave the state of the generator's layers unchanged.
        with backend.isolated(self.variables):
            fake = self.draw_fakes(draws, ops.shape(real)[0], labels)
        return self._part_now(self.augment).replace_real(real, fake, draws, self._augment_state())

    def discriminate(self, examples, labels, draws, differentiable=False):
        """Returns the `DiscriminatorOutputs` of augmented examples, in training mode.

        Args:
            examples: Float examples, packed.
            labels: int32 classes `(rows,)` or conditions `(rows, condition_dim)`, or `None`.
            draws: `ganzoo.random.Draws` of this pass.
            differentiable: Whether the outputs offer `input_gradient`, as penalties need.
        """

        def outputs_of(examples):
            if self.augment is not None:
                images = unpack(examples, self.packing)
                augment = self._part_now(self.augment)
                images = augment(images, draws.scope("augment"), self._augment_state())
                examples = pack(images, self.packing)
            return self._discriminate(examples, labels)

        if not differentiable:
            return outputs_of(examples)
        return differentiable_pass(outputs_of, examples, self.variables)

    def penalty_terms(self, on_real, on_fake, labels, k, draws):
        """Returns each penalty of the discriminator at its update `k` in this step, by name."""

        def logits_of(examples):
            return self.discriminate(examples, labels, draws.scope("penalties")).logits

        discriminator = StatelessDiscriminator(logits_of, self.variables)
        passes = discriminator, on_real, on_fake, draws
        return direction_terms(on_real, on_fake) | {
            part.name: self._cost(part, "discriminator", k, *passes, *self._penalty_state(part))
            for part in self._penalties
        }

    def _weight_terms(self, player, variables, k):
        """Returns each penalty of a player's weights at its update `k` in this step, by name."""
        return {
            f"{player[0]}_{part.name}": self._cost(
                part, player, k, variables, self._part_state(player, part)
            )
            for part in self._weight_penalties(player)
        }

    def _cost(self, part, player, k, *arguments):
        """Returns `every` times a penalty at each `every`-th update of a player, otherwise 0."""

        def cost():
            penalty = self._part_now(part).penalty(*arguments)
            return part.every * check_scalar(f"`{type(part).__name__}.penalty`", penalty)

        if part.every == 1:
            return cost()
        update = self._step.value * getattr(self, f"{player}_steps") + k
        return ops.cond(ops.equal(update % part.every, 0), cost, lambda: ops.zeros(()))

    def _value_now(self, schedule):
        return schedule.at(self._step.value, self._batch_size)

    def _settings_now(self, player):
        settings = self._optimizer_schedules[player]
        if not settings:
            return contextlib.nullcontext()
        values = {name: self._value_now(schedule) for name, schedule in settings.items()}
        return scheduled.applied(getattr(self.optimizer, player), settings, values)

    def _part_now(self, part):
        if not self._schedules:
            return part
        return schedules.at_step(part, self._step.value, self._batch_size)

    # The state of parts, by player and part.

    def _weight_penalties(self, player):
        return [part for part in self._all_weight_penalties if player in part.players]

    def _part_state(self, player, part):
        return self._memories.get(f"{player}/{part.name}")

    def _penalty_state(self, part):
        return list(filter(None, [self._part_state("penalty", part)]))

    def _augment_state(self):
        return None if self.augment is None else self._part_state("augment", self.augment)


def move_average(average, network, share):
    """Moves an average toward the current weights of its network.

    Weights and the moving statistics of normalization layers are averaged. All other state is
    copied: spectral vectors, for example, have a direction but no meaningful mean.

    Args:
        average: What `ganzoo.training.ema.clone` made.
        network: The network in training.
        share: Share of the current weights in the new average, a scalar in (0, 1].
    """
    averaged = {id(variable) for variable in network.trainable_weights}
    for mean, variable in zip(average.weights, network.weights, strict=True):
        if id(variable) in averaged or variable.name in ("moving_mean", "moving_variance"):
            mean.assign_add((variable - mean) * ops.cast(share, mean.dtype))
        else:
            mean.assign(variable)


def share_of_decay(decay, step):
    """Returns the share of the current weights in an average, after `step` updates before this one.

    It is 1 - `decay`, and more at first: the average would otherwise contain the random initial
    weights for 1 / (1 - decay) steps.
    """
    step = ops.cast(step, "float32")
    return 1.0 - ops.minimum(decay, (1.0 + step) / (10.0 + step))
