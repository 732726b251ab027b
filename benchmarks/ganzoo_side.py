"""The ganzoo side of the benchmark: training steps and matrix products on the Keras backend."""

import ganzoo
import keras
import numpy as np
from ganzoo.regularizers.base import REGULARIZERS

from clock import now
from counting import step_operations

BACKEND = keras.backend.backend()
CHANNELS = 3
# Model -> (loss, regularizers that belong to it).
OBJECTIVES = {
    "dcgan": ("non_saturating", {}),
    "sngan": ("hinge", {}),
    "r3gan": ("relativistic_pairing", {"r1": {"gamma": 0.05}, "r2": {"gamma": 0.05}}),
    "stylegan2": ("non_saturating", {}),
}
FIT_EXAMPLES = 10_000


def configure(threads, inter_threads):
    """Limits the number of threads. Call it before the first operation."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(inter_threads)
        # Each case traces its own function once, which TensorFlow would report as retracing.
        tf.get_logger().setLevel("ERROR")
    # Only once, because it empties TensorFlow's cache of compiled functions.
    keras.utils.set_random_seed(0)


def describe():
    """Returns the versions and the name of the device."""
    if BACKEND == "tensorflow":
        import tensorflow as tf

        gpus = tf.config.list_physical_devices("GPU")
        version = tf.__version__
        device = tf.config.experimental.get_device_details(gpus[0])["device_name"] if gpus else None
    else:
        import jax

        version = jax.__version__
        kind = jax.devices()[0]
        device = None if kind.platform == "cpu" else kind.device_kind
    name = {"tensorflow": "TensorFlow", "jax": "JAX"}[BACKEND]
    return {"name": name, "versions": f"Keras {keras.__version__}, {name} {version}", "gpu": device}


class Case:
    """Training of a GAN on images in memory.

    Args:
        model: A name in `OBJECTIVES`.
        precision: `"float32"` or `"bfloat16"`.
        width: Width of both networks.
        batch_size: Real images in a discriminator update.
        networks: Other arguments of `ganzoo.architectures.build`.
        training: Other arguments of `GAN.compile`. `regularizers` is a dictionary from names to
            arguments.
        through_fit: Whether `fit` runs the steps, instead of a bare loop.
        image_side: Height and width of the images.
    """

    def __init__(
        self,
        model,
        precision,
        width,
        batch_size,
        networks=None,
        training=None,
        through_fit=False,
        image_side=32,
    ):
        image_shape = (image_side, image_side, CHANNELS)
        self._gan = _gan(model, image_shape, precision, width, networks or {}, training or {})
        rows = batch_size * self._gan.discriminator_steps
        rng = np.random.default_rng(0)
        shape = (max(FIT_EXAMPLES, rows), *image_shape)
        examples = rng.integers(0, 256, shape, dtype="uint8")
        if through_fit:
            self._dataset = ganzoo.data.Dataset(examples)
            self._batch_size = rows
            self._steps_per_call = (training or {}).get("steps_per_execution", 1)
            self.run = self._fit
        else:
            labels = None
            if self._gan.num_classes is not None:
                labels = rng.integers(0, self._gan.num_classes, rows, dtype="int32")
            self.run = _bare_loop(self._gan, examples[:rows], labels)
        self.operations = step_operations(
            self._gan.generator,
            self._gan.discriminator,
            batch_size,
            self._gan.discriminator_steps,
            self._gan.packing,
            (networks or {}).get("reference_size", 0),
            {part.name: part.every for part in self._gan._penalties},
            OBJECTIVES[model][0] == "relativistic_pairing",
        )
        self.shapes = [
            [tuple(variable.shape) for variable in network.trainable_variables]
            for network in (self._gan.generator, self._gan.discriminator)
        ]

    def _fit(self, steps):
        """Returns the seconds that `steps` steps take in the middle of an epoch."""
        clock, per_call = _Clock(), self._steps_per_call
        whole = -(-steps // per_call) * per_call
        # The first call of an epoch waits until the thread of the data has started.
        batches = self._dataset.batches(self._batch_size, steps_per_epoch=whole + per_call)
        self._gan.fit(batches, verbose=1, callbacks=[clock])
        return (clock.stop - clock.start) * steps / whole


class _Clock(keras.callbacks.Callback):
    # It would wait for the device at each call.
    needs_batch_logs = False

    def on_epoch_begin(self, epoch, logs=None):
        self.start = None

    def on_train_batch_end(self, batch, logs=None):
        if self.start is None:
            # This waits for the device.
            assert self.model.step > 0
            self.start = now()

    def on_epoch_end(self, epoch, logs=None):
        self.stop = now()


def _gan(model, image_shape, precision, width, networks, training):
    keras.config.set_dtype_policy({"float32": "float32", "bfloat16": "mixed_bfloat16"}[precision])
    gan = ganzoo.GAN(
        *ganzoo.architectures.build(model, image_shape, width=width, **networks),
        num_classes=networks.get("num_classes"),
        packing=networks.get("packing", 1),
    )
    loss, regularizers = OBJECTIVES[model]
    regularizers = {**regularizers, **training.pop("regularizers", {})}
    regularizers = [REGULARIZERS[name](**arguments) for name, arguments in regularizers.items()]
    gan.compile(
        g_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        d_optimizer=keras.optimizers.Adam(2e-4, beta_1=0.5),
        loss=loss,
        regularizers=regularizers,
        **training,
    )
    return gan


def _bare_loop(gan, examples, labels):
    """Returns a function that runs the compiled step on a batch on the device."""
    batch = (examples,) if labels is None else (examples, labels)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        step = tf.function(gan.train_step, jit_compile=gan.jit_compile)
        batch = tuple(map(tf.constant, batch))

        def loop(steps):
            for _ in range(steps):
                logs = step(batch)
            return float(logs["d_loss"])
    else:
        import jax

        step = jax.jit(gan.train_step, donate_argnums=0)
        batch = jax.device_put(batch)
        # Copies, because the step takes over the memory of its arguments.
        groups = (
            gan.trainable_variables,
            gan.non_trainable_variables,
            gan.optimizer.variables,
            gan.metrics_variables,
        )
        state = [tuple([variable.value.copy() for variable in group] for group in groups)]

        def loop(steps):
            for _ in range(steps):
                logs, state[0] = step(state[0], batch)
            return float(logs["d_loss"])

    return _timed(loop)


def _timed(loop):
    def run(steps):
        start = now()
        loop(steps)
        return now() - start

    return run


def product(precision, size):
    """Returns a function that runs a matrix product and returns how many seconds it took."""
    draws = np.random.default_rng(0).standard_normal((2, size, size), dtype="float32")
    if BACKEND == "tensorflow":
        import tensorflow as tf

        a, b = (tf.cast(tf.constant(draw), precision) for draw in draws)
        multiply = tf.function(lambda: tf.linalg.matmul(a, b))
        # Reading one element waits for the whole product.
        return _timed(lambda _: float(multiply()[0, 0]))
    import jax

    a, b = (jax.numpy.asarray(draw, precision) for draw in draws)
    multiply = jax.jit(lambda a, b: a @ b)
    return _timed(lambda _: multiply(a, b).block_until_ready())
