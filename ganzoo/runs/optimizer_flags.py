"""The flags that choose the optimizers, and optimizers as such flags."""

import dataclasses

from ganzoo.recipes import OptimizerSettings
from ganzoo.recipes.optimizer_settings import DEFAULTS
from ganzoo.validation import check_choice
from ganzoo_cli.part_texts import format_parts, parse_parts
from ganzoo_cli.suggestions import did_you_mean

_ARGUMENTS = ("beta_1", "beta_2", "epsilon", "weight_decay", "clip_norm")


def parse_optimizer(flag, text, before):
    """Returns the `OptimizerSettings` of a text such as `adamw:beta_1=0:weight_decay=0.01`.

    What is not named stays as it was before, or has the default of the kind if this is another one.
    The learning rate, and where it falls to 0, have their own flags.

    Args:
        flag: Name of the flag, for error messages.
        text: The kind, with arguments after colons.
        before: The `OptimizerSettings` of the recipe.

    Raises:
        ValueError: If there is no such kind or argument, or a value is outside its range.
    """
    parts = parse_parts(flag, text)
    if len(parts) != 1:
        raise ValueError(
            f"--{flag} is one optimizer, such as adam:beta_1=0:beta_2=0.9. "
            f"Received: --{flag}={text}"
        )
    ((kind, arguments),) = parts.items()
    check_choice(f"--{flag}", kind, tuple(DEFAULTS))
    for name in arguments:
        if name not in _ARGUMENTS:
            raise ValueError(
                f"--{flag} takes {', '.join(_ARGUMENTS)}; the rates have their own flags."
                f"{did_you_mean(name, _ARGUMENTS)} Received: --{flag}={text}"
            )
    if kind == before.kind:
        return dataclasses.replace(before, **arguments)
    settings = {**DEFAULTS[kind], **arguments}
    return OptimizerSettings(
        before.learning_rate, kind=kind, decay_start=before.decay_start, **settings
    )


def format_optimizer(settings, before):
    """Returns the text that `parse_optimizer` reads, or `None` if nothing is to be said.

    Args:
        settings: The `OptimizerSettings`.
        before: The ones of the recipe.
    """
    if settings.kind == before.kind:
        start = {name: getattr(before, name) for name in _ARGUMENTS}
    else:
        start = {"weight_decay": None, "clip_norm": None, "epsilon": 1e-8}
        start |= DEFAULTS[settings.kind]
    changed = {
        name: value for name in _ARGUMENTS if (value := getattr(settings, name)) != start[name]
    }
    if not changed and settings.kind == before.kind:
        return None
    return format_parts({settings.kind: changed})
