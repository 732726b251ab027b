"""Signs that a generator collapses or that a training runs in circles."""

import warnings
from collections import deque

import keras
import numpy as np

from ganzoo import losses
from ganzoo.callbacks.order import check_listed_before_readers
from ganzoo.data import Dataset, philox
from ganzoo.data.images import convert_array
from ganzoo.extractors.checks import check_extractor
from ganzoo.metrics.features import check_features, squared_distances
from ganzoo.training.gan import GAN
from ganzoo.validation import check_fraction, check_positive, check_positive_integer, check_seed

# Pixels are compared at most at this size: the shapes that collapse are large.
_SIDE = 32
# Samples nearer to each other than this share of the usual distance between real neighbors are
# copies.
_COPY = 0.2
_EPOCHS_OF_A_CYCLE = 10
_LOSSES = ("d_loss", "g_loss")
_AGAINST_COLLAPSE = (
    "Against a collapse of the generator help `layers.MinibatchDiscrimination`, packing "
    "(`GAN(packing=2)`), `regularizers.R1`, or"
)


class CollapseMonitor(keras.callbacks.Callback):
    """Compares the variety of a few hundred samples with that of real examples, and warns.

    At the end of an epoch the logs hold

    - `collapse/diversity`: mean distance between two samples, divided by that between two real
      examples; 1 where they vary alike, 0 where all samples are one;
    - `collapse/duplicates`: share of the samples whose nearest other sample is nearer than a fifth
      of the median distance between nearest real neighbors;
    - `collapse/score_gap`: `d_real - d_fake`, the discriminator's lead in logits;
    - `collapse/oscillation`: deviation of the last 10 epochs' losses from the nearest parabola,
      divided by their mean size; 0 before the fifth epoch. A curve that settles lies near one.

    The first two are measured every few epochs and at the end of the first, and stay in the logs in
    between; list this callback before those that read the logs. A warning says what was seen and
    what to try, once for each sign until it is gone and comes again. Measuring does not change the
    training.

    Without an extractor, distances are those of pixels, of images reduced to 32 x 32 at most, or of
    vectors. They see a generator that makes few different images; for modes that are lost among
    varied samples, measure recall with `EvaluateSamples`. Within one class of a conditional GAN,
    only the duplicates tell.

    Args:
        data: The real examples, a `ganzoo.data.Dataset` or an array, of the shape of the samples.
        n: Number of samples, and of real examples, that are compared.
        every: Epochs from one check to the next.
        extractor: Gives features of uint8 images; see `ganzoo.extractors`.
        seed: Seed of the first sample, and of the choice of real examples.
        min_diversity: Warn below it.
        max_duplicates: Warn above it.
        max_score_gap: Warn above it, but not with the Wasserstein loss, whose scores have no scale.
        max_oscillation: Warn above it, once 10 epochs are seen.
        patience: Checks that `duplicates` must stay too many, and `diversity` too low without being
            higher than it was so many checks ago, before the warning: at the beginning of every
            training all samples are alike.
        stop: Whether to end the training with the warning of `diversity` or `duplicates`.

    Raises:
        ValueError: If an argument is out of its range; or when the training begins, if the data are
            not of the shape of the samples, all alike, or fewer than `n`.

    Example:

    >>> monitor = ganzoo.callbacks.CollapseMonitor(dataset, every=5, stop=True)
    >>> history = gan.fit(dataset, epochs=100, callbacks=[monitor])

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 3.2,
        describes the collapse that minibatch discrimination works against.
    """

    def __init__(
        self,
        data,
        n=256,
        every=1,
        extractor=None,
        seed=0,
        min_diversity=0.5,
        max_duplicates=0.25,
        max_score_gap=10.0,
        max_oscillation=0.5,
        patience=3,
        stop=False,
    ):
        super().__init__()
        self.n = check_positive_integer("n", n)
        self.every = check_positive_integer("every", every)
        self.seed = check_seed(seed)
        self.extractor = check_extractor(extractor)
        self.min_diversity = check_fraction("min_diversity", min_diversity)
        self.max_duplicates = check_fraction("max_duplicates", max_duplicates)
        self.max_score_gap = check_positive("max_score_gap", max_score_gap)
        self.max_oscillation = check_positive("max_oscillation", max_oscillation)
        self.patience = check_positive_integer("patience", patience)
        self.stop = bool(stop)
        self.data = data if isinstance(data, Dataset) else Dataset(data)
        if not 2 <= self.n <= len(self.data):
            raise ValueError(
                "`n` must be from 2 to the number of real examples. "
                f"Received: n={n} with {self.data!r}"
            )

    def on_train_begin(self, logs=None):
        if not isinstance(self.model, GAN):
            raise ValueError(f"`CollapseMonitor` watches a `ganzoo.GAN`. Received: {self.model!r}")
        if self.data.example_shape != self.model.example_shape:
            raise ValueError(
                "The real examples must have the shape of the samples, "
                f"{self.model.example_shape}. Received: data={self.data!r}"
            )
        chosen = np.sort(philox.permutation(self.seed, 0, len(self.data))[: self.n])
        self._real_distance, nearest = self._distances(self.data.examples[chosen])
        self._copy = _COPY * float(np.median(nearest))
        if not self._copy:
            raise ValueError(
                "The real examples must vary: most of them have a copy among the "
                f"{self.n} that were taken. Received: data={self.data!r}"
            )
        self._history = {name: deque(maxlen=_EPOCHS_OF_A_CYCLE) for name in _LOSSES}
        # Of the checks within the patience, and the one before it.
        self._diversities = deque(maxlen=self.patience + 1)
        self._duplicates = deque(maxlen=self.patience)
        self._latest = {}
        self._warned = set()
        names = ("diversity", "duplicates", "score_gap", "oscillation")
        check_listed_before_readers(self, [f"collapse/{name}" for name in names])

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        if not self._latest or (epoch + 1) % self.every == 0:
            self._check_samples()
        self._check_scores(logs)
        self._check_losses(logs)
        logs.update({f"collapse/{name}": value for name, value in self._latest.items()})

    def get_state(self):
        """Returns what it carries from epoch to epoch, for `AtomicCheckpoint`."""
        return {
            "losses": {name: list(values) for name, values in self._history.items()},
            "diversities": list(self._diversities),
            "duplicates": list(self._duplicates),
            "latest": self._latest,
            "warned": sorted(self._warned),
        }

    def set_state(self, state):
        """Restores what `get_state` returned."""
        for name, values in self._history.items():
            _refill(values, state["losses"][name])
        _refill(self._diversities, state["diversities"])
        _refill(self._duplicates, state["duplicates"])
        self._latest = state["latest"]
        self._warned = set(state["warned"])

    def _check_samples(self):
        distance, nearest = self._distances(self.model.sample(self.n, self.seed))
        diversity = float(distance / self._real_distance)
        duplicates = float((nearest < self._copy).mean())
        self._latest |= {"diversity": diversity, "duplicates": duplicates}
        self._diversities.append(diversity)
        self._duplicates.append(duplicates > self.max_duplicates)
        is_stuck = len(self._diversities) > self.patience and diversity <= self._diversities[0]
        is_full = len(self._duplicates) == self.patience
        signs = [
            self._judge(
                "diversity",
                diversity < self.min_diversity,
                is_stuck,
                f"The samples are alike: the mean distance between two is {diversity:.2g} of that "
                f"between real examples, below min_diversity={self.min_diversity:g}, and does not "
                f"grow. {_AGAINST_COLLAPSE} a discriminator that learns more slowly.",
            ),
            self._judge(
                "duplicates",
                duplicates > self.max_duplicates,
                is_full and all(self._duplicates),
                f"{duplicates:.0%} of the samples have a near copy among {self.n}, more than "
                f"max_duplicates={self.max_duplicates:.0%}. {_AGAINST_COLLAPSE} more latents.",
            ),
        ]
        if self.stop and any(signs):
            self.model.stop_training = True

    def _check_scores(self, logs):
        gap = float(logs.get("d_real", 0.0)) - float(logs.get("d_fake", 0.0))
        self._latest["score_gap"] = gap
        has_scale = not isinstance(self.model.adversarial_loss, losses.Wasserstein)
        self._judge(
            "score_gap",
            gap > self.max_score_gap,
            has_scale,
            f"The discriminator is {gap:.3g} logits ahead (d_real - d_fake), beyond "
            f"max_score_gap={self.max_score_gap:g}: the generator learns little from it. `R1`, "
            "`GradientPenalty`, spectral normalization, augmentation, or a lower rate of the "
            "discriminator hold it back.",
        )

    def _check_losses(self, logs):
        for name, values in self._history.items():
            values.append(float(logs.get(name, 0.0)))
        value = _oscillation(self._history.values())
        self._latest["oscillation"] = value
        is_full = len(self._history["d_loss"]) == _EPOCHS_OF_A_CYCLE
        self._judge(
            "oscillation",
            value > self.max_oscillation,
            is_full,
            f"The losses swing by {value:.0%} of their size over {_EPOCHS_OF_A_CYCLE} epochs, more "
            f"than max_oscillation={self.max_oscillation:.0%}: the players may be chasing each "
            "other. Lower rates, a smaller `beta_1` of Adam, `R1` or `HistoricalAveraging` help; "
            "`ema_decay` averages the generator over the cycle.",
        )

    def _judge(self, sign, is_there, is_sure, message):
        """Warns of a sign that is there for sure, once until it is gone; returns whether it did."""
        if not is_there:
            self._warned.discard(sign)
        if not (is_there and is_sure) or sign in self._warned:
            return False
        self._warned.add(sign)
        warnings.warn(message, stacklevel=2)
        return True

    def _distances(self, examples):
        """Returns the mean distance between two examples, and that of each to the nearest."""
        features = check_features("features of examples", self._features(examples))
        nearest = np.empty(len(features))
        total = 0.0
        for rows, squares in squared_distances(features, features):
            distances = np.sqrt(squares)
            total += distances.sum()
            own = np.arange(rows.start, rows.stop)
            distances[own - rows.start, own] = np.inf
            nearest[rows] = distances.min(axis=1)
        return total / (len(features) * (len(features) - 1)), nearest

    def _features(self, examples):
        if self.extractor is not None:
            return self.extractor(examples)
        if examples.dtype == np.uint8:
            height, width = examples.shape[1:3]
            examples = convert_array(examples, (min(height, _SIDE), min(width, _SIDE)))
        return examples.reshape(len(examples), -1).astype(np.float32)


def _refill(queue, values):
    queue.clear()
    queue.extend(values)


def _oscillation(histories):
    """Returns the deviation of series from their nearest parabolas, divided by their mean size."""
    deviation = size = 0.0
    for values in map(np.array, histories):
        if len(values) < 5:
            return 0.0
        if not np.isfinite(values).all():
            return float("nan")
        epochs = np.arange(len(values))
        trend = np.polyval(np.polyfit(epochs, values, 2), epochs)
        deviation += float(np.std(values - trend))
        size += float(np.abs(values).mean())
    return deviation / size if size else 0.0
