"""The methods of a trained generator: samples, interpolations, and latents of given images."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ganzoo.generation import class_mixing, inversion, sampling
from ganzoo.generation.directions import Directions
from ganzoo.generation.edited_generator import EditedGenerator
from ganzoo.generation.image_features import feature_function
from ganzoo.generation.inversion import Projection
from ganzoo.generation.standing_statistics import set_standing_statistics


class TrainedGenerator(EditedGenerator):
    """What a GAN does with its trained generator.

    The class that inherits from it has the attributes `inference_generator` (the network that
    samples), `latent_dim`, `latent`, `num_classes`, `condition_dim`, `example_shape`, `pixels` and
    `variables`, is called as a function of the generator's inputs, and has the method
    `update_inference_state()`, which brings its variables up to date.
    """

    def _forget_functions(self):
        """Makes the methods compile their functions again, for other settings."""
        self._sampling_function = None
        self._generating_function = None
        self._projecting_functions = {}
        self._mixing_function = None
        self._style_functions = {}

    def sample(
        self,
        n: int,
        seed: int | Sequence[int] | None = 0,
        labels: int | str | Sequence[int | str] | np.ndarray | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
        latent_scale: float = 1.0,
        conditions: Sequence[float] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Draws the same examples at each call: `seed=0` is a fixed seed, not a random one.

        Use another seed for other examples, and `seed=None` for fresh ones at each call. Row i
        depends on the seed `seed + i` alone: it is the same in any batch of samples, except that
        about one pixel in a million differs by one gray level between batches of other sizes. The
        samples come from the generator's average, if there is one.

        Args:
            n: Number of examples.
            seed: Integer in [0, 2**64), the seed of the first row; a list of `n` such integers,
                the seed of each row; or `None` to draw a seed from the operating system.
            labels: For a conditional GAN, one class or `n` classes, as numbers, or as names if the
                GAN has `class_names`; by default a row of seed s has the class `s % num_classes`.
            truncation: Bound t of the latents, at least 0, or `None`: normal latents are
                conditioned on |z| <= t in each component, and uniform ones are scaled to (-t, t).
                A smaller bound gives more typical and less varied samples. A style-based generator
                takes a number in [0, 1]: the share of the distance from its average style to the
                style of the sample.
            batch_size: Examples per call of the generator.
            latent_scale: Factor of the latents, at least 0, which is applied before truncation.
            conditions: For a GAN with `condition_dim`, one vector of conditions, or `n` of them.

        Returns:
            NumPy array: uint8 images of shape `(n, height, width, channels)`, or other float32
            examples of shape `(n, ...)`. Images of a GAN that was trained on 16 bits, or on floats
            of a `value_range`, are such numbers: `gan.pixels` says which, and
            `gan.pixels.in_eight_bits(images)` makes uint8 of them.

        Raises:
            ValueError: If an argument is out of its range.

        Example:

        >>> same = gan.sample(16), gan.sample(16)
        >>> fresh = gan.sample(16, seed=None)
        """
        self.update_inference_state()
        if self._sampling_function is None:
            self._sampling_function = sampling.compile_sampling(self)
        return sampling.sample(
            self,
            self._sampling_function,
            n,
            seed,
            labels,
            truncation,
            batch_size,
            latent_scale,
            conditions,
        )

    def latents_of(self, seeds: int | Sequence[int]) -> np.ndarray:
        """Returns the latents that `sample` makes from seeds.

        Args:
            seeds: Integer in [0, 2**64), or a list of them.

        Returns:
            float32 NumPy array of shape `(n, latent_dim)`.

        Raises:
            ValueError: If a seed is out of its range.
        """
        return class_mixing.latents_of(self, seeds)

    def generate(
        self,
        latents: np.ndarray,
        labels: int | str | Sequence[int | str] | np.ndarray | None = None,
        batch_size: int = 64,
        truncation: float | None = None,
        conditions: Sequence[float] | np.ndarray | None = None,
    ) -> np.ndarray:
        """Makes examples from given latents, with the generator's average.

        Args:
            latents: Floating array of shape `(n, latent_dim)`.
            labels: For a conditional GAN, one class or `n` classes; or weights of the classes, of
                shape `(n, num_classes)`. With weights, the scales, offsets and embeddings of a row
                are the weighted mixture of the values that the classes have.
            batch_size: Largest number of examples per call of the generator.
            truncation: As for `sample`, of these latents.
            conditions: As for `sample`.

        Returns:
            NumPy array, as from `sample`.

        Raises:
            ValueError: If an argument is out of its range, or if the classes cannot be mixed since
                they are used outside of `ConditionalBatchNormalization` and `Embedding` layers.

        Example:

        >>> images = gan.generate(gan.latents_of([3, 17]))
        """
        function = self._generation()
        return class_mixing.generate(
            self, function, latents, labels, batch_size, truncation, conditions
        )

    def set_standing_statistics(
        self,
        batches: int = 16,
        batch_size: int = 64,
        seed: int = 0,
        conditions: Sequence[float] | np.ndarray | None = None,
    ) -> None:
        """Gives batch normalization the mean statistics of fresh batches (standing statistics).

        The generator that samples otherwise uses moving averages, which belong to the weights of
        many steps: to the last weights, and to their average, others fit better. Further training
        moves the new values like the old ones.

        Args:
            batches: Number of batches, usually 16 to 128.
            batch_size: Largest number of samples in a batch; sizes are random, from 2.
            seed: Seed of the first sample, and of the sizes.
            conditions: For a GAN with `condition_dim`, the conditions of all samples. The classes
                of other GANs take turns.

        Raises:
            ValueError: If the generator has no batch normalization, or an argument is out of its
                range.

        Example:

        >>> gan = ganzoo.GAN.from_preset("dcgan_digits")
        >>> gan.set_standing_statistics()

        Reference:
            [Large Scale GAN Training](https://arxiv.org/abs/1809.11096), appendix C.
        """
        self.update_inference_state()
        set_standing_statistics(self, batches, batch_size, seed, conditions)

    def interpolate(
        self,
        seeds: int | Sequence[int],
        labels: int | str | Sequence[int | str] | None = None,
        steps: int = 8,
        loop: bool = False,
        interpolation: str | None = None,
        truncation: float | None = None,
        batch_size: int = 64,
        latent_scale: float = 1.0,
        conditions: Sequence[float] | np.ndarray | None = None,
        easing: str = "linear",
        directions: Directions | None = None,
        amounts: dict | np.ndarray | None = None,
    ) -> np.ndarray:
        """Makes the examples along a path: between samples, between classes, along directions.

        Args:
            seeds: List of the seeds of the keyframes, the samples that the path goes through; or
                one seed for a path through classes or along directions alone.
            labels: For a conditional GAN, the class of each keyframe, which turns gradually into
                the next one as in `generate`; or one class for all. By default the class that
                `sample` gives to the first seed.
            steps: Steps from each keyframe to the next.
            loop: Whether the path returns to the first keyframe. It then ends one step before it,
                so that an animation repeats without a pause.
            interpolation: `"spherical"`, along great circles, the default for normal latents; or
                `"linear"`, the default for uniform latents, whose cube great circles would leave.
            truncation: As for `sample`, of all latents on the path.
            batch_size: Largest number of examples per call of the generator.
            latent_scale: Factor of the latents of the keyframes, as for `sample`.
            conditions: For a GAN with `condition_dim`, the conditions of each keyframe, between
                which the path is straight; or one vector for all.
            easing: `"linear"`, or `"smooth"`: the path slows down at each keyframe.
            directions: The `ganzoo.generation.Directions` of this generator, along which the path
                leads too.
            amounts: With `directions`: dictionary from directions (names or numbers) to the
                amounts of the keyframes, or to one number for all; or an array of shape
                `(keyframes, k)` or `(k,)`. Between keyframes amounts change linearly.

        Returns:
            NumPy array, as from `sample`, with `(keyframes - 1) * steps + 1` rows, or
            `keyframes * steps` for a loop; every `steps`-th row is a keyframe.

        Raises:
            ValueError: If an argument is out of its range, if the numbers of seeds and of labels
                do not fit, or if the generator's classes cannot be mixed.

        Example:

        >>> images = gan.interpolate([0, 1, 2], steps=10)  # 21 images.
        >>> found = gan.directions("sefa", k=3)
        >>> images = gan.interpolate(5, directions=found, amounts={0: [-3.0, 3.0]})

        Reference:
            [Sampling Generative Networks](https://arxiv.org/abs/1609.04468), on interpolation.
        """
        return class_mixing.interpolate(
            self,
            seeds,
            labels,
            steps,
            loop,
            interpolation,
            truncation,
            batch_size,
            latent_scale,
            conditions,
            easing,
            directions,
            amounts,
        )

    def project(
        self,
        images: np.ndarray,
        labels: int | str | Sequence[int | str] | None = None,
        steps: int = 300,
        restarts: int = 4,
        seed: int = 0,
        learning_rate: float = 0.2,
        prior_weight: float = 1e-3,
        batch_size: int = 64,
        conditions: Sequence[float] | np.ndarray | None = None,
        extractor: Any = None,
        feature_weight: float = 1.0,
    ) -> Projection:
        """Finds the latents whose images are nearest to given images.

        Adam minimizes the mean squared difference of the pixels, and of features if there is an
        extractor, from several random starts, and the nearest image of all is kept. The result for
        one image does not depend on the others.

        Args:
            images: uint8 images in [0, 255] or float images in [-1, 1] of the shape that the GAN
                makes, one or a batch of them; for a GAN of vectors, float vectors.
            labels: For a conditional GAN, one class or the class of each image. By default each
                class is tried, which takes `num_classes` times as long.
            steps: Steps of the descent. The learning rate falls to 0 along half a cosine.
            restarts: Starts for each image, and for each class that is tried.
            seed: Seed of the first start; start i has the latents of the seed `seed + i`.
            learning_rate: Learning rate of the first step.
            prior_weight: For normal latents z, the weight of `mean(z**2) / 2`, the negative
                logarithm of their density for each dimension, which is added to the squared
                difference of pixels in [-1, 1]. It keeps z where the generator was trained.
            batch_size: Latents per call of the generator.
            conditions: For a GAN with `condition_dim`, the conditions of each image, or of all.
            extractor: For the difference of features, one of ganzoo's classifiers, as
                `ganzoo.extractors.get("mnist")`, or `ganzoo.extractors.get("inception")`; `None`
                for pixels alone. The `errors` are of pixels in either case.
            feature_weight: Weight of the mean squared difference of features, where that of pixels
                in [-1, 1] has the weight 1.

        Returns:
            A `ganzoo.generation.Projection`, a named tuple of `latents`, `labels`, `images` and
            `errors`.

        Raises:
            ValueError: If an argument is out of its range.

        Example:

        >>> found = gan.project(gan.sample(4, seed=100))
        >>> same = gan.generate(found.latents, found.labels)

        Reference:
            - [Inverting the Generator of a Generative Adversarial Network](
              https://arxiv.org/abs/1611.05644): batches of latents, the prior.
            - [Precise Recovery of Latent Vectors from Generative Adversarial Networks](
              https://arxiv.org/abs/1702.04782): stochastic clipping. A component of uniform latents
              that leaves (-1, 1) is drawn again.

        Deviations:
            Creswell and Bharath minimize the cross-entropy of MNIST's pixels with RMSprop. In the
            second half of the steps, components of uniform latents that leave their interval are
            set to its end: as the learning rate falls, a component that is drawn again could not
            return.
        """
        self.update_inference_state()
        features_of = feature_function(extractor, self.example_shape)
        key = extractor and id(extractor)
        if key not in self._projecting_functions:
            self._projecting_functions[key] = inversion.compile_projection(self, features_of)
        return inversion.project(
            self,
            self._projecting_functions[key],
            images,
            labels,
            steps,
            restarts,
            seed,
            learning_rate,
            prior_weight,
            batch_size,
            conditions,
            feature_weight,
        )
