import io
import json
import re
import socket
import urllib.error
import urllib.request

import numpy as np
import pytest
from PIL import Image

from ganzoo.export.client import Client, ServingError, Tensor
from support import presets
from support.gans import linear, tiny
from support.processes import run_python
from support.serving import Server

PROTOCOLS = ("rest", "grpc")


@pytest.fixture(scope="module")
def gans():
    """The GANs that are served, by name."""
    gans = {
        "plain": presets.virtual_batch_gan(),
        "conditional": tiny.gan(num_classes=tiny.NUM_CLASSES),
        "vectors": linear.gan(),
        "semi_supervised": presets.semi_supervised_gan("small"),
    }
    for gan in gans.values():
        gan._step.assign(1)
    return gans


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("saved_models")


@pytest.fixture(scope="module")
def server(gans, folder):
    gans["plain"].export(folder / "plain", version=2)
    gans["conditional"].export(
        folder / "conditional",
        truncation=True,
        discriminator=True,
        directions=gans["conditional"].directions("sefa", k=3),
    )
    gans["vectors"].export(folder / "vectors")
    gans["vectors"].inference_generator.layers[-1].bias.assign([5.0, 5.0])
    gans["vectors"].export(folder / "vectors")
    gans["semi_supervised"].export(folder / "semi_supervised", discriminator=True)
    with Server(folder, labels={"stable": 1}) as server:
        yield server


@pytest.fixture(params=PROTOCOLS)
def connect(server, request):
    """Returns clients of the server by one of the protocols."""

    def connect(model, **arguments):
        address = getattr(server, request.param)
        return Client(address, model, protocol=request.param, **arguments)

    return connect


def test_signatures_have_dtypes_and_shapes(connect):
    signatures = connect("conditional").signatures()
    assert list(signatures) == ["discriminate", "edit", "sample", "sample_png", "serving_default"]
    assert signatures["sample"].inputs == {
        "seed": Tensor("int64", (None,)),
        "label": Tensor("int64", (None,)),
        "truncation": Tensor("float32", (None,)),
    }
    assert signatures["sample"].outputs == {"images": Tensor("uint8", (None, 16, 16, 1))}
    assert signatures["sample_png"].outputs == {"png_bytes": Tensor("string", (None,))}
    assert signatures["serving_default"].inputs["latents"] == Tensor("float32", (None, 8))
    assert "discriminate" not in connect("plain").signatures()


def test_samples_are_moved_along_directions(connect, gans):
    gan, client = gans["conditional"], connect("conditional", num_classes=tiny.NUM_CLASSES)
    found = gan.directions("sefa", k=3)
    images = client.edit(3, direction=[0, 1, 2], amount=[2.0, -1.5, 3.0], seed=4, truncation=0.9)
    labels = np.arange(4, 7) % tiny.NUM_CLASSES
    expected = gan.edit(
        gan.latents_of([4, 5, 6]), found, np.diag([2.0, -1.5, 3.0]), labels, truncation=0.9
    )
    assert np.abs(images.astype(int) - expected.astype(int)).max() <= 1
    assert (images != client.sample(3, seed=4, truncation=0.9)).any()
    named = connect(
        "conditional", num_classes=tiny.NUM_CLASSES, direction_names=["a", "b", "c"], batch_size=2
    )
    same = named.edit(3, ["a", "b", "c"], [2.0, -1.5, 3.0], seed=[4, 5, 6], truncation=0.9)
    np.testing.assert_array_equal(same, images)
    with pytest.raises(ValueError, match=r"`direction_names`: 'a', 'b', 'c'. Received: 'd'"):
        named.edit(1, "d", 1.0)
    with pytest.raises(ValueError, match="'direction' must be from 0 to 2"):
        named.edit(1, 3, 1.0)
    with pytest.raises(ValueError, match="`seed` must be one seed or 3 seeds"):
        named.edit(3, "a", 1.0, seed=[4, 5])
    with pytest.raises(ServingError, match="must be a direction from 0 to 2"):
        client.edit(1, direction=3, amount=1.0)
    with pytest.raises(ValueError, match="'direction' must be at least 0"):
        client.edit(1, direction=-1, amount=1.0)
    with pytest.raises(ValueError, match=r"no signature 'edit'; export it with `directions`"):
        connect("plain").edit(1, direction=0, amount=1.0)


def test_the_readme_moves_a_sample(server, gans, folder):
    text = (folder / "conditional/1/README.md").read_text()
    assert "The directions are 0 `0`, 1 `1`, 2 `2`." in text
    code = re.search(r"A sample that moves.*?```python\n(.*?)```", text, re.DOTALL)[1]
    variables = {"Client": Client}
    exec(code.replace("localhost:8501", server.rest), variables)
    gan = gans["conditional"]
    latents, amounts = gan.latents_of([7, 7, 7]), {0: [-3.0, 0.0, 3.0]}
    expected = gan.edit(latents, gan.directions("sefa", k=3), amounts, labels=0)
    assert np.abs(variables["moved"].astype(int) - expected.astype(int)).max() <= 1


def test_versions_are_listed_and_chosen(connect):
    assert connect("vectors").versions() == {1: "AVAILABLE", 2: "AVAILABLE"}
    latents = np.zeros((1, linear.LATENT_DIM))
    first, stable, newest = (
        connect("vectors", version=version).generate(latents) for version in (1, "stable", None)
    )
    np.testing.assert_array_equal(newest, [[5.0, 5.0]])
    np.testing.assert_array_equal(stable, first)
    assert np.all(first != newest)


def test_labels_may_be_names(server, gans):
    client = Client(server.rest, "conditional", class_names=["cat", "dog", "fox"])
    expected = gans["conditional"].sample(2, labels=[2, 0])
    np.testing.assert_array_equal(client.sample(2, labels=["fox", "cat"]), expected)
    np.testing.assert_array_equal(client.sample(1, labels="fox"), expected[:1])
    np.testing.assert_array_equal(client.sample(4, seed=7), gans["conditional"].sample(4, seed=7))
    with pytest.raises(ValueError, match=r"'cat', 'dog', 'fox'. Received: 'bird'"):
        client.sample(2, labels=["bird", "cat"])
    with pytest.raises(ValueError, match=r"it has none. Received: 'cat'"):
        Client(server.rest, "conditional").sample(1, labels="cat")


@pytest.mark.parametrize("seed", (3, 2**64 - 2))
def test_samples_are_the_samples_of_the_gan(connect, gans, server, seed):
    server.batch_sizes.clear()
    samples = connect("plain", batch_size=2).sample(5, seed=seed)
    assert samples.dtype == np.uint8
    np.testing.assert_array_equal(samples, gans["plain"].sample(5, seed=seed))
    assert server.batch_sizes == [2, 2, 1]


def test_conditional_samples_are_the_samples_of_the_gan(connect, gans):
    gan, client = gans["conditional"], connect("conditional")
    labels = [2, 0, 1, 1]
    np.testing.assert_array_equal(client.sample(4, 1, labels), gan.sample(4, 1, labels))
    np.testing.assert_array_equal(client.sample(4, 1, 2), gan.sample(4, 1, 2))
    told = connect("conditional", num_classes=tiny.NUM_CLASSES)
    np.testing.assert_array_equal(told.sample(4, seed=7), gan.sample(4, seed=7))
    halved = client.sample(4, 1, labels, truncation=0.5)
    np.testing.assert_array_equal(halved, gan.sample(4, 1, labels, truncation=0.5))
    each = client.sample(4, 1, labels, truncation=[-1.0, 0.5, 0.5, 3.0])
    np.testing.assert_array_equal(each[1:3], halved[1:3])
    np.testing.assert_array_equal(each[0], gan.sample(4, 1, labels)[0])
    assert np.any(halved != client.sample(4, 1, labels))


def test_vectors_are_sampled_too(connect, gans):
    samples = connect("vectors").sample(3, seed=1)
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, gans["vectors"].sample(3, seed=1), rtol=1e-6)


def test_png_files_hold_the_samples(connect, gans):
    files = connect("conditional", batch_size=2).sample_png(3, seed=5, labels=0)
    images = [np.asarray(Image.open(io.BytesIO(file)))[..., None] for file in files]
    np.testing.assert_array_equal(images, gans["conditional"].sample(3, seed=5, labels=0))


def test_latents_become_float_images(connect, gans):
    latents = np.random.default_rng(0).standard_normal((3, tiny.LATENT_DIM))
    images = connect("conditional").generate(latents, labels=[0, 1, 2])
    assert images.dtype == np.float32
    gan = gans["conditional"]
    expected = gan([latents.astype("float32"), np.array([0, 1, 2])])
    np.testing.assert_allclose(images, expected, atol=1e-6)


def test_grpc_takes_answers_above_its_default_of_4_mb(server):
    client = Client(server.grpc, "plain", protocol="grpc", batch_size=20_000)
    images = client.generate(np.zeros((17_000, 4)))
    assert images.nbytes > 4 * 2**20
    np.testing.assert_allclose(images[-1], client.generate(np.zeros((1, 4)))[0], atol=1e-6)


def test_the_discriminator_scores_images(connect, gans):
    images, labels = tiny.images(3), np.array([2, 0, 1])
    scores = connect("conditional").discriminate(images, labels)
    inputs = [images.astype("float32") / 127.5 - 1.0, labels]
    np.testing.assert_allclose(
        scores, gans["conditional"].discriminator(inputs)[:, 0], rtol=1e-5, atol=1e-6
    )


def test_a_semi_supervised_discriminator_gives_probabilities_too(connect):
    outputs = connect("semi_supervised", batch_size=2).discriminate(tiny.images(3, (8, 8, 1)))
    assert outputs["score"].shape == (3,)
    np.testing.assert_allclose(outputs["class_probabilities"].sum(axis=1), np.ones(3), rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    (
        (lambda c: c.sample(4), r"takes 'label' in `sample`.*num_classes.*Received: seed"),
        (lambda c: c.sample(4, labels=[0, 1]), r"'label' must be int64 of shape \(4,\)"),
        (lambda c: c.sample(1, labels=0.5), r"'label' must be int64.*Received: float64"),
        (lambda c: c.sample(1, labels=-1), r"'label' must be at least 0. Received: \[-1\]"),
        (
            lambda c: c.sample(1, labels=0, truncation=-0.5),
            r"'truncation' must be at least 0.*-0.5",
        ),
        (lambda c: c.sample(0, labels=0), r"`n` must be a positive integer"),
        (lambda c: c.sample(1, seed=-1, labels=0), r"`seed` must be"),
        (lambda c: c.generate(np.zeros((2, 7)), 0), r"float32 of shape \(2, 8\).*\(2, 7\)"),
        (lambda c: c.generate(np.full((2, 8), np.nan), 0), r"'latents' must be finite"),
        (
            lambda c: c.generate(np.full((2, 8), 1e300), 0),
            r"finite in float32.*from 1e\+300",
        ),
        (
            lambda c: c.sample(1, labels=np.array([2**63 + 1], "uint64")),
            r"'label' must be in the range of int64. Received: uint64 from 9223372036854775809",
        ),
        (
            lambda c: c.discriminate(np.full((1, 16, 16, 1), 300, "uint16"), 0),
            r"range of uint8. Received: uint16 from 300 to 300",
        ),
        (lambda c: c.generate(np.zeros((0, 8)), 0), r"at least one row"),
        (lambda c: c.discriminate(np.zeros((1, 16, 16, 1)), 0), r"uint8.*Received: float64"),
        (lambda c: c.discriminate(tiny.images(1, (8, 8, 1)), 0), r"\(1, 16, 16, 1\)"),
    ),
)
def test_inputs_that_do_not_fit_the_model_are_not_sent(connect, server, call, message):
    server.batch_sizes.clear()
    with pytest.raises(ValueError, match=message):
        call(connect("conditional"))
    assert not server.batch_sizes


def test_a_missing_signature_or_input_is_named(connect):
    with pytest.raises(ValueError, match=r"takes no 'label'"):
        connect("plain").sample(1, labels=0)
    with pytest.raises(ValueError, match=r"takes no 'truncation'.*`truncation=True`"):
        connect("plain").sample(1, truncation=0.5)
    with pytest.raises(ValueError, match=r"no signature 'discriminate'.*`discriminator=True`"):
        connect("plain").discriminate(tiny.images(1))
    with pytest.raises(ValueError, match=r"no signature 'sample_png'.*sample, serving_default"):
        connect("vectors").sample_png(1)
    with pytest.raises(ValueError, match=r"'label' must be from 0 to 2. Received: \[3\]"):
        connect("conditional", num_classes=3).generate(np.zeros((1, 8)), labels=3)


def test_a_refusal_of_the_server_names_the_inputs(connect):
    with pytest.raises(ServingError) as caught:
        connect("conditional").sample(2, labels=[0, 3])
    assert caught.value.code == "INVALID_ARGUMENT"
    assert "`label` must be a class from 0 to 2. Received:] [0 3]" in str(caught.value)
    assert "Sent to `sample` of 'conditional'" in str(caught.value)
    assert "label, int64 of shape (2,) from 0 to 3" in str(caught.value)


def test_unknown_models_and_versions_are_errors(connect):
    with pytest.raises(ServingError, match=r"Servable not found.*Latest\(absent\)") as caught:
        connect("absent").sample(1)
    assert caught.value.code == "NOT_FOUND"
    with pytest.raises(ServingError, match=r"absent"):
        connect("absent").versions()
    with pytest.raises(ServingError, match=r"Specific\(plain, 1\)"):
        connect("plain", version=1).signatures()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_missing_server_is_named(protocol):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # It does not listen.
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConnectionError, match=rf"No server is available at .*{address}"):
            Client(address, "plain", protocol=protocol).sample(1)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_silent_server_is_given_up(protocol):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TimeoutError, match=rf"{address} gave no answer in 0.3 seconds"):
            Client(address, "plain", protocol=protocol, timeout=0.3).sample(1)


def test_another_service_is_recognized(server):
    with pytest.raises(ServingError, match=r"does not speak TF Serving's REST.*8501"):
        Client(server.grpc, "plain").signatures()
    with pytest.raises(ServingError, match=r"Malformed request"):
        Client(f"http://{server.rest}/elsewhere", "plain").signatures()


@pytest.mark.parametrize(
    ("arguments", "message"),
    (
        ({"protocol": "http"}, r"`protocol` must be one of 'rest', 'grpc'"),
        ({"version": 0}, r"`version` must be a positive integer"),
        ({"timeout": 0}, r"`timeout` must be"),
        ({"batch_size": 0}, r"`batch_size` must be"),
        ({"num_classes": 0}, r"`num_classes` must be"),
        ({"protocol": "grpc", "address": "http://host"}, r"HOST:PORT"),
    ),
)
def test_wrong_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Client(**{"address": "localhost", "model": "plain", **arguments})


def test_columns_are_answered_by_columns(server, gans):
    # The client writes rows, which the other tests cover.
    answer = _post(server, "plain", {"signature_name": "sample", "inputs": [4, 5]})
    np.testing.assert_array_equal(answer["outputs"], gans["plain"].sample(2, seed=4))
    inputs = {"seed": [4], "label": [1], "truncation": [1.0]}
    answer = _post(server, "conditional", {"signature_name": "sample_png", "inputs": inputs})
    assert answer["outputs"][0]["b64"].startswith("iVBORw0KGgo")  # PNG's first bytes.


@pytest.mark.parametrize(
    ("model", "request_", "status", "message"),
    (
        ("absent", {"instances": [1]}, 404, r"Servable not found"),
        ("plain", {"signature_name": "absent", "instances": [1]}, 400, r"not found in signature"),
        ("plain", {"signature_name": "sample", "instances": [0.5]}, 400, r"expected type: int64"),
        ("plain", {"instances": [[0.0] * 7]}, 400, r"shape \(None, 4\).*\(1, 7\)"),
        (
            "conditional",
            {"signature_name": "sample", "instances": [{"seed": 1}]},
            400,
            r"keys must",
        ),
        ("conditional", {"signature_name": "sample", "inputs": {"seed": [1]}}, 400, r"Missing"),
    ),
)
def test_the_test_server_refuses_what_tf_serving_does(server, model, request_, status, message):
    with pytest.raises(urllib.error.HTTPError) as caught:
        _post(server, model, request_)
    assert caught.value.code == status
    assert re.search(message, json.load(caught.value)["error"])


def _post(server, model, request):
    url = f"http://{server.rest}/v1/models/{model}:predict"
    with urllib.request.urlopen(url, json.dumps(request).encode()) as answer:
        return json.load(answer)


def test_rest_needs_no_tensorflow_and_grpc_names_its_extra(server, gans):
    code = f"""
from ganzoo.export.client import Client
print(Client({server.rest!r}, "plain").sample(2, seed=3).sum())
try:
    Client({server.grpc!r}, "plain", protocol="grpc")
except ImportError as error:
    print(error)
"""
    total, error = run_python(code, backend="jax", without_tensorflow=True).strip().splitlines()
    assert int(total) == gans["plain"].sample(2, seed=3).sum()
    assert "pip install 'ganzoo[serving]'" in error
