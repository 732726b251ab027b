"""What comes into a GAN, checked before the first step."""

import keras
import numpy as np
from keras import ops

from ganzoo import devices, losses
from ganzoo import regularizers as regularizers_module
from ganzoo.data import Batches, Dataset
from ganzoo.layers import reference_size_of
from ganzoo.training import backend, shares
from ganzoo.validation import check_positive_integer


def check_generator(generator, latent_dim, num_classes):
    """Returns the size of the latents and the shape of an example."""
    check_network("generator", generator)
    expected = 1 if num_classes is None else 2
    if len(generator.inputs) != expected:
        raise ValueError(
            f"`generator` must have {expected} input(s) where num_classes={num_classes}: a "
            "conditional one takes labels as its second input. Received: a generator with "
            f"{len(generator.inputs)}"
        )
    expected_latent = tuple(generator.inputs[0].shape[1:])
    if latent_dim is None and len(expected_latent) == 1:
        latent_dim = expected_latent[0]
    latent_dim = check_positive_integer("latent_dim", latent_dim)
    if expected_latent != (latent_dim,):
        raise ValueError(
            f"The generator takes latents of shape {expected_latent}. "
            f"Received: latent_dim={latent_dim}"
        )
    return latent_dim, tuple(generator.output_shape[1:])


def check_discriminator(discriminator, example_shape, num_classes, packing):
    """Raises unless a discriminator fits the examples that the generator makes."""
    check_network("discriminator", discriminator)
    check_discriminator_input(discriminator, example_shape, packing)
    if packing > 1 and num_classes is not None:
        raise ValueError(
            "Packed examples have no class in common: pack without classes. "
            f"Received: packing={packing} with num_classes={num_classes}"
        )
    logits, *others = [tuple(output.shape[1:]) for output in discriminator.outputs]
    if logits != (1,):
        raise ValueError(
            "The discriminator must give one logit for each row, in the shape (batch, 1). "
            f"Received: a discriminator of output shape {discriminator.output_shape}"
        )
    inputs = len(discriminator.inputs)
    if num_classes is None:
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
        f"Expected with num_classes={num_classes}: a discriminator with {expected}. Received: one "
        f"of {inputs} input(s) and the output shapes {discriminator.output_shape}"
    )


def check_discriminator_input(discriminator, example_shape, packing=1):
    """Raises unless a discriminator takes what the generator makes."""
    *sides, channels = example_shape
    expected = (*sides, channels * packing)
    taken = tuple(discriminator.inputs[0].shape[1:])
    if taken != expected:
        raise ValueError(
            "The discriminator must take what the generator makes, with packing="
            f"{packing} in one row: examples of shape {expected}. Received: a generator of shape "
            f"{example_shape} and a discriminator of shape {taken}"
        )
    if reference_size_of(discriminator) is not None:
        raise ValueError(
            "Virtual batch normalization is for the generator, whose reference batch the training "
            "puts in front of the latents; the discriminator gets none. Take another "
            f"normalization. Received: discriminator={discriminator!r}"
        )


def check_network(name, network):
    """Raises unless a network is a functional model whose layers add no losses."""
    if not isinstance(network, keras.Model) or not getattr(network, "inputs", None):
        raise ValueError(
            f"`{name}` must be a functional `keras.Model`, or a `keras.Sequential` that knows "
            f"its input's shape. Received: {name}={network!r}"
        )
    if network.losses:
        raise ValueError(
            f"The layers of `{name}` must not add losses, for a player minimises the "
            "adversarial loss and `regularizers`; for weight decay use the optimizer's "
            f"`weight_decay`. Received: a {name} with {len(network.losses)} losses"
        )


def check_classifier_loss(classifier_loss, discriminator):
    """Returns the loss of the class logits of a discriminator, or `None` where it has none."""
    if len(discriminator.outputs) == 2:
        return losses.AuxiliaryClassifier() if classifier_loss is None else classifier_loss
    if classifier_loss is not None:
        raise ValueError(
            "A `classifier_loss` needs a discriminator that gives class logits as its second "
            f"output. Received: classifier_loss={classifier_loss!r} with a discriminator of "
            f"output shape {discriminator.output_shape}"
        )
    return None


def check_augment(augment, example_shape):
    """Returns the augmentation, or `None`, if there are images for it."""
    if augment is not None and len(example_shape) != 3:
        raise ValueError(
            "Augmentation is for images, of shape (height, width, channels). "
            f"Received: augment={augment!r} with examples of shape {example_shape}"
        )
    return augment


def check_regularizers(regularizers):
    """Returns the list of regularizers, if each is one and no two share a name."""
    if not isinstance(regularizers, (list, tuple)):
        raise ValueError(
            "`regularizers` must be a list of `ganzoo.regularizers`. Received: "
            f"regularizers={regularizers!r}"
        )
    regularizers = [regularizers_module.get(regularizer) for regularizer in regularizers]
    names = [regularizer.name for regularizer in regularizers]
    if len(set(names)) != len(names):
        raise ValueError(f"No two `regularizers` may have one name. Received: {names}")
    return regularizers


def check_penalties(penalties, packing):
    """Raises where a penalty transforms images that it would get packed."""
    for part in penalties:
        if packing > 1 and isinstance(part, regularizers_module.Consistency):
            raise ValueError(
                "Consistency regularization transforms single images, and the discriminator sees "
                "packs of them: leave one of the two out, or use `augment`. "
                f"Received: {part.name!r} with packing={packing}"
            )


def check_replicas(replicas, steps_per_execution, jit_compile):
    """Raises where several replicas meet what Keras cannot run on TensorFlow's."""
    if replicas > 1 and steps_per_execution > 1:
        raise ValueError(
            "Several replicas train one step per call. Expected: steps_per_execution=1. "
            f"Received: steps_per_execution={steps_per_execution} with {replicas} replicas"
        )
    if replicas > 1 and jit_compile is True:
        raise ValueError(
            "TensorFlow trains several replicas without XLA; JAX has it. Expected: jit_compile "
            f"of 'auto' or False. Received: jit_compile=True with {replicas} replicas"
        )


def computes_in_float16(layer):
    """Whether a layer, or one within it, computes in float16."""
    inner = [*getattr(layer, "layers", ()), *filter(None, [getattr(layer, "layer", None)])]
    return layer.compute_dtype == "float16" or any(map(computes_in_float16, inner))


def as_batches(gan, x, y, batch_size):
    """Returns what `keras.Model.fit` takes: batches whose first was seen to be right."""
    if isinstance(x, Dataset):
        if y is not None:
            raise ValueError("A `Dataset` brings its own labels. Received: a Dataset and `y`.")
        size = check_positive_integer("batch_size", batch_size) * gan.discriminator_steps
        if size > len(x):
            raise ValueError(
                "A step takes `batch_size` examples for each of its discriminator_steps="
                f"{gan.discriminator_steps} updates, {size} in all. Lower one of the two, or give "
                f"more data. Received: batch_size={batch_size} for {x!r}"
            )
        x = x.batches(size, seed=gan.seed)
    elif hasattr(x, "shape"):
        labels = () if y is None else (np.asarray(y), gan.num_classes)
        return as_batches(gan, Dataset(np.asarray(x), *labels), None, batch_size)
    elif y is not None:
        raise ValueError("Batches bring their own labels. Received: batches and `y`.")
    if isinstance(x, Batches):
        _check_classes(gan, x.dataset)
        _check_shapes(gan, *_parts_of(x.batch(0)))
        return shares.own_batches(x.follow(lambda: gan.step))
    if devices.process_count() > 1:
        raise ValueError(
            "Several processes train on arrays, a `ganzoo.data.Dataset` or its batches, of which "
            f"each process takes its own rows. Received: x of type {type(x).__name__} with "
            f"{devices.process_count()} processes"
        )
    if isinstance(x, keras.utils.PyDataset):
        _check_py_dataset(gan, x)
    elif hasattr(x, "element_spec"):
        _check_tf_dataset(gan, x)
    else:
        raise ValueError(
            "`x` must be a `ganzoo.data.Dataset`, an array, a `ganzoo.data.Batches`, a "
            f"`keras.utils.PyDataset` or a `tf.data.Dataset`. Received: x={x!r}"
        )
    return x


def check_equal_shares(gan, count):
    """Raises unless the examples of an update fill packs, and as many on each device."""
    if count % gan.packing:
        raise ValueError(
            f"The discriminator sees {gan.packing} examples in a row, so their number in an update "
            f"must be a multiple of that. Received: {count} examples with packing={gan.packing}"
        )
    replicas = backend.share_count(gan)
    if count // gan.packing % replicas:
        raise ValueError(
            "Each replica, one on each device, takes an equal share of the examples of an update: "
            "change the batch size, or the number of devices. Received: "
            f"{count} examples in an update, with {replicas} replicas and packing={gan.packing}"
        )


def first_examples(batches, count=500):
    """Returns up to `count` examples to initialise layers from, and their labels or `None`."""
    if isinstance(batches, Batches):
        # From all of the data, which may be in the order of their classes.
        every = max(1, len(batches.dataset) // count)
        first = [
            None if part is None else part[::every]
            for part in (batches.dataset.examples, batches.dataset.labels)
        ]
    elif isinstance(batches, keras.utils.PyDataset):
        first = _parts_of(batches[0])
    else:
        first = _parts_of(next(iter(batches)))
    return [None if part is None else np.asarray(part[:count]) for part in first]


def size_of(batches):
    """Returns the number of examples in each batch."""
    if isinstance(batches, Batches):
        return batches.batch_size
    if hasattr(batches, "element_spec"):
        return _parts_of(batches.element_spec)[0].shape[0]
    return len(_parts_of(batches[0])[0])


def with_known_size(batch, size, replicas):
    """Returns a replica's batch with its size in the static shapes, which Keras leaves open.

    So layers that compare examples can check it, and need not prepare for any other.

    Args:
        batch: Tensors of examples and labels.
        size: Number of examples on all replicas, or `None` where it is not known.
        replicas: Number of replicas.
    """

    def known(rows):
        if size is None or rows.shape[0] is not None:
            return rows
        return ops.reshape(rows, (size // replicas, *rows.shape[1:]))

    return keras.tree.map_structure(known, batch)


def split_batch(batch, num_classes, parts):
    """Splits a batch into the examples and labels of each discriminator update, ready to use.

    Part k has the rows k, k + parts, k + 2 parts, ...: so the parts of a batch that is spread over
    replicas are together those of the whole batch.

    Returns:
        Two lists of `parts` tensors: float examples, images in [-1, 1]; and int32 labels, or
        `None` for each part without classes.
    """
    examples, labels = _parts_of(batch)
    examples = [to_unit_range(part) for part in _every_nth(examples, parts)]
    if num_classes is None:
        return examples, [None] * parts
    return examples, [ops.cast(part, "int32") for part in _every_nth(labels, parts)]


def _every_nth(rows, parts):
    if parts == 1:
        return [rows]
    rows = ops.reshape(rows, (-1, parts, *rows.shape[1:]))
    return [rows[:, k] for k in range(parts)]


def to_unit_range(examples):
    """Returns float examples: uint8 images in [-1, 1], and all others as they are."""
    if keras.backend.standardize_dtype(examples.dtype) == "uint8":
        return ops.cast(examples, keras.config.floatx()) / 127.5 - 1.0
    return ops.cast(examples, keras.config.floatx())


def _parts_of(batch):
    """Returns the examples and the labels, or `None`, of a batch or of the specification of one."""
    parts = tuple(batch) if isinstance(batch, (tuple, list)) else (batch,)
    while parts[1:] and parts[-1] is None:
        parts = parts[:-1]
    if len(parts) not in (1, 2) or not all(hasattr(part, "shape") for part in parts):
        kinds = ", ".join(type(part).__name__ for part in parts)
        raise ValueError(
            "A batch must be `examples`, `(examples,)` or `(examples, labels)`, all arrays; there "
            f"are no sample weights. Received: a batch of ({kinds})"
        )
    return parts if len(parts) == 2 else (*parts, None)


def _check_batch(gan, batch):
    """Checks a batch of NumPy arrays that no `Dataset` has checked; returns its size."""
    examples, labels = _parts_of(batch)
    Dataset(examples, labels, None if labels is None else gan.num_classes)
    return _check_shapes(gan, examples, labels)


def _check_classes(gan, dataset):
    if None not in (gan.num_classes, dataset.num_classes) and dataset.num_classes > gan.num_classes:
        raise ValueError(
            "The data must not have more classes than the GAN. Received: a GAN of num_classes="
            f"{gan.num_classes} and {dataset!r}"
        )


def _check_shapes(gan, examples, labels):
    """Checks that a batch fits the networks and the updates of a step; returns its size."""
    if gan.num_classes is not None and labels is None:
        raise ValueError(
            f"A GAN with num_classes={gan.num_classes} trains on (examples, labels). "
            "Received: examples without labels"
        )
    if tuple(examples.shape[1:]) != gan.example_shape:
        raise ValueError(
            f"The networks are made for examples of shape {gan.example_shape}. "
            f"Received: examples of shape {tuple(examples.shape[1:])}"
        )
    if len(examples) % gan.discriminator_steps:
        raise ValueError(
            "A batch is split among the discriminator's updates of a step, so its size must be a "
            f"multiple of discriminator_steps={gan.discriminator_steps}. "
            f"Received: a batch of {len(examples)}"
        )
    check_equal_shares(gan, len(examples) // gan.discriminator_steps)
    return len(examples)


def _check_py_dataset(gan, dataset):
    count = dataset.num_batches  # `None` where there is no end.
    if count == 0:
        raise ValueError("The data must hold at least one batch. Received: no batches")
    first = _check_batch(gan, dataset[0])
    if count is not None:
        _check_equal_sizes(first, len(_parts_of(dataset[count - 1])[0]))


def _check_tf_dataset(gan, dataset):
    spec = dataset.element_spec
    examples, _ = _parts_of(spec)
    if examples.shape.rank is None or examples.shape[0] is None:
        raise ValueError(
            "All batches of a `tf.data.Dataset` must have one size that is known before training: "
            f"use `.batch(size, drop_remainder=True)`. Received: element_spec={spec!r}"
        )
    for batch in dataset.take(1).as_numpy_iterator():
        _check_batch(gan, batch)
        return
    raise ValueError("The data must hold at least one batch. Received: an empty tf.data.Dataset")


def _check_equal_sizes(first, last):
    if first != last:
        raise ValueError(
            "All batches must have one size: drop the remainder. Received: a first batch of "
            f"{first} and a last one of {last}"
        )
