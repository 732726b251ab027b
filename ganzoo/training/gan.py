"""The GAN: two networks, one training step."""

import keras
from keras import ops

from ganzoo import backend
from ganzoo.distribution.replicas import replica_context
from ganzoo.generation.sampling import draw_latents
from ganzoo.random import Draws
from ganzoo.regularizers import Constraint, Penalty, WeightPenalty
from ganzoo.training import ema, inputs
from ganzoo.training.critic import Critic
from ganzoo.training.model import AdversarialModel
from ganzoo.training.packing import pack, unpack
from ganzoo.training.reference_batch import reference_batch


@keras.saving.register_keras_serializable(package="ganzoo")
class GAN(AdversarialModel):
    """A generator and a discriminator that train against each other through `fit`.

    One training step updates the discriminator `discriminator_steps` times, each time on fresh
    real examples, and then the generator. All randomness is a pure function of (`seed`, step,
    row): two runs with one seed end with the same weights. The fakes of a conditional GAN take the
    classes of the real examples of the same update.

    Args:
        generator: A built Keras model, latents of shape `(batch, latent_dim)` in, examples out:
            images of shape `(batch, height, width, channels)` in [-1, 1], or vectors.
        discriminator: A built Keras model, examples in, logits of shape `(batch, 1)` out.
        latent_dim: Size of a latent vector; by default what the generator takes.
        latent: `"normal"`, or `"uniform"` for latents in (-1, 1).
        num_classes: Number of classes of a conditional GAN, or `None`. Its generator takes
            `[latents, labels]` with integer labels of shape `(batch,)`. Its discriminator takes
            `[examples, labels]`; or examples alone, and gives logits and class logits of shape
            `(batch, num_classes)` (an auxiliary classifier).
        packing: Examples that the discriminator sees in one row, stacked along the channels: it
            takes `(batch, height, width, packing * channels)` (PacGAN). It must divide the number
            of examples of an update.
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
        - `packing`: Lin et al. 2018, https://arxiv.org/abs/1712.04086, section 3.
        - Auxiliary classifier: Odena et al. 2017, https://arxiv.org/abs/1610.09585, section 3.
    """

    def train_step(self, *args):
        return backend.run_step(self, self._train_on_batch, *args)

    def _train_on_batch(self, batch):
        replica, self._replicas = replica_context()
        batch = inputs.with_known_size(batch, self._batch_size, self._replicas)
        draws = Draws(self.seed, self._step.value, replica)
        self._reseed_layers(draws)
        self._update_players(batch, draws)
        if self.ema_decay is not None:
            self._average()
        self._step.assign_add(1)
        return {name: self._trackers[name].result() for name in self._log_names}

    def _update_players(self, batch, draws):
        real, labels = inputs.split_batch(batch, self.num_classes, self.discriminator_steps)
        real = [pack(part, self.packing) for part in real]
        for k in range(self.discriminator_steps):
            self._update_discriminator(real[k], labels[k], k, draws.scope(f"discriminator_{k}"))
        for k in range(self.generator_steps):
            self._update_generator(real[-1], labels[-1], k, draws.scope(f"generator_{k}"))

    def _update_discriminator(self, real, labels, k, draws):
        fake = self._generate(draws, ops.shape(real)[0], labels)

        def objective():
            on_real = self._judged(real, labels, draws.scope("real"))
            on_fake = self._judged(fake, labels, draws.scope("fake"))
            loss = self.adversarial_loss.discriminator(on_real.logits, on_fake.logits)
            logs = {
                "d_loss": loss,
                "d_real": ops.mean(on_real.logits),
                "d_fake": ops.mean(on_fake.logits),
            }
            terms = {}
            if self.classifier_loss is not None:
                terms["d_class_loss"] = self.classifier_loss.discriminator(
                    on_real.class_logits, labels, on_fake.class_logits, labels
                )
            known = (real, on_real.logits), (fake, on_fake.logits)
            terms |= self._penalties(real, fake, labels, known, k, draws)
            logs |= terms | self._observe(on_real.logits)
            return sum(terms.values(), loss), logs

        self._minimize(objective, "discriminator", k)
        self._constrain()

    def _update_generator(self, real, labels, k, draws):
        rows = self.generator_batch_ratio * ops.shape(real)[0]
        fake_labels = None if labels is None else ops.tile(labels, self.generator_batch_ratio)

        def objective():
            fake = self._generate(draws, rows, fake_labels)
            on_fake = self._judged(fake, fake_labels, draws.scope("fake"))
            on_real = None
            if self.generator_loss is not None or self.adversarial_loss.generator_needs_real:
                on_real = self._judged(real, labels, draws.scope("real"))
            loss, terms = self._generator_objective(on_fake, on_real), {}
            if self.classifier_loss is not None:
                terms["g_class_loss"] = self.classifier_loss.generator(
                    on_fake.class_logits, fake_labels
                )
            return sum(terms.values(), loss), {"g_loss": loss, **terms}

        self._minimize(objective, "generator", k)

    def _generator_objective(self, on_fake, on_real):
        """The adversarial loss, or the `generator_loss` in its place or beside it."""
        matching = self.generator_loss
        if matching is None:
            return self._adversarial_objective(on_fake, on_real)
        loss = matching(on_real.features, on_fake.features)
        if matching.adversarial_weight:
            adversarial = self._adversarial_objective(on_fake, on_real)
            loss = loss + matching.adversarial_weight * adversarial
        return loss

    def _adversarial_objective(self, on_fake, on_real):
        real_logits = None if on_real is None else on_real.logits
        return self.adversarial_loss.generator(on_fake.logits, real_logits)

    def _minimize(self, objective, player, k):
        """Update `k` in this step of one player, with the costs of its weights."""
        variables = getattr(self, player).trainable_variables
        optimizer = getattr(self.optimizer, player)
        # Replicas' gradients are summed, so each takes its share.
        share = optimizer.scale_loss(1.0) / self._replicas

        def scaled_objective():
            loss, logs = objective()
            costs = self._weight_penalties(player, variables, k)
            return sum(costs.values(), loss) * share, {**logs, **costs}

        self._remember(player, variables)
        _, logs, gradients = backend.value_and_grad(scaled_objective, variables, self.variables)
        backend.apply_gradients(optimizer, gradients, variables)
        for name, value in logs.items():
            self._trackers[name].update_state(value)

    # What the two updates are made of.

    def _generate(self, draws, rows, labels):
        """Draws fakes of the real examples' classes: so both have one distribution of classes,
        and what compares a fake with a real example compares two of one class."""
        latents = draw_latents(draws, rows * self.packing, self.latent_dim, self.latent)
        if self._reference_size is not None:
            reference, reference_labels = reference_batch(self)
            latents = ops.concatenate([reference, latents])
            labels = None if labels is None else ops.concatenate([reference_labels, labels])
        inputs = latents if labels is None else [latents, labels]
        fake = self.generator(inputs, training=True)
        if self._reference_size is not None:
            fake = fake[self._reference_size :]
        return pack(fake, self.packing)

    def _judged(self, examples, labels, draws):
        """The discriminator's verdict on augmented examples."""
        if self.augment is not None:
            images = unpack(examples, self.packing)
            images = self.augment(images, draws.scope("augment"), self._augment_memory)
            examples = pack(images, self.packing)
        return self._judge(examples, labels)

    def _observe(self, real_logits):
        """Lets an augmentation follow the discriminator; returns what there is to log of it."""
        memory = self._augment_memory
        if memory is None:
            return {}
        # A logit of a pack is that of each of its images.
        real_logits = ops.repeat(ops.stop_gradient(real_logits), self.packing, axis=0)
        self.augment.observe(real_logits, memory)
        return {"augment_probability": ops.convert_to_tensor(memory.probability)}

    def _penalties(self, real, fake, labels, known, k, draws):
        """Each penalty of the discriminator at its update `k` of this step."""

        def logits_of(examples):
            return self._judged(examples, labels, draws.scope("critic")).logits

        critic = Critic(logits_of, self.variables, known)
        return {
            part.name: self._due(
                part,
                k,
                self.discriminator_steps,
                lambda part=part: part.penalty(critic, real, fake, draws),
            )
            for part in self._parts(Penalty)
        }

    def _weight_penalties(self, player, variables, k):
        """Each cost of a player's weights at its update `k` of this step."""
        updates = getattr(self, f"{player}_steps")
        return {
            f"{player[0]}_{part.name}": self._due(
                part,
                k,
                updates,
                lambda part=part: part.penalty(variables, self._memory(player, part)),
            )
            for part in self._parts(WeightPenalty)
            if player in part.players
        }

    def _due(self, part, k, updates, cost):
        """A lazy part costs `every` times as much at each `every`-th update, else nothing."""
        if part.every == 1:
            return cost()
        update = self._step.value * updates + k
        return ops.cond(
            ops.equal(update % part.every, 0), lambda: part.every * cost(), lambda: ops.zeros(())
        )

    def _constrain(self):
        for constraint in self._parts(Constraint):
            constraint.constrain(self.discriminator.trainable_variables)

    def _remember(self, player, variables):
        for part in self._parts(WeightPenalty):
            if player in part.players:
                part.remember(variables, self._memory(player, part))

    def _memory(self, player, part):
        return self._memories.get(f"{player}/{part.name}")

    def _average(self):
        ema.update(self.ema_generator, self.generator, self.ema_decay, self._step.value)

    def _reseed_layers(self, draws):
        """Makes the noise of stock layers such as `Dropout` follow from the step, as all draws do.

        Keras saves no seed generator: a resumed run would otherwise repeat or change its noise.
        """
        states = [v for v in self.variables if v.name == "seed_generator_state"]
        for i, state in enumerate(states):
            state.assign(ops.cast(draws.seed(f"layer_{i}"), state.dtype))
