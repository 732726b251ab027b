"""What a page shows of a GAN, in the browser or served: which GANs, and with which controls."""

import dataclasses

import numpy as np

from ganzoo.data.conditions import check_conditions
from ganzoo.drawing import CHANNELS
from ganzoo.generation.directions import Directions
from ganzoo.generation.truncation import truncating_layer
from ganzoo.validation import describe

SWITCH, SLIDER, NUMBER = "switch", "slider", "number"
_MOST_CONTROLS = 32
_MOST_EXAMPLES = 256
_MOST_SLIDERS = 6
_MOST_TRUNCATION = {"normal": 3.0, "uniform": 1.0, "styles": 1.0}


def check_gan_of_page(gan):
    """Raises `ValueError` if a page cannot draw the examples of a GAN."""
    shape = gan.example_shape
    if len(shape) != 3 or shape[-1] not in CHANNELS:
        raise ValueError(
            "A page draws images of 1, 3 or 4 channels. "
            f"Received: a GAN of examples of shape {shape}"
        )


def most_truncation(gan) -> float:
    """Returns the truncation at which the slider of a page ends, and which stands for none."""
    has_styles = truncating_layer(gan.inference_generator) is not None
    return _MOST_TRUNCATION["styles" if has_styles else gan.latent]


def few_in_closed_form(gan) -> Directions:
    """Returns the first 6 directions in closed form, or as many as the space has dimensions.

    Raises:
        ValueError: If the latents reach no layer directly.
    """
    mapping = truncating_layer(gan.inference_generator)
    dimensions = gan.latent_dim if mapping is None else mapping.output.shape[-1]
    return gan.directions("sefa", k=min(_MOST_SLIDERS, dimensions))


@dataclasses.dataclass(frozen=True)
class ConditionControls:
    """The controls of a page for the vectors of conditions that a GAN takes.

    Attributes:
        examples: float32 array of shape `(n, condition_dim)`, vectors to start from. The first one
            is what the page shows first.
        names: Names of the conditions with controls: of all, or of none if there are too many.
        kinds: For each of them `"switch"`, `"slider"` or `"number"`.
        ranges: For each of them the lowest and the highest number of a slider.
    """

    examples: np.ndarray
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]


def condition_controls(gan, examples=None) -> ConditionControls | None:
    """Returns the controls for the conditions of a GAN, or `None` if it takes none.

    Args:
        gan: The GAN.
        examples: Vectors of conditions, `(condition_dim,)` or `(n, condition_dim)`. Several of them
            decide the controls: a condition that is 0 or 1 in all is a switch, and any other one a
            slider between its lowest and its highest number. Without them, or with a single one,
            conditions are numbers to type. By default zeros.

    Raises:
        ValueError: If the examples do not fit the GAN, or are needed.
    """
    size = gan.condition_dim
    if size is None:
        if examples is not None:
            raise ValueError(
                "This GAN takes no vectors of conditions: leave `conditions` out. "
                f"Received: conditions={describe(examples)}"
            )
        return None
    if examples is None and size > _MOST_CONTROLS:
        raise ValueError(
            f"A page has controls for at most {_MOST_CONTROLS} conditions: give vectors to choose "
            f"from, as `conditions` of shape (n, {size}). Received: condition_dim={size}"
        )
    rows = np.zeros((1, size)) if examples is None else np.asarray(examples)
    rows = check_conditions(rows[None] if rows.ndim == 1 else rows, None, size)
    if len(rows) > _MOST_EXAMPLES:
        raise ValueError(
            f"A page lets one choose from at most {_MOST_EXAMPLES} vectors of conditions. "
            f"Received: conditions of shape {rows.shape}"
        )
    if size > _MOST_CONTROLS:
        return ConditionControls(rows, (), (), ())
    names = gan.condition_names or [f"Condition {number}" for number in range(size)]
    low, high = rows.min(axis=0), rows.max(axis=0)
    kinds = tuple(_kind(column) for column in rows.T)
    ranges = tuple((float(a), float(b)) for a, b in zip(low, high, strict=True))
    return ConditionControls(rows, tuple(names), kinds, ranges)


def _kind(numbers):
    """Returns the kind of the control for numbers such as these."""
    if len(numbers) > 1 and np.isin(numbers, (0.0, 1.0)).all():
        return SWITCH
    return SLIDER if numbers.min() < numbers.max() else NUMBER
