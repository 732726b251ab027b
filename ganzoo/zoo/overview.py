"""What a list of published models says about each of them."""

from ganzoo.data import PixelFormat
from ganzoo.zoo.data_facts import facts_of

_COLORS = {1: "gray", 3: "color", 4: "color with alpha"}


def overview(facts: dict) -> dict[str, str]:
    """Returns the data, the size, the classes and the metric of a published model in a few words.

    Args:
        facts: The content of its `metrics.json`.

    Returns:
        Dictionary with the texts `data`, `size`, `classes` and `metric`.
    """
    classes = facts["network"]["num_classes"]
    if is_classifier(facts):
        classes = len(facts["data"]["class_names"])
    return {
        "data": facts_of(facts["data"]).title,
        "size": size_and_colors(facts),
        "classes": "none" if classes is None else str(classes),
        "metric": _metric(facts["figures"]["samples"]),
    }


def size_and_colors(facts: dict) -> str:
    """Returns the size of a published model's images, and their colors, such as `28 x 28 gray`."""
    height, width, channels = facts["data"]["shape"]
    return f"{height} x {width} {_COLORS.get(channels, f'of {channels} channels')}"


def pixel_format(facts: dict) -> PixelFormat:
    """Returns the format of a published model's samples; older facts mean 8 bits."""
    return PixelFormat.get(facts["network"].get("pixels"))


def pixels(facts: dict) -> str:
    """Returns the type of a published model's samples, and the range of floats."""
    found = pixel_format(facts)
    is_float = found.dtype == "float32"
    return f"float32 in [{found.low:g}, {found.high:g}]" if is_float else found.dtype


def is_classifier(facts: dict) -> bool:
    """Whether a published model is the classifier of a semi-supervised GAN."""
    return facts["network"]["class_name"] == "SemiSupervisedGAN"


def _metric(results):
    """Returns the value that matters most: the error of a classifier, or the first of the card."""
    if "test_error" in results:
        return f"error {results['test_error']['value']:.2%}"
    first = next(iter(results.values()), None)
    return "" if first is None else f"{first['name']} {first['value']:.3g}"
