"""The form of Adam that the official code of Improved GAN has."""

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="ganzoo")
class AdamUnderRoot(keras.optimizers.Adam):
    """Adam with its `epsilon` under the root: a step is `rate * m_hat / sqrt(v_hat + epsilon)`.

    An `epsilon` of 1e-8 acts there like one of 1e-4 beside the root, where the paper of Adam and
    Keras have it: weights whose gradients are below that move less than by `rate`. Keras's own with
    1e-4 is something else again, for that one is larger in the first thousand steps.

    Args:
        learning_rate, beta_1, beta_2, epsilon: As for `keras.optimizers.Adam`.

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), the official code
        for MNIST, CIFAR-10 and SVHN.
    """

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
