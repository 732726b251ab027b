"""What to write so that data can be used, for messages: a line of code in each case."""

import re

# For arrays.
ARRAY_CURES = {
    "[0, 1]": "`images * 2 - 1`",
    "[0, 255]": '`images.astype("uint8")` or `images / 127.5 - 1`',
    "{0, 1}": "`images * 255`",
    "bright": '`((images + 1) * 127.5).round().astype("uint8")`',
    "8 bits": '`images.astype("uint8")`',
    "16 bits": '`images.astype("uint16")`',
    "bool": '`images.astype("uint8") * 255`',
    "vectors": '`vectors.astype("float32")`',
    "half": '`examples.astype("float32")`',
    "axis": "`images[..., None]`",
    "channels first": "`np.transpose(images, (0, 2, 3, 1))`",
    "class": "`labels.argmax(-1)`",
    "column": "`labels[:, 0]`",
    "integers": '`labels.astype("int32")`',
    "from 1": "`labels - 1`",
}
# For batches that are read one by one, of NumPy arrays or of tensors of another library.
_HOST_CODE = {
    "[0, 1]": "images * 2 - 1",
    "[0, 255]": "images / 127.5 - 1",
    "{0, 1}": "images * 255",
    "bright": "np.uint8(np.round((images + 1) * 127.5))",
    "8 bits": "np.uint8(images)",
    "16 bits": "np.uint16(images)",
    "bool": "np.uint8(images) * 255",
    "vectors": "np.float32(images)",
    "half": "np.float32(images)",
    "axis": "images[..., None]",
    "channels first": "np.transpose(images, (0, 2, 3, 1))",
    "class": "labels.argmax(-1)",
    "column": "labels[:, 0]",
    "integers": "np.int32(labels)",
    "from 1": "labels - 1",
}
# For tensors in the function of a `dataset.map`.
_TENSOR_CODE = _HOST_CODE | {
    "bright": "tf.cast(tf.round((images + 1) * 127.5), tf.uint8)",
    "8 bits": "tf.cast(images, tf.uint8)",
    "16 bits": "tf.cast(images, tf.uint16)",
    "bool": "tf.cast(images, tf.uint8) * 255",
    "vectors": "tf.cast(images, tf.float32)",
    "half": "tf.cast(images, tf.float32)",
    "channels first": "tf.transpose(images, (0, 2, 3, 1))",
    "class": "tf.argmax(labels, -1)",
    "integers": "tf.cast(labels, tf.int32)",
}
_LABEL_CASES = ("class", "column", "integers", "from 1")


class BatchMapping:
    """How the batches of one kind of data are changed.

    Args:
        template: Line of code, with the places `{arguments}` and `{batch}`.
        code: What to write for examples or labels in each case.
    """

    def __init__(self, template, code):
        self._template, self._code = template, code

    def line(self, arguments, batch):
        """Returns the code that makes `batch` of each batch, whose parts are the `arguments`."""
        return f"`{self._template.format(arguments=arguments, batch=batch)}`"

    def cures(self, has_labels, is_dictionary=False):
        """Returns what to write in each case, as `ARRAY_CURES`."""
        arguments = "images, labels" if has_labels else "images"
        if is_dictionary:
            arguments = "row"

        def written(code):
            if not is_dictionary:
                return code
            return re.sub(r"\b(image|label)s\b", r'row["\1"]', code)

        def line(case, code):
            images, labels = ("images", code) if case in _LABEL_CASES else (code, "labels")
            batch = f"({images}, {labels})" if has_labels else images
            return self.line(arguments, written(batch))

        return {case: line(case, code) for case, code in self._code.items()}


TENSORS = BatchMapping("dataset.map(lambda {arguments}: {batch})", _TENSOR_CODE)
ITERABLE = BatchMapping("lambda: ({batch} for {arguments} in batches)", _HOST_CODE)
