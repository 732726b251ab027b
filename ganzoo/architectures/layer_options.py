"""Arguments of single layers that a discriminator's options may set."""

from ganzoo.validation import check_choice

_SPECTRAL = ("power_iterations", "num_singular_values", "factor", "learnable_scale", "norm")
_MINIBATCH = ("num_kernels", "kernel_dim", "include_self")


def spectral(options, normalization, has_projection):
    """Returns the arguments of each `SpectralNormalization`, a dictionary.

    Args:
        options: The dictionary that the user gave, or `None`.
        normalization: Normalization of the discriminator.
        has_projection: Whether its head is a projection, which cannot take them.

    Raises:
        ValueError: If an argument is unknown, or there is nothing to take them.
    """
    for name in options or {}:
        check_choice("normalization_options", name, _SPECTRAL)
    if options and (normalization != "spectral" or has_projection):
        head = "a projection" if has_projection else "no projection"
        raise ValueError(
            "`normalization_options` are for `normalization='spectral'` without a projection. "
            f"Received: normalization_options={options!r}, normalization={normalization!r} with "
            f"{head}"
        )
    return options or {}


def minibatch(options, minibatch_features):
    """Returns the arguments of the `MinibatchDiscrimination`, a dictionary.

    Args:
        options: The dictionary that the user gave, or `None`.
        minibatch_features: `"none"` or `"discrimination"`.

    Raises:
        ValueError: If an argument is unknown, or there is nothing to take them.
    """
    for name in options or {}:
        check_choice("minibatch_options", name, _MINIBATCH)
    if options and minibatch_features == "none":
        raise ValueError(
            "`minibatch_options` are for `minibatch_features='discrimination'`. "
            f"Received: minibatch_options={options!r}, minibatch_features='none'"
        )
    return options or {}
