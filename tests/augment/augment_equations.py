"""The transforms for one image in float64 NumPy, pixel by pixel."""

import math

import numpy as np


def add_brightness(image, amount):
    return image + amount


def scale_contrast(image, factor):
    return image.mean() + (image - image.mean()) * factor


def scale_around_gray(image, factor):
    return image * factor


def scale_saturation(image, factor):
    luma = image.mean(axis=2, keepdims=True)
    return luma + (image - luma) * factor


def flip_luma(image):
    """The Householder matrix `I - 2 v v^T` of each pixel's channels."""
    channels = image.shape[2]
    v = np.full((channels, 1), 1 / math.sqrt(channels))
    return image @ (np.eye(channels) - 2 * v @ v.T).T


def rotate_hue(image, angle):
    """The rotation about (1, 1, 1): the matrix exponential of its cross product, as a series."""
    if image.shape[2] == 1:
        return image
    x, y, z = np.ones(3) / math.sqrt(3)
    generator = angle * np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    rotation, term = np.eye(3), np.eye(3)
    for k in range(1, 40):
        term = term @ generator / k
        rotation = rotation + term
    return image @ rotation.T


def flip(image):
    return image[:, ::-1]


def rotate90(image, turns):
    return np.rot90(image, int(turns))


def translate(image, down, right, border="zero"):
    if border == "reflect":
        height, width, _ = image.shape
        widths = [(height - 1, height - 1), (width - 1, width - 1), (0, 0)]
        padded = np.pad(image, widths, mode="reflect")
        rows = np.arange(height) + height - 1 - int(down)
        columns = np.arange(width) + width - 1 - int(right)
        return padded[rows][:, columns]
    shifted = np.zeros_like(image)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            row, column = i - int(down), j - int(right)
            if 0 <= row < image.shape[0] and 0 <= column < image.shape[1]:
                shifted[i, j] = image[row, column]
    return shifted


def cut_out(image, down, right, height, width):
    result = image.copy()
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            if abs(i + 0.5 - down) < height / 2 and abs(j + 0.5 - right) < width / 2:
                result[i, j] = 0.0
    return result


def diff_augment_part(part, image, u):
    """A part of DiffAugment's policy; `u` has a row of two numbers for each transform."""
    if part == "color":
        image = add_brightness(image, u[0, 0] - 0.5)
        image = scale_saturation(image, 2 * u[1, 0])
        return scale_contrast(image, u[2, 0] + 0.5)
    if part == "flip":
        return flip(image) if u[0, 0] < 0.5 else image
    height, width, _ = image.shape
    if part == "translation":
        largest = [math.floor(size / 8 + 0.5) for size in (height, width)]
        down, right = (math.floor(n * (2 * m + 1)) - m for n, m in zip(u[0], largest, strict=True))
        return translate(image, down, right)
    # The official code's square: `cut` whole rows from `offset - cut // 2`, as far as they exist.
    result, slices = image.copy(), []
    for number, size in zip(u[0], (height, width), strict=True):
        cut = math.floor(size / 2 + 0.5)
        first = math.floor(number * (size + 1 - cut % 2)) - cut // 2
        slices.append(slice(max(first, 0), max(first + cut, 0)))
    result[tuple(slices)] = 0.0
    return result


def adaptive_transform(name, image, u, v):
    """A transform of ADA with the parameters that follow from two numbers in (0, 1)."""
    height, width, _ = image.shape
    normal = math.sqrt(-2 * math.log(u)) * math.cos(2 * math.pi * v)
    if name == "flip":
        return flip(image) if u < 0.5 else image
    if name == "rotate90":
        return rotate90(image, math.floor(4 * u))
    if name == "translation":
        down, right = (round((2 * n - 1) * s / 8) for n, s in ((u, height), (v, width)))
        return translate(image, down, right, border="reflect")
    if name == "brightness":
        return image + 0.2 * normal
    if name == "contrast":
        return image * 2 ** (0.5 * normal)
    if name == "luma_flip":
        return flip_luma(image) if u < 0.5 else image
    if name == "hue":
        return rotate_hue(image, math.pi * (2 * u - 1))
    if name == "saturation":
        return scale_saturation(image, 2**normal)
    return cut_out(image, u * height, v * width, height / 2, width / 2)


def affine_map(name, u, v, height, width):
    """The matrix of a transform: places in the image to places in the result, x right, y down."""
    radius, angle = math.sqrt(-2 * math.log(u)), 2 * math.pi * v
    normal, other = radius * math.cos(angle), radius * math.sin(angle)
    if name == "flip":
        return np.diag([-1.0 if u < 0.5 else 1.0, 1, 1])
    if name == "scale":
        return np.diag([2 ** (0.2 * normal), 2 ** (0.2 * normal), 1])
    if name == "anisotropic_scale":
        return np.diag([2 ** (0.2 * normal), 2 ** (-0.2 * normal), 1])
    if name in ("rotate90", "rotate"):
        turn = math.pi / 2 * math.floor(4 * u) if name == "rotate90" else math.pi * (2 * u - 1)
        cosine, sine = math.cos(turn), math.sin(turn)
        return np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1.0]])
    down, right = normal * height / 8, other * width / 8
    if name == "translation":
        down, right = (round((2 * n - 1) * s / 8) for n, s in ((u, height), (v, width)))
    return np.array([[1.0, 0, right], [0, 1, down], [0, 0, 1]])


SYM6 = [0.0154041, 0.0034907, -0.1179901, -0.0483117, 0.4910559, 0.7876411, 0.3379294]
SYM6 = np.array([*SYM6, -0.0726375, -0.0210603, 0.0447249, 0.0017677, -0.0078007])


def resample(image, matrix):
    """Pads by mirroring, inserts zeros, filters, samples, filters and takes each second place."""
    height, width, channels = image.shape
    margin, low_pass = 3 * max(height, width), SYM6 / SYM6.sum()
    padded = np.pad(image, [(margin, margin)] * 2 + [(0, 0)], mode="reflect")
    spread = np.zeros((2 * padded.shape[0], 2 * padded.shape[1], channels))
    spread[::2, ::2] = padded
    for axis in (0, 1):
        spread = np.apply_along_axis(
            lambda line: np.convolve(line, 2 * low_pass)[5:-6], axis, spread
        )
    # Pixel i is at place 2 (i + margin).
    inverse = np.linalg.inv(matrix)
    places = np.zeros((2 * height + 10, 2 * width + 10, channels))
    for i in range(places.shape[0]):
        for j in range(places.shape[1]):
            x, y, _ = inverse @ [(j - 5 - (width - 1)) / 2, (i - 5 - (height - 1)) / 2, 1.0]
            row, column = 2 * (y + (height - 1) / 2 + margin), 2 * (x + (width - 1) / 2 + margin)
            top, left = math.floor(row), math.floor(column)
            down, right = row - top, column - left
            places[i, j] = (1 - down) * (1 - right) * spread[top, left]
            places[i, j] += (1 - down) * right * spread[top, left + 1]
            places[i, j] += down * (1 - right) * spread[top + 1, left]
            places[i, j] += down * right * spread[top + 1, left + 1]
    for axis in (0, 1):
        places = np.apply_along_axis(
            lambda line: np.convolve(line, low_pass[::-1], "valid"), axis, places
        )
    return places[::2, ::2]


def bank_of_bands():
    """The wavelet packet of sym2 that halves the lowest band three times, as kernels of 43 taps."""
    sym2 = np.array(
        [-0.12940952255092145, 0.22414386804185735, 0.836516303737469, 0.48296291314469025]
    )
    low = np.convolve(sym2, sym2[::-1]) / 2
    high = low * [1, -1, 1, -1, 1, -1, 1] * -1
    bands = [np.eye(1, 1)[0]]
    for _ in range(3):
        widened = []
        for band in bands:
            zeros_between = np.zeros(2 * len(band) - 1)
            zeros_between[::2] = band
            widened.append(np.convolve(zeros_between, low))
        rest = (len(widened[0]) - 7) // 2
        bands = [*widened, np.pad(high, rest)]
    return np.stack(bands)


def scale_bands(image, gains):
    kernel = gains @ bank_of_bands()
    for axis in (0, 1):
        padding = [(0, 0)] * 3
        padding[axis] = (21, 21)
        padded = np.pad(image, padding, mode="reflect")
        image = np.apply_along_axis(lambda line: np.convolve(line, kernel, "valid"), axis, padded)
    return image


def band_gains(factors):
    """Each factor in turn scales its band, and the expected power stays 1."""
    power, gains = np.array([10, 1, 1, 1]) / 13, np.ones(4)
    for band, factor in enumerate(factors):
        one = np.ones(4)
        one[band] = factor
        gains = gains * one / np.sqrt(np.sum(power * one**2))
    return gains
