"""Counts the operations of a compiled training step: on TensorFlow and on JAX, without running it.

    KERAS_BACKEND=jax python benchmarks/kernels.py

On TensorFlow these are the nodes of the traced graph that are needed. On JAX these are the
instructions of the program that XLA has optimized for this machine: about the kernels that it
starts. `--penalties` counts the convolutions and their gradients that a penalty adds, in units of
the convolutions of one discriminator pass. On TensorFlow each is one node. So they measure the
passes of a penalty, whatever the machine does.
"""

import argparse
import collections
import re

import keras
import numpy as np

import ganzoo

NETWORKS = {"mlp": (2,), "dcgan": (32, 32, 3), "sngan": (32, 32, 3)}
PENALTIES = ("r1", "r2", "gradient_penalty", "dragan", "consistency")
_NO_KERNEL = {
    *("Const", "Placeholder", "NoOp", "Identity", "ReadVariableOp"),
    *("parameter", "constant", "tuple", "get-tuple-element", "bitcast"),
}
_INSTRUCTION = re.compile(r"^  (?:ROOT )?%?\S+ = .*?[\])}] ([a-z][\w-]*)\(")


def build(network, **settings):
    """Returns a compiled GAN and a batch, of a width at which tracing takes the least time."""
    shape = NETWORKS[network]
    gan = ganzoo.GAN(*ganzoo.architectures.build(network, image_shape=shape, width=4))
    gan.compile(**settings)
    return gan, np.zeros((8, *shape), "float32")


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


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--penalties", action="store_true", help="count the passes of penalties")
    arguments = parser.parse_args()
    for network in arguments.networks:
        counts = operations(*build(network))
        frequent = ", ".join(f"{number} {name}" for name, number in counts.most_common(5))
        print(f"{network}: {sum(counts.values())} operations ({frequent})")
        if arguments.penalties and convolutions(counts):
            discriminator = build(network)[0].discriminator
            layers = [getattr(layer, "layer", layer) for layer in discriminator.layers]
            in_a_pass = sum(isinstance(layer, keras.layers.Conv2D) for layer in layers)
            for penalty in PENALTIES:
                more = convolutions(operations(*build(network, regularizers=[penalty])))
                more -= convolutions(counts)
                print(f"  {penalty}: {more} more convolutions, {more / in_a_pass:.2f} passes")


if __name__ == "__main__":
    main()
