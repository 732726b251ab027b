"""Examples from given styles and noise maps, and the styles of latents."""

import numpy as np

from ganzoo import backend
from ganzoo.generation.sampling import as_examples, in_batches
from ganzoo.generation.style_inversion import check_space, noise_layers, with_noise
from ganzoo.generation.truncation import TruncatedGenerator, truncating_layer
from ganzoo.validation import check_positive_integer


def styles_function(gan):
    """Returns the compiled function from latents and labels to styles."""
    if "styles" not in gan._style_functions:
        generator = TruncatedGenerator(gan)

        def styles_of(latents, labels):
            return generator.styles(latents, labels, None)

        gan._style_functions["styles"] = backend.compiled(styles_of, gan)
    return gan._style_functions["styles"]


def generate(gan, styles, noise, batch_size):
    """Makes an example from each row; it has the arguments of `GAN.generate_from_styles`."""
    check_space(gan, "style", noise is not None)
    check_positive_integer("batch_size", batch_size)
    styles = _check_styles(gan, styles)
    function = _generating_function(gan)
    if noise is None:
        (examples,) = in_batches(lambda batch: [function(batch, None)], batch_size, styles)
        return examples
    maps = _check_noise(gan, noise, len(styles))

    def generate_one(styles, *maps):
        return [function(styles, [one[0] for one in maps])]

    (examples,) = in_batches(generate_one, 1, styles, *maps)
    return examples


def _generating_function(gan):
    if "from_styles" not in gan._style_functions:
        generator = TruncatedGenerator(gan)

        def generate_batch(styles, maps):
            if maps is None:
                return as_examples(gan, generator.from_styles(styles))
            images = with_noise(
                gan.inference_generator, maps, lambda: generator.from_styles(styles)
            )
            return as_examples(gan, images)

        gan._style_functions["from_styles"] = backend.compiled(generate_batch, gan)
    return gan._style_functions["from_styles"]


def _check_styles(gan, styles):
    styles = np.asarray(styles)
    _, rows, dimensions = truncating_layer(gan.inference_generator).output.shape
    if styles.ndim == 2:
        styles = np.repeat(styles[:, None], rows, axis=1)
    is_right = styles.ndim == 3 and styles.shape[1:] == (rows, dimensions) and len(styles)
    if not is_right or not np.issubdtype(styles.dtype, np.floating):
        raise ValueError(
            f"`styles` must be floating, of shape (n, {rows}, {dimensions}) or (n, {dimensions}). "
            f"Received: styles of dtype {styles.dtype} and shape {styles.shape}"
        )
    if not np.isfinite(styles).all():
        raise ValueError("`styles` must be finite. Received: styles with NaN or infinity")
    return styles.astype("float32")


def _check_noise(gan, noise, count):
    expected = [(count, *layer.map.shape) for layer in noise_layers(gan.inference_generator)]
    received = [np.shape(one) for one in noise]
    if received != expected:
        raise ValueError(f"`noise` must have the shapes {expected}. Received: shapes {received}")
    return [np.asarray(one, "float32") for one in noise]
