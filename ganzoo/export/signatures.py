"""What an exported GAN computes: TensorFlow functions with named inputs and outputs.

| signature | inputs | outputs |
|---|---|---|
| `serving_default` | `latents` (n, d) float32, `label` | `images` (n, h, w, c) float32 in [-1, 1] |
| `sample` | `seed` (n,) int64, `label`, `truncation` | `images` (n, h, w, c) uint8 |
| `sample_png` | those of `sample` | `png_bytes` (n,) string |
| `discriminate` | `images` (n, h, w, c) uint8, `label` | `score` (n,) float32 |

`label` (n,) int64 is there where the GAN has classes, `truncation` (n,) float32 where it was asked
for. A GAN of vectors gives and takes float32 `examples` in the place of `images`, and has no
`sample_png`. Every input and output has the batch as its first axis, as a server needs that merges
requests into batches; and row i of an output depends on row i of the inputs alone.
"""

import tensorflow as tf

from ganzoo.layers import MinibatchDiscrimination, MinibatchStdDev
from ganzoo.training.feeding import to_unit_range
from ganzoo.training.sampling import draw_examples


def signatures(gan, truncation=False, discriminator=False):
    """Returns the signatures of a GAN.

    Args:
        gan: A `ganzoo.GAN` on the TensorFlow backend.
        truncation: Whether `sample` and `sample_png` take a factor of the latents.
        discriminator: Whether there is a `discriminate`.

    Returns:
        Dictionary from names to `(function, specs)`: a Python function of tensors that returns a
        dictionary of tensors, and the `tf.TensorSpec` of each of its arguments.

    Raises:
        ValueError: If the discriminator cannot judge each example on its own.
    """
    built = {
        "serving_default": _checked(gan, *generation(gan)),
        "sample": _checked(gan, *_sampling(gan, truncation)),
    }
    if has_images(gan):
        built["sample_png"] = _checked(gan, *_png(*_sampling(gan, truncation)))
    if discriminator:
        built["discriminate"] = _checked(gan, *_discrimination(gan))
    return built


def has_images(gan):
    """Returns whether the examples of a GAN are images of grey levels or colours."""
    return len(gan.example_shape) == 3


def examples_name(gan):
    """Returns the name of the examples in the inputs and outputs."""
    return "images" if has_images(gan) else "examples"


def generation(gan):
    """Returns the function from latents to examples, without checks, and its specs.

    The weights are those that sample, in inference.
    """
    name = examples_name(gan)

    def generate(latents, label=None):
        inputs = latents if label is None else [latents, tf.cast(label, "int32")]
        return {name: tf.cast(gan(inputs), "float32")}

    return generate, [_spec("latents", "float32", gan.latent_dim), *_label_spec(gan)]


def _sampling(gan, truncation):
    """Returns the function from seeds to examples, without checks, and its specs."""
    name = examples_name(gan)

    def sample(seed, *others):
        others = list(others)
        label = tf.cast(others.pop(0), "int32") if gan.num_classes is not None else None
        factor = others.pop(0)[:, tf.newaxis] if truncation else 1.0
        return {name: draw_examples(gan, _words(seed), label, factor)}

    specs = [_spec("seed", "int64"), *_label_spec(gan)]
    return sample, [*specs, *([_spec("truncation", "float32")] if truncation else [])]


def _png(sample, specs):
    """Returns the function from seeds to PNG files, and its specs."""

    def sample_png(*inputs):
        images = sample(*inputs)["images"]
        files = tf.map_fn(tf.io.encode_png, images, fn_output_signature=tf.string)
        return {"png_bytes": files}

    return sample_png, specs


def _discrimination(gan):
    """Returns the function from examples to what the discriminator says, and its specs."""
    _check_discriminator(gan)
    dtype = "uint8" if has_images(gan) else "float32"
    judge = gan.inference_judge()

    def discriminate(examples, label=None):
        label = None if label is None else tf.cast(label, "int32")
        verdict = judge(to_unit_range(examples), label, training=False)
        said = {"score": verdict.logits[:, 0]}
        if verdict.class_logits is not None:
            said["class_probabilities"] = tf.nn.softmax(verdict.class_logits)
        return {name: tf.cast(value, "float32") for name, value in said.items()}

    return discriminate, [_spec(examples_name(gan), dtype, *gan.example_shape), *_label_spec(gan)]


def _check_discriminator(gan):
    """Raises if what the discriminator says of an example depends on others.

    A server merges requests: one person's score would then depend on another's images.
    """
    if gan.packing > 1:
        raise ValueError(
            "`discriminate` judges single examples, and this discriminator sees rows of several. "
            f"Export without discriminator=True. Received: packing={gan.packing}"
        )
    layers = gan.discriminator._flatten_layers()
    if coupled := [x for x in layers if isinstance(x, MinibatchDiscrimination | MinibatchStdDev)]:
        raise ValueError(
            "`discriminate` judges single examples, and this discriminator compares those of a "
            "batch. Export without discriminator=True. "
            f"Received: a {type(coupled[0]).__name__} in the discriminator"
        )


def _checked(gan, function, specs):
    """Returns the function with inputs out of their range refused, and its specs."""
    checks = {"label": _check_label(gan.num_classes), "truncation": _check_truncation}

    def checked(*inputs):
        checked_inputs = []
        for spec, tensor in zip(specs, inputs, strict=True):
            assertions = checks[spec.name](tensor) if spec.name in checks else []
            # Nothing is computed of an input that is refused, and no optimization drops the check.
            with tf.control_dependencies(assertions):
                checked_inputs.append(tf.identity(tensor))
        return function(*checked_inputs)

    return checked, specs


def _check_label(num_classes):
    def check(label):
        inside = tf.logical_and(label >= 0, label < num_classes)
        message = f"`label` must be a class from 0 to {(num_classes or 0) - 1}. Received:"
        return [tf.debugging.Assert(tf.reduce_all(inside), [message, label])]

    return check


def _check_truncation(truncation):
    inside = tf.logical_and(truncation >= 0.0, truncation <= 1.0)  # False of NaN too.
    message = "`truncation` must be in [0, 1]. Received:"
    return [tf.debugging.Assert(tf.reduce_all(inside), [message, truncation])]


def _spec(name, dtype, *shape):
    return tf.TensorSpec((None, *shape), dtype, name=name)


def _label_spec(gan):
    return [] if gan.num_classes is None else [_spec("label", "int64")]


def _words(seed):
    """Returns the low and the high 32 bits of int64 seeds, whatever the byte order."""
    seed = tf.bitcast(seed, "uint64")
    low = tf.bitwise.bitwise_and(seed, tf.constant(0xFFFFFFFF, "uint64"))
    high = tf.bitwise.right_shift(seed, tf.constant(32, "uint64"))
    return tf.cast(low, "uint32"), tf.cast(high, "uint32")
