"""One client for both protocols. It checks its requests, and divides them into batches."""

from collections.abc import Sequence

import numpy as np

from ganzoo.data.classes import check_class_names, listed
from ganzoo.export.client.answers import check_answer, check_png
from ganzoo.export.client.grpc_service import GrpcService
from ganzoo.export.client.rest_service import RestService
from ganzoo.export.client.signatures import DeadlineError, ServingError, UnavailableError
from ganzoo.generation.sampling import seeds_of_rows
from ganzoo.validation import check_choice, check_positive, check_positive_integer

_SERVICES = {"rest": RestService, "grpc": GrpcService}
_NO_TRUNCATION = -1.0
_HINTS = {
    "truncation": "export it with `truncation=True`",
    "discriminate": "export it with `discriminator=True`",
    "edit": "export it with `directions`",
    "sample_png": "only GANs of images have it",
}


class Client:
    """Draws samples from an exported GAN on a server such as TF Serving.

    The client asks the server for the signatures once, checks inputs and answers against them, and
    sends requests of at most `batch_size` rows.

    Args:
        address: `"host"`, `"host:port"`, or a URL for REST. The default ports are the ones of TF
            Serving: 8501 for REST and 8500 for gRPC.
        model: Name of the model on the server.
        version: Version of the model, an integer, or its label, a string. By default the newest
            version at the time of each request.
        protocol: `"rest"`, which needs no other package; or `"grpc"`, which sends fewer bytes, and
            needs the extra `ganzoo[serving]` and TensorFlow.
        timeout: Seconds for each request, from the connection to the last byte of the answer.
        batch_size: Largest number of rows in a request. A server that merges requests into batches
            refuses requests with more rows than its `max_batch_size`.
        num_classes: Number of classes of a conditional GAN, which the server does not give. With
            it, labels are checked, and `sample` needs no labels, as `gan.sample`.
        class_names: Names of the classes in the order of their numbers, which the export's README
            and `ganzoo.json` list. With them, labels may be names, and `num_classes` is known.
        direction_names: Names of the directions of `edit` in the order of their numbers, from the
            same files. With them, directions may be names, and their numbers are checked.

    Raises:
        ImportError: If the packages of the protocol are not installed.
        ValueError: If an argument is out of its range, or inputs of a method do not fit the model.
        ServingError: If anything fails on the other side. Its `code` is gRPC's name of the reason:
            the server refuses a request, for example since it has no such model or version, or a
            value is out of its range; there is no server, or its queue is full (then it is a
            `ConnectionError` too); there is no complete answer in time (then it is a `TimeoutError`
            too); or an answer does not fit the signature: another number of rows, shapes or dtypes,
            values out of the dtype's range, NaN, damaged base64 or PNG files.

    Example:

    >>> from ganzoo.export.client import Client
    >>> client = Client("localhost:8501", "dcgan_mnist", num_classes=10)
    >>> images = client.sample(16, seed=0)  # The images of gan.sample(16, seed=0).
    """

    def __init__(
        self,
        address: str,
        model: str,
        version: int | str | None = None,
        protocol: str = "rest",
        timeout: float = 60.0,
        batch_size: int = 64,
        num_classes: int | None = None,
        class_names: Sequence[str] | None = None,
        direction_names: Sequence[str] | None = None,
    ):
        check_choice("protocol", protocol, tuple(_SERVICES))
        if version is not None and not isinstance(version, str):
            check_positive_integer("version", version)
        check_positive("timeout", timeout)
        self.model = model
        self.batch_size = check_positive_integer("batch_size", batch_size)
        self.num_classes = (
            None if num_classes is None else check_positive_integer("num_classes", num_classes)
        )
        if class_names is not None:
            self.num_classes = self.num_classes or len(class_names)
        self.class_names = check_class_names(class_names, self.num_classes)
        self.direction_names = _checked_names(direction_names)
        self._service = _SERVICES[protocol](address, model, version, timeout)
        self._signatures = None

    def versions(self) -> dict[int, str]:
        """Returns the state of each version of the model on the server.

        Returns:
            Dictionary from numbers to states, such as `{1: "END", 2: "AVAILABLE"}`.
        """
        return self._service.versions()

    def signatures(self) -> dict:
        """Asks the server for the inputs and outputs of the model.

        Returns:
            Dictionary from the names of signatures to `Signature`s, with the dtypes and shapes of
            their `inputs` and `outputs`.
        """
        self._signatures = self._service.signatures()
        return self._signatures

    def generate(self, latents, labels=None, conditions=None) -> np.ndarray:
        """Generates examples from latents.

        Args:
            latents: Array of shape `(n, latent_dim)`.
            labels: One class or `n`, for a conditional GAN: integers, or names.
            conditions: One vector of conditions or `n`, for a GAN that takes them.

        Returns:
            float32 array of `n` examples, images in [-1, 1].
        """
        latents = np.asarray(latents)
        return self._run(
            "serving_default",
            _rows(latents),
            latents=latents,
            label=labels,
            conditions=conditions,
        )

    def sample(
        self,
        n: int,
        seed: int | Sequence[int] = 0,
        labels=None,
        truncation=None,
        conditions=None,
    ) -> np.ndarray:
        """Draws the same examples as `gan.sample(n, seed, labels)`: row i has seed `seed + i`.

        Args:
            n: Number of examples.
            seed: Integer in [0, 2**64), the seed of the first row; or a list of `n` of them.
            labels: One class or `n` classes, for a conditional GAN: integers, or names. By default
                the class of a row is its seed modulo `num_classes`, if the client has it.
            truncation: As for `gan.sample`, one number or `n`, for a GAN that was exported with
                it; -1 or `None` for none.
            conditions: One vector of conditions or `n`, for a GAN that takes them.

        Returns:
            uint8 array of shape `(n, height, width, channels)`, or float32 vectors.
        """
        return self._sample("sample", n, seed, labels, truncation, conditions)

    def sample_png(
        self,
        n: int,
        seed: int | Sequence[int] = 0,
        labels=None,
        truncation=None,
        conditions=None,
    ) -> list[bytes]:
        """Draws the images of `sample` as PNG files.

        Returns:
            List of `n` `bytes` objects.
        """
        files = self._sample("sample_png", n, seed, labels, truncation, conditions).tolist()
        images = self._signature("sample").outputs.get("images")
        check_png("sample_png", files, None if images is None else images.shape[1:])
        return files

    def edit(
        self,
        n: int,
        direction,
        amount,
        seed: int | Sequence[int] = 0,
        labels=None,
        truncation=None,
        conditions=None,
    ) -> np.ndarray:
        """Draws the examples of `sample`, moved along directions, as `gan.edit` does.

        Args:
            n: Number of examples.
            direction: Number or name of a direction, or `n` of them, for a GAN that was exported
                with directions.
            amount: How far each example is moved: a number, or `n` of them, usually from -3 to 3.
            seed, labels, truncation, conditions: As for `sample`.

        Returns:
            uint8 array of shape `(n, height, width, channels)`, or float32 vectors.
        """
        direction = _numbers("direction", direction, "direction_names", self.direction_names)
        moves = {"direction": direction, "amount": amount}
        return self._sample("edit", n, seed, labels, truncation, conditions, **moves)

    def discriminate(
        self, examples, labels=None, conditions=None
    ) -> np.ndarray | dict[str, np.ndarray]:
        """Runs the discriminator of a GAN that was exported with it.

        Args:
            examples: uint8 images of shape `(n, height, width, channels)`, or vectors.
            labels: One class or `n`, for a conditional GAN: integers, or names.
            conditions: One vector of conditions or `n`, for a GAN that takes them.

        Returns:
            float32 array of `n` logits of being real. For a semi-supervised GAN, a dictionary of
            this `score` and of `class_probabilities` of shape `(n, num_classes)`.
        """
        examples = np.asarray(examples)
        (name,) = self._signature("discriminate").inputs.keys() - {"label", "conditions"}
        inputs = {name: examples, "label": labels, "conditions": conditions}
        return self._run("discriminate", _rows(examples), **inputs)

    def close(self):
        """Closes the connection."""
        self._service.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def _sample(self, name, n, seed, labels, truncation, conditions, **moves):
        check_positive_integer("n", n)
        seeds = seeds_of_rows(seed, n)
        taken = self._signature(name).inputs
        if "label" in taken and labels is None and self.num_classes is not None:
            labels = (seeds % np.uint64(self.num_classes)).astype("int64")
        if "truncation" in taken and truncation is None:
            truncation = _NO_TRUNCATION
        # TensorFlow's integers are signed: the upper half of the seeds is sent as negative ones.
        seeds = seeds.view("int64")
        others = {"truncation": truncation, "conditions": conditions}
        return self._run(name, n, seed=seeds, label=labels, **others, **moves)

    def _run(self, name, n, **inputs):
        """Runs a signature on `n` rows. Returns its output, or a dictionary of several."""
        inputs["label"] = _numbers("labels", inputs["label"], "class_names", self.class_names)
        signature = self._signature(name)
        inputs = self._checked(name, n, inputs)
        parts = []
        for start in range(0, n, self.batch_size):
            rows = {key: value[start : start + self.batch_size] for key, value in inputs.items()}
            try:
                part = self._service.predict(name, rows, signature.outputs)
                check_answer(name, part, signature.outputs, min(self.batch_size, n - start))
            except (UnavailableError, DeadlineError):
                raise
            except ServingError as error:
                message = f"{error.message}\nSent to `{name}` of {self.model!r}: {_summary(rows)}"
                raise ServingError(error.code, message) from error
            parts.append(part)
        outputs = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        return outputs if len(outputs) > 1 else outputs.popitem()[1]

    def _signature(self, name):
        signatures = self._signatures or self.signatures()
        if name not in signatures:
            hint = f"; {_HINTS[name]}" if name in _HINTS else ""
            raise ValueError(
                f"{self.model!r} has no signature {name!r}{hint}. It has: {', '.join(signatures)}"
            )
        return signatures[name]

    def _checked(self, name, n, given):
        """Returns the inputs as arrays of the dtypes in the signature, or raises `ValueError`."""
        specs = self._signature(name).inputs
        given = {key: value for key, value in given.items() if value is not None}
        for key in sorted(given.keys() - specs.keys()):
            hint = f"; {_HINTS[key]}" if key in _HINTS else ""
            raise ValueError(
                f"{self.model!r} takes no {key!r} in `{name}`{hint}. "
                f"It takes: {', '.join(specs)}. Received: {', '.join(given)}"
            )
        for key in sorted(specs.keys() - given.keys()):
            hint = "; or give the client the GAN's `num_classes`" if key == "label" else ""
            raise ValueError(
                f"{self.model!r} takes {key!r} in `{name}`{hint}. Received: {', '.join(given)}"
            )
        arrays = {key: _checked_array(key, given[key], spec, n) for key, spec in specs.items()}
        # With a server that merges requests, one wrong row would make a batch of others fail.
        if "label" in arrays:
            _check_numbers("label", arrays["label"], self.num_classes and self.num_classes - 1)
        if "direction" in arrays:
            names = self.direction_names
            _check_numbers("direction", arrays["direction"], names and len(names) - 1)
        if "truncation" in arrays:
            _check_truncation(arrays["truncation"])
        return arrays


def _numbers(argument, values, attribute, names):
    """Returns the numbers of names that the client has, and other values as they are."""
    given = np.asarray(values)
    if given.dtype.kind != "U":
        return values
    names = names or ()
    unknown = sorted(set(given.ravel().tolist()) - set(names))
    if unknown:
        raise ValueError(
            f"`{argument}` must be integers, or names of the client's `{attribute}`: "
            f"{listed(names) or 'it has none'}. Received: {listed(unknown)}"
        )
    return np.vectorize(names.index, otypes=["int64"])(given)


def _checked_names(names):
    if names is None:
        return None
    found = () if isinstance(names, str) else tuple(map(str, names))
    if not found or len(set(found)) < len(found):
        raise ValueError(
            "`direction_names` must be a list of different names, one for each direction. "
            f"Received: direction_names={names!r}"
        )
    return found


def _rows(examples):
    if examples.ndim == 0 or len(examples) == 0:
        raise ValueError(f"Expected at least one row. Received: an array of {examples.shape}")
    return len(examples)


def _checked_array(name, value, spec, n):
    array = np.asarray(value)
    if array.ndim == len(spec.shape) - 1:
        array = np.stack([array] * n)
    shape = (n, *spec.shape[1:])
    if array.shape != shape or not np.can_cast(array.dtype, spec.dtype, "same_kind"):
        raise ValueError(
            f"{name!r} must be {spec.dtype} of shape {shape}. "
            f"Received: {array.dtype} of shape {array.shape}"
        )
    with np.errstate(over="ignore"):
        sent = array.astype(spec.dtype)
    if sent.dtype.kind == "f" and not np.all(np.isfinite(sent)):
        raise ValueError(f"{name!r} must be finite in {spec.dtype}. Received: {_range_of(array)}")
    # An integer of another type may wrap around to another one.
    if sent.dtype.kind in "iu" and not np.array_equal(sent, array):
        raise ValueError(
            f"{name!r} must be in the range of {spec.dtype}. Received: {_range_of(array)}"
        )
    return sent


def _range_of(array):
    return f"{array.dtype} from {array.min()} to {array.max()}"


def _check_numbers(name, numbers, most):
    if np.any(numbers < 0) or (most is not None and np.any(numbers > most)):
        expected = "at least 0" if most is None else f"from 0 to {most}"
        raise ValueError(f"{name!r} must be {expected}. Received: {numbers.tolist()}")


def _check_truncation(truncation):
    if np.any((truncation < 0) & (truncation != _NO_TRUNCATION)):
        raise ValueError(
            f"'truncation' must be at least 0, or -1 for none. Received: {truncation.tolist()}"
        )


def _summary(inputs):
    return "; ".join(
        f"{name}, {value.dtype} of shape {value.shape} from {value.min()} to {value.max()}"
        for name, value in inputs.items()
    )
