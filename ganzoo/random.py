"""Random numbers that are a pure function of (seed, step, purpose, row).

Every draw of ganzoo comes from the counter-based generator Threefry-2x32 (Salmon et al., "Parallel
random numbers: as easy as 1, 2, 3", SC 2011, 20 rounds): the numbers are the same eagerly, in a
graph, under XLA and on both backends, and there is no hidden state that a checkpoint could lose.
"""

import contextlib
import contextvars
import math
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from ganzoo import backend


def threefry2x32(key, counter):
    """Encrypts a counter under a key with Threefry-2x32, 20 rounds.

    Args:
        key: Two uint32 tensors.
        counter: Two uint32 tensors. All four broadcast against each other.

    Returns:
        Two uint32 tensors of the broadcast shape, uniform over all 32-bit words.

    Example:

    >>> word = lambda value: ops.cast(value, "uint32")
    >>> a, b = threefry2x32((word(0), word(0)), (word(0), word(0)))
    >>> hex(int(a)), hex(int(b))
    ('0x6b200159', '0x99ba4efe')
    """
    return backend.threefry2x32(key, counter)


class BatchPart(NamedTuple):
    """One of the parts of a batch that are computed one after another.

    Part i of n has the rows i, i + n, i + 2n, ... So if a batch is spread over devices, each part
    is spread over them too. Tensors with `g` times as many rows, such as the images in packs, are
    divided in groups of `g` rows.

    Attributes:
        index: Index of the part, an integer tensor.
        count: Number of parts.
        rows: Rows of the discriminator in a part on this replica.
    """

    index: Any
    count: int
    rows: Any

    def take(self, tensor: Any) -> Any:
        """Returns the rows of this part."""
        groups = ops.reshape(tensor, (self.rows, self.count, -1, *tensor.shape[1:]))
        return ops.reshape(groups[:, self.index], (-1, *tensor.shape[1:]))

    def numbers(self, rows: Any, total: Any) -> Any:
        """Returns the numbers in the whole batch of `rows` of this part, which has `total`."""
        size = total // self.rows
        return (rows // size * self.count + self.index) * size + rows % size

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Makes this the `current_part` in the context."""
        token = _CURRENT_PART.set(self)
        try:
            yield
        finally:
            _CURRENT_PART.reset(token)


_CURRENT_PART = contextvars.ContextVar("current_part", default=None)


def current_part() -> BatchPart | None:
    """Returns the part of a batch that is being computed, or `None` where it is the whole."""
    return _CURRENT_PART.get()


class Draws:
    """The random numbers of one training step.

    Rows are numbered over the global batch, so that each replica draws its own rows and several
    replicas together draw what one would. So do the parts of a batch.

    Args:
        seed: Integer, taken modulo 2**64; or two integer words, a tensor of shape `(2,)`, such as
            what `Draws.seed` or `keras.random.SeedGenerator.next` returns.
        step: Integer or integer tensor, the number of the training step.
        replica: Integer or integer tensor, the index of this replica.
        scope: Prefix of the purposes; draws of different scopes are independent.
        part: The `BatchPart` that the rows belong to, or `None`.

    Example:

    >>> draws = Draws(seed=0, step=3)
    >>> latents = draws.normal("latents", rows=64, shape=(128,))
    >>> noise = draws.scope("discriminator").uniform("noise", rows=64)
    """

    def __init__(self, seed, step, replica=0, scope="", part=None):
        self._seed = seed
        self._step = step
        self._replica = replica
        self._scope = scope
        self._part = part

    def scope(self, name):
        """Returns the draws of the same step under a scope within this one."""
        return Draws(self._seed, self._step, self._replica, f"{self._scope}{name}/", self._part)

    def of_part(self, part):
        """Returns the draws of the rows of a `BatchPart`."""
        return Draws(self._seed, self._step, self._replica, self._scope, part)

    def uniform(self, purpose, rows, shape=(), minval=0.0, maxval=1.0):
        """Returns float32 of shape `(rows, *shape)`, uniform in the open (`minval`, `maxval`)."""
        return minval + (maxval - minval) * self._draw(_uniforms, purpose, rows, shape)

    def normal(self, purpose, rows, shape=()):
        """Returns float32 of shape `(rows, *shape)` from the standard normal distribution."""
        return self._draw(_normals, purpose, rows, shape)

    def latents(self, rows, latent_dim, distribution):
        """Returns float32 latents of shape `(rows, latent_dim)`.

        Args:
            rows: Number of latent vectors.
            latent_dim: Size of a latent vector.
            distribution: `"normal"`, or `"uniform"` for the open interval (-1, 1).
        """
        if distribution == "normal":
            return self.normal("latents", rows, (latent_dim,))
        return self.uniform("latents", rows, (latent_dim,), minval=-1.0)

    def seed(self, purpose):
        """Returns a seed for other generators: two uint32 words, of shape `(2,)`."""
        return ops.stack(self._key(purpose))

    def seeds(self, purposes):
        """Returns the `seed` of each purpose, of shape `(purposes, 2)`, from one encryption."""
        return ops.stack(self._key(list(purposes)), axis=1)

    def _key(self, purpose):
        """Returns two words for a purpose, or two vectors of words for a list of purposes."""
        if isinstance(purpose, str):
            code = _purpose_code(self._scope + purpose)
        else:
            code = np.array([_purpose_code(self._scope + one) for one in purpose], np.uint32)
        return threefry2x32(_split(self._seed), (_word(self._step), _word(code)))

    def _draw(self, distribution, purpose, rows, shape):
        key = self._key(purpose)
        row = self._replica * rows + ops.arange(rows, dtype="int32")
        if self._part is not None:
            row = self._part.numbers(row, rows)
        row = _word(row)
        columns = math.prod(shape)
        numbers = distribution(key, ops.expand_dims(row, 1), columns)
        return ops.reshape(numbers, (-1, *shape))


def reseed_layers(variables, draws):
    """Makes the noise of layers such as `Dropout` a function of the step.

    Keras saves no seed generator: a resumed run would otherwise repeat or change its noise.

    Args:
        variables: All variables of a model. The state of a seed generator is found by its name.
        draws: The `Draws` of the step.
    """
    states = [v for v in variables if v.name == "seed_generator_state"]
    if not states:
        return
    # From one encryption, not from one for each layer.
    seeds = draws.seeds(f"layer_{i}" for i in range(len(states)))
    seeds = ops.unstack(ops.cast(seeds, states[0].dtype), len(states))
    for state, seed in zip(states, seeds, strict=True):
        state.assign(seed)


def latents_from_seeds(seeds, latent_dim, distribution):
    """Draws one latent vector for each seed; row i is a function of seed i alone.

    Args:
        seeds: Two uint32 tensors of shape `(batch,)`, the low and the high words, as
            `split_seeds` gives them.
        latent_dim: Size of a latent vector.
        distribution: `"normal"`, or `"uniform"` for the open interval (-1, 1).

    Returns:
        float32 of shape `(batch, latent_dim)`.
    """
    low, high = (ops.expand_dims(word, 1) for word in seeds)
    key = threefry2x32((low, high), (_word(0), _word(_purpose_code("sample/latents"))))
    if distribution == "normal":
        return _normals(key, _word(0), latent_dim)
    return 2.0 * _uniforms(key, _word(0), latent_dim) - 1.0


def truncate_latents(latents, bound, distribution):
    """Makes latents of latents that are conditioned on being within a bound, `|z| <= bound`.

    Each component z becomes the number at the same quantile of the conditioned distribution:
    `z' = Phi^-1(Phi(-t) + Phi(z) (Phi(t) - Phi(-t)))` for normal latents and the bound t, and
    `min(t, 1) z` for uniform ones. So it is a function of z alone, it grows with z, and it is z
    itself for large bounds. BigGAN draws components again until they are within the bound, which
    gives the same distribution.

    Args:
        latents: Floating tensor of shape `(batch, latent_dim)`.
        bound: Number of at least 0, or a tensor of them that broadcasts to the latents.
        distribution: `"normal"`, or `"uniform"` for latents in (-1, 1).

    Returns:
        Tensor like `latents`.

    Example:

    >>> truncate_latents(ops.array([[-2.0, -1.0, 0.0, 1.0, 2.0]]), 1.0, "normal")
    <... [[-0.93775, -0.62201, 0., 0.62201, 0.93775]] ...>

    Reference:
        [Large Scale GAN Training for High Fidelity Natural Image Synthesis](
        https://arxiv.org/abs/1809.11096), section 3.1, the truncation trick.
    """
    bound = ops.cast(bound, latents.dtype)
    if distribution == "uniform":
        return ops.minimum(bound, 1.0) * latents
    # Computed with tails instead of Phi, which is 1 in float32 from z = 5.4 on.
    tail, cut = (ops.erfc(x / math.sqrt(2.0)) for x in (ops.abs(latents), bound))
    size = math.sqrt(2.0) * _inverse_erfc(ops.minimum(tail + cut - tail * cut, 1.0))
    return ops.where(cut > 0.0, ops.sign(latents) * ops.minimum(size, bound), latents)


def _inverse_erfc(q):
    """Solves erfc(x) = q in (0, 1], by Newton's method for `log(erfc(x)) = log(q)`.

    `log(erfc(x))` is concave, and erfc(x) <= exp(-x**2): from the start below, x falls to the
    solution. Four steps are enough for float32.
    """
    x = ops.sqrt(-ops.log(q))
    for _ in range(4):
        value = ops.erfc(x)
        slope = 2.0 / math.sqrt(math.pi) * ops.exp(-ops.square(x)) / value
        x = x + ops.log(value / q) / slope
    return x


def split_seeds(seeds):
    """Splits integers into the uint32 NumPy arrays of their low and their high words."""
    seeds = np.atleast_1d(np.asarray(seeds)).astype(np.int64).view(np.uint64)
    return (seeds & 0xFFFFFFFF).astype(np.uint32), (seeds >> 32).astype(np.uint32)


def _word(value):
    if isinstance(value, (int, np.integer)):
        value = np.uint32(value)
    return ops.cast(value, "uint32")


def _split(seed):
    if not isinstance(seed, (int, np.integer)):
        return _word(seed[0]), _word(seed[1])
    return _word(seed & 0xFFFFFFFF), _word((seed >> 32) & 0xFFFFFFFF)


def _purpose_code(purpose):
    return zlib.crc32(purpose.encode())


def _words(key, row, columns):
    """Two uint32 words for each pair of columns, of shape (rows, ceil(columns / 2))."""
    column = _word(np.arange((columns + 1) // 2, dtype=np.uint32)[np.newaxis])
    return threefry2x32(key, (row, column))


def _fraction(word):
    """A float32 in the open interval (0, 1) from the upper 23 bits of a word."""
    return (ops.cast(ops.right_shift(word, _word(9)), "float32") + 0.5) * 2.0**-23


def _uniforms(key, row, columns):
    first, second = _words(key, row, columns)
    return ops.concatenate([_fraction(first), _fraction(second)], axis=1)[:, :columns]


def _normals(key, row, columns):
    """The Box-Muller transform of pairs of uniforms."""
    first, second = _words(key, row, columns)
    radius = ops.sqrt(-2.0 * ops.log(_fraction(first)))
    angle = 2.0 * math.pi * _fraction(second)
    both = ops.concatenate([radius * ops.cos(angle), radius * ops.sin(angle)], axis=1)
    return both[:, :columns]
