"""Directions of latents or of styles, along which the images of a generator change."""

import hashlib
import os
from collections.abc import Sequence
from typing import Self

import numpy as np
from keras import ops

from ganzoo.file_names import check_file_name
from ganzoo.files import new_file, user_path
from ganzoo.generation import direction_files
from ganzoo.validation import check_choice, describe, did_you_mean

SPACES = ("latents", "styles")


class Directions:
    """Unit vectors in the space of a generator's latents, or of its styles.

    `GAN.directions` finds them, and `GAN.edit` moves samples along them. An amount of 1 moves by
    one of the `units`.

    Args:
        vectors: Floating array of shape `(k, dimensions)`. Rows are scaled to length 1.
        values: Array of shape `(k,)`: how important each direction is, as its method measures it.
        units: Array of shape `(k,)`, the length of a step of 1. By default 1.
        space: `"latents"`, or `"styles"` for the styles of a style-based generator.
        rows: Rows of the styles that move, or `None` for all.
        names: Names of the directions, all different; by default `"0"`, `"1"`, ...
        method: How they were found.
        model: The `digest` of the generator that they belong to, or `None` for any.

    Attributes:
        vectors: float32 array of shape `(k, dimensions)`, rows of length 1.
        values: float32 array of shape `(k,)`.
        units: float32 array of shape `(k,)`.
        names: Tuple of `k` texts.
        space, rows, method, model: As the arguments.

    Raises:
        ValueError: If the arguments do not fit each other.

    Example:

    >>> found = gan.directions("sefa", k=3)
    >>> images = gan.edit(gan.latents_of(range(8)), found, {"0": 2.0})
    """

    def __init__(
        self,
        vectors: np.ndarray,
        values: np.ndarray | None = None,
        units: np.ndarray | None = None,
        space: str = "latents",
        rows: Sequence[int] | None = None,
        names: Sequence[str] | None = None,
        method: str = "",
        model: str | None = None,
    ):
        vectors = np.asarray(vectors)
        if vectors.dtype.kind in "biuf":
            vectors = vectors.astype("float32")
        if vectors.dtype != "float32" or vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise ValueError(
                "`vectors` must be finite numbers of shape (k, dimensions). "
                f"Received: vectors={describe(vectors)}"
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not vectors.size or not ((lengths > 0) & (lengths < np.inf)).all():
            raise ValueError(
                "`vectors` must have at least one row, and lengths that are not zero and not "
                f"infinite. Received: vectors={describe(vectors)}"
            )
        self.vectors = vectors / lengths
        self.values = self._numbers("values", values)
        self.units = self._numbers("units", units)
        self.space = check_choice("space", space, SPACES)
        self.rows = _checked_rows(rows, space)
        self.names = self._checked_names(names)
        if not isinstance(model, (str, type(None))):
            raise ValueError(f"`model` must be a text or `None`. Received: {describe(model)}")
        self.method, self.model = str(method), model

    def _numbers(self, name, numbers):
        numbers = np.ones(len(self)) if numbers is None else np.asarray(numbers)
        is_number = numbers.shape == (len(self),) and numbers.dtype.kind in "biuf"
        if not is_number or not np.isfinite(numbers.astype("float32")).all():
            raise ValueError(
                f"`{name}` must be {len(self)} finite numbers, one for each direction. "
                f"Received: {name}={describe(numbers)}"
            )
        return numbers.astype("float32")

    def _checked_names(self, names):
        names = tuple(map(str, range(len(self)) if names is None else names))
        if len(names) != len(self) or len(set(names)) != len(names):
            raise ValueError(
                f"`names` must be {len(self)} different names, one for each direction. "
                f"Received: {len(names)} names, {len(set(names))} of them different"
            )
        return names

    def __len__(self):
        return len(self.vectors)

    def __repr__(self):
        return (
            f"Directions({len(self)} of {self.vectors.shape[1]} dimensions, space={self.space!r}, "
            f"method={self.method!r})"
        )

    def index(self, direction: int | str) -> int:
        """Returns the number of a direction, given by its number or by its name.

        Raises:
            ValueError: If there is no such direction; the message lists what there is.
        """
        if isinstance(direction, str):
            if direction in self.names:
                return self.names.index(direction)
            raise ValueError(
                f"There is no such direction.{did_you_mean(direction, self.names)} "
                f"Directions: {', '.join(self.names)}. Received: {direction!r}"
            )
        is_integer = isinstance(direction, (int, np.integer)) and not isinstance(direction, bool)
        if not is_integer or not 0 <= direction < len(self):
            raise ValueError(
                f"A direction is a name or a number from 0 to {len(self) - 1}. "
                f"Received: {describe(direction)}"
            )
        return int(direction)

    def offsets(self, amounts: dict | np.ndarray, n: int = 1) -> np.ndarray:
        """Returns what amounts of the directions add to latents or styles.

        Args:
            amounts, n: As for `table`.

        Returns:
            float32 array of shape `(n, dimensions)`.

        Raises:
            ValueError: As `table`.
        """
        return ((self.table(amounts, n) * self.units) @ self.vectors).astype("float32")

    def table(self, amounts: dict | np.ndarray, n: int = 1) -> np.ndarray:
        """Returns amounts of the directions as an array.

        Args:
            amounts: Dictionary from directions (names or numbers) to numbers, or to `n` numbers;
                or an array of shape `(k,)` or `(n, k)`.
            n: Number of rows.

        Returns:
            float64 array of shape `(n, k)`.

        Raises:
            ValueError: If the amounts do not fit the directions or `n`, or are not finite.
        """
        if isinstance(amounts, dict):
            table, given = np.zeros((n, len(self))), {}
            for direction, amount in amounts.items():
                number = self.index(direction)
                if given.setdefault(number, direction) is not direction:
                    raise ValueError(
                        "A direction has one amount: give its name or its number. "
                        f"Received: {given[number]!r} and {direction!r}, which are the same"
                    )
                numbers = np.asarray(amount)
                if numbers.shape not in ((), (n,)) or numbers.dtype.kind not in "iuf":
                    raise ValueError(
                        f"The amount of a direction must be one number or {n} numbers. "
                        f"Received: {describe(amount)} for {direction!r}"
                    )
                table[:, number] = numbers
        else:
            table = np.asarray(amounts)
            is_right = table.shape in ((len(self),), (n, len(self)))
            if not is_right or table.dtype.kind not in "iuf":
                raise ValueError(
                    "`amounts` must be a dictionary from directions to numbers, or numbers of "
                    f"shape ({len(self)},) or ({n}, {len(self)}). "
                    f"Received: amounts={describe(amounts)}"
                )
            table = np.broadcast_to(table.astype("float64"), (n, len(self)))
        if not np.isfinite(table).all():
            raise ValueError("`amounts` must be finite. Received: NaN or infinity")
        return table

    def select(self, directions: Sequence[int | str], names: Sequence[str] | None = None) -> Self:
        """Returns some of the directions, in a given order and with new names if given."""
        numbers = [self.index(direction) for direction in directions]
        return self._with(
            self.vectors[numbers],
            numbers,
            [self.names[number] for number in numbers] if names is None else names,
        )

    def without(self, direction: int | str, others: Sequence[int | str]) -> Self:
        """Returns all directions, one of them without its part along others.

        Moving along it then changes less of what the others change (conditional manipulation).

        Args:
            direction: The direction that changes.
            others: Directions to which it becomes orthogonal.

        Raises:
            ValueError: If nothing is left of it.

        Reference:
            [Interpreting the Latent Space of GANs for Semantic Face Editing](
            https://arxiv.org/abs/1907.10786), section 2.3.
        """
        number = self.index(direction)
        rest = [self.index(other) for other in others]
        basis, _ = np.linalg.qr(self.vectors[rest].T.astype("float64"))
        vector = self.vectors[number] - basis @ (basis.T @ self.vectors[number])
        if np.linalg.norm(vector) < 1e-4:
            raise ValueError(
                "Nothing is left of the direction: it lies in the space of the others. "
                f"Received: {self.names[number]!r} without {[self.names[i] for i in rest]}"
            )
        vectors = self.vectors.copy()
        vectors[number] = vector
        return self._with(vectors, range(len(self)), self.names)

    def _with(self, vectors, numbers, names):
        numbers = list(numbers)
        return type(self)(
            vectors,
            self.values[numbers],
            self.units[numbers],
            self.space,
            self.rows,
            names,
            self.method,
            self.model,
        )

    def joined(self, other: Self) -> Self:
        """Returns these directions and others of the same generator, in this order.

        Args:
            other: Directions with other names, of the same space and the same rows.

        Raises:
            ValueError: If they do not fit together.
        """
        check_directions(other)
        shared = ("space", "rows", "model")
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in shared}
        pairs["dimensions"] = self.vectors.shape[1], other.vectors.shape[1]
        if differing := [name for name, (mine, yours) in pairs.items() if mine != yours]:
            raise ValueError(
                "Joined directions must belong to the same generator, space and rows. "
                f"Received: different {', '.join(differing)}, {self!r} and {other!r}"
            )
        methods = dict.fromkeys([self.method, other.method])
        arrays = ("vectors", "values", "units")
        return type(self)(
            *(np.concatenate([getattr(one, name) for one in (self, other)]) for name in arrays),
            self.space,
            self.rows,
            (*self.names, *other.names),
            " and ".join(filter(None, methods)),
            self.model,
        )

    def of_model(self, model: str | None) -> Self:
        """Returns the directions for another `digest`, of the same weights in another precision."""
        return type(self)(
            self.vectors,
            self.values,
            self.units,
            self.space,
            self.rows,
            self.names,
            self.method,
            model,
        )

    def check(self, gan) -> None:
        """Raises `ValueError` if the directions belong to another generator than the GAN's."""
        if self.model is not None and self.model != digest(gan):
            raise ValueError(
                "The directions were found with another generator: find them again with "
                f"`gan.directions`. Received: {self!r} of the generator {self.model[:12]}, and a "
                f"GAN with the generator {digest(gan)[:12]}"
            )

    def save(self, path: str | os.PathLike) -> None:
        """Writes a `.npz` file, which `Directions.load` reads."""
        check_file_name("path", path, (direction_files.SUFFIX,))
        with new_file(path, replace=True) as partial:
            partial.write_bytes(direction_files.encode(self))

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Reads the file that `save` wrote.

        Raises:
            ValueError: If the file holds no directions.
            OSError: If the file cannot be read.
        """
        path = user_path(path)
        size = path.stat().st_size
        if size > direction_files.MOST_BYTES:
            raise ValueError(
                f"A file of directions has at most {direction_files.MOST_BYTES:,} bytes. "
                f"Received: {path} with {size:,}"
            )
        try:
            return cls(**direction_files.decode(path.read_bytes()))
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} holds no directions: {error}. Received: {path}") from error


def check_directions(directions) -> None:
    """Raises `ValueError` unless the argument `directions` is a `Directions`."""
    if not isinstance(directions, Directions):
        raise ValueError(
            "`directions` must be a `ganzoo.generation.Directions`, as `gan.directions` returns "
            f"it. Received: directions={describe(directions)}"
        )


def digest(gan) -> str:
    """Returns the SHA-256 of the weights of the generator that samples, as float32."""
    gan.update_inference_state()
    return digest_of(gan.inference_generator)


def digest_of(network) -> str:
    """Returns the SHA-256 of the weights of a network, in their order, as little-endian float32."""
    found = hashlib.sha256()
    for variable in network.weights:
        found.update(np.ascontiguousarray(ops.convert_to_numpy(variable), "<f4").tobytes())
    return found.hexdigest()


def current_directions(gan) -> Directions | None:
    """Returns the directions of a GAN's preset, or `None` without any or with other weights."""
    found = gan.stored_directions
    return found if found is not None and found.model == digest(gan) else None


def _checked_rows(rows, space):
    """Returns the rows of the styles that directions move as a tuple, or `None` for all."""
    if rows is None:
        return None
    numbers = tuple(rows)
    if space != "styles":
        raise ValueError(f"Only styles have rows. Received: rows={rows}, space={space!r}")
    is_right = all(isinstance(row, (int, np.integer)) and row >= 0 for row in numbers)
    if not numbers or not is_right or len(set(numbers)) < len(numbers):
        raise ValueError(
            "`rows` must be different integers from 0 on, or `None` for all rows. "
            f"Received: rows={describe(rows)}"
        )
    return tuple(map(int, numbers))
