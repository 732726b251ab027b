"""The GAN that the callbacks of a file watch; a file that needs another makes its own `built`."""

import pytest
import tiny_gan


@pytest.fixture(scope="module")
def built():
    """One GAN for most tests of a file, since compiling its step takes seconds."""
    gan = tiny_gan.build()
    return gan, tiny_gan.state(gan)


@pytest.fixture
def gan(built):
    """That GAN as it was built."""
    gan, start = built
    tiny_gan.restore(gan, start)
    gan.stop_training = False
    return gan
