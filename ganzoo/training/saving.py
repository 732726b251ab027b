"""How a GAN is made from a recipe, a file or a preset, and written as a file or an export."""

import warnings
from pathlib import Path
from typing import Any, Self

import keras

from ganzoo import export, presets
from ganzoo.data import Dataset
from ganzoo.file_names import check_file_name
from ganzoo.files import user_path
from ganzoo.generation import Directions
from ganzoo.players import PLAYERS
from ganzoo.recipes import Recipe
from ganzoo.recipes.build import build_gan
from ganzoo.training.restorable import check_restorable


class StoredModel:
    """The methods of a GAN that make it from data and write it as data."""

    @classmethod
    def from_recipe(
        cls,
        recipe: Recipe | str,
        data: Dataset | tuple[int, ...],
        num_classes: int | None = None,
        seed: int = 0,
        jit_compile: bool | str = "auto",
        frozen_layers: int = 0,
        steps_per_execution: int | str = "auto",
        accumulate: int = 1,
        remat: bool = False,
    ) -> Self:
        """Builds the networks of a recipe, and compiles the GAN that trains as the recipe says.

        Batch size and number of steps are arguments of `fit`: `recipe.fit_arguments` has them.
        Keras draws the initial weights: call `keras.utils.set_random_seed` first to get the same
        weights again.

        Args:
            recipe: A `ganzoo.recipes.Recipe`, or the name of one.
            data: The `ganzoo.data.Dataset` to train on; or the shape of an example, `(height,
                width, channels)` of images or `(d,)` of vectors.
            num_classes: Number of classes, where `data` is a shape and the recipe is conditional
                or semi-supervised. A `Dataset` knows it.
            seed: Integer in [0, 2**64), the seed of all random draws of the training run.
            jit_compile: Whether to compile with XLA, as in `compile`.
            frozen_layers: How many layers of the discriminator stay frozen, as for
                `freeze_discriminator`.
            steps_per_execution: Steps per call of the compiled function, as in `compile`.
            accumulate: Parts in which a batch is computed, as in `compile`.
            remat: Whether backward passes compute activations again, as in `compile`.

        Returns:
            A compiled `ganzoo.GAN`; a `ganzoo.SemiSupervisedGAN` for a semi-supervised recipe.

        Raises:
            ValueError: If the recipe is unknown, does not fit the data, or is for another class
                than the one whose method is called.

        Example:

        >>> digits, recipe = ganzoo.data.load("digits"), ganzoo.recipes.get("dcgan_digits")
        >>> gan = ganzoo.GAN.from_recipe(recipe, digits)
        >>> history = gan.fit(digits, **recipe.fit_arguments)
        """
        gan = build_gan(
            recipe,
            data,
            num_classes,
            seed,
            jit_compile,
            frozen_layers,
            steps_per_execution,
            accumulate,
            remat,
        )
        if not isinstance(gan, cls):
            raise ValueError(
                f"Expected a recipe of a `{cls.__name__}`. Received: {recipe!r}, which builds a "
                f"`{type(gan).__name__}`"
            )
        return gan

    # Keras's files.

    def save(self, filepath: str | Path, overwrite: bool = True, **settings: Any) -> None:
        """Writes a `.keras` file of the networks, the settings, the optimizers and the averages.

        `keras.saving.load_model(filepath)` reads it. The file does not hold `stored_directions`:
        save them by `Directions.save`, or with a preset.

        Args:
            filepath: Path of the file, with the suffix `.keras`.
            overwrite: Whether to replace a file without a question.
            **settings: As for `keras.Model.save`.

        Raises:
            ValueError: If the name has another suffix, or if a layer could not be loaded again:
                a `Lambda` layer with a lambda, or a class that is not registered.
        """
        # Keras could not read a GAN from `.h5`.
        filepath = user_path(filepath)
        check_file_name("filepath", filepath, (".keras",))
        for player in PLAYERS:
            check_restorable(player, getattr(self, player))
        super().save(filepath, overwrite=overwrite, **settings)

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
            # Files of GANs without them have no such keys.
            **({} if self.condition_dim is None else {"condition_dim": self.condition_dim}),
            **({} if self.class_names is None else {"class_names": list(self.class_names)}),
            **({"condition_names": list(self.condition_names)} if self.condition_names else {}),
            **({} if self.pixels.is_eight_bits else {"pixels": self.pixels.to_dict()}),
            "averaging": self._averaging,
            "preset": self.preset and dict(self.preset),
            **({"unstored_players": list(self.random_players)} if self.random_players else {}),
        }

    @classmethod
    def from_config(cls, config):
        networks = {
            player: keras.saving.deserialize_keras_object(config[player]) for player in PLAYERS
        }
        config = dict(config)
        averaging, preset = config.pop("averaging"), config.pop("preset", None)
        unstored_players = tuple(config.pop("unstored_players", ()))
        gan = cls(**{**config, **networks})
        gan._averaging, gan.preset, gan.unstored_players = averaging, preset, unstored_players
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
            "accumulate": self.accumulate,
            "remat": self.remat,
            "ema_decay": self.ema_decay,
            "ema_half_life": serialize(self.ema_half_life),
            **self._metric_config(),
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self._execution_choice,
            "jit_compile": self._jit_choice,
        }

    def _metric_config(self):
        settings = self.metric_settings
        if settings.metrics is None:
            return {}
        try:
            if not isinstance(settings.extractor, (str, type(None))):
                raise TypeError(f"extractor of type {type(settings.extractor).__name__}")
            metrics = [
                metric if isinstance(metric, str) else keras.saving.serialize_keras_object(metric)
                for metric in settings.metrics
            ]
        except TypeError as error:
            warnings.warn(
                "The metrics of `compile` are not saved: their extractor is an object, and a file "
                f"holds its name only. Compile again after loading. Received: {error}",
                stacklevel=2,
            )
            return {}
        return {"metrics": metrics, "extractor": settings.extractor}

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def save_own_variables(self, store):
        # Keras calls it before it saves the networks.
        self.update_inference_state()
        super().save_own_variables(store)

    # Presets and exports.

    def save_to_preset(
        self,
        folder: str | Path,
        recipe: Recipe | None = None,
        metrics: Any = None,
        card: str | None = None,
        discriminator: bool = True,
        dtype: str = "float32",
        directions: Directions | None = None,
    ) -> None:
        """Writes what `from_preset` reads: config, weights, and a manifest with their hashes.

        It holds the inference generator, and for a semi-supervised GAN the averaged classifier.
        The optimizers and the step are not in it: use checkpoints or `.keras` files to continue a
        training run. The folder appears complete or not at all.

        Layers of your own are stored if they are registered, by
        `@keras.saving.register_keras_serializable(package="mypackage")`. Their code is not: a
        loader imports it, and passes `allow=["mypackage"]` to `from_preset`.

        Args:
            folder: Path of the folder, which must be empty or not exist.
            recipe: The `ganzoo.recipes.Recipe` of the training run, or `None`.
            metrics: Measured values, as plain data, or `None`.
            card: Text of its `README.md`, or `None`.
            discriminator: Whether to store the discriminator's weights too. Without them it starts
                with new weights. A semi-supervised GAN always stores its discriminator, and one of
                `random_players` is never stored.
            dtype: `"float16"` stores weights in half the space, if 16 samples then stay within
                one gray level.
            directions: The `ganzoo.generation.Directions` that the GAN has as `stored_directions`
                when it is loaded; by default the ones that its own preset held, if its weights are
                still the same.

        Raises:
            ValueError: If the folder is not empty, if the networks have layers that a preset must
                not name, if weights are not finite, or if the directions belong to another
                generator.

        Example:

        >>> gan.save_to_preset("models/sngan_digits", recipe=ganzoo.recipes.get("sngan"))
        """
        presets.save(self, folder, recipe, metrics, card, discriminator, dtype, directions)

    @classmethod
    def from_preset(
        cls,
        name_or_path: str | Path,
        sha256: str | None = None,
        allow: list[str] | tuple[str, ...] = (),
    ) -> Self:
        """Returns a trained GAN. It samples at once, and trains further after `compile`.

        Directions that are stored with the preset are its attribute `stored_directions`, a
        `ganzoo.generation.Directions`; without any, this is `None`.

        A preset is data: it cannot run code, and it names only classes of ganzoo, plain classes of
        Keras, and classes of packages that you allow. Hashes and shapes are checked before it is
        used.

        Args:
            name_or_path: One of `ganzoo.list_models()`; the folder of a preset; a model on the
                Hugging Face Hub, `hf://user/name` or `hf://user/name@revision` (extra `hub`); or
                the URL of a zip or an uncompressed tar of a preset.
            sha256: SHA-256 of the archive at a URL, or of the `metadata.json` of a model on the
                Hub, in hexadecimal digits. A URL needs it.
            allow: Names of packages whose registered layers the preset may use, such as
                `["mypackage"]`. They run their own code: allow only packages that you trust. Import
                the module that registers them first.

        Raises:
            ganzoo.presets.PresetError: A `ValueError`; if there is no such preset, if it cannot be
                fetched, is damaged, has content that a preset must not have, or is a model of
                another class.
            ValueError: If `allow` is no list of names, or names ganzoo or Keras.
            ImportError: If a model on the Hub needs the extra `hub`.

        Example:

        >>> images = ganzoo.GAN.from_preset("sngan_fashion_mnist").sample(16)
        """
        gan = presets.load(name_or_path, sha256, allow)
        if not isinstance(gan, cls):
            raise presets.PresetError(
                f"Expected a preset of a `{cls.__name__}`. "
                f"Received: {str(name_or_path)!r}, which holds a `{type(gan).__name__}`"
            )
        return gan

    def export(
        self,
        path: str | Path,
        version: int | None = None,
        format: str | None = None,
        truncation: bool = False,
        discriminator: bool = False,
        quantization: str | None = None,
        directions: Directions | bool | None = None,
        runtime: str | Path | None = None,
        conditions: Any = None,
    ) -> Path:
        """Writes the trained generator for use without ganzoo and without Keras.

        A SavedModel has the signatures `serving_default` (latents to images), `sample` (seeds to
        the images that `sample` gives) and `sample_png`, which `ganzoo.export.signatures` tells in
        full, and lies in the folder of a version with a README and with the requests that warm
        TF Serving up. ONNX (extra `onnx`) and LiteRT (extra `litert`) files map latents to images.
        A web page (extra `onnx`) is a folder for any web server: the generator runs in the browser.
        Files and folders appear whole or not at all. On JAX, a process with TensorFlow exports what
        was saved; layers of your own, which it does not know, are exported where
        `KERAS_BACKEND=tensorflow` is set.

        Args:
            path: For a SavedModel, the folder of the model, named as the model: the version is a
                folder within. For other formats, the `.onnx` file, the `.tflite` file or the folder
                of a page, which must not exist.
            version: Positive integer, the version of a SavedModel; by default the next free one.
            format: `"saved_model"`, `"onnx"`, `"litert"` or `"web"`; by default the one of the
                suffix of `path`, and a SavedModel for a path without these suffixes.
            truncation: Whether the sampling signatures of a SavedModel take a truncation, as
                `sample` does.
            discriminator: Whether a SavedModel has the signature `discriminate` too: it maps uint8
                images to scores, or to probabilities of classes for a semi-supervised GAN.
            quantization: For LiteRT, `"float16"` or `"dynamic_range"`; `None` for float32.
            directions: The `ganzoo.generation.Directions` of this generator: a SavedModel has the
                signature `edit` for them, and a page has sliders. By default the ones that are
                stored with the GAN's preset, and without any a page has 6 in closed form. `False`
                leaves them out.
            runtime: For a page: a folder or the `.tgz` file of the npm package `onnxruntime-web`,
                whose files are copied. By default the page reads them from a CDN, by their hashes.
            conditions: For a page of a GAN with `condition_dim`: vectors of conditions to start
                from, `(condition_dim,)` or `(n, condition_dim)`. With several of them, conditions
                that are 0 or 1 in all become switches, and others sliders between their lowest and
                highest number. By default zeros, and conditions are numbers to type.

        Returns:
            Path of what was written.

        Raises:
            ValueError: If the GAN is untrained, or if an argument does not fit another or what
                there is at the path.
            OSError: If nothing can be written at the path.
            ImportError: If the format needs an extra that is not installed; it names it.

        Example:

        >>> gan = ganzoo.GAN.from_preset("dcgan_digits")
        >>> folder = gan.export("saved_models/digits")  # saved_models/digits/1
        """
        return export.export(
            self,
            path,
            version,
            format,
            truncation,
            discriminator,
            quantization,
            directions,
            runtime,
            conditions,
        )

    @property
    def random_players(self) -> tuple[str, ...]:
        """Players whose weights the preset did not hold, while the GAN has not been trained."""
        return self.unstored_players if self.step == 0 else ()

    def preset_networks(self, discriminator: bool = True) -> dict[str, keras.Model]:
        """Returns the networks whose weights a preset holds, by player.

        Args:
            discriminator: As for `save_to_preset`.
        """
        self.update_inference_state()
        networks = {"generator": self.inference_generator}
        is_averaged = any(network is self.discriminator for _, network in self.averages())
        # A discriminator with an average is a classifier: part of what the model is for.
        if is_averaged or (discriminator and "discriminator" not in self.random_players):
            networks["discriminator"] = self._inference_network(self.discriminator)
        return networks
