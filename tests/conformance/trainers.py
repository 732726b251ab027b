"""A part at work in a small model that trains."""

import keras
import numpy as np
from conformance import parts
from conformance.parts import IMAGE_SHAPE, LATENT_DIM, NUM_CLASSES
from conformance.subjects import layer_network, small_discriminator

import ganzoo

BATCH = 8


def trainer(part, run_eagerly=True):
    """Returns a compiled model that trains with the part.

    A layer is trained by Keras itself, everything else by a GAN. Without graphs a step costs a
    tenth of a second; the graph of the step has tests of its own.
    """
    settings = {"run_eagerly": run_eagerly, "jit_compile": False}
    if part.kind == "layer":
        network = layer_network(part)
        network.compile(optimizer=_optimizer(), loss="mse", **settings)
        return network
    settings |= {"g_optimizer": _optimizer(), "d_optimizer": _optimizer()}
    made = part.make()
    if part.kind in ("architecture", "semi-supervised architecture"):
        return _architecture(part, made, settings)
    setting, value = {
        "loss": ("loss", made),
        "semi-supervised loss": ("loss", made),
        "generator loss": ("generator_loss", made),
        "classifier loss": ("classifier_loss", made),
        "regularizer": ("regularizers", [made]),
        "augmentation": ("augment", made),
    }[part.kind]
    conditional = part.kind == "classifier loss"
    generator = _small_generator(conditional)
    if part.kind == "semi-supervised loss":
        model = ganzoo.SemiSupervisedGAN(generator, small_discriminator("classes"))
    else:
        discriminator = small_discriminator("both" if conditional else "logits")
        num_classes = NUM_CLASSES if conditional else None
        model = ganzoo.GAN(generator, discriminator, num_classes=num_classes)
    model.compile(**{setting: value}, **settings)
    return model


def train(model):
    """Trains a model for one more step on the same data; returns the logs."""
    if isinstance(model, ganzoo.SemiSupervisedGAN):
        (examples,) = parts.arrays([model.example_shape], BATCH)
        labels = np.arange(BATCH, dtype="int32") % NUM_CLASSES
        data = ganzoo.data.Dataset(np.tanh(examples), labels, num_classes=NUM_CLASSES)
        return model.fit(data, labels_per_class=2, batch_size=BATCH, verbose=0).history
    if isinstance(model, ganzoo.GAN):
        examples, labels = parts.arrays([model.example_shape, ()], BATCH)
        return model.fit(np.tanh(examples), labels, batch_size=BATCH, verbose=0).history
    inputs = model_inputs(model, BATCH)
    (target,) = parts.arrays([tuple(model.output_shape[1:])], BATCH, seed=1)
    inputs = inputs[0] if len(inputs) == 1 else inputs
    return model.fit(inputs, target, batch_size=BATCH, shuffle=False, verbose=0).history


def answers(model):
    """Returns what a model gives in inference."""
    if isinstance(model, ganzoo.GAN):
        return model.sample(3)
    inputs = model_inputs(model, 4)
    outputs = model(inputs[0] if len(inputs) == 1 else inputs, training=False)
    return np.array(keras.ops.convert_to_numpy(outputs))


def model_inputs(network, rows):
    """Returns random inputs of a network."""
    return parts.arrays([tuple(tensor.shape[1:]) for tensor in network.inputs], rows)


def _optimizer():
    return keras.optimizers.SGD(0.05, momentum=0.5)


def _architecture(part, networks, settings):
    for seed, network in enumerate(networks, start=1):
        parts.fill(network, seed)
    if part.kind == "semi-supervised architecture":
        model = ganzoo.SemiSupervisedGAN(*networks)
        model.compile(**settings)
        return model
    generator, discriminator = networks
    num_classes = NUM_CLASSES if len(generator.inputs) == 2 else None
    model = ganzoo.GAN(generator, discriminator, num_classes=num_classes)
    if len(discriminator.outputs) == 2:
        settings["classifier_loss"] = "auxiliary_classifier"
    model.compile(**settings)
    return model


def _small_generator(conditional):
    latents = keras.Input((LATENT_DIM,))
    inputs, x = latents, latents
    if conditional:
        labels = keras.Input((), dtype="int32")
        inputs = [latents, labels]
        x = keras.layers.Concatenate()([x, keras.layers.Embedding(NUM_CLASSES, 2)(labels)])
    x = keras.layers.Dense(int(np.prod(IMAGE_SHAPE)), activation="tanh")(x)
    network = keras.Model(inputs, keras.layers.Reshape(IMAGE_SHAPE)(x), name="generator")
    parts.fill(network, 1)
    return network
