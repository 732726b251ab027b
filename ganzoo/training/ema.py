"""The exponential moving average of a generator's weights."""

import keras
from keras import ops


def clone(generator):
    """Returns a second generator with the same weights and none of its variables trainable.

    Its variables' paths begin with `ema/`, so that they differ from the original's.
    """
    with keras.name_scope("ema"):
        average = generator.__class__.from_config(generator.get_config())
        if not average.built:
            average.build_from_config(generator.get_build_config())
    average.trainable = False
    average.set_weights(generator.get_weights())
    return average


def update(average, generator, decay, step):
    """Moves the average toward the generator's present weights.

    Weights and the moving statistics of normalization layers are averaged; all other state (such
    as spectral vectors, which have a direction but no meaningful mean) is copied.

    Args:
        average: The generator that `clone` made.
        generator: The generator in training.
        decay: Share of the old average that stays in each update, in [0, 1).
        step: Integer tensor, the number of updates before this one. While it is small the decay
            is at most (1 + step) / (10 + step): a plain average would remember the random
            initial weights for 1 / (1 - decay) steps.
    """
    step = ops.cast(step, "float32")
    keep = ops.minimum(decay, (1.0 + step) / (10.0 + step))
    averaged = {id(variable) for variable in generator.trainable_weights}
    for mean, variable in zip(average.weights, generator.weights, strict=True):
        if id(variable) in averaged or variable.name in ("moving_mean", "moving_variance"):
            mean.assign_add((variable - mean) * ops.cast(1.0 - keep, mean.dtype))
        else:
            mean.assign(variable)
