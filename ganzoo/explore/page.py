"""The page: the controls that a model has, and what they call."""

import dataclasses
import pathlib
import random
import shutil
import tempfile
from collections import deque

from ganzoo import drawing
from ganzoo.explore.condition_widgets import ConditionWidgets
from ganzoo.explore.explorer import Explorer, View
from ganzoo.explore.widgets import as_shown, escaped, gr, picture, shown_errors, whole

_COUNTS = (1, 4, 16, 64)
_FRAME_SECONDS = 0.06
_CACHE_SECONDS = 3600
_MOST_FOLDERS = 64
_LEAST_TRUNCATION = 0.05
_LARGEST_RANDOM = 2**32 - 1
_IN_TURN = "In turn"
_FROM_SEED, _FROM_IMAGE = "a seed", "your image"
_LIVE = {"trigger_mode": "always_last", "show_progress": "hidden", "api_visibility": "private"}
_CALL = {"api_visibility": "private"}


def build(explorer: Explorer, title: str) -> gr.Blocks:
    """Builds the page of a model.

    Args:
        explorer: The `Explorer` of the GAN.
        title: What the page calls the model.

    Returns:
        The `gradio.Blocks`, which `ganzoo.explore.server.launch` serves.

    Raises:
        ImportError: If Gradio is not installed.
    """
    return _Page(explorer, title).blocks


class _Page:
    """The controls of a page as attributes, and the functions that they call."""

    def __init__(self, explorer, title):
        self._explorer, self._title = explorer, title
        # Gradio copies a file when it shows its link.
        self._files = tempfile.TemporaryDirectory(prefix="ganzoo-explore-")
        self._folders: deque[pathlib.Path] = deque()
        with gr.Blocks(
            title=f"{title} - ganzoo",
            analytics_enabled=False,
            delete_cache=(_CACHE_SECONDS, _CACHE_SECONDS),
            fill_width=True,
        ) as self.blocks:
            self._found = gr.State(None)  # The latents of the user's image.
            gr.HTML(self._header(), elem_classes="gz-header")
            with gr.Row(elem_classes="gz-page"):
                with gr.Column(scale=3, min_width=320, elem_classes="gz-view"), gr.Tabs():
                    self._samples_tab()
                    self._walk_tab()
                    if explorer.style_rows is not None:
                        self._styles_tab()
                    self._image_tab()
                with gr.Column(scale=2, min_width=300, elem_classes="gz-controls"):
                    self._shared_controls()
            self._connect()

    def _header(self):
        gan = self._explorer.gan
        height, width, channels = gan.example_shape
        facts = [f"{width} x {height} pixels", "color" if channels > 1 else "gray"]
        facts += [f"{gan.latent_dim} {gan.latent} latents"]
        if self._explorer.class_names is not None:
            facts.append(f"{gan.num_classes} classes")
        if self._explorer.conditions is not None:
            facts += [f"{gan.condition_dim} conditions"]
        if self._explorer.style_rows is not None:
            facts.append(f"{self._explorer.style_rows} rows of styles")
        return f"<h1>{escaped(self._title)}</h1><p>{' &middot; '.join(facts)}</p>"

    def _samples_tab(self):
        with gr.Tab("Samples", elem_id="tab-samples"):
            self._picture = picture("picture", "Samples")
            with gr.Row(elem_classes="gz-seeds"):
                self._seed = gr.Number(
                    0, label="Seed", precision=0, minimum=0, elem_id="seed", min_width=120
                )
                self._random = gr.Button("Random", elem_id="random", size="md", min_width=80)
                self._next = gr.Button("Next", elem_id="next", size="md", min_width=70)

    def _walk_tab(self):
        with gr.Tab("Walk", elem_id="tab-walk"):
            self._animation = picture("animation", "Walk")
            with gr.Row():
                self._end_seed = gr.Number(
                    1,
                    label="To the seed",
                    precision=0,
                    minimum=0,
                    elem_id="end_seed",
                    min_width=120,
                )
                self._end_class = self._class_dropdown("To the class", "end_class", "The same")
            self._steps = gr.Slider(4, 60, 24, step=1, label="Frames", elem_id="steps")
            with gr.Row():
                self._loop = gr.Checkbox(True, label="Return to the start", elem_id="loop")
                self._easing = gr.Checkbox(True, label="Slow at both ends", elem_id="easing")
            with gr.Row():
                self._draw_walk = gr.Button(
                    "Draw", variant="primary", size="md", elem_id="draw_walk"
                )
                self._gif = gr.DownloadButton(
                    "\N{DOWNWARDS ARROW} GIF", elem_id="gif", size="md", interactive=False
                )

    def _styles_tab(self):
        rows = self._explorer.style_rows
        with gr.Tab("Styles", elem_id="tab-styles"):
            self._mixture = picture("mixture", "Mixed styles")
            gr.Markdown(
                "The first row gives the chosen rows of its styles, and the first column all "
                "others. The first rows decide shapes, and the last ones colors and details."
            )
            self._other_seed = gr.Number(
                100, label="Seed of the first row", precision=0, minimum=0, elem_id="other_seed"
            )
            with gr.Row():
                self._first = gr.Slider(
                    0, rows - 1, 0, step=1, label="From row", elem_id="first_row", min_width=220
                )
                self._last = gr.Slider(
                    0,
                    rows - 1,
                    (rows - 1) // 2,
                    step=1,
                    label="To row",
                    elem_id="last_row",
                    min_width=220,
                )
            self._mix = gr.Button("Mix", variant="primary", size="md", elem_id="mix")

    def _image_tab(self):
        with gr.Tab("Image", elem_id="tab-image"):
            self._upload = gr.Image(
                label="Your image",
                type="filepath",
                sources=["upload", "clipboard"],
                elem_id="upload",
                height=220,
                buttons=[],
            )
            self._effort = gr.Slider(
                20, 500, 200, step=20, label="Steps of the search", elem_id="effort"
            )
            self._search = gr.Button(
                "Find the nearest sample", variant="primary", size="md", elem_id="search"
            )
            self._pair = picture("pair", "Your image and the nearest sample")
            self._report = gr.Markdown(elem_id="report")

    def _shared_controls(self):
        explorer = self._explorer
        self._count = gr.Radio(_COUNTS, value=1, label="Images", elem_id="count")
        self._label = self._class_dropdown("Class", "label", _IN_TURN)
        self._conditions = ConditionWidgets(explorer.conditions)
        most = explorer.most_truncation
        self._truncation = gr.Slider(
            _LEAST_TRUNCATION,
            most,
            most,
            step=0.05,
            label="Truncation",
            info="Typical samples on the left, varied ones on the right. At the right end: none.",
            elem_id="truncation",
            buttons=[],
        )
        self._scale = gr.Slider(
            0.0, 2.0, 1.0, step=0.05, label="Scale of the latents", elem_id="scale", buttons=[]
        )
        self._sliders = []
        if explorer.directions is not None:
            with gr.Accordion("Directions", open=True):
                self._sliders = [
                    gr.Slider(
                        *(-4.0, 4.0, 0.0),
                        step=0.1,
                        label=f"Direction {name}" if name.isdecimal() else name,
                        elem_id=f"direction_{i}",
                        buttons=[],
                    )
                    for i, name in enumerate(explorer.directions.names)
                ]
        self._start = gr.Radio(
            [_FROM_SEED, _FROM_IMAGE],
            value=_FROM_SEED,
            label="Start from",
            visible=False,
            elem_id="start",
        )
        with gr.Row(elem_classes="gz-buttons"):
            self._reset = gr.Button("Reset", elem_id="reset", size="md", min_width=80)
            self._png = gr.DownloadButton(
                "\N{DOWNWARDS ARROW} PNG", elem_id="png", size="md", min_width=80
            )
            self._npz = gr.DownloadButton(
                "\N{DOWNWARDS ARROW} Latents", elem_id="npz", size="md", min_width=80
            )

    def _class_dropdown(self, label, name, default):
        """Returns the choice of a class, or `None` for a GAN without classes."""
        names = self._explorer.class_names
        if names is None:
            return None
        choices = [(default, -1), *((text, number) for number, text in enumerate(names))]
        return gr.Dropdown(choices, value=-1, label=label, elem_id=name, min_width=140)

    def _connect(self):
        controls = [self._seed, self._count, self._truncation, self._scale]
        controls += [*self._sliders, self._start]
        controls += [] if self._label is None else [self._label]
        controls += self._conditions.controls
        inputs = [self._found, *controls]
        outputs = [self._picture, self._png, self._npz]
        gr.on(
            [self.blocks.load, *(control.change for control in controls)],
            self._draw,
            inputs,
            outputs,
            **_LIVE,
        )
        self._random.click(lambda: random.randint(0, _LARGEST_RANDOM), None, self._seed, **_LIVE)
        self._next.click(lambda seed, n: seed + n, [self._seed, self._count], self._seed, **_LIVE)
        self._conditions.connect()
        self._connect_reset(controls)
        walk = [self._end_seed, self._steps, self._loop, self._easing]
        walk += [] if self._end_class is None else [self._end_class]
        self._draw_walk.click(self._walk, [*inputs, *walk], [self._animation, self._gif], **_CALL)
        if self._explorer.style_rows is not None:
            mixing = [self._other_seed, self._first, self._last]
            self._mix.click(self._mixed, [*inputs, *mixing], self._mixture, **_CALL)
        found = [self._pair, self._report, self._found, self._start]
        search = [self._upload, self._effort, *([] if self._label is None else [self._label])]
        search += self._conditions.controls
        self._search.click(self._project, search, found, **_CALL)

    def _connect_reset(self, controls):
        values = [0, 1, self._explorer.most_truncation, 1.0, *(0.0 for _ in self._sliders)]
        values += [_FROM_SEED, *([] if self._label is None else [-1])]
        values += self._conditions.first_values
        self._reset.click(lambda: values, None, controls, **_LIVE)

    def _view(self, found, seed, count, truncation, scale, *rest):
        """Returns the `View` of the values of the controls."""
        number = len(self._sliders)
        amounts, start, *rest = rest[:number], *rest[number:]
        label = -1 if self._label is None else rest.pop(0)
        view = View(
            seed=whole(seed),
            count=int(count),
            label=None if label < 0 else int(label),
            truncation=None if truncation >= self._explorer.most_truncation else truncation,
            latent_scale=scale,
            amounts=tuple(map(float, amounts)),
            conditions=self._conditions.vector(rest),
        )
        if start == _FROM_SEED or found is None:
            return view
        latents, found_label = found
        label = found_label if view.label is None else view.label
        return dataclasses.replace(view, count=1, label=label, latents=latents)

    def _controls_count(self):
        others = len(self._sliders) + len(self._conditions.controls)
        return 6 + others + (self._label is not None)

    def _draw(self, *values):
        with shown_errors():
            view = self._view(*values)
            images = self._explorer.samples(view)
            name = "image" if view.latents is not None else f"seed_{view.seed}"
            png = self._file(f"{name}.png", self._explorer.png(images))
            npz = self._file(f"{name}.npz", self._explorer.latent_file(view))
            return as_shown(self._explorer.grid(images)), png, npz

    def _walk(self, *values):
        count = self._controls_count()
        end_seed, steps, loop, easing, *end_class = values[count:]
        with shown_errors():
            end_label = end_class[0] if end_class and end_class[0] >= 0 else None
            frames = self._explorer.walk(
                self._view(*values[:count]),
                whole(end_seed),
                end_label,
                int(steps),
                loop,
                "smooth" if easing else "linear",
            )
            path = self._new_folder() / "walk.gif"
            last = _FRAME_SECONDS if loop else 1.0
            drawing.save_gif(path, frames, _FRAME_SECONDS, last)
            return str(path), gr.DownloadButton(value=str(path), interactive=True)

    def _mixed(self, *values):
        count = self._controls_count()
        other_seed, first, last = values[count:]
        with shown_errors():
            view = dataclasses.replace(self._view(*values[:count]), count=4, latents=None)
            return as_shown(self._explorer.mixed(view, whole(other_seed), 4, int(first), int(last)))

    def _project(self, path, steps, *rest):
        if path is None:
            raise gr.Error("Choose an image first.", print_exception=False)
        with shown_errors():
            image, note = self._explorer.read(path)
            rest = list(rest)
            label = -1 if self._label is None else rest.pop(0)
            found = self._explorer.gan.project(
                image,
                None if label < 0 else int(label),
                steps=int(steps),
                restarts=2,
                conditions=self._conditions.vector(rest),
            )
            nearest = self._explorer.gan.pixels.in_eight_bits(found.images)
            pair = drawing.image_grid(
                [image, nearest[0]], 2, 4, max(1, 256 // max(image.shape[:2]))
            )
            text = f"**{found.errors[0]:.1f}** gray levels of difference."
            label = None if self._label is None else int(found.labels[0])
            if label is not None:
                text += f" Class: {self._explorer.class_names[label]}."
            text += "" if note is None else f" Your image has {note}."
            text += " The controls now start from it."
            start = gr.Radio(value=_FROM_IMAGE, visible=True)
            return as_shown(pair), text, (found.latents, label), start

    def _file(self, name, content):
        path = self._new_folder() / name
        path.write_bytes(content)
        return str(path)

    def _new_folder(self):
        """Returns a folder for a file, and removes the oldest one."""
        self._folders.append(pathlib.Path(tempfile.mkdtemp(dir=self._files.name)))
        if len(self._folders) > _MOST_FOLDERS:
            shutil.rmtree(self._folders.popleft(), ignore_errors=True)
        return self._folders[-1]
