"""The page of `ganzoo explore` in a browser: each control is used, and the picture follows."""

import io
import time

import numpy as np
import pytest
from PIL import Image

import ganzoo
from ganzoo.explore import Explorer, View
from support import browser, presets
from support.gans import tiny

pytestmark = [pytest.mark.slow, pytest.mark.process]
PHONE = {"width": 390, "height": 844}
SECONDS = 15_000  # Of Playwright, in milliseconds.


@pytest.fixture(scope="module")
def serve():
    pytest.importorskip("gradio", reason="needs pip install 'ganzoo[explore]'")
    from ganzoo.explore import page, server

    opened = []

    def serve(explorer):
        blocks = page.build(explorer, "tiny <model>")
        opened.append(blocks)
        return server.launch(blocks, block=False)

    yield serve
    for blocks in opened:
        blocks.close()


@pytest.fixture(scope="module")
def conditional(serve):
    explorer = Explorer(tiny.gan(num_classes=3))
    return explorer, serve(explorer)


class Page:
    """A page, with what a user does."""

    def __init__(self, page):
        self.page = page
        page.set_default_timeout(SECONDS)

    def picture(self, name="picture"):
        """Returns the pixels of a picture that the page shows, or `None` if it is being written.

        Gradio names a picture by its content, and writes it again when the same one is drawn.
        """
        source = self.page.get_attribute(f"#{name} img", "src")
        content = self.page.request.get(source).body()
        try:
            with Image.open(io.BytesIO(content)) as image:
                pixels = np.asarray(image)
        except OSError:
            return None
        return pixels[..., None] if pixels.ndim == 2 else pixels

    def whole(self, accept=lambda pixels: True, name="picture"):
        """Waits for a whole picture that is accepted, and returns it, or the last one."""
        end = time.monotonic() + SECONDS / 1000
        while True:
            pixels = self.picture(name)
            if time.monotonic() > end or (pixels is not None and accept(pixels)):
                return pixels
            self.page.wait_for_timeout(50)

    def shows(self, expected, name="picture"):
        """Waits until a picture has the expected pixels.

        A change of several controls, or of a number that is typed, draws pictures in between.
        """
        found = self.whole(lambda pixels: np.array_equal(pixels, expected), name)
        np.testing.assert_array_equal(found, expected)

    def changed(self, act, name="picture"):
        """Does something, waits for another picture, and returns it."""
        before = self.page.locator(f"#{name} img")
        before = before.get_attribute("src") if before.count() else ""
        act()
        self.page.wait_for_function(
            "([name, before]) => { const image = document.querySelector(`#${name} img`);"
            " return image && image.src && image.src !== before }",
            arg=[name, before],
        )
        return self.whole(name=name)

    def move(self, name, value):
        """Gives a slider a value by its field for numbers."""
        field = self.page.locator(f"#{name} input[type=number]")
        field.fill(str(value))
        field.press("Enter")

    def choose(self, name, text):
        self.page.click(f"#{name} input")
        self.page.click(f"ul[role=listbox] >> text='{text}'")

    def tab(self, name):
        self.page.click(f"button#{name}-button")

    def download(self, name):
        with self.page.expect_download() as download:
            self.page.click(f"#{name}")
        return download.value.path(), download.value.suggested_filename


def shown(explorer, view):
    return explorer.grid(explorer.samples(view))


def test_samples_follow_each_control(conditional):
    explorer, url = conditional
    with browser.opened(url) as opened:
        page = Page(opened)
        opened.wait_for_selector("#picture img")
        assert opened.inner_text("h1") == "tiny <model>"
        assert opened.locator("#tab-styles-button").count() == 0  # It has no styles.

        def check(view, act):
            act()
            page.shows(shown(explorer, view))

        page.shows(shown(explorer, View()))
        check(View(1), lambda: opened.click("#next"))
        check(View(7), lambda: (opened.fill("#seed input", "7"), opened.keyboard.press("Tab")))
        check(View(7, 4), lambda: opened.click("#count label >> text='4'"))
        check(View(7, 4, 2), lambda: page.choose("label", "2"))
        check(View(7, 4, 2, 0.5), lambda: page.move("truncation", 0.5))
        check(View(7, 4, 2, 0.5, 1.5), lambda: page.move("scale", 1.5))
        amounts = [0.0] * 6
        for number in range(6):
            amounts[number] = number - 3.5
            view = View(7, 4, 2, 0.5, 1.5, tuple(amounts))
            check(view, lambda n=number: page.move(f"direction_{n}", n - 3.5))
        path, name = page.download("npz")
        assert name == "seed_7.npz"
        np.testing.assert_array_equal(np.load(path)["amounts"], np.float32(amounts))
        path, name = page.download("png")
        assert name == "seed_7.png"
        assert path.read_bytes() == explorer.png(explorer.samples(view))
        check(View(), lambda: opened.click("#reset"))
        page.changed(lambda: opened.click("#random"))


def test_conditions_are_switches_sliders_numbers_and_examples(serve):
    networks = ganzoo.architectures.build("dcgan", (8, 8, 1), 4, 2, condition_dim=3)
    gan = ganzoo.GAN(*networks, condition_names=("hat", "age", "same"))
    presets.scramble(gan)
    explorer = Explorer(gan, conditions=np.array([[0, -1.5, 0.5], [1, 2.0, 0.5]]))
    with browser.opened(serve(explorer), viewport=PHONE) as opened:
        page = Page(opened)
        opened.wait_for_selector("#picture img")
        page.shows(shown(explorer, View()))

        def check(conditions, act):
            act()
            page.shows(shown(explorer, View(conditions=conditions)))

        check((1.0, -1.5, 0.5), lambda: opened.check("#condition_0 input"))
        check((1.0, 1.0, 0.5), lambda: page.move("condition_1", 1.0))
        field = "#condition_2 input"
        check((1.0, 1.0, -2.0), lambda: (opened.fill(field, "-2"), opened.keyboard.press("Tab")))
        check((1.0, 2.0, 0.5), lambda: page.choose("condition_example", "Example 1"))
        path, _ = page.download("npz")
        np.testing.assert_array_equal(np.load(path)["conditions"], [1.0, 2.0, 0.5])
        check((0.0, -1.5, 0.5), lambda: opened.click("#reset"))


def test_a_walk_becomes_a_gif(conditional):
    with browser.opened(conditional[1]) as opened:
        page = Page(opened)
        opened.wait_for_selector("#picture img")
        page.tab("tab-walk")
        opened.fill("#end_seed input", "5")
        page.choose("end_class", "2")
        page.move("steps", 6)
        opened.uncheck("#loop input")
        opened.uncheck("#easing input")
        opened.click("#draw_walk")
        opened.wait_for_selector("#animation img")
        opened.wait_for_selector("#gif:not([disabled])")
        path, name = page.download("gif")
        assert name == "walk.gif"
        with Image.open(path) as animation:
            assert animation.n_frames == 7
            first = np.asarray(animation.convert("L")).astype(int)
        expected = shown(conditional[0], View())[..., 0].astype(int)
        assert np.abs(first - expected).max() <= 1


def test_an_image_is_projected_and_edited(conditional, tmp_path):
    explorer, url = conditional
    Image.fromarray(explorer.gan.sample(1, seed=2, labels=2)[0, ..., 0]).save(tmp_path / "mine.png")
    Image.new("L", (4, 4)).save(tmp_path / "small.png")
    with browser.opened(url) as opened:
        page = Page(opened)
        opened.wait_for_selector("#picture img")
        page.tab("tab-image")
        opened.click("#search")
        opened.wait_for_selector("text=Choose an image first")
        opened.set_input_files("#upload input[type=file]", tmp_path / "small.png")
        opened.wait_for_selector("#upload img")
        opened.click("#search")
        opened.wait_for_selector("text=at least 16 x 16 pixels")
        opened.click("#upload button[aria-label='Remove Image']")
        opened.set_input_files("#upload input[type=file]", tmp_path / "mine.png")
        opened.wait_for_selector("#upload img")
        page.move("effort", 40)
        page.changed(lambda: opened.click("#search"), "pair")
        opened.wait_for_selector("#report >> text=gray levels of difference")
        assert "Class: " in opened.inner_text("#report")
        page.tab("tab-samples")
        found = page.whole()
        assert opened.is_checked("#start input[value='your image']")
        moved = page.changed(lambda: page.move("direction_0", 3))
        assert (moved != found).any()
        page.changed(lambda: opened.click("#start label >> text='a seed'"))


def test_styles_are_mixed_and_a_phone_has_all_controls(serve):
    generator, discriminator = ganzoo.architectures.build(
        "stylegan2", (8, 8, 3), latent_dim=6, width=2, mapping_layers=2
    )
    explorer = Explorer(ganzoo.GAN(generator, discriminator))
    with browser.opened(serve(explorer), viewport=PHONE) as opened:
        page = Page(opened)
        opened.wait_for_selector("#picture img")
        assert opened.locator("#label").count() == 0  # It has no classes.
        assert opened.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        page.tab("tab-styles")
        page.move("last_row", 2)
        opened.click("#mix")
        opened.wait_for_selector("#mixture img")
        page.shows(explorer.mixed(View(0, 4), 100, 4, 0, 2), "mixture")
        # The samples stay in sight while the last control moves.
        page.tab("tab-samples")
        opened.locator("#reset").scroll_into_view_if_needed()
        assert opened.locator("#picture").bounding_box()["y"] >= 0


def test_an_image_of_the_zoo_takes_at_most_a_fifth_of_a_second():
    for name in ("dcgan_cifar10", "sngan_projection_fashion_mnist"):
        explorer = Explorer(ganzoo.GAN.from_preset(name))
        amounts = tuple(1.0 for _ in explorer.directions.names)
        explorer.samples(View(amounts=amounts))
        start = time.process_time()
        for seed in range(10):
            explorer.samples(View(seed, amounts=amounts))
        assert (time.process_time() - start) / 10 < 0.2
