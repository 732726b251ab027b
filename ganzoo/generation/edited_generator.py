"""The methods of a trained generator that change its samples: directions, edits, mixed styles."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganzoo.generation import class_mixing, direction_methods, editing, style_mixing
from ganzoo.generation.directions import Directions


class EditedGenerator:
    """What a GAN does with samples that are there already.

    `TrainedGenerator`, which inherits from it, says what the class must have.
    """

    def _generation(self):
        """Returns the compiled function that `generate` and `edit` call."""
        self.update_inference_state()
        if self._generating_function is None:
            self._generating_function = class_mixing.compile_generation(self)
        return self._generating_function

    def directions(
        self,
        method: str = "sefa",
        k: int = 8,
        layers: str | Sequence[str] | None = None,
        samples: int = 10_000,
        classifier: Any = None,
        seed: int = 0,
        batch_size: int = 64,
    ) -> Directions:
        """Finds directions along which the images change, in latents or in styles.

        Args:
            method: `"sefa"`: the directions that the first layers stretch most, in closed form,
                without samples. `"pca"` (GANSpace): principal components of the styles, or the
                latents that move the principal components of the first layer's outputs. It needs
                `ganzoo[directions]`. `"classes"` (InterFaceGAN): for each class of a classifier,
                the direction in which samples become more like it, also with
                `ganzoo[directions]`.
            k: Number of directions; `"classes"` gives one for each class with enough samples.
            layers: Names of the layers that count; by default all dense layers and transposed
                convolutions that the latents reach directly, for `"pca"` the first of them; of a
                style-based generator the modulated convolutions, whose rows of the styles the
                directions then move.
            samples: Samples for `"pca"` (at least 10,000 are drawn for latents) and `"classes"`.
            classifier: For `"classes"`: has a method `probabilities` of uint8 images, as
                `ganzoo.extractors.get("mnist")`.
            seed: Seed of the first sample.
            batch_size: Examples per call of the generator. It does not change the result.

        Returns:
            A `ganzoo.generation.Directions`. An amount of 1 is for `"sefa"` a distance of 1, for
            `"pca"` a standard deviation of the component, for `"classes"` the standard deviation
            of the points.

        Raises:
            ValueError: If an argument is out of its range, if there is no such layer, or if the
                latents reach no layer directly.
            ImportError: If scikit-learn is needed and not installed.

        Example:

        >>> found = gan.directions("sefa", k=3)
        >>> images = gan.edit(gan.latents_of(range(8)), found, {0: 2.0})

        Reference:
            - `"sefa"`: [Closed-Form Factorization of Latent Semantics in GANs](
              https://arxiv.org/abs/2007.06600), equation 4.
            - `"pca"`: [GANSpace](https://arxiv.org/abs/2004.02546), sections 2.1 and 2.2.
            - `"classes"`: [Interpreting the Latent Space of GANs for Semantic Face Editing](
              https://arxiv.org/abs/1907.10786), section 2.2.

        Deviations:
            `"classes"` separates by logistic regression in place of a support vector machine.
        """
        return direction_methods.find(
            self, method, k, layers, samples, classifier, seed, batch_size
        )

    def edit(
        self,
        latents: np.ndarray,
        directions: Directions,
        amounts: dict | np.ndarray,
        labels: int | str | Sequence[int | str] | np.ndarray | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
        conditions: Sequence[float] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Makes examples from latents that are moved along directions.

        Args:
            latents: Floating array of shape `(n, latent_dim)`.
            directions: The `ganzoo.generation.Directions` of this generator.
            amounts: Dictionary from directions (names or numbers) to numbers, or to `n` numbers;
                or an array of shape `(k,)` or `(n, k)`. Usual amounts are from -3 to 3.
            labels: For a conditional GAN, one class or `n` classes, or weights of the classes, as
                for `generate`.
            truncation: As for `sample`, before the move.
            batch_size: Largest number of examples per call of the generator.
            conditions: As for `sample`.

        Returns:
            NumPy array, as from `sample`.

        Raises:
            ValueError: If an argument is out of its range, or if the directions belong to another
                generator.

        Example:

        >>> found = gan.directions("sefa", k=3)
        >>> images = gan.edit(gan.latents_of([3] * 7), found, {"0": np.linspace(-3, 3, 7)})
        """
        return editing.edit(
            self,
            self._generation(),
            latents,
            directions,
            amounts,
            labels,
            truncation,
            batch_size,
            conditions,
        )

    def mix_styles(
        self,
        latents: np.ndarray,
        other_latents: np.ndarray,
        rows: Sequence[int],
        labels: int | str | Sequence[int | str] | np.ndarray | None = None,
        other_labels: int | str | Sequence[int | str] | np.ndarray | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
        conditions: Sequence[float] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Makes examples that take some rows of their styles from other samples (style mixing).

        Args:
            latents: Floating array of shape `(n, latent_dim)`.
            other_latents: The same, of the samples that give the chosen rows.
            rows: The rows of the styles that come from the others. The first rows decide coarse
                things such as pose and shape, and the last ones colors and details.
            labels: For a conditional GAN, one class or `n` classes of the first latents.
            other_labels: The same, of the others.
            truncation: As for `sample`.
            batch_size: Largest number of examples per call of the generator.
            conditions: As for `sample`, of both sides.

        Returns:
            NumPy array, as from `sample`.

        Raises:
            ValueError: If the generator is not style-based, or an argument is out of its range.

        Example:

        >>> images = gan.mix_styles(gan.latents_of([0, 1]), gan.latents_of([2, 3]), range(4))

        Reference:
            [A Style-Based Generator Architecture for Generative Adversarial Networks](
            https://arxiv.org/abs/1812.04948), section 3.1 and figure 3.
        """
        self.update_inference_state()
        if self._mixing_function is None:
            self._mixing_function = style_mixing.compiled_mixing(self)
        return style_mixing.mix_styles(
            self,
            self._mixing_function,
            latents,
            other_latents,
            rows,
            labels,
            other_labels,
            truncation,
            batch_size,
            conditions,
        )
