"""Pictures of the samples of a GAN while it trains."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from ganzoo import drawing
from ganzoo.callbacks.checks import check_gan
from ganzoo.callbacks.event_files import open_event_files
from ganzoo.file_names import check_folder_name
from ganzoo.files import user_path
from ganzoo.validation import check_choice, check_positive_integer

_SAMPLES = 64
_GIF_FRAMES = 60


class SampleGrid(keras.callbacks.Callback):
    """Draws the samples of one fixed set of latents, repeatedly while training runs.

    Each picture is a PNG file in `folder`, named after the training step. The first picture is
    drawn before training, so that a folder that is not writable is an error at the start and not
    after an hour. Images are drawn as a grid, vectors as a scatter plot. If a `NaNGuard` goes back
    to an earlier step, the pictures of the failed steps are removed.

    Args:
        folder: Folder of the pictures. It is created if it does not exist.
        n: Number of samples. By default 64; for a conditional GAN as many of them as fill the rows
            of the grid.
        every: Epochs, or steps, between two pictures.
        unit: What `every` counts, `"epochs"` or `"steps"`.
        seed: Integer, the seed of the first sample; sample i has the seed `seed + i`.
        labels: For a conditional GAN, the `n` classes of the samples, or one class. By default each
            row of the grid is one class, or each column if `n` is no multiple of the number of
            classes.
        columns: Images in a row; by default one class, or a nearly square grid.
        truncation: As for `GAN.sample`.
        conditions: For a GAN with `condition_dim`, the conditions of the `n` samples, or one vector
            for all.
        tensorboard: Folder for TensorBoard's event files, to show the pictures there too; or
            `None`. Needs the extra `ganzoo[tensorboard]`, and TensorFlow.
        gif: Whether to write the animation `samples.gif` when training ends. It shows the pictures
            in the folder, or 60 of them if there are more. Damaged ones are left out, with a
            warning.

    Raises:
        ValueError: If an argument is out of its range; or when training begins, if `labels` do not
            fit the GAN, or if the folder holds pictures of another size.
        ImportError: If `tensorboard` is given and cannot be used.
        OSError: When training begins, if the folder is not writable.

    Example:

    >>> pictures = ganzoo.callbacks.SampleGrid("samples", n=36, every=5)
    >>> history = gan.fit(dataset, epochs=20, callbacks=[pictures])
    """

    needs_batch_logs = False

    def __init__(
        self,
        folder: str | Path,
        n: int | None = None,
        every: int = 1,
        unit: str = "epochs",
        seed: int = 0,
        labels: int | Sequence[int] | None = None,
        columns: int | None = None,
        truncation: float | None = None,
        tensorboard: str | Path | None = None,
        gif: bool = True,
        conditions: Sequence[float] | np.ndarray | None = None,
    ):
        super().__init__()
        check_folder_name("folder", folder)
        self.folder = user_path(folder)
        self.n = None if n is None else check_positive_integer("n", n)
        self.every = check_positive_integer("every", every)
        self.unit = check_choice("unit", unit, ("epochs", "steps"))
        self.seed = seed
        self.labels = labels
        self.columns = None if columns is None else check_positive_integer("columns", columns)
        self.truncation = truncation
        self.conditions = conditions
        if np.ndim(conditions) == 2:
            self.n = self.n or len(conditions)
        self.gif = bool(gif)
        self._summaries = None if tensorboard is None else _TensorBoardImages(tensorboard)
        self._drawn_step = None
        self._damaged = set()
        self._epoch_start = 0

    def on_train_begin(self, logs=None):
        check_gan(self)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._draw()
        self._check_earlier_pictures()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self.model.step
        if self._epoch_start < self._drawn_step:
            self._forget_failed_steps()

    def on_train_batch_end(self, batch, logs=None):
        # Steps are counted here: asking the model would wait for the device in each step.
        if self.unit == "steps":
            step = self._epoch_start + batch + 1
            if step // self.every > self._drawn_step // self.every:
                self._draw()

    def on_epoch_end(self, epoch, logs=None):
        if self.unit == "epochs" and (epoch + 1) % self.every == 0:
            self._draw()

    def on_train_end(self, logs=None):
        if self.model.step != self._drawn_step:
            self._draw()
        if self.gif:
            self.save_gif()

    def save_gif(self) -> None:
        """Writes `samples.gif` from the pictures up to the current one, which is the last frame."""
        frames = [path for step, path in self._intact_pictures() if step <= self._drawn_step]
        chosen = np.linspace(0, len(frames) - 1, min(len(frames), _GIF_FRAMES)).round().astype(int)
        drawing.save_gif(self.folder / "samples.gif", [frames[index] for index in chosen])

    def _draw(self):
        n, labels, columns = self.n or _SAMPLES, self.labels, self.columns
        if self.model.num_classes is not None and labels is None:
            lay_out = drawing.class_rows if self.n is None else drawing.class_grid
            labels, class_columns = lay_out(n, self.model.num_classes)
            n, columns = len(labels), columns or class_columns
        samples = self.model.sample(
            n, self.seed, labels, self.truncation, conditions=self.conditions
        )
        picture = drawing.picture(self.model.pixels.in_eight_bits(samples), columns)
        self._drawn_step = self.model.step
        drawing.save_picture(self.folder / f"step_{self._drawn_step:08d}.png", picture)
        if self._summaries is not None:
            self._summaries.write(picture, self._drawn_step)

    def _forget_failed_steps(self):
        """Removes the pictures after the step to which a failed run went back."""
        for step, path in self._pictures():
            if self._epoch_start < step <= self._drawn_step:
                path.unlink(missing_ok=True)
        self._drawn_step = self._epoch_start

    def _pictures(self):
        """Returns the (step, path) of each picture in the folder, in the order of the steps."""
        paths = self.folder.glob("step_*[0-9].png")
        return sorted((int(path.stem.removeprefix("step_")), path) for path in paths)

    def _intact_pictures(self):
        """Returns the `_pictures` that can be read, and warns once of each other one."""
        intact = []
        for step, path in self._pictures():
            try:
                drawing.check_file(path)
            except Exception as error:  # Decoders raise many kinds of errors.
                if path not in self._damaged:
                    self._damaged.add(path)
                    warnings.warn(
                        f"A damaged picture is not in the animation. Received: {path}: {error}",
                        stacklevel=2,
                    )
            else:
                intact.append((step, path))
        return intact

    def _check_earlier_pictures(self):
        sizes = {drawing.size_of(path): path.name for _, path in self._intact_pictures()}
        if self.gif and len(sizes) > 1:
            raise ValueError(
                "The animation shows all pictures in the folder, so they must have one size. "
                f"Received: folder={str(self.folder)!r}, where {' and '.join(sizes.values())} "
                "differ. Use another folder for another run, or `gif=False`."
            )


class _TensorBoardImages:
    """Writes pictures to TensorBoard's event files."""

    def __init__(self, folder):
        self._summary, self._writer = open_event_files(folder, "images")

    def write(self, picture, step):
        with self._writer.as_default():
            self._summary.image("samples", picture[None], step=step)
        self._writer.flush()
