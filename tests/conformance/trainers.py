"""A part at work in a small model that trains."""

import keras
import numpy as np

import ganzoo
from conformance import parts
from conformance.parts import IMAGE_SHAPE, LATENT_DIM, NUM_CLASSES
from conformance.subjects import layer_network, small_discriminator

BATCH = 8


def trainer(part):
    """Returns a compiled model that trains with the part.

    A layer is trained by Keras itself, everything else by a GAN. Without graphs a step costs a
    tenth of a second; the graph of the step has tests of its own.
    """
    settings = {"run_eagerly": True, "jit_compile": False}
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
        settings["generator_loss"] = None
    else:
        discriminator = small_discriminator("both" if conditional else "logits")
        num_classes = NUM_CLASSES if conditional else None
        model = ganzoo.GAN(generator, discriminator, num_classes=num_classes)
    model.compile(**{setting: value}, **settings)
    return model


def train(model):
    """Trains a model for one more step, on the same data."""
    if isinstance(model, ganzoo.GAN):
        batches = _batches(model)
        model.fit(batches, verbose=0)
    else:
        model.fit(*_supervised_batch(model), batch_size=BATCH, shuffle=False, verbose=0)


def train_on_replicas(model, strategy):
    """The same step on the replicas of a strategy, without the costs of `fit`."""
    batch = _batches(model).batch(0) if isinstance(model, ganzoo.GAN) else _supervised_batch(model)
    share = BATCH // strategy.num_replicas_in_sync

    def part_of(context):
        rows = slice(context.replica_id_in_sync_group * share, None)
        return keras.tree.map_structure(lambda x: keras.ops.array(x[rows][:share]), batch)

    data = strategy.experimental_distribute_values_from_function(part_of)
    strategy.run(model.train_step, (data,))


def _batches(model):
    (examples,) = parts.arrays([model.example_shape], BATCH)
    if model.condition_dim is not None:
        (conditions,) = parts.arrays([(model.condition_dim,)], BATCH, seed=1)
        return ganzoo.data.Dataset(np.tanh(examples), conditions=conditions).batches(BATCH)
    labels = np.arange(BATCH, dtype="int32") % NUM_CLASSES
    data = ganzoo.data.Dataset(np.tanh(examples), labels, num_classes=NUM_CLASSES)
    if isinstance(model, ganzoo.SemiSupervisedGAN):
        return ganzoo.data.SemiSupervisedBatches(data, labels_per_class=2, batch_size=BATCH)
    return data.batches(BATCH)


def _supervised_batch(model):
    (target,) = parts.arrays([tuple(model.output_shape[1:])], BATCH, seed=1)
    return _inputs(model), target


def answers(model):
    """Returns what a model gives in inference; of a GAN, what its average generates."""
    network = model.inference_generator if isinstance(model, ganzoo.GAN) else model
    return np.array(network(_inputs(network), training=False))


def _inputs(network):
    inputs = parts.arrays([tuple(tensor.shape[1:]) for tensor in network.inputs], BATCH)
    return inputs if len(inputs) > 1 else inputs[0]


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
    takes_classes = [tuple(tensor.shape[1:]) for tensor in generator.inputs[1:]] == [()]
    num_classes = NUM_CLASSES if takes_classes else None
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
