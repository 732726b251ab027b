"""Several images in one row of the discriminator (PacGAN, Lin et al. 2018)."""

from keras import ops


def pack(images, packing):
    """Stacks each `packing` consecutive images along their channels, or vectors end to end.

    `(batch, ..., channels)` becomes `(batch / packing, ..., packing * channels)`.
    """
    if packing == 1:
        return images
    *sides, channels = images.shape[1:]
    images = ops.reshape(images, (-1, packing, *sides, channels))
    return ops.reshape(ops.moveaxis(images, 1, -2), (-1, *sides, packing * channels))


def unpack(packs, packing):
    """Undoes `pack`."""
    if packing == 1:
        return packs
    *sides, channels = packs.shape[1:]
    packs = ops.reshape(packs, (-1, *sides, packing, channels // packing))
    return ops.reshape(ops.moveaxis(packs, -2, 1), (-1, *sides, channels // packing))
