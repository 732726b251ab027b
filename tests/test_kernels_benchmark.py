"""The benchmark of operations counts the passes of a penalty."""

import json

import numpy as np
import pytest

from support.gans import linear, tiny
from support.processes import ROOT


@pytest.fixture
def kernels(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    import kernels

    return kernels


@pytest.mark.graph
def test_penalties_add_their_passes_and_no_more(kernels):
    def convolutions(**settings):
        counts = kernels.operations(tiny.gan(**settings), tiny.images(4))
        assert counts["Conv2D"] and not counts["Const"]
        return kernels.convolutions(counts)

    plain = convolutions()
    # The discriminator has one: its gradient by the images, and the two gradients of that.
    assert convolutions(regularizers=["r1"]) - plain == 3
    # And forward on other images. Nothing passes back through that, because leaky ReLU is linear.
    assert convolutions(regularizers=["gradient_penalty"]) - plain == 4
    for penalty, least in (("r1", 3), ("gradient_penalty", 4), ("lecam", 0)):
        assert kernels.least_passes(penalty, 1.0, batch_normalization=False) == least


def test_one_pass_has_the_same_numbers_without_coupled_examples(kernels):
    weights = []
    for kind in (kernels.ganzoo.GAN, kernels.OnePassGAN):
        kernels.keras.utils.set_random_seed(1)
        gan = kind(linear.generator(), linear.discriminator())
        gan.compile(run_eagerly=True)
        gan.train_on_batch(linear.vectors(4))
        weights.append(gan.discriminator.get_weights())
    np.testing.assert_allclose(np.concatenate(weights[0], None), np.concatenate(weights[1], None))


def test_a_stored_row_replaces_the_one_of_the_same_case(kernels, monkeypatch, tmp_path):
    monkeypatch.setattr(kernels, "RESULTS", tmp_path)
    for value in (1, 2):
        rows = [{"case": case, "operations": value} for case in "ab"[: 3 - value]]
        kernels.store("counts", rows, ("case",))
    stored = json.loads((tmp_path / "counts.json").read_text())
    assert stored == [{"case": "a", "operations": 2}, {"case": "b", "operations": 1}]
