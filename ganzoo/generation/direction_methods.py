"""How directions are found: in the weights, in the activations, and with a classifier."""

import keras
import numpy as np
from keras import ops

from ganzoo.data.classes import have_same_numbers
from ganzoo.generation.conditioning import condition_of
from ganzoo.generation.directions import Directions, digest
from ganzoo.generation.sampling import seeds_of_rows
from ganzoo.generation.truncation import truncating_layer
from ganzoo.layers.reparametrization import SUPPORTED, KernelWrapper, output_axis
from ganzoo.validation import check_choice, check_positive_integer, check_seed, describe

METHODS = ("sefa", "pca", "classes")
_LEAST_ROWS = 10_000  # Of the regression from activations to latents.
_PROBES = 8  # Pairs of latents that show whether a function is linear.
_FEWEST = 10  # Samples of a class, and of all others.


def find(gan, method, k, layers, samples, classifier, seed, batch_size, conditions):
    """Returns the `Directions`; it has the arguments of `GAN.directions`."""
    check_choice("method", method, METHODS)
    check_positive_integer("k", k)
    check_positive_integer("samples", samples)
    check_positive_integer("batch_size", batch_size)
    check_seed(seed)
    if (classifier is None) == (method == "classes"):
        raise ValueError(
            "`classifier` is for method='classes', which needs it. "
            f"Received: method={method!r}, classifier={classifier!r}"
        )
    check_classifier(classifier)
    gan.update_inference_state()
    if method == "sefa":
        if conditions is not None:
            raise ValueError(
                "method='sefa' draws no samples: leave `conditions` out. "
                f"Received: conditions={describe(conditions)}"
            )
        return sefa(gan, k, layers)
    if method == "pca":
        return principal_components(gan, k, layers, samples, seed, batch_size, conditions)
    return of_classes(gan, layers, samples, classifier, seed, batch_size, conditions)


def sefa(gan, k, layers=None):
    """Directions that the first layers stretch most, in closed form.

    `A` maps latents to the pre-activations of layers, one column for each, scaled to length 1. The
    directions are the eigenvectors of `A A^T`, by falling eigenvalue, with the largest component
    positive.

    Reference:
        Shen and Zhou 2021, https://arxiv.org/abs/2007.06600, equation 4.
    """
    if truncating_layer(gan.inference_generator) is not None:
        rows, matrix = _matrix_of_styles(gan, layers)
        space = "styles"
    else:
        rows, matrix, space = None, _matrix_of_latents(gan, layers), "latents"
    if k > len(matrix):
        raise ValueError(f"`k` must be at most {len(matrix)}, the dimensions. Received: k={k}")
    vectors, values = closed_form(matrix)
    return Directions(
        vectors[:k],
        values[:k],
        space=space,
        rows=rows,
        method="sefa",
        model=digest(gan),
    )


def closed_form(matrix):
    """Returns the eigenvectors as rows, and the eigenvalues, of `A A^T` after normalization."""
    matrix = np.asarray(matrix, "float64")
    lengths = np.linalg.norm(matrix, axis=0)
    # A layer may have outputs without weights.
    matrix = matrix[:, lengths > 0] / lengths[lengths > 0]
    values, vectors = np.linalg.eigh(matrix @ matrix.T)
    vectors = vectors.T[::-1]
    largest = np.abs(vectors).argmax(axis=1)
    signs = np.sign(vectors[np.arange(len(vectors)), largest])
    return vectors * signs[:, None], np.maximum(values[::-1], 0)


def principal_components(gan, k, layers, samples, seed, batch_size, conditions=None):
    """Principal components of styles; or of activations, as the latents that move along them.

    Reference:
        Härkönen et al. 2020, https://arxiv.org/abs/2004.02546, sections 2.1 and 2.2.
    """
    mapping = truncating_layer(gan.inference_generator)
    if mapping is not None:
        rows = None if layers is None else _matrix_of_styles(gan, layers)[0]
        styles = _styles(gan, mapping, samples, seed, batch_size, conditions)
        _, components, deviations, ratios = _components(styles, k)
        return Directions(
            components,
            ratios,
            deviations,
            space="styles",
            rows=rows,
            method="pca",
            model=digest(gan),
        )
    chosen = _linear_layers(gan, layers)
    if layers is not None and len(chosen) > 1:
        raise ValueError(f"Principal components are of one layer. Received: layers={layers}")
    if k > gan.latent_dim:
        raise ValueError(
            f"`k` must be at most {gan.latent_dim}, the dimensions of the latents. Received: k={k}"
        )
    count = max(samples, _LEAST_ROWS)
    conditions = _repeated(gan, conditions, samples, count)
    inputs = _activations(gan, chosen[0].input, count, seed, batch_size, conditions)
    matrix, basis = _outputs_by_inputs(chosen[0])
    activations = inputs.reshape(count, -1) @ matrix
    mean, components, deviations, ratios = _components(activations, k, basis)
    coordinates = (activations - mean) @ components.T / deviations
    latents = gan.latents_of(seeds_of_rows(seed, count))
    # The latents that a standard deviation of each component needs, by least squares.
    solution, *_ = np.linalg.lstsq(coordinates, latents, rcond=None)
    return Directions(
        solution, ratios, np.linalg.norm(solution, axis=1), method="pca", model=digest(gan)
    )


def _repeated(gan, conditions, samples, count):
    """Returns the conditions of samples, again from the first one on for more of them."""
    if gan.condition_dim is None or np.ndim(conditions) < 2:
        return conditions
    return np.resize(condition_of(gan, None, conditions, samples), (count, gan.condition_dim))


def _outputs_by_inputs(layer):
    """Returns how the outputs of a linear layer change with its inputs.

    A layer of few inputs and many outputs has outputs in a space of few dimensions. The principal
    components are found there, in a small part of the time and of the memory.

    Returns:
        The matrix `(inputs, rank)` to the outputs without their bias, in coordinates of an
        orthonormal basis; and the basis, `(rank, outputs)`.
    """
    shape = layer.input.shape[1:]
    size = int(np.prod(shape))
    probes = np.concatenate([np.eye(size), np.zeros((1, size))]).astype("float32")
    outputs = keras.Model(layer.input, layer.output)(probes.reshape(-1, *shape), training=False)
    outputs = ops.convert_to_numpy(ops.cast(outputs, "float32")).astype("float64")
    outputs = outputs.reshape(size + 1, -1)
    basis, matrix = np.linalg.qr((outputs[:-1] - outputs[-1]).T)
    return matrix.T, basis.T


def _components(rows, k, basis=None):
    """Returns the mean, the components, their deviations, and their shares of the variance.

    Args:
        rows: Array of shape `(samples, dimensions)`.
        k: Number of components.
        basis: Basis whose coordinates the rows are, in which the signs of the components are fixed.
    """
    try:
        from sklearn.decomposition import IncrementalPCA
    except ImportError as error:
        raise ImportError(
            "Principal components need scikit-learn, the extra `ganzoo[directions]`: pip install "
            f"scikit-learn. {error}"
        ) from error
    most = min(rows.shape)
    if k > most:
        raise ValueError(
            f"`k` must be at most {most}, the samples and the dimensions. Received: k={k}"
        )
    # Blocks of this size, and not of the generator's, so that these do not matter.
    found = IncrementalPCA(k, batch_size=max(2000, 3 * k)).fit(rows.astype("float64"))
    components = found.components_
    shown = components if basis is None else components @ basis
    largest = np.abs(shown).argmax(axis=1)
    components = components * np.sign(shown[np.arange(k), largest])[:, None]
    deviations = np.sqrt(found.explained_variance_)
    return found.mean_, components, deviations, found.explained_variance_ratio_


def of_classes(gan, layers, samples, classifier, seed, batch_size, conditions=None):
    """The normals of the planes that separate the latents of each class from all others.

    Reference:
        Shen et al. 2020, https://arxiv.org/abs/1907.10786, section 2.2.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise ImportError(
            "Directions of classes need scikit-learn, the extra `ganzoo[directions]`: pip install "
            f"scikit-learn. {error}"
        ) from error
    if layers is not None:
        raise ValueError(
            f"method='classes' looks at latents, and at no layer. Received: layers={layers!r}"
        )
    class_names = getattr(classifier, "class_names", None)
    if gan.num_classes is not None and have_same_numbers(gan.class_names, class_names):
        raise ValueError(
            "This GAN takes the classes of the classifier, so that latents do not decide them: "
            f"give `labels` to `gan.sample`. Received: {gan.num_classes} classes of the GAN"
        )
    seeds = seeds_of_rows(seed, samples)
    images = gan.sample(samples, seeds, batch_size=batch_size, conditions=conditions)
    probabilities = np.asarray(classifier.probabilities(gan.pixels.in_eight_bits(images)))
    names = class_names or map(str, range(probabilities.shape[1]))
    mapping = truncating_layer(gan.inference_generator)
    if mapping is None:
        points, space = gan.latents_of(seeds), "latents"
    else:
        points = _styles(gan, mapping, samples, seed, batch_size, conditions)
        space = "styles"
    classes = probabilities.argmax(axis=1)
    vectors, scores, found_names = [], [], []
    for number, name in enumerate(names):
        is_class = classes == number
        if not _FEWEST <= is_class.sum() <= samples - _FEWEST:
            continue
        # Classes are rare among all: each side has the same weight.
        model = LogisticRegression(class_weight="balanced", max_iter=1000)
        model.fit(points, is_class)
        vectors.append(model.coef_[0])
        scores.append(model.score(points, is_class))
        found_names.append(name)
    if not vectors:
        raise ValueError(
            f"No class has {_FEWEST} samples and {_FEWEST} of the others: draw more samples. "
            f"Received: samples={samples}"
        )
    return Directions(
        vectors,
        scores,
        np.full(len(vectors), np.std(points)),
        space=space,
        names=found_names,
        method="classes",
        model=digest(gan),
    )


def check_classifier(classifier):
    """Raises `ValueError` unless a classifier has a method `probabilities`, or is `None`."""
    if classifier is not None and not callable(getattr(classifier, "probabilities", None)):
        raise ValueError(
            "`classifier` must have a method `probabilities` of uint8 images, as "
            "`ganzoo.extractors.get('mnist')`. "
            f"Received: classifier={classifier!r}"
        )


def _matrix_of_styles(gan, names):
    """Returns the rows of the styles that layers take, and the matrix to the scales of these."""
    # Keras has no public method that lists the layers within a layer.
    layers = [
        layer
        for layer in gan.inference_generator._flatten_layers()
        if hasattr(layer, "affine") and hasattr(layer, "row")
    ]
    if not layers:
        raise ValueError(
            "No layer of this generator says which row of the styles it takes, so that these "
            f"methods find no directions. Received: {gan.inference_generator!r}"
        )
    chosen = _chosen(layers, names)
    rows = None if names is None else sorted({layer.row for layer in chosen})
    kernels = [ops.convert_to_numpy(layer.affine.kernel) for layer in chosen]
    return rows, np.concatenate(kernels, axis=1)


def _matrix_of_latents(gan, names):
    """Returns the matrix from latents to the pre-activations of the layers that take them."""
    matrices = [
        _inputs_by_latents(gan, layer) @ _kernel(layer) for layer in _linear_layers(gan, names)
    ]
    return np.concatenate(matrices, axis=1)


def _linear_layers(gan, names):
    """Returns the layers with kernels whose inputs are a linear function of the latents."""
    layers = [
        layer
        for layer in gan.inference_generator.layers
        if isinstance(layer, (KernelWrapper, *SUPPORTED))
        and not isinstance(_inner(layer), keras.layers.Embedding)
        and _positions(layer.input.shape) == 1
        and _is_linear(gan, layer)
    ]
    if not layers:
        raise ValueError(
            "The latents of this generator reach no dense layer and no transposed convolution "
            "directly, so that these methods find no directions. "
            f"Received: {gan.inference_generator!r}"
        )
    return _chosen(layers, names)


def _chosen(layers, names):
    if names is None:
        return layers
    names = list(names) if isinstance(names, (list, tuple)) else [names]
    known = {layer.name: layer for layer in layers}
    unknown = [str(name) for name in names if name not in list(known)]
    if unknown or not names:
        raise ValueError(
            f"`layers` must be among {', '.join(known)}. Received: {', '.join(unknown) or 'none'}"
        )
    return [known[name] for name in names]


def _positions(shape):
    """Returns the number of positions of features of a shape with a batch, or 0 if unknown."""
    return int(np.prod([size or 0 for size in shape[1:-1]]))


def _inner(layer):
    return layer.layer if isinstance(layer, KernelWrapper) else layer


def _kernel(layer):
    """Returns a kernel as a matrix (inputs, outputs at all positions)."""
    kernel = layer.effective_kernel() if isinstance(layer, KernelWrapper) else layer.kernel
    kernel = ops.convert_to_numpy(kernel).astype("float64")
    if output_axis(_inner(layer)) == -2:
        kernel = np.moveaxis(kernel, -1, 0)
        return kernel.reshape(len(kernel), -1)
    if kernel.ndim > 2:
        # One position is padded to the size of the kernel: its middle counts.
        middle = tuple((size - 1) // 2 for size in kernel.shape[:-2])
        kernel = kernel[middle]
    return kernel


def _features(gan, tensor, latents):
    """Returns what a tensor inside the generator is for latents, as float64."""
    inputs = [latents]
    if gan.num_classes is not None:
        inputs.append(np.zeros(len(latents), "int32"))
    if gan.condition_dim is not None:
        inputs.append(np.zeros((len(latents), gan.condition_dim), "float32"))
    inputs = inputs if len(inputs) > 1 else latents
    features = _network(gan, tensor)(inputs, training=False)
    return ops.convert_to_numpy(ops.cast(features, "float32")).astype("float64")


def _network(gan, tensor):
    """Returns the part of the generator from its inputs to a tensor inside of it."""
    inputs = gan.inference_generator.inputs
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], tensor)


def _is_linear(gan, layer):
    """Returns whether a layer's inputs for sums of latents are sums, and not all the same."""
    shape = (2, _PROBES, gan.latent_dim)
    a, b = np.random.default_rng(0).standard_normal(shape).astype("float32")
    rows = _features(gan, layer.input, np.concatenate([a, b, a + b, 0 * a]))
    from_a, from_b, from_sum, start = np.split(rows, 4)
    change = np.abs(from_a - start).max()
    return change > 0 and np.abs(from_a + from_b - from_sum - start).max() < 1e-3 * change


def _inputs_by_latents(gan, layer):
    """Returns how a layer's inputs change with each latent, `(latent_dim, inputs)`."""
    basis = np.eye(gan.latent_dim, dtype="float32")
    rows = _features(gan, layer.input, np.concatenate([basis, 0 * basis[:1]]))
    return (rows[:-1] - rows[-1]).reshape(gan.latent_dim, -1)


def _styles(gan, mapping, *samples):
    """Returns the styles of samples, `(samples, dimensions)`: all rows are the same."""
    return _activations(gan, mapping.output[:, 0], *samples)


def _activations(gan, tensor, samples, seed, batch_size, conditions):
    """Returns the values of a tensor inside the generator for samples, as float64."""
    seeds = seeds_of_rows(seed, samples)
    labels = condition_of(gan, None, conditions, len(seeds), seeds)
    latents = gan.latents_of(seeds)
    found = _network(gan, tensor).predict(
        latents if labels is None else [latents, labels], batch_size=batch_size, verbose=0
    )
    return np.asarray(found, "float64")
