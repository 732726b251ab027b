"""The papers' equations in float64 NumPy, for logits of shape (batch,).

Each entry is (the library's class, the discriminator's loss, the generator's loss); `s` is the
label smoothing, which only the losses with a target of their own use.
"""

import numpy as np

from ganzoo import losses


def log_d(logits):
    """log sigmoid(logits)."""
    return -np.logaddexp(0.0, -logits)


def log_one_minus_d(logits):
    """log(1 - sigmoid(logits))."""
    return -np.logaddexp(0.0, logits)


def cross_entropy(logits, target):
    return -np.mean(target * log_d(logits) + (1 - target) * log_one_minus_d(logits))


def classifier(real, fake, s):
    return cross_entropy(real, 1 - s) + cross_entropy(fake, 0.0)


def hinge(real, fake, s):
    return np.mean(np.maximum(0, 1 - real)) + np.mean(np.maximum(0, 1 + fake))


def least_squares(real, fake, s):
    a, b = 0.0, 1.0
    return 0.5 * np.mean((real - (b - s)) ** 2) + 0.5 * np.mean((fake - a) ** 2)


def pairing(real, fake, s):
    return np.mean([-log_d(r - f) for r, f in zip(real, fake, strict=True)])


def average(real, fake, s):
    real_is_real, fake_is_real = real - np.mean(fake), fake - np.mean(real)
    return -np.mean(log_d(real_is_real)) - np.mean(log_one_minus_d(fake_is_real))


def average_generator(fake, real):
    real_is_real, fake_is_real = real - np.mean(fake), fake - np.mean(real)
    return -np.mean(log_d(fake_is_real)) - np.mean(log_one_minus_d(real_is_real))


def top_half(fake, real):
    return -np.mean(log_d(np.sort(fake)[::-1][: -(-len(fake) // 2)]))


EQUATIONS = {
    "minimax": (
        losses.Minimax,
        classifier,
        lambda fake, real: np.mean(log_one_minus_d(fake)),
    ),
    "non_saturating": (
        losses.NonSaturating,
        classifier,
        lambda fake, real: -np.mean(log_d(fake)),
    ),
    "hinge": (losses.Hinge, hinge, lambda fake, real: -np.mean(fake)),
    "wasserstein": (
        losses.Wasserstein,
        lambda real, fake, s: -(np.mean(real) - np.mean(fake)),
        lambda fake, real: -np.mean(fake),
    ),
    "least_squares": (
        losses.LeastSquares,
        least_squares,
        lambda fake, real: 0.5 * np.mean((fake - 1.0) ** 2),
    ),
    "relativistic_pairing": (
        losses.RelativisticPairing,
        pairing,
        lambda fake, real: np.mean([-log_d(f - r) for r, f in zip(real, fake, strict=True)]),
    ),
    "relativistic_average": (losses.RelativisticAverage, average, average_generator),
    "top_k": (losses.TopK, classifier, top_half),
}
SMOOTHED = ("minimax", "non_saturating", "least_squares")

# (name, label smoothing) of every loss. Losses with a target have a second case, smoothed.
CASES = [(name, 0.0) for name in EQUATIONS] + [(name, 0.1) for name in SMOOTHED]


def build(name, label_smoothing):
    loss_class = EQUATIONS[name][0]
    return loss_class(label_smoothing=label_smoothing) if label_smoothing else loss_class()


def numerical_gradient(function, point, step=1e-5):
    """Central differences of a scalar function of an array."""
    steps = step * np.eye(point.size).reshape(-1, *point.shape)
    slopes = [(function(point + h) - function(point - h)) / (2 * step) for h in steps]
    return np.reshape(slopes, point.shape)
