"""What a trained GAN makes: samples, ways between them, and the likenesses of given images."""

from ganzoo.generation import class_mixing, inversion, sampling


class GenerationMethods:
    """The methods of a GAN that call its generator, each through one compiled function."""

    def _forget_functions(self):
        """Makes the methods compile anew, for other settings."""
        self._sampling_function = None
        self._generating_function = None
        self._projecting_function = None

    def _prepare(self):
        self._synchronize()
        self._refresh_references()

    def sample(self, n, seed=0, labels=None, truncation=1.0, batch_size=64):
        """Draws examples from the generator's average.

        Row i follows from the seed `seed + i` alone: it is the same in any batch of samples.

        Args:
            n: Number of examples.
            seed: Integer in [0, 2**64), the seed of the first row; or a list of `n` such integers,
                the seed of each.
            labels: Of a conditional GAN, one class or `n` classes; by default a row of seed s is of
                class `s % num_classes`.
            truncation: Factor of the latents, at least 0: below 1, samples are more typical and
                less varied.
            batch_size: Examples per call of the generator.

        Returns:
            NumPy array: uint8 images of shape `(n, height, width, channels)`, or float32 vectors.

        Raises:
            ValueError: If an argument is out of its range.
        """
        self._prepare()
        if self._sampling_function is None:
            self._sampling_function = sampling.compile_sampling(self)
        return sampling.sample(
            self, self._sampling_function, n, seed, labels, truncation, batch_size
        )

    def latents_of(self, seeds):
        """Returns the latents that `sample` makes of seeds.

        Args:
            seeds: Integer in [0, 2**64), or a list of them.

        Returns:
            float32 NumPy array of shape `(n, latent_dim)`.

        Raises:
            ValueError: If a seed is out of its range.
        """
        return class_mixing.latents_of(self, seeds)

    def generate(self, latents, labels=None, batch_size=64):
        """Makes examples of given latents, by the generator's average.

        Args:
            latents: Floating array of shape `(n, latent_dim)`.
            labels: Of a conditional GAN, one class or `n` classes; or weights of the classes, of
                shape `(n, num_classes)`: then each row is made by the network whose scales, offsets
                and embeddings are the mixture of the classes' own with these weights.
            batch_size: Examples per call of the generator, at most.

        Returns:
            NumPy array, as of `sample`.

        Raises:
            ValueError: If an argument is out of its range, or if classes are to be mixed that are
                not in `ConditionalBatchNormalization` or `Embedding` layers.

        Example:

        >>> images = gan.generate(gan.latents_of([3, 17]))
        """
        self._prepare()
        if self._generating_function is None:
            self._generating_function = class_mixing.compile_generation(self)
        return class_mixing.generate(self, self._generating_function, latents, labels, batch_size)

    def interpolate(
        self,
        seeds,
        labels=None,
        steps=8,
        loop=False,
        interpolation=None,
        truncation=1.0,
        batch_size=64,
    ):
        """Makes the examples along a way from sample to sample, or from class to class.

        Args:
            seeds: List of seeds of the samples that the way goes through; or one seed, where it
                goes through classes alone.
            labels: Of a conditional GAN, the class of each of these samples, which turns into the
                next one's on the way as in `generate`; or one class for all. By default that which
                `sample` gives to the first seed.
            steps: Steps from each sample to the next.
            loop: Whether the way goes back to the first sample. It then ends one step before it, so
                that an animation of it repeats without a halt.
            interpolation: `"spherical"`, along great circles, the default for normal latents; or
                `"linear"`, the default for uniform ones, whose cube the circles would leave.
            truncation: Factor of the latents, as for `sample`.
            batch_size: Examples per call of the generator, at most.

        Returns:
            NumPy array, as of `sample`, of `(keys - 1) * steps + 1` rows, or `keys * steps` of
            a loop; every `steps`-th row is a sample.

        Raises:
            ValueError: If an argument is out of its range, if the numbers of seeds and of labels
                do not fit, or if the generator's classes cannot be mixed.

        Example:

        >>> images = gan.interpolate([0, 1, 2], steps=10)  # 21 images.

        Reference:
            [Sampling Generative Networks](https://arxiv.org/abs/1609.04468), on interpolation.
        """
        return class_mixing.interpolate(
            self, seeds, labels, steps, loop, interpolation, truncation, batch_size
        )

    def project(
        self,
        images,
        labels=None,
        steps=300,
        restarts=4,
        seed=0,
        learning_rate=0.2,
        prior_weight=1e-3,
        batch_size=64,
    ):
        """Finds the latents whose images are nearest to given ones.

        It minimizes the mean squared difference of the pixels by Adam, from several random starts,
        and keeps the nearest image of all. What it finds for one image does not depend on the
        others.

        Args:
            images: uint8 images in [0, 255] or float images in [-1, 1] of the shape that the GAN
                makes, one or a batch of them; of a GAN of vectors, float vectors.
            labels: Of a conditional GAN, one class or the class of each image. By default each
                class is tried, which takes `num_classes` times as long.
            steps: Steps of the descent. The learning rate falls to 0 along half a cosine.
            restarts: Starts for each image, and for each class that is tried.
            seed: Seed of the first start; start i is the latents of the seed `seed + i`.
            learning_rate: That of the first step.
            prior_weight: Of normal latents z, the weight of `mean(z**2) / 2`, the negative
                logarithm of their density for each dimension, beside the squared difference of
                pixels in [-1, 1]. It keeps z where the generator was trained.
            batch_size: Latents per call of the generator.

        Returns:
            A `ganzoo.generation.inversion.Projection`, a named tuple of `latents`, `labels`,
            `images` and `errors`.

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
              that leaves (-1, 1) is drawn anew.

        Deviations:
            Creswell and Bharath minimize the cross-entropy of MNIST's pixels, by RMSprop. In the
            second half of the steps, components of uniform latents that leave their interval are
            set to its end: as the learning rate falls, one that is drawn anew could not return.
        """
        self._prepare()
        if self._projecting_function is None:
            self._projecting_function = inversion.compile_projection(self)
        return inversion.project(
            self,
            self._projecting_function,
            images,
            labels,
            steps,
            restarts,
            seed,
            learning_rate,
            prior_weight,
            batch_size,
        )
