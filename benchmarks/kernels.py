"""Counts the operations of a compiled training step: on TensorFlow and on JAX, without running it.

    KERAS_BACKEND=jax python benchmarks/kernels.py
    KERAS_BACKEND=tensorflow python benchmarks/kernels.py --penalties

On TensorFlow these are the nodes of the traced graph that are needed. On JAX these are the
instructions of the program that XLA has optimized for this machine: about the kernels that it
starts. They are counted for a step as it is, and for steps in which one thing differs.

`--penalties` counts the convolutions and their gradients that a penalty adds, in units of the
convolutions of one discriminator pass. On TensorFlow each is one node. So they measure the passes
of a penalty, whatever the machine does.

The rows are added to `benchmarks/results/kernels.json` and `penalties.json`, from which `python
docs/figures/performance.py` writes tables of the page Performance.
"""

import argparse
import collections
import contextlib
import itertools
import json
import pathlib
import re

import ganzoo
import keras
import numpy as np
from ganzoo.training import fused_update
from keras import ops

from counting import has_batch_normalization, least_passes

RESULTS = pathlib.Path(__file__).resolve().parent / "results"
NETWORKS = {"mlp": (2,), "dcgan": (32, 32, 3), "sngan": (32, 32, 3)}
PENALTIES = ("r1", "r2", "gradient_penalty", "dragan", "consistency")
_NO_KERNEL = {
    *("Const", "Placeholder", "NoOp", "Identity", "ReadVariableOp"),
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast"),
}
_INSTRUCTION = re.compile(r"^  (?:ROOT )?%?\S+ = .*?[\])}] ([a-z][\w-]*)\(")


class OnePassGAN(ganzoo.GAN):
    """A GAN whose discriminator sees real and generated images in one pass, for comparison.

    It is for networks that know neither labels nor augmentations. The result is another one than
    ganzoo's if the discriminator has batch normalization, whose statistics are then of both kinds,
    or spectral normalization, whose vectors then move once per update and not twice.
    """

    def _update_discriminator(self, real, labels, k, draws):
        def objective(draws, real, labels):
            rows = ops.shape(real)[0]
            both = ops.concatenate([real, self.draw_fakes(draws, rows, labels)])
            logits = self.discriminate(both, labels, draws).patch_logits
            real, fake = logits[:rows], logits[rows:]
            loss = self.adversarial_loss.discriminator(real, fake)
            logs = {"d_loss": loss, "d_real": ops.mean(real), "d_fake": ops.mean(fake)}
            return loss, logs, (real, fake)

        results = self.minimize(objective, "discriminator", k, draws, real, labels)
        self.finish_discriminator_update(*results)


@contextlib.contextmanager
def an_update_for_each_weight():
    """Makes optimizers that are built in this context update no weights together."""
    large, fused_update._LARGE = fused_update._LARGE, 0
    try:
        yield
    finally:
        fused_update._LARGE = large


# What differs -> the networks to count, and the arguments of `build`.
CASES = {
    "": (tuple(NETWORKS), {}),
    "an update for each weight": (tuple(NETWORKS), {"context": an_update_for_each_weight}),
    "without the average": (tuple(NETWORKS), {"ema_decay": None}),
    "without spectral normalization": (("sngan",), {"networks": {"normalization": "none"}}),
    "real and generated images in one pass": (("sngan", "dcgan"), {"kind": OnePassGAN}),
}


def build(
    network,
    width=4,
    batch=8,
    kind=ganzoo.GAN,
    networks=None,
    context=contextlib.nullcontext,
    **settings,
):
    """Returns a compiled GAN and a batch.

    Args:
        network: A key of `NETWORKS`.
        width: Width of both networks. The default takes the least time.
        batch: Rows of the batch.
        kind: `ganzoo.GAN` or a subclass.
        networks: Other arguments of `ganzoo.architectures.build`.
        context: Context manager in which the GAN is compiled.
        **settings: Arguments of `GAN.compile`.
    """
    shape = NETWORKS[network]
    built = ganzoo.architectures.build(network, image_shape=shape, width=width, **(networks or {}))
    gan = kind(*built)
    with context():
        gan.compile(**settings)
    return gan, np.zeros((batch, *shape), "float32")


def operations(gan, batch):
    """Returns how often each operation occurs in the compiled step of a GAN."""
    count = _in_graph if keras.backend.backend() == "tensorflow" else _in_hlo
    return collections.Counter(name for name in count(gan, batch) if name not in _NO_KERNEL)


def convolutions(counts):
    """Returns the number of convolutions and of their gradients."""
    return sum(number for name, number in counts.items() if name.startswith("Conv2D"))


def _in_graph(gan, batch):
    import tensorflow as tf

    step = tf.function(lambda batch: gan.train_step(batch), autograph=False)
    graph = step.get_concrete_function(tf.constant(batch)).graph
    # TensorFlow never runs a node that no result and no update of a variable needs.
    needed, ahead = set(), [tensor.op for tensor in graph.outputs] + list(graph.control_outputs)
    while ahead:
        node = ahead.pop()
        if node not in needed:
            needed.add(node)
            ahead += [tensor.op for tensor in node.inputs] + list(node.control_inputs)
    # The branches of conditions are functions.
    functions = graph.as_graph_def().library.function
    return [node.type for node in needed] + [n.op for f in functions for n in f.node_def]


def _in_hlo(gan, batch):
    import jax

    groups = (
        gan.trainable_variables,
        gan.non_trainable_variables,
        gan.optimizer.variables,
        gan.metrics_variables,
    )
    state = tuple([variable.value for variable in group] for group in groups)
    text = jax.jit(gan.train_step).lower(state, batch).compile().as_text()
    entry = text[text.index("\nENTRY") :].split("\n}")[0]
    return [match[1] for match in map(_INSTRUCTION.match, entry.splitlines()) if match]


def case_rows(networks, width, batch):
    """Yields a row for each network and case."""
    for network, (case, (counted, arguments)) in itertools.product(networks, CASES.items()):
        if network in counted:
            counts = operations(*build(network, width, batch, **arguments))
            yield {
                "network": network,
                "case": case,
                "backend": keras.backend.backend(),
                "width": width,
                "batch": batch,
                "operations": sum(counts.values()),
                "kinds": dict(counts.most_common(6)),
            }


def penalty_rows(networks):
    """Yields a row for each network with convolutions and each penalty."""
    for network in networks:
        gan, images = build(network)
        layers = [getattr(layer, "layer", layer) for layer in gan.discriminator.layers]
        in_a_pass = sum(isinstance(layer, keras.layers.Conv2D) for layer in layers)
        if not in_a_pass:
            continue
        plain, has_norm = operations(gan, images), has_batch_normalization(gan.discriminator)
        for penalty in PENALTIES:
            more = convolutions(operations(*build(network, regularizers=[penalty])))
            yield {
                "network": network,
                "convolutions": in_a_pass,
                "batch_normalization": has_norm,
                "penalty": penalty,
                "least": least_passes(penalty, 1 / in_a_pass, has_norm),
                "passes": (more - convolutions(plain)) / in_a_pass,
            }


def store(name, rows, key):
    """Adds rows to a file of results; a row replaces the one with the same values of `key`."""
    path = RESULTS / f"{name}.json"
    for row in rows:
        print(row, flush=True)
        stored = json.loads(path.read_text()) if path.exists() else []
        places = [[other[field] for field in key] for other in stored]
        place = [row[field] for field in key]
        if place in places:
            stored[places.index(place)] = row
        else:
            stored.append(row)
        path.write_text(json.dumps(stored, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--width", type=int, default=64, help="width of both networks")
    parser.add_argument("--batch", type=int, default=64, help="rows of a batch")
    parser.add_argument("--penalties", action="store_true", help="count the passes of penalties")
    arguments = parser.parse_args()
    if arguments.penalties:
        store("penalties", penalty_rows(arguments.networks), ("network", "penalty"))
        return
    rows = case_rows(arguments.networks, arguments.width, arguments.batch)
    store("kernels", rows, ("network", "case", "backend"))


if __name__ == "__main__":
    main()
