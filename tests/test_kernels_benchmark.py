"""The benchmark of operations counts the passes of a penalty."""

import importlib.util

import pytest

from support.gans import tiny
from support.processes import ROOT


@pytest.mark.graph
def test_penalties_add_their_passes_and_no_more():
    spec = importlib.util.spec_from_file_location("kernels", ROOT / "benchmarks/kernels.py")
    kernels = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernels)

    def convolutions(**settings):
        counts = kernels.operations(tiny.gan(**settings), tiny.images(4))
        assert counts["Conv2D"] and not counts["Const"]
        return kernels.convolutions(counts)

    plain = convolutions()
    # The discriminator has one: its gradient by the images, and the two gradients of that.
    assert convolutions(regularizers=["r1"]) - plain == 3
    # And forward on other images. Nothing passes back through that, because leaky ReLU is linear.
    assert convolutions(regularizers=["gradient_penalty"]) - plain == 4
