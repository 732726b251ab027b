"""The form of Adam in the official code of Improved GAN."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ganzoo")
class AdamUnderRoot(keras.optimizers.Adam):
    """Adam with its `epsilon` under the root: a step is `rate * m_hat / sqrt(v_hat + epsilon)`.

    The paper of Adam and Keras add `epsilon` to the root. Under the root, 1e-8 has the effect of
    1e-4 there: weights with smaller gradients move by less than `rate`. Keras's Adam with an
    `epsilon` of 1e-4 is not the same, because its `epsilon` is larger in the first thousand steps.

    Args:
        learning_rate: As for `keras.optimizers.Adam`.
        beta_1: As for `keras.optimizers.Adam`.
        beta_2: As for `keras.optimizers.Adam`.
        epsilon: As for `keras.optimizers.Adam`, but under the root.

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), the official code
        for MNIST, CIFAR-10 and SVHN.
    """

    # All small weights may be updated as one vector.
    elementwise = True

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        mean, square = self._momentums[index], self._velocities[index]
        rate, gradient, step = (
            ops.cast(value, variable.dtype)
            for value in (learning_rate, gradient, self.iterations + 1)
        )
        self.assign_add(mean, (gradient - mean) * (1 - self.beta_1))
        self.assign_add(square, (ops.square(gradient) - square) * (1 - self.beta_2))
        unbiased_mean = mean / (1 - ops.power(ops.cast(self.beta_1, variable.dtype), step))
        unbiased_square = square / (1 - ops.power(ops.cast(self.beta_2, variable.dtype), step))
        self.assign_sub(variable, rate * unbiased_mean / ops.sqrt(unbiased_square + self.epsilon))
