"""The GAN of most tests. A file that needs another one defines its own fixture `built`."""

import pytest
import tiny_gan


@pytest.fixture(scope="module")
def built():
    """One GAN for most tests of a file, because compiling its step takes seconds."""
    gan = tiny_gan.build()
    return gan, tiny_gan.state(gan)


@pytest.fixture
def gan(built):
    """This GAN, as it was built."""
    gan, start = built
    tiny_gan.restore(gan, start)
    gan.stop_training = False
    return gan
