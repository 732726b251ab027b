"""The methods of a trained generator that change its samples: directions, edits, mixed styles."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganzoo.generation import (
    class_mixing,
    direction_methods,
    editing,
    from_styles,
    style_inversion,
    style_mixing,
)
from ganzoo.generation.directions import Directions, check_directions
from ganzoo.generation.image_features import feature_function
from ganzoo.generation.style_inversion import StyleProjection


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
        conditions: Sequence[float] | np.ndarray | None = None,
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
            conditions: As for `sample`, for the samples of `"pca"` and `"classes"`.

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
            self, method, k, layers, samples, classifier, seed, batch_size, conditions
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
        check_directions(directions)
        directions.check(self)
        return editing.edit(
            self, latents, directions, amounts, labels, truncation, batch_size, conditions
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

    def project_styles(
        self,
        images: np.ndarray,
        labels: int | str | Sequence[int | str] | None = None,
        space: str = "style",
        noise: bool = False,
        extractor: Any = None,
        steps: int = 1000,
        learning_rate: float = 0.1,
        noise_weight: float = 1e5,
        feature_weight: float = 1.0,
        samples: int = 10_000,
        seed: int = 0,
        conditions: Sequence[float] | np.ndarray | None = None,
    ) -> StyleProjection:
        """Finds the styles of a style-based generator whose images are nearest to given images.

        Adam starts at the mean style, and minimizes the mean squared difference of pixels in
        [-1, 1], of features if there is an extractor, and the correlation of neighbors in the noise
        maps. Noise that fades is added to the styles. The images are treated one by one.

        Args:
            images: uint8 images in [0, 255] or float images in [-1, 1] of the shape that the GAN
                makes, one or a batch of them.
            labels: For a conditional GAN, the class whose mean style is the start, one or one for
                each image; by default the mean of all classes.
            space: `"style"`: one style for all rows. `"style_rows"`: a style for each row, which
                comes nearer and is worse to edit.
            noise: Whether the noise maps move too. They then are normalized after each step.
            extractor: For the difference of features, one of ganzoo's classifiers, as
                `ganzoo.extractors.get("mnist")`, or `ganzoo.extractors.get("inception")`; `None`
                for pixels alone.
            steps: Steps of the descent.
            learning_rate: The largest learning rate. It rises over the first 5% of the steps and
                falls along a cosine over the last 25%.
            noise_weight: Weight of the correlation in the noise maps.
            feature_weight: Weight of the difference of features.
            samples: Samples for the mean style and its spread.
            seed: Seed of the noise that is added to the styles.
            conditions: For a GAN with `condition_dim`, the conditions whose mean style is the
                start: one vector, or one for each image.

        Returns:
            A `ganzoo.generation.StyleProjection` of `styles`, `noise`, `images` and `errors`.

        Raises:
            ValueError: If the generator is not style-based, or an argument is out of its range.

        Example:

        >>> found = gan.project_styles(gan.sample(1, seed=100), steps=200)
        >>> same = gan.generate_from_styles(found.styles, found.noise)

        Reference:
            [Analyzing and Improving the Image Quality of StyleGAN](
            https://arxiv.org/abs/1912.04958), appendix D.

        Deviations:
            The paper compares features of VGG16 (LPIPS). Noise maps start as the stored ones.
        """
        style_inversion.check_space(self, space, noise)
        features_of = feature_function(extractor, self.example_shape)
        self.update_inference_state()
        key = space, noise, extractor and id(extractor)
        if key not in self._style_functions:
            self._style_functions[key] = style_inversion.compile_style_projection(
                self, space == "style_rows", noise, features_of
            )
        return style_inversion.project_styles(
            self,
            self._style_functions[key],
            from_styles.styles_function(self),
            images,
            labels,
            conditions,
            space,
            samples,
            seed,
            steps,
            learning_rate,
            noise_weight,
            feature_weight,
        )

    def generate_from_styles(
        self, styles: np.ndarray, noise: Sequence[np.ndarray] | None = None, batch_size: int = 64
    ) -> np.ndarray:
        """Makes examples from given styles, with the generator's average.

        Args:
            styles: Floating array of shape `(n, num_rows, style_dim)`, or `(n, style_dim)` for the
                same style in all rows.
            noise: List of noise maps `(n, height, width)`, as `project_styles` returns them; by
                default the stored ones.
            batch_size: Largest number of examples per call of the generator without `noise`.

        Returns:
            NumPy array, as from `sample`.

        Raises:
            ValueError: If the generator is not style-based, or an argument has a wrong shape.

        Example:

        >>> found = gan.project_styles(gan.sample(1, seed=100), steps=200)
        >>> images = gan.generate_from_styles(found.styles, found.noise)
        """
        self.update_inference_state()
        return from_styles.generate(self, styles, noise, batch_size)
