"""Checks of examples and labels. Each error says what to write so that the data can be used."""

import warnings

import numpy as np

from ganzoo.data.classes import check_class_names, listed
from ganzoo.data.cures import ARRAY_CURES
from ganzoo.validation import check_positive_integer

# Rounding, as in a resize, may leave the range by this much.
_TOLERANCE = 1e-3

# The types of images whose range is the one of the type.
_PIXELS = (np.uint8, np.uint16)
# Pixels that use no more than this share of 16 bits hold 12 bits or fewer, and would be dark.
DARK = 65535 // 8


def check_examples(examples, cures=ARRAY_CURES):
    """Returns uint8 or uint16 images, float32 images in [-1, 1] or other float32, or raises.

    Args:
        examples: Array of shape (count, height, width, channels); or of other examples, such as
            vectors (count, dimensions), sequences (count, time, channels) or volumes (count, depth,
            height, width, channels).
        cures: What to write in each case, for messages.

    Raises:
        ValueError: If they are empty, of the wrong rank, not finite or out of range.
        TypeError: If their type is not one of these.
    """
    examples = as_array("examples", examples)
    if examples.ndim < 2:
        raise ValueError(
            "`examples` must be images of shape (count, height, width, channels), vectors of shape "
            "(count, dimensions), sequences of shape (count, time, channels) or volumes of shape "
            "(count, depth, height, width, channels). "
            f"Received: examples.shape={examples.shape}"
        )
    if examples.size == 0:
        raise ValueError(f"`examples` must not be empty. Received: examples.shape={examples.shape}")
    is_float = np.issubdtype(examples.dtype, np.floating)
    if examples.dtype == np.uint8 and examples.ndim == 3:
        raise ValueError(
            "uint8 `examples` must be images of shape (count, height, width, channels); grayscale "
            f"images need a last axis of 1 ({cures['axis']}). Sequences are float. "
            f"Received: examples.shape={examples.shape}"
        )
    if not is_float and (examples.dtype not in _PIXELS or examples.ndim != 4):
        raise TypeError(
            "`examples` must be uint8 images in [0, 255], uint16 images in [0, 65535], float "
            f"images in [-1, 1] or other float examples{_type_cure(examples, cures)}. Received: "
            f"examples.dtype={examples.dtype}, examples.shape={examples.shape}"
        )
    if is_float:
        with np.errstate(over="ignore"):  # Numbers that float32 does not hold become infinite.
            examples = examples.astype(np.float32, copy=False)
        _check_finite(examples)
    if examples.ndim == 4:
        _check_channels_last(examples, cures)
        _check_range(examples, cures)
    return examples


class RangeEvidence:
    """Tells images in [-1, 1] from images in [0, 1], which all look bright.

    One bright batch says nothing. But among all images some pixel is darker than the middle gray.

    Args:
        cures: What to write in each case, for messages.

    Attributes:
        count: Number of images so far.
        is_clear: Whether a value was seen that only the right range has.
    """

    def __init__(self, cures=ARRAY_CURES):
        self.count, self.is_clear = 0, False
        self._cures = cures
        self._low, self._high, self._dtype = np.inf, -np.inf, None

    def add(self, images):
        """Takes more images into account, of shape (count, height, width, channels); or others."""
        self._low = min(self._low, images.min())
        self._high = max(self._high, images.max())
        self._dtype = images.dtype
        self.count += len(images)
        brightest = {"uint8": 1, "uint16": DARK}.get(images.dtype.name)
        shows = self._low < 0 if brightest is None else self._high > brightest
        self.is_clear = self.is_clear or images.ndim != 4 or bool(shows)

    def check(self):
        """Raises `ValueError` if none of the images shows that the range is right."""
        # Black images of integers are black in each range.
        if self.is_clear or (self._dtype in _PIXELS and self._high == 0):
            return
        received = (
            f"Received: {self.count:,} examples of {self._dtype} in "
            f"[{self._low:.6g}, {self._high:.6g}]"
        )
        if self._dtype == np.uint8:
            raise ValueError(
                "uint8 images must be in [0, 255], and these seem to be in [0, 1]: multiply them "
                f"by 255, {self._cures['{0, 1}']}. {received}"
            )
        if self._dtype == np.uint16:
            if self._high <= 255:
                raise ValueError(
                    "uint16 images must be in [0, 65535], and these seem to be in [0, 255]: pass "
                    f"{self._cures['8 bits']}. {received}"
                )
            warnings.warn(
                "uint16 images are in [0, 65535], and the brightest pixel of these is nearly "
                f"black: scale them to the range of 16 bits. {received}",
                stacklevel=3,
            )
            return
        raise ValueError(
            "Float images must be in [-1, 1], and these seem to be in [0, 1]: pass "
            f"{self._cures['[0, 1]']}. If they are in [-1, 1], and no pixel of them is darker than "
            f"the middle gray, pass them as uint8, {self._cures['bright']}. {received}"
        )


def check_labels(labels, num_classes, class_names, count, cures=ARRAY_CURES):
    """Returns int32 labels of shape (count,) and the number of classes, or raises.

    Args:
        labels: Integers in [0, num_classes); or texts, where there are `class_names`; or one-hot
            rows of shape (count, num_classes), whose columns are in the order of the numbers.
        num_classes: Number of classes, or `None`.
        class_names: Names of the classes in the order of their numbers, or `None`.
        count: Number of examples.
        cures: What to write in each case, for messages.

    Raises:
        ValueError: If they do not fit the other arguments.
        TypeError: If they are no integers.
    """
    labels = as_array("labels", labels)
    if labels.ndim == 2 and len(labels) == count and labels.shape[1] > 1:
        columns = labels.shape[1]
        if num_classes is None:
            num_classes = columns if class_names is None else len(class_names)
        labels = _classes_of_rows(labels, num_classes, cures)
    if labels.ndim != 1 or len(labels) != count:
        raise ValueError(
            f"`labels` must have the shape ({count},), one class for each example, or be one-hot "
            f"of shape ({count}, num_classes) (for a column {cures['column']}). "
            f"Received: labels.shape={labels.shape}"
        )
    if labels.dtype.kind in "OSU":
        labels = _numbers_of(labels, class_names)
    if not np.issubdtype(labels.dtype, np.integer):
        are_whole = labels.dtype.kind in "bf" and np.array_equal(labels, labels.astype("int32"))
        cure = f": pass {cures['integers']}" if are_whole else ""
        raise TypeError(f"`labels` must be integers{cure}. Received: labels.dtype={labels.dtype}")
    smallest, largest = int(labels.min()), int(labels.max())
    if num_classes is None:
        num_classes = max(largest, 0) + 1 if class_names is None else len(class_names)
        if smallest > 0 and class_names is None:
            warnings.warn(
                f"The labels are in [{smallest}, {largest}], and classes count from 0: so class 0 "
                f"has no examples. If the labels count from 1, pass {cures['from 1']}; otherwise "
                "give `num_classes`.",
                stacklevel=3,
            )
    num_classes = check_positive_integer("num_classes", num_classes)
    check_class_names(class_names, num_classes)
    if smallest < 0 or largest >= num_classes:
        from_one = smallest == 1 and largest == num_classes
        cure = f": they seem to count from 1, so pass {cures['from 1']}" if from_one else ""
        raise ValueError(
            f"`labels` must be in [0, num_classes){cure}. Received: labels in [{smallest}, "
            f"{largest}], num_classes={num_classes}"
        )
    return np.ascontiguousarray(labels, dtype=np.int32), num_classes


def _classes_of_rows(labels, num_classes, cures):
    """Returns the classes of one-hot rows, or raises."""
    if labels.shape[1] != num_classes:
        raise ValueError(
            f"One-hot labels must have a column for each of the {num_classes:,} classes. "
            f"Received: labels.shape={labels.shape}"
        )
    if labels.dtype.kind not in "biuf":
        raise TypeError(
            f"One-hot labels must be numbers. Received: labels.dtype={labels.dtype}, "
            f"labels.shape={labels.shape}"
        )
    is_one_hot = ((labels == 0) | (labels == 1)).all(axis=1) & (labels.sum(axis=1) == 1)
    if not is_one_hot.all():
        raise ValueError(
            "Rows of labels must be one-hot, a single 1 and otherwise 0. If several classes apply, "
            "or each with a share, the rows are conditions: train a GAN of "
            f"condition_dim={labels.shape[1]} on `Dataset(images, conditions=labels)`. For the "
            f"class with the largest value in its row pass {cures['class']}. "
            f"Received: labels.shape={labels.shape}, of which {(~is_one_hot).sum():,} rows are not "
            f"one-hot, the first at {(~is_one_hot).argmax()}"
        )
    return labels.argmax(axis=1)


def check_rows(rows):
    """Returns the numbers of examples as an array of integers with one axis, or raises."""
    rows = as_array("rows", rows)
    # A mask of booleans would be taken for the rows 0 and 1.
    if rows.ndim != 1 or not rows.size or not np.issubdtype(rows.dtype, np.integer):
        raise ValueError(
            "`rows` must be numbers of examples, at least one; for a mask pass "
            "`np.flatnonzero(mask)`. "
            f"Received: rows.dtype={rows.dtype}, rows.shape={rows.shape}"
        )
    return rows


def as_array(name, values):
    """Returns an array of numbers or texts, or raises; the message never shows the values."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"`{name}` must be one array of equal rows. Received: {error}") from error
    if array.dtype == object and not (array.ndim and _are_texts(array.flat)):
        raise TypeError(
            f"`{name}` must be an array of numbers (rows of different shapes, or None among them, "
            f"make an array of objects). Received: {name}.dtype=object"
        )
    return array


def _are_texts(values):
    return all(isinstance(value, (str, bytes)) for value in values)


def _type_cure(examples, cures):
    """Returns a text that tells how examples of another type become usable, or an empty one."""
    kind = examples.dtype.kind
    if examples.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        return f": pass {cures['half']}"
    if kind not in "biu":
        return ""
    if examples.ndim == 2:
        return f": pass {cures['vectors']}, or images with all of their axes"
    if examples.ndim != 4:
        return f": pass {cures['half']}"
    if kind == "b":
        return f": pass {cures['bool']}"
    if examples.min() >= 0 and examples.max() <= 255:
        return f": pass {cures['8 bits']}"
    if examples.min() >= 0 and examples.max() <= 65535:
        return f": for 16 bits, pass {cures['16 bits']}"
    return ""


def _check_finite(examples):
    # A minimum and a maximum need no memory, and NaN passes through both.
    if np.isfinite(examples.min()) and np.isfinite(examples.max()):
        return
    bad = ~np.isfinite(examples).reshape(len(examples), -1).all(axis=1)
    raise ValueError(
        "`examples` must be finite: remove or repair the rows with NaN, infinity or numbers "
        "that float32 does not hold. "
        f"Received: {bad.sum():,} such rows of {len(examples):,}, the first at {bad.argmax()}"
    )


def _check_channels_last(images, cures):
    if images.shape[1] in (1, 3) and images.shape[3] > 4:
        raise ValueError(
            f"Images must have their channels last: pass {cures['channels first']}. "
            f"Received: examples.shape={images.shape}"
        )


def _check_range(images, cures):
    if images.dtype in _PIXELS:
        return
    low, high = images.min(), images.max()
    if low >= -1 - _TOLERANCE and high <= 1 + _TOLERANCE:
        return
    received = f"Received: examples of {images.dtype} in [{low:.6g}, {high:.6g}]"
    if low >= 0 and high <= 255:
        raise ValueError(
            "Float images must be in [-1, 1], and these seem to be in [0, 255]: pass "
            f"{cures['[0, 255]']}. {received}"
        )
    raise ValueError(f"Float images must be in [-1, 1]: rescale or clip them. {received}")


def _numbers_of(labels, class_names):
    """Returns the numbers of the classes whose names are the labels."""
    texts = np.array([v.decode() if isinstance(v, bytes) else v for v in labels.tolist()])
    names = np.unique(texts).tolist()
    if class_names is None:
        raise TypeError(
            "Labels that are texts need `class_names`, which give each class its number. They must "
            "be the same for all splits of the data: "
            "`Dataset(images, labels, class_names=sorted(set(labels)))`. "
            f"Received: labels with the {len(names):,} names {listed(names)}, and class_names=None"
        )
    numbers = {name: number for number, name in enumerate(class_names)}
    unknown = [name for name in names if name not in numbers]
    if unknown:
        raise ValueError(
            "Labels that are texts must be among the `class_names`. "
            f"Received: {listed(unknown)}, with the class_names {listed(class_names)}"
        )
    return np.array([numbers[text] for text in texts.tolist()], np.int32)
