"""Draws how the losses push the logit of an example: python docs/figures/losses.py

The forces are numerical derivatives of ganzoo's losses on batches of one example.
"""

import numpy as np
import style
from keras import ops
from matplotlib import pyplot as plt

from ganzoo import losses

NAMES = {
    "minimax": "minimax",
    "non_saturating": "non-saturating",
    "hinge": "hinge",
    "least_squares": "least squares",
    "wasserstein": "Wasserstein",
}
LOGITS = np.linspace(-4, 4, 401, dtype="float32")


def slope(loss_of):
    """Returns the derivative of a loss with respect to the logit of its one example."""
    values = [float(loss_of(ops.convert_to_tensor([logit]))) for logit in LOGITS]
    return np.gradient(np.array(values), LOGITS)


def main():
    figure, all_axes = plt.subplots(1, 3, figsize=(10, 3.1), sharey=True)
    real, fake, generated = all_axes
    other = ops.zeros((1,))
    for i, (name, label) in enumerate(NAMES.items()):
        loss = losses.get(name)
        look = {"color": style.CYCLE[i], "label": label}
        if name != "minimax":  # Its discriminator loss is the non-saturating one.
            up = slope(lambda logit, loss=loss: -loss.discriminator(logit, other))
            real.plot(LOGITS, up, **look)
            down = slope(lambda logit, loss=loss: loss.discriminator(other, logit))
            fake.plot(LOGITS, down, **look)
        generated.plot(LOGITS, slope(lambda logit, loss=loss: -loss.generator(logit)), **look)
    real.set(title="discriminator: a real example, upwards", ylabel="force", ylim=(-2, 3.5))
    fake.set(title="discriminator: a fake, downwards")
    generated.set(title="generator: a fake, upwards")
    generated.legend(loc="upper right")
    for axes in all_axes:
        axes.set_xlabel("logit of the example")
    style.save(figure, "losses.png")


if __name__ == "__main__":
    main()
