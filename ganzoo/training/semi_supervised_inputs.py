"""The batches of a `SemiSupervisedGAN`: a stream of labeled examples, and two without labels."""

from ganzoo.data import Batches, Dataset, SemiSupervisedBatches
from ganzoo.training import inputs
from ganzoo.validation import describe

STREAMS = ("labeled", "unlabeled", "matching")
_BATCH_SIZE = 100


def as_batches(gan, x, labels_per_class, batch_size):
    """Returns the `SemiSupervisedBatches` that the arguments of `fit` stand for."""
    if inputs.is_stream(x) and not isinstance(x, Batches):
        x = inputs.as_dataset(gan, x)
    if isinstance(x, Dataset):
        size = _BATCH_SIZE if batch_size is None else batch_size
        data = inputs.with_classes_of(gan, x)
        return SemiSupervisedBatches(data, labels_per_class, size, seed=gan.seed)
    if not isinstance(x, SemiSupervisedBatches):
        raise ValueError(
            "`x` must be a `ganzoo.data.Dataset` with labels, or a `ganzoo.data."
            f"SemiSupervisedBatches`. Received: x of type {type(x).__name__}"
        )
    if labels_per_class is not None or batch_size is not None:
        raise ValueError(
            "Ready batches have their labels and their size: leave `labels_per_class` and "
            f"`batch_size` out. Received: labels_per_class={labels_per_class!r}, "
            f"batch_size={batch_size!r}"
        )
    return x


def as_batch(gan, x):
    """Returns the examples of each stream, after all checks, of a dictionary of them."""
    if not isinstance(x, dict) or set(x) != set(STREAMS):
        raise ValueError(
            "A semi-supervised batch is a dictionary of arrays of examples, with the keys "
            f"{', '.join(map(repr, STREAMS))}. Received: x={describe(x)}"
        )
    evidence = {"unlabeled": gan._range_evidence}
    examples = {
        name: inputs.as_batch(gan, x[name], evidence=evidence.get(name))[0] for name in STREAMS
    }
    counts = {name: len(rows) for name, rows in examples.items()}
    if len(set(counts.values())) > 1:
        raise ValueError(
            "The three streams of a semi-supervised batch must have equally many examples. "
            f"Received: {counts}"
        )
    return examples
