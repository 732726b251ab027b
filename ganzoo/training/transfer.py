"""Starting from a trained GAN: its weights by name and shape, and the layers that stay frozen."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
from keras import ops

from ganzoo import presets
from ganzoo.generation import TrainedGenerator
from ganzoo.layers.reparametrization import SUPPORTED, KernelWrapper
from ganzoo.players import PLAYERS
from ganzoo.validation import check_count, describe

_LISTED = 8


class Transfer(NamedTuple):
    """What `GAN.initialize_from` took.

    Attributes:
        taken: Names of the weights that have the values of the source, as `player/layer/weight`.
        left: Dictionary from the names of all other weights, which are as before, to the reason.
    """

    taken: tuple[str, ...]
    left: dict[str, str]

    def __str__(self):
        lines = [f"{len(self.taken)} weights taken, {len(self.left)} left as they were"]
        lines += [f"  {name}: {reason}" for name, reason in list(self.left.items())[:_LISTED]]
        if len(self.left) > _LISTED:
            lines.append(f"  and {len(self.left) - _LISTED:,} more")
        return "\n".join(lines)


class TransferringModel:
    """The methods of a GAN that let it start from another one.

    The class that inherits from it is a `keras.Model` with a generator and a discriminator.
    """

    def initialize_from(
        self,
        source: str | Path | TrainedGenerator,
        sha256: str | None = None,
        allow: Sequence[str] = (),
    ) -> Transfer:
        """Takes the weights of a trained GAN, where name and shape are the same.

        Both networks are initialized, and the generator's average. The number of classes, of
        channels or of latents may differ: weights of another shape keep their values, and are
        listed. If no name of a network is the same, but all shapes are, the weights are taken in
        their order. Where only one of a kernel and its spectral vector fits, the vector is computed
        from the kernel. The source's generator is the one that samples: its average. The
        optimizers, the step and the state of parts start as new. A GAN of a preset is then no
        longer this preset, and has no `stored_directions`.

        Args:
            source: As `name_or_path` of `from_preset`, or a GAN.
            sha256: As for `from_preset`.
            allow: As for `from_preset`.

        Returns:
            A `Transfer`: what was taken and what was not.

        Raises:
            ValueError: If this GAN has been trained, or if no weight of the generator fits.

        Example:

        >>> data = ganzoo.data.load("digits")
        >>> gan = ganzoo.GAN.from_recipe("dcgan_digits", data)
        >>> print(gan.initialize_from("dcgan_digits"))
        20 weights taken, 0 left as they were

        Reference:
            [Transferring GANs: generating images from limited data](
            https://arxiv.org/abs/1805.01677), section 3.
        """
        if self.step:
            raise ValueError(
                "Only a GAN that has not been trained can start from another one. "
                f"Received: a GAN after step {self.step:,}"
            )
        if isinstance(source, TrainedGenerator):
            if sha256 is not None or allow:
                raise ValueError(
                    "`sha256` and `allow` are for presets. "
                    f"Received: a GAN with sha256={sha256!r}, allow={allow!r}"
                )
        else:
            source = presets.load(source, sha256, allow)
        networks = source.preset_networks()
        taken, left = [], {}
        for player in PLAYERS:
            target = getattr(self, player)
            if player in networks:
                found, missing = _copy(networks[player], target)
            else:
                found = []
                missing = {name: "the preset does not have it" for name in _named(target)}
            if found:
                self.unstored_players = tuple({*self.unstored_players} - {player})
            taken += [f"{player}/{name}" for name in found]
            left |= {f"{player}/{name}": reason for name, reason in missing.items()}
            if player == "generator" and not found:
                raise ValueError(
                    "The networks have no weight in common: build this GAN with the architecture "
                    f"of the source. Received: {describe(source)}, whose generator has "
                    f"{', '.join(list(_named(networks[player]))[:_LISTED])}, for one with "
                    f"{', '.join(list(_named(target))[:_LISTED])}"
                )
        for average, network in self.averages():
            average.set_weights([ops.convert_to_numpy(weight) for weight in network.weights])
        # They describe the weights that this GAN had.
        self.preset = self.stored_directions = None
        return Transfer(tuple(taken), left)

    def freeze_discriminator(self, count: int) -> list[str]:
        """Freezes the first layers of the discriminator, the ones next to the images (Freeze-D).

        Their weights and their spectral vectors do not change in training. Call it before
        `compile`.

        Args:
            count: How many layers with kernels are frozen, with all other layers before the last
                of them. 0 freezes none.

        Returns:
            The names of the frozen layers with kernels.

        Raises:
            ValueError: If `compile` was called, or if no layer would remain.

        Example:

        >>> gan = ganzoo.GAN.from_recipe("dcgan_digits", ganzoo.data.load("digits"))
        >>> names = gan.freeze_discriminator(1)

        Reference:
            [Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs](
            https://arxiv.org/abs/2002.10964), section 3.
        """
        if self.compiled:
            raise ValueError(
                "Freeze layers before `compile`, which builds the optimizers. "
                "Received: a compiled GAN"
            )
        layers = [layer for layer in _parts(self.discriminator) if _has_kernel(layer)]
        names = [layer.name for layer in layers]
        if not 0 <= check_count("count", count) < len(layers):
            raise ValueError(
                f"The discriminator has {len(layers)} layers with kernels, of which at most "
                f"{len(layers) - 1} can be frozen: {', '.join(names)}. Received: {describe(count)}"
            )
        frozen = 0
        for layer in _parts(self.discriminator):
            if frozen == count:
                break
            layer.trainable = False
            frozen += _has_kernel(layer)
        return names[:count]


def _copy(source, target):
    """Copies weights; returns the names of these, and the reasons for all others by name."""
    sources, targets = _named(source), _named(target)
    if not sources.keys() & targets.keys() and _shapes(sources) == _shapes(targets):
        sources = dict(zip(targets, sources.values(), strict=True))
    taken, left = [], {}
    for name, variable in targets.items():
        if name not in sources:
            left[name] = "the source has no weight of this name"
        elif sources[name].shape != variable.shape:
            left[name] = f"shape {tuple(variable.shape)}, and {tuple(sources[name].shape)} there"
        else:
            variable.assign(ops.cast(sources[name], variable.dtype))
            taken.append(name)
    _renew_spectral_vectors(target, {id(targets[name]) for name in left})
    return taken, left


def _renew_spectral_vectors(network, left):
    """Computes the vectors of kernels of which either the kernel or the vector was not taken."""
    # Keras has no public access to the layers inside of a layer.
    for layer in network._flatten_layers():
        if getattr(layer, "normalizes_spectrum", False):
            parts = [id(layer.kernel) in left, id(layer.u) in left]
            if any(parts):
                layer.warm_start()


def _named(network):
    """Returns the weights of a network by the names of their layer and of themselves.

    The paths of variables are not used: they depend on how a network was made.

    Raises:
        ValueError: If two layers of networks in the network have one name.
    """
    named, parts = {}, {id(layer): layer for layer in _parts(network)}.values()
    counts = Counter(layer.name for layer in parts)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ValueError(
            "Weights are found by the names of their layers, so each layer must have a name of its "
            f"own, also within networks. Received: {', '.join(map(repr, twice))} more than once in "
            f"{network.name!r}"
        )
    for layer in parts:
        counts = {}
        for variable in layer.weights:
            number = counts[variable.name] = counts.get(variable.name, 0) + 1
            suffix = "" if number == 1 else f" ({number})"
            named[f"{layer.name}/{variable.name}{suffix}"] = variable
    return named


def _shapes(named):
    return [tuple(variable.shape) for variable in named.values()]


def _parts(network) -> list[Any]:
    """Returns the layers of a network in the order of its computation, without its networks."""
    parts = []
    for layer in network.layers:
        parts += _parts(layer) if isinstance(layer, keras.Model) else [layer]
    return parts


def _has_kernel(layer):
    if isinstance(layer, (KernelWrapper, *SUPPORTED)):
        return not isinstance(getattr(layer, "layer", layer), keras.layers.Embedding)
    return any(weight.name == "kernel" for weight in layer.weights)
