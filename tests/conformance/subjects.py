"""A part as a function of arrays, whose values, gradients and state can be compared."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from conformance import parts
from conformance.parts import IMAGE_SHAPE, LATENT_DIM, NUM_CLASSES
from ganzoo import backend, regularizers
from ganzoo.random import Draws
from ganzoo.training import generator_penalties
from ganzoo.training.generator_penalties import PenalizedGenerator
from support.discriminators import outputs_of, stateless

ROWS = 4


@dataclasses.dataclass
class Subject:
    """What a comparison needs of a part.

    Attributes:
        call: Function of the inputs and `training`; returns a dictionary of tensors.
        inputs: Variables that hold the inputs.
        layers: The Keras layers whose variables the call reads or updates.
        differentiable: Whether gradients are taken.
    """

    call: Callable[..., Any]
    inputs: list
    layers: list = dataclasses.field(default_factory=list)
    differentiable: bool = True

    def __post_init__(self):
        self.state = [v for layer in self.layers for v in layer.variables]

    def serve(self, *inputs):
        """Returns what is exported: the outputs in inference."""
        return self.call(*inputs, training=False)

    def results(self):
        """Returns the outputs, the gradients, the state after the call, and the inference."""
        variables = [*self.inputs, *self.state]
        differentiated = [v for v in variables if v.trainable and self.differentiable]

        def objective():
            outputs = self.call(*[v.value for v in self.inputs], training=True)
            return _cost(outputs), outputs

        _, outputs, gradients = backend.value_and_grad(objective, differentiated, variables)
        state = {f"state/{i} {v.name}": ops.convert_to_tensor(v) for i, v in enumerate(self.state)}
        inference = self.call(*[v.value for v in self.inputs], training=False)
        return {
            **{f"training/{name}": value for name, value in outputs.items()},
            **{
                f"gradient/{i} {v.name}": ops.zeros_like(v) if gradient is None else gradient
                for i, (v, gradient) in enumerate(zip(differentiated, gradients, strict=True))
            },
            **state,
            **{f"inference/{name}": value for name, value in inference.items()},
        }


def subject(part):
    """Puts a part to work, with the same weights and inputs on every backend."""
    return _SUBJECTS[part.kind](part)


def numbers(results):
    """Returns results as NumPy arrays, which have no bfloat16."""
    return {name: ops.convert_to_numpy(_widened(value)) for name, value in results.items()}


def _widened(value):
    dtype = keras.backend.standardize_dtype(value.dtype)
    return ops.cast(value, "float32") if dtype == "bfloat16" else value


def _cost(outputs):
    """A scalar in which every output has a weight of its own, and each example the same one."""
    cost = ops.zeros(())
    for weight, value in enumerate(outputs.values(), start=1):
        value = ops.cast(value, "float32")
        if len(value.shape):
            value = ops.sum(ops.sin(value)) / ops.cast(ops.shape(value)[0], "float32")
        cost = cost + weight * value
    return cost


def _inputs(shapes, seed=0, dtype="float32"):
    return [
        keras.Variable(values, dtype=dtype if shape else "int32", trainable=bool(shape), name="x")
        for shape, values in zip(shapes, parts.arrays(shapes, ROWS, seed), strict=True)
    ]


def _half_inputs(shapes):
    """Inputs in the dtype that the policy computes in."""
    return _inputs(shapes, dtype=keras.config.dtype_policy().compute_dtype)


def _layer(part):
    network = layer_network(part)

    def call(*inputs, training):
        inputs = list(inputs) if len(inputs) > 1 else inputs[0]
        return {"outputs": network(inputs, training=training)}

    return Subject(call, _inputs(part.inputs), [network])


def layer_network(part):
    """Returns a network of one layer."""
    inputs = [keras.Input(shape, dtype=None if shape else "int32") for shape in part.inputs]
    inputs = inputs if len(inputs) > 1 else inputs[0]
    outputs = part.make()(inputs)
    network = keras.Model(inputs, outputs[0] if isinstance(outputs, (list, tuple)) else outputs)
    parts.fill(network, 1)
    return network


def _architecture(part):
    networks = part.make()
    for seed, network in enumerate(networks, start=1):
        parts.fill(network, seed)
    generator, discriminator = networks
    shapes = [generator.input_shape, discriminator.input_shape]
    shapes = [shape[0] if isinstance(shape, list) else shape for shape in shapes]
    shapes = [tuple(shape[1:]) for shape in shapes]
    if len(generator.inputs) == 2:
        shapes.append(tuple(generator.inputs[1].shape[1:]))

    def call(latents, examples, *labels, training):
        # Noise of the backend's own is nothing to compare.
        training = training and not part.noisy
        logits = discriminator(
            [examples, *labels] if len(discriminator.inputs) == 2 else examples, training=training
        )
        logits = logits if isinstance(logits, (list, tuple)) else [logits]
        inputs = [latents, *labels] if labels else latents
        return {
            "examples": generator(inputs, training=training),
            **{f"logits_{i}": values for i, values in enumerate(logits)},
        }

    # The layers' gradients are compared one by one; other tests compare those of a step.
    return Subject(call, _inputs(shapes), list(networks), differentiable=False)


def _loss(part):
    loss = part.make()

    def call(real, fake, training):
        return {
            "discriminator": loss.discriminator(real, fake),
            "generator": loss.generator(fake, real),
        }

    return Subject(call, _half_inputs([(1,), (1,)]))


def _generator_loss(part):
    loss = part.make()
    return Subject(
        lambda real, fake, training: {"generator": loss(real, fake)}, _half_inputs([(5,), (5,)])
    )


def _classifier_loss(part):
    loss = part.make()

    def call(real, fake, labels, training):
        return {
            "discriminator": loss.discriminator(real, labels, fake, labels),
            "generator": loss.generator(fake, labels),
        }

    return Subject(call, _half_inputs([(NUM_CLASSES,), (NUM_CLASSES,), ()]))


def _semi_supervised_loss(part):
    loss = part.make()

    def call(labeled, unlabeled, fake, labels, training):
        return {
            "discriminator": loss.discriminator(labeled, labels, unlabeled, fake),
            "generator": loss.generator(loss.real_logits(fake)),
            "real_logits": loss.real_logits(unlabeled),
        }

    return Subject(call, _half_inputs([(NUM_CLASSES,)] * 3 + [()]))


def _regularizer(part):
    regularizer = part.make()
    network = small_discriminator()
    if isinstance(regularizer, regularizers.Penalty):
        state = regularizer.state()
        states = [] if state is None else [state]

        def call(real, fake, training):
            if not training:
                return {"logits": network(real)}
            discriminator = stateless(network)
            passes = (outputs_of(discriminator, examples) for examples in (real, fake))
            return {"penalty": regularizer.penalty(discriminator, *passes, Draws(0, 0), *states)}

        return Subject(call, _inputs([IMAGE_SHAPE] * 2), [network, *states])
    if isinstance(regularizer, regularizers.Constraint):

        def call(images, training):
            if training:
                regularizer.constrain(network.trainable_variables)
            return {"logits": network(images)}

        return Subject(call, _inputs([IMAGE_SHAPE]), [network], differentiable=False)

    if isinstance(regularizer, regularizers.GeneratorPenalty):
        return _generator_penalty(regularizer)

    variables = network.trainable_variables
    state = regularizer.state(variables)
    regularizer.update_state(variables, state)
    parts.fill(network, 3)

    def call(images, training):
        if not training:
            return {"logits": network(images)}
        regularizer.update_state(variables, state)
        return {"penalty": regularizer.penalty(variables, state)}

    layers = [network] if state is None else [network, state]
    return Subject(call, _inputs([IMAGE_SHAPE]), layers)


def _generator_penalty(regularizer):
    latents = keras.Input((LATENT_DIM,))
    x = keras.layers.Dense(math.prod(IMAGE_SHAPE), activation="tanh")(latents)
    network = keras.Model(latents, keras.layers.Reshape(IMAGE_SHAPE)(x))
    parts.fill(network, 1)
    state = regularizer.state()

    def call(latents, training):
        if not training:
            return {"examples": ops.cast(network(latents), "float32")}
        functions = generator_penalties.split(network)
        generator = PenalizedGenerator(ROWS, lambda rows, draws: latents[:rows], *functions)
        return {"penalty": regularizer.penalty(generator, Draws(0, 0), state)}

    return Subject(call, _inputs([(LATENT_DIM,)]), [network, state])


def _augmentation(part):
    augmentation = part.make()
    state = augmentation.state()

    def call(images, training):
        augmented = augmentation(images, Draws(0, 0), state)
        if training:
            augmentation.update_state(ops.mean(images, axis=(1, 2, 3))[:, None], state)
        return {"images": augmented}

    return Subject(call, _inputs([IMAGE_SHAPE]), [] if state is None else [state])


def small_discriminator(outputs="logits"):
    """Returns a discriminator of images; with `"classes"` a classifier, with `"both"` both."""
    images = keras.Input(IMAGE_SHAPE)
    x = keras.layers.Conv2D(3, 3, strides=2, activation="softplus", name="first")(images)
    x = keras.layers.Flatten()(x)
    features = keras.layers.Dense(5, activation="tanh", name="features")(x)
    logits = keras.layers.Dense(1, dtype="float32", name="logits")(features)
    classes = keras.layers.Dense(NUM_CLASSES, dtype="float32", name="classes")(features)
    heads = {"logits": logits, "classes": classes, "both": [logits, classes]}
    network = keras.Model(images, heads[outputs], name="discriminator")
    parts.fill(network, 2)
    return network


_SUBJECTS = {
    "layer": _layer,
    "architecture": _architecture,
    "semi-supervised architecture": _architecture,
    "loss": _loss,
    "generator loss": _generator_loss,
    "classifier loss": _classifier_loss,
    "semi-supervised loss": _semi_supervised_loss,
    "regularizer": _regularizer,
    "augmentation": _augmentation,
}
