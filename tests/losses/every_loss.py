"""Every loss as a function of float32 arrays alone, for a comparison of backends."""

import numpy as np
from loss_equations import CASES, build
from other_loss_cases import OTHERS

REAL = [-50.0, -2.3, -0.4, 0.3, 1.7, 1e4]
FAKE = [0.9, -3.1, 50.0, -1e4, 2.2, 0.1]


def every_loss():
    """Yields a name, a function and its arguments, for both players of each loss."""
    real, fake = (np.array(logits, "float32")[:, None] for logits in (REAL, FAKE))
    for name, s in CASES:
        loss = build(name, s)
        yield f"{name}, {s}, discriminator", loss.discriminator, (real, fake)
        yield f"{name}, {s}, generator", loss.generator, (fake, real)
    for name, (function, inputs) in OTHERS.items():
        yield name, function, tuple(x.astype("float32") for x in inputs)
