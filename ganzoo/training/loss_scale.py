"""Optimizers with a loss scale, as float16 needs it."""

import keras


def with_loss_scale(optimizer):
    """Returns an optimizer in a `LossScaleOptimizer`, or the optimizer itself if it is one."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer)


def innermost(optimizer):
    """Returns the optimizer that a `LossScaleOptimizer` wraps, or the optimizer itself."""
    return getattr(optimizer, "inner_optimizer", optimizer)
