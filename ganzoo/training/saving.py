"""How a GAN is written as a file, as a preset or as an export, and made from the first two."""

import keras

_PLAYERS = ("generator", "discriminator")


class SavingMethods:
    """The methods of a GAN that Keras's files are made of, and those that hand over.

    `ganzoo.presets` and `ganzoo.export` are imported when they are called: they build GANs, and so
    import this package.
    """

    # Keras's files.

    def get_config(self):
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "latent_dim": self.latent_dim,
            "latent": self.latent,
            "num_classes": self.num_classes,
            "packing": self.packing,
            "seed": self.seed,
            "name": self.name,
            "averaging": self._averaging,
            "preset": self.preset and dict(self.preset),
        }

    @classmethod
    def from_config(cls, config):
        networks = {
            player: keras.saving.deserialize_keras_object(config[player]) for player in _PLAYERS
        }
        config = dict(config)
        averaging, preset = config.pop("averaging"), config.pop("preset", None)
        gan = cls(**{**config, **networks})
        gan._averaging, gan.preset = averaging, preset
        return gan

    def get_compile_config(self):
        if not self.compiled:
            return None
        serialize = keras.saving.serialize_keras_object
        return {
            "optimizer": serialize(self.optimizer),
            "loss": serialize(self.adversarial_loss),
            "generator_loss": serialize(self.generator_loss),
            "classifier_loss": serialize(self.classifier_loss),
            "regularizers": [serialize(regularizer) for regularizer in self.regularizers],
            "augment": serialize(self.augment),
            "discriminator_steps": self.discriminator_steps,
            "generator_steps": self.generator_steps,
            "generator_batch_ratio": self.generator_batch_ratio,
            "ema_decay": self.ema_decay,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
            "jit_compile": self._jit_choice,
        }

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def save_own_variables(self, store):
        # Keras calls it before it saves the networks.
        self._refresh_references()
        super().save_own_variables(store)

    # Presets and exports.

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
                one gray level.

        Raises:
            ValueError: If the folder is not empty, if the networks have layers that a preset must
                not name, or if weights are not finite.

        Example:

        >>> gan.save_to_preset("models/sngan_digits", recipe=ganzoo.recipes.get("sngan"))
        """
        from ganzoo import presets

        presets.save(self, folder, recipe, metrics, card, discriminator, dtype)

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
            ganzoo.presets.PresetError: A `ValueError`; if there is no such preset, if it cannot be
                fetched, is damaged, holds what a preset must not, or is no such model.

        Example:

        >>> images = ganzoo.GAN.from_preset("sngan_fashion_mnist").sample(16)
        """
        from ganzoo import presets

        gan = presets.load(name_or_path, sha256)
        if not isinstance(gan, cls):
            raise presets.PresetError(
                f"Expected a preset of a `{cls.__name__}`. "
                f"Received: {str(name_or_path)!r}, which holds a `{type(gan).__name__}`"
            )
        return gan

    def export(
        self,
        path,
        version=None,
        format="saved_model",
        truncation=False,
        discriminator=False,
        quantization=None,
    ):
        """Writes the trained generator for use without ganzoo and without Keras.

        A SavedModel has the signatures `serving_default` (latents to images), `sample` (seeds to
        the images that `sample` gives) and `sample_png`, which `ganzoo.export.signatures` tells in
        full, and lies in the folder of a version with a README and with the requests that warm
        TF Serving up. ONNX (extra `onnx`) and LiteRT (extra `litert`) files map latents to images.
        Files and folders appear whole or not at all. On JAX, a process with TensorFlow exports what
        was saved; layers of your own, which it does not know, are exported where
        `KERAS_BACKEND=tensorflow` is set.

        Args:
            path: Of a SavedModel, the folder of the model, named as the model: the version is a
                folder within. Of other formats the file, which must not exist.
            version: Positive integer, the version of a SavedModel; by default the next free one.
            format: `"saved_model"`, `"onnx"` or `"litert"`.
            truncation: Whether the sampling signatures of a SavedModel take the factor of the
                latents, in [0, 1].
            discriminator: Whether a SavedModel has the signature `discriminate` too: uint8 images
                to scores, and of a semi-supervised GAN to the probabilities of the classes.
            quantization: Of LiteRT, `"float16"` or `"dynamic_range"`; `None` for float32.

        Returns:
            Path of what was written.

        Raises:
            ValueError: If the GAN is untrained, or if an argument does not fit another or what
                there is at the path.
            ImportError: If the format needs an extra that is not installed; it names it.

        Example:

        >>> gan = ganzoo.GAN.from_preset("dcgan_digits")
        >>> folder = gan.export("saved_models/digits")  # saved_models/digits/1
        """
        from ganzoo import export

        return export.export(self, path, version, format, truncation, discriminator, quantization)

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
