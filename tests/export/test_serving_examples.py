"""The files of examples/serving, and the code of docs/serving.md against a server."""

import base64
import importlib.util
import inspect
import io
import json
import re
import urllib.request

import numpy as np
import pytest
import yaml
from google.protobuf import text_format
from PIL import Image
from tensorflow_serving.config import model_server_config_pb2

import ganzoo
from ganzoo.export.client import Client
from ganzoo.export.serving_config import main, model_config
from support import presets
from support.gans import tiny
from support.processes import ROOT
from support.serving import Server

EXAMPLES = ROOT / "examples/serving"
PAGES = (ROOT / "docs/serving.md", EXAMPLES / "README.md")
MODEL = "dcgan_mnist"


def parse(text):
    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse(text, config)
    return config.model_config_list.config


@pytest.fixture
def exported(tmp_path):
    """A folder that looks like one of exports."""
    for version in ("shapes/1", "shapes/2", "shapes/10", "digits/1", ".partial/1", "digits/notes"):
        (tmp_path / version).mkdir(parents=True)
        (tmp_path / version / "saved_model.pb").touch()
    (tmp_path / "unfinished/1").mkdir(parents=True)
    return tmp_path


def test_the_config_lists_every_model(exported):
    digits, shapes = parse(model_config(exported, base_path="/served"))
    assert (digits.name, digits.base_path) == ("digits", "/served/digits")
    assert (shapes.name, shapes.base_path) == ("shapes", "/served/shapes")
    assert shapes.model_platform == "tensorflow"
    assert not shapes.HasField("model_version_policy")  # The server's own: the newest.


def test_models_are_pinned_to_versions(exported, capsys):
    main([str(exported), "--pin=shapes=1", "--pin=shapes=10"])
    digits, shapes = parse(capsys.readouterr().out)
    assert list(shapes.model_version_policy.specific.versions) == [1, 10]
    assert not digits.HasField("model_version_policy")


@pytest.mark.parametrize(
    ("arguments", "message"),
    (
        (["--pin=shapes=3"], r"'shapes' at \[3\]"),
        (["--pin=absent=1"], r"'absent' at \[1\]"),
        (["--pin=shapes"], r"NAME=VERSION.*'shapes'"),
    ),
)
def test_wrong_pins_are_refused(exported, capsys, arguments, message):
    with pytest.raises(SystemExit):
        main([str(exported), *arguments])
    assert re.search(message, capsys.readouterr().err)


def test_the_committed_config_matches_the_folder(tmp_path):
    main([str(ROOT / "saved_models"), f"--output={tmp_path / 'models.config'}"])
    committed = (EXAMPLES / "models.config").read_text()
    assert (tmp_path / "models.config").read_text() == committed
    assert [path.name for path in tmp_path.iterdir()] == ["models.config"]


def test_the_batching_parameters_fit_the_client():
    text = re.sub(r"#.*", "", (EXAMPLES / "batching_parameters.txt").read_text())
    values = {name: int(value) for name, value in re.findall(r"(\w+) \{ value: (\d+) \}", text)}
    sizes = [int(size) for size in re.findall(r"allowed_batch_sizes: (\d+)", text)]
    assert values.keys() == {
        "max_batch_size",
        "batch_timeout_micros",
        "num_batch_threads",
        "max_enqueued_batches",
    }
    default = inspect.signature(Client).parameters["batch_size"].default
    assert default <= values["max_batch_size"] == sizes[-1]  # As TF Serving demands of the last.
    assert sizes == sorted(sizes)


def test_the_compose_file_mounts_what_the_server_reads():
    compose = yaml.safe_load((EXAMPLES / "docker-compose.yml").read_text())
    (service,) = compose["services"].values()
    assert re.fullmatch(r"tensorflow/serving:\d+\.\d+\.\d+", service["image"])
    assert {port.split(":")[-1] for port in service["ports"]} == {"8500", "8501"}
    folders = {}
    for volume in service["volumes"]:
        source, target, mode = volume.split(":")
        assert mode == "ro"
        folders[target] = (EXAMPLES / source).resolve()
    assert folders["/models"] == ROOT / "saved_models"  # The default of `model_config`.
    flags = dict(argument.removeprefix("--").split("=") for argument in service["command"])
    for flag in ("model_config_file", "batching_parameters_file"):
        folder, name = flags[flag].rsplit("/", 1)
        assert (folders[folder] / name).is_file()


@pytest.fixture(scope="module")
def gans():
    gans = {MODEL: tiny.gan(num_classes=10), "plain": presets.virtual_batch_gan()}
    for gan in gans.values():
        gan._step.assign(1)
    return gans


@pytest.fixture(scope="module")
def served(gans, tmp_path_factory):
    """The folder of a server's models, and the server."""
    folder = tmp_path_factory.mktemp("served")
    for name, gan in gans.items():
        gan.export(folder / "saved_models" / name)
    with Server(folder / "saved_models") as server:
        yield server


@pytest.mark.parametrize("protocol", ("rest", "grpc"))
def test_the_example_draws_a_grid(served, gans, tmp_path, protocol):
    spec = importlib.util.spec_from_file_location("draw_grid", EXAMPLES / "draw_grid.py")
    draw_grid = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(draw_grid)
    server = [f"--protocol={protocol}", f"--address={getattr(served, protocol)}"]
    path = tmp_path / "grid.png"
    draw_grid.main([MODEL, "--num-classes=10", "--n=20", *server, f"--output={path}"])
    labels, columns = ganzoo.drawing.class_rows(20, 10)
    expected = ganzoo.drawing.picture(gans[MODEL].sample(20, labels=labels), columns)
    np.testing.assert_array_equal(np.asarray(Image.open(path))[..., None], expected)
    draw_grid.main(["plain", "--n=4", "--seed=3", *server, f"--output={path}"])
    expected = ganzoo.drawing.picture(gans["plain"].sample(4, seed=3))
    np.testing.assert_array_equal(np.asarray(Image.open(path))[..., None], expected)


def test_the_python_of_the_page_runs(served, gans, tmp_path, monkeypatch):
    # The page's model is a published one; here it is the one that the server has.
    monkeypatch.setattr(ganzoo.GAN, "from_preset", lambda name: gans[name])
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```py\n(.*?)```", PAGES[0].read_text(), re.DOTALL)
    images, names = [], {}
    for block in blocks:
        block = block.replace("localhost:8501", served.rest).replace("localhost:8500", served.grpc)
        exec(block, names)
        images.append(names.get("images"))
    _, alone, by_grpc, by_client = images
    np.testing.assert_array_equal(alone, gans[MODEL].sample(16, labels=7))
    np.testing.assert_array_equal(by_grpc, gans[MODEL].sample(2, seed=3, labels=7))
    np.testing.assert_array_equal(by_client, gans[MODEL].sample(100))
    np.testing.assert_array_equal(names["sevens"], gans[MODEL].sample(16, labels=7))
    assert len(names["files"]) == 16


def test_the_requests_of_the_pages_are_answered(served, gans):
    requests = [
        (json.loads(body), path)
        for page in PAGES
        for body, path in re.findall(
            r"curl .*?-d '(.*?)' \\\n\s+http://localhost:8501(\S+)", page.read_text()
        )
    ]
    assert [request["signature_name"] for request, _ in requests] == [
        "sample",
        "sample_png",
        "sample_png",
    ]
    for request, path in requests:
        url = f"http://{served.rest}{path}"
        with urllib.request.urlopen(url, json.dumps(request).encode()) as answer:
            predictions = json.load(answer)["predictions"]
        expected = gans[MODEL].sample(len(predictions), seed=3, labels=7)
        if request["signature_name"] == "sample_png":
            predictions = [
                np.asarray(Image.open(io.BytesIO(base64.b64decode(prediction["b64"]))))[..., None]
                for prediction in predictions
            ]
        np.testing.assert_array_equal(predictions, expected)
