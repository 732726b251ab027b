"""Adam for the searches of latents and styles, which are loops of tensors."""

from keras import ops

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8


def direction(gradient, mean, square, step):
    """Returns the direction of an update, and the new means of the gradient and of its square.

    Args:
        gradient: Tensor of any shape.
        mean: Mean of the gradients so far, at first 0, of the same shape.
        square: Mean of their squares so far, at first 0, of the same shape.
        step: Number of updates so far, an integer tensor.

    Reference:
        [Adam: A Method for Stochastic Optimization](https://arxiv.org/abs/1412.6980), algorithm 1.
    """
    mean = _BETA_1 * mean + (1.0 - _BETA_1) * gradient
    square = _BETA_2 * square + (1.0 - _BETA_2) * ops.square(gradient)
    count = ops.cast(step + 1, "float32")
    unbiased = mean / (1.0 - _BETA_1**count)
    return unbiased / (ops.sqrt(square / (1.0 - _BETA_2**count)) + _EPSILON), mean, square
