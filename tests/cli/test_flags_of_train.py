"""Flags of `ganzoo train` that change the recipe or come from a file, without training."""

import dataclasses
import tomllib
from types import SimpleNamespace

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo import recipes
from ganzoo.data import Dataset, MirroredBatches
from ganzoo.recipes import OptimizerSettings
from ganzoo.recipes.optimizer_settings import KINDS
from ganzoo.runs.optimizer_flags import format_optimizer, parse_optimizer
from ganzoo.runs.part_flags import parse_loss
from ganzoo.runs.recipe_flags import changed_recipe, repeating_settings
from ganzoo_cli.commands.train import COMMAND
from ganzoo_cli.config_file import as_toml, read_config
from ganzoo_cli.main import main

TRAIN = ["train", "--model=dcgan", "--data=digits", "--size=8", "--width=1"]


def recipe_of(*flags):
    options, _ = COMMAND.parse([*TRAIN[1:], *flags])
    return changed_recipe(recipes.get(options.model), options), options


def test_flags_change_single_settings():
    recipe, _ = recipe_of(
        *("--discriminator_steps=3", "--generator_batch_ratio=2", "--latent=uniform"),
        *("--regularizers=r1:every=4,dragan", "--gamma=0.5", "--optimizer=adamw:beta_1=0"),
        *("--discriminator_optimizer=adamw:clip_norm=2", "--generator_rate=0.01"),
    )
    assert (recipe.discriminator_steps, recipe.generator_batch_ratio) == (3, 2)
    assert recipe.latent == "uniform"
    assert recipe.regularizers == {"r1": {"every": 4, "gamma": 0.5}, "dragan": {}}
    adamw = OptimizerSettings(0.01, beta_1=0, kind="adamw", weight_decay=0.004)
    assert recipe.g_optimizer == adamw
    rate = recipes.get("dcgan").d_optimizer.learning_rate
    assert recipe.d_optimizer == dataclasses.replace(adamw, learning_rate=rate, clip_norm=2)
    # A decay of the rate stays.
    falling = OptimizerSettings(1e-3, decay_start=0.5)
    assert parse_optimizer("optimizer", "sgd", falling).decay_start == 0.5


def test_a_loss_has_arguments(tmp_path):
    recipe, _ = recipe_of("--loss=non_saturating:label_smoothing=0.1")
    assert (recipe.loss, recipe.loss_options) == ("non_saturating", {"label_smoothing": 0.1})
    assert recipe.build_loss().get_config()["label_smoothing"] == 0.1
    # The arguments of the recipe stay for its own loss alone.
    assert parse_loss(recipe.loss, (recipe.loss, recipe.loss_options))[1] == recipe.loss_options
    assert parse_loss("hinge", (recipe.loss, recipe.loss_options)) == ("hinge", {})
    for wrong, words in (
        ("hinge:margin", "non_saturating:label_smoothing=0.1"),
        ("hinge,minimax", "--loss is one loss"),
        ("hinge:label_smooth=1", "label_smooth"),
    ):
        with pytest.raises(ValueError, match=f"{words}|Received: .*{words}"):
            recipe_of(f"--loss={wrong}")
    file = tmp_path / "run.toml"
    file.write_text('loss = "non_saturating:label_smoothing=0.1"\n')
    options, _ = COMMAND.parse([*TRAIN[1:], f"--config={file}"])
    read_config(COMMAND, options)
    assert changed_recipe(recipes.get("dcgan"), options) == recipe


@pytest.mark.parametrize("kind", KINDS)
def test_optimizers_of_all_kinds_are_built_and_written_as_flags(kind):
    before = recipes.get("dcgan").g_optimizer
    settings = parse_optimizer("optimizer", f"{kind}:weight_decay=0.1:clip_norm=3", before)
    built = settings.build(10)
    assert float(built.learning_rate) == pytest.approx(before.learning_rate)
    assert built.weight_decay == 0.1 and built.global_clipnorm == 3
    config = built.get_config()
    betas = {"sgd": ["momentum"], "rmsprop": ["rho"], "muon": ["adam_beta_1", "adam_beta_2"]}
    expected = {"sgd": [settings.beta_1], "rmsprop": [settings.beta_2]}
    names = betas.get(kind, ["beta_1", "beta_2"])
    values = expected.get(kind, [settings.beta_1, settings.beta_2])
    assert [config[name] for name in names] == values
    if kind == "muon":
        assert config["adam_weight_decay"] == 0.1
    text = format_optimizer(settings, before)
    assert parse_optimizer("optimizer", text, before) == settings
    assert "weight decay 0.1, clip norm 3" in str(settings)


@pytest.mark.parametrize("kind", ["lion", "muon", "sgd"])
def test_a_gan_trains_with_an_optimizer(kind):
    recipe, _ = recipe_of(f"--optimizer={kind}:clip_norm=1", "--latent_dim=2")
    gan = ganzoo.GAN.from_recipe(recipe, (8, 8, 1))
    before = gan.generator.trainable_weights[0].numpy()
    images = np.random.default_rng(0).integers(0, 256, (8, 8, 8, 1), "uint8")
    values = gan.train_on_batch(images, return_dict=True)
    after = gan.generator.trainable_weights[0].numpy()
    assert np.isfinite(list(values.values())).all() and not np.array_equal(before, after)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"kind": "sgd"}, "beta_2` must be 0"),
        ({"kind": "rmsprop"}, "beta_1` must be 0"),
        ({"kind": "adamw"}, "needs `weight_decay`"),
        ({"kind": "lion", "epsilon": 0.1}, "epsilon` must be 1e-08"),
        ({"weight_decay": -1}, "weight_decay=-1"),
        ({"clip_norm": 0}, "clip_norm=0"),
        ({"kind": "adagrad"}, "kind='adagrad'"),
    ],
)
def test_wrong_optimizer_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        OptimizerSettings(1e-3, **settings)


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--optimizer=adagrad"], "'adagrad'"),
        (["--optimizer=adam:beta1=0"], "Did you mean beta_1?"),
        (["--optimizer=adam,sgd"], "is one optimizer"),
        (["--generator_optimizer=adam:beta_1=2"], "beta_1=2"),
        (["--optimizer=adam:0.5"], "adam:beta_1=0:beta_2=0.9"),
        (["--gamma=1"], "--gamma=1.0 with --regularizers=none"),
        (["--regularizers=r1", "--gamma=-1"], "--gamma=-1"),
        (["--regularizers=r1", "--gamma=strong"], "--gamma=strong"),
        (["--discriminator_steps=0"], "--discriminator_steps=0"),
        (["--generator_batch_ratio=x"], "--generator_batch_ratio=x"),
        (["--latent=cauchy"], "'cauchy'"),
        (["--size=8x"], "--size=8x"),
        (["--size=8x0"], "--size=8x0"),
        (["--steps_per_execution=0"], "--steps_per_execution=0"),
        (["--mirror=yes"], "--mirror=yes"),
        (["--data=toy:ring", "--model=mlp", "--mirror"], "Only images can be mirrored"),
        (["--log=comet"], "'comet'"),
        (["--log=wandb,wandb"], "--log=wandb,wandb"),
        (["--accumulate=0"], "--accumulate=0"),
        (["--remat=yes"], "--remat=yes"),
        ([f"--output={__file__}/run"], f"--output={__file__}/run"),
        (["--config=nowhere.toml"], "nowhere.toml"),
    ],
)
def test_wrong_flags_are_refused_before_a_gan_is_built(flags, message, monkeypatch, capsys):
    monkeypatch.setattr(ganzoo.GAN, "__init__", None)
    words = TRAIN if "--model=mlp" not in flags else ["train"]
    assert main([*words, *flags, "--dry_run"]) == 2
    error = capsys.readouterr().err
    assert message in error and "Received" in error and len(error.splitlines()) == 1


@pytest.mark.parametrize("model", ["dcgan", "sngan", "sngan_resnet", "stylegan2", "r3gan"])
def test_images_need_not_be_square(model, capsys):
    words = ["train", f"--model={model}", "--data=digits", "--width=1", "--dry_run"]
    code = main([*words, "--size=16x32", "--batch_size=4"])
    out, err = capsys.readouterr()
    if code == 0:
        assert "(16, 32, 1)" in out
    else:  # The reason names the shape.
        assert code == 2 and "(16, 32, 1)" in err.partition("Received:")[2]


def test_mirrored_images_are_a_function_of_seed_and_step():
    images = np.random.default_rng(0).integers(0, 256, (64, 4, 6, 3), "uint8")
    data = Dataset(images, np.arange(64) % 5)
    batches, plain = data.batches(16, seed=3, mirror=True), data.batches(16, seed=3)
    assert isinstance(batches, MirroredBatches) and not batches.takes_rows
    flips = []
    for step in (0, 7, 123, 7):
        (found, labels), (expected, same) = batches.batch(step), plain.batch(step)
        is_flipped = [not np.array_equal(a, b) for a, b in zip(found, expected, strict=True)]
        expected[is_flipped] = expected[is_flipped, :, ::-1]
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(labels, same)
        flips.append(is_flipped)
    assert flips[1] == flips[3] and flips[0] != flips[1] != flips[2]
    assert 12 < np.sum(flips[:3]) < 36
    np.testing.assert_array_equal(data.examples, images)
    other = data.batches(16, seed=4, mirror=True).batch(0)[0]
    assert not np.array_equal(other, batches.batch(0)[0])


def test_a_config_file_has_all_flags_and_the_command_line_wins(tmp_path):
    file = tmp_path / "run.toml"
    file.write_text(
        'model = "sngan"\ndata = "digits"\nsize = [8, 16]\nbatch_size = 32\nconditional = true\n'
        'metrics = ["fid", "kid"]\nema_decay = 0.99\n[regularizers.r1]\ngamma = 0.1\n'
    )
    options, _ = COMMAND.parse([f"--config={file}", "--batch-size=64"])
    read_config(COMMAND, options)
    assert (options.model, options.batch_size, options.ema_decay) == ("sngan", 64, 0.99)
    assert options.conditional is True and options.metrics == ["fid", "kid"]
    assert options.size == "8x16" and options.regularizers == "r1:gamma=0.1"
    assert options.overridden == ["batch_size"]


@pytest.mark.parametrize(
    "text, message",
    [
        ("batchsize = 4", "Did you mean batch_size?"),
        ("batch_size = 0", "--batch_size=0"),
        ('batch_size = "many"', "--batch_size=many"),
        ("batch_size 4", "must be a TOML file"),
        ('config = "other.toml"', "Received: config"),
        ("regularizers = {r1 = 0.1}", "arguments of each part"),
    ],
)
def test_wrong_config_files_are_refused(tmp_path, capsys, text, message):
    (tmp_path / "run.toml").write_text(text)
    assert main([*TRAIN, f"--config={tmp_path / 'run.toml'}", "--dry_run"]) == 2
    error = capsys.readouterr().err
    assert message in error and len(error.splitlines()) == 1


def test_the_settings_that_repeat_a_run_are_read_back(tmp_path):
    recipe, options = recipe_of(
        *("--size=8x16", "--mirror", "--metrics=fid,kid", "--keep_best=kid", "--keep=5"),
        *("--optimizer=lion", "--latent=uniform", "--conditional", "--seed=4", "--jit=true"),
        *("--regularizers=r1", "--gamma=auto", "--accumulate=2", "--remat"),
    )
    settings = repeating_settings(recipe, options, everything=True)
    file = tmp_path / "config.toml"
    file.write_text(as_toml(settings, 'a "comment"'))
    assert tomllib.loads(file.read_text())["metrics"] == ["fid", "kid"]
    again, _ = COMMAND.parse([f"--config={file}"])
    read_config(COMMAND, again)
    assert changed_recipe(recipes.get(again.model), again) == recipe
    names = ("size", "mirror", "metrics", "keep_best", "keep", "seed", "jit", "accumulate", "remat")
    for name in names:
        assert getattr(again, name) == getattr(options, name)
    # A run of an earlier version has fewer settings.
    assert repeating_settings(recipes.get("dcgan"), SimpleNamespace(model="dcgan"))


def test_info_names_versions_devices_and_extras(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert f"keras          {keras.__version__}" in out and "backend        tensorflow" in out
    assert all(line.partition("  ")[0] for line in out.splitlines())
    assert main(["info", "all"]) == 2
