"""An exported SavedModel works with TensorFlow alone."""

import concurrent.futures
import hashlib
import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
import tensorflow as tf
import trained_like
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

import ganzoo
from ganzoo.export import readme, saved_model, warm_up
from ganzoo.export import signatures as export_signatures
from ganzoo.export.client.answers import check_png
from support import presets, serving
from support.processes import ROOT, TESTS, run_python

LATENTS = np.random.default_rng(5).normal(size=(64, 4)).astype("float32")
LABELS = (np.arange(64) % 3).astype("int64")
SEEDS = np.array([0, 1, 2**40 + 3, 2**63 - 1, -1, -(2**63)])


def trained(gan):
    """Returns a GAN that says it was trained; its weights are not those it began with."""
    gan._step.assign(11)
    return gan


@pytest.fixture(scope="module")
def conditional_gan():
    return trained(presets.image_gan(conditional=True, architecture="small"))


@pytest.fixture(scope="module")
def folder(conditional_gan, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved_models") / "tiny"
    return conditional_gan.export(path, truncation=True, discriminator=True)


@pytest.fixture(scope="module")
def plain_folder(tmp_path_factory):
    """The export of a GAN without classes, with nothing that was asked for."""
    path = tmp_path_factory.mktemp("saved_models") / "plain"
    return trained(presets.image_gan(architecture="small")).export(path)


@pytest.fixture(scope="module")
def signatures(folder):
    model = tf.saved_model.load(str(folder))
    signatures = model.signatures
    yield signatures
    assert model is not None  # The signatures do not keep their variables.


def sampled(signatures, seeds, labels=0, truncation=-1.0, name="sample"):
    seeds = np.asarray(seeds, "int64")
    return signatures[name](
        seed=tf.constant(seeds),
        label=tf.constant(np.broadcast_to(np.int64(labels), seeds.shape)),
        truncation=tf.constant(np.broadcast_to(np.float32(truncation), seeds.shape)),
    )


# What the signatures give.


def test_signatures_have_named_inputs_and_outputs_of_any_batch(signatures):
    found = {
        name: (
            {
                key: (s.dtype.name, s.shape.as_list())
                for key, s in f.structured_input_signature[1].items()
            },
            {key: (s.dtype.name, s.shape.as_list()) for key, s in f.structured_outputs.items()},
        )
        for name, f in signatures.items()
    }
    label, truncation = ("int64", [None]), ("float32", [None])
    sample = {"seed": ("int64", [None]), "label": label, "truncation": truncation}
    assert found == {
        "serving_default": (
            {"latents": ("float32", [None, 4]), "label": label},
            {"images": ("float32", [None, 8, 8, 3])},
        ),
        "sample": (sample, {"images": ("uint8", [None, 8, 8, 3])}),
        "sample_png": (sample, {"png_bytes": ("string", [None])}),
        "discriminate": (
            {"images": ("uint8", [None, 8, 8, 3]), "label": label},
            {"score": ("float32", [None])},
        ),
    }


def test_optional_signatures_are_absent_by_default(plain_folder):
    model = tf.saved_model.load(str(plain_folder))
    inputs = {name: set(f.structured_input_signature[1]) for name, f in model.signatures.items()}
    assert inputs == {
        "serving_default": {"latents"},
        "sample": {"seed"},
        "sample_png": {"seed"},
    }


@pytest.mark.parametrize("size", [1, 7, 64])
def test_latents_give_the_images_of_the_average(conditional_gan, signatures, size):
    expected = conditional_gan.ema_generator([LATENTS[:size], LABELS[:size]], training=False)
    trained_last = conditional_gan.generator([LATENTS[:size], LABELS[:size]], training=False)
    images = signatures["serving_default"](
        latents=tf.constant(LATENTS[:size]), label=tf.constant(LABELS[:size])
    )["images"]
    np.testing.assert_allclose(images, expected, rtol=0, atol=1e-5)
    assert np.abs(images - trained_last).max() > 1e-2


def test_rows_follow_from_their_seeds_as_in_sample(conditional_gan, signatures):
    images = sampled(signatures, SEEDS, LABELS[: len(SEEDS)])["images"].numpy()
    for row, seed, label in zip(images, SEEDS, LABELS, strict=False):
        alone = conditional_gan.sample(1, seed=int(seed) % 2**64, labels=int(label))[0]
        np.testing.assert_array_equal(row, alone)
    assert len({row.tobytes() for row in images}) == len(SEEDS)


def test_a_block_of_seeds_is_one_call_of_sample(conditional_gan, signatures):
    labels = np.arange(50, 80) % 3
    images = sampled(signatures, np.arange(50, 80), labels)["images"]
    np.testing.assert_array_equal(images, conditional_gan.sample(30, seed=50, labels=labels))
    np.testing.assert_array_equal(images, conditional_gan.sample(30, seed=50))


def test_each_row_has_a_truncation_of_its_own(conditional_gan, signatures):
    images = sampled(signatures, [4, 4, 4, 4], 1, [0.0, 0.5, 2.0, -1.0])["images"].numpy()
    for row, truncation in zip(images, (0.0, 0.5, 2.0, None), strict=True):
        expected = conditional_gan.sample(1, seed=4, labels=1, truncation=truncation)[0]
        np.testing.assert_array_equal(row, expected)


def test_png_files_hold_the_pixels_of_sample(signatures):
    files = sampled(signatures, range(5), name="sample_png")["png_bytes"].numpy()
    images = sampled(signatures, range(5))["images"]
    for file, image in zip(files, images, strict=True):
        np.testing.assert_array_equal(tf.io.decode_png(file), image)


def test_scores_are_the_discriminators_logits(conditional_gan, signatures):
    images = conditional_gan.sample(6, seed=0)
    labels = LABELS[:6]
    scores = signatures["discriminate"](images=tf.constant(images), label=tf.constant(labels))
    expected = conditional_gan.discriminator([images / np.float32(127.5) - 1.0, labels])
    np.testing.assert_allclose(scores["score"], expected[:, 0], rtol=1e-5, atol=1e-5)


def test_a_semi_supervised_gan_gives_class_probabilities(tmp_path):
    gan = trained(presets.semi_supervised_gan("small"))
    model = tf.saved_model.load(str(gan.export(tmp_path / "classifier", discriminator=True)))
    images = gan.sample(9, seed=1)
    said = model.signatures["discriminate"](images=tf.constant(images))
    probabilities = said["class_probabilities"].numpy()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), gan.classify(images))
    logits = gan.ema_discriminator(images / np.float32(127.5) - 1.0, training=False).numpy()
    expected = np.log(np.exp(np.float64(logits)).sum(axis=1))
    np.testing.assert_allclose(said["score"], expected, rtol=1e-5)


def test_vectors_are_examples(tmp_path):
    gan = trained(presets.mlp_gan())
    model = tf.saved_model.load(str(gan.export(tmp_path / "points")))
    assert set(model.signatures) == {"serving_default", "sample"}
    examples = model.signatures["sample"](seed=tf.range(4, dtype="int64"))["examples"]
    np.testing.assert_allclose(examples, gan.sample(4, seed=0), rtol=0, atol=1e-6)


def test_virtual_batch_statistics_match_the_weights(tmp_path):
    gan = trained(presets.virtual_batch_gan())
    model = tf.saved_model.load(str(gan.export(tmp_path / "virtual")))
    images = model.signatures["sample"](seed=tf.range(4, dtype="int64"))["images"]
    np.testing.assert_array_equal(images, gan.sample(4, seed=0))


# Bad input of a request.


@pytest.mark.parametrize("name", ["sample", "sample_png"])
@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"labels": [0, 3, 1]}, r"`label` must be a class from 0 to 2"),
        ({"labels": [0, -1, 1]}, r"`label` must be a class from 0 to 2"),
        ({"truncation": [1.0, -0.1, 1.0]}, r"`truncation` must be a float32 number of at least 0"),
        (
            {"truncation": [1.0, np.nan, 1.0]},
            r"`truncation` must be a float32 number of at least 0",
        ),
    ],
)
def test_a_row_out_of_range_fails_the_request(signatures, name, inputs, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        sampled(signatures, [1, 2, 3], **inputs, name=name)


@pytest.mark.parametrize("name", ["serving_default", "discriminate"])
def test_a_label_out_of_range_fails_every_signature(signatures, name):
    first = {"serving_default": {"latents": LATENTS[:1]}}
    first["discriminate"] = {"images": np.zeros((1, 8, 8, 3), "uint8")}
    inputs = {key: tf.constant(value) for key, value in first[name].items()}
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"`label` must be a class from 0"):
        signatures[name](**inputs, label=tf.constant([3], "int64"))


UNEQUAL_ROWS = [(3, 1), (1, 3), (3, 2), (2, 0), (0, 1)]


@pytest.mark.parametrize("rows", UNEQUAL_ROWS)
@pytest.mark.parametrize("name", ["serving_default", "sample", "sample_png", "discriminate"])
def test_inputs_of_different_numbers_of_rows_fail_the_request(signatures, name, rows):
    specs = signatures[name].structured_input_signature[1]
    for longer in specs.keys() - {"latents", "seed", "images"}:
        inputs = {
            key: tf.zeros((rows[key == longer], *spec.shape[1:]), spec.dtype)
            for key, spec in specs.items()
        }
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"must have one row for each row"):
            signatures[name](**inputs)


def test_rows_of_another_rank_fail_the_request(conditional_gan):
    # TF Serving does not compare shapes with the signature.
    ones = tf.ones([3], "int64")
    inputs = {"seed": ones, "label": ones, "truncation": tf.ones(3)}
    sample, _ = export_signatures.signatures(conditional_gan, truncation=True)["sample"]
    for wrong, shape in itertools.product(inputs, ([3, 1], [1, 3], [])):
        given = inputs | {wrong: tf.ones(shape, inputs[wrong].dtype)}
        with pytest.raises(tf.errors.InvalidArgumentError):
            sample(*given.values())


# How others load it.


def test_it_loads_into_a_session_as_tf_serving_does(conditional_gan, folder):
    expected = conditional_gan.sample(2, seed=3, labels=[2, 0])
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(folder))
        definition = graph.signature_def["sample"]
        assert definition.method_name == "tensorflow/serving/predict"
        values = {"seed": [3, 4], "label": [2, 0], "truncation": [-1.0, -1.0]}
        feeds = {definition.inputs[key].name: value for key, value in values.items()}
        images = session.run(definition.outputs["images"].name, feeds)
        np.testing.assert_array_equal(images, expected)
        feeds[definition.inputs["label"].name] = [2, 7]
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"`label` must be a class"):
            session.run(definition.outputs["images"].name, feeds)


def test_it_loads_without_ganzoo_and_without_keras(conditional_gan, folder):
    printed = run_python(
        f"""
import sys
sys.modules["ganzoo"] = sys.modules["keras"] = None  # An import of them fails.
import tensorflow as tf
model = tf.saved_model.load({str(folder)!r})
images = model.signatures["sample"](
    seed=tf.constant([9], "int64"), label=tf.constant([1], "int64"), truncation=-tf.ones(1)
)["images"]
assert sys.modules["ganzoo"] is sys.modules["keras"] is None
print(images.numpy().tobytes().hex())
""",
        imported=(),
    )
    assert printed.strip() == conditional_gan.sample(1, seed=9, labels=1).tobytes().hex()


@pytest.mark.slow
def test_the_command_line_of_tensorflow_shows_and_runs_it(conditional_gan, plain_folder, tmp_path):
    def saved_model_cli(*arguments):
        code = "from tensorflow.python.tools.saved_model_cli import main; main()"
        process = subprocess.run(
            [sys.executable, "-c", code, *arguments, "--dir", str(plain_folder)],
            capture_output=True,
            text=True,
            check=True,
        )
        return process.stdout

    shown = saved_model_cli("show", "--tag_set", "serve", "--signature_def", "serving_default")
    assert "inputs['latents']" in shown
    assert "outputs['images']" in shown
    latents = "latents=[[0.5, 1.0, 0.0, 2.0], [0.5, 1.0, 0.0, 2.0]]"
    saved_model_cli(
        *("run", "--tag_set", "serve", "--signature_def", "serving_default"),
        *("--input_exprs", latents, "--outdir", str(tmp_path)),
    )
    images = np.load(tmp_path / "images.npy")
    assert (images.shape, images.dtype) == ((2, 8, 8, 3), "float32")
    np.testing.assert_array_equal(images[0], images[1])


def test_warm_up_requests_cover_every_signature_and_run(folder, signatures):
    logs = []
    for record in tf.data.TFRecordDataset(str(folder / warm_up.PATH)):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        assert len(log.SerializeToString()) == len(record.numpy())
        inputs = {key: tf.make_ndarray(tensor) for key, tensor in request.inputs.items()}
        logs.append((request.model_spec.name, request.model_spec.signature_name, inputs))
    sizes = {(name, len(next(iter(inputs.values())))) for _, name, inputs in logs}
    assert sizes == {(name, size) for name in signatures for size in warm_up.BATCH_SIZES}
    assert {model for model, _, _ in logs} == {"tiny"}
    for _, name, inputs in logs:
        outputs = signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
        assert len(next(iter(outputs.values()))) == len(next(iter(inputs.values())))


def test_threads_get_the_same_bytes_as_one_thread(signatures):
    """8 threads, 200 requests each, of mixed batch sizes."""
    rng = np.random.default_rng(0)
    requests = [
        (rng.integers(0, 1000, size), rng.integers(0, 3), rng.uniform(0.2, 1.0))
        for size in rng.choice([1, 2, 5, 16], 200)
    ]

    def answer(request):
        seeds, label, truncation = request
        return sampled(signatures, seeds, label, truncation)["images"].numpy().tobytes()

    expected = [answer(request) for request in requests]

    def answer_all(thread):
        order = np.random.default_rng(thread).permutation(len(requests))
        return [(i, answer(requests[i])) for i in order]

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = [pair for pairs in threads.map(answer_all, range(8)) for pair in pairs]
    assert sum(expected[i] == got for i, got in answers) == 8 * 200


# What lies in the folder.


def test_metadata_describes_the_model(conditional_gan, folder):
    metadata = json.loads((folder / "assets.extra/ganzoo.json").read_text())
    assert metadata["ganzoo"] == ganzoo.__version__
    assert metadata["num_classes"] == 3
    assert metadata["steps"] == 11
    assert metadata["preset"] is None
    weights = b"".join(w.tobytes() for w in conditional_gan.ema_generator.get_weights())
    assert metadata["generator_sha256"] == hashlib.sha256(weights).hexdigest()


def test_metadata_names_the_preset_even_after_a_keras_file(tmp_path):
    presets.image_gan(architecture="small").save_to_preset(tmp_path / "tiny_preset")
    gan = ganzoo.GAN.from_preset(tmp_path / "tiny_preset")
    gan.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    metadata = json.loads((loaded.export(tmp_path / "x") / "assets.extra/ganzoo.json").read_text())
    assert metadata["preset"] == dict(gan.preset)
    assert metadata["preset"]["name"] == "tiny_preset"


def test_the_commands_of_the_readme_run(conditional_gan, folder, monkeypatch, tmp_path):
    text = (folder / "README.md").read_text()
    for name in ("serving_default", "sample", "sample_png", "discriminate"):
        assert f"`{name}`" in text
    assert "| signature | inputs | outputs |\n| --- | --- | --- |\n" in text
    expected = conditional_gan.sample(1, seed=7, labels=3 % 3)
    sections = {part.partition("\n")[0]: part for part in text.split("\n## ")[1:]}
    monkeypatch.chdir(folder.parents[1])
    np.testing.assert_array_equal(_run(_block(sections["Without a server"]))["images"], expected)
    assert (
        subprocess.run(["bash", "-n"], input=_block(sections["Serve it"]), text=True).returncode
        == 0
    )
    with serving.Server(folder.parents[1]) as server:
        addresses = {"8501": server.rest, "8500": server.grpc}
        for title in ("REST", "gRPC", "ganzoo's client"):
            section = sections[title]
            for port, address in addresses.items():
                section = section.replace(f"localhost:{port}", address)
            if title == "REST":
                command = _block(section).replace("python3", sys.executable)
                subprocess.run(["bash", "-ec", command], check=True, cwd=tmp_path)
                image = tf.io.decode_png((tmp_path / "sample.png").read_bytes())
                np.testing.assert_array_equal(image, expected[0])
            else:
                images = _run(_block(section))["images"]
                seed = 7 if title == "gRPC" else 0
                n = len(images)
                np.testing.assert_array_equal(
                    images, conditional_gan.sample(n, seed=seed, labels=3 % 3)
                )


def _block(section):
    return re.search(r"```(?:python)?\n(.*?)```", section, re.DOTALL)[1]


def _run(code):
    variables = {}
    exec(code, variables)
    return variables


def test_the_next_version_is_after_the_largest(tmp_path):
    gan = trained(presets.mlp_gan())
    (tmp_path / "points" / "17").mkdir(parents=True)
    (tmp_path / "points" / "notes").mkdir()
    (tmp_path / "points" / "\u00b2").mkdir()
    assert gan.export(tmp_path / "points").name == "18"
    assert gan.export(tmp_path / "points", version=5).name == "5"
    assert gan.export(tmp_path / "points").name == "19"


# Bad input of an export.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"version": 1}, r"There is such a version already.*Received: version=1"),
        ({"version": 0}, r"`version` must be a positive integer"),
        ({"version": "2"}, r"`version` must be a positive integer"),
        ({"path": "points/3"}, r"give path='points' and version=3"),
        ({"path": "a_file"}, r"path must be a folder, or not exist"),
        ({"path": "it's mine"}, r"of letters, digits.*Received: path=\"it's mine\""),
        ({"version": 2**63}, r"`version` must be below 2\*\*63"),
        ({"format": "onxx"}, r"`format` must be one of"),
        ({"quantization": "float16"}, r"`quantization` is for the format 'litert'"),
        ({"path": "x.onnx", "version": 0}, r"has neither versions.*Received: version=0"),
        ({"path": "x.tflite", "truncation": True}, r"Received: truncation=True"),
        ({"format": "litert", "quantization": "int3"}, r"`quantization` must be one of"),
        ({"path": "a_file.onnx"}, r"There is such a file already"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "points" / "1").mkdir(parents=True)
    for name in ("a_file", "a_file.onnx"):
        (tmp_path / name).touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((ValueError, NotADirectoryError), match=message):
        trained(presets.mlp_gan()).export(**{"path": "points", **arguments})
    assert sorted(tmp_path.rglob("*")) == before


def test_an_untrained_gan_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Only a trained GAN is exported.*after 0 steps"):
        presets.mlp_gan().export(tmp_path / "points")


def test_a_discriminator_that_compares_a_batch_is_refused(tmp_path):
    networks = ganzoo.architectures.build(
        "dcgan", (8, 8, 1), latent_dim=4, width=2, minibatch_features="discrimination"
    )
    with pytest.raises(ValueError, match=r"the discriminator compares those of a batch.*True"):
        trained(ganzoo.GAN(*networks)).export(tmp_path / "x", discriminator=True)


@pytest.mark.parametrize("pixels", [("uint16",), ("float32", -80.0, 10_000.0)], ids=str)
def test_a_discriminator_that_compares_images_of_other_ranges_is_refused(pixels):
    vectors, images = keras.Input((3,)), keras.Input((4, 4, 1))
    generator = keras.Model(
        vectors, keras.layers.Reshape((4, 4, 1))(keras.layers.Dense(16)(vectors))
    )
    x = keras.layers.Flatten()(ganzoo.layers.MinibatchStdDev(None)(images))
    logits = keras.layers.Dense(1, kernel_initializer="ones")(x)
    gan = ganzoo.GAN(
        generator, keras.Model(images, logits), pixels=ganzoo.data.PixelFormat(*pixels)
    )
    with pytest.raises(ValueError, match=r"the discriminator compares those of a batch"):
        export_signatures.signatures(gan, discriminator=True)


def test_a_generator_that_compares_a_batch_is_refused(tmp_path):
    latents, vectors = keras.Input((3,)), keras.Input((2,))
    examples = keras.layers.Dense(2)(ganzoo.layers.MinibatchDiscrimination(4, 2)(latents))
    networks = keras.Model(latents, examples), keras.Model(vectors, keras.layers.Dense(1)(vectors))
    with pytest.raises(ValueError, match=r"the generator compares those of a batch"):
        trained(ganzoo.GAN(*networks)).export(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_parallel_exports_get_different_versions(tmp_path, monkeypatch):
    """Another export takes the number between the choice and the end."""
    gan = trained(presets.mlp_gan())
    write, first = warm_up.write, []

    def write_late(*arguments):
        if not first:
            first.append(True)
            first.append(gan.export(tmp_path / "points"))
        write(*arguments)

    monkeypatch.setattr(warm_up, "write", write_late)
    assert gan.export(tmp_path / "points").name == "2"
    assert first[1].name == "1"
    assert sorted(path.name for path in (tmp_path / "points").iterdir()) == ["1", "2"]


def test_images_of_many_channels_have_no_png(tmp_path):
    networks = ganzoo.architectures.build("dcgan", (8, 8, 6), latent_dim=4, width=2)
    gan = trained(ganzoo.GAN(*networks))
    model = tf.saved_model.load(str(gan.export(tmp_path / "spectral")))
    assert set(model.signatures) == {"serving_default", "sample"}
    images = model.signatures["sample"](seed=tf.range(2, dtype="int64"))["images"]
    np.testing.assert_array_equal(images, gan.sample(2, seed=0))


@pytest.mark.parametrize("shape", [(6, 2), (3, 4, 2, 1), (1,)])
def test_examples_of_any_rank_are_exported(shape):
    latents, inputs = keras.Input((4,)), keras.Input(shape)
    examples = keras.layers.Reshape(shape)(keras.layers.Dense(int(np.prod(shape)))(latents))
    logits = keras.layers.Dense(1)(keras.layers.Flatten()(inputs))
    gan = trained(ganzoo.GAN(keras.Model(latents, examples), keras.Model(inputs, logits)))
    built = export_signatures.signatures(gan, discriminator=True)
    assert set(built) == {"serving_default", "sample", "discriminate"}
    examples = built["sample"][0](tf.range(3, dtype="int64"))["examples"]
    np.testing.assert_allclose(examples, gan.sample(3), rtol=0, atol=1e-6)
    scores = built["discriminate"][0](examples)["score"]
    np.testing.assert_allclose(scores, gan.discriminator(examples)[:, 0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("channels", [2, 4])
def test_png_files_have_up_to_four_channels(channels):
    networks = ganzoo.architectures.build("dcgan", (8, 8, channels), latent_dim=4, width=2)
    gan = trained(ganzoo.GAN(*networks))
    sample_png, _ = export_signatures.signatures(gan)["sample_png"]
    files = sample_png(tf.range(2, dtype="int64"))["png_bytes"].numpy()
    images = [np.asarray(Image.open(io.BytesIO(file))) for file in files]
    np.testing.assert_array_equal(images, gan.sample(2, seed=0))
    check_png("sample_png", files, (8, 8, channels))


def test_names_of_classes_are_in_the_description():
    networks = ganzoo.architectures.build("dcgan", (8, 8, 1), latent_dim=4, width=2, num_classes=2)
    gan = trained(ganzoo.GAN(*networks, num_classes=2, class_names=["cat", "big dog"]))
    description = saved_model.describe(gan, "pets")
    assert description["class_names"] == ["cat", "big dog"]
    specs = {name: x[1] for name, x in export_signatures.signatures(gan).items()}
    text = readme.write("pets", 1, description, specs, {name: {} for name in specs})
    assert "The classes are 0 `cat`, 1 `big dog`." in text
    assert "class_names=['cat', 'big dog']).sample(16, seed=0, labels='big dog')" in text


def test_a_packed_discriminator_is_refused(tmp_path):
    networks = ganzoo.architectures.build("dcgan", (8, 8, 1), latent_dim=4, width=2, packing=2)
    with pytest.raises(ValueError, match=r"takes rows of several.*packing=2"):
        trained(ganzoo.GAN(*networks, packing=2)).export(tmp_path / "x", discriminator=True)


# Kills.

_EXPORTING = """
import sys
from support import presets
gan = presets.image_gan()
gan._step.assign(1)
print("ready", flush=True)
for _ in range(100):
    gan.export(sys.argv[1])
    print("done", flush=True)
"""


def _kill_exports(folder, kills):
    """Kills processes that export; returns how often only whole versions were left.

    Each has exported once before, so that there is a version to find.
    """
    rng, whole = np.random.default_rng(0), 0
    for _ in range(kills):
        process = subprocess.Popen(
            [sys.executable, "-c", _EXPORTING, str(folder)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{TESTS}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout.readline() == "ready\n"
        assert process.stdout.readline() == "done\n"
        before = set(_versions(folder))
        time.sleep(rng.uniform(0.0, 4.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        new = set(_versions(folder)) - before
        whole += all(_is_whole(version) for version in new)
    return whole


def _versions(folder):
    return [path for path in folder.glob("*") if path.name.isdigit()]


def _is_whole(version):
    names = {str(path.relative_to(version)) for path in version.rglob("*") if path.is_file()}
    model = tf.saved_model.load(str(version))
    images = model.signatures["sample"](seed=tf.constant([0], "int64"))["images"]
    return images.shape == (1, 8, 8, 3) and {"README.md", warm_up.PATH} <= names


@pytest.mark.slow
def test_kills_leave_complete_versions_or_nothing(tmp_path):
    assert _kill_exports(tmp_path / "tiny", 2) == 2


@pytest.mark.slow
def test_many_kills_leave_complete_versions_or_nothing(tmp_path):
    assert _kill_exports(tmp_path / "tiny", 20) == 20
    assert len(_versions(tmp_path / "tiny")) >= 20


def test_a_failed_export_leaves_nothing(tmp_path, monkeypatch):
    def fail(*args):
        raise OSError("No space left on device")

    monkeypatch.setattr(warm_up, "write", fail)
    with pytest.raises(OSError, match=r"No space left"):
        trained(presets.mlp_gan()).export(tmp_path / "points")
    assert list((tmp_path / "points").iterdir()) == []


@pytest.mark.parametrize("kind", ["latents", pytest.param("styles", marks=pytest.mark.slow)])
def test_edit_moves_the_latents_or_the_styles(kind):
    architecture, options = ("dcgan", {}) if kind == "latents" else ("stylegan2", {"width": 2})
    gan = trained_like.gan(architecture, **options)
    found = gan.directions("sefa", k=3)
    assert found.space == kind
    edit, specs = export_signatures.signatures(gan, directions=found)["edit"]
    assert [spec.name for spec in specs] == ["seed", "direction", "amount"]
    images = edit(
        tf.constant([3, 4], "int64"), tf.constant([2, 0], "int64"), tf.constant([2.0, -1.0])
    )
    amounts = [[0.0, 0.0, 2.0], [-1.0, 0.0, 0.0]]
    expected = gan.edit(gan.latents_of([3, 4]), found, np.array(amounts))
    difference = images["images"].numpy().astype(int) - expected.astype(int)
    assert np.abs(difference).max() <= 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="must be a direction from 0 to 2"):
        edit(tf.constant([3], "int64"), tf.constant([3], "int64"), tf.constant([0.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="`amount` must be finite"):
        edit(tf.constant([3], "int64"), tf.constant([0], "int64"), tf.constant([np.nan]))
