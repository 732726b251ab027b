"""Signs that a generator collapses, or that training runs in circles."""

import warnings
from collections import deque
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from ganzoo.callbacks.checks import check_gan, check_listed_before_readers
from ganzoo.callbacks.score_lead import ScoreLead
from ganzoo.data import philox
from ganzoo.data.gathering import as_dataset
from ganzoo.data.images import convert_array
from ganzoo.extractors.checks import check_extractor, known_range
from ganzoo.metrics.features import check_features, squared_distances
from ganzoo.training.fit_hook import FitHook
from ganzoo.validation import check_fraction, check_positive, check_positive_integer, check_seed

# Pixels are compared at this size at most: the shapes that collapse are large.
_SIDE = 32
# Two samples are copies if their distance is below this fraction of the usual distance between
# real neighbors.
_COPY = 0.2
_EPOCHS_OF_A_CYCLE = 10
_LOSSES = ("d_loss", "g_loss")
_NAMES = ("diversity", "duplicates", "score_gap", "oscillation")
_AGAINST_COLLAPSE = (
    "Against a collapse of the generator, try `layers.MinibatchDiscrimination`, packing "
    "(`GAN(packing=2)`), `regularizers.R1`, or"
)


class CollapseMonitor(FitHook):
    """Compares the variety of a few hundred samples with that of real examples, and warns.

    At the end of an epoch the logs hold

    - `collapse/diversity`: mean distance between two samples, divided by the mean distance between
      two real examples; 1 if they vary equally, 0 if all samples are the same;
    - `collapse/duplicates`: fraction of the samples whose nearest other sample is closer than a
      fifth of the median distance between nearest real neighbors;
    - `collapse/score_gap`: `d_real - d_fake`, the lead of the discriminator in logits;
    - `collapse/oscillation`: deviation of the losses of the last 10 epochs from the nearest
      parabola, divided by their mean size; 0 before the fifth epoch. A curve that settles is close
      to a parabola.

    The first two are measured every few epochs and at the end of the first one. In between, the
    logs hold the latest values. List this callback before the callbacks that read the logs. A
    warning says what was measured and what to try. It is given once for each sign, and again if
    the sign disappears and comes back. The warning of `score_gap` names the step from which on the
    mean of the epoch was beyond the limit, even if it ran together with others. Measuring does not
    change training.

    Without an extractor, distances are measured between pixels, with images reduced to 32 x 32 at
    most, or between vectors. This detects a generator that makes few different images. It does not
    detect modes that are lost among varied samples: for these, measure recall with
    `EvaluateSamples`. If a conditional GAN collapses within a class, only `collapse/duplicates`
    shows it.

    Args:
        data: The real examples, a `ganzoo.data.Dataset`, an array or anything that
            `ganzoo.data.gather` takes, with the shape of the samples.
        n: Number of samples, and of real examples, that are compared.
        every: Epochs from one check to the next.
        extractor: Callable that gives features of uint8 images; see `ganzoo.extractors`.
        seed: Seed of the first sample, and of the choice of real examples.
        min_diversity: Warn below this value.
        max_duplicates: Warn above this value.
        max_score_gap: Warn above this value, unless the scores of the loss have no scale, as those
            of the Wasserstein loss.
        max_oscillation: Warn above this value, after 10 epochs.
        patience: Number of checks before a warning. `duplicates` must stay too high for so many
            checks. `diversity` must be too low and not higher than so many checks ago. At the
            beginning of every run all samples are alike.
        stop: Whether to end training with the warning of `diversity` or `duplicates`.

    Raises:
        ValueError: If an argument is out of its range, or if there are fewer than `n` examples; or
            when training begins, if the data do not have the shape of the samples or are all
            alike, or if a callback that reads the values is listed before this one.

    Example:

    >>> monitor = ganzoo.callbacks.CollapseMonitor(dataset, every=5, stop=True)
    >>> history = gan.fit(dataset, epochs=100, callbacks=[monitor])

    Reference:
        [Improved Techniques for Training GANs](https://arxiv.org/abs/1606.03498), section 3.2,
        describes the collapse that minibatch discrimination prevents.
    """

    def __init__(
        self,
        data: Any,
        n: int = 256,
        every: int = 1,
        extractor: Callable | None = None,
        seed: int = 0,
        min_diversity: float = 0.5,
        max_duplicates: float = 0.25,
        max_score_gap: float = 10.0,
        max_oscillation: float = 0.5,
        patience: int = 3,
        stop: bool = False,
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
        self._lead = ScoreLead(self.max_score_gap)
        self.data = as_dataset(data).in_eight_bits()
        if not 2 <= self.n <= len(self.data):
            raise ValueError(
                "`n` must be from 2 to the number of real examples. "
                f"Received: n={n} with {self.data!r}"
            )

    def attach(self, callbacks: list[keras.callbacks.Callback]) -> None:
        check_listed_before_readers(self, callbacks, [f"collapse/{name}" for name in _NAMES])
        self._check_data()

    def _check_data(self):
        if self.data.example_shape != self.model.example_shape:
            raise ValueError(
                "The real examples must have the shape of the samples, "
                f"{self.model.example_shape}. Received: data={self.data!r}"
            )
        self.model.sampler_for(self.data)  # Raises where samples need conditions that are missing.

    def on_train_begin(self, logs=None):
        check_gan(self)
        self._check_data()
        chosen = np.sort(philox.permutation(self.seed, 0, len(self.data))[: self.n])
        self._real_distance, nearest = self._distances(self.data.examples[chosen])
        self._copy = _COPY * float(np.median(nearest))
        if not self._copy:
            raise ValueError(
                "The real examples must vary, but most of them have a copy among the "
                f"{self.n} that were chosen. Received: data={self.data!r}"
            )
        self._history = {name: deque(maxlen=_EPOCHS_OF_A_CYCLE) for name in _LOSSES}
        # The values of the checks within the patience, and of the one before it.
        self._diversities = deque(maxlen=self.patience + 1)
        self._duplicates = deque(maxlen=self.patience)
        self._latest = {}
        self._warned = set()
        self._lead.forget()

    @property
    def needs_batch_logs(self) -> bool:
        """Whether it needs the logs of a single step. It reads the logs of a block later."""
        return self.model.step_logs is None

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = self.model.step

    def on_train_batch_begin(self, batch, logs=None):
        self._first_index = batch

    def on_train_batch_end(self, batch, logs=None):
        steps = self.model.step_logs
        if steps is None:
            self._lead.see(self._epoch_start + batch + 1, logs)
        else:
            self._lead.see(self._epoch_start + self._first_index + 1, steps)

    def on_epoch_end(self, epoch, logs=None):
        logs = {} if logs is None else logs
        if not self._latest or (epoch + 1) % self.every == 0:
            self._check_samples()
        self._check_scores(logs)
        self._check_losses(logs)
        self._lead.forget()
        logs.update({f"collapse/{name}": value for name, value in self._latest.items()})

    def get_state(self) -> dict[str, Any]:
        self._lead.read()
        return {
            "losses": {name: list(values) for name, values in self._history.items()},
            "diversities": list(self._diversities),
            "duplicates": list(self._duplicates),
            "latest": self._latest,
            "warned": sorted(self._warned),
            "lead_since": self._lead.since,
        }

    def set_state(self, state: dict[str, Any]) -> None:
        for name, values in self._history.items():
            _refill(values, state["losses"][name])
        _refill(self._diversities, state["diversities"])
        _refill(self._duplicates, state["duplicates"])
        self._latest = state["latest"]
        self._warned = set(state["warned"])
        self._lead.forget()
        # Checkpoints of earlier versions do not have it.
        self._lead.since = state.get("lead_since")

    def _check_samples(self):
        sample = self.model.sampler_for(self.data)
        distance, nearest = self._distances(sample(self.n, self.seed))
        diversity = float(distance / self._real_distance)
        duplicates = float((nearest < self._copy).mean())
        self._latest |= {"diversity": diversity, "duplicates": duplicates}
        self._diversities.append(diversity)
        self._duplicates.append(duplicates > self.max_duplicates)
        is_stuck = len(self._diversities) > self.patience and diversity <= self._diversities[0]
        is_full = len(self._duplicates) == self.patience
        signs = [
            self._warn_once(
                "diversity",
                diversity < self.min_diversity,
                is_stuck,
                f"The samples are alike: the mean distance between two samples is {diversity:.2g} "
                "of the mean distance between two real examples, below "
                f"min_diversity={self.min_diversity:g}, and does not grow. {_AGAINST_COLLAPSE} a "
                "discriminator that learns more slowly.",
            ),
            self._warn_once(
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
        self._lead.read()
        since = "" if self._lead.since is None else f" since step {self._lead.since:,}"
        self._warn_once(
            "score_gap",
            gap > self.max_score_gap,
            self.model.adversarial_loss.has_scale,
            f"The discriminator is {gap:.3g} logits ahead (d_real - d_fake), beyond max_score_gap="
            f"{self.max_score_gap:g}{since}: the generator learns little from it. Try `R1`, "
            "`GradientPenalty`, spectral normalization, augmentation, or a lower learning rate of "
            "the discriminator.",
        )

    def _check_losses(self, logs):
        for name, values in self._history.items():
            values.append(float(logs.get(name, 0.0)))
        value = _oscillation(self._history.values())
        self._latest["oscillation"] = value
        is_full = len(self._history["d_loss"]) == _EPOCHS_OF_A_CYCLE
        self._warn_once(
            "oscillation",
            value > self.max_oscillation,
            is_full,
            f"The losses oscillate by {value:.0%} of their size over {_EPOCHS_OF_A_CYCLE} epochs, "
            f"more than max_oscillation={self.max_oscillation:.0%}: the players may be chasing "
            "each other. Try lower learning rates, a smaller `beta_1` of Adam, `R1` or "
            "`HistoricalAveraging`. `ema_decay` averages the generator over the cycle.",
        )

    def _warn_once(self, sign, is_present, is_certain, message):
        """Warns of a sign that is certain, once until it disappears; returns whether it warned."""
        if not is_present:
            self._warned.discard(sign)
        if not (is_present and is_certain) or sign in self._warned:
            return False
        self._warned.add(sign)
        warnings.warn(f"{message} Measured after step {self.model.step:,}.", stacklevel=2)
        return True

    def _distances(self, examples):
        """Returns the mean distance between two examples, and the one to the nearest neighbor."""
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
            # A generator that has collapsed may draw nothing but black.
            with known_range():
                return self.extractor(examples)
        if examples.dtype == np.uint8:
            height, width = examples.shape[1:3]
            examples = convert_array(examples, (min(height, _SIDE), min(width, _SIDE)))
        return examples.reshape(len(examples), -1).astype(np.float32)


def _refill(queue, values):
    queue.clear()
    queue.extend(values)


def _oscillation(histories):
    """Returns the deviation of series from their best parabolas, divided by their mean size."""
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
