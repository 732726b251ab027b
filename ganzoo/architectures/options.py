"""The options of architectures: which network takes which, and arguments of single layers."""

import inspect

from ganzoo.validation import check_choice, check_positive_integer

_REFERENCE_SIZE = 64
_SPECTRAL = ("power_iterations", "num_singular_values", "factor", "learnable_scale", "norm")
_MINIBATCH = ("num_kernels", "kernel_dim", "include_self")


def build_network(function, image_shape, **options):
    """Returns the network that an architecture's function builds from the options.

    Args:
        function: One of a `Family`.
        image_shape: The function's first argument.
        **options: The function's other arguments. `None` stands for the default.

    Raises:
        ValueError: If the function has no such option.
    """
    options = {name: value for name, value in options.items() if value is not None}
    known = inspect.signature(function).parameters
    for name, value in options.items():
        if name not in known:
            raise ValueError(
                f"`{function.__name__}` has no `{name}`: leave it out, or use another "
                f"architecture. Received: {name}={value!r}"
            )
    return function(image_shape, **options)


def split_options(family, options):
    """Returns the options of a family's generator, and the options of its discriminator.

    Raises:
        ValueError: If neither of the two has one of the options.
    """
    players = [
        {name: options[name] for name in options if name in inspect.signature(player).parameters}
        for player in family
    ]
    for name, value in options.items():
        if not any(name in chosen for chosen in players):
            names = " and ".join(f"`{player.__name__}`" for player in family)
            raise ValueError(
                f"{names} have no `{name}`: leave it out, or use another architecture. "
                f"Received: {name}={value!r}"
            )
    return players


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


def reference_size(size, normalization):
    """Returns the size of the reference batch of virtual batch normalization.

    Args:
        size: The number that the user gave, or `None`.
        normalization: Normalization of the generator.

    Raises:
        ValueError: If the number is no positive integer, or there is no reference batch.
    """
    if size is None:
        return _REFERENCE_SIZE
    check_positive_integer("reference_size", size)
    if normalization != "virtual":
        raise ValueError(
            "`reference_size` is for virtual batch normalization of the generator. "
            f"Received: reference_size={size!r}, normalization={normalization!r}"
        )
    return size


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
