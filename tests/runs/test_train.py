"""`ganzoo.train`: the training run of the command, from Python."""

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo_cli.commands.train import COMMAND
from ganzoo_cli.main import main
from ganzoo_cli.settings import options_of

SMALL = {"model": "dcgan", "width": 1, "latent_dim": 2, "batch_size": 512, "ema_decay": 0.9}
PARTS = {"regularizers": {"weight_clipping": {"limit": 0.1}}}


def weights(gan):
    return [variable.numpy() for variable in gan.variables]


def assert_same(first, second):
    for a, b in zip(weights(first), weights(second), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_function_and_the_command_train_the_same_model(tmp_path):
    digits = ganzoo.data.load("digits", size=8)
    settings = {**SMALL, **PARTS, "precision": "mixed_bfloat16", "verbose": 0}
    plan = ganzoo.runs.plan(**SMALL, data=digits, steps=1, output=tmp_path / "run")
    assert "1,438 uint8 images" in plan.describe() and plan.steps_to_do == 1
    assert not (tmp_path / "run").exists()
    run = ganzoo.train(data=digits, steps=1, output=tmp_path / "run", **settings)
    assert run.gan.step == 1 and run.folder.model.is_file() and len(run.history.epoch) == 1
    assert keras.config.dtype_policy().name == "float32"

    with pytest.raises(ValueError, match="given in Python"):
        ganzoo.train(resume=True, output=tmp_path / "run", steps=2)
    resumed = ganzoo.train(data=digits, resume=True, output=tmp_path / "run", steps=2, verbose=0)
    words = [f"--{name}={value}" for name, value in SMALL.items()]
    words += ["--data=digits", "--size=8", "--regularizers=weight_clipping:limit=0.1", "--steps=2"]
    words += ["--precision=mixed_bfloat16"]
    assert main(["train", *words, f"--output={tmp_path / 'other'}"]) == 0
    assert_same(resumed.gan, ganzoo.runs.load_model(tmp_path / "other"))


def test_the_plan_says_how_memory_is_saved_and_what_the_networks_take(tmp_path):
    draws = np.random.default_rng(0).standard_normal((40, 2)).astype("float32")
    data = ganzoo.data.Dataset(draws, conditions=draws, condition_names=["age", "hat"])
    settings = {"model": "mlp", "conditional": True, "batch_size": 4, "output": tmp_path / "run"}
    plan = ganzoo.runs.plan(data=data, **settings, remat=True)
    assert plan.gan.remat
    lines = plan.describe().splitlines()
    assert "conditions     age, hat" in lines
    assert "memory         activations are computed again" in lines
    with pytest.raises(ValueError, match=r"accumulate=2 with .*BatchNormalization"):
        ganzoo.runs.plan(data=data, **settings, accumulate=2)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"batchsize": 64}, r"Did you mean batch_size\?"),
        ({"batch_size": 0}, r"Received: --batch_size=0"),
        ({"batch_size": "many"}, r"Received: --batch_size=many"),
        ({"conditional": 1}, r"Received: --conditional=1"),
        ({"dry_run": True}, r"command line only.*Received: dry_run"),
        ({"regularizers": {"r1": 0.1}}, r"arguments of each part"),
        ({"epochs": 1, "steps": 1}, r"not both"),
        ({"data": ganzoo.data.load("digits"), "size": 16}, r"loaded already.*Received: size"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ganzoo.train(**{"model": "sngan", "data": "digits", **settings})


def test_values_of_python_are_read_as_texts():
    values = {"conditional": True, "accept_changes": ["data", "seed"], "ema_decay": 0.999}
    options = options_of(COMMAND, {**values, **PARTS, "width": None}, "here")
    assert options.conditional is True and options.accept_changes == ["data", "seed"]
    assert options.ema_decay == 0.999 and options.regularizers == "weight_clipping:limit=0.1"
    assert options.given == {"conditional", "accept_changes", "ema_decay", "regularizers"}
