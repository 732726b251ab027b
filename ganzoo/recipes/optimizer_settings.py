"""The optimizer of one player, as plain data."""

import dataclasses
from typing import Any

import keras

from ganzoo import schedules
from ganzoo.recipes.adam import AdamUnderRoot
from ganzoo.schedules import LinearDecay
from ganzoo.validation import check_choice, check_fraction, check_non_negative, check_positive

KINDS = ("adam", "adam_under_root", "adamw", "lion", "muon", "rmsprop", "sgd")
# What a kind starts from; the defaults of Keras, and for Adam of its paper.
DEFAULTS: dict[str, dict[str, Any]] = {
    "adam": {"beta_1": 0.9, "beta_2": 0.999},
    "adam_under_root": {"beta_1": 0.9, "beta_2": 0.999},
    "adamw": {"beta_1": 0.9, "beta_2": 0.999, "weight_decay": 0.004},
    "lion": {"beta_1": 0.9, "beta_2": 0.99},
    "muon": {"beta_1": 0.9, "beta_2": 0.999, "weight_decay": 0.004},
    "rmsprop": {"beta_1": 0.0, "beta_2": 0.9},
    "sgd": {"beta_1": 0.0, "beta_2": 0.0},
}
# Settings that a kind does not have, with the value that they must keep.
_UNUSED = {
    "lion": {"epsilon": 1e-8},
    "rmsprop": {"beta_1": 0},
    "sgd": {"beta_2": 0, "epsilon": 1e-8},
}
_REASONS = {
    "beta_1": "keeps no mean of the gradients",
    "beta_2": "keeps no mean of the squared gradients",
    "epsilon": "divides by no root",
}


@dataclasses.dataclass(frozen=True)
class OptimizerSettings:
    """The optimizer of one player.

    `learning_rate`, `beta_1` and `beta_2` may be schedules, written as texts, such as
    `"cosine/2e-4/5e-5/2e7images"`. See `ganzoo.schedules.get`.

    Args:
        learning_rate: The rate, before it decays.
        beta_1: Decay of the mean of the gradients, SGD's `momentum`. RMSprop has no such mean: 0.
        beta_2: Decay of the mean of the squared gradients, RMSprop's `rho`. In Lion, decay of its
            momentum. SGD has no such mean: 0.
        kind: One of `"adam"`, `"adam_under_root"`, `"adamw"`, `"lion"`, `"muon"`, `"rmsprop"` and
            `"sgd"`. Muon updates matrices with Keras's momentum of 0.95, and all other weights,
            also the kernels of convolutions, as AdamW with these betas.
        decay_start: Share of the training, in [0, 1), after which the rate falls linearly to 0 at
            its end; `None` for a constant rate.
        epsilon: Added to the root of the squared gradients' mean, or with `"adam_under_root"` to
            what is under it. The papers' frameworks have 1e-8.
        weight_decay: Share of each weight that a step at the rate 1 takes away, apart from the
            gradients as in AdamW; or `None`. `"adamw"` and `"muon"` need it.
        clip_norm: Largest norm of the gradients of all weights together, or `None`.

    Raises:
        ValueError: If a setting is outside its range, or the kind has no such setting.

    Example:

    >>> OptimizerSettings(2e-4, beta_1=0.0, beta_2=0.9).build(updates=1000).beta_1
    0.0
    """

    learning_rate: float | str
    beta_1: float | str = 0.9
    beta_2: float | str = 0.999
    kind: str = "adam"
    decay_start: float | None = None
    epsilon: float = 1e-8
    weight_decay: float | None = None
    clip_norm: float | None = None

    def __post_init__(self):
        check_rate = check_non_negative if is_text(self.learning_rate) else check_positive
        schedules.check(check_rate, "learning_rate", self.learning_rate)
        schedules.check(check_fraction, "beta_1", self.beta_1)
        schedules.check(check_fraction, "beta_2", self.beta_2)
        check_choice("kind", self.kind, KINDS)
        if self.decay_start is not None:
            check_fraction("decay_start", self.decay_start)
            if is_text(self.learning_rate):
                raise ValueError(
                    "A schedule says itself how the rate falls: leave `decay_start` out. Received: "
                    f"decay_start={self.decay_start!r}, learning_rate={self.learning_rate!r}"
                )
        check_positive("epsilon", self.epsilon)
        if self.weight_decay is not None:
            check_positive("weight_decay", self.weight_decay)
        elif "weight_decay" in DEFAULTS[self.kind]:
            raise ValueError(
                f"`{self.kind}` needs `weight_decay`, such as {DEFAULTS[self.kind]['weight_decay']}"
                ". Received: weight_decay=None"
            )
        if self.clip_norm is not None:
            check_positive("clip_norm", self.clip_norm)
        for name, value in _UNUSED.get(self.kind, {}).items():
            if getattr(self, name) != value:
                raise ValueError(
                    f"`{self.kind}` {_REASONS[name]}, so `{name}` must be {value:g}. "
                    f"Received: {name}={getattr(self, name)!r}"
                )

    def __str__(self) -> str:
        decay = "" if self.decay_start is None else " falling to 0"
        rate, *betas = map(short, (self.learning_rate, self.beta_1, self.beta_2))
        more = {"weight decay": self.weight_decay, "clip norm": self.clip_norm}
        words = [f"{name} {value:g}" for name, value in more.items() if value is not None]
        return f"{self.kind}({', '.join([rate + decay, *betas, *words])})"

    def build(self, updates: int) -> keras.optimizers.Optimizer:
        """Returns the Keras optimizer.

        Args:
            updates: Number of updates of the player in the whole training run. A rate that decays
                is 0 after them.
        """
        rate, beta_1, beta_2 = (
            schedules.get(value) if is_text(value) else value
            for value in (self.learning_rate, self.beta_1, self.beta_2)
        )
        if self.decay_start is not None:
            rate = LinearDecay(rate, updates, self.decay_start)
        betas = {"beta_1": beta_1, "beta_2": beta_2}
        common = {"weight_decay": self.weight_decay, "global_clipnorm": self.clip_norm}
        epsilon = {"epsilon": self.epsilon}
        optimizers = keras.optimizers
        if self.kind == "lion":
            return optimizers.Lion(rate, **betas, **common)
        if self.kind == "muon":
            betas = {f"adam_{name}": value for name, value in betas.items()}
            betas["adam_weight_decay"] = self.weight_decay
            return optimizers.Muon(rate, **betas, **common, **epsilon)
        if self.kind == "rmsprop":
            return optimizers.RMSprop(rate, rho=beta_2, **common, **epsilon)
        if self.kind == "sgd":
            return optimizers.SGD(rate, momentum=beta_1, **common)
        kinds = {"adam": optimizers.Adam, "adamw": optimizers.AdamW}
        return kinds.get(self.kind, AdamUnderRoot)(rate, **betas, **common, **epsilon)


def short(value: float | str) -> str:
    """Returns a number or the text of a schedule in few characters."""
    return value if is_text(value) else f"{value:g}"


def is_text(value: Any) -> bool:
    """Whether a setting is the text of a schedule."""
    return isinstance(value, str)
