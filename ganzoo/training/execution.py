"""How many steps one call of the compiled function makes, and which data it gets.

Each call from Python costs a fraction of a millisecond, which is a large part of a step on a GPU.
So `fit` can make a block of steps in one call. Keras then sees a block where it would see a batch.
"""

import contextlib

import keras
import numpy as np

from ganzoo import backend
from ganzoo.data import Batches
from ganzoo.distribution import hardware
from ganzoo.numerics import dtype_of_means
from ganzoo.training import checks
from ganzoo.training.step_logs import StepLogs

AUTO = "auto"
# On an accelerator, a call makes up to so many steps, on examples of up to so many numbers.
MOST_STEPS = 32
MOST_NUMBERS = 2**24
# Examples of up to so many bytes are copied to the device as a whole, others block by block.
MOST_BYTES = 2**30
_BLOCKS, _READY = "blocks", "ready batches"


class Execution:
    """How the steps of one `fit` are made.

    Args:
        gan: The compiled GAN.
        batches: The batches that it trains on.
        epoch_steps: Steps of an epoch, or `None` if nobody knows.
        last_step: Step at which the run ends, or `None`: a block is cut there.

    Attributes:
        steps: Steps in each call of the compiled function.
        in_blocks: Whether Keras gets `Blocks`. It gets batches of other kinds as
            they are, and makes several steps per call in its own way.

    Raises:
        ValueError: If several replicas were to make several steps with such batches.
    """

    def __init__(self, gan, batches, epoch_steps, last_step=None):
        self._gan = gan
        self._last_step = last_step
        is_own = isinstance(batches, Batches)
        self.steps = gan._execution_choice
        if self.steps == AUTO:
            self.steps = _chosen_steps(gan, batches, epoch_steps)
        self.in_blocks = is_own and self.steps > 1
        self._examples = None
        if self.in_blocks:
            examples = batches.dataset.examples
            in_memory = isinstance(examples, np.ndarray)
            if batches.takes_rows and in_memory and examples.nbytes <= MOST_BYTES:
                self._examples = examples
        else:
            checks.check_executions_of_replicas(backend.replica_count(gan), self.steps)

    def blocks(self, batches):
        """Returns the `Blocks` that Keras's `fit` gets in place of batches, or `None`."""
        if not self.in_blocks:
            return None
        return Blocks(batches, self.steps, self._examples is not None, self._last_step)

    @contextlib.contextmanager
    def active(self):
        """Makes Keras's `fit` make several steps per call, in this context."""
        gan, step_function = self._gan, self._gan.train_function
        gan.step_logs = None
        if self.steps == 1:
            yield
            return
        try:
            if self.in_blocks:
                # To Keras, a block is a batch.
                gan.train_function = self._block_train_function()
                yield
            else:
                gan.steps_per_execution = self.steps
                gan.train_function = gan._execution_functions.get(_READY)
                yield
                gan._execution_functions[_READY] = gan.train_function
        finally:
            gan.train_function, gan.steps_per_execution = step_function, 1

    def _block_train_function(self):
        gan, names = self._gan, self._gan._all_log_names
        if _BLOCKS not in gan._execution_functions:
            dtype = dtype_of_means(keras.config.floatx())
            gan._execution_functions[_BLOCKS] = backend.block_function(gan, names, dtype)
        examples = self._examples
        if examples is not None:
            examples = backend.device_copy(gan, examples)

        def receive(table):
            gan.step_logs = StepLogs(names, table)
            return gan.step_logs.last()

        return backend.block_train_function(gan._execution_functions[_BLOCKS], examples, receive)


def _chosen_steps(gan, batches, epoch_steps):
    """Returns the number of steps that `steps_per_execution="auto"` stands for."""
    if gan.run_eagerly or not isinstance(batches, Batches) or hardware.accelerator() is None:
        return 1
    numbers = batches.batch_size * np.prod(batches.dataset.example_shape)
    most = int(np.clip(MOST_NUMBERS // numbers, 1, MOST_STEPS))
    # The blocks of an epoch have about equally many steps.
    return -(-epoch_steps // -(-epoch_steps // most))


class Blocks(keras.utils.PyDataset):
    """Blocks of batches, each for one call of the compiled function.

    A block is a dictionary of the `"batch"`, whose arrays have the axis of the steps after the one
    of the rows, and of the `"count"` of steps to make, once for each row. So replicas and processes
    share a block as they share a batch. All blocks have one shape: the last batch of a block that
    is shorter is repeated, and not counted.

    Args:
        batches: `ganzoo.data.Batches` of one epoch.
        steps: Steps in a block.
        as_rows: Whether a block has the rows of the examples in place of them.
        last_step: Step of the GAN at which the last block ends, or `None`.
    """

    def __init__(self, batches, steps, as_rows, last_step=None):
        super().__init__(workers=1, use_multiprocessing=False)
        self._batches = batches
        self._steps = steps
        self._batch = batches.rows if as_rows else batches.batch
        self._last_step = last_step

    def __len__(self):
        return -(-len(self._batches) // self._steps)

    @property
    def keras_steps(self):
        """The `steps_per_epoch` for Keras, which limits them if it was told to."""
        return None if keras.config.max_steps_per_epoch() is None else len(self)

    def start(self, index):
        """Returns the index in the epoch of the first batch in a block."""
        return index * self._steps

    def stop(self, index, first_step):
        """Returns the index in the epoch of the batch after the last one in a block.

        Args:
            index: Index of the block.
            first_step: Step of the GAN at the start of the epoch.
        """
        stop = min(self.start(index) + self._steps, len(self._batches))
        if self._last_step is None:
            return stop
        # A `fit` makes at least one step.
        return min(stop, max(1, self._last_step - first_step))

    def __getitem__(self, index):
        start = self.start(index)
        end = min(start + self._steps, len(self._batches))
        steps = [self._batches.step_of(position) for position in range(start, end)]
        count = max(0, self.stop(index, steps[0] - start) - start)
        batches = [self._batch(step) for step in steps[: max(1, count)]]
        batches += batches[-1:] * (self._steps - len(batches))
        batch = keras.tree.map_structure(lambda *parts: np.stack(parts, axis=1), *batches)
        rows = len(keras.tree.flatten(batch)[0])
        return ({"batch": batch, "count": np.full(rows, count, np.int32)},)

    def on_epoch_begin(self):
        self._batches.on_epoch_begin()

    def on_epoch_end(self):
        self._batches.on_epoch_end()
