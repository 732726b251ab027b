"""Every part of the library, listed once; each capability's test runs over the list."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from ganzoo import architectures, augment, layers, losses, regularizers

NUM_CLASSES = 3
IMAGE_SHAPE = (8, 8, 3)
LATENT_DIM = 4


@dataclasses.dataclass(frozen=True)
class Part:
    """One part with small sizes.

    Attributes:
        kind: What it is, which decides how it is put to work.
        name: Its name; with the kind the name of its tests.
        make: Function that makes a new one.
        inputs: For a layer, the shapes of its inputs without the batch; `()` is that of labels.
        batch_coupled: Whether an example's part in the training depends on others of its batch.
        noisy: Whether it draws noise of its backend's in training.
    """

    kind: str
    name: str
    make: Callable[[], Any]
    inputs: tuple = ()
    batch_coupled: bool = False
    noisy: bool = False

    def __str__(self):
        return f"{self.kind}: {self.name}"


IMAGES, VECTORS, LABELS, STYLES, CONDITIONS = (8, 8, 3), (6,), (), (2, 6), (5,)


def _layer(name, make, *inputs, **flags):
    return Part("layer", name, make, inputs, **flags)


def _dense(units=4):
    return keras.layers.Dense(units)


def _transposed_convolution():
    # Without a bias: in bfloat16, TensorFlow loses most of its gradient on a processor, where it
    # adds up more than 256 positions one by one.
    return keras.layers.Conv2DTranspose(4, 3, strides=2, use_bias=False)


def _architecture(name, architecture, image_shape=IMAGE_SHAPE, batch_coupled=True, **options):
    options = {"latent_dim": LATENT_DIM, "width": 2, **options}
    make = functools.partial(architectures.build, architecture, image_shape, **options)
    return Part("architecture", name, make, batch_coupled=batch_coupled)


def _semi_supervised(name, architecture, image_shape, **options):
    make = functools.partial(
        architectures.build_semi_supervised,
        architecture,
        image_shape,
        NUM_CLASSES,
        latent_dim=LATENT_DIM,
        width=4,
        generator_width=4,
        **options,
    )
    return Part("semi-supervised architecture", name, make, batch_coupled=True, noisy=True)


_LAYERS = [
    _layer("blur", layers.Blur2D, IMAGES),
    _layer(
        "conditional batch normalization",
        lambda: layers.ConditionalBatchNormalization(NUM_CLASSES, momentum=0.8, epsilon=1e-3),
        IMAGES,
        LABELS,
        batch_coupled=True,
    ),
    _layer(
        "dense conditional batch normalization",
        lambda: layers.DenseConditionalBatchNormalization(kernel_initializer="random_normal"),
        IMAGES,
        CONDITIONS,
    ),
    _layer(
        "dense conditional batch normalization, all options",
        lambda: layers.DenseConditionalBatchNormalization(
            momentum=0.8,
            epsilon=1e-3,
            kernel_initializer="random_normal",
            spectral_normalization=True,
        ),
        IMAGES,
        CONDITIONS,
    ),
    _layer("dense projection head", layers.DenseProjectionHead, VECTORS, CONDITIONS),
    _layer(
        "dense projection head, all options",
        lambda: layers.DenseProjectionHead(
            spectral_normalization=True, use_bias=False, kernel_initializer="he_normal"
        ),
        VECTORS,
        CONDITIONS,
    ),
    _layer(
        "equalized learning rate of a convolution",
        lambda: layers.EqualizedLearningRate(keras.layers.Conv2D(4, 3), rate=0.5),
        IMAGES,
    ),
    _layer(
        "equalized learning rate of an embedding",
        lambda: layers.EqualizedLearningRate(keras.layers.Embedding(NUM_CLASSES, 4)),
        LABELS,
    ),
    _layer("filtered downsampling", layers.FilteredDownSampling2D, IMAGES),
    _layer("filtered upsampling", layers.FilteredUpSampling2D, IMAGES),
    _layer("global sum pooling", layers.GlobalSumPooling2D, IMAGES),
    _layer("learned constant", lambda: layers.LearnedConstant((2, 3)), VECTORS),
    _layer(
        "grouped convolution",
        lambda: layers.GroupedConv2D(66, 3, groups=3, padding="same", use_bias=False),
        (8, 8, 66),
    ),
    _layer(
        "minibatch discrimination, all options",
        lambda: layers.MinibatchDiscrimination(
            num_kernels=4,
            kernel_dim=3,
            include_self=False,
            weight_normalization=True,
            use_bias=True,
            data_dependent=True,
            kernel_initializer="he_normal",
        ),
        VECTORS,
        batch_coupled=True,
    ),
    _layer(
        "minibatch discrimination over replicas",
        lambda: layers.MinibatchDiscrimination(num_kernels=4, kernel_dim=3, gather_replicas=True),
        VECTORS,
    ),
    _layer(
        "minibatch stddev",
        lambda: layers.MinibatchStdDev(group_size=2, num_channels=3),
        IMAGES,
        batch_coupled=True,
    ),
    _layer("modulated convolution", lambda: layers.ModulatedConv2D(4, 3), IMAGES, STYLES),
    _layer(
        "modulated convolution, all options",
        lambda: layers.ModulatedConv2D(4, 3, row=1, upsample=True, demodulate=False),
        IMAGES,
        STYLES,
    ),
    _layer("noise injection", layers.NoiseInjection, IMAGES),
    _layer("pixel normalization", layers.PixelNormalization, VECTORS),
    _layer("projection head", lambda: layers.ProjectionHead(NUM_CLASSES), VECTORS, LABELS),
    _layer(
        "projection head, all options",
        lambda: layers.ProjectionHead(
            NUM_CLASSES,
            spectral_normalization=True,
            use_bias=False,
            kernel_initializer="he_normal",
        ),
        VECTORS,
        LABELS,
    ),
    _layer("scaled leaky relu", lambda: layers.ScaledLeakyReLU(slope=0.1), IMAGES),
    _layer("san head", layers.SANHead, VECTORS),
    _layer(
        "san head with classes",
        lambda: layers.SANHead(NUM_CLASSES, kernel_initializer="he_normal"),
        VECTORS,
        LABELS,
    ),
    _layer("self-attention", layers.SelfAttention, IMAGES),
    _layer(
        "self-attention, all options",
        lambda: layers.SelfAttention(
            key_reduction=2,
            value_reduction=1,
            pool_size=2,
            spectral_normalization=True,
            kernel_initializer="he_normal",
        ),
        IMAGES,
    ),
    _layer("spatial basis", lambda: layers.SpatialBasis(2, 3), VECTORS),
    _layer(
        "spectral normalization of a dense layer",
        lambda: layers.SpectralNormalization(_dense(), power_iterations=2),
        VECTORS,
    ),
    _layer(
        "spectral normalization of a convolution, all options",
        lambda: layers.SpectralNormalization(
            keras.layers.Conv2D(4, 3, strides=2),
            num_singular_values=2,
            factor=0.7,
            learnable_scale=True,
        ),
        IMAGES,
    ),
    _layer(
        "spectral normalization of a convolution, operator norm",
        lambda: layers.SpectralNormalization(
            keras.layers.Conv2D(4, 3), norm="operator", input_shape=IMAGES
        ),
        IMAGES,
    ),
    _layer(
        "spectral normalization of a transposed convolution",
        lambda: layers.SpectralNormalization(_transposed_convolution()),
        IMAGES,
    ),
    _layer(
        "spectral normalization of an embedding",
        lambda: layers.SpectralNormalization(keras.layers.Embedding(NUM_CLASSES, 4)),
        LABELS,
    ),
    _layer(
        "style mapping, all options",
        lambda: layers.StyleMapping(
            num_rows=4,
            style_dim=5,
            depth=2,
            num_classes=NUM_CLASSES,
            mixing=0.9,
            average_decay=0.5,
            latent="uniform",
        ),
        VECTORS,
        LABELS,
    ),
    _layer(
        "style mapping with conditions",
        lambda: layers.StyleMapping(num_rows=2, style_dim=5, depth=1, condition_dim=5),
        VECTORS,
        CONDITIONS,
    ),
    _layer(
        "virtual batch normalization",
        lambda: layers.VirtualBatchNormalization(reference_size=2),
        IMAGES,
        batch_coupled=True,
    ),
    _layer(
        "virtual batch normalization, all options",
        lambda: layers.VirtualBatchNormalization(
            reference_size=2,
            epsilon=1e-3,
            center=False,
            scale=False,
            beta_initializer="ones",
            gamma_initializer="ones",
        ),
        VECTORS,
        batch_coupled=True,
    ),
    _layer(
        "weight normalization of a dense layer",
        lambda: layers.WeightNormalization(
            _dense(),
            trainable_scale=False,
            scale_initializer="ones",
            data_dependent=True,
            initial_scale=0.5,
        ),
        VECTORS,
    ),
    _layer(
        "weight normalization of a transposed convolution",
        lambda: layers.WeightNormalization(_transposed_convolution()),
        IMAGES,
    ),
]

_LOSSES = [
    Part("loss", "hinge", losses.Hinge),
    Part("loss", "least squares", lambda: losses.LeastSquares(label_smoothing=0.1)),
    Part("loss", "minimax", lambda: losses.Minimax(label_smoothing=0.1)),
    Part("loss", "non-saturating", lambda: losses.NonSaturating(label_smoothing=0.1)),
    Part("loss", "relativistic average", losses.RelativisticAverage, batch_coupled=True),
    Part("loss", "relativistic pairing", losses.RelativisticPairing),
    Part("loss", "top k", lambda: losses.TopK("hinge", share=0.4), batch_coupled=True),
    Part("loss", "wasserstein", losses.Wasserstein),
    Part("generator loss", "feature matching", losses.FeatureMatching, batch_coupled=True),
    Part(
        "generator loss",
        "feature matching, all options",
        lambda: losses.FeatureMatching(
            layer="first", norm="l1", reduction="mean", adversarial_weight=0.5
        ),
        batch_coupled=True,
    ),
    Part(
        "classifier loss",
        "auxiliary classifier",
        lambda: losses.AuxiliaryClassifier(discriminator_weight=0.5, generator_weight=0.1),
    ),
    Part(
        "classifier loss",
        "auxiliary classifier of real examples",
        lambda: losses.AuxiliaryClassifier(classify_fakes=False),
    ),
    Part(
        "semi-supervised loss",
        "semi-supervised",
        lambda: losses.SemiSupervised(
            NUM_CLASSES, unlabeled_weight=0.7, label_smoothing=0.1, labeled_weight=0.6
        ),
    ),
]

_REGULARIZERS = [
    Part(
        "regularizer",
        "consistency",
        lambda: regularizers.Consistency(
            weight=5.0, fake_weight=2.0, transform="diff_augment", every=2
        ),
    ),
    Part(
        "regularizer",
        "dragan",
        lambda: regularizers.DRAGAN(weight=5.0, target=0.5, every=2),
        batch_coupled=True,
    ),
    Part(
        "regularizer",
        "dragan, normal noise",
        lambda: regularizers.DRAGAN(noise="normal", variance=0.1),
    ),
    Part(
        "regularizer",
        "gradient penalty",
        lambda: regularizers.GradientPenalty(weight=5.0, target=0.5, every=2),
    ),
    Part(
        "regularizer",
        "historical averaging",
        lambda: regularizers.HistoricalAveraging(weight=0.1, every=2),
    ),
    Part(
        "regularizer",
        "historical averaging of the generator",
        lambda: regularizers.HistoricalAveraging(player="generator"),
    ),
    Part(
        "regularizer",
        "orthogonal",
        lambda: regularizers.Orthogonal(weight=0.1, player="both", off_diagonal=False, every=2),
    ),
    Part("regularizer", "lecam", lambda: regularizers.LeCam(0.5, decay=0.8, start=0)),
    Part(
        "regularizer",
        "path length",
        lambda: regularizers.PathLength(weight=0.5, decay=0.5, batch_shrink=1, every=2),
        batch_coupled=True,
    ),
    Part("regularizer", "r1", lambda: regularizers.R1(gamma=0.1, every=2)),
    Part("regularizer", "r2", lambda: regularizers.R2(gamma=0.1, every=2)),
    Part("regularizer", "weight clipping", lambda: regularizers.WeightClipping(limit=0.05)),
]

_AUGMENTATIONS = [
    Part(
        "augmentation",
        "adaptive augment",
        lambda: augment.AdaptiveAugment(
            transforms=["translation", "rotate90", "hue", "contrast", "cutout", "flip"],
            target=0.1,
            interval=1,
            images_to_one=50,
            initial=0.5,
        ),
    ),
    Part(
        "augmentation",
        "adaptive augment, the other transforms",
        lambda: augment.AdaptiveAugment(
            transforms=["brightness", "luma_flip", "saturation"], initial=1.0
        ),
    ),
    Part(
        "augmentation",
        "adaptive pseudo augment",
        lambda: augment.AdaptivePseudoAugment(
            target=0.1, interval=1, images_to_one=50, initial=0.5
        ),
    ),
    Part(
        "augmentation",
        "chain of two that adapt",
        lambda: augment.Chain(
            parts=[
                augment.AdaptivePseudoAugment(interval=1, images_to_one=50, initial=0.2),
                augment.AdaptiveAugment("flip", target=0.1, images_to_one=50, initial=0.5),
            ]
        ),
    ),
    Part(
        "augmentation",
        "random transforms that resample",
        lambda: augment.RandomTransforms({"bg": 1.0, "filter": 0.5, "noise": 1.0}, 0.7),
    ),
    Part(
        "augmentation",
        "diff augment",
        lambda: augment.DiffAugment("flip,color,translation,cutout"),
    ),
]

_ARCHITECTURES = [
    _architecture(
        "dcgan with an auxiliary classifier, minibatch discrimination",
        "dcgan",
        image_shape=(9, 9, 3),
        num_classes=NUM_CLASSES,
        conditioning="auxiliary",
        minibatch_features="discrimination",
    ),
    _architecture(
        "infogan with virtual batch and weight normalization",
        "infogan",
        generator_normalization="virtual",
        reference_size=2,
        normalization="weight",
    ),
    _architecture("mlp", "mlp", image_shape=(5,), width=8, batch_coupled=False),
    _architecture(
        "r3gan with classes",
        "r3gan",
        image_shape=(9, 9, 3),
        num_classes=NUM_CLASSES,
        group_channels=2,
        blocks=1,
        batch_coupled=False,
    ),
    _architecture(
        "resnet with a projection, attention",
        "resnet",
        image_shape=(16, 16, 3),
        num_classes=NUM_CLASSES,
        attention_size=8,
    ),
    _architecture("sngan", "sngan"),
    _architecture("sngan with conditions", "sngan", condition_dim=5),
    _architecture(
        "stylegan2 with classes",
        "stylegan2",
        image_shape=(9, 9, 3),
        num_classes=NUM_CLASSES,
        max_channels=4,
        style_dim=6,
        mapping_layers=2,
    ),
    _semi_supervised("mlp for few labels", "semi_supervised_mlp", (5,)),
    _semi_supervised(
        "cnn for few labels", "semi_supervised_cnn", (9, 9, 3), minibatch_features="discrimination"
    ),
]

PARTS = [*_LAYERS, *_LOSSES, *_REGULARIZERS, *_AUGMENTATIONS, *_ARCHITECTURES]
NAMES = [str(part) for part in PARTS]

# These stand for their kinds in the checks that cost most: XLA, exports, fresh processes and two
# replicas. `make test-slow` runs these checks for all other parts.
REPRESENTATIVES = (
    "layer: conditional batch normalization",
    "layer: minibatch discrimination over replicas",
    "layer: self-attention, all options",
    "layer: spectral normalization of a convolution, all options",
    "layer: style mapping, all options",
    "layer: virtual batch normalization",
    "layer: weight normalization of a dense layer",
    "loss: relativistic average",
    "generator loss: feature matching",
    "classifier loss: auxiliary classifier",
    "semi-supervised loss: semi-supervised",
    "regularizer: consistency",
    "regularizer: gradient penalty",
    "regularizer: historical averaging",
    "regularizer: lecam",
    "regularizer: weight clipping",
    "augmentation: adaptive augment",
    "architecture: sngan",
    "semi-supervised architecture: mlp for few labels",
)


def arguments(made):
    """Returns the parameters of a part's class by name, without the ones that every layer has."""
    parameters = inspect.signature(type(made).__init__).parameters
    shared = inspect.signature(keras.layers.Layer.__init__).parameters
    variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    return {
        name: parameter
        for name, parameter in parameters.items()
        if name not in shared and parameter.kind not in variadic
    }


def fill(network, seed):
    """Replaces a network's random initial weights by NumPy's, which no backend changes."""
    rng = np.random.default_rng(seed)
    for variable in network.variables:
        initial = np.array(variable.numpy())
        if variable.trainable:
            # A constant start, such as that of a scale, is kept; a random one is not.
            constant = np.where(initial == np.round(initial), initial, 0.0)
            variable.assign(constant + 0.3 * rng.standard_normal(variable.shape))
        elif variable.name == "u" and initial.ndim > 2:
            outputs = rng.standard_normal(variable.shape)
            variable.assign(outputs / np.linalg.norm(outputs))
        elif variable.name == "u":
            rows = rng.standard_normal((np.size(initial) // initial.shape[-1], initial.shape[-1]))
            orthonormal = np.linalg.qr(rows.T)[0].T
            variable.assign(orthonormal.reshape(variable.shape))
        elif np.ptp(initial) > 0:
            variable.assign(rng.uniform(0.5, 1.5, variable.shape))


def arrays(shapes, rows, seed=0):
    """Returns random inputs: float32 arrays, or int32 labels where the shape is empty."""
    rng = np.random.default_rng(seed)
    return [
        rng.standard_normal((rows, *shape)).astype("float32")
        if shape
        else rng.integers(0, NUM_CLASSES, rows, dtype="int32")
        for shape in shapes
    ]
