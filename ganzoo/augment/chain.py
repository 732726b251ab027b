"""Several augmentations, one after the other."""

from collections.abc import Sequence

import keras

from ganzoo.augment.base import Augmentation


@keras.saving.register_keras_serializable(package="ganzoo")
class Chain(Augmentation):
    """Applies augmentations one after the other, each with its own state.

    `augment.get` and `compile(augment=...)` make it from a list.

    Args:
        parts: List of at least two augmentations of different names.

    Raises:
        ValueError: If there are fewer, two have one name, or two log their probability by one name.

    Example:

    >>> from ganzoo import augment
    >>> part = augment.Chain([augment.AdaptivePseudoAugment(), augment.AdaptiveAugment("bgc")])
    >>> list(part.probabilities(part.state()))
    ['pseudo_probability', 'augment_probability']
    """

    name = "chain"
    example_rank = None

    def __init__(self, parts: Sequence[Augmentation]):
        is_list = isinstance(parts, (list, tuple))
        if not is_list or len(parts) < 2 or not all(isinstance(p, Augmentation) for p in parts):
            raise ValueError(
                f"`parts` must be a list of at least two augmentations. Received: parts={parts!r}"
            )
        logs = [name for part in parts for name in part.probabilities(part.state())]
        for names in ([part.name for part in parts], logs):
            if len(set(names)) < len(names):
                raise ValueError(
                    "The augmentations of a list must have different names, and so must the "
                    "probabilities that training logs. Put transforms that share a probability "
                    f"into one augmentation. Received: {names}"
                )
        self.parts = list(parts)

    @property
    def replaces_real(self):
        return any(part.replaces_real for part in self.parts)

    @property
    def batch_coupled(self):
        return any(part.batch_coupled for part in self.parts)

    def check_example_shape(self, shape):
        for part in self.parts:
            part.check_example_shape(shape)

    def augment(self, images, draws, state):
        for part, part_state in self._with_states(state):
            images = part(images, draws.scope(part.name), part_state)
        return images

    def replace_real(self, real, fake, draws, state):
        for part, part_state in self._with_states(state):
            real = part.replace_real(real, fake, draws.scope(part.name), part_state)
        return real

    def state(self):
        states = {part.name: part.state() for part in self.parts}
        found = {name: state for name, state in states.items() if state is not None}
        return _States(found) if found else None

    def update_state(self, real_logits, state):
        for part, part_state in self._with_states(state):
            if part_state is not None:
                part.update_state(real_logits, part_state)

    def probabilities(self, state):
        named = {}
        for part, part_state in self._with_states(state):
            named |= part.probabilities(part_state)
        return named

    def _with_states(self, state):
        states = {} if state is None else state.by_name
        return [(part, states.get(part.name)) for part in self.parts]


class _States(keras.layers.Layer):
    """The states of the parts by their names."""

    def __init__(self, states):
        super().__init__(name="states")
        self.by_name = states
        self.built = True
