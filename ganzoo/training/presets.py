"""How a GAN is written as a preset, and made from one."""


class PresetMethods:
    """The methods of a GAN that hand over to `ganzoo.zoo`.

    They import it when they are called: it builds GANs, and so imports this package.
    """

    def save_to_preset(
        self, folder, recipe=None, metrics=None, card=None, discriminator=True, dtype="float32"
    ):
        """Writes what `from_preset` reads: config, weights, and a manifest with their hashes.

        It holds the generator that samples, and of a semi-supervised GAN the classifier that
        classifies; not what it takes to continue the training, for which there are checkpoints
        and `.keras` files. The folder appears whole or not at all.

        Args:
            folder: Path of the folder, which must be empty or not exist.
            recipe: The `ganzoo.recipes.Recipe` of the training, or `None`.
            metrics: What was measured, as plain data, or `None`.
            card: Text of its `README.md`, or `None`.
            discriminator: Whether to store the discriminator's weights too. Without them it
                begins with new ones; that of a semi-supervised GAN is always stored.
            dtype: `"float16"` stores weights in half the space, if 16 samples then stay within
                one grey level.

        Raises:
            ValueError: If the folder is not empty, if the networks have layers that a preset must
                not name, or if weights are not finite.

        Example:

        >>> gan.save_to_preset("models/sngan_digits", recipe=ganzoo.recipes.get("sngan"))
        """
        from ganzoo import zoo

        zoo.save(self, folder, recipe, metrics, card, discriminator, dtype)

    @classmethod
    def from_preset(cls, name_or_path, sha256=None):
        """Returns a trained GAN, which samples at once, and trains on after `compile`.

        A preset is data: it cannot run code, names no classes but those of ganzoo and the plain
        ones of Keras, and is checked against the hashes and shapes that it must have before it is
        used.

        Args:
            name_or_path: One of `ganzoo.list_models()`, the folder of a preset, or the URL of
                a zip or an uncompressed tar of one.
            sha256: Of a URL, the hash of the archive.

        Raises:
            ganzoo.zoo.PresetError: A `ValueError`; if there is no such preset, if it cannot be
                fetched, is damaged, holds what a preset must not, or is no such model.

        Example:

        >>> images = ganzoo.GAN.from_preset("sngan_fashion_mnist").sample(16)
        """
        from ganzoo import zoo

        gan = zoo.load(name_or_path, sha256)
        if not isinstance(gan, cls):
            raise zoo.PresetError(
                f"Expected a preset of a `{cls.__name__}`. "
                f"Received: {str(name_or_path)!r}, which holds a `{type(gan).__name__}`"
            )
        return gan

    def preset_networks(self, discriminator=True):
        """Returns the networks whose weights a preset holds, by player.

        Args:
            discriminator: As for `save_to_preset`.
        """
        self._synchronize()
        self._refresh_references()
        networks = {"generator": self.sampler}
        if hasattr(self, "_classifier"):
            # Without its classifier, a semi-supervised GAN would be another model.
            networks["discriminator"] = self._classifier()
        elif discriminator:
            networks["discriminator"] = self.discriminator
        return networks
