"""Networks whose backward pass computes activations again instead of keeping them in memory."""

import itertools
import math
from typing import NamedTuple

import keras
from keras import ops

from ganzoo import backend

# Sizes of segments that are tried.
_MOST_LIMITS = 64


class RematerializedNetwork:
    """Calls a functional network in segments, of which the inputs alone are kept.

    The backward pass runs each segment again before it needs the activations within it, with the
    same random numbers and the same state. So the results are the same. The peak of the memory of
    activations is about that of one segment, together with the inputs of all segments. The network
    is cut where this sum is smallest; a model within the network is not cut.

    Args:
        network: A functional `keras.Model`.

    Reference:
        [Training Deep Nets with Sublinear Memory Cost](https://arxiv.org/abs/1604.06174),
        section 3.
    """

    def __init__(self, network: keras.Model):
        # A `Sequential` has no nodes of its own.
        self._network = keras.Model(network.inputs, network.outputs, name="rematerialized")
        self._segments = _segments(self._network)

    def __call__(self, inputs, training=True):
        """Returns the output of the network, or a list of several."""
        inputs = keras.tree.flatten(inputs)
        tensors = dict(zip(map(id, self._network.inputs), inputs, strict=True))
        for segment in self._segments:
            results = segment.call([tensors[id(t)] for t in segment.takes], training)
            tensors |= zip(map(id, segment.gives), results, strict=True)
        outputs = [tensors[id(output)] for output in self._network.outputs]
        return outputs[0] if len(outputs) == 1 else outputs


class _Segment(NamedTuple):
    """Some consecutive layers, as a model of symbolic tensors of the whole network."""

    takes: list
    gives: list
    model: keras.Model

    def call(self, inputs, training):
        variables, changed = self.model.variables, []

        def results_of(inputs, values):
            start = list(zip(variables, values, strict=True))
            with keras.StatelessScope(state_mapping=start) as scope:
                outputs = self.model(inputs, training=training)
            new = [scope.get_current_value(variable) for variable in variables]
            # A second trace finds the same ones.
            changed[:] = [i for i, value in enumerate(values) if new[i] is not value]
            return keras.tree.flatten(outputs), [new[i] for i in changed]

        values = [ops.convert_to_tensor(variable.value) for variable in variables]
        outputs, state = backend.rematerialized(results_of)(inputs, values)
        for i, value in zip(changed, state, strict=True):
            variables[i].assign(value)
        return outputs


def _segments(network):
    """Cuts a network into segments."""
    depths = network._nodes_by_depth
    nodes = [node for depth in sorted(depths, reverse=True) for node in depths[depth]]
    nodes = [node for node in nodes if not node.is_input]
    last_use = {id(tensor): len(nodes) for tensor in network.outputs}
    for i in reversed(range(len(nodes))):
        for tensor in nodes[i].input_tensors:
            last_use.setdefault(id(tensor), i)
    costs = [sum(map(_size, node.output_tensors)) for node in nodes]
    kept = [
        sum(_size(t) for node in nodes[:cut] for t in _used_from(cut, node, last_use))
        for cut in range(len(nodes))
    ]
    segments = []
    for start, stop in itertools.pairwise(best_cuts(costs, kept)):
        inner = nodes[start:stop]
        made = {id(t) for node in inner for t in node.output_tensors}
        used = {id(t): t for node in inner for t in node.input_tensors}
        takes = [tensor for key, tensor in used.items() if key not in made]
        gives = [tensor for node in inner for tensor in _used_from(stop, node, last_use)]
        segments.append(_Segment(takes, gives, keras.Model(takes, gives)))
    return segments


def _used_from(cut, node, last_use):
    return [tensor for tensor in node.output_tensors if last_use.get(id(tensor), -1) >= cut]


def best_cuts(costs: list[int], kept: list[int]) -> list[int]:
    """Returns where to cut a chain so that a backward pass needs the least memory.

    The memory is the sum of `kept` at all cuts, and the largest sum of `costs` within a segment.

    Args:
        costs: Size of what each element of the chain makes.
        kept: For each element, the size of what a cut before it keeps.

    Returns:
        The first element of each segment, and the number of elements.
    """
    count, sums = len(costs), [0, *itertools.accumulate(costs)]
    segments = {sums[b] - sums[a] for a, b in itertools.combinations(range(count + 1), 2)}
    limits = sorted(size for size in segments if size >= max(costs))
    best, least = [0, count], sums[-1]
    for limit in limits[:: -(-len(limits) // _MOST_LIMITS)]:
        totals, starts = [0], [0]
        for stop in range(1, count + 1):
            fits = (start for start in range(stop) if sums[stop] - sums[start] <= limit)
            total, start = min((totals[s] + (kept[s] if s else 0), s) for s in fits)
            totals.append(total)
            starts.append(start)
        if totals[count] + limit < least:
            least, best = totals[count] + limit, [count]
            while best[0]:
                best.insert(0, starts[best[0]])
    return best


def _size(tensor):
    return math.prod(side or 1 for side in tensor.shape[1:])
