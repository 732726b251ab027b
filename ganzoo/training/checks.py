"""Checks of the networks and of the arguments of `compile`, before the first step."""

import math
from collections import Counter

import keras

from ganzoo import losses
from ganzoo import regularizers as regularizers_module
from ganzoo.layers import reference_size_of
from ganzoo.layers.networks import is_network
from ganzoo.players import PLAYERS
from ganzoo.validation import check_positive_integer, describe

_SWAPPED = (
    "The networks seem to be swapped: the order is `GAN(generator, discriminator)`, and the "
    "generator takes latents. "
)


def _networks_received(network, name="generator"):
    return (
        f"Received: a {name} that takes {tuple(network.inputs[0].shape[1:])} and gives "
        f"{network.output_shape}"
    )


def check_condition_dim(generator, num_classes, condition_dim):
    """Returns the length of the vectors of conditions that a generator takes, or `None`.

    Raises:
        ValueError: If the second input of the generator is none for classes or for conditions.
    """
    check_network("generator", generator)
    if condition_dim is not None:
        check_positive_integer("condition_dim", condition_dim)
    shapes = [tuple(tensor.shape[1:]) for tensor in generator.inputs[1:2]]
    taken = shapes[0][0] if shapes and len(shapes[0]) == 1 else None
    if num_classes is not None:
        if condition_dim is not None or (taken or 1) > 1:
            raise ValueError(
                "A GAN has classes, and its generator takes one label for each example; or it has "
                "`condition_dim`, the length of vectors of conditions. Received: num_classes="
                f"{num_classes}, condition_dim={condition_dim}, with a generator whose second "
                f"input has the shape {shapes[0] if shapes else None}"
            )
        return None
    if condition_dim not in (None, taken):
        raise ValueError(
            "The second input of the generator must take conditions of shape (batch, "
            f"{condition_dim}). Received: condition_dim={condition_dim} with a generator whose "
            f"second input has the shape {shapes[0] if shapes else None}"
        )
    if taken is not None and reference_size_of(generator) is not None:
        raise ValueError(
            "Virtual batch normalization has a reference batch, for which there are no conditions: "
            "use another normalization. Received: a generator that takes conditions"
        )
    return taken


def check_generator(generator, latent_dim, is_conditional):
    """Returns the size of the latents and the shape of an example."""
    expected = 2 if is_conditional else 1
    if len(generator.inputs) != expected:
        raise ValueError(
            f"`generator` must have {expected} input(s): latents, and in a conditional GAN labels "
            "of its `num_classes`, or vectors of conditions of length `condition_dim`. "
            f"Received: a generator with {len(generator.inputs)}"
        )
    expected_latent = tuple(generator.inputs[0].shape[1:])
    if len(expected_latent) != 1:
        if tuple(generator.output_shape[1:]) == (1,):
            raise ValueError(_SWAPPED + _networks_received(generator))
        size = math.prod(side or 1 for side in expected_latent)
        raise ValueError(
            "The generator must take latents of shape (batch, latent_dim). Put a reshape in front: "
            f"`keras.Sequential([keras.Input(({size},)), keras.layers.Reshape({expected_latent}), "
            f"generator])`. Received: a generator of latents of shape {expected_latent}"
        )
    if latent_dim is None:
        latent_dim = expected_latent[0]
    latent_dim = check_positive_integer("latent_dim", latent_dim)
    if expected_latent != (latent_dim,):
        raise ValueError(
            f"The generator takes latents of shape {expected_latent}. "
            f"Received: latent_dim={latent_dim}"
        )
    return latent_dim, tuple(generator.output_shape[1:])


def check_drawn_latents(generator, latent):
    """Raises unless the layers of a generator that draw latents draw the ones of the GAN."""
    for layer in generator._flatten_layers():
        drawn = getattr(layer, "drawn_latents", None)
        if drawn not in (None, latent):
            raise ValueError(
                "The latents of style mixing must have the distribution of the GAN's latents: "
                f"build the generator with latent={latent!r}, or without style mixing. "
                f"Received: latent={latent!r} with the layer {layer.name!r} of latent={drawn!r}"
            )


def check_discriminator(discriminator, example_shape, num_classes, packing, condition_dim=None):
    """Raises unless a discriminator fits the examples that the generator makes."""
    check_network("discriminator", discriminator)
    check_discriminator_input(discriminator, example_shape, packing)
    if packing > 1 and (num_classes, condition_dim) != (None, None):
        raise ValueError(
            "Packed examples have no class in common: pack without classes. "
            f"Received: packing={packing} with num_classes={num_classes}, "
            f"condition_dim={condition_dim}"
        )
    logits, *others = [tuple(output.shape[1:]) for output in discriminator.outputs]
    if logits[-1:] != (1,):
        raise ValueError(
            "The discriminator must give one logit for each row, in the shape (batch, 1), or for "
            "each patch of a row, in the shape (batch, ..., 1). "
            f"Received: a discriminator of output shape {discriminator.output_shape}"
        )
    inputs = len(discriminator.inputs)
    if condition_dim is not None:
        if (inputs, others) == (2, []) and discriminator.inputs[1].shape[1:] == (condition_dim,):
            return
        expected = f"[examples, conditions] in, these of shape (batch, {condition_dim}), logits out"
    elif num_classes is None:
        if inputs == 1 and not others:
            return
        expected = "examples in and logits out"
    else:
        if (inputs, others) in ((2, []), (1, [(num_classes,)])):
            return
        expected = (
            "[examples, labels] in and logits out (a projection), or examples in and [logits, "
            f"class_logits] out, these of shape (batch, {num_classes}) (an auxiliary classifier)"
        )
    raise ValueError(
        f"Expected with num_classes={num_classes}, condition_dim={condition_dim}: a discriminator "
        f"with {expected}. Received: one of the input shapes {discriminator.input_shape} and the "
        f"output shapes {discriminator.output_shape}"
    )


def check_discriminator_input(discriminator, example_shape, packing=1):
    """Raises unless a discriminator takes what the generator makes."""
    *sides, channels = example_shape
    expected = (*sides, channels * packing)
    taken = tuple(discriminator.inputs[0].shape[1:])
    if taken != expected and tuple(example_shape) == (1,):
        raise ValueError(_SWAPPED + _networks_received(discriminator, "discriminator"))
    if taken != expected:
        raise ValueError(
            "The discriminator must take what the generator makes, with packing="
            f"{packing} in one row: examples of shape {expected}. Received: a generator of shape "
            f"{example_shape} and a discriminator of shape {taken}"
        )
    if reference_size_of(discriminator) is not None:
        raise ValueError(
            "Virtual batch normalization is for the generator: the training step adds a reference "
            "batch to its latents, and not to the discriminator's examples. Use another "
            f"normalization. Received: discriminator={discriminator!r}"
        )


def check_network(name, network):
    """Raises unless a network is a functional model whose layers add no losses."""
    if not is_network(network):
        inputs = "shape_of_latents" if name == "generator" else "shape_of_examples"
        cure = ""
        if isinstance(network, keras.layers.Layer):
            cure = (
                f": `inputs = keras.Input({inputs})` and `keras.Model(inputs, {name}(inputs))` "
                "make one of any model or layer"
            )
        raise ValueError(
            f"`{name}` must be a functional `keras.Model`, or a `keras.Sequential` that knows "
            f"its input's shape{cure}. Received: {name} of type {type(network).__name__}"
        )
    if network.losses:
        raise ValueError(
            f"The layers of `{name}` must not add losses, for a player minimizes the "
            "adversarial loss and `regularizers`; for weight decay use the optimizer's "
            f"`weight_decay`. Received: a {name} with {len(network.losses)} losses"
        )


def check_classifier_loss(classifier_loss, discriminator):
    """Returns the loss of the class logits, or `None` for a discriminator without them."""
    if len(discriminator.outputs) == 2:
        return losses.AuxiliaryClassifier() if classifier_loss is None else classifier_loss
    if classifier_loss is not None:
        raise ValueError(
            "A `classifier_loss` needs a discriminator that gives class logits as its second "
            f"output. Received: classifier_loss={describe(classifier_loss)} with a discriminator "
            f"of output shape {discriminator.output_shape}"
        )
    return None


def check_augment(augment, example_shape):
    """Returns the augmentation, or `None`, if it is for examples of this shape."""
    if augment is not None:
        augment.check_example_shape(example_shape)
    return augment


def check_log_names(names):
    """Raises unless all values that a step logs have different names."""
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ValueError(
            "Each value that training logs must have a name of its own: change the `name` of a "
            f"regularizer. Received: {', '.join(map(repr, twice))} twice among {names}"
        )


def check_regularizers(regularizers, example_shape, packing):
    """Returns the list of regularizers, if all can be computed and have different names.

    Args:
        regularizers: List of regularizers or their names.
        example_shape: Shape of an example.
        packing: Number of images in a row of the discriminator.
    """
    if not isinstance(regularizers, (list, tuple)):
        raise ValueError(
            "`regularizers` must be a list of `ganzoo.regularizers`. Received: "
            f"regularizers={describe(regularizers)}"
        )
    regularizers = [regularizers_module.get(regularizer) for regularizer in regularizers]
    names = [regularizer.name for regularizer in regularizers]
    is_text = all(isinstance(name, str) and name for name in names)
    if not is_text or len(set(names)) < len(names):
        raise ValueError(
            "Each of the `regularizers` must have a name, and no two may have the same name. "
            f"Received: {names}"
        )
    for part in regularizers:
        if packing > 1 and part.transforms_images:
            raise ValueError(
                f"`{type(part).__name__}` transforms single images, and the discriminator sees "
                "packs of images: leave one of the two out, or use `augment`. "
                f"Received: {part.name!r} with packing={packing}"
            )
        part.check_example_shape(example_shape)
    return regularizers


def check_batch_ratio(loss, generator_batch_ratio):
    """Raises where a loss compares fakes with reals and the numbers of both differ."""
    if loss.generator_needs_real and generator_batch_ratio != 1:
        raise ValueError(
            "A relativistic loss needs as many fakes as reals in the generator's update. "
            "Expected: generator_batch_ratio=1. Received: "
            f"generator_batch_ratio={generator_batch_ratio}"
        )


def check_no_arguments(method, arguments):
    """Raises `TypeError` if there are arguments that a method does not take."""
    if arguments:
        raise TypeError(f"`{method}` has no such arguments. Received: {sorted(arguments)}")


def check_executions_of_replicas(replicas, steps_per_execution):
    """Raises for ready batches of which Keras cannot train several per call on replicas."""
    if replicas > 1 and steps_per_execution > 1:
        raise ValueError(
            "With ready batches, several replicas train one step per call: give an array or a "
            "`ganzoo.data.Dataset`, or compile with steps_per_execution=1. "
            f"Received: steps_per_execution={steps_per_execution} with {replicas} replicas"
        )


def check_xla_of_replicas(replicas, jit_compile):
    """Raises for several replicas of TensorFlow with XLA, which Keras cannot run."""
    if replicas > 1 and jit_compile is True:
        raise ValueError(
            "TensorFlow trains several replicas without XLA; JAX has it. Expected: jit_compile "
            f"of 'auto' or False. Received: jit_compile=True with {replicas} replicas"
        )


def check_one_replica(replicas):
    """Raises `ValueError` if a batch would go to several replicas as it is."""
    if replicas > 1:
        raise ValueError(
            "`fit` divides a batch among the replicas, and `train_on_batch` does not: use `fit`. "
            f"Received: a call of `train_on_batch` with {replicas} replicas or processes"
        )


def check_no_weights(sample_weight, class_weight):
    """Raises `TypeError` for weights of examples, which no loss of a GAN takes."""
    if sample_weight is not None or class_weight is not None:
        raise TypeError(
            "A GAN trains on all examples alike: leave the weights out. Received: "
            f"sample_weight={describe(sample_weight)}, class_weight={describe(class_weight)}"
        )


def trainable_ids(gan):
    """Returns what identifies the trainable variables of both networks."""
    networks = gan.generator, gan.discriminator
    return tuple(id(variable) for network in networks for variable in network.trainable_variables)


def check_trainable(gan, compiled=None):
    """Raises `ValueError` unless both networks can train, as they could when they were compiled.

    Args:
        gan: The GAN.
        compiled: The `trainable_ids` of `compile`, or `None` if it is not done.
    """
    for name in PLAYERS:
        network = getattr(gan, name)
        if not network.trainable_variables:
            raise ValueError(
                f"The {name} has no weights to train. Each step trains both networks, and freezes "
                f"neither: set `{name}.trainable = True` before `compile`. Received: a {name} of "
                f"{len(network.weights)} weights, all frozen"
            )
    if compiled is not None and trainable_ids(gan) != compiled:
        raise ValueError(
            "Layers were frozen or unfrozen after `compile`, which takes effect only in `compile`: "
            "call it again. Received: other trainable weights than in `compile`"
        )


def computes_in_float16(layer):
    """Returns whether a layer, or a layer within it, computes in float16."""
    inner = [*getattr(layer, "layers", ()), *filter(None, [getattr(layer, "layer", None)])]
    return layer.compute_dtype == "float16" or any(map(computes_in_float16, inner))
