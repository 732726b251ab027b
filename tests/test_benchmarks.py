"""The benchmark of the training step runs, and compares equal networks."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys

import pytest

from support.processes import ROOT, run_python

SCRIPT = ROOT / "benchmarks" / "train_step.py"
HAS_TORCH = importlib.util.find_spec("torch") is not None


@pytest.mark.slow
def test_benchmark_writes_its_tables(tmp_path):
    options = {
        "models": "dcgan",
        "precisions": "float32",
        "threads": 1,
        "width": 2,
        "batch-size": 2,
        "repeats": 1,
        "block-seconds": 0,
        "patience": 0,
        "product-size": 64,
        "parts": "fit",
        "markdown": tmp_path / "table.md",
        "json": tmp_path / "table.json",
    }
    process = subprocess.run(
        [sys.executable, SCRIPT, "--no-torch-compile", *(f"--{k}={v}" for k, v in options.items())],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "KERAS_BACKEND": "tensorflow"},
    )
    assert process.returncode == 0, process.stderr
    table = (tmp_path / "table.md").read_text()
    assert "| ganzoo |" in table
    assert "`fit`" in table
    (measured,) = json.loads((tmp_path / "table.json").read_text())["models"]
    if HAS_TORCH:
        assert set(measured["rows"]) == {
            "ganzoo",
            "PyTorch, contiguous",
            "PyTorch, channels last",
        }
    else:
        assert set(measured["rows"]) == {"ganzoo"}
        assert "not installed" in table
    assert all(row["milliseconds"][0] > 0 for row in measured["rows"].values())


# Copies ganzoo's weights to PyTorch's networks and compares the outputs. DCGAN's layers are mirror
# images of each other, because the frameworks pad on different sides of a 5x5 kernel of stride 2.
# R3GAN flattens nothing.
SAME_FUNCTION = """
import sys
import keras, numpy as np, tensorflow as tf, torch
sys.path.insert(0, "benchmarks")
import ganzoo_side, torch_side

torch.set_num_threads(1)
torch.manual_seed(0)
keras.utils.set_random_seed(0)

def copy(keras_layers, torch_network, mirrored, flattened):
    modules = [m for m in torch_network.modules() if torch.is_tensor(getattr(m, "weight", None))]
    sources = [l for l in keras_layers if l.trainable_variables]
    assert len(modules) == len(sources)
    for module, source in zip(modules, sources):
        weight, *bias = [v.numpy() for v in source.trainable_variables]
        if weight.ndim == 4:
            weight = weight[::-1, ::-1] if mirrored else weight
            weight = weight.transpose(3, 2, 0, 1)
        elif weight.ndim == 3:
            weight = weight.transpose(2, 0, 1)
        elif not flattened:
            weight = weight.T
        elif weight.ndim == 2:
            # The frameworks flatten (height, width, channels) in different orders.
            inputs, outputs = weight.shape
            side = outputs if outputs > 1 else inputs
            grid = weight.reshape(-1, 4, 4, side // 16)
            grid = grid[:, ::-1, ::-1] if mirrored else grid
            weight = grid.transpose(0, 3, 1, 2).reshape(-1, side)
            weight = weight.T if outputs > 1 else weight
            if bias and outputs > 1:
                bias = [bias[0].reshape(4, 4, -1).transpose(2, 0, 1).reshape(-1)]
        target = module.weight
        if hasattr(module, "parametrizations"):
            target = module.parametrizations.weight.original
        with torch.no_grad():
            target.copy_(torch.tensor(weight.copy()).reshape(target.shape))
            if bias:
                module.bias.copy_(torch.tensor(bias[0].copy()))

def mirror(images, mirrored):
    images = images.transpose(0, 3, 1, 2)
    return images[:, :, ::-1, ::-1].copy() if mirrored else images.copy()

for model, mirrored in (("sngan", False), ("dcgan", True), ("r3gan", False)):
    case = ganzoo_side.Case(model, "float32", width=4, batch_size=2)
    gan = case._gan
    rng = np.random.default_rng(0)
    for variable in gan.generator.trainable_variables + gan.discriminator.trainable_variables:
        variable.assign(variable.numpy() * 0 + 0.5 * rng.standard_normal(variable.shape))
    build, flattened = torch_side.MODELS[model].networks, model != "r3gan"
    generator, discriminator, latent_dim = build(4, torch.contiguous_format)
    copy(gan.generator.layers, generator, mirrored, flattened)
    copy(gan.discriminator.layers, discriminator, mirrored, flattened)
    latents = rng.standard_normal((6, latent_dim)).astype("float32")
    images = gan.generator(latents, training=True).numpy()
    theirs = generator(torch.tensor(latents)).detach().numpy()
    assert np.std(images) > 0.1, model
    atol = 1e-4 * max(1, np.std(images))
    np.testing.assert_allclose(theirs, mirror(images, mirrored), atol=atol)
    images = rng.uniform(-1, 1, images.shape).astype("float32")
    inputs = torch.tensor(mirror(images, mirrored))
    forward = tf.function(lambda: gan.discriminator(images, training=True), autograph=False)
    # Until both agree on the largest singular values.
    for _ in range(500 if model == "sngan" else 1):
        logits = forward().numpy()
        theirs = discriminator(inputs).detach().numpy()
    assert np.std(logits) > 1e-3
    np.testing.assert_allclose(theirs, logits, rtol=1e-2, atol=1e-2 * np.std(logits))
print("same")
"""


@pytest.mark.slow
@pytest.mark.skipif(not HAS_TORCH, reason="needs PyTorch")
def test_both_frameworks_compute_the_same_function():
    assert run_python(SAME_FUNCTION).endswith("same\n")


def test_quick_is_a_default_that_the_command_line_overrides(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    benchmark = importlib.import_module("train_step")
    options = benchmark.parse(["--quick", "--repeats", "2"])
    assert (options.models, options.parts, options.repeats) == (["dcgan"], [], 2)
    assert benchmark.parse([]).repeats == 15
