"""The base of layers that draw random numbers in training."""

import random

import keras
import numpy as np
from keras import ops

from ganzoo import backend
from ganzoo.random import Draws, current_part


class RandomLayer(keras.layers.Layer):
    """A layer that draws from `ganzoo.random`, the same numbers on every backend.

    Its state is two integers, which each draw advances. A training step of `ganzoo.GAN` sets the
    state: then the draws are a function of the GAN's seed, the step and the row. In other training
    the state starts from the seed of `keras.utils.set_random_seed`. It is saved with the weights.

    A subclass calls `add_seed_state` when it is built.
    """

    def add_seed_state(self):
        """Creates the state. Its name is the one of Keras's seed generators."""
        self.seed_state = self.add_weight(
            name="seed_generator_state",
            shape=(2,),
            dtype="int32",
            initializer=lambda shape, dtype: np.array([random.getrandbits(31), 0], dtype),
            trainable=False,
            autocast=False,
            aggregation="only_first_replica",
        )

    def next_draws(self):
        """Advances the state. Returns draws of the rows of this replica, and of the whole batch.

        If the replica computes its batch in parts, these are the rows of the current part.
        """
        seed = ops.convert_to_tensor(self.seed_state) * 1
        self.seed_state.assign(seed + ops.convert_to_tensor(np.array([0, 1], "int32")))
        replica, _ = backend.replica_context()
        return Draws(seed, step=0, replica=replica, part=current_part()), Draws(seed, step=0)
