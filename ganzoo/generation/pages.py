"""Which GANs a page can show, in the browser or served."""


def check_gan_of_page(gan):
    """Raises `ValueError` if a page has no controls for a GAN, or cannot draw its examples."""
    shape = gan.example_shape
    if len(shape) != 3 or shape[-1] not in (1, 3, 4):
        raise ValueError(
            "A page draws images of 1, 3 or 4 channels. "
            f"Received: a GAN of examples of shape {shape}"
        )
    if gan.condition_dim is not None:
        raise ValueError(
            "A page has no controls for vectors of conditions: use `gan.sample` in Python, or "
            f"export a SavedModel. Received: a GAN with condition_dim={gan.condition_dim}"
        )
