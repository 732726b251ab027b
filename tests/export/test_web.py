"""A page that runs in the browser alone: its files, its numbers, and the page in Chromium."""

import contextlib
import functools
import http.server
import json
import math
import os
import pathlib
import shutil
import subprocess
import threading

import numpy as np
import onnxruntime
import pytest
import trained_like
from keras import ops

import ganzoo
from ganzoo.export import web_runtime
from ganzoo.generation.pages import condition_controls
from ganzoo.random import latents_from_seeds, split_seeds, threefry2x32, truncate_latents
from support import browser

PAGE = pathlib.Path(ganzoo.__file__).parent / "export/web_page"
SEEDS = [0, 1, 17, 2**32 + 5, 2**64 - 1]
# Where onnxruntime-web is: the folder or the .tgz file of the npm package.
RUNTIME = "ONNXRUNTIME_WEB"


# The first condition is 0 or 1, and the last one always the same.
EXAMPLES = np.array([[0, -1.5, 0.5], [1, 2.0, 0.5]], "float32")


@pytest.fixture(scope="module")
def conditioned():
    networks = ganzoo.architectures.build("dcgan", (8, 8, 3), 6, 4, condition_dim=3)
    return trained_like.as_trained(ganzoo.GAN(*networks))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A conditional GAN, and the folder of its page without a runtime of its own."""
    gan = trained_like.gan("dcgan", num_classes=3)
    return gan, gan.export(tmp_path_factory.mktemp("web") / "tiny", format="web")


@pytest.mark.process
def test_the_page_draws_the_latents_of_ganzoo():
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs the program node")
    code = f"""
        import {{ threefry2x32, latentsOf }} from "{(PAGE / "random.js").as_uri()}";
        const seeds = {json.dumps(list(map(str, SEEDS)))}.map(BigInt);
        const of = (n, d) => seeds.map((seed) => [...latentsOf(seed, n, d)]);
        console.log(JSON.stringify([
          threefry2x32([0, 0], [0, 0]), threefry2x32([0xffffffff, 7], [3, 0x80000000]),
          of(5, "normal"), of(8, "uniform"),
        ]));
    """
    done = subprocess.run(
        [node, "--input-type=module", "-e", code], capture_output=True, text=True, check=True
    )
    zero, words, normal, uniform = json.loads(done.stdout)
    assert zero == [0x6B200159, 0x99BA4EFE]
    key, counter = ops.array([[0xFFFFFFFF, 7], [3, 0x80000000]], "uint32")
    expected = threefry2x32((key[0], key[1]), (counter[0], counter[1]))
    assert words == [int(word) for word in expected]
    seeds = split_seeds(np.array(SEEDS, "uint64"))
    np.testing.assert_allclose(normal, latents_from_seeds(seeds, 5, "normal"), atol=2e-6)
    np.testing.assert_allclose(uniform, latents_from_seeds(seeds, 8, "uniform"), atol=1e-7)


@pytest.mark.process
def test_the_page_truncates_latents_as_ganzoo_does():
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs the program node")
    latents = [-5.5, -3.2, -1.0, -1e-4, 0.0, 0.3, 1.0, 2.5, 4.0, 6.0]
    bounds = [0.05, 0.5, 1.0, 2.0, 3.0]
    code = f"""
        import {{ truncated, erfc }} from "{(PAGE / "truncation.js").as_uri()}";
        const all = (distribution) => {bounds}.map((t) =>
          {latents}.map((z) => truncated(z, t, distribution)));
        console.log(JSON.stringify([
          all("normal"), all("uniform"), [0, 0.5, 2.9, 3, 3.1, 6].map(erfc),
        ]));
    """
    done = subprocess.run(
        [node, "--input-type=module", "-e", code], capture_output=True, text=True, check=True
    )
    normal, uniform, errors = json.loads(done.stdout)
    np.testing.assert_allclose(errors, [math.erfc(x) for x in (0, 0.5, 2.9, 3, 3.1, 6)], rtol=1e-8)
    z = ops.array([latents], "float32")
    for bound, found, scaled in zip(bounds, normal, uniform, strict=True):
        expected = truncate_latents(z, bound, "normal")[0]
        np.testing.assert_allclose(found, expected, atol=3e-6)
        np.testing.assert_allclose(scaled, truncate_latents(z, bound, "uniform")[0], atol=1e-6)


def test_the_folder_holds_the_page_and_the_generator(exported):
    gan, folder = exported
    model = json.loads((folder / "model.json").read_text())
    assert {path.name for path in folder.iterdir()} == {
        *("model.json", "generator.onnx"),
        *(path.name for path in PAGE.iterdir()),
    }
    assert model["weights"] == "float16" and model["num_classes"] == 3
    script = model["runtime"]["script"]
    assert script["path"].startswith(
        f"https://cdn.jsdelivr.net/npm/onnxruntime-web@{web_runtime.VERSION}/"
    )
    assert script["integrity"].startswith("sha384-")
    directions = gan.directions("sefa", k=6)
    np.testing.assert_allclose(model["directions"]["vectors"], directions.vectors, rtol=1e-6)
    session = onnxruntime.InferenceSession(folder / "generator.onnx")
    latents = gan.latents_of(range(32))
    (images,) = session.run(None, {"latents": latents, "label": np.arange(32) % 3})
    pixels = np.round(np.clip((images + 1) * 127.5, 0, 255))
    assert np.abs(pixels - gan.sample(32)).max() <= 1


def test_weights_stay_in_32_bits_where_16_would_be_seen(tmp_path, monkeypatch):
    from ganzoo.export import web

    monkeypatch.setattr(web, "_MOST_GRAY_LEVELS", 0.0)
    folder = trained_like.gan("dcgan").export(tmp_path / "page", format="web")
    assert json.loads((folder / "model.json").read_text())["weights"] == "float32"


def test_styles_are_truncated_and_moved_by_inputs(tmp_path):
    gan = trained_like.gan("stylegan2", mapping_layers=2)
    folder = gan.export(tmp_path / "page", format="web", directions=False)
    model = json.loads((folder / "model.json").read_text())
    assert model["directions"] is None and model["most_truncation"] == 1.0
    session = onnxruntime.InferenceSession(folder / "generator.onnx")
    inputs = {
        "latents": gan.latents_of(range(4)),
        "truncation": np.full((4, 1), 0.3, "float32"),
        "style_offsets": np.zeros((4, *model["styles_shape"]), "float32"),
    }
    (images,) = session.run(None, inputs)
    pixels = np.round(np.clip((images + 1) * 127.5, 0, 255))
    assert np.abs(pixels - gan.sample(4, truncation=0.3)).max() <= 1
    assert np.abs(pixels - gan.sample(4)).max() > 1


def test_conditions_have_controls(conditioned, tmp_path):
    folder = conditioned.export(tmp_path / "page", format="web", conditions=EXAMPLES)
    model = json.loads((folder / "model.json").read_text())
    assert model["conditions"]["kinds"] == ["switch", "slider", "number"]
    assert model["conditions"]["ranges"][1] == [-1.5, 2.0]
    assert model["conditions"]["names"] == ["Condition 0", "Condition 1", "Condition 2"]
    session = onnxruntime.InferenceSession(folder / "generator.onnx")
    conditions = np.tile(EXAMPLES[1], (4, 1))
    (images,) = session.run(
        None, {"latents": conditioned.latents_of(range(4)), "conditions": conditions}
    )
    pixels = np.round(np.clip((images + 1) * 127.5, 0, 255))
    assert np.abs(pixels - conditioned.sample(4, conditions=EXAMPLES[1])).max() <= 1
    plain = conditioned.export(tmp_path / "plain", format="web")
    model = json.loads((plain / "model.json").read_text())
    assert model["conditions"]["kinds"] == ["number"] * 3
    assert model["conditions"]["examples"] == [[0.0] * 3]
    with pytest.raises(ValueError, match=r"must have the shape \(count, 3\).*Received"):
        conditioned.export(tmp_path / "wrong", format="web", conditions=np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"at most 256 vectors of conditions. Received"):
        conditioned.export(tmp_path / "wrong", format="web", conditions=np.ones((257, 3)))
    with pytest.raises(ValueError, match=r"takes no vectors of conditions.*Received"):
        trained_like.gan("dcgan").export(tmp_path / "wrong", format="web", conditions=EXAMPLES)
    with pytest.raises(ValueError, match=r"`conditions` are for the format 'web'.*Received"):
        conditioned.export(tmp_path / "wrong", conditions=EXAMPLES)
    assert not (tmp_path / "wrong").exists()


def test_many_conditions_are_chosen_from_examples():
    networks = ganzoo.architectures.build("dcgan", (8, 8, 1), 2, 2, condition_dim=40)
    gan = ganzoo.GAN(*networks)
    with pytest.raises(ValueError, match=r"at most 32 conditions: give vectors.*condition_dim=40"):
        condition_controls(gan)
    controls = condition_controls(gan, np.eye(40)[:5])
    assert controls.names == () and controls.examples.shape == (5, 40)


def test_a_local_runtime_is_copied(tmp_path):
    source = tmp_path / "package"
    (source / "dist").mkdir(parents=True)
    (source / "dist" / "ort.wasm.min.mjs").write_text("script")
    with pytest.raises(ValueError, match=r"without ort-wasm-simd-threaded\.mjs, ort-wasm-simd"):
        web_runtime.read_runtime(source)
    for name in web_runtime.FILES.values():
        (source / "dist" / name).write_text(name)
    (tmp_path / "page").mkdir()
    files = web_runtime.write_runtime(tmp_path / "page", source)
    assert files["binary"] == {
        "path": "runtime/ort-wasm-simd-threaded.wasm",
        "integrity": None,
    }
    assert (tmp_path / "page/runtime/ort.wasm.min.mjs").read_text() == "ort.wasm.min.mjs"
    (tmp_path / "file").write_text("no package")
    with pytest.raises(ValueError, match=r"must be a folder or the \.tgz file of the npm package"):
        web_runtime.read_runtime(tmp_path / "file")


def test_what_a_page_cannot_show_is_refused(exported, tmp_path):
    gan, folder = exported
    with pytest.raises(ValueError, match="There is such a folder already"):
        gan.export(folder, format="web")
    with pytest.raises(ValueError, match="`runtime` is for the format 'web'"):
        gan.export(tmp_path / "model", runtime=tmp_path)
    with pytest.raises(ValueError, match="`directions` are for the formats"):
        gan.export(tmp_path / "a.onnx", directions=gan.directions("sefa", k=2))
    with pytest.raises(ValueError, match="were found with another generator"):
        other = trained_like.gan("dcgan").directions("sefa", k=2)
        gan.export(tmp_path / "page", format="web", directions=other)
    with pytest.raises(ValueError, match="neither versions nor signatures"):
        gan.export(tmp_path / "page", format="web", truncation=True)
    with pytest.raises(ValueError, match="A page draws images of 1, 3 or 4 channels"):
        trained_like.gan("mlp").export(tmp_path / "page", format="web")


@contextlib.contextmanager
def served(folder):
    """Yields the address of a server of a folder."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classes", "styles", "conditions"])
def test_the_page_in_a_browser_draws_the_samples_of_the_gan(kind, tmp_path, conditioned):
    if RUNTIME not in os.environ:
        pytest.skip(f"needs {RUNTIME}=PATH of what `npm pack onnxruntime-web` writes")
    gan = conditioned
    if kind == "classes":
        gan = trained_like.gan("dcgan", num_classes=3)
    elif kind == "styles":
        gan = trained_like.gan("stylegan2", mapping_layers=2)
    directions = gan.directions("sefa", k=3)
    conditions = EXAMPLES if kind == "conditions" else None
    folder = gan.export(
        tmp_path / "page", format="web", runtime=os.environ[RUNTIME], conditions=conditions
    )
    with served(folder) as url, browser.opened(url) as page:
        page.wait_for_function("window.generator")

        def drawn(seeds, label, amounts, truncation="null"):
            seeds = ", ".join(f"{seed}n" for seed in seeds)
            label = "null" if label is None else label
            amounts = [*amounts, 0, 0, 0]
            chosen = EXAMPLES[1].tolist() if kind == "conditions" else "null"
            code = f"generator.images([{seeds}], {label}, {amounts}, {truncation}, {chosen})"
            pixels = page.evaluate(f"{code}.then((all) => all.map((one) => [...one.data]))")
            height, width, channels = gan.example_shape
            pixels = np.array(pixels).reshape(-1, height, width, 4)
            assert (pixels[..., 3] == 255).all()
            return pixels[..., :channels]

        def same(pixels, expected):
            assert np.abs(pixels - expected.astype(int)).max() <= 1

        chosen = {"conditions": None if conditions is None else EXAMPLES[1]}
        same(drawn(SEEDS, None, [0, 0, 0]), gan.sample(len(SEEDS), SEEDS, **chosen))
        truncated = gan.sample(len(SEEDS), SEEDS, truncation=0.6, **chosen)
        same(drawn(SEEDS, None, [0, 0, 0], 0.6), truncated)
        label = 2 if kind == "classes" else None
        latents, amounts = gan.latents_of(SEEDS), [2.0, 0.0, -1.0]
        moved = gan.edit(latents, directions, amounts, label, truncation=0.6, **chosen)
        same(drawn(SEEDS, label, [2, 0, -1], 0.6), moved)

        def changed(act):
            before = page.evaluate("document.querySelector('#picture').toDataURL()")
            act()
            page.wait_for_function(
                "b => document.querySelector('#picture').toDataURL() !== b", arg=before
            )

        changed(lambda: page.click("#next"))
        changed(lambda: page.check("input[value='4']"))
        changed(lambda: page.fill("#direction-0", "3"))
        changed(lambda: page.fill("#seed", "18446744073709551615"))
        changed(lambda: page.click("#random"))
        changed(lambda: page.fill("#truncation", "0.5"))
        assert page.inner_text("#truncation-row output") == "0.50"
        if kind == "classes":
            changed(lambda: page.select_option("#class", "1"))
        else:
            assert page.is_hidden("#class-row")
        if kind == "conditions":
            changed(lambda: page.check("#condition-0"))
            changed(lambda: page.fill("#condition-1", "1.5"))
            changed(lambda: page.fill("#condition-2", "-2"))
            changed(lambda: page.select_option("#example", "1"))
            assert page.input_value("#condition-1") == "2"
            page.fill("#condition-2", "")
            page.wait_for_selector("#status.error >> text=Condition 2 must be a number")
            page.fill("#condition-2", "0")
        else:
            assert page.is_hidden("#conditions")
        with page.expect_download() as download:
            page.click("#png")
        assert download.value.suggested_filename.endswith(".png")
        changed(lambda: page.click("#start-over"))
        assert page.inner_text("#truncation-row output") == "none"
        page.fill("#seed", "-1")
        page.wait_for_selector("#status.error >> text=A seed is an integer from 0")
