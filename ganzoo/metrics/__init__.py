"""Metrics of generated samples, and results that carry the protocol of their measurement.

Each metric exists twice: as a plain function of whole arrays, and as a `keras.metrics.Metric` that
takes them batch by batch and returns the same value for any batches.

    metric = ganzoo.metrics.FrechetDistance(extractor)
    metric.update_reference(real_images)     # uint8, batch by batch
    metric.update_state(generated_images)    # uint8, batch by batch
    print(*metric.report(reference="test", seed=0))
    # FID@fashion_mnist-classifier 3.21 (10k/10k test, seed 0)

**Samples.** With an `extractor`, samples are uint8 images `(batch, height, width, channels)`.
An extractor is a name of `ganzoo.extractors.names()`, or any callable of such images that returns
features `(batch, dimensions)`. It has a `name` and the `sha256` of its weights, because values of
different extractors cannot be compared. Without an extractor, samples are the features themselves.

**Names.** A metric is found by its name, such as `"frechet_distance"`, or by its alias, such as
`"fid"`: in `get`, `evaluate`, `GAN.compile`, the callbacks and the commands.

**State.** Metrics run eagerly, in a callback or after training. They accumulate on the host, in
NumPy and float64. JAX has no float64 unless it is enabled for the whole process, and the rounding
of float32 sums of squares over 50,000 features is larger than the difference between models.
Therefore a metric has no Keras variables, and a model stores only its configuration. `update_state`
raises an error in a traced function (`tf.function`, `jax.jit`), which would run it only once.

**Resetting.** `reset_state()` forgets everything that was streamed, as Keras expects.
`reset_samples()` keeps the reference, for callbacks that measure a model many times.

**Your own.** Derive from `SampleMetric` or `ReferenceMetric`, and define `accumulator` and
`measure`. Pass an instance wherever a metric is accepted.
"""

from ganzoo.metrics.base import ReferenceMetric, SampleMetric, find, get, names
from ganzoo.metrics.classification_accuracy import classification_accuracy
from ganzoo.metrics.conditional_accuracy import conditional_accuracy
from ganzoo.metrics.evaluation import Evaluation, check_metrics, evaluate
from ganzoo.metrics.frechet_distance import FrechetDistance, frechet_distance, gaussian_distance
from ganzoo.metrics.gaussian import Gaussian
from ganzoo.metrics.inception_score import InceptionScore, inception_score
from ganzoo.metrics.kernel_distance import KernelDistance, kernel_distance, polynomial_mmd
from ganzoo.metrics.mixture_coverage import MixtureCoverage, mixture_coverage
from ganzoo.metrics.mode_coverage import ModeCoverage, mode_coverage
from ganzoo.metrics.pairwise_distance import PairwiseDistance, pairwise_distance
from ganzoo.metrics.perceptual_path_length import perceptual_path_length
from ganzoo.metrics.precision_recall import PrecisionRecall, precision_recall
from ganzoo.metrics.result import Protocol, Result
from ganzoo.metrics.structural_similarity import StructuralSimilarity, structural_similarity
from ganzoo.metrics.truncation_curve import truncation_curve

__all__ = [
    "Evaluation",
    "FrechetDistance",
    "Gaussian",
    "InceptionScore",
    "KernelDistance",
    "MixtureCoverage",
    "ModeCoverage",
    "PairwiseDistance",
    "PrecisionRecall",
    "Protocol",
    "ReferenceMetric",
    "Result",
    "SampleMetric",
    "StructuralSimilarity",
    "check_metrics",
    "classification_accuracy",
    "conditional_accuracy",
    "evaluate",
    "find",
    "frechet_distance",
    "gaussian_distance",
    "get",
    "inception_score",
    "kernel_distance",
    "mixture_coverage",
    "mode_coverage",
    "names",
    "pairwise_distance",
    "perceptual_path_length",
    "polynomial_mmd",
    "precision_recall",
    "structural_similarity",
    "truncation_curve",
]
