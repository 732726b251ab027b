"""What a checkpoint records of its run, and what happens where the next run differs."""

import shutil
import warnings

import keras
import numpy as np
import pytest

import ganzoo
from ganzoo.callbacks import AtomicCheckpoint, FitHook, MultiProcessCheckpoint, checkpoint_files
from ganzoo.callbacks import atomic_checkpoint as module
from ganzoo.callbacks.fingerprint import differences, fingerprint, is_accepted
from ganzoo.data.random_crops import RandomCrops
from ganzoo.data.sharding import OwnBatches
from ganzoo.training.streams import CheckedBatches
from support.gans import linear

VECTORS, LABELS = linear.vectors(16), linear.labels(16)


def build(conditional=True, seed=0, networks=None, **settings):
    """Builds a GAN that trains eagerly, because compiling takes longer."""
    if networks is None:
        networks = linear.generator(conditional), linear.discriminator(conditional)
    gan = ganzoo.GAN(*networks, num_classes=linear.NUM_CLASSES if conditional else None, seed=seed)
    settings = {"g_optimizer": keras.optimizers.Adam(0.01), **settings}
    gan.compile(d_optimizer=keras.optimizers.Adam(0.02), run_eagerly=True, **settings)
    return gan


def fit(gan, folder, *callbacks, epochs=1, vectors=VECTORS, labels=LABELS, batch_size=16, **more):
    """Trains with a step in each epoch."""
    gan.fit(
        vectors,
        labels if gan.num_classes else None,
        batch_size=batch_size,
        epochs=epochs,
        verbose=0,
        callbacks=[*callbacks, AtomicCheckpoint(folder, on_signal=False, **more)],
    )
    return gan


def networks(activation="tanh", layer=None):
    latents, vectors = keras.Input((linear.LATENT_DIM,)), keras.Input((linear.DIMENSIONS,))
    x = keras.layers.Dense(linear.DIMENSIONS, activation=activation)(latents)
    x = keras.layers.Dense(linear.DIMENSIONS)(x if layer is None else layer(x))
    return keras.Model(latents, x), keras.Model(vectors, keras.layers.Dense(1)(vectors))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The checkpoint of an epoch, for tests that only read it."""
    folder = tmp_path_factory.mktemp("run")
    fit(build(), folder)
    return folder


@pytest.fixture
def folder(trained, tmp_path):
    """The checkpoint of an epoch, for tests that continue the run."""
    return shutil.copytree(trained, tmp_path / "trained")


def test_the_same_run_continues_without_a_word(folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        assert fit(build(), folder, epochs=2).step == 2


@pytest.mark.parametrize(
    "name, arguments, settings",
    [
        ("seed", {"seed": 1}, {}),
        ("loss.class", {"loss": "hinge"}, {}),
        ("regularizers", {"regularizers": ["weight_clipping"]}, {}),
        ("ema_decay", {"ema_decay": 0.9}, {}),
        ("discriminator_steps", {"discriminator_steps": 2}, {"batch_size": 8}),
        ("optimizer.generator.learning_rate", {"g_optimizer": keras.optimizers.Adam(0.1)}, {}),
        ("optimizer.generator.beta_1", {"g_optimizer": keras.optimizers.Adam(0.01, 0.5)}, {}),
        ("data.labels", {}, {"labels": LABELS[::-1].copy()}),
        ("data.examples", {}, {"vectors": -VECTORS}),
        ("data.batch_size", {}, {"batch_size": 8}),
    ],
)
def test_another_run_is_refused_by_the_name_of_what_differs(trained, name, arguments, settings):
    gan = build(**arguments)
    before = [np.array(variable) for variable in gan.variables]

    expected = rf"another training run.*accept_changes=.*Received: .*{name}.*in the checkpoint"
    with pytest.raises(ValueError, match=expected):
        fit(gan, trained, epochs=2, **settings)

    assert all(map(np.array_equal, before, gan.variables))


def test_another_activation_is_refused(tmp_path):
    fit(build(False, networks=networks()), tmp_path)
    with pytest.raises(ValueError, match=r"generator.layers\[1\].activation='sigmoid' \('tanh'"):
        fit(build(False, networks=networks("sigmoid")), tmp_path, epochs=2)


class Unsaved(keras.layers.Layer):
    def get_config(self):
        raise NotImplementedError

    def call(self, inputs):
        return inputs


def test_layers_that_cannot_be_saved_are_compared_by_their_classes():
    for layer in (Unsaved(), keras.layers.Lambda(lambda x: 2 * x)):
        gan = build(False)
        gan.generator = networks(layer=layer)[0]
        found = fingerprint(gan, ganzoo.data.Dataset(VECTORS).batches(8))["generator"]
        classes = [part["class"] for part in found["layers"]]
        assert classes[1:] == ["Dense", type(layer).__name__, "Dense"]
        assert found["layers"][1]["activation"] == "tanh"


def test_labels_that_are_not_read_may_differ():
    data = ganzoo.data.Dataset(VECTORS, LABELS)
    gan = build(False)
    first = fingerprint(gan, data.batches(8))
    assert first == fingerprint(gan, ganzoo.data.Dataset(VECTORS).batches(8))


def test_accepted_changes_are_warnings_and_are_on_record_from_then_on(folder):
    def other():
        return build(seed=1, g_optimizer=keras.optimizers.Adam(0.1))

    with pytest.raises(ValueError, match=r"accept_changes=\['seed', 'data.seed'\]"):
        fit(other(), folder, epochs=2, accept_changes=["optimizer"])
    with pytest.warns(UserWarning, match=r"other settings .*seed=1 \(0 in the checkpoint\)"):
        names = ["seed", "data", "optimizer.generator.learning_rate"]
        gan = fit(other(), folder, epochs=2, accept_changes=names)

    # The rate of the checkpoint does not replace the accepted one.
    assert float(gan.optimizer.generator.learning_rate) == pytest.approx(0.1)
    assert fit(other(), folder, epochs=3).step == 3
    with pytest.raises(ValueError, match=r"seed=0 \(1 in the checkpoint\)"):
        fit(build(), folder, epochs=4, accept_changes=["optimizer"])
    with pytest.raises(ValueError, match=r"Did you mean 'optimizer'.*=\['optimiser.generator'\]"):
        fit(other(), folder, epochs=4, accept_changes=["optimiser.generator"])
    with pytest.raises(ValueError, match=r"Received: accept_changes='seed'"):
        AtomicCheckpoint(folder, accept_changes="seed")


def test_a_rate_that_a_callback_lowered_is_no_change(tmp_path):
    def plateau():
        return keras.callbacks.ReduceLROnPlateau(
            "d_loss", mode="max", factor=0.5, patience=0, min_delta=1e9
        )

    gan = build()
    fit(gan, tmp_path, plateau(), epochs=2)
    fit(gan, tmp_path, plateau(), epochs=3)
    resumed = fit(build(), tmp_path, plateau(), epochs=4)

    assert float(resumed.optimizer.generator.learning_rate) == pytest.approx(0.01 / 2**3)


def test_another_machine_is_a_warning(tmp_path, monkeypatch):
    here = module.environment
    monkeypatch.setattr(module, "environment", lambda gan: {**here(gan), "threads": 99})
    fit(build(), tmp_path)
    monkeypatch.undo()
    with pytest.warns(UserWarning, match=r"last bits .*threads=\d+ \(99 in the checkpoint\)"):
        fit(build(), tmp_path, epochs=2)

    recorded = checkpoint_files.read_state(checkpoint_files.newest(tmp_path))["environment"]
    assert {"machine", "threads", "backend", "keras", "ganzoo", "jit_compile"} < set(recorded)


def test_an_older_checkpoint_is_not_compared_with_a_warning(folder):
    path = checkpoint_files.newest(folder)
    arrays, state = checkpoint_files.read(path)
    for name in ("fingerprint", "environment", "identities"):
        del state[name]
    checkpoint_files.write(folder, 1, arrays, state)

    with pytest.warns(UserWarning, match=r"older version.*not compared"):
        assert fit(build(seed=1), folder, epochs=2).step == 2


def test_everything_that_compile_stores_is_in_the_fingerprint():
    gan = build()
    stored = {*gan.get_config(), *gan.get_compile_config()}
    # They do not decide the results, or are part of the environment.
    stored -= {"name", "averaging", "preset", "metrics", "extractor", "class_names"}
    stored -= {"run_eagerly", "steps_per_execution", "jit_compile", "accumulate", "remat"}
    assert stored <= set(fingerprint(gan, ganzoo.data.Dataset(VECTORS).batches(8)))


def test_other_versions_of_keras_may_write_other_settings():
    saved, current = {"a": {"b": 1, "old": 2}}, {"a": {"b": 3, "new": [1]}}
    assert dict(differences(saved, current, only_common=True)) == {
        "a.b": "a.b=3 (1 in the checkpoint)"
    }
    assert set(dict(differences(saved, current))) == {"a.b", "a.old", "a.new"}
    assert is_accepted("a.b", ["a"]) and is_accepted("a[0].b", ["a"]) and is_accepted("x", ["all"])
    assert not is_accepted("ab", ["a"]) and not is_accepted("a", ["a.b"])


# The states of callbacks.


class Scores(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs |= {"a": float(epoch), "b": float(10 - epoch)}


def test_two_callbacks_of_one_class_keep_their_states_in_any_order(tmp_path):
    def stopping(monitor):
        return keras.callbacks.EarlyStopping(monitor, mode="min", patience=9)

    fit(build(), tmp_path, Scores(), stopping("a"), stopping("b"), epochs=3)
    a, b = stopping("a"), stopping("b")
    fit(build(), tmp_path, Scores(), b, a, epochs=4)

    assert (a.best, a.wait, b.best, b.wait) == (0.0, 3, 7.0, 0)


def test_a_hook_may_have_the_name_of_a_callback_of_keras(tmp_path):
    class History(FitHook):
        state = "mine"

        def get_state(self):
            return self.state

        def set_state(self, state):
            self.state = state

    hook = History()
    fit(build(), tmp_path, hook)
    hook = History()
    hook.state = "new"
    gan = fit(build(), tmp_path, hook, epochs=2)

    assert hook.state == "mine" and len(gan.history.history["d_loss"]) == 2


def test_a_state_without_its_callback_is_dropped_with_a_warning(tmp_path):
    fit(build(), tmp_path, keras.callbacks.EarlyStopping("d_loss", mode="min"))
    with pytest.warns(UserWarning, match=r"they are dropped. Received: EarlyStopping"):
        fit(build(), tmp_path, epochs=2)


def test_callbacks_of_keras_whose_state_is_lost_are_named(tmp_path):
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.warns(UserWarning, match=r"state of `BackupAndRestore` is not in the checkpoints"):
        fit(build(), tmp_path / "run", backup)
    with pytest.warns(UserWarning, match=r"resumed, and a `CSVLogger` replaces its file"):
        log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
        fit(build(), tmp_path / "run", log, epochs=2)


def test_several_processes_need_their_own_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(module.distribution, "process_count", lambda: 2)
    gan = build()
    with pytest.raises(ValueError, match=r"need a `MultiProcessCheckpoint`.*with 2 processes"):
        AtomicCheckpoint(tmp_path)._check_processes()
    MultiProcessCheckpoint(tmp_path)._check_processes()
    assert gan.step == 0


def test_the_data_of_one_process_are_the_ones_of_several():
    gan = build()

    def content(batches):
        return fingerprint(gan, batches.follow(lambda: 0))["data"]

    images = np.random.default_rng(0).integers(0, 256, (16, 6, 6, 1), "uint8")
    data = ganzoo.data.Dataset(images, LABELS)
    kinds = [
        data.batches(4),
        CheckedBatches(data.batches(4, mirror=True).follow(lambda: 0), None),
        ganzoo.data.SemiSupervisedBatches(data, 2, 4),
    ]
    found = [content(kind) for kind in kinds]
    assert [content(OwnBatches(kind)) for kind in kinds] == found
    assert found[0] != found[1] and found[2]["labels_per_class"] == 2


def test_random_crops_are_compared_by_their_whole_images():
    gan = build(conditional=False)
    images = np.random.default_rng(0).integers(0, 256, (16, 6, 6, 1), "uint8")
    other = images.copy()
    other[:, 0] = 0
    first, second = (
        fingerprint(gan, RandomCrops(ganzoo.data.Dataset(one), (4, 4)).batches(4))["data"]
        for one in (images, other)
    )
    assert first["examples"] != second["examples"]
    assert {**first, "examples": 0} == {**second, "examples": 0}


def test_batches_that_change_the_examples_are_another_run():
    gan = build(conditional=False)
    images = np.random.default_rng(0).integers(0, 256, (16, 4, 4, 1), "uint8")
    data = ganzoo.data.Dataset(images)
    crops = RandomCrops(data, (4, 4))
    plain, mirrored, cropped = (
        fingerprint(gan, batches)["data"]
        for batches in (data.batches(4), data.batches(4, mirror=True), crops.batches(4))
    )
    found = [dict(differences(plain, other)) for other in (mirrored, cropped)]
    assert [list(names) for names in found] == [["kind"], ["kind"]]
    assert "'MirroredBatches' (None in the checkpoint)" in found[0]["kind"]
