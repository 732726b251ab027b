"""The GAN of most tests. A file that needs another one defines its own fixture `built`."""

import pytest

from support.gans import dense


@pytest.fixture(scope="module")
def built():
    """One GAN for most tests of a file, because compiling its step takes seconds."""
    gan = dense.build()
    return gan, dense.state(gan)


@pytest.fixture
def gan(built):
    """This GAN, as it was built."""
    gan, start = built
    dense.restore(gan, start)
    gan.stop_training = False
    return gan
