"""The spectral norms of the layers of a GAN while it trains."""

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from ganzoo import backend, json_lines, plot
from ganzoo.callbacks.checks import check_gan, check_listed_before_readers
from ganzoo.callbacks.event_files import open_event_files
from ganzoo.file_names import check_folder_name
from ganzoo.files import user_path
from ganzoo.layers.operator_norm import operator_norm
from ganzoo.layers.reparametrization import SUPPORTED, kernel_variable, output_axis
from ganzoo.layers.spectral_normalization import kernel_matrix, power_iteration
from ganzoo.players import PLAYERS
from ganzoo.training.fit_hook import FitHook
from ganzoo.validation import check_choice, check_positive, check_positive_integer

_ITERATIONS = 5  # At each check. The vectors are kept between checks.
_CHECKS_TO_WARM_UP = 10
_GROWTH = 10
_SINGULAR = 1 / np.finfo("float64").eps


class SpectralMonitor(FitHook):
    """Watches the spectral norm of every layer with spectral normalization.

    Each check estimates two norms of a layer: `kernel_norm`, of the kernel that the layer stores,
    and `norm`, of the kernel that it computes with. `norm` should be 1 (or the `factor` and learned
    scale of the layer). The monitor runs its own power iterations, in one compiled function: by its
    own estimate, the kernel of a layer would look normalized whatever its vector is. The first and
    the last check, and every `exact_every`-th one, also decompose the kernels in float64. They give
    `exact_norm`, and `condition`, the ratio of the largest to the smallest singular value (at most
    4.5e15, for a singular kernel). Layers with `num_singular_values` of k > 1 add
    `singular_value_2` to `singular_value_k`, their estimates for the stored kernel. All these are
    norms of kernels as matrices; with `operator_norms=True`, exact checks add `operator_norm`, how
    much a layer can stretch an example (`ganzoo.layers.operator_norm`), which for a convolution is
    larger. It should be 1, times scales, only under `SpectralNormalization(norm="operator")`.

    The logs hold the latest values at the end of each epoch, for Keras's `History`, `CSVLogger` and
    `TensorBoard`: `norm` as `spectral/<layer>`, all others as `spectral/<layer>/<quantity>`. List
    this callback before those. `records` holds all checks.

    An exact check warns once of each layer whose vector has lost the largest singular value, so
    that `exact_norm` is off by more than `tolerance`. It also warns once of each layer whose
    condition number is above `condition_limit` and above 10 times its first value.

    Args:
        every: Epochs, or steps, between two checks.
        unit: What `every` counts, `"epochs"` or `"steps"`.
        exact_every: Number of checks from one exact check to the next, or `None` for none.
        players: The networks to watch: `"discriminator"`, `"generator"` or a list of both. With
            both, the names of layers begin with the name of the network.
        normalized_only: If `False`, layers without spectral normalization are watched too, if
            `SpectralNormalization` supports them. Both their norms are of the stored kernel.
        operator_norms: Whether exact checks measure the operator norms too, of all layers but
            embeddings.
        folder: Folder of the file `spectral.jsonl`, to which each check adds a line; or `None`. It
            is created if it does not exist. A resumed run continues the same file: of two lines
            with the same step, the later one is valid.
        tensorboard: Folder for TensorBoard's event files, or `None`. Needs the extra
            `ganzoo[tensorboard]`, and TensorFlow.
        tolerance: Relative deviation of `exact_norm` above which to warn.
        condition_limit: Condition number above which to warn. At the default, the smallest
            directions of a float32 kernel are within a factor of 10 of its rounding errors.

    Attributes:
        records: List of dictionaries with the `step` of a check and its values for each layer in
            `layers`.

    Raises:
        ValueError: If an argument is out of its range; or when training begins, if there is no
            layer to watch, or if a callback that reads the values is listed before this one.
        ImportError: If `tensorboard` is given and cannot be used.
        OSError: When training begins, if the folder is not writable.

    Example:

    >>> monitor = ganzoo.callbacks.SpectralMonitor(every=100, unit="steps", folder="run")
    >>> history = gan.fit(dataset, epochs=20, callbacks=[monitor])
    >>> monitor.plot("run/spectral.png")

    Reference:
        [Large Scale GAN Training](https://arxiv.org/abs/1809.11096), section 4 and appendix F,
        watches the singular values for early signs of a collapse.
    """

    needs_batch_logs = False

    def __init__(
        self,
        every: int = 1,
        unit: str = "epochs",
        exact_every: int | None = 10,
        players: str | Sequence[str] = "discriminator",
        normalized_only: bool = True,
        operator_norms: bool = False,
        folder: str | Path | None = None,
        tensorboard: str | Path | None = None,
        tolerance: float = 0.1,
        condition_limit: float = 1e6,
    ):
        super().__init__()
        self.every = check_positive_integer("every", every)
        self.unit = check_choice("unit", unit, ("epochs", "steps"))
        self.exact_every = (
            None if exact_every is None else check_positive_integer("exact_every", exact_every)
        )
        self.players = (players,) if isinstance(players, str) else tuple(players)
        if not self.players:
            raise ValueError(f"`players` must name a network. Received: players={players!r}")
        for player in self.players:
            check_choice("players", player, PLAYERS)
        self.normalized_only = bool(normalized_only)
        self.operator_norms = bool(operator_norms)
        if folder is not None:
            check_folder_name("folder", folder)
        self.folder = None if folder is None else user_path(folder)
        self.tolerance = check_positive("tolerance", tolerance)
        self.condition_limit = check_positive("condition_limit", condition_limit)
        self.records: list[dict[str, Any]] = []
        self._summary, self._writer = None, None
        if tensorboard is not None:
            self._summary, self._writer = open_event_files(tensorboard, "scalars")
        self._warned = set()

    def attach(self, callbacks: list[keras.callbacks.Callback]) -> None:
        check_listed_before_readers(self, callbacks, ["spectral/"])
        self._find_layers()  # Raises if there is none.

    def on_train_begin(self, logs=None):
        check_gan(self)
        self._layers = self._find_layers()
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        self._estimate = backend.compiled(self._estimates, self.model)
        rng = np.random.default_rng(0)
        self._vectors = [
            ops.array(rng.standard_normal(kernel_variable(layer).shape[output_axis(layer)]), dtype)
            for layer, dtype in ((_inner(one), _dtype(one)) for one in self._layers.values())
        ]
        self._latest = {name: {} for name in self._layers}
        self._first_conditions = {}
        self._checks = 0
        step = self.model.step
        for _ in range(_CHECKS_TO_WARM_UP):
            self._vectors, _ = self._estimate(self._vectors)
        self._check(step, exact=self.exact_every is not None)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self.model.step

    def on_train_batch_end(self, batch, logs=None):
        # Steps are counted here: asking the model would wait for the device in each step.
        if self.unit == "steps":
            step = self._epoch_start + batch + 1
            if step // self.every > self._checked_step // self.every:
                self._check(self.model.step)

    def on_epoch_end(self, epoch, logs=None):
        if self.unit == "epochs" and (epoch + 1) % self.every == 0:
            self._check(self.model.step)
        if logs is not None:
            logs.update(self._scalars(self._latest))

    def on_train_end(self, logs=None):
        missing = self.exact_every is not None and self._exact_step != self.model.step
        if missing or self._checked_step != self.model.step:
            self._check(self.model.step, exact=self.exact_every is not None)
        if self._writer is not None:
            self._writer.flush()

    def get_state(self) -> dict[str, Any]:
        return {
            "layers": list(self._layers),
            "records": self.records,
            "vectors": [ops.convert_to_numpy(vector).tolist() for vector in self._vectors],
            "latest": self._latest,
            "first_conditions": self._first_conditions,
            "checks": self._checks,
            "checked_step": self._checked_step,
            "exact_step": self._exact_step,
            "warned": sorted(self._warned),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        sizes = [len(vector) for vector in self._vectors]
        saved_sizes = [len(vector) for vector in state["vectors"]]
        if sizes != saved_sizes:
            raise ValueError(
                "The monitor of a resumed run must watch the same layers as before: give it the "
                "same `players` and `normalized_only`, or start a new run in another folder. "
                f"Received: {len(sizes)} layers, {', '.join(self._layers)}, with "
                f"{len(saved_sizes)} in the checkpoint: {', '.join(state['layers'])}"
            )
        # It replaces the first check, of the resumed step. Layers are matched by their order: Keras
        # numbers the layers of a process that were given no name.
        names = dict(zip(state["layers"], self._layers, strict=True))

        def renamed(values):
            return {names[name]: value for name, value in values.items()}

        self.records = [
            {"step": record["step"], "layers": renamed(record["layers"])}
            for record in state["records"]
        ]
        self._vectors = [
            ops.array(values, vector.dtype)
            for values, vector in zip(state["vectors"], self._vectors, strict=True)
        ]
        self._latest = renamed(state["latest"])
        self._first_conditions = renamed(state["first_conditions"])
        self._checks = state["checks"]
        self._checked_step, self._exact_step = state["checked_step"], state["exact_step"]
        self._warned = {(names[name], kind) for name, kind in state["warned"]}

    def plot(self, path: str | Path) -> None:
        """Draws all checks so far into an image file, with `ganzoo.plot.spectral_norms`.

        Args:
            path: The file. Its suffix chooses the format, such as `.png` or `.svg`.

        Raises:
            ValueError: If there is no check yet.
            ImportError: If matplotlib is not installed.
        """
        plot.spectral_norms(self, path=path)

    def _find_layers(self):
        found = {}
        for player in self.players:
            prefix = (player,) if len(self.players) > 1 else ()
            for path, layer in _layers_with_kernels(getattr(self.model, player), prefix):
                is_wrapped = _is_normalized(layer)
                is_new = all(layer is not other for other in found.values())
                if is_new and (is_wrapped or not self.normalized_only):
                    found["/".join(path)] = layer
        if not found:
            raise ValueError(
                "There is no layer to watch. Wrap the layers of the discriminator in "
                "`SpectralNormalization`, for instance with `ganzoo.spectral_normalize`, or set "
                "`normalized_only=False`. "
                f"Received: players={self.players}, normalized_only={self.normalized_only}"
            )
        return found

    def _estimates(self, vectors):
        """Returns the vectors for the next check, and all estimates as one vector."""
        estimates, new_vectors = [], []
        for layer, vector in zip(self._layers.values(), vectors, strict=True):
            kernel = ops.cast(kernel_variable(_inner(layer)), vector.dtype)
            matrix = kernel_matrix(_inner(layer), kernel)
            vector, kernel_norm = power_iteration(matrix, vector, _ITERATIONS)
            new_vectors.append(vector)
            values = [kernel_norm, kernel_norm]
            if _is_normalized(layer):
                own = ops.cast(layer.singular_values(), vector.dtype)
                scale = ops.abs(ops.cast(layer.scale(), vector.dtype))
                values[0] = kernel_norm * scale / own[0]
                values += [own[index] for index in range(1, layer.num_singular_values)]
            estimates += [ops.cast(value, "float32") for value in values]
        return new_vectors, ops.stack(estimates)

    def _check(self, step, exact=None):
        """Measures all layers. Read `model.step` first: on JAX this fetches the variables."""
        self._vectors, estimates = self._estimate(self._vectors)
        estimates = iter(ops.convert_to_numpy(estimates).tolist())
        record = {}
        for name, layer in self._layers.items():
            record[name] = {"norm": next(estimates), "kernel_norm": next(estimates)}
            for index in range(1, getattr(layer, "num_singular_values", 1)):
                record[name][f"singular_value_{index + 1}"] = next(estimates)
        if exact is None:
            exact = self.exact_every is not None and self._checks % self.exact_every == 0
        if exact:
            for name, layer in self._layers.items():
                record[name].update(self._exact_values(name, layer))
        self._exact_step = step if exact else getattr(self, "_exact_step", None)
        self._checks += 1
        self._checked_step = step
        for name, values in record.items():
            self._latest[name].update(values)
        if self.records and self.records[-1]["step"] == step:
            self.records.pop()
        self.records.append({"step": step, "layers": record})
        self._write(step, record)

    def _exact_values(self, name, layer):
        inner = _inner(layer)
        kernel = np.asarray(kernel_variable(inner).numpy(), "float64")
        matrix = np.moveaxis(kernel, output_axis(inner), -1)
        matrix = matrix.reshape(-1, matrix.shape[-1])
        if not np.isfinite(matrix).all():
            return {"exact_norm": math.nan, "condition": math.nan}
        singular_values = np.linalg.svd(matrix, compute_uv=False)
        largest, smallest = singular_values[0], singular_values[-1]
        condition = largest / smallest if smallest * _SINGULAR > largest else _SINGULAR
        self._warn_of_condition(name, condition)
        values = {}
        if self.operator_norms and not isinstance(inner, keras.layers.Embedding):
            values["operator_norm"] = operator_norm(layer)
        norm = largest
        if _is_normalized(layer):
            scale = abs(float(layer.scale()))
            if getattr(layer, "norm", "matrix") == "operator":
                norm = largest * scale / float(layer.sigma())
                checked = values.get("operator_norm", scale)
            else:
                u = np.asarray(layer.u.numpy(), "float64").reshape(-1, matrix.shape[-1])
                checked = norm = largest * scale / np.linalg.norm(matrix @ u[0])
            self._warn_of_norm(name, checked, scale)
        return {"exact_norm": float(norm), "condition": float(condition), **values}

    def _warn_of_norm(self, name, norm, target):
        if abs(norm - target) > self.tolerance * target:
            self._warn_once(
                name,
                "norm",
                f"The layer {name!r} computes with a kernel of norm {norm:.4g}, which "
                f"should be {target:.4g}: its vector `u` has lost the largest singular value. Try "
                "more `power_iterations` or a lower learning rate.",
            )

    def _warn_of_condition(self, name, condition):
        first = self._first_conditions.setdefault(name, condition)
        if condition > max(self.condition_limit, _GROWTH * first):
            self._warn_once(
                name,
                "condition",
                f"The condition number of the layer {name!r} has grown from {first:.3g} to "
                f"{condition:.3g}, above condition_limit={self.condition_limit:.3g}: the kernel is "
                "losing rank. Try an orthogonal regularizer.",
            )

    def _warn_once(self, name, kind, message):
        if (name, kind) not in self._warned:
            self._warned.add((name, kind))
            warnings.warn(message, stacklevel=2)

    def _write(self, step, record):
        if self.folder is not None:
            # Strict JSON has no NaN.
            finite = {
                name: {key: value if math.isfinite(value) else None for key, value in row.items()}
                for name, row in record.items()
            }
            json_lines.append(self.folder / "spectral.jsonl", {"step": step, "layers": finite})
        if self._writer is not None:
            with self._writer.as_default():
                for name, value in self._scalars(record).items():
                    self._summary.scalar(name, value, step=step)

    @staticmethod
    def _scalars(record):
        return {
            f"spectral/{name}" + ("" if key == "norm" else f"/{key}"): value
            for name, values in record.items()
            for key, value in values.items()
        }


def _layers_with_kernels(layer, path):
    """Yields the path and the layer for each matrix-shaped kernel inside a layer."""
    # Keras has no public access to the layers inside a layer.
    for part in layer._flatten_layers(include_self=False, recursive=False):
        if _is_normalized(part) or isinstance(part, SUPPORTED):
            yield (*path, part.name), part
        # Other wrappers compute with a kernel that they make themselves.
        elif not getattr(part, "replaces_kernel", False):
            yield from _layers_with_kernels(part, (*path, part.name))


def _is_normalized(layer):
    """Returns whether a layer offers the estimates of a spectral normalization."""
    return getattr(layer, "normalizes_spectrum", False)


def _inner(layer):
    """Returns the layer that stores the kernel."""
    return layer.layer if _is_normalized(layer) else layer


def _dtype(layer):
    """Returns the dtype to iterate in, at least float32."""
    return keras.backend.result_type(layer.variable_dtype, "float32")
