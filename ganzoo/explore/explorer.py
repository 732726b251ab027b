"""The functions behind the page: pictures, animations and files of plain values."""

import dataclasses
import io

import numpy as np
from PIL import Image

from ganzoo import drawing
from ganzoo import interpolation as interpolations
from ganzoo.data.image_files import read_image, size_of
from ganzoo.generation import Directions
from ganzoo.generation.directions import check_directions, current_directions
from ganzoo.generation.editing import edit
from ganzoo.generation.pages import (
    check_gan_of_page,
    condition_controls,
    few_in_closed_form,
    most_truncation,
)
from ganzoo.generation.truncation import largest_truncation, truncating_layer
from ganzoo.validation import check_positive_integer

_BATCH = 16  # The largest count of a picture that is drawn while a slider moves.
_LARGEST_SEED = 2**53 - 1  # Integers that JavaScript's numbers hold exactly.


@dataclasses.dataclass(frozen=True)
class View:
    """What the controls say about samples.

    Attributes:
        seed: Seed of the first sample.
        count: Number of samples, from consecutive seeds.
        label: Number of the class of all samples, or `None`: then the classes take turns.
        truncation: As for `GAN.sample`, or `None`.
        latent_scale: Factor of the latents.
        amounts: An amount for each direction, or `()` for 0 of each.
        latents: Latents `(1, latent_dim)` in place of the ones of the seed, before their factor, or
            `None`.
        conditions: For a GAN with `condition_dim`, the conditions of all samples; by default the
            first ones of the `Explorer`.
    """

    seed: int = 0
    count: int = 1
    label: int | None = None
    truncation: float | None = None
    latent_scale: float = 1.0
    amounts: tuple[float, ...] = ()
    latents: np.ndarray | None = None
    conditions: tuple[float, ...] | None = None


class Explorer:
    """What the page of `ganzoo explore` does with a GAN.

    Args:
        gan: A `ganzoo.GAN` of images with 1, 3 or 4 channels.
        directions: The `ganzoo.generation.Directions` that sliders move. By default the ones that
            are stored with the GAN's preset, or up to 6 in closed form (SeFa).
        conditions: For a GAN with `condition_dim`, vectors of conditions to start from,
            `(condition_dim,)` or `(n, condition_dim)`. Several of them decide which conditions are
            switches, and the ranges of the others.

    Attributes:
        gan: The GAN.
        directions: The `Directions`, or `None` if the generator has none in closed form.
        why_no_directions: Why there are none, or `None`.
        class_names: Names or numbers of the classes as texts, or `None` without classes.
        conditions: The `ganzoo.generation.pages.ConditionControls`, or `None`.
        style_rows: Number of rows of the styles of a style-based generator, or `None`.
        most_truncation: The truncation at which a slider ends, and which stands for none.

    Raises:
        ValueError: If the GAN does not fit, if the directions belong to another generator, or if
            the conditions do not fit or are needed.

    Example:

    >>> explorer = ganzoo.explore.Explorer(ganzoo.GAN.from_preset("dcgan_digits"))
    >>> images = explorer.samples(View(seed=3, amounts=(2.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
    """

    def __init__(
        self, gan, directions: Directions | None = None, conditions: np.ndarray | None = None
    ):
        check_gan_of_page(gan)
        self.gan = gan
        self.conditions = condition_controls(gan, conditions)
        directions = current_directions(gan) if directions is None else directions
        self.directions, self.why_no_directions = directions, None
        if directions is None:
            try:
                self.directions = few_in_closed_form(gan)
            except ValueError as error:  # The latents reach no layer directly.
                self.why_no_directions = str(error)
        else:
            check_directions(directions)
            directions.check(gan)
            self.samples(View())  # Checks their space.
        self.class_names = None
        if gan.num_classes is not None:
            names = gan.class_names or range(gan.num_classes)
            self.class_names = tuple(map(str, names))
        styles = truncating_layer(gan.inference_generator)
        self.style_rows = None if styles is None else styles.output.shape[1]
        self.most_truncation = most_truncation(gan)

    def prepare(self) -> None:
        """Compiles what the page calls first, which takes seconds."""
        for count in (1, 4):
            self.samples(View(count=count))

    def latents(self, view: View) -> np.ndarray:
        """Returns the latents of a view, float32 `(count, latent_dim)`."""
        latents = view.latents
        if latents is None:
            _check_seed(view.seed + view.count - 1)
            latents = self.gan.latents_of(range(view.seed, view.seed + view.count))
        return np.float32(view.latent_scale) * latents

    def samples(self, view: View) -> np.ndarray:
        """Returns the uint8 images of a view, as `GAN.sample` does if no direction moves them."""
        latents = self.latents(view)
        return self._edited(latents, view, self._labels(view, len(latents)))

    def walk(
        self,
        view: View,
        end_seed: int,
        end_label: int | None = None,
        steps: int = 24,
        loop: bool = True,
        easing: str = "smooth",
    ) -> list[np.ndarray]:
        """Returns the frames of an animation from the first sample of a view to another one.

        Args:
            view: The start, and the directions and the truncation of all frames.
            end_seed: Seed of the end.
            end_label: Class of the end, or `None` for the class of the start.
            steps: Frames from the start to the end.
            loop: Whether it returns to the start.
            easing: As for `GAN.interpolate`.
        """
        check_positive_integer("steps", steps)
        _check_seed(end_seed)
        start = self.latents(dataclasses.replace(view, count=1))
        end = np.float32(view.latent_scale) * self.gan.latents_of(end_seed)
        kind = "spherical" if self.gan.latent == "normal" else "linear"
        keyframes = np.concatenate([start, end])
        latents = interpolations.path(keyframes, steps, kind, loop, easing)
        labels = self._labels(view)
        if labels is not None and end_label is not None and end_label != labels[0]:
            ends = [int(labels[0]), end_label]
            labels = interpolations.class_path(ends, self.gan.num_classes, steps, loop, easing)
        elif labels is not None:
            labels = int(labels[0])
        return [
            drawing.image_grid(image[None], padding=0, scale=self._scale(1))
            for image in self._edited(latents, view, labels)
        ]

    def mixed(self, view: View, other_seed: int, columns: int, first: int, last: int) -> np.ndarray:
        """Returns a table of mixed styles.

        The first row holds the samples that give the chosen rows of their styles, and the first
        column the samples that give all other rows.

        Args:
            view: The samples of the first column.
            other_seed: Seed of the first sample of the first row.
            columns: Number of samples in the first row.
            first, last: The rows of the styles that come from the first row.

        Returns:
            A uint8 picture.
        """
        if first > last:
            raise ValueError(f"The first row must not lie after the last. Received: {first}-{last}")
        gan = self.gan
        others = dataclasses.replace(view, seed=other_seed, count=columns, latents=None)
        down, across = self.latents(view), self.latents(others)
        down_labels, across_labels = self._labels(view, len(down)), self._labels(others)
        of_row = np.repeat(np.arange(len(down)), columns)
        of_column = np.tile(np.arange(columns), len(down))
        mixed = gan.mix_styles(
            down[of_row],
            across[of_column],
            range(first, last + 1),
            None if down_labels is None else down_labels[of_row],
            None if across_labels is None else across_labels[of_column],
            view.truncation,
            _BATCH,
            self._conditions(view),
        )
        plain = dataclasses.replace(view, amounts=())
        top, left = self.samples(dataclasses.replace(others, amounts=())), self.samples(plain)
        rows = [np.full((1, *gan.example_shape), 255, "uint8"), top]
        for number, image in enumerate(left):
            across = mixed[number * columns : (number + 1) * columns]
            rows += [image[None], gan.pixels.in_eight_bits(across)]
        return drawing.image_grid(np.concatenate(rows), columns + 1)

    def read(self, path) -> tuple[np.ndarray, str | None]:
        """Reads an image file in the shape of the samples.

        Returns:
            The uint8 image, and what was changed to make it fit, or `None`.

        Raises:
            ValueError: If the file cannot be read, or is smaller than the samples.
        """
        height, width, channels = self.gan.example_shape
        try:
            found = size_of(path)
            image = read_image(path, (height, width), 3 if channels == 4 else channels).pixels
        except Exception as error:  # Decoders raise any error for a damaged file.
            raise ValueError(f"The file is not an image that can be read. {error}") from error
        if found[0] < width or found[1] < height:
            raise ValueError(
                f"The image must have at least {width} x {height} pixels, as the samples: enlarge "
                f"it first. Received: {found[0]} x {found[1]} pixels"
            )
        if channels == 4:
            image = np.concatenate([image, np.full((height, width, 1), 255, "uint8")], axis=2)
        note = f"{found[0]} x {found[1]} pixels, cropped and resized to {width} x {height}"
        return image, None if found == (width, height) else note

    def grid(self, images: np.ndarray) -> np.ndarray:
        """Returns a picture of images that is large enough for a screen."""
        columns = int(np.ceil(np.sqrt(len(images))))
        padding = 0 if len(images) == 1 else 2
        return drawing.image_grid(images, columns, padding, self._scale(columns))

    def latent_file(self, view: View) -> bytes:
        """Returns a `.npz` file that holds what `GAN.generate` needs to make a view again.

        The arrays are `latents`; `labels` or `conditions` if the GAN takes them; `truncation` if
        there is one; and `amounts` and `directions`, the amounts and the names of moved
        directions.
        """
        arrays = {"latents": self.latents(view)}
        if self.class_names is not None:
            arrays["labels"] = self._labels(view, len(arrays["latents"]))
        if self.conditions is not None:
            arrays["conditions"] = self._conditions(view)
        if view.truncation is not None:
            arrays["truncation"] = np.float32(view.truncation)
        if any(view.amounts):
            arrays |= {"amounts": np.float32(view.amounts), "directions": self.directions.names}
        file = io.BytesIO()
        np.savez(file, **arrays)
        return file.getvalue()

    def png(self, images: np.ndarray) -> bytes:
        """Returns a PNG file: the pixels of one image, or a grid of several."""
        picture = images[0] if len(images) == 1 else drawing.image_grid(images)
        file = io.BytesIO()
        Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(file, "PNG")
        return file.getvalue()

    def _edited(self, latents, view, labels):
        # The largest truncation and amounts of 0 change nothing, and need no function of their own.
        truncation = largest_truncation(self.gan) if view.truncation is None else view.truncation
        conditions = self._conditions(view)
        if self.directions is None:
            images = self.gan.generate(latents, labels, _BATCH, truncation, conditions)
        else:
            amounts = np.asarray(view.amounts or np.zeros(len(self.directions)))
            images = edit(
                self.gan, latents, self.directions, amounts, labels, truncation, _BATCH, conditions
            )
        return self.gan.pixels.in_eight_bits(images)

    def _conditions(self, view):
        """Returns the conditions of all samples of a view, or `None` for a GAN without them."""
        if self.conditions is None:
            return None
        first = self.conditions.examples[0]
        return first if view.conditions is None else np.float32(view.conditions)

    def _labels(self, view, count=None):
        """Returns the classes of a view, or `None` without classes."""
        if self.gan.num_classes is None:
            return None
        count = view.count if count is None else count
        if view.label is not None:
            return np.full(count, view.label, "int32")
        return (np.arange(view.seed, view.seed + count) % self.gan.num_classes).astype("int32")

    def _scale(self, columns):
        """Returns the factor at which a picture of some columns has about 512 pixels."""
        return max(1, 512 // (columns * max(self.gan.example_shape[:2])))


def _check_seed(seed):
    if not isinstance(seed, int) or not 0 <= seed <= _LARGEST_SEED:
        raise ValueError(f"Seeds are integers from 0 to {_LARGEST_SEED}. Received: {seed}")
