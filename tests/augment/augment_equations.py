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
