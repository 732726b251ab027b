"""The functions of an exported GAN: TensorFlow functions with named inputs and outputs.

| signature | inputs | outputs |
|---|---|---|
| `serving_default` | `latents` (n, d) float32, `label` | `images` (n, h, w, c) float32 in [-1, 1] |
| `sample` | `seed` (n,) int64, `label`, `truncation` | `images` (n, h, w, c) uint8 |
| `sample_png` | as for `sample` | `png_bytes` (n,) string |
| `edit` | as for `sample`, and `direction` (n,) int64, `amount` (n,) float32 | as of `sample` |
| `discriminate` | `images` (n, h, w, c) uint8, `label` | `score` (n,) float32 |

`label` (n,) int64 exists if the GAN has classes; with vectors of conditions it is `conditions`
(n, condition_dim) float32. `truncation` (n,) float32 exists if it was requested: a
number in the range of `ganzoo.GAN.sample`, or -1 for none. `edit` exists if the export was given
directions; it moves the latents or the styles of a sample along one of them, as `ganzoo.GAN.edit`.
A GAN of other examples, such as
vectors, has float32 `examples` (n, ...) instead of `images`. It has no `sample_png`, and neither
has a GAN of images with more than 4 channels. The first axis of every input and output is the
batch: a server that merges requests needs that. Row i of an output depends on row i of the inputs
alone. A request whose inputs have different numbers of rows fails.
"""

import numpy as np
import tensorflow as tf

from ganzoo.generation.editing import offsets_of
from ganzoo.generation.sampling import sampling_function
from ganzoo.generation.truncation import check_own_layer, describe_range, largest_truncation
from ganzoo.numerics import to_signed_range

_NO_TRUNCATION = -1.0
_MOST_CHANNELS_OF_PNG = 4
# Rounding in float32 and in bfloat16 gives far smaller differences.
_TOLERANCE = 2e-2


def signatures(gan, truncation=False, discriminator=False, directions=None):
    """Returns the signatures of a GAN.

    Args:
        gan: A `ganzoo.GAN` on the TensorFlow backend.
        truncation: Whether `sample` and `sample_png` take a truncation.
        discriminator: Whether to include `discriminate`.
        directions: The `Directions` of `edit`, or `None` to leave it out.

    Returns:
        Dictionary from names to `(function, specs)`: a Python function of tensors that returns a
        dictionary of tensors, and the `tf.TensorSpec` of each of its arguments.

    Raises:
        ValueError: If the output of a network for an example depends on others in its batch.
    """
    if truncation:
        check_own_layer(gan)
    _check_rows("generator", *generation(gan))
    built = {
        "serving_default": _checked(gan, *generation(gan)),
        "sample": _checked(gan, *_sampling(gan, truncation)),
    }
    is_integer = gan.pixels.dtype != "float32"
    if has_images(gan) and is_integer and gan.example_shape[-1] <= _MOST_CHANNELS_OF_PNG:
        built["sample_png"] = _checked(gan, *_png(*_sampling(gan, truncation)))
    if directions is not None:
        edit, specs = _editing(gan, truncation, directions)
        built["edit"] = _checked(gan, edit, specs, len(directions))
    if discriminator:
        values = (gan.pixels.low, gan.pixels.high) if has_images(gan) else (-1, 1)
        _check_rows("discriminator", *_discrimination(gan), **{examples_name(gan): values})
        built["discriminate"] = _checked(gan, *_discrimination(gan))
    return built


def zeros(specs, rows):
    """Returns rows of zeros for each spec. Zero is in the range of every input."""
    return [tf.zeros((rows, *spec.shape[1:]), spec.dtype) for spec in specs]


def has_images(gan):
    """Returns whether the examples of a GAN are images."""
    return len(gan.example_shape) == 3


def examples_name(gan):
    """Returns the name of the examples in the inputs and outputs."""
    return "images" if has_images(gan) else "examples"


def generation(gan):
    """Returns the function from latents to examples, without checks, and its specs.

    It computes what `gan.sample` computes, in inference mode.
    """
    name = examples_name(gan)

    def generate(latents, condition=None):
        inputs = latents if condition is None else [latents, _as_input(condition)]
        return {name: tf.cast(gan(inputs), "float32")}

    return generate, [_spec("latents", "float32", gan.latent_dim), *_condition_spec(gan)]


def _sampling(gan, truncation):
    """Returns the function from seeds to examples, without checks, and its specs."""
    name, draw_examples = examples_name(gan), sampling_function(gan)

    def sample(seed, *others):
        others = list(others)
        label = _as_input(others.pop(0)) if gan.is_conditional else None
        bound = _without_gaps(gan, others.pop(0)) if truncation else None
        return {name: draw_examples(_words(seed), label, bound)}

    specs = [_spec("seed", "int64"), *_condition_spec(gan)]
    return sample, [*specs, *([_spec("truncation", "float32")] if truncation else [])]


def _without_gaps(gan, truncation):
    """Returns truncations with the largest one, which changes nothing, in place of -1."""
    is_none = truncation == _NO_TRUNCATION
    return tf.where(is_none, largest_truncation(gan), truncation)[:, tf.newaxis]


def _editing(gan, truncation, directions):
    """Returns the function from seeds, directions and amounts to examples, and its specs."""
    name, draw_examples = examples_name(gan), sampling_function(gan)
    # The offsets of an amount of 1, of latents or of styles, a row for each direction.
    table = offsets_of(gan, directions, np.eye(len(directions)), len(directions))

    def moved(offsets, direction, amount):
        if offsets is None:
            return None
        amount = tf.reshape(amount, [-1] + [1] * (offsets.ndim - 1))
        return amount * tf.gather(tf.constant(offsets), direction)

    def edit(seed, direction, amount, *others):
        others = list(others)
        label = _as_input(others.pop(0)) if gan.is_conditional else None
        bound = _without_gaps(gan, others.pop(0)) if truncation else None
        offsets = (moved(offsets, direction, amount) for offsets in table)
        return {name: draw_examples(_words(seed), label, bound, 1.0, *offsets)}

    (seed, *others) = _sampling(gan, truncation)[1]
    return edit, [seed, _spec("direction", "int64"), _spec("amount", "float32"), *others]


def _png(sample, specs):
    """Returns the function from seeds to PNG files, and its specs."""

    def sample_png(*inputs):
        images = sample(*inputs)["images"]
        files = tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.string)
        return {"png_bytes": files}

    return sample_png, specs


def _discrimination(gan):
    """Returns the function from examples to the discriminator's outputs, and its specs."""
    dtype = gan.pixels.dtype if has_images(gan) else "float32"
    discriminator = gan.inference_discriminator

    def discriminate(examples, condition=None):
        condition = None if condition is None else _as_input(condition)
        outputs = discriminator(_signed(gan, examples), condition, training=False)
        results = {"score": outputs.logits[:, 0]}
        if outputs.class_logits is not None:
            results["class_probabilities"] = tf.nn.softmax(outputs.class_logits)
        return {name: tf.cast(value, "float32") for name, value in results.items()}

    return discriminate, [
        _spec(examples_name(gan), dtype, *gan.example_shape),
        *_condition_spec(gan),
    ]


def _signed(gan, examples):
    """Returns examples as the networks take them."""
    if has_images(gan) and gan.pixels.dtype == "float32":
        low, high = gan.pixels.low, gan.pixels.high
        return 2.0 * (examples - low) / (high - low) - 1.0
    return to_signed_range(examples)


def _check_rows(network, function, specs, **ranges):
    """Raises if the output of a function for a row depends on the other rows.

    A server merges requests: the answer to one person would depend on the requests of others.

    Args:
        network: What computes the outputs, for the message.
        function: Function of the inputs.
        specs: The specs of its inputs.
        **ranges: The lowest and the highest value of inputs, by name. By default 0 and 1.
    """
    rng = np.random.default_rng(0)
    rows = []
    for spec in specs:
        a, b = rng.uniform(*ranges.get(spec.name, (0, 1)), (2, *spec.shape[1:]))
        rows.append(tf.cast(np.stack([a, a, a, b, b]), spec.dtype))  # A label becomes 0.
    among_others = function(*(tensor[2:] for tensor in rows))
    for name, among_copies in function(*(tensor[:3] for tensor in rows)).items():
        difference = float(tf.reduce_max(tf.abs(among_copies[0] - among_others[name][0])))
        if difference > _TOLERANCE * max(1.0, float(tf.reduce_max(tf.abs(among_copies)))):
            raise ValueError(
                f"An exported network takes each example on its own, and the {network} compares "
                "those of a batch"
                + (": export without discriminator=True. " if network == "discriminator" else ". ")
                + f"Received: `{name}` that differ by {difference:.2g} with the others in the batch"
            )


def _checked(gan, function, specs, directions=0):
    """Returns the function with checks of its inputs' shapes and ranges, and its specs."""
    checks = {
        "label": _check_number("label", "a class", gan.num_classes or 0),
        "direction": _check_number("direction", "a direction", directions),
        "amount": _check_amount,
        "truncation": _check_truncation(largest_truncation(gan)),
    }

    def checked(*inputs):
        rows = tf.shape(inputs[0])[0]
        checked_inputs = []
        for spec, tensor in zip(specs, inputs, strict=True):
            shape = tf.stack([rows, *spec.shape[1:]])
            assertions = _check_shape(spec.name, tensor, shape, specs[0].name)
            assertions += checks[spec.name](tensor) if spec.name in checks else []
            # Nothing is computed from a refused input, and no optimization drops the check. The
            # reshape fails for other numbers of rows where XLA leaves assertions out.
            with tf.control_dependencies(assertions):
                checked_inputs.append(tf.reshape(tensor, shape))
        return function(*checked_inputs)

    return checked, specs


def _check_shape(name, tensor, shape, first):
    """Servers check names and dtypes only: one row for all others would be broadcast to them."""
    is_right = tf.reduce_all(tf.equal(tf.shape(tensor), shape))
    message = f"`{name}` must have one row for each row of `{first}`, in the shape:"
    data = [message, shape, "Received:", tf.shape(tensor)]
    return [tf.debugging.Assert(is_right, data, summarize=8)]


def _check_number(name, what, count):
    def check(numbers):
        inside = tf.logical_and(numbers >= 0, numbers < count)
        message = f"`{name}` must be {what} from 0 to {count - 1}. Received:"
        return [tf.debugging.Assert(tf.reduce_all(inside), [message, numbers])]

    return check


def _check_amount(amount):
    is_finite = tf.reduce_all(tf.math.is_finite(amount))
    return [tf.debugging.Assert(is_finite, ["`amount` must be finite. Received:", amount])]


def _check_truncation(largest):
    def check(truncation):
        inside = tf.logical_and(truncation >= 0.0, truncation <= largest)  # False of NaN too.
        inside = tf.logical_or(inside, truncation == _NO_TRUNCATION)
        message = f"`truncation` must be {describe_range(largest)}, or -1 for none. Received:"
        return [tf.debugging.Assert(tf.reduce_all(inside), [message, truncation])]

    return check


def _spec(name, dtype, *shape):
    return tf.TensorSpec((None, *shape), dtype, name=name)


def _condition_spec(gan):
    if gan.condition_dim is not None:
        return [_spec("conditions", "float32", gan.condition_dim)]
    return [] if gan.num_classes is None else [_spec("label", "int64")]


def _as_input(condition):
    """Returns labels or conditions as the networks take them."""
    return tf.cast(condition, "int32") if condition.dtype.is_integer else condition


def _words(seed):
    """Returns the low and the high 32 bits of int64 seeds, whatever the byte order."""
    seed = tf.bitcast(seed, "uint64")
    low = tf.bitwise.bitwise_and(seed, tf.constant(0xFFFFFFFF, "uint64"))
    high = tf.bitwise.right_shift(seed, tf.constant(32, "uint64"))
    return tf.cast(low, "uint32"), tf.cast(high, "uint32")
